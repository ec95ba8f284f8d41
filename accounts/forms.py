"""The forms of the account pages."""

from __future__ import annotations

import zoneinfo

from allauth.account.forms import ResetPasswordForm
from django import forms
from django.conf import settings
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User

from accounts.models import Invitation


def time_zones() -> list[tuple[str, str]]:
    """Every place that has a time, by name; first the server's."""
    places = sorted(
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    )
    named = [(name, name.replace("_", " ")) for name in ("UTC", *places)]
    return [("", f"As the server ({settings.TIME_ZONE})"), *named]


class ProfileForm(forms.Form):
    """Who somebody is and in which time zone they live."""

    first_name = forms.CharField(
        max_length=150, required=False, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        max_length=150, required=False, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    time_zone = forms.ChoiceField(
        choices=time_zones, required=False, help_text="Times on every page are shown in it."
    )


class AddressForm(forms.Form):
    """An e-mail address."""

    address = forms.EmailField(
        label="New address", max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )

    def clean_address(self) -> str:
        """The address in lower case, as it is looked up."""
        return str(self.cleaned_data["address"]).lower()


class ForgottenPasswordForm(ResetPasswordForm):  # type: ignore[misc]  # allauth ships no types
    """Asks for a new password; finds addresses however an administrator wrote them."""

    def clean_email(self) -> str:
        """The address; `users` are those that it belongs to, none when nobody."""
        address = str(self.cleaned_data["email"]).lower()
        found = User.objects.filter(email__iexact=address, is_active=True)
        self.users = [user for user in found if user.email.lower() == address]
        return address


class InvitationForm(AddressForm):
    """Whom to invite, and as what."""

    address = forms.EmailField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(choices=Invitation.Role.choices, initial=Invitation.Role.RATER)


class RemovalForm(forms.Form):
    """Why somebody is removed from a cohort."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text="The audit log keeps it.",
        error_messages={"required": "Say why the person is removed. Nothing was changed."},
    )


class NewAccountForm(SetPasswordForm):  # type: ignore[type-arg]  # not generic at run time
    """Name and password of somebody who was invited."""

    first_name = forms.CharField(
        max_length=150, widget=forms.TextInput({"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        max_length=150, widget=forms.TextInput({"autocomplete": "family-name"})
    )
    field_order = ["first_name", "last_name", "new_password1", "new_password2"]


class TokenForm(forms.Form):
    """What a token is for, and for how long."""

    name = forms.CharField(max_length=60, help_text="What it is for, such as: nightly import.")
    days = forms.TypedChoiceField(
        label="Ends after",
        choices=[(30, "30 days"), (90, "90 days"), (365, "a year")],
        coerce=int,
    )
