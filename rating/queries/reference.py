"""What can be asked about reference studies, and by whom it may be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max, OuterRef, Prefetch, Q, QuerySet

from rating.dots.acceptance import COLLEAGUE, SHAM, Accepted, DecidedDot, accepted
from rating.dots.acceptance import OWN as OWN_DOTS
from rating.dots.design import ReferenceDesign, design_from_json, design_of_values
from rating.models import (
    Assignment,
    Candidate,
    Delineation,
    Dot,
    DotDecision,
    ReferenceCase,
    ReferenceStudy,
)
from rating.queries.blinding import AWAITED, UNDRAWN
from segmentation.imaging.consensus import RULES
from segmentation.models import Cohort, CohortMembership, InferenceJob, Segmentation
from segmentation.operations.masks import fitting_title
from segmentation.operations.references import reference_title
from segmentation.queries import (
    coordinated_and_open,
    how_many,
    method_titles,
    roles_in_whole_cohort,
    visible_cases,
)
from segmentation.refusals import Refusal

NO_ROLE: frozenset[str] = frozenset()
OWN, DOTS = Delineation.Step.OWN, Delineation.Step.DOTS
CLOSED = ReferenceStudy.State.CLOSED
AWAITED_OF_CASE = Q(delineations__submitted_at=None, delineations__assignment__left_at=None)


# --- Who may see what -----------------------------------------------------------------------------


def reference_studies_of(user: User) -> QuerySet[Any]:
    """The reference studies of cohorts that the user coordinates and that have no hidden case.

    None in which they delineate, before it is closed. Newest first, each with how many
    delineations there are (`total`; without what somebody who left has not submitted), how many
    were submitted (`done`), and of how many cases and delineators (`case_count`,
    `delineator_count`).
    """
    mine = Assignment.objects.filter(user=user).exclude(study__state=CLOSED)
    drawn = Delineation.objects.filter(of__study=OuterRef("pk"))
    return (
        ReferenceStudy.objects.filter(cohort__in=coordinated_and_open(user).values("pk"))
        .exclude(pk__in=mine.values("study"))
        .select_related("cohort")
        .annotate(
            total=how_many(drawn.filter(AWAITED | Q(submitted_at__isnull=False))),
            done=how_many(drawn.filter(submitted_at__isnull=False)),
            case_count=how_many(ReferenceCase.objects.filter(study=OuterRef("pk"))),
            delineator_count=how_many(Assignment.objects.filter(study=OuterRef("pk"))),
        )
    )


def roles_in_reference_study(*, user: User, slug: str) -> frozenset[str]:
    """Coordinator, or nothing: also for whoever delineates in it while it is not closed."""
    study = ReferenceStudy.objects.filter(slug=slug).select_related("cohort").first()
    if study is None or not user.is_authenticated:
        return NO_ROLE
    if study.state != CLOSED and study.assignments.filter(user=user).exists():
        return NO_ROLE
    coordinator = frozenset({str(CohortMembership.Role.COORDINATOR)})
    return roles_in_whole_cohort(user=user, slug=study.cohort.slug) & coordinator


def references_left_alone(*, user: User, cohort: Cohort) -> list[str]:
    """The titles of the cohort's open reference studies that nobody but this user could close.

    For a coordinator who delineates in one, it does not exist before it is closed.
    """
    others = CohortMembership.objects.filter(
        cohort=cohort, role=CohortMembership.Role.COORDINATOR
    ).exclude(user=user)
    running = ReferenceStudy.objects.filter(cohort=cohort, state=ReferenceStudy.State.OPEN)
    return [
        study.title
        for study in running.exclude(assignments__user=user)
        if not others.exclude(user__in=study.assignments.values("user")).exists()
    ]


def shares_left_open(*, user: User, cohort: Cohort) -> list[str]:
    """The titles of the cohort's open reference studies that wait for this user's delineations."""
    awaited = Delineation.objects.filter(UNDRAWN, assignment__user=user)
    waiting = ReferenceStudy.objects.filter(cohort=cohort, pk__in=awaited.values("of__study"))
    return list(waiting.order_by("title").values_list("title", flat=True))


@dataclass(frozen=True)
class Waiting:
    """An open study that waits for its coordinator: to make the dots of cases, or to close it."""

    slug: str
    title: str
    dots_due: int
    is_finished: bool


def references_waiting(studies: Iterable[Any], *, now: datetime) -> list[Waiting]:
    """Those of `reference_studies_of` that are open and wait for their coordinator, in order."""
    running = [one for one in studies if one.state == ReferenceStudy.State.OPEN]
    due = Counter(case.study_id for case in cases_due(*running, now=now))
    return [
        Waiting(one.slug, one.title, due[one.pk], one.done == one.total)
        for one in running
        if due[one.pk] or one.done == one.total
    ]


# --- Studies --------------------------------------------------------------------------------------


def reference_study(slug: str) -> ReferenceStudy:
    """One study with its cohort; raises `ReferenceStudy.DoesNotExist`."""
    return ReferenceStudy.objects.select_related("cohort").get(slug=slug)


def design_of(study: ReferenceStudy) -> ReferenceDesign:
    """The frozen design, or what a draft amounts to so far, without the methods' masks."""
    if study.design_json:
        return design_from_json(study.design_json)
    return design_of_values(study.settings)


