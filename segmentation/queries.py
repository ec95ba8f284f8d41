"""What can be asked about cases, masks and jobs, and by whom it may be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Length
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.module_loading import import_string

from segmentation.methods import METHOD_CARDS, MethodCard, method_card
from segmentation.models import (
    AuditEntry,
    BrainMask,
    Case,
    Cohort,
    CohortMembership,
    Drawing,
    Evaluation,
    InferenceJob,
    Job,
    Scan,
    Segmentation,
    Training,
    Version,
    Worker,
)

NO_ROLE: frozenset[str] = frozenset()


def hidden_cases(user: User) -> Any:
    """The primary keys of cases that this user must not see now (blinding), for `exclude`."""
    rule = import_string(settings.CASES_HIDDEN_FROM)
    return rule(user)


def visible_cases(user: User | AnonymousUser) -> QuerySet[Case]:
    """The cases of the user's cohorts, less those they have yet to finish reading."""
    if not user.is_authenticated:
        return Case.objects.none()
    return Case.objects.filter(cohort__memberships__user=user).exclude(pk__in=hidden_cases(user))


def visible_masks(user: User) -> QuerySet[Segmentation]:
    """The masks of `visible_cases`."""
    mine = Segmentation.objects.filter(case__cohort__memberships__user=user)
    return mine.exclude(case__in=hidden_cases(user))


def belongs_to_a_cohort(user: User) -> bool:
    """Whether cases and studies are somebody's business, or readings alone."""
    return CohortMembership.objects.filter(user=user).exists()


def methods_shown_to(user: User) -> tuple[MethodCard, ...]:
    """The methods, for whoever belongs to a cohort; who only rates is not told their names."""
    if not belongs_to_a_cohort(user):
        return ()
    return (*METHOD_CARDS, *(card_of(version) for version in versions_of(user)))


def versions_of(user: User) -> QuerySet[Version]:
    """The versions of methods that were made in any of the user's cohorts."""
    return Version.objects.filter(cohorts__memberships__user=user).distinct()


def method_titles(names: Iterable[str]) -> dict[str, str]:
    """What people call methods and versions of them that were made here; others are left out."""
    versions = Version.objects.filter(name__in=list(names)).values_list("name", "title")
    return {**{card.name: card.title for card in METHOD_CARDS}, **dict(versions)}


def card_of(version: Version) -> MethodCard:
    """What a version is and needs: its method's card under its own name."""
    learned = len(version.record.get("training_sha256", []))
    words = f"A version of {method_card(version.method).title} made here"
    return replace(
        method_card(version.method),
        name=version.name,
        title=version.title,
        summary=f"{words} from {learned} cases." if learned else f"{words}.",
        parts="",
        made_by="",
    )


def card_named(name: str, *, user: User | None) -> MethodCard:
    """The card of a method or of a version that somebody may run; raises UnknownMethod.

    None is a command, which may run every version.
    """
    versions = Version.objects.all() if user is None else versions_of(user)
    version = versions.filter(name=name).first()
    return method_card(name) if version is None else card_of(version)


def cohorts_of(user: User) -> QuerySet[Any]:
    """The user's cohorts, each with the user's `role` and the number of `visible` cases."""
    visible = Case.objects.filter(cohort=OuterRef("pk")).exclude(pk__in=hidden_cases(user))
    return (
        Cohort.objects.filter(memberships__user=user)
        .annotate(role=F("memberships__role"), visible=how_many(visible))
        .order_by("title")
    )


CASE_JOBS = 50
NO_MASK = "none"  # as the wanted mask: cases that have none yet
CASE_ORDERS: dict[str, tuple[Any, ...]] = {
    "code": (Length("code"), F("code")),  # C10000 comes after C9999
    "-code": (Length("code").desc(), F("code").desc()),
    "subject": (F("subject"), F("code")),
    "imported": (F("imported_at"), F("pk")),
    "-imported": (F("imported_at").desc(), F("pk").desc()),
}


