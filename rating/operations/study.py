"""A study's life: drafted, opened (frozen, drawn, committed), closed (revealed)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from rating.models import Item, Presentation, Study, StudyMembership
from rating.operations.drafts import Change, Revisions, begin_change, refuse_unseen
from rating.protocol.design import (
    AcceptanceDesign,
    InvalidDesign,
    canonical_json,
    design_sha256,
    validate,
)
from rating.protocol.sequence import Slot, commitment, draw_sequence
from rating.queries.blinding import delineators_of
from rating.queries.design import design_of
from rating.queries.studies import candidate_raters, candidate_segmentations, study_in_full
from segmentation.models import Cohort, Segmentation
from segmentation.operations.audit import Act, record
from segmentation.operations.members import hold_cohort
from segmentation.operations.voxels import errors_of
from segmentation.refusals import ReasonMissing, Refusal

SECRET_BYTES = 32
VOLUME_TOLERANCE_MM3 = 1e-6


class StudyNotDraft(Refusal):
    """The study was opened: its design is frozen."""


class StudyNotOpen(Refusal):
    """The study is not (or no longer) open for reading."""


class UnknownSegmentation(Refusal):
    """An item of a study is no mask that its coordinator may see in its cohort."""


class UnknownRater(Refusal):
    """A rater is no active account, or nobody whom the coordinator may ask."""


class RaterDelineates(Refusal):
    """A rater still delineates one of the cases in a reference study."""


class CoordinatorCannotRate(Refusal):
    """A coordinator of the study was named as its rater."""


def create_study(*, title: str, cohort: Cohort, by: User, now: datetime) -> Study:
    """This will create a draft of a study that `by` coordinates."""
    stem = slugify(title)[:50].strip("-") or "study"
    for number in range(1, 1000):
        slug = stem if number == 1 else f"{stem}-{number}"
        if Study.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                study = Study.objects.create(
                    slug=slug, title=title.strip()[:120], cohort=cohort, created_at=now
                )
                study.memberships.create(user=by, role=StudyMembership.Role.COORDINATOR)
        except IntegrityError:  # another study took this address just now
            continue
        return study
    raise RuntimeError(f"no free address after 999 studies called {stem}")


@transaction.atomic
def duplicate_study(*, study: Study, by: User, now: datetime) -> Study:
    """This will create a draft with a study's design, masks and raters, whatever its state.

    Never its order: opening the draft draws a new one. Raters without an active account are left
    out. Raises UnknownSegmentation, CoordinatorCannotRate.
    """
    raters = study.memberships.filter(role=StudyMembership.Role.RATER, user__is_active=True)
    judged = study.items.filter(reference=None)
    practised = study.items.exclude(reference=None)
    draft = create_study(title=f"Copy of {study.title}", cohort=study.cohort, by=by, now=now)
    return edit_study(
        study=draft,
        by=by,
        settings=study.settings,
        items=list(judged.values_list("segmentation", flat=True)),
        practice=[(one.segmentation_id, one.reference_id) for one in practised if one.reference_id],
        raters=list(raters.values_list("user__username", flat=True)),
    )


@transaction.atomic
def edit_study(
    *,
    study: Study,
    by: User,
    title: str | None = None,
    settings: Mapping[str, Any] | None = None,
    items: Sequence[UUID] | None = None,
    raters: Sequence[str] | None = None,
    practice: Sequence[tuple[UUID, UUID]] | None = None,
    change: Change | None = None,
) -> Study:
    """This will change a draft; what is None stays.

    `settings` are merged into those there are (a None goes back to the default); `items` (masks of
    the study's cohort that `by` may see), `practice` (such masks, each with a reference mask of its
    case) and `raters` (user names of `candidate_raters`) replace. A paired draft that is
    given items waits for no others any more. Raters who stay need not be candidates any more:
    `open_study` refuses those without an active account. Raises StudyNotDraft, DraftChanged,
    UnknownSegmentation, UnknownRater, CoordinatorCannotRate.
    """
    draft = _locked_draft(study)
    begin_change(draft, change or Change())
    if items is not None and draft.pairing.get("waiting"):
        draft.pairing = {}
    if title is not None:
        draft.title = title.strip()[:120]
    if settings is not None:
        merged = draft.settings | dict(settings)
        draft.settings = {name: value for name, value in merged.items() if value is not None}
    draft.save(update_fields=["title", "settings", "pairing", "revision"])
    judged, practised = set(items or ()), list(dict(practice or ()).items())
    new_items = items is not None and judged != _judged_in(draft)
    new_practice = practice is not None and practised != _practised_in(draft)
    # Both go before either comes, as a mask may go from one to the other; what stays is not read.
    if new_items:
        draft.items.filter(reference=None).delete()
    if new_practice:
        draft.items.exclude(reference=None).delete()
    if new_items:
        _add_items(draft, judged, by)
    if new_practice:
        _add_practice(draft, practised, by)
    if raters is not None:
        _replace_raters(draft, raters, by)
    return draft


@transaction.atomic
def delete_study(
    *, study: Study, reason: str, by: User | None, now: datetime, follows: Revisions = None
) -> None:
    """This will delete a draft; what was rated is never deleted.

    `follows` are the revisions of the draft that are meant. Raises ReasonMissing, StudyNotDraft,
    DraftChanged.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Deleting a draft needs a reason, which the audit log keeps. Nothing was deleted.",
            fields={"reason": ["Say why the draft is deleted."]},
        )
    draft = _locked_draft(study)
    refuse_unseen(draft, follows)
    note(Act.STUDY_DELETED, draft, by=by, now=now, why=reason)
    draft.delete()


