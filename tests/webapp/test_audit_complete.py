"""Whatever can be changed here leaves an entry in the audit log, or is excused with a reason."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from rating.models import Study
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import AuditEntry, Case, Cohort, CohortMembership, Evaluation
from segmentation.operations.audit import Act
from segmentation.operations.cases import create_cohort
from segmentation.operations.evaluation_jobs import run_evaluation
from segmentation.operations.leases import take
from segmentation.operations.members import add_member
from segmentation.operations.versions import add_version
from tests.accounts.conftest import PASSWORD, post
from tests.accounts.test_passwords import link_in
from tests.accounts.test_two_factor import code
from tests.rating.stage import Browser, a_case, a_mask, invited, mask_with, nifti
from tests.segmentation.scans import signed_in
from tests.webapp.clinics import a_training
from webapp.access import TABLE

AUDITED = {
    ("account_login", "POST"): Act.SIGNED_IN,
    ("account_logout", "POST"): Act.SIGNED_OUT,
    ("mfa_authenticate", "POST"): Act.SIGNED_IN,
    ("account_reset_password_from_key", "POST"): Act.PASSWORD_RESET,
    ("account_change_password", "POST"): Act.PASSWORD_CHANGED,
    ("account_email_confirm", "POST"): Act.EMAIL_CHANGED,
    ("mfa_activate_totp", "POST"): Act.TWO_FACTOR_ON,
    ("mfa_deactivate_totp", "POST"): Act.TWO_FACTOR_OFF,
    ("mfa_generate_recovery_codes", "POST"): Act.RECOVERY_CODES_MADE,
    ("tokens", "POST"): Act.TOKEN_MADE,
    ("token-revoke", "POST"): Act.TOKEN_REVOKED,
    ("members", "POST"): Act.INVITED,
    ("invitation-again", "POST"): Act.INVITED,
    ("invitation-revoke", "POST"): Act.INVITATION_REVOKED,
    ("invitation", "POST"): Act.INVITATION_ACCEPTED,
    ("member-remove", "POST"): Act.MEMBER_REMOVED,
    ("api:cohort-cases", "POST"): Act.CASE_IMPORTED,
    ("api:case", "PATCH"): Act.CASE_DESCRIBED,
    ("api:case-delete", "POST"): Act.CASE_DELETED,
    ("api:case-brain", "POST"): Act.BRAIN_CORRECTED,
    ("api:case-brain", "DELETE"): Act.BRAIN_REVERTED,
    ("api:drawing-save", "POST"): Act.MASK_DRAWN,
    ("api:cohort-trainings", "POST"): Act.TRAINING_STARTED,
    ("api:training-cancel", "POST"): Act.TRAINING_CANCELLED,
    ("api:cohort-references", "POST"): Act.REFERENCE_MADE,
    ("api:cohort-evaluations", "POST"): Act.EVALUATION_STARTED,
    ("api:evaluation-cancel", "POST"): Act.EVALUATION_CANCELLED,
    ("api:evaluation-delete", "POST"): Act.EVALUATION_DELETED,
    ("api:evaluation-slices", "PUT"): Act.EVALUATION_CHANGED,
    ("api:study-open", "POST"): Act.STUDY_OPENED,
    ("api:study-amendments", "POST"): Act.STUDY_AMENDED,
    ("api:study-reminders", "POST"): Act.RATER_REMINDED,
    ("api:study-close", "POST"): Act.STUDY_CLOSED,
    ("api:study-delete", "POST"): Act.STUDY_DELETED,
    ("api:study-examples", "PUT"): Act.EXAMPLES_CHOSEN,
    ("api:reference-open", "POST"): Act.STUDY_OPENED,
    ("api:reference-delineators", "POST"): Act.STUDY_AMENDED,
    ("api:reference-leaving", "POST"): Act.STUDY_AMENDED,
    ("api:reference-close", "POST"): Act.STUDY_CLOSED,
    ("api:reference-delete", "POST"): Act.STUDY_DELETED,
    ("api:reference-masks", "POST"): Act.REFERENCE_MADE,
}
JOB = "the job's row says who asked for it and when; a mask names the job that made it"
DRAFT = "nothing of a draft counts before it is opened, which is audited"
ANSWER = "a rater's answer and marks are rows of their own, with their times, and are exported"
EDIT = "an edit is a row of its own with its time; a mask comes of it by saving, which is audited"
DELINEATED = "what a delineator draws and decides are rows of their own, with their times"
EXEMPT = {
    ("account_reset_password", "POST"): "sends a link to the account's own address",
    ("account_email", "POST"): "sends a link; the change by that link is audited",
    ("account", "POST"): "a person's own name and time zone let nobody in anywhere",
    ("account_reauthenticate", "POST"): "the password once more; wrong ones lock the account",
    ("mfa_reauthenticate", "POST"): "the code once more; wrong ones lock the account",
    ("api:cohort-announcement", "POST"): "foresees what an import would do and changes nothing",
    ("api:case-drawings", "POST"): EDIT,
    ("api:drawing-edit", "PUT"): EDIT,
    ("api:drawing-fork", "POST"): EDIT,
    ("api:case-jobs", "POST"): JOB,
    ("api:job-cancel", "POST"): JOB,
    ("api:job-retry", "POST"): JOB,
    ("api:cohort-retry", "POST"): JOB,
    ("api:cohort-studies", "POST"): DRAFT,
    ("api:study-duplicate", "POST"): DRAFT,
    ("api:study", "PATCH"): DRAFT,
    ("api:keys", "PATCH"): "which keys a rater presses changes nothing of what is stored by them",
    ("api:presentation-open", "POST"): ANSWER,
    ("api:presentation-view", "PUT"): "where a rater stands in a scan is no answer",
    ("api:presentation-mark", "PUT"): ANSWER,
    ("api:presentation-mark", "DELETE"): ANSWER,
    ("api:presentation-comment", "PUT"): ANSWER,
    ("api:presentation-submit", "POST"): ANSWER,
    ("api:presentation-correction", "POST"): ANSWER,
    ("api:reading-declaration", "POST"): ANSWER,
    ("api:cohort-reference-studies", "POST"): DRAFT,
    ("api:reference-study", "PATCH"): DRAFT,
    ("api:reference-dots", "POST"): "dots follow from what was frozen at the opening; see built_at",
    ("api:delineation-open", "POST"): DELINEATED,
    ("api:delineation-edit", "PUT"): DELINEATED,
    ("api:dot-decision", "PUT"): DELINEATED,
    ("api:delineation-submit", "POST"): DELINEATED,
}
# What only reads and is written down all the same: data leaves Plaque.
TAKEN_OUT = {
    ("api:scan-original", "GET"): Act.SCAN_DOWNLOADED,
    ("api:segmentation-mask", "GET"): Act.MASK_DOWNLOADED,
    ("api:segmentation-probability", "GET"): Act.PROBABILITY_DOWNLOADED,
    ("api:case-brain-mask", "GET"): Act.MASK_DOWNLOADED,
    ("api:training-checkpoint", "GET"): Act.CHECKPOINT_DOWNLOADED,
    ("api:evaluation-bundle", "GET"): Act.EVALUATION_EXPORTED,
    ("api:study-bundle", "GET"): Act.STUDY_EXPORTED,
    ("api:study-report-file", "GET"): Act.STUDY_EXPORTED,
    ("api:reference-bundle", "GET"): Act.STUDY_EXPORTED,
    ("api:dot-mask", "GET"): Act.MASK_DOWNLOADED,
    ("api:dot-table", "GET"): Act.MASK_DOWNLOADED,
    ("audit-csv", "GET"): Act.AUDIT_EXPORTED,
}
NEW = {"password1": "another-long-one", "password2": "another-long-one"}


def test_every_write_is_audited_or_excused() -> None:
    writes = {(name, m) for name, rule in TABLE.items() for m in rule.methods if m != "GET"}
    assert set(AUDITED) | set(EXEMPT) == writes
    assert not set(AUDITED) & set(EXEMPT)
    assert all(len(reason) > 20 for reason in EXEMPT.values())


def test_every_model_of_the_administration_is_looked_after() -> None:
    """These are the ones whose changes the tests below see in the log; nobody else is in it."""
    changed = {Cohort, User, Group, Authenticator}
    assert set(admin.site._registry) == changed | {AuditEntry}


class Watch:
    """Sends requests and notes which acts each of them leaves in the audit log."""

    def __init__(self) -> None:
        self.left: dict[tuple[str, str], set[str]] = defaultdict(set)

    def __call__(
        self, client: Client, method: str, address: str, data: Any = None, **more: Any
    ) -> HttpResponse:
        before = AuditEntry.objects.count()
        if address.startswith("/api/") and "format" not in more and method != "get":
            more["content_type"] = "application/json"
        more.pop("format", None)
        answer = getattr(client, method)(address, data, **more)
        assert answer.status_code < 400, (address, answer.content)
        acts = AuditEntry.objects.order_by("pk").values_list("act", flat=True)[before:]
        self.left[resolve(address).view_name, method.upper()] |= set(acts)
        return answer


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora", email="cora@clinic.example", password=PASSWORD)


@pytest.fixture
def cohort(cora: User) -> Cohort:
    return create_cohort(title="Clinic", coordinators=[cora])


def left_as_said(watch: Watch, said: dict[tuple[str, str], Act]) -> set[tuple[str, str]]:
    """Every request that is to be written down was, as what it is; returns those that were sent."""
    wrong = {key: acts for key, acts in watch.left.items() if key in said and acts != {said[key]}}
    assert wrong == {}
    assert not [key for key, acts in watch.left.items() if key in EXEMPT and acts]
    return set(watch.left) & set(said)


ACCOUNT = {key for key in AUDITED if key[0].startswith(("account", "mfa", "token"))}


def test_what_is_done_to_an_account_is_written_down(watch: Watch, cora: User) -> None:
    client = Client()
    watch(client, "post", "/accounts/login/", {"login": "cora", "password": PASSWORD})
    asked = client.get("/account/two-factor/on/")
    watch(client, "post", asked.headers["Location"].split("?")[0], {"password": PASSWORD})
    watch(client, "post", "/account/tokens/", {"name": "script", "days": "30"})
    watch(client, "post", f"/account/tokens/{cora.access_tokens.get().pk}/revoke/")
    watch(client, "post", "/account/email/", {"address": "cora@new.example"})
    watch(client, "post", link_in(post()[0].body))

    on = "/account/two-factor/on/"
    secret = client.get(on).context["form"].secret
    watch(client, "post", on, {"code": code(secret)})
    watch(client, "post", "/account/codes/new/")
    watch(client, "post", "/accounts/logout/")
    client.post("/accounts/login/", {"login": "cora", "password": PASSWORD})
    watch(client, "post", "/accounts/login/code/", {"code": code(secret)})
    asked = client.get("/account/two-factor/off/")
    watch(client, "post", asked.headers["Location"].split("?")[0], {"password": PASSWORD})
    watch(client, "post", "/account/two-factor/off/")
    watch(client, "post", "/account/password/", {"oldpassword": PASSWORD} | NEW)

    sent = len(post())
    watch(Client(), "post", "/accounts/password/", {"email": "cora@new.example"})
    stranger = Client()
    there = stranger.get(link_in(post()[sent].body), follow=True).redirect_chain[-1][0]
    watch(stranger, "post", there, NEW)
    assert left_as_said(watch, AUDITED) == ACCOUNT


def test_what_is_done_in_a_cohort_is_written_down(watch: Watch, cora: User, cohort: Cohort) -> None:
    client = signed_in(cora)
    for name in ("dana", "rita"):
        form = {"address": f"{name}@clinic.example", "role": "delineator"}
        watch(client, "post", "/cohorts/clinic/members/", form)
    dana, rita = cohort.invitations.order_by("address")
    shown = watch(client, "post", f"/invitations/{dana.pk}/again/").context["sent"]["link"]
    watch(client, "post", f"/invitations/{rita.pk}/revoke/")
    joined = User.objects.create_user("dana")
    watch(signed_in(joined), "post", shown.removeprefix("http://testserver"))
    removal = {"reason": "Left the clinic."}
    watch(client, "post", f"/cohorts/clinic/members/{joined.pk}/", removal)
    entry = AuditEntry.objects.get(act=Act.MEMBER_REMOVED)
    assert (entry.what, entry.why, entry.about_id) == (
        "dana, delineator",
        "Left the clinic.",
        joined.pk,
    )

    file = SimpleUploadedFile("FLAIR.nii.gz", nifti(mask_with(2).astype("int16")))
    watch(client, "post", "/api/v1/cohorts/clinic/cases/", {"files": [file]}, format="form")
    case = Case.objects.get()
    watch(client, "patch", f"/api/v1/cases/{case.code}/", {"subject": "S77"})
    brain = SimpleUploadedFile("brainmask.nii.gz", nifti(mask_with(2).astype("uint8")))
    address = f"/api/v1/cases/{case.code}/brain/"
    watch(client, "post", address, {"file": brain}, format="form")
    watch(client, "delete", address)
    draw_and_save(watch, client, case)
    watch(client, "post", f"/api/v1/cases/{case.code}/delete/", {"reason": "Wrong person."})
    train_and_cancel(watch, client, cohort)
    evaluate(watch, client, cohort)

    invited(cohort, User.objects.create_user("ravi"), User.objects.get(username="dana"))
    mask = a_mask(a_case(cohort, 1), lesions=2)
    for title in ("Reading", "Unwanted"):
        watch(client, "post", "/api/v1/cohorts/clinic/studies/", {"title": title})
    chosen = {"items": [str(mask.pk)], "raters": ["ravi"]}
    design = {"design": {"gap": 0, "min_volume_mm3": 0}}
    watch(client, "patch", "/api/v1/studies/reading/", chosen | design)
    watch(client, "post", "/api/v1/studies/unwanted/delete/", {"reason": "Not wanted."})
    watch(client, "post", "/api/v1/studies/reading/open/", {})
    User.objects.filter(username="ravi").update(email="ravi@clinic.example")
    watch(client, "post", "/api/v1/studies/reading/reminders/", {"rater": "ravi"})
    joining = {"kind": "rater_joined", "rater": "dana", "reason": "Asked for."}
    watch(client, "post", "/api/v1/studies/reading/amendments/", joining)
    Browser(User.objects.get(username="ravi")).rate_next(fn=1)
    watch(client, "post", "/api/v1/studies/reading/close/", {"reason": "Enough."})
    example = {"rater": "ravi", "item": "item-001", "occasion": 1}
    watch(client, "put", "/api/v1/studies/reading/examples/", {"examples": [example]})
    refer(watch, client, case=mask.case.code)
    assert left_as_said(watch, AUDITED) == set(AUDITED) - ACCOUNT
    assert Study.objects.count() == 1


def draw_and_save(watch: Watch, client: Client, case: Case) -> None:
    """A drawing in which nothing is drawn, saved as an empty mask."""
    begun = watch(client, "post", f"/api/v1/cases/{case.code}/drawings/", {"corrects": None})
    seen = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
    watch(client, "post", f"/api/v1/drawings/{begun.json()['id']}/save/", seen)


def refer(watch: Watch, client: Client, *, case: str) -> None:
    """A reference study of one case, of which one of two people leaves, and a draft."""
    root, cohort = "/api/v1/reference-studies/", Cohort.objects.get(slug="clinic")
    for name in ("mia", "max"):
        cohort.memberships.create(user=User.objects.create_user(name), role="delineator")
    for title in ("Test set", "Unwanted set"):
        watch(client, "post", "/api/v1/cohorts/clinic/reference-studies/", {"title": title})
    chosen = {"design": {"cases": [case], "delineators": ["mia"], "interval_days": 0}}
    watch(client, "patch", f"{root}test-set/", chosen)
    watch(client, "post", f"{root}unwanted-set/delete/", {"reason": "Not wanted."})
    watch(client, "post", f"{root}test-set/open/", {})
    joining = {"delineator": "max", "reason": "Asked for."}
    watch(client, "post", f"{root}test-set/delineators/", joining)
    for name in ("mia", "max"):
        delineate(watch, signed_in(User.objects.get(username=name)))
    leaving = {"delineator": "max", "reason": "Moved away."}
    watch(client, "post", f"{root}test-set/delineators/leave/", leaving)
    watch(client, "post", f"{root}test-set/dots/", {})
    watch(client, "post", f"{root}test-set/close/", {"reason": "Enough."})
    watch(client, "post", f"{root}test-set/masks/", {})


def delineate(watch: Watch, client: Client) -> None:
    """The first step of somebody's one case, in which they find nothing."""
    (share,) = client.get("/api/v1/assignments/").json()
    address = f"/api/v1/delineations/{share['step_1'][0]['delineation']}/"
    watch(client, "post", f"{address}open/", {})
    nothing = {"edits": 0, "voxels": 0, "digest": 0, "active_ms": 0}
    watch(client, "post", f"{address}submit/", nothing)