def cases_in_cohort(
    user: User, slug: str, *, search: str = "", sequence: str = "", mask: str = "", order: str = ""
) -> QuerySet[Case]:
    """The visible cases of one cohort with scans, the count of masks and of unfinished jobs.

    `search` is a part of the code or the subject, `sequence` one that a case must have, `mask` the
    method (or origin) of a mask that it must have or NO_MASK, `order` a key of CASE_ORDERS.
    """
    found = visible_cases(user).filter(cohort__slug=slug)
    if search:
        found = found.filter(Q(code__icontains=search) | Q(subject__icontains=search))
    if sequence:
        found = found.filter(Exists(Scan.objects.filter(case=OuterRef("pk"), sequence=sequence)))
    masks = Segmentation.objects.filter(case=OuterRef("pk"))
    if mask == NO_MASK:
        found = found.filter(~Exists(masks))
    elif mask:
        found = found.filter(Exists(masks.filter(Q(method=mask) | Q(method="", origin=mask))))
    under_way = InferenceJob.objects.filter(case=OuterRef("pk"), state__in=InferenceJob.UNFINISHED)
    return (
        found.select_related("cohort")
        .prefetch_related("scans")
        .annotate(mask_count=how_many(masks), unfinished_jobs=how_many(under_way))
        .order_by(*CASE_ORDERS.get(order, CASE_ORDERS["code"]))
    )


class HowManyInList(Func):
    """How many entries a JSON list has, counted by the database."""

    function = "JSON_ARRAY_LENGTH"
    output_field = IntegerField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """PostgreSQL calls it by another name."""
        return self.as_sql(compiler, connection, function="jsonb_array_length", **more)

    def get_db_converters(self, connection: Any) -> list[Any]:
        """None: both databases answer with a whole number."""
        return []


class Written(Func):
    """A moment in UTC as ISO 8601, written by the database: for lists of very many."""

    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """A moment is kept with its time zone."""
        form = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
        template = f"to_char(%(expressions)s AT TIME ZONE 'UTC', {form})"
        return self.as_sql(compiler, connection, template=template, **more)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """A moment is kept as words, in UTC, with a blank between, and no fraction that is 0."""
        template = "substr(replace(%(expressions)s, ' ', 'T') || '.000000', 1, 26) || 'Z'"
        return self.as_sql(compiler, connection, template=template, **more)


class WrittenId(Func):
    """A UUID as it is written in addresses, by the database: for lists of very many."""

    output_field = CharField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """A UUID is kept as such."""
        return self.as_sql(compiler, connection, template="(%(expressions)s)::text", **more)

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """A UUID is kept as its digits."""
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        template = " || '-' || ".join(f"substr(%(expressions)s, {at}, {n})" for at, n in parts)
        return self.as_sql(compiler, connection, template=template, **more)


def how_many(rows: QuerySet[Any]) -> Coalesce:
    """How many rows an outer query has, as one subquery."""
    # A plain function: of a Count, which groups, Django takes twice as long to make the SQL.
    counted = Func(F("pk"), function="COUNT", output_field=IntegerField())
    return Coalesce(Subquery(rows.order_by().values(n=counted)), 0)


def masks_in_cohort(user: User, slug: str) -> list[str]:
    """What made the masks that somebody sees in a cohort: methods, or origins where none did."""
    found = visible_masks(user).filter(case__cohort__slug=slug)
    pairs = found.order_by().values_list("method", "origin").distinct()
    return sorted({method or origin for method, origin in pairs})


def found_cases(user: User, words: str) -> QuerySet[Case]:
    """The visible cases of all the user's cohorts with this in their code or subject."""
    return (
        visible_cases(user)
        .filter(Q(code__icontains=words) | Q(subject__icontains=words))
        .select_related("cohort")
        .order_by(*CASE_ORDERS["code"])
    )


def people_called(words: str) -> QuerySet[User]:
    """The accounts with this in their user name or name, for an administrator."""
    by_name = Q(first_name__icontains=words) | Q(last_name__icontains=words)
    return User.objects.filter(Q(username__icontains=words) | by_name).order_by("username")


