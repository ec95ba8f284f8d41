"""The people of a cohort, and how new ones come in."""

from __future__ import annotations

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts import queries
from accounts.forms import InvitationForm, NewAccountForm, RemovalForm
from accounts.models import Invitation
from accounts.operations import invitations
from accounts.views.doors import too_many
from segmentation.models import Cohort
from segmentation.operations.members import remove_member
from segmentation.people import signed_in
from segmentation.refusals import Refusal

PEOPLE_PAGE = 50
BACKEND = "django.contrib.auth.backends.ModelBackend"


def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Who belongs to a cohort and who is invited; the form that invites.

    `?q=` is a part of a name or address, `?page=` turns; `?of=invitations` lists these alone.
    """
    cohort = Cohort.objects.get(slug=slug)
    form = InvitationForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return members_page(request, cohort, form)
    if not ratelimit.consume(request, action="invite", user=signed_in(request)):
        return too_many(request)
    try:
        invitation, key = invitations.invite(
            cohort=cohort, by=signed_in(request), now=timezone.now(), **form.cleaned_data
        )
    except Refusal as refusal:
        form.add_error("address", refusal.message)
        return members_page(request, cohort, form)
    return members_page(request, cohort, InvitationForm(), sent=send(request, invitation, key))


def members_page(
    request: HttpRequest,
    cohort: Cohort,
    form: InvitationForm,
    *,
    sent: dict[str, str] | None = None,
) -> HttpResponse:
    """The page of a cohort's people; `sent` is an invitation whose link is shown this once."""
    search = request.GET.get("q", "").strip()
    people = queries.people_of(cohort.slug, search=search)
    invited = queries.invitations_to(cohort.slug, search=search)
    alone = request.GET.get("of") == "invitations"
    number = request.GET.get("page")
    context = {
        "cohort": cohort,
        "search": search,
        "alone": alone,
        "people": None if alone else Paginator(people, PEOPLE_PAGE).get_page(number),
        "invitations": Paginator(invited, PEOPLE_PAGE).get_page(number if alone else 1),
        "now": timezone.now(),
        "form": form,
        "sent": sent,
    }
    return render(request, "accounts/members.html", context)


def send(request: HttpRequest, invitation: Invitation, key: str) -> dict[str, str]:
    """This will mail an invitation; returns its address, link, and what went wrong, if anything."""
    link = request.build_absolute_uri(reverse("invitation", args=[key]))
    context = {"invitation": invitation, "link": link, "request": request}
    mail = get_adapter().render_mail("accounts/email/invitation", invitation.address, context)
    sent = {"address": invitation.address, "link": link, "trouble": ""}
    if not settings.EMAIL_URL:
        sent["trouble"] = "No mail server is set, so hand the link over yourself."
    try:
        mail.send()
    except OSError:  # also every error of smtplib
        sent["trouble"] = "The mail could not be sent, so hand the link over yourself."
    return sent


def invite_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send an invitation once more, with a new link."""
    invitation = Invitation.objects.select_related("cohort").get(pk=pk)
    if not ratelimit.consume(request, action="invite", user=signed_in(request)):
        return too_many(request)
    try:
        key = invitations.invite_again(
            invitation=invitation, by=signed_in(request), now=timezone.now()
        )
    except Refusal as refusal:
        return back(request, invitation.cohort, refusal)
    sent = send(request, invitation, key)
    return members_page(request, invitation.cohort, InvitationForm(), sent=sent)


def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitation = Invitation.objects.select_related("cohort").get(pk=pk)
    try:
        invitations.revoke(invitation=invitation, by=signed_in(request), now=timezone.now())
    except Refusal as refusal:
        return back(request, invitation.cohort, refusal)
    messages.success(request, f"The invitation to {invitation.address} opens nothing any more.")
    return back(request, invitation.cohort)


def remove(request: HttpRequest, slug: str, member: int) -> HttpResponse:
    """End a membership, after one question, with a reason."""
    cohort = Cohort.objects.get(slug=slug)
    user = get_object_or_404(User, cohort_memberships__cohort=cohort, pk=member)
    form = RemovalForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"cohort": cohort, "member": user, "form": form}
        return render(request, "accounts/member_remove.html", context)
    try:
        remove_member(
            cohort=cohort, user=user, by=signed_in(request), now=timezone.now(), **form.cleaned_data
        )
    except Refusal as refusal:
        return back(request, cohort, refusal)
    messages.success(request, f"{user.get_username()} no longer belongs to {cohort}.")
    return redirect("home") if user == request.user else back(request, cohort)


def back(request: HttpRequest, cohort: Cohort, refusal: Refusal | None = None) -> HttpResponse:
    """To the page of the cohort's people, with what was refused."""
    if refusal:
        messages.error(request, refusal.message)
    return redirect("members", slug=cohort.slug)


def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """What an invited person opens: join with one's account, or make one."""
    found = invitations.found_by_key(key=key, now=timezone.now())
    if request.method == "POST" and not ratelimit.consume(request, action="accept_invitation"):
        return too_many(request)
    if found is None:
        return render(request, "accounts/invitation_closed.html")
    if request.user.is_authenticated:
        return join(request, found, key)
    return make_account(request, found, key)


def join(request: HttpRequest, found: Invitation, key: str) -> HttpResponse:
    """Take an invitation with the account that is signed in."""
    if request.method != "POST":
        return render(request, "accounts/invitation_join.html", {"invitation": found})
    try:
        invitations.accept(key=key, user=signed_in(request), now=timezone.now())
    except Refusal:
        return render(request, "accounts/invitation_closed.html")
    messages.success(request, "You are in.")
    return redirect("home")


def make_account(request: HttpRequest, found: Invitation, key: str) -> HttpResponse:
    """Take an invitation with a new account, which is signed in at once."""
    nobody = User(username=found.address.split("@")[0], email=found.address)
    form = NewAccountForm(nobody, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        context = {"invitation": found, "form": form}
        return render(request, "accounts/invitation.html", context)
    try:
        user = invitations.accept_with_new_account(
            key=key,
            first_name=form.cleaned_data["first_name"],
            last_name=form.cleaned_data["last_name"],
            password=form.cleaned_data["new_password1"],
            now=timezone.now(),
        )
    except Refusal:
        return render(request, "accounts/invitation_closed.html")
    login(request, user, backend=BACKEND)
    messages.success(request, f"Welcome. You log in as {user.get_username()} from now on.")
    return redirect("home")