def train_and_cancel(watch: Watch, client: Client, cohort: Cohort) -> None:
    """A training on two cases of its own, given up at once."""
    for seed in (8, 9):
        mask = a_mask(a_case(cohort, seed), lesions=2)
        mask.origin = "delineation"
        mask.save()
    asked = {"title": "Our own", "preset": "short", "reference": "delineation"}
    started = watch(client, "post", "/api/v1/cohorts/clinic/trainings/", asked)
    watch(client, "post", f"/api/v1/trainings/{started.json()['id']}/cancel/", {})


def evaluate(watch: Watch, client: Client, cohort: Cohort) -> Evaluation:
    """An evaluation that was given up, and one that was worked off; a slice chosen of it."""
    case = a_case(cohort, 11)
    for name in ("Expert 1", "Expert 2", ""):
        mask = a_mask(case, lesions=2, method="" if name else "slim-unet")
        if name:
            mask.origin, mask.title = "delineation", name
            mask.save()
    fused = {"of": ["Expert 1", "Expert 2"], "rule": "union"}
    watch(client, "post", "/api/v1/cohorts/clinic/references/", fused)
    asked = {"title": "Test set", "references": ["Expert 1", "consensus"]}
    ids = [
        watch(client, "post", "/api/v1/cohorts/clinic/evaluations/", asked).json()["id"]
        for _ in range(2)
    ]
    watch(client, "post", f"/api/v1/evaluations/{ids[0]}/cancel/", {})
    watch(client, "post", f"/api/v1/evaluations/{ids[0]}/delete/", {"reason": "A mistake."})
    evaluation = Evaluation.objects.get(pk=ids[1])
    lease = take(evaluation, clock=timezone.now)
    assert lease is not None
    run_evaluation(lease)
    chosen = {"slices": [{"case": case.code, "slice": 2}]}
    watch(client, "put", f"/api/v1/evaluations/{evaluation.pk}/slices/", chosen)
    return evaluation