def newest_jobs(*, cases: Iterable[str], methods: Iterable[str]) -> list[InferenceJob]:
    """The newest job that succeeded and whose mask is there, for each case (code) and method."""
    done = (
        InferenceJob.objects.filter(
            case__code__in=list(cases),
            method__in=list(methods),
            state=InferenceJob.State.SUCCEEDED,
            segmentation__isnull=False,
        )
        .select_related("case", "segmentation")
        .order_by("finished_at", "pk")
    )
    return list({(job.case_id, job.method): job for job in done}.values())


def choices_for(study: ReferenceStudy, *, user: User) -> dict[str, Any]:
    """What a draft can be made of: cases with the methods that have masks of them, and people."""
    seen = visible_cases(user).filter(cohort=study.cohort_id).order_by("code")
    done = InferenceJob.objects.filter(
        case__in=seen.values("pk"),
        state=InferenceJob.State.SUCCEEDED,
        segmentation__isnull=False,
    )
    methods: dict[str, set[str]] = {}
    for code, method in done.order_by().values_list("case__code", "method").distinct():
        methods.setdefault(code, set()).add(method)
    made = {name for names in methods.values() for name in names}
    titles = method_titles(made)
    people = User.objects.filter(
        cohort_memberships__cohort=study.cohort_id, is_active=True
    ).exclude(pk=user.pk)
    return {
        "cases": [
            {"code": code, "subject": subject, "methods": sorted(methods.get(code, ()))}
            for code, subject in seen.values_list("code", "subject")
        ],
        "methods": [{"name": name, "title": titles.get(name, name)} for name in sorted(made)],
        "people": [
            {"username": one.username, "name": one.get_full_name()}
            for one in people.order_by("username")
        ],
    }


@dataclass(frozen=True)
class Pace:
    """How far a delineator is: never what they drew or decided."""

    username: str
    name: str
    cases: int
    step_1: int
    step_2: int
    last_activity: datetime | None
    left_at: datetime | None


def paces(study: ReferenceStudy) -> list[Pace]:
    """How far every delineator of a study is, by user name."""
    counted: QuerySet[Any] = study.assignments.select_related("user").annotate(
        cases=Count("delineations", filter=Q(delineations__step=OWN)),
        step_1=Count(
            "delineations",
            filter=Q(delineations__step=OWN, delineations__submitted_at__isnull=False),
        ),
        step_2=Count(
            "delineations",
            filter=Q(delineations__step=DOTS, delineations__submitted_at__isnull=False),
        ),
        opened=Max("delineations__opened_at"),
        submitted=Max("delineations__submitted_at"),
    )
    return [
        Pace(
            username=one.delineator,
            name=one.user.get_full_name(),
            cases=one.cases,
            step_1=one.step_1,
            step_2=one.step_2,
            last_activity=max((at for at in (one.opened, one.submitted) if at), default=None),
            left_at=one.left_at,
        )
        for one in counted.order_by("delineator")
    ]


