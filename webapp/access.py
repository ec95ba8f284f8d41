"""Who may do what: one table, asked before every view, closed to whatever it does not name.

Each endpoint names *where* the person's roles are looked up (in a cohort, a case, a study ...) and
which of those roles each HTTP method takes. Somebody without any role there is told that nothing is
there (404); somebody whose role does not suffice is told so (403); nobody signed in is asked to
sign in (API: 401). Blinding is part of the look-up: a case that somebody has yet to finish reading
gives them no role, wherever it appears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

import accounts.queries as accounts
import rating.queries.delineating as delineating
import rating.queries.reference as reference
import rating.queries.roles as rating
import segmentation.queries as segmentation
from accounts.operations.tokens import user_of_token
from rating.queries.blinding import asked_once
from segmentation.people import owner_key, signed_in
from webapp.errors import not_allowed, not_possible, refuse

Roles = frozenset[str]
LookUp = Callable[[Any, Mapping[str, Any]], Roles]

OWNER_COOKIE = "plaque_owner"

ANYONE = frozenset({"anyone"})
SIGNED_IN = frozenset({"signed in"})
STAFF = frozenset({"staff"})
COORDINATOR = frozenset({"coordinator"})
RATER = frozenset({"rater"})
OWNER = frozenset({"owner"})
DELINEATOR = frozenset({"delineator"})
MEMBER = frozenset({"coordinator", "delineator"})


def everywhere(person: Any, _: Mapping[str, Any]) -> Roles:
    """The roles that depend on no object."""
    roles = {"anyone"}
    if person.is_authenticated:
        roles.add("signed in")
    if person.is_authenticated and person.is_staff:
        roles.add("staff")
    return frozenset(roles)


def in_cohort(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the cohort of the address."""
    return segmentation.roles_in_cohort(user=person, slug=address["slug"])