def test_what_is_taken_out_is_written_down(watch: Watch, cora: User, cohort: Cohort) -> None:
    client = signed_in(cora)
    case = a_case(cohort, 1)
    mask = a_mask(case, lesions=2)
    mask.probability = mask.mask.name
    mask.save()
    watch(client, "get", f"/api/v1/cases/{case.code}/scans/FLAIR/original/")
    for kind in ("mask", "probability"):
        watch(client, "get", f"/api/v1/segmentations/{mask.pk}/{kind}/")
    brain = SimpleUploadedFile("brainmask.nii.gz", nifti(mask_with(2).astype("uint8")))
    client.post(f"/api/v1/cases/{case.code}/brain/", {"file": brain})
    watch(client, "get", f"/api/v1/cases/{case.code}/brain/mask/")
    training = a_training(cohort, by=cora)
    content = CHECKPOINT.read_bytes()
    about = {"title": "Ours", "cohorts": [cohort], "now": timezone.now(), "training": training}
    add_version(method="slim-unet", content=content, **about)
    watch(client, "get", f"/api/v1/trainings/{training.pk}/checkpoint/")
    evaluation = evaluate(Watch(), client, cohort)
    watch(client, "get", f"/api/v1/evaluations/{evaluation.pk}/bundle/")
    study = a_closed_study(client, mask.pk)
    watch(client, "get", f"/api/v1/studies/{study}/bundle/")
    watch(client, "get", f"/api/v1/studies/{study}/report.html")
    refer(Watch(), client, case=case.code)
    for what in ("bundle/", f"cases/{case.code}/dots.nii.gz", f"cases/{case.code}/dots.csv"):
        watch(client, "get", f"/api/v1/reference-studies/test-set/{what}")
    watch(client, "get", "/cohorts/clinic/audit.csv")
    watch(client, "get", f"/api/v1/segmentations/{mask.pk}/labels/")
    assert left_as_said(watch, TAKEN_OUT) == set(TAKEN_OUT)
    assert watch.left["api:segmentation-labels", "GET"] == set()  # the viewer's, every time
    entry = AuditEntry.objects.get(act=Act.SCAN_DOWNLOADED)
    assert (entry.actor, entry.what, entry.cohort) == (
        "cora",
        f"FLAIR of case {case.code}",
        "clinic",
    )


