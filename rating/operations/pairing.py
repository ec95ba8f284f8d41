"""Drafting the study that judges two methods on the same cases, blind to which made which mask.

Masks that are not there yet are made first. Until then the draft has no masks and says how far that
is (`Study.pairing`); `fill_drafts`, which every worker calls now and then, gives it them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from rating.models import Study, StudyMembership
from rating.operations.study import UnknownSegmentation, create_study, edit_study
from rating.queries.studies import masks_to_pair
from segmentation.methods import parts_of
from segmentation.models import Case, Cohort, InferenceJob, Scan, Segmentation
from segmentation.networks.header import seen_by
from segmentation.operations.jobs import request_segmentation
from segmentation.operations.versions import starts_for
from segmentation.queries import card_named, visible_cases
from segmentation.refusals import Refusal

FEWEST_CASES = 2  # else the two masks of a case would follow each other


class NothingToPair(Refusal):
    """Too few cases have, or can get, masks of both methods that neither has learned from."""


@transaction.atomic
def draft_paired_study(
    *, title: str, cohort: Cohort, methods: tuple[str, str], by: User, now: datetime
) -> Study:
    """This will draft a study of the newest masks of two methods, on every case new to both.

    Subjects that either has learned from, or was chosen by, are left out: on them it would look
    better than it is; and cases without a scan that a method needs. Cases that lack a mask are
    segmented first. Raises NothingToPair, UnknownMethod, NotMadeYet.
    """
    if methods[0] == methods[1]:
        raise _refused("A method cannot be compared with itself.")
    cases = _new_to_both(cohort, methods, by)
    masks = masks_to_pair(cases, methods)
    needs: dict[str, frozenset[str]] = {}
    for method in methods:
        if any(method not in masks[case.pk] for case in cases):
            card = card_named(method, user=by)
            parts_of(card, folder=settings.METHODS)
            needs[method] = frozenset(card.needs)
    able = [case for case in cases if _can_be_compared(case, methods, masks[case.pk], needs)]
    if len(able) < FEWEST_CASES:
        raise _refused(
            f"{len(able)} of the {visible_cases(by).filter(cohort=cohort).count()} cases of "
            f"{cohort.title} can be compared. The others belong to subjects that {methods[0]} or "
            f"{methods[1]} has learned from or was chosen by, or lack a scan that one of them "
            f"needs. The study needs {FEWEST_CASES} cases that neither knows: add some."
        )
    for case in able:
        for method in methods:
            if method not in masks[case.pk]:
                request_segmentation(case=case, method=method, by=by, now=now)
    study = create_study(title=title, cohort=cohort, by=by, now=now)
    study.pairing = {"methods": list(methods), "cases": [one.pk for one in able], "waiting": True}
    study.save(update_fields=["pairing"])
    _fill_if_ready(study)
    return study


def fill_drafts() -> None:
    """This will give every draft whose segmentations have all ended its masks.

    Whoever comes second, in another worker, finds nothing left to do.
    """
    waiting = Study.objects.filter(state=Study.State.DRAFT, pairing__waiting=True)
    for pk in waiting.values_list("pk", flat=True):
        with transaction.atomic():
            study = waiting.select_for_update().filter(pk=pk).first()
            if study is not None:
                _fill_if_ready(study)


def _fill_if_ready(study: Study) -> None:
    """This will choose the pairs of masks, unless a job is unfinished, and note who has none."""
    methods = study.pairing["methods"]
    membership = study.memberships.filter(role=StudyMembership.Role.COORDINATOR).first()
    if membership is None or _is_under_way(study):
        return
    by = membership.user
    cases = list(visible_cases(by).filter(pk__in=study.pairing["cases"]).order_by("code"))
    masks = masks_to_pair(cases, methods)
    paired = [case for case in cases if len(masks[case.pk]) == len(methods)]
    alone = [case.code for case in cases if case not in paired]
    reason = ""
    if alone:
        reason = (
            f"Left out, as {methods[0]} or {methods[1]} made no mask of them: {', '.join(alone)}. "
            "Their jobs say why."
        )
    items = [mask.pk for case in paired for mask in masks[case.pk].values()]
    try:
        edit_study(study=study, by=by, items=items)
    except UnknownSegmentation as refusal:  # one of them became practice meanwhile
        reason = f"No masks were chosen. {refusal.message}"
    study.pairing |= {"waiting": False, "reason": reason}
    study.save(update_fields=["pairing"])


def _is_under_way(study: Study) -> bool:
    return InferenceJob.objects.filter(
        case__in=study.pairing["cases"],
        method__in=study.pairing["methods"],
        state__in=InferenceJob.UNFINISHED,
    ).exists()


def _can_be_compared(
    case: Case,
    methods: Iterable[str],
    masks: Mapping[str, Segmentation],
    needs: Mapping[str, frozenset[str]],
) -> bool:
    """Whether a case has a mask of each method, or else the scans to make it from."""
    there = {scan.sequence for scan in case.scans.all()}
    return all(method in masks or there >= needs[method] for method in methods)


def _new_to_both(cohort: Cohort, methods: tuple[str, str], by: User) -> list[Case]:
    """The cases of a cohort whose subjects no method has learned from or was chosen by."""
    starts = [start for start in starts_for(by) if start.name in methods]
    hashes = {sha256 for start in starts for sha256 in seen_by(start.record)}
    flairs = Scan.objects.filter(case__cohort=cohort, sequence=Scan.Sequence.FLAIR)
    learned = {
        flair.case.subject
        for flair in flairs.select_related("case")
        if not flair.hashes.isdisjoint(hashes)
    }
    cases = visible_cases(by).filter(cohort=cohort).prefetch_related("scans").order_by("code")
    return [case for case in cases if case.subject not in learned]


def _refused(fault: str) -> NothingToPair:
    return NothingToPair(f"{fault} No study was drafted.", fields={"methods": [fault]})
