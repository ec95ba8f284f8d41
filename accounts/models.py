"""What accounts need to keep beside Django's users and allauth's second factors.

Of every key that opens something only a hash is kept (`accounts.secret`).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from segmentation.models import Cohort


class CacheEntry(models.Model):
    """The table of Django's database cache, which all web processes share.

    It counts attempts (rate limits) and remembers used one-time codes. Only the cache touches it.
    """

    cache_key = models.CharField(primary_key=True, max_length=255)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "cache"

    def __str__(self) -> str:
        return self.cache_key


class Preferences(models.Model):
    """How one person wants Plaque to look; without a row, as the installation has it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="preferences"
    )
    time_zone = models.CharField(max_length=64, blank=True, help_text="Empty: the server's.")

    def __str__(self) -> str:
        return f"Preferences of {self.user}"


class Invitation(models.Model):
    """A link that was sent to an address: whoever opens it gets an account, and a role, once."""

    class Role(models.TextChoices):
        COORDINATOR = "coordinator"
        DELINEATOR = "delineator"
        RATER = "rater", "Rater (an account, no role in the cohort)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="invitations")
    address = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=Role)
    key_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-invited_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cohort", "address"],
                condition=models.Q(accepted_at=None),
                name="one_open_invitation_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"Invitation to {self.cohort} as {self.role}"

    def is_open(self, now: datetime) -> bool:
        """Whether its link still opens something."""
        return self.accepted_at is None and now < self.expires_at


class AccessToken(models.Model):
    """What a script shows instead of a password: it may do in the API what its owner may."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=60, help_text="What it is for.")
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, help_text="To the minute.")

    class Meta:
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.name