def a_closed_study(client: Client, mask: Any) -> str:
    """A study without answers; returns its slug."""
    invited(Cohort.objects.get(slug="clinic"), User.objects.create_user("ravi"))
    root, sent = "/api/v1/studies/reading/", {"content_type": "application/json"}
    client.post("/api/v1/cohorts/clinic/studies/", {"title": "Reading"}, **sent)
    design = {"gap": 0, "min_volume_mm3": 0}
    chosen = {"items": [str(mask)], "raters": ["ravi"], "design": design}
    client.patch(root, chosen, **sent)
    client.post(f"{root}open/", {}, **sent)
    assert client.post(f"{root}close/", {"reason": "Enough."}, **sent).status_code == 200
    return "reading"


# --- The administration ---------------------------------------------------------------------------


@pytest.fixture
def boss(db: None) -> Client:
    return signed_in(User.objects.create_superuser("boss"))


def by_boss() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(actor="boss").exclude(act=Act.SIGNED_IN)
    return list(found.order_by("pk").values_list("act", "what"))


def members(*rows: dict[str, Any], stored: int = 0) -> dict[str, Any]:
    """The administration's form of a cohort's members."""
    sizes = {"TOTAL_FORMS": len(rows), "INITIAL_FORMS": stored}
    fields = sizes | {
        f"{n}-{key}": value for n, row in enumerate(rows) for key, value in row.items()
    }
    return {f"memberships-{name}": value for name, value in fields.items()}