def failed_for_good(user: User) -> QuerySet[InferenceJob]:
    """The failed jobs of visible cases that nobody has asked for again."""
    return _failed_for_good().filter(case__in=visible_cases(user))


def _failed_for_good() -> QuerySet[InferenceJob]:
    again = InferenceJob.objects.filter(
        case=OuterRef("case"), method=OuterRef("method"), queued_at__gt=OuterRef("queued_at")
    )
    return InferenceJob.objects.filter(~Exists(again), state=InferenceJob.State.FAILED)


def jobs_of(
    user: User, *, state: str = "", method: str = "", cohort: str = "", search: str = ""
) -> QuerySet[InferenceJob]:
    """The jobs of all cases that somebody may see, newest first.

    `state`, `method` and `cohort` (a slug) are exact, `search` is a part of the case's code.
    """
    asked = {"state": state, "method": method, "case__cohort__slug": cohort}
    exact = {name: value for name, value in asked.items() if value}
    return (
        InferenceJob.objects.filter(case__in=visible_cases(user), **exact)
        .filter(case__code__icontains=search)
        .select_related("case")
        .order_by("-queued_at", "pk")
    )


_given_clock: ContextVar[Callable[[], datetime] | None] = ContextVar("given_clock", default=None)


@contextmanager
def clock_given(clock: Callable[[], datetime]) -> Iterator[None]:
    """This will let a clock stand in for the database's, for whatever this thread does within.

    For studies that are held by a script and shall come out the same every time.
    """
    before = _given_clock.set(clock)
    try:
        yield
    finally:
        _given_clock.reset(before)


class DatabaseClock(Func):
    """The time by the database's clock, told in answer to a query that is made anyway."""

    function = "clock_timestamp"
    output_field = DateTimeField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **more: Any) -> Any:
        """The database's own clock, unless another is given."""
        if (given := _given_clock.get()) is not None:
            return compiler.compile(Value(given(), DateTimeField()))
        return self.as_sql(compiler, connection, **more)

    def as_sqlite(self, compiler: SQLCompiler, *_: object, **__: object) -> Any:
        """With SQLite everything runs on one machine, so that machine's clock is the database's."""
        clock = _given_clock.get() or timezone.now
        return compiler.compile(Value(clock(), DateTimeField()))


def database_now() -> datetime:
    """The time by the database's clock, which all workers share whatever their own clocks say.

    With SQLite everything runs on one machine, so that machine's clock is the database's.
    """
    if (given := _given_clock.get()) is not None:
        return given()
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def needing_attention(user: User, *, now: datetime) -> list[Any]:
    """The cohorts that the user coordinates where something waits, by title.

    Each with the number of `failed` jobs that nobody asked for again, of `bare` cases without any
    mask or unfinished job, and of jobs that are `stuck`: queued while no worker is there.
    """
    hidden = hidden_cases(user)  # every other case of these cohorts is seen
    masked = Segmentation.objects.filter(case=OuterRef("pk"))
    under_way = InferenceJob.objects.filter(case=OuterRef("pk"), state__in=InferenceJob.UNFINISHED)
    failed = _failed_for_good().filter(case__cohort=OuterRef("pk")).exclude(case__in=hidden)
    mine = Cohort.objects.filter(
        memberships__user=user, memberships__role=CohortMembership.Role.COORDINATOR
    )
    cases = Case.objects.filter(cohort=OuterRef("pk")).exclude(pk__in=hidden)
    bare = cases.filter(~Exists(masked), ~Exists(under_way))
    queued = InferenceJob.objects.filter(
        case__cohort=OuterRef("pk"), state=InferenceJob.State.QUEUED
    ).exclude(case__in=hidden)
    stuck = queued.none() if is_worker_there(now=now) else queued
    counted = mine.annotate(
        failed=how_many(failed), bare=how_many(bare), stuck=how_many(stuck)
    ).order_by("title")
    # Chosen here: as a condition in SQL, everything would be counted twice.
    return [cohort for cohort in counted if cohort.failed or cohort.bare or cohort.stuck]


