"""The cast of the account stories, and their post."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage

PASSWORD = "phantoms-of-2019"


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user(
        "cora", email="cora@clinic.example", password=PASSWORD, first_name="Cora"
    )


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", email="Dana@Clinic.example", password=PASSWORD)


def post() -> list[EmailMessage]:
    """Every mail that was sent so far, those still on their way too."""
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(10)
    return mail.outbox