def test_cohorts_and_their_members(boss: Client, cora: User) -> None:
    clinic = {"title": "Clinic", "slug": "clinic"}
    new = members({"user": cora.pk, "role": "delineator"})
    assert boss.post("/admin/segmentation/cohort/add/", clinic | new).status_code == 302
    cohort = Cohort.objects.get()
    address = f"/admin/segmentation/cohort/{cohort.pk}/"
    row = {"id": cohort.memberships.get().pk, "cohort": cohort.pk, "user": cora.pk}
    promoted = members(row | {"role": "coordinator"}, stored=1)
    assert boss.post(f"{address}change/", clinic | promoted).status_code == 302
    gone = members(row | {"role": "delineator", "DELETE": "on"}, stored=1)
    renamed = {"title": "Clinic 2019", "slug": "clinic"}
    assert boss.post(f"{address}change/", renamed | gone).status_code == 302
    assert cohort.memberships.get().role == "coordinator", "that is for `remove_member`"
    other = {"user": User.objects.create_user("otto").pk, "role": "coordinator"}
    boss.post(f"{address}change/", renamed | members(row | other, stored=1))
    assert cohort.memberships.get().user == cora
    assert boss.post(f"{address}delete/", {"post": "yes"}).status_code == 302
    assert by_boss() == [
        ("cohort-created", "Clinic (clinic)"),
        ("member-added", "cora, delineator"),
        ("member-changed", "cora, coordinator"),
        ("cohort-changed", "Clinic 2019 (clinic)"),
        ("cohort-deleted", "Clinic 2019 (clinic)"),
    ]
    assert set(AuditEntry.objects.filter(act="member-added").values_list("cohort", "about_id")) == {
        ("clinic", cora.pk)
    }
    assert not CohortMembership.objects.exists()


