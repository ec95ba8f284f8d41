"""One's own account: name, time zone, address."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts import queries
from accounts.forms import AddressForm, ProfileForm
from accounts.operations import profile
from accounts.views.doors import too_many
from segmentation.people import signed_in


def account(request: HttpRequest) -> HttpResponse:
    """Everything about one's own account."""
    user = signed_in(request)
    form = ProfileForm(
        request.POST or None,
        initial={
            "first_name": user.first_name,
            "last_name": user.last_name,
            "time_zone": queries.time_zone_of(user),
        },
    )
    if request.method == "POST" and form.is_valid():
        profile.change_profile(user=user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("account")
    context = {
        "form": form,
        "second_factor": queries.has_second_factor(user),
        "recovery_codes": queries.recovery_codes_left(user),
    }
    return render(request, "accounts/account.html", context)


@reauthentication_required(app="accounts")  # type: ignore[untyped-decorator]
def email(request: HttpRequest) -> HttpResponse:
    """Change one's address: a link is sent to the new one."""
    user = signed_in(request)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and settings.MAIL_WORKS and form.is_valid():
        if not ratelimit.consume(request, action="manage_email", user=user):
            return too_many(request)
        address = form.cleaned_data["address"]
        key = profile.confirmation_key(user=user, address=address)
        link = request.build_absolute_uri(reverse("account_email_confirm", args=[key]))
        get_adapter().send_mail("accounts/email/confirm", address, {"link": link, "user": user})
        messages.success(request, f"A link was sent to {address}. Open it to change your address.")
        return redirect("account")
    context = {"form": form, "mail_works": settings.MAIL_WORKS}
    return render(request, "accounts/email.html", context)


def email_confirm(request: HttpRequest, key: str) -> HttpResponse:
    """Say that an address is one's own."""
    user = signed_in(request)
    address, before = profile.confirmed_address(user=user, key=key), user.email
    if request.method == "POST" and address:
        profile.change_address(user=user, address=address, now=timezone.now())
        get_adapter().send_notification_mail("accounts/email/changed", user, email=before)
        messages.success(request, "Your address was changed.")
        return redirect("account")
    return render(request, "accounts/email_confirm.html", {"address": address})
