"""Wiring only: settings, addresses, the worker, errors and who may do what."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