def flairs_by_sent_file(cohort: Cohort, hashes: Sequence[str]) -> dict[str, int]:
    """The cases (primary keys) of a cohort by the SHA-256 of their FLAIR file as it was sent."""
    found = Scan.objects.filter(case__cohort=cohort, sequence="FLAIR", sent_sha256__in=hashes)
    return dict(found.values_list("sent_sha256", "case"))


def case_in_full(code: str) -> Any:
    """One case with everything that its page shows; raises `Case.DoesNotExist`.

    Its `newest_jobs` are CASE_JOBS at most: the page of jobs has them all.
    """
    newest = InferenceJob.objects.all()[:CASE_JOBS]
    return (
        Case.objects.select_related("cohort", "brain_mask")
        .prefetch_related("scans", "segmentations__author", Prefetch("jobs", newest, "newest_jobs"))
        .get(code=code)
    )


def brain_mask_of(code: str) -> BrainMask:
    """The brain mask of a case; raises `BrainMask.DoesNotExist`."""
    return BrainMask.objects.select_related("case").get(case__code=code)


def roles_in_cohort(*, user: User, slug: str) -> frozenset[str]:
    """The user's roles in a cohort; empty for strangers and unknown cohorts."""
    return frozenset(
        CohortMembership.objects.filter(user=user, cohort__slug=slug).values_list("role", flat=True)
    )


def _roles_where(user: User, **which: Any) -> frozenset[str]:
    """The user's roles in the cohort of the one visible case that `which` picks."""
    cohort = visible_cases(user).filter(**which).values("cohort")[:1]
    return frozenset(
        CohortMembership.objects.filter(user=user, cohort__in=cohort).values_list("role", flat=True)
    )


def roles_in_case(*, user: User, code: str) -> frozenset[str]:
    """The user's roles in a case's cohort; empty when the case is hidden or unknown."""
    return _roles_where(user, code=code)


def roles_in_segmentation(*, user: User, segmentation_id: UUID) -> frozenset[str]:
    """The user's roles in the case of a segmentation; empty when hidden or unknown."""
    return _roles_where(user, segmentations__pk=segmentation_id)


def roles_in_job(*, user: User, job_id: UUID) -> frozenset[str]:
    """The user's roles in the case of a job; empty when hidden or unknown."""
    return _roles_where(user, jobs__pk=job_id)


def roles_in_drawing(*, user: User, drawing_id: UUID) -> frozenset[str]:
    """Owner, when a drawing is the user's own and its case visible; empty for everybody else.

    A drawing that is set aside is reached through its study alone.
    """
    if not user.is_authenticated:
        return NO_ROLE
    mine = Drawing.objects.filter(
        pk=drawing_id, author=user, case__in=visible_cases(user), is_set_aside=False
    )
    return frozenset({"owner"}) if mine.exists() else NO_ROLE


def drawing_in_full(drawing_id: UUID) -> Drawing:
    """One drawing with its edits and its case's scans; raises `Drawing.DoesNotExist`."""
    return (
        Drawing.objects.select_related("case__cohort", "parent", "segmentation")
        .prefetch_related("edits", "case__scans")
        .get(pk=drawing_id)
    )


def unsaved_drawings(
    *, case: Case, parent: Segmentation | None, by: User | None
) -> QuerySet[Drawing]:
    """What somebody draws of a case from the same mask, or (None) from empty, oldest first."""
    mine = Drawing.objects.filter(
        case=case, author=by, parent=parent, segmentation=None, is_set_aside=False
    )
    return mine.order_by("begun_at", "pk")


def begun_in(case: Case, *, by: User) -> list[str]:
    """The masks of a case (ids) that somebody has begun to correct; "" for a drawing from empty."""
    mine = Drawing.objects.filter(
        case=case, author=by, segmentation=None, is_set_aside=False, edits__isnull=False
    )
    parents = mine.order_by().values_list("parent", flat=True).distinct()
    return sorted(str(parent or "") for parent in parents)


