"""What both kinds of study keep: the design, frozen at opening, and what it was committed to."""

from __future__ import annotations

import secrets
import uuid

from django.db import models


def new_token() -> str:
    """Return a random address (128 bits) that says nothing about what it stands for."""
    return secrets.token_urlsafe(16)


class FrozenStudy(models.Model):
    """A study under a protocol: a draft until it is opened, and frozen from then on."""

    class State(models.TextChoices):
        DRAFT = "draft"
        OPEN = "open"
        CLOSED = "closed"

    title: models.CharField[str, str]
    slug = models.SlugField(unique=True, max_length=60)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    settings = models.JSONField(default=dict, help_text="The design while it is a draft.")
    revision = models.UUIDField(default=uuid.uuid4, help_text="Given anew with each change.")
    design_json = models.TextField(blank=True, help_text="Canonical JSON, frozen at opening.")
    design_sha256 = models.CharField(max_length=64, blank=True)
    commitment = models.CharField(max_length=64, blank=True)
    secret = models.CharField(max_length=64, blank=True, help_text="Hex; revealed at closing.")
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing_reason = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title