def test_accounts_rights_and_passwords(boss: Client) -> None:
    secret = {"password1": "phantoms-of-2019", "password2": "phantoms-of-2019"}
    new = {"username": "rita", "usable_password": "true"} | secret
    assert boss.post("/admin/auth/user/add/", new).status_code == 302
    rita = User.objects.get(username="rita")
    cohort = create_cohort(title="Clinic", coordinators=[rita])
    address = f"/admin/auth/user/{rita.pk}/"
    needed = boss.post(f"{address}delete/", {"post": "yes"})
    assert "rita is the only coordinator of Clinic. Invite another" in needed.content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [rita.pk], "post": "yes"}
    boss.post("/admin/auth/user/", chosen)
    assert cohort.memberships.get().user == rita
    add_member(cohort=cohort, user=User.objects.create_user("otto"), role="coordinator")
    joined = {"date_joined_0": "2026-03-02", "date_joined_1": "12:00:00"}
    rights = {"username": "rita", "is_staff": "on", "email": "rita@clinic.example"} | joined
    assert boss.post(f"{address}change/", rights).status_code == 302
    password = {"usable_password": "true"} | secret
    assert boss.post(f"{address}password/", password).status_code == 302
    assert boss.post(f"{address}delete/", {"post": "yes"}).status_code == 302
    told = by_boss()
    assert [act for act, _ in told] == [
        "account-created",
        "account-changed",
        "account-changed",
        "member-removed",
        "account-deleted",
    ]
    assert told[1][1].startswith("rita: ")
    assert {"Active", "Staff status"} <= set(told[1][1].removeprefix("rita: ").split(", "))
    assert told[2][1] == "rita: password"
    everything = " ".join(f"{act} {what}" for act, what in told)
    assert "clinic.example" not in everything
    assert "phantoms" not in everything
    about = AuditEntry.objects.filter(actor="boss", about_id=rita.pk)
    assert about.count() == len(told)


