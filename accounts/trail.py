"""What Django and allauth say happened to an account, written into the audit log."""

from allauth.core import ratelimit
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from segmentation.operations.audit import Act, record


@receiver(user_logged_in)
def record_sign_in(user: User, **_: object) -> None:
    """This will write into the audit log that somebody signed in."""
    record(Act.SIGNED_IN, by=user, now=timezone.now(), what="account")


@receiver(user_logged_out)
def record_sign_out(user: User | None, **_: object) -> None:
    """This will write into the audit log that somebody signed out."""
    if user is not None:
        record(Act.SIGNED_OUT, by=user, now=timezone.now(), what="account")


@receiver(authentication_failed)
def record_lockout(request: HttpRequest, user: User, **_: object) -> None:
    """This will write down that too many codes were wrong, once per lockout."""
    key = f"mfa-auth-user-{user.pk}"
    if not ratelimit.consume(request, action="login_failed", key=key, dry_run=True):
        record(Act.LOCKED_OUT, by=user, now=timezone.now(), what="two-factor authentication")