def step_1_ends(*studies: ReferenceStudy) -> Mapping[int, datetime]:
    """When the last delineation of step 1 came in, for the cases that have all of them.

    Of somebody who left, none is waited for any more.
    """
    if not studies:
        return {}
    counted = (
        ReferenceCase.objects.filter(study__in=studies)
        .annotate(
            left=Count(
                "delineations",
                filter=AWAITED_OF_CASE & Q(delineations__step=OWN),
            ),
            last=Max("delineations__submitted_at", filter=Q(delineations__step=OWN)),
        )
        .filter(left=0, last__isnull=False)
    )
    return dict(counted.values_list("pk", "last"))


def cases_due(*studies: ReferenceStudy, now: datetime) -> list[ReferenceCase]:
    """The cases of open studies whose interval is over and whose dots are not made yet."""
    if not (ends := step_1_ends(*studies)):
        return []
    interval = {one.pk: timedelta(days=design_of(one).interval_days) for one in studies}
    unbuilt = ReferenceCase.objects.filter(pk__in=ends, built_at=None)
    found = unbuilt.select_related("study__cohort", "case").order_by("study", "case__code")
    return [one for one in found if now >= ends[one.pk] + interval[one.study_id]]


@dataclass(frozen=True)
class CaseInReference:
    """Where a case of an opened study is between the two steps."""

    code: str
    step_1_left: int
    step_2_left: int
    dots_from: datetime | None
    built_at: datetime | None
    candidates: int


def cases_of(study: ReferenceStudy) -> list[CaseInReference]:
    """Where every case of a study is, by code; none of a draft."""
    counted: QuerySet[Any] = study.cases.select_related("case").annotate(
        step_1_left=Count("delineations", filter=AWAITED_OF_CASE & Q(delineations__step=OWN)),
        step_2_left=Count("delineations", filter=AWAITED_OF_CASE & Q(delineations__step=DOTS)),
        found=how_many(Candidate.objects.filter(of=OuterRef("pk"), is_sham=False)),
    )
    ends, interval = step_1_ends(study), timedelta(days=design_of(study).interval_days)
    return [
        CaseInReference(
            code=one.case.code,
            step_1_left=one.step_1_left,
            step_2_left=one.step_2_left,
            dots_from=ends[one.pk] + interval if one.pk in ends else None,
            built_at=one.built_at,
            candidates=one.found,
        )
        for one in counted.order_by("case__code")
    ]


class ReferenceNotClosed(Refusal):
    """The reference study still runs: where its dots came from is shown to nobody."""


def refuse_unclosed(study: ReferenceStudy) -> None:
    """This will raise ReferenceNotClosed unless the study is closed."""
    if study.state != CLOSED:
        raise ReferenceNotClosed(
            f"{study.title} is {study.state}. What was decided, and where the dots came from, is "
            "shown when it is closed."
        )


def acceptance_of(study: ReferenceStudy) -> tuple[Accepted, ...]:
    """How many dots of which source were accepted, in what was submitted.

    Raises ReferenceNotClosed.
    """
    refuse_unclosed(study)
    design = design_of(study)
    sources = [OWN_DOTS, COLLEAGUE, *design.methods, *([SHAM] if design.shams_per_case else [])]
    left = study.assignments.exclude(left_at=None).values_list("delineator", flat=True)
    return accepted(decided_dots(study), sources=sources, left=left)


AFTER_STEP_1 = ", step 1"
FUSED_BY = ("union", "intersection", "majority")


def mask_title(study: ReferenceStudy, delineation: Delineation) -> str:
    """What the mask of a delineation is called: by it the evaluation finds the reference."""
    step = AFTER_STEP_1 if delineation.step == OWN else ""
    return fitting_title(f"{study.title}{step}: {delineation.assignment.delineator}")


def names_to_fuse(study: ReferenceStudy) -> list[str]:
    """What the masks of the second step of all who did not leave are called, by user name."""
    second = Delineation.objects.filter(
        of__study=study, step=DOTS, assignment__left_at=None
    ).select_related("assignment")
    ordered = second.order_by("assignment__delineator")
    return list(dict.fromkeys(mask_title(study, one) for one in ordered))


def fused_titles(study: ReferenceStudy) -> dict[str, str]:
    """What the masks fused of them are called, by rule."""
    names = names_to_fuse(study)
    return {rule: reference_title(rule, names) for rule in FUSED_BY}


