"""Signing in and what protects it: django-allauth's pages, with what this product adds to them."""

from __future__ import annotations

from typing import Any, cast

from allauth.account.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
    PasswordResetFromKeyView,
    PasswordResetView,
)
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.operations.tokens import revoke_all_tokens
from segmentation.operations.audit import Act, record
from segmentation.people import signed_in

RETRY_SECONDS = 60  # every limit that answers 429 counts the last minute


class LogInView(LoginView):  # type: ignore[misc]  # allauth ships no types
    """Sign in."""


class LogOutView(LogoutView):  # type: ignore[misc]
    """Sign out, after one question."""


class Recorded:
    """A page of django-allauth whose success is written into the audit log, or does not happen."""

    act: Act

    def form_valid(self, form: Any) -> Any:
        """This will do it and write it down in one transaction."""
        with transaction.atomic():
            response = super().form_valid(form)  # type: ignore[misc]
            record(self.act, by=self.person(), now=timezone.now(), what="account")
        return response

    def person(self) -> User:
        """Whose account it is."""
        return signed_in(self.request)  # type: ignore[attr-defined]


class ForgottenPasswordView(PasswordResetView):  # type: ignore[misc]
    """Ask for a link to choose a new password."""

    extra_context = {"mail_works": settings.MAIL_WORKS}


class ChooseNewPasswordView(Recorded, PasswordResetFromKeyView):  # type: ignore[misc]
    """Choose a new password by the link that was asked for; tokens end with the old one.

    Whoever lost their password may have lost it to somebody, who could have made a token with it.
    """

    act = Act.PASSWORD_RESET

    def form_valid(self, form: Any) -> Any:
        """This will do both or neither."""
        with transaction.atomic():
            response = super().form_valid(form)
            revoke_all_tokens(user=self.person(), now=timezone.now())
        return response

    def person(self) -> User:
        """Whose link it is."""
        return cast(User, self.reset_user)


class SwitchOnView(Recorded, ActivateTOTPView):  # type: ignore[misc]
    """Switch two-factor authentication on."""

    act = Act.TWO_FACTOR_ON


class SwitchOffView(Recorded, DeactivateTOTPView):  # type: ignore[misc]
    """Switch two-factor authentication off."""

    act = Act.TWO_FACTOR_OFF


class NewRecoveryCodesView(Recorded, GenerateRecoveryCodesView):  # type: ignore[misc]
    """Make new recovery codes; those before open nothing any more."""

    act = Act.RECOVERY_CODES_MADE


class ChangePasswordView(Recorded, PasswordChangeView):  # type: ignore[misc]
    """Choose another password."""

    act = Act.PASSWORD_CHANGED

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """This will send whoever has no password yet to where they get one."""
        if not signed_in(request).has_usable_password():
            return redirect("account_reset_password")
        return super().dispatch(request, *args, **kwargs)


def too_many(request: HttpRequest) -> HttpResponse:
    """Asks for patience, and says for how long."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response
