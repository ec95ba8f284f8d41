"""The studies that somebody coordinates, and what a draft may be made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.queries import people_met_by
from rating.models import Amendment, Item, Presentation, Study, StudyMembership
from rating.queries.blinding import studies_hidden_from
from rating.queries.reading import IS_ASKED
from rating.queries.roles import COORDINATOR, RATER, coordinated_by
from segmentation.models import Case, Scan, Segmentation
from segmentation.queries import HowManyInList, Written, WrittenId, how_many, visible_masks


def studies_of(user: User, *, search: str = "") -> QuerySet[Study]:
    """The studies that the user coordinates, less those with a case hidden from them.

    Those with `search` in their title, newest first, each with its number of items, raters and
    presentations (`total`, `done`).
    """
    return with_counts(_seen_by(user).filter(title__icontains=search))


def studies_for_home(user: User) -> QuerySet[Study]:
    """Those of `studies_of` without numbers and designs, for a page that lists them in many ways.

    Which they are is asked once, here.
    """
    seen = list(_seen_by(user).values_list("pk", flat=True))
    return Study.objects.filter(pk__in=seen).defer("design_json", "settings", "pairing")


def _seen_by(user: User) -> QuerySet[Study]:
    coordinated = Study.objects.filter(pk__in=coordinated_by(user).values("study"))
    return coordinated.exclude(pk__in=studies_hidden_from(user))


def with_counts(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Studies with their cohort and the numbers that `studies_of` tells."""
    shown = Presentation.objects.filter(reading__study=OuterRef("pk")).filter(IS_ASKED)
    return studies.select_related("cohort").annotate(
        item_count=how_many(Item.objects.filter(study=OuterRef("pk"), reference=None)),
        rater_count=how_many(StudyMembership.objects.filter(study=OuterRef("pk"), role=RATER)),
        total=how_many(shown),
        done=how_many(shown.filter(submitted_at__isnull=False)),
    )


def rated_to_the_end(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The open ones of which every presentation is rated: they wait to be closed."""
    asked = Presentation.objects.filter(IS_ASKED, reading__study=OuterRef("pk"))
    waits_for_nobody = Exists(asked) & ~Exists(asked.filter(submitted_at=None))
    return studies.filter(waits_for_nobody, state=Study.State.OPEN)


def drafts_among(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Those that were not opened yet."""
    return studies.filter(state=Study.State.DRAFT)


def study_in_full(slug: str) -> Study:
    """One study with its items, their cases and masks; raises `Study.DoesNotExist`."""
    items = Item.objects.select_related("segmentation__case", "reference").defer(
        *("segmentation__provenance", "segmentation__lesion_list"),
        *("reference__provenance", "reference__lesion_list"),
    )
    return (
        Study.objects.select_related("cohort")
        .prefetch_related(
            Prefetch("items", items),
            Prefetch("amendments", Amendment.objects.select_related("reading", "item")),
        )
        .get(slug=slug)
    )


def slice_counts(study: Study) -> dict[int, int]:
    """How many slices, from bottom to top, the FLAIR of each case has, by the case's key."""
    flairs = Scan.objects.filter(
        sequence=Scan.Sequence.FLAIR, case__in=study.items.values("segmentation__case")
    )
    return {flair.case_id: flair.grid.ras_shape[2] for flair in flairs}


@dataclass(frozen=True)
class Pairing:
    """Two methods whose masks of so many `cases` a draft is about; of `done` both are there.

    While `is_waiting` the draft has no masks; afterwards `reason` says which cases were left out.
    """

    methods: tuple[str, ...]
    cases: int
    done: int
    is_waiting: bool
    reason: str


def pairing_of(study: Study) -> Pairing | None:
    """How far the masks of a paired draft are; None for every other study."""
    asked = study.pairing
    if not asked or study.state != Study.State.DRAFT:
        return None
    cases = Case.objects.filter(pk__in=asked["cases"])
    masks = masks_to_pair(cases, asked["methods"]).values() if asked["waiting"] else ()
    return Pairing(
        methods=tuple(asked["methods"]),
        cases=len(asked["cases"]),
        done=sum(len(of_case) == len(asked["methods"]) for of_case in masks),
        is_waiting=asked["waiting"],
        reason=asked.get("reason", ""),
    )


def masks_to_pair(
    cases: Iterable[Case], methods: Sequence[str]
) -> dict[int, dict[str, Segmentation]]:
    """The newest mask of each method of each case, by the case's primary key; no mask, no entry."""
    newest: dict[int, dict[str, Segmentation]] = defaultdict(dict)
    masks = Segmentation.objects.filter(case__in=cases, method__in=methods)
    for mask in masks.order_by("created_at", "pk"):
        newest[mask.case_id][mask.method] = mask
    return newest


def candidate_segmentations(*, study: Study, user: User) -> QuerySet[Segmentation]:
    """The masks of the study's cohort that this coordinator may see, by case and age."""
    return (
        visible_masks(user)
        .filter(case__cohort=study.cohort_id)
        .select_related("case")
        .order_by("case__code", "created_at", "pk")
    )


def candidate_rows(*, study: Study, user: User) -> list[dict[str, Any]]:
    """What a draft's page lists of `candidate_segmentations`: plain rows, as there may be many."""
    found = candidate_segmentations(study=study, user=user).select_related(None).order_by()
    own = Written("created_at"), WrittenId("pk"), HowManyInList("lesion_list")
    rows = found.values_list("case__code", *own, "title", "method")
    # Sorted here: databases compare words by the rules of a language, which takes longer.
    return [
        {
            "segmentation": mask,
            "case": case,
            "title": title,
            "method": method,
            "created_at": created_at,
            "lesions": lesions,
        }
        for case, created_at, mask, lesions, title, method in sorted(rows)
    ]


def candidate_raters(*, study: Study, user: User) -> QuerySet[User]:
    """Whom this coordinator may ask to rate in the study, of active accounts, by user name.

    The people of the cohorts that they coordinate, and the raters of their studies; nobody who
    coordinates this one.
    """
    coordinators = study.memberships.filter(role=COORDINATOR).values("user")
    raters = StudyMembership.objects.filter(role=RATER, study__in=_seen_by(user).values("pk"))
    return (
        User.objects.filter(
            Q(pk__in=people_met_by(user).values("pk")) | Q(pk__in=raters.values("user")),
            is_active=True,
        )
        .exclude(pk__in=coordinators)
        .order_by("username")
    )


def candidate_people(study: Study, user: User) -> list[dict[str, str]]:
    """What a draft's page lists of `candidate_raters`, as plain rows."""
    people = candidate_raters(study=study, user=user)
    return [
        {"username": username, "name": f"{first} {last}".strip()}
        for username, first, last in people.values_list("username", "first_name", "last_name")
    ]
