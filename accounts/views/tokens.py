"""One's own tokens for scripts."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.forms import TokenForm
from accounts.models import AccessToken
from accounts.operations.tokens import make_token, revoke_token
from segmentation.people import signed_in


@reauthentication_required(app="accounts", allow_get=True)  # type: ignore[untyped-decorator]
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens, and the form that makes another, whose key is shown this once."""
    user, now, made = signed_in(request), timezone.now(), None
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        lifetime = timedelta(days=form.cleaned_data["days"])
        made = make_token(user=user, name=form.cleaned_data["name"], lifetime=lifetime, now=now)
        form = TokenForm()
    context = {
        "form": form,
        "made": made,
        "now": now,
        "tokens": AccessToken.objects.filter(user=user),
    }
    return render(request, "accounts/tokens.html", context)


def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one of one's tokens."""
    token = AccessToken.objects.select_related("user").get(pk=pk)
    revoke_token(token=token, now=timezone.now())
    messages.success(request, f"The token {token.name} opens nothing any more.")
    return redirect("tokens")