def saved_meanwhile(drawing: Drawing) -> QuerySet[Segmentation]:
    """Corrections of the same mask that others saved since a drawing began, oldest first.

    Or since that began which it is a part of. None of a drawing from empty: that is everybody's
    own work.
    """
    return (
        Segmentation.objects.filter(
            parent=drawing.parent_id, parent__isnull=False, created_at__gte=drawing.told_since
        )
        .exclude(author=drawing.author_id)
        .order_by("created_at")
    )


def segmentation_in_full(segmentation_id: UUID) -> Segmentation:
    """One segmentation with its case; raises `Segmentation.DoesNotExist`."""
    return Segmentation.objects.select_related("case").get(pk=segmentation_id)


def evaluations_of(user: User) -> QuerySet[Evaluation]:
    """The evaluations in cohorts that somebody coordinates, newest first, without what they found.

    Where a case of a cohort is hidden from them, so is everything that was found about it.
    """
    return (
        Evaluation.objects.filter(cohort__in=coordinated_and_open(user))
        .select_related("cohort", "requested_by")
        .defer("found")
        .order_by("-queued_at", "pk")
    )


def coordinated_and_open(user: User) -> QuerySet[Cohort]:
    """The cohorts that somebody coordinates and of which no case is hidden from them, by title."""
    hidden = Case.objects.filter(pk__in=hidden_cases(user)).values("cohort")
    return (
        Cohort.objects.filter(
            memberships__user=user, memberships__role=CohortMembership.Role.COORDINATOR
        )
        .exclude(pk__in=hidden)
        .order_by("title")
    )


def methods_with_masks(slug: str) -> list[dict[str, Any]]:
    """The methods that made masks in a cohort: name, title, and in how many cases."""
    made = Segmentation.objects.filter(
        case__cohort__slug=slug, origin=Segmentation.Origin.PREDICTION
    )
    counted = made.order_by().values_list("method").annotate(cases=Count("case", distinct=True))
    cases = dict(counted)
    titles = method_titles(cases)
    order = {name: at for at, name in enumerate(titles)}
    return [
        {"name": name, "title": titles[name], "cases": cases[name]}
        for name in sorted(set(cases) & set(titles), key=lambda one: order[one])
    ]


def evaluation_in_full(evaluation_id: UUID) -> Evaluation:
    """One evaluation with its cohort; raises `Evaluation.DoesNotExist`."""
    return Evaluation.objects.select_related("cohort", "requested_by").get(pk=evaluation_id)


def roles_in_evaluation(*, user: User, evaluation_id: UUID) -> frozenset[str]:
    """The user's roles in the cohort of an evaluation, unless a case of it is hidden from them."""
    slug = Evaluation.objects.filter(pk=evaluation_id).values_list("cohort__slug", flat=True)
    return roles_in_whole_cohort(user=user, slug=slug[0]) if slug else NO_ROLE


def roles_in_whole_cohort(*, user: User, slug: str) -> frozenset[str]:
    """The user's roles in a cohort of which no case is hidden from them; else empty."""
    if Case.objects.filter(cohort__slug=slug, pk__in=hidden_cases(user)).exists():
        return NO_ROLE
    return roles_in_cohort(user=user, slug=slug)


COMMAND = "*"  # as the wanted person: what was done on the command line