@transaction.atomic
def open_study(
    *,
    study: Study,
    by: User | None,
    now: datetime,
    reason: str = "",
    follows: Revisions = None,
    draw_secret: Callable[[int], bytes] = secrets.token_bytes,
) -> Study:
    """This will freeze a draft's design, commit to it and draw every rater's order, once.

    The order follows from a secret of the study and is stored row by row; the SHA-256 of secret and
    design is shown from now on, the secret when the study closes. `follows` are the revisions of
    the draft that are meant. Raises StudyNotDraft, DraftChanged, InvalidDesign, UnknownRater,
    RaterDelineates.
    """
    draft = _locked_draft(study)
    refuse_unseen(draft, follows)
    hold_cohort(draft.cohort_id)
    design = design_of(study_in_full(draft.slug))
    validate(design)
    _refuse_small_lesions(draft, design)
    frozen, secret = canonical_json(design), draw_secret(SECRET_BYTES)
    draft.state = Study.State.OPEN
    draft.design_json = frozen
    draft.design_sha256 = design_sha256(design)
    draft.secret = secret.hex()
    draft.commitment = commitment(secret, frozen)
    draft.opened_at = now
    draft.save()
    readings = draft.memberships.filter(role=StudyMembership.Role.RATER).select_related("user")
    _refuse_gone([reading.user for reading in readings])
    refuse_delineators(draft, [reading.user for reading in readings])
    for reading in readings:
        reading.rater = reading.user.get_username()
    StudyMembership.objects.bulk_update(readings, ["rater"])
    for reading in readings:
        Presentation.objects.bulk_create(presentations_in_order(draft, reading)[1])
    note(Act.STUDY_OPENED, draft, by=by, now=now, why=reason)
    return draft