def in_whole_cohort(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the cohort of the address, unless any case of it is hidden from them."""
    return segmentation.roles_in_whole_cohort(user=person, slug=address["slug"])


def in_case(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the cohort of the case of the address, unless the case is hidden."""
    return segmentation.roles_in_case(user=person, code=address["code"])


def in_segmentation(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the case of the segmentation of the address."""
    return segmentation.roles_in_segmentation(user=person, segmentation_id=address["pk"])


def in_job(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the case of the inference job of the address."""
    return segmentation.roles_in_job(user=person, job_id=address["pk"])


def in_drawing(person: Any, address: Mapping[str, Any]) -> Roles:
    """Owner, when the drawing of the address is the person's own and its case not hidden."""
    return segmentation.roles_in_drawing(user=person, drawing_id=address["pk"])


def in_training(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in all cohorts of the training of the address."""
    return segmentation.roles_in_training(user=person, training_id=address["pk"])


def in_evaluation(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the cohort of the evaluation, unless any case of it is hidden."""
    return segmentation.roles_in_evaluation(user=person, evaluation_id=address["pk"])


def in_study(person: Any, address: Mapping[str, Any]) -> Roles:
    """Coordinator of the study of the address, unless one of its cases is hidden from them."""
    return rating.roles_in_study(user=person, slug=address["slug"])


def in_reading(person: Any, address: Mapping[str, Any]) -> Roles:
    """Rater, when the reading of the address is the person's own."""
    return rating.roles_in_reading(user=person, token=address["reading"])


def in_presentation(person: Any, address: Mapping[str, Any]) -> Roles:
    """Rater, when the presentation of the address is the person's own."""
    return rating.roles_in_presentation(user=person, token=address["token"])


def in_reference(person: Any, address: Mapping[str, Any]) -> Roles:
    """Coordinator of the reference study of the address, unless they delineate in it."""
    return reference.roles_in_reference_study(user=person, slug=address["slug"])


def in_assignment(person: Any, address: Mapping[str, Any]) -> Roles:
    """Delineator, when the share of the address is the person's own."""
    return delineating.roles_in_assignment(user=person, token=address["assignment"])


def in_delineation(person: Any, address: Mapping[str, Any]) -> Roles:
    """Delineator, when the delineation of the address is the person's own."""
    return delineating.roles_in_delineation(user=person, token=address["token"])


def in_invitation(person: Any, address: Mapping[str, Any]) -> Roles:
    """The person's role in the cohort of the invitation of the address."""
    return accounts.roles_in_invitation(user=person, invitation_id=address["pk"])


def in_token(person: Any, address: Mapping[str, Any]) -> Roles:
    """Owner, when the token of the address is the person's own."""
    return accounts.roles_in_token(user=person, token_id=address["pk"])


@dataclass(frozen=True)
class Rule:
    """Where roles are looked up, and which of them each HTTP method takes."""

    where: LookUp
    methods: Mapping[str, Roles]


def read(where: LookUp, roles: Roles) -> Rule:
    """An endpoint that only shows."""
    return Rule(where, {"GET": roles})


def write(where: LookUp, roles: Roles, *methods: str) -> Rule:
    """An endpoint that only changes something."""
    return Rule(where, dict.fromkeys(methods or ("POST",), roles))


TABLE: dict[str, Rule] = {
    # Doors
    "account_login": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "account_logout": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "account_inactive": read(everywhere, ANYONE),
    "account_reset_password": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "account_reset_password_done": read(everywhere, ANYONE),
    "account_reset_password_from_key": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "account_reset_password_from_key_done": read(everywhere, ANYONE),
    "invitation": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "mfa_authenticate": Rule(everywhere, {"GET": ANYONE, "POST": ANYONE}),
    "health": read(everywhere, ANYONE),
    "ready": read(everywhere, ANYONE),
    # One's own account
    "account": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "account_email": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "account_email_confirm": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "account_change_password": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "account_reauthenticate": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "mfa_reauthenticate": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "tokens": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "token-revoke": write(in_token, OWNER),
    "mfa_index": read(everywhere, SIGNED_IN),
    "mfa_activate_totp": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "mfa_deactivate_totp": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "mfa_view_recovery_codes": read(everywhere, SIGNED_IN),
    "mfa_generate_recovery_codes": Rule(everywhere, {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    # Pages
    "home": read(everywhere, SIGNED_IN),
    "members": Rule(in_whole_cohort, {"GET": COORDINATOR, "POST": COORDINATOR}),
    "member-remove": Rule(in_whole_cohort, {"GET": COORDINATOR, "POST": COORDINATOR}),
    "invitation-again": write(in_invitation, COORDINATOR),
    "invitation-revoke": write(in_invitation, COORDINATOR),
    "search": read(everywhere, SIGNED_IN),
    "cases": read(everywhere, SIGNED_IN),
    "case": read(in_case, MEMBER),
    "drawing": read(in_drawing, OWNER),
    "jobs": read(everywhere, SIGNED_IN),
    "trainings": read(everywhere, SIGNED_IN),
    "training": read(in_training, MEMBER),
    "training-log": read(in_training, MEMBER),
    "evaluations": read(everywhere, SIGNED_IN),
    "evaluation": read(in_evaluation, COORDINATOR),
    "manifest-template": read(everywhere, SIGNED_IN),
    "audit": read(in_whole_cohort, COORDINATOR),
    "audit-csv": read(in_whole_cohort, COORDINATOR),
    "corrections": read(in_cohort, MEMBER),
    "studies": read(everywhere, SIGNED_IN),
    "study": read(in_study, COORDINATOR),
    "reading": read(in_reading, RATER),
    "reference-studies": read(everywhere, SIGNED_IN),
    "reference-study": read(in_reference, COORDINATOR),
    "assignment": read(in_assignment, DELINEATOR),
    "delineation": read(in_delineation, DELINEATOR),
    # API: description
    "api:schema": read(everywhere, SIGNED_IN),
    # API: cases and masks
    "api:cohorts": read(everywhere, SIGNED_IN),
    "api:cohort-cases": Rule(in_cohort, {"GET": MEMBER, "POST": COORDINATOR}),
    "api:cohort-announcement": write(in_cohort, COORDINATOR),
    "api:case": Rule(in_case, {"GET": MEMBER, "PATCH": COORDINATOR}),
    "api:case-delete": write(in_case, COORDINATOR),
    "api:scan-volume": read(in_case, MEMBER),
    "api:scan-original": read(in_case, MEMBER),
    "api:case-brain": Rule(in_case, {"GET": MEMBER, "POST": MEMBER, "DELETE": MEMBER}),
    "api:case-brain-mask": read(in_case, MEMBER),
    "api:case-jobs": Rule(in_case, {"GET": MEMBER, "POST": MEMBER}),
    "api:case-drawings": write(in_case, MEMBER),
    "api:drawing": read(in_drawing, OWNER),
    "api:drawing-edit": write(in_drawing, OWNER, "PUT"),
    "api:drawing-fork": write(in_drawing, OWNER),
    "api:drawing-save": write(in_drawing, OWNER),
    "api:drawing-probability": read(in_drawing, OWNER),
    "api:drawing-to-correct": read(in_drawing, OWNER),
    "api:segmentation": read(in_segmentation, MEMBER),
    "api:segmentation-labels": read(in_segmentation, MEMBER),
    "api:segmentation-mask": read(in_segmentation, MEMBER),
    "api:segmentation-probability": read(in_segmentation, MEMBER),
    "api:methods": read(everywhere, SIGNED_IN),
    "api:job": read(in_job, MEMBER),
    "api:jobs": read(everywhere, SIGNED_IN),
    "api:job-cancel": write(in_job, MEMBER),
    "api:job-retry": write(in_job, MEMBER),
    "api:cohort-retry": write(in_cohort, MEMBER),
    "api:cohort-trainings": write(in_whole_cohort, COORDINATOR),
    "api:trainings": read(everywhere, SIGNED_IN),
    "api:training": read(in_training, MEMBER),
    "api:training-cancel": write(in_training, COORDINATOR),
    "api:training-checkpoint": read(in_training, COORDINATOR),
    "api:cohort-references": write(in_whole_cohort, COORDINATOR),
    "api:cohort-evaluations": write(in_whole_cohort, COORDINATOR),
    "api:evaluations": read(everywhere, SIGNED_IN),
    "api:evaluation": read(in_evaluation, COORDINATOR),
    "api:evaluation-cancel": write(in_evaluation, COORDINATOR),
    "api:evaluation-delete": write(in_evaluation, COORDINATOR),
    "api:evaluation-findings": read(in_evaluation, COORDINATOR),
    "api:evaluation-slices": write(in_evaluation, COORDINATOR, "PUT"),
    "api:evaluation-picture": read(in_evaluation, COORDINATOR),
    "api:evaluation-bundle": read(in_evaluation, COORDINATOR),
    # API: studies
    "api:studies": read(everywhere, SIGNED_IN),
    "api:cohort-studies": write(in_cohort, COORDINATOR),
    "api:study": Rule(in_study, {"GET": COORDINATOR, "PATCH": COORDINATOR}),
    "api:study-duplicate": write(in_study, COORDINATOR),
    "api:study-delete": write(in_study, COORDINATOR),
    "api:study-candidates": read(in_study, COORDINATOR),
    "api:study-open": write(in_study, COORDINATOR),
    "api:study-close": write(in_study, COORDINATOR),
    "api:study-amendments": write(in_study, COORDINATOR),
    "api:study-reminders": write(in_study, COORDINATOR),
    "api:study-results": read(in_study, COORDINATOR),
    "api:study-report": read(in_study, COORDINATOR),
    "api:study-examples": Rule(in_study, {"GET": COORDINATOR, "PUT": COORDINATOR}),
    "api:study-examples-drawing": read(in_study, COORDINATOR),
    "api:study-report-file": read(in_study, COORDINATOR),
    "api:study-bundle": read(in_study, COORDINATOR),
    # API: readings
    "api:keys": write(everywhere, SIGNED_IN, "PATCH"),
    "api:readings": read(everywhere, SIGNED_IN),
    "api:reading": read(in_reading, RATER),
    "api:reading-declaration": write(in_reading, RATER),
    "api:presentation": read(in_presentation, RATER),
    "api:presentation-open": write(in_presentation, RATER),
    "api:presentation-image": read(in_presentation, RATER),
    "api:presentation-mask": read(in_presentation, RATER),
    "api:presentation-t1": read(in_presentation, RATER),
    "api:presentation-mark": write(in_presentation, RATER, "PUT", "DELETE"),
    "api:presentation-view": write(in_presentation, RATER, "PUT"),
    "api:presentation-comment": write(in_presentation, RATER, "PUT"),
    "api:presentation-submit": write(in_presentation, RATER),
    "api:presentation-correction": write(in_presentation, RATER),
    # API: reference studies
    "api:reference-studies": read(everywhere, SIGNED_IN),
    "api:cohort-reference-studies": write(in_whole_cohort, COORDINATOR),
    "api:reference-study": Rule(in_reference, {"GET": COORDINATOR, "PATCH": COORDINATOR}),
    "api:reference-choices": read(in_reference, COORDINATOR),
    "api:reference-delete": write(in_reference, COORDINATOR),
    "api:reference-open": write(in_reference, COORDINATOR),
    "api:reference-delineators": write(in_reference, COORDINATOR),
    "api:reference-leaving": write(in_reference, COORDINATOR),
    "api:reference-dots": write(in_reference, COORDINATOR),
    "api:dot-mask": read(in_reference, COORDINATOR),
    "api:dot-table": read(in_reference, COORDINATOR),
    "api:reference-close": write(in_reference, COORDINATOR),
    "api:reference-masks": write(in_reference, COORDINATOR),
    "api:reference-results": read(in_reference, COORDINATOR),
    "api:reference-bundle": read(in_reference, COORDINATOR),
    # API: delineating
    "api:assignments": read(everywhere, SIGNED_IN),
    "api:assignment": read(in_assignment, DELINEATOR),
    "api:delineation": read(in_delineation, DELINEATOR),
    "api:delineation-open": write(in_delineation, DELINEATOR),
    "api:delineation-scan": read(in_delineation, DELINEATOR),
    "api:delineation-edit": write(in_delineation, DELINEATOR, "PUT"),
    "api:dot-decision": write(in_delineation, DELINEATOR, "PUT"),
    "api:delineation-submit": write(in_delineation, DELINEATOR),
}
NAMESPACES: dict[str, Rule] = {
    # Django's own admin checks the rest itself; ratings and marks are not registered in it.
    "admin": Rule(everywhere, {"GET": STAFF, "POST": STAFF}),
}
ALWAYS_OPEN = frozenset({"admin:login", "admin:logout"})


def rule_for(view_name: str, namespace: str) -> Rule | None:
    """This will return the rule of an endpoint; None where the table has none."""
    if view_name in ALWAYS_OPEN:
        return Rule(everywhere, {"GET": ANYONE, "POST": ANYONE})
    return TABLE.get(view_name) or NAMESPACES.get(namespace)


def take_token(request: HttpRequest) -> bool:
    """This will make the owner of a request's token the one who asks; false when it has a bad one.

    Asked for the API only: a token opens no page, no account and no administration.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return True
    owner = user_of_token(key=key.strip(), now=timezone.now())
    if owner is not None:
        request.user = owner
        request.token_user = owner  # type: ignore[attr-defined]  # for DRF, see accounts
    return owner is not None


def refuse_token() -> HttpResponse:
    """This will refuse a token without telling what is wrong with it."""
    answer = refuse(
        401,
        "TokenRefused",
        "This token is unknown, too old or revoked. Nothing was changed; make another on your "
        "account page.",
    )
    answer["WWW-Authenticate"] = "Bearer"
    return answer


def is_of_somebody_else(request: HttpRequest) -> bool:
    """Whether the page that asks was made for another person than the one who is signed in."""
    owner = request.headers.get("X-Plaque-Owner", "")
    return owner not in {"", owner_key(signed_in(request))}


def refuse_somebody_else() -> HttpResponse:
    """This will refuse what one person's page asks under another person's login."""
    return refuse(
        403,
        "SomebodyElse",
        "Somebody else has logged in at this browser since this page was opened. Nothing was "
        "changed; reload the page to go on as that person.",
    )


def tell_owner(request: HttpRequest, response: HttpResponseBase) -> None:
    """This will let the pages of a browser know who is signed in now, by a key that names nobody.

    Their scripts read it before they send anything: the session's own cookie is hidden from them.
    """
    if not request.session.accessed or hasattr(request, "token_user"):
        return
    owner, told = owner_key(signed_in(request)), request.COOKIES.get(OWNER_COOKIE, "")
    if owner and owner != told:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(OWNER_COOKIE, owner, secure=secure, samesite="Lax")
    elif told and not owner:
        response.delete_cookie(OWNER_COOKIE, samesite="Lax")


class AccessMiddleware:
    """Asks the table before every view, and keeps every answer out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """This will pass the request on; what a person is shown is kept in no cache.

        In one that only reads, whether anything is hidden from somebody is asked once.
        """
        reads_only = request.method in {"GET", "HEAD", "OPTIONS"}
        with asked_once() if reads_only else nullcontext():
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        tell_owner(request, response)
        return response

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, address: Mapping[str, Any]
    ) -> HttpResponse | None:
        """This will let the request through (None) or answer it."""
        match = request.resolver_match
        rule = rule_for(match.view_name, match.namespace) if match else None
        if rule is None:
            raise Http404
        is_api = request.path.startswith("/api/")
        if is_api and not take_token(request):
            return refuse_token()
        method = "GET" if request.method in {"HEAD", "OPTIONS"} else (request.method or "")
        needed = rule.methods.get(method)
        if needed is None:
            return not_possible(request, methods=rule.methods)
        if needed <= ANYONE:
            return None
        if not request.user.is_authenticated:
            if is_api:
                return refuse(
                    401,
                    "NotSignedIn",
                    "You are not signed in, or your session has ended. Nothing was changed; sign "
                    "in and try again.",
                )
            return redirect_to_login(request.get_full_path())
        if is_api and is_of_somebody_else(request):
            return refuse_somebody_else()
        roles = rule.where(request.user, address)
        if roles & needed:
            return None
        if roles - ANYONE - SIGNED_IN:
            return not_allowed(request)
        raise Http404