def cases_unmade(study: ReferenceStudy) -> list[ReferenceCase]:
    """The cases of a closed study of which a mask is still to be made or to be fused, by code."""
    titles = list(fused_titles(study).values())
    fused = Counter(
        Segmentation.objects.filter(
            origin=Segmentation.Origin.CONSENSUS,
            title__in=titles,
            case__in=study.cases.values("case"),
        )
        .values_list("case", "title")
        .distinct()
        .values_list("case", flat=True)
    )
    finished = cases_all_finished(study) if len(names_to_fuse(study)) > 1 else set()
    undrawn = set(
        Delineation.objects.filter(
            of__study=study, submitted_at__isnull=False, segmentation=None
        ).values_list("of", flat=True)
    )
    return [
        one
        for one in study.cases.select_related("case").order_by("case__code")
        if one.pk in undrawn or (one.pk in finished and fused[one.case_id] < len(titles))
    ]


def cases_all_finished(study: ReferenceStudy) -> set[int]:
    """The keys of a study's cases whose second step everybody who did not leave has submitted."""
    second = Delineation.objects.filter(of__study=study, step=DOTS)
    waiting = second.filter(AWAITED).values("of")
    done = second.filter(submitted_at__isnull=False, assignment__left_at=None)
    return set(done.exclude(of__in=waiting).values_list("of", flat=True))


def unmade_of(case: ReferenceCase) -> list[Delineation]:
    """What was submitted of a case and has not become a mask yet."""
    left = case.delineations.filter(submitted_at__isnull=False, segmentation=None)
    return list(left.select_related("assignment__user", "of__case", "drawing__parent"))


def masks_to_fuse(case: ReferenceCase) -> dict[str, Segmentation]:
    """The masks of the second step of all who did not leave, by title; none while one is missing.

    None of a single delineator either: there is nothing to fuse.
    """
    second = case.delineations.filter(step=DOTS, assignment__left_at=None)
    ordered = second.select_related("assignment", "segmentation").order_by("assignment__delineator")
    found = {mask_title(case.study, one): one.segmentation for one in ordered}
    masks = {name: mask for name, mask in found.items() if mask is not None}
    return masks if len(masks) == len(found) > 1 else {}


def is_fused(case: ReferenceCase, title: str) -> bool:
    """Whether a case has a fused mask of this title."""
    made = Segmentation.objects.filter(case=case.case_id, title=title)
    return made.filter(origin=Segmentation.Origin.CONSENSUS).exists()


def references_made(study: ReferenceStudy) -> list[Segmentation]:
    """The masks that came of a closed study, those that were fused of them too; by case and age.

    Also by a rule (STAPLE) that somebody asked for, of the second step of all who did not leave.
    """
    names = names_to_fuse(study)
    titles = [reference_title(rule, names) for rule in RULES]
    cases = study.cases.values("case")
    own = Q(delineation__of__study=study)
    fused = Q(origin=Segmentation.Origin.CONSENSUS, title__in=titles)
    made = Segmentation.objects.filter(own | fused, case__in=cases).select_related("case")
    return list(made.order_by("case__code", "created_at", "title"))


def decided_dots(study: ReferenceStudy) -> list[DecidedDot]:
    """The newest decision about every dot of what was submitted, with the dot's sources."""
    dots = (
        Dot.objects.filter(delineation__of__study=study, delineation__submitted_at__isnull=False)
        .select_related("delineation__assignment", "delineation__of__case", "candidate")
        .prefetch_related(
            Prefetch("decisions", DotDecision.objects.order_by("version")),
            "candidate__origins__delineation",
            "candidate__origins__mask",
        )
        .order_by("delineation__assignment__delineator", "delineation__of__case__code", "position")
    )
    return [
        DecidedDot(
            delineator=dot.delineation.assignment.delineator,
            case=dot.delineation.of.case.code,
            sources=sources_of(dot),
            choice=list(dot.decisions.all())[-1].choice,
        )
        for dot in dots
    ]


def sources_of(dot: Dot) -> frozenset[str]:
    """Where a dot came from, as seen by the delineator who decided it."""
    if dot.candidate.is_sham:
        return frozenset({SHAM})
    mine = dot.delineation.assignment_id
    return frozenset(
        origin.mask.method
        if origin.mask is not None
        else OWN_DOTS
        if origin.delineation is not None and origin.delineation.assignment_id == mine
        else COLLEAGUE
        for origin in dot.candidate.origins.all()
    )