@transaction.atomic
def close_study(*, study: Study, reason: str, by: User | None, now: datetime) -> Study:
    """This will end all reading, reveal the secret and unblind the coordinator, for good.

    What was not submitted stays missing. Raises StudyNotOpen, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Closing ends all reading and shows the answers, so it asks for a reason. Nothing was "
            "changed; write one sentence and close again.",
            fields={"reason": ["Write why the study is closed now."]},
        )
    closing = Study.objects.select_for_update().get(pk=study.pk)
    if closing.state != Study.State.OPEN:
        raise StudyNotOpen(
            f"{closing.title} is {closing.state}; only an open study can be closed. Nothing was "
            "changed."
        )
    # Whoever is storing a mark or an answer holds their presentation: this waits for them, and
    # whoever comes later sees it withdrawn.
    rows = Presentation.objects.filter(
        reading__in=closing.memberships.all(), submitted_at=None, withdrawn_at=None
    )
    rows.update(withdrawn_at=now)
    closing.state = Study.State.CLOSED
    closing.closing_reason = reason.strip()
    closing.closed_at = now
    closing.save(update_fields=["state", "closing_reason", "closed_at"])
    note(Act.STUDY_CLOSED, closing, by=by, now=now, why=closing.closing_reason)
    return closing


def record_export(*, study: Study, by: User | None, now: datetime, reason: str = "") -> None:
    """This will write into the audit log that the answers of a closed study were taken out."""
    note(Act.STUDY_EXPORTED, study, by=by, now=now, why=reason)


def presentations_in_order(
    study: Study, reading: StudyMembership
) -> tuple[Sequence[Slot], list[Presentation]]:
    """This will draw a rater's order from the study's secret: slots, and rows not stored yet.

    Practice comes before, in the order of the design, the same for everybody.
    """
    design = design_of(study)
    items = {item.key: item for item in study.items.all()}
    order = draw_sequence(
        secret=bytes.fromhex(study.secret),
        study=study.slug,
        rater=reading.rater,
        items=[item.key for item in design.items],
        gap=design.gap,
        cases={item.key: item.case for item in design.items},
    )
    practice = [key for key in items if items[key].reference_id is not None]
    return order, [
        Presentation(reading=reading, item=items[key], position=at - len(practice), occasion=0)
        for at, key in enumerate(sorted(practice))
    ] + [
        Presentation(
            reading=reading,
            item=items[slot.item],
            position=slot.position,
            occasion=slot.occasion,
        )
        for slot in order
    ]


def refuse_delineators(study: Study, raters: Iterable[User]) -> None:
    """This will refuse raters to whom the study would show masks of what they yet delineate."""
    cases = study.items.values_list("segmentation__case", flat=True)
    if names := delineators_of(people=raters, cases=cases):
        raise RaterDelineates(
            f"{', '.join(names)} still delineates cases of this study in a reference study and "
            "must not see a mask of them. Nothing was changed; wait until that is finished, or "
            "choose somebody else.",
            fields={"raters": [f"{name} delineates some of these cases." for name in names]},
        )


def _refuse_gone(raters: Iterable[User]) -> None:
    """This will refuse raters who cannot log in any more."""
    if names := sorted(rater.get_username() for rater in raters if not rater.is_active):
        raise UnknownRater(
            f"{', '.join(names)} has no active account any more. Nothing was opened; leave them "
            "out, or ask your administrator to let them in again.",
            fields={"raters": [f"{name} has no active account any more." for name in names]},
        )


def note(
    act: Act,
    study: Study,
    *,
    by: User | None,
    now: datetime,
    why: str = "",
    detail: str = "",
) -> None:
    """This will write into the audit log what was done to a study; `detail` says to what of it."""
    what = f"{study.title} ({study.slug})" + (f", {detail}" if detail else "")
    record(act, by=by, now=now, what=what, why=why, cohort=study.cohort.slug)


def _locked_draft(study: Study) -> Study:
    """The study's row, held until the transaction ends; raises StudyNotDraft."""
    draft = Study.objects.select_for_update().get(pk=study.pk)
    if draft.state != Study.State.DRAFT:
        raise StudyNotDraft(
            f"{draft.title} is {draft.state}: its design is frozen and its schedule is drawn. "
            "Nothing was changed; make a new study for another design."
        )
    return draft


def _judged_in(draft: Study) -> set[UUID]:
    """The masks that are the items."""
    return set(draft.items.filter(reference=None).values_list("segmentation", flat=True))


def _practised_in(draft: Study) -> list[tuple[UUID, UUID]]:
    """The masks of the practice, each with its reference, in order."""
    pairs = draft.items.exclude(reference=None).order_by("key")
    return list(pairs.values_list("segmentation", "reference"))


def _add_items(draft: Study, wanted: Collection[UUID], by: User) -> None:
    """This will make these masks the items, with keys in the order of case and age."""
    there = candidate_segmentations(study=draft, user=by).filter(pk__in=wanted)
    found: list[Segmentation] = list(there)
    if len(found) != len(wanted):
        missing = len(wanted) - len(found)
        raise UnknownSegmentation(
            f"{missing} of {len(wanted)} masks are not in the cohort {draft.cohort.title}, or you "
            "may not see them. Nothing was changed; choose from the list again.",
            fields={"items": [f"{missing} of these are no masks of this cohort."]},
        )
    _refuse_two_roles(draft, wanted)
    Item.objects.bulk_create(
        Item(study=draft, segmentation=mask, key=f"item-{n:03d}", lesions=len(mask.lesion_list))
        for n, mask in enumerate(found, 1)
    )


