"""How django-allauth behaves here.

No public sign-up, a lockout that says how long it lasts, mail that nobody has to wait for, second
factors that are stored encrypted.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts import crypt
from segmentation.operations.audit import Act, record

log = logging.getLogger(__name__)


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """The sign-in of django-allauth without public sign-up."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or the password is not correct.",
        "too_many_login_attempts": (
            f"Too many attempts failed. Wait {settings.LOCKOUT_MINUTES} minutes, then try again; "
            "nothing is lost. If you do not know your password, ask for a new one."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """This will always refuse: an account comes from an administrator or an invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address whose attempts are counted (see PLAQUE_PROXIES).

        A request that did not pass all proxies counts for whoever sent it.
        """
        heard = [one for one in request.headers.get("X-Forwarded-For", "").split(",") if one]
        if len(heard) < settings.ALLAUTH_TRUSTED_PROXY_COUNT:
            return str(request.META["REMOTE_ADDR"])
        return str(super().get_client_ip(request))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """This will write down that an account is locked now, once per lockout."""
        key = self._get_login_attempts_cache_key(request, **credentials)
        if not ratelimit.consume(request, action="login_failed", key=key, dry_run=True):
            user = User.objects.filter(username__iexact=credentials.get("username", "")).first()
            what = "account" if user else "an unknown user name"
            record(Act.LOCKED_OUT, by=user, now=timezone.now(), what=what)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the account page."""
        return reverse("account")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """This will send a mail in the background.

        A slow mail server keeps nobody waiting, and the time of an answer does not tell whether
        there was anybody to write to.
        """
        whole = {"request": self.request, "email": email} | context
        message = self.render_mail(template_prefix, email, whole)
        threading.Thread(target=deliver, args=[message], name="mail").start()

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """This will tell a person about a change to their account, where their address is known."""
        if to := email or user.email:
            super().send_notification_mail(template_prefix, user, context, to)


def deliver(message: EmailMessage) -> None:
    """This will send a mail; a mail server that fails is logged, without the address."""
    try:
        message.send()
    except OSError:  # also every error of smtplib
        log.exception("A mail could not be sent: %s", message.subject)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors of django-allauth, stored encrypted."""

    def encrypt(self, text: str) -> str:
        """This will encrypt the secret of an authenticator."""
        return crypt.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """This will undo `encrypt`."""
        return crypt.decrypt(encrypted_text)