def audit_of(
    cohort: str,
    *,
    act: str = "",
    person: str = "",
    since: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """What was done in a cohort (its slug) and to its people's accounts, newest first.

    Its people are its members, those who were, and the raters of its studies. `person` is a user
    name or COMMAND; `since` is the first moment and `before` the first one that is not meant.
    """
    of_person = Q(act__in=AuditEntry.OF_PERSON)
    joined = AuditEntry.objects.filter(cohort=cohort, act=AuditEntry.Act.INVITATION_ACCEPTED)
    told = AuditEntry.objects.filter(cohort=cohort, about_id__isnull=False)
    raters = import_string(settings.RATERS_IN_COHORT)(cohort)
    members = CohortMembership.objects.filter(cohort__slug=cohort)
    theirs = Q()
    for people in (
        members.values("user"),
        raters,
        joined.order_by().values("actor_id"),
        told.order_by().values("about_id"),
    ):
        theirs |= of_person & (Q(actor_id__in=people) | Q(about_id__in=people))
    found = AuditEntry.objects.filter(Q(cohort=cohort) | theirs)
    if act:
        found = found.filter(act=act)
    if person:
        found = found.filter(actor="" if person == COMMAND else person)
    if since:
        found = found.filter(at__gte=since)
    return found.filter(at__lt=before) if before else found


def people_in_audit(cohort: str) -> list[str]:
    """The user names of everybody who did something in a cohort's audit log; no command."""
    names = audit_of(cohort).order_by("actor").values_list("actor", flat=True).distinct()
    return [name for name in names if name]


def jobs_of_case(code: str) -> QuerySet[InferenceJob]:
    """All jobs of a case, newest first."""
    return InferenceJob.objects.filter(case__code=code).select_related("case")


def worker_seen_at() -> datetime | None:
    """When any worker last said that it is there; None when there never was one."""
    return Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()


def is_worker_there(*, now: datetime) -> bool:
    """Whether a worker said so a moment ago."""
    seen = worker_seen_at()
    return seen is not None and (now - seen).total_seconds() < settings.WORKER_SEEN_SECONDS


def due_jobs(*, now: datetime, of: type[Job] = InferenceJob) -> QuerySet[Any]:
    """Jobs that a worker should look at: queued ones, and running ones whose worker went silent.

    A last sign of life that lies in the future was given before a clock was set back: the worker
    gives another soon, or never.
    """
    lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    is_silent = Q(heartbeat_at__lt=now - lease) | Q(heartbeat_at__gt=now + lease)
    return of._default_manager.filter(
        Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING) & is_silent
    ).order_by("queued_at", "pk")


def is_gpu_there(*, now: datetime) -> bool:
    """Whether a worker with a GPU said a moment ago that it is there."""
    since = now - timedelta(seconds=settings.WORKER_SEEN_SECONDS)
    return Worker.objects.filter(has_gpu=True, seen_at__gte=since).exists()


def trainings_of(user: User) -> QuerySet[Training]:
    """The trainings of which all cohorts are the user's and without hidden cases, newest first."""
    open_to = Cohort.objects.filter(memberships__user=user).exclude(
        pk__in=Case.objects.filter(pk__in=hidden_cases(user)).values("cohort")
    )
    elsewhere = Training.cohorts.through.objects.exclude(cohort__in=open_to)
    return (
        Training.objects.filter(cohorts__memberships__user=user)
        .exclude(pk__in=elsewhere.values("training"))
        .distinct()
        .select_related("version", "requested_by")
        .prefetch_related("cohorts")
        .order_by("-queued_at", "pk")
    )


def training_in_full(training_id: UUID) -> Training:
    """One training with its cohorts and its version; raises `Training.DoesNotExist`."""
    found = Training.objects.select_related("version", "requested_by")
    return found.prefetch_related("cohorts").get(pk=training_id)


def roles_in_training(*, user: User, training_id: UUID) -> frozenset[str]:
    """Coordinator for who coordinates all its cohorts, delineator for who belongs to all of them.

    Empty for everybody else, for unknown trainings, and while a case of them is hidden (blinding).
    """
    if not user.is_authenticated:
        return NO_ROLE
    cohorts = set(
        Training.cohorts.through.objects.filter(training=training_id).values_list(
            "cohort", flat=True
        )
    )
    mine = dict(
        CohortMembership.objects.filter(user=user, cohort__in=cohorts).values_list("cohort", "role")
    )
    if not cohorts or set(mine) != cohorts:
        return NO_ROLE
    if Case.objects.filter(cohort__in=cohorts, pk__in=hidden_cases(user)).exists():
        return NO_ROLE
    return frozenset(mine.values()) if len(set(mine.values())) == 1 else frozenset({"delineator"})
