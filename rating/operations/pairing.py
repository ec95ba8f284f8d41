"""Drafting the study that judges two methods on the same cases, blind to which made which mask."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from rating.models import Study
from rating.operations.study import create_study, edit_study
from segmentation.models import Case, Cohort, Segmentation
from segmentation.networks.header import seen_by
from segmentation.operations.versions import starts_for
from segmentation.queries import visible_cases
from segmentation.refusals import Refusal

FEWEST_CASES = 2  # else the two masks of a case would follow each other


class NothingToPair(Refusal):
    """Too few cases have masks of both methods that neither of them has learned from."""


@transaction.atomic
def draft_paired_study(
    *, title: str, cohort: Cohort, methods: tuple[str, str], by: User, now: datetime
) -> Study:
    """This will draft a study of the newest masks of two methods, for every case that has both.

    Subjects that either has learned from, or was chosen by, are left out: on them it would look
    better than it is. Raises NothingToPair.
    """
    one, other = methods
    if one == other:
        raise _refused("A method cannot be compared with itself.")
    newest: dict[Case, dict[str, Segmentation]] = defaultdict(dict)
    masks = Segmentation.objects.filter(
        case__in=visible_cases(by).filter(cohort=cohort), method__in=methods
    )
    for mask in masks.select_related("case").order_by("created_at", "pk"):
        newest[mask.case][mask.method] = mask
    learned = _subjects_seen(cohort, methods, by)
    pairs = [found for case, found in newest.items() if len(found) == len(methods)]
    fair = [pair for pair in pairs if pair[one].case.subject not in learned]
    if len(fair) < FEWEST_CASES:
        raise _refused(
            f"{len(pairs)} cases of {cohort.title} have masks of both {one} and {other}, and "
            f"{len(pairs) - len(fair)} of them belong to subjects that one of the two has learned "
            f"from. The study needs {FEWEST_CASES} cases that neither knows: segment more cases "
            "with both."
        )
    study = create_study(title=title, cohort=cohort, by=by, now=now)
    items = [mask.pk for pair in fair for mask in pair.values()]
    return edit_study(study=study, by=by, items=items)


def _subjects_seen(cohort: Cohort, methods: tuple[str, str], by: User) -> set[str]:
    """The subjects of a cohort with a scan that a method has learned from or was chosen by."""
    starts = [start for start in starts_for(by) if start.name in methods]
    hashes = {sha256 for start in starts for sha256 in seen_by(start.record)}
    scans = cohort.cases.filter(scans__original_sha256__in=hashes)
    return set(scans.values_list("subject", flat=True))


def _refused(fault: str) -> NothingToPair:
    return NothingToPair(f"{fault} No study was drafted.", fields={"methods": [fault]})
