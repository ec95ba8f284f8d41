"""Making references out of several delineators' masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User

from segmentation.imaging.consensus import RULES, consensus
from segmentation.models import Case, Cohort, Scan, Segmentation
from segmentation.operations.audit import Act, record
from segmentation.operations.comparison import NoReference, references_of
from segmentation.operations.evaluating import mask_on
from segmentation.operations.masks import NewMask, fitting_title, is_saved, may_save, store_mask
from segmentation.operations.voxels import scans_of
from segmentation.refusals import Refusal


class InvalidReference(Refusal):
    """A reference cannot be made of these masks by this rule."""


def reference_title(rule: str, names: Sequence[str]) -> str:
    """What the masks fused of several names by a rule are called."""
    return fitting_title(f"{RULES[rule]} of {', '.join(names)}")


def make_references(
    *,
    cohort: Cohort,
    of: Sequence[str],
    rule: str,
    by: User | None,
    now: datetime,
    say: Callable[[str], None],
) -> list[Segmentation]:
    """This will fuse the newest masks of several names, in every case that has them all.

    Each becomes a segmentation of origin consensus whose provenance names the masks by hash. A case
    whose masks cannot be read, or lie on another grid, is left out and said, and so is one that has
    this reference of the same masks; two at once make one. Raises
    InvalidReference when there is no such rule, fewer than two names, or no case that has all.
    """
    names = list(dict.fromkeys(of))
    if rule not in RULES:
        fault = f"There is no rule {rule!r}. There is: {', '.join(RULES)}."
        raise InvalidReference(fault, fields={"rule": [fault]})
    if len(names) < 2:
        fault = "Choose at least two masks to fuse."
        raise InvalidReference(fault, fields={"of": [fault]})
    try:
        found = [references_of(cohort, reference=name) for name in names]
    except NoReference as refusal:
        raise InvalidReference(refusal.message, fields={"of": [refusal.message]}) from refusal
    cases = sorted(set.intersection(*(set(one) for one in found)), key=lambda case: case.code)
    if not cases:
        fault = f"No case has all of {', '.join(names)}."
        raise InvalidReference(fault, fields={"of": [fault]})
    made = []
    for case in cases:
        of_case = {name: one[case] for name, one in zip(names, found, strict=True)}
        fused = fuse(case, of=of_case, rule=rule, now=now, commit=False)
        if isinstance(fused, str):
            say(fused)
        elif _saved_once(fused):
            made.append(fused)
        else:
            say(f"{case.code} has this reference of the same masks already.")
    if made:
        what = f"{made[0].title} ({len(made)} cases)"
        record(Act.REFERENCE_MADE, by=by, now=now, what=what, cohort=cohort.slug)
    return made


def _saved_once(fused: Segmentation) -> bool:
    """This will save a fused mask; false, and nothing kept, when its case has one of the same."""
    with may_save(fused):
        Case.objects.select_for_update().get(pk=fused.case_id)  # somebody else may make it, too
        there = Segmentation.objects.filter(
            case=fused.case_id, origin=fused.origin, title=fused.title
        ).values_list("provenance", flat=True)
        if fused.provenance not in list(there):
            fused.save(force_insert=True)
    return is_saved(fused)


def fuse(
    case: Case, *, of: Mapping[str, Segmentation], rule: str, now: datetime, commit: bool = True
) -> Segmentation | str:
    """This will fuse masks of one case, by their names, or say why the case is left out.

    Saved if `commit`; else see `store_mask`.
    """
    flair = scans_of(case)[Scan.Sequence.FLAIR]
    masks = {name: mask_on(flair.grid, one.pk) for name, one in of.items()}
    if faults := [f"{name}: {why}" for name, why in masks.items() if isinstance(why, str)]:
        return f"{case.code} is left out ({'; '.join(faults)})."
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.CONSENSUS,
        title=reference_title(rule, list(of)),
        mask=consensus([mask for mask in masks.values() if not isinstance(mask, str)], rule=rule),
        provenance={"consensus": rule, "of": {name: one.sha256 for name, one in of.items()}},
    )
    return store_mask(new, like=flair, now=now, commit=commit)
