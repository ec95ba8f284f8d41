"""Wiring only: settings, addresses, the worker, errors and who may do what."""