def _add_practice(draft: Study, pairs: Sequence[tuple[UUID, UUID]], by: User) -> None:
    """This will make these masks the practice, in this order, and look up what is wrong in them."""
    there = candidate_segmentations(study=draft, user=by)
    known = there.in_bulk({one for pair in pairs for one in pair})
    for mask, reference in pairs:
        fits = mask in known and reference in known and mask != reference
        if not fits or known[mask].case_id != known[reference].case_id:
            raise UnknownSegmentation(
                "A practice case needs a mask and another mask of the same case that tells the "
                f"truth, both of the cohort {draft.cohort.title}. Nothing was changed; choose from "
                "the list again.",
                fields={"practice": ["These are no two masks of one case."]},
            )
    _refuse_two_roles(draft, {mask for mask, _ in pairs})
    for number, (mask, reference) in enumerate(pairs, 1):
        wrong, missed = errors_of(known[mask], known[reference])
        draft.items.create(
            segmentation=known[mask],
            reference=known[reference],
            key=f"practice-{number:03d}",
            lesions=len(known[mask].lesion_list),
            truth={"false": wrong, "missed": [list(lesion.voxel_mm) for lesion in missed]},
        )


def _refuse_two_roles(draft: Study, wanted: Collection[UUID]) -> None:
    """This will refuse to judge a mask that is practised on."""
    twice = draft.items.filter(segmentation__in=wanted).select_related("segmentation__case")
    if names := [f"{one.segmentation.case.code}, {one.segmentation.title}" for one in twice]:
        raise UnknownSegmentation(
            "A mask is to be judged and to be practised on. Nothing was changed; choose one of the "
            "two for each mask that is named.",
            fields={"practice": [f"{name}: it is to be judged, too." for name in names]},
        )


def _replace_raters(draft: Study, usernames: Iterable[str], by: User) -> None:
    """This will make these people the raters; those who stay keep their reading."""
    wanted = set(usernames)
    coordinators = draft.memberships.filter(
        role=StudyMembership.Role.COORDINATOR, user__username__in=wanted
    )
    both = sorted(coordinators.values_list("user__username", flat=True))
    if both:
        raise CoordinatorCannotRate(
            f"{', '.join(both)} coordinates this study and can therefore not rate in it. Nothing "
            "was changed; choose somebody else.",
            fields={"raters": [f"{name} coordinates this study." for name in both]},
        )
    raters = draft.memberships.filter(role=StudyMembership.Role.RATER)
    raters.exclude(user__username__in=wanted).delete()
    staying = set(raters.values_list("user__username", flat=True))
    may_be_asked = candidate_raters(study=draft, user=by).filter(username__in=wanted - staying)
    people = {person.username: person for person in may_be_asked}
    unknown = sorted(wanted - staying - set(people))
    if unknown:
        raise UnknownRater(
            f"Among those whom you may ask there is no active account called "
            f"{', '.join(unknown)}. Nothing was changed; check the spelling, or invite them as a "
            "rater first (Cases, People).",
            fields={"raters": [f"{name}: nobody whom you may ask." for name in unknown]},
        )
    StudyMembership.objects.bulk_create(
        StudyMembership(study=draft, user=people[name], role=StudyMembership.Role.RATER)
        for name in sorted(people)
    )


def _refuse_small_lesions(draft: Study, design: AcceptanceDesign) -> None:
    """This will refuse masks with lesions that the design does not count as lesions.

    The number of drawn lesions is what a rater sees, so the design must describe it truthfully.
    """
    least_mm3 = design.min_volume_mm3 - VOLUME_TOLERANCE_MM3
    faults = []
    for item in draft.items.select_related("segmentation__case"):
        small = sum(lesion.volume_mm3 < least_mm3 for lesion in item.segmentation.lesions)
        if small:
            mask = item.segmentation
            faults.append(
                f"{mask.title} of {mask.case.code} has {small} lesions below "
                f"{design.min_volume_mm3} mm³."
            )
    if faults:
        raise InvalidDesign(
            f"{len(faults)} masks have lesions smaller than the design's smallest lesion. Nothing "
            "was opened; leave these masks out or set the smallest lesion to 0 mm³.",
            fields={"items": faults},
        )