def test_ones_own_password_is_changed_on_one_page_only(boss: Client) -> None:
    new = {
        "old_password": "x",
        "new_password1": NEW["password1"],
        "new_password2": NEW["password1"],
    }
    answer = boss.post("/admin/password_change/", new)
    assert answer.headers["Location"] == "/account/password/"


def test_several_accounts_at_once(boss: Client) -> None:
    two = [User.objects.create_user(name).pk for name in ("rita", "ravi")]
    chosen = {"action": "delete_selected", "_selected_action": two, "post": "yes"}
    assert boss.post("/admin/auth/user/", chosen).status_code == 302
    assert sorted(by_boss()) == [("account-deleted", "ravi"), ("account-deleted", "rita")]
    assert not User.objects.filter(pk__in=two).exists()


def test_groups_of_rights(boss: Client) -> None:
    assert boss.post("/admin/auth/group/add/", {"name": "Engineers"}).status_code == 302
    address = f"/admin/auth/group/{Group.objects.get().pk}/"
    assert boss.post(f"{address}change/", {"name": "Technicians"}).status_code == 302
    assert boss.post(f"{address}delete/", {"post": "yes"}).status_code == 302
    assert by_boss() == [
        ("group-changed", "group Engineers made"),
        ("group-changed", "group Technicians changed"),
        ("group-changed", "group Technicians deleted"),
    ]


def test_a_cohort_made_by_a_command(cora: User) -> None:
    create_cohort(title="Clinic", coordinators=[cora])
    entries = AuditEntry.objects.filter(cohort="clinic").order_by("pk")
    assert list(entries.values_list("actor", "act", "what")) == [
        ("", "cohort-created", "Clinic (clinic)"),
        ("", "member-added", "cora, coordinator"),
    ]
