"""Evaluating methods against references: which masks are compared, and reading them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray

from segmentation.evaluation.cohort import CaseFacts
from segmentation.evaluation.comparison import LEAST_MM3, MOST_MM3
from segmentation.evaluation.findings import Asked
from segmentation.evaluation.lesion_matching import ONE_VOXEL, PROFILES
from segmentation.evaluation.records import CaseRecord, record_case
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import min_voxels_kept
from segmentation.imaging.nifti import read_volume
from segmentation.methods import METHOD_CARDS, MethodCard, Progress, UnknownMethod
from segmentation.models import Case, Cohort, Scan, Segmentation, Version
from segmentation.networks.header import seen_by, trained_on
from segmentation.operations.comparison import NoReference, references_of
from segmentation.operations.versions import starts_for
from segmentation.queries import card_of, versions_of
from segmentation.refusals import Refusal

AS_OF_STEP_1 = ", as of step 1"


class NothingToCompare(Refusal):
    """No case has both a reference and a mask of one of the methods."""


class SameReference(Refusal):
    """Two of the references are one and the same mask."""


class UnknownProfile(Refusal):
    """There is no such rule of matching lesions."""


class InvalidVolume(Refusal):
    """No lesion is that small or that large."""


@dataclass(frozen=True)
class Comparing:
    """What is compared: `methods` by name (none: all that made a mask), `references` by name.

    A reference is an origin or a title of masks that no method made; the newest of a case counts.
    """

    cohort: Cohort
    references: Sequence[str]
    methods: Sequence[str] = ()
    min_volume_mm3: float = LEAST_MM3
    profile: str = ONE_VOXEL.name


@dataclass(frozen=True)
class Prepared:
    """Ids of the masks of each case (by its primary key) for each method and each reference.

    `earlier` are those of the first step of references that were drawn in two, by the same names.
    """

    asked: Asked
    cases: tuple[int, ...]
    drawn: Mapping[int, dict[str, UUID]]
    known: Mapping[int, dict[str, UUID]]
    earlier: Mapping[int, dict[str, UUID]]
    cards: Mapping[str, MethodCard]


def prepare(comparing: Comparing, *, by: User | None) -> Prepared:
    """This will look up the masks, without reading any.

    Raises NoReference, SameReference, UnknownMethod, UnknownProfile, InvalidVolume,
    NothingToCompare. A case without any of the references is not part of the evaluation; one with
    some of them is.
    """
    if not 0 <= comparing.min_volume_mm3 <= MOST_MM3:
        fault = f"The least volume of a lesion is a number of mm3 from 0 to {MOST_MM3}."
        raise InvalidVolume(fault, fields={"min_volume_mm3": [fault]})
    if comparing.profile not in PROFILES:
        fault = f"There is no rule {comparing.profile!r}. There is: {', '.join(PROFILES)}."
        raise UnknownProfile(fault, fields={"profile": [fault]})
    names = tuple(dict.fromkeys(comparing.references))
    if not names:
        fault = "Choose at least one reference."
        raise NoReference(fault, fields={"references": [fault]})
    known: dict[int, dict[str, UUID]] = {}
    for name in names:
        try:
            found = references_of(comparing.cohort, reference=name)
        except NoReference as refusal:
            raise NoReference(
                refusal.message, fields={"references": [refusal.message]}
            ) from refusal
        for case, mask in found.items():
            known.setdefault(case.pk, {})[name] = mask.pk
    _require_different(known)
    drawn = _newest(comparing.cohort, known)
    cards = _cards(comparing.methods, drawn, by)
    ordered = Case.objects.filter(pk__in=known).order_by("code").values_list("pk", flat=True)
    scans = Scan.objects.filter(case__in=known, sequence=Scan.Sequence.FLAIR)
    kept = {
        min_voxels_kept(
            voxel_volume_mm3=scan.grid.voxel_volume_mm3, min_volume_mm3=comparing.min_volume_mm3
        )
        for scan in scans
    }
    asked = Asked(
        methods={name: card.title for name, card in cards.items()},
        references=names,
        min_volume_mm3=comparing.min_volume_mm3,
        profile=comparing.profile,
        voxels_kept=tuple(sorted(kept)),
    )
    return Prepared(asked, tuple(ordered), drawn, known, _first_steps(known), cards)


def _require_different(known: Mapping[int, Mapping[str, UUID]]) -> None:
    """This will refuse two names of one mask: it would agree with itself. Raises SameReference."""
    for masks in known.values():
        names: dict[UUID, str] = {}
        for name, mask in masks.items():
            if mask in names:
                fault = f"{names[mask]} and {name} are the same mask. Choose one of them."
                raise SameReference(fault, fields={"references": [fault]})
            names[mask] = name


def _first_steps(known: Mapping[int, Mapping[str, UUID]]) -> dict[int, dict[str, UUID]]:
    """What references that are the second step of a reference study were after the first.

    Found by what their provenance says: the study, the step and who drew it.
    """
    chosen = Segmentation.objects.filter(
        pk__in={one for of in known.values() for one in of.values()}
    )
    second = {one.pk: one for one in chosen if one.provenance.get("step") == 2}
    studies = {one.provenance.get("reference_study") for one in second.values()}
    first = {
        (one.case_id, one.provenance.get("reference_study"), one.author_id): one.pk
        for one in Segmentation.objects.filter(case__in=known, provenance__step=1)
        if one.provenance.get("reference_study") in studies
    }
    earlier: dict[int, dict[str, UUID]] = {}
    for case, masks in known.items():
        for name, mask in masks.items():
            if (later := second.get(mask)) is not None:
                key = case, later.provenance.get("reference_study"), later.author_id
                if key in first:
                    earlier.setdefault(case, {})[name] = first[key]
    return earlier


def _newest(cohort: Cohort, among: Mapping[int, object]) -> dict[int, dict[str, UUID]]:
    """The newest mask of every method for each of the cases."""
    made = Segmentation.objects.filter(
        case__cohort=cohort, origin=Segmentation.Origin.PREDICTION, case__in=among
    ).order_by("created_at", "pk")
    newest: dict[int, dict[str, UUID]] = {}
    for case, method, mask in made.values_list("case", "method", "pk"):
        newest.setdefault(case, {})[method] = mask
    return newest


def _cards(
    wanted: Sequence[str], drawn: Mapping[int, Mapping[str, UUID]], by: User | None
) -> dict[str, MethodCard]:
    """The cards of the wanted methods in the order of the methods' list."""
    versions = Version.objects.all() if by is None else versions_of(by)
    cards = {card.name: card for card in (*METHOD_CARDS, *(card_of(one) for one in versions))}
    if unknown := [name for name in wanted if name not in cards]:
        fault = f"There is no method {unknown[0]!r}. There is: {', '.join(cards)}."
        raise UnknownMethod(fault, fields={"methods": [fault]})
    made = {name for masks in drawn.values() for name in masks}
    chosen = {
        name: card for name, card in cards.items() if name in (set(wanted) or made) & set(cards)
    }
    if not made & set(chosen):
        fault = (
            "No case with such a reference has a mask of these methods yet. Start with: "
            "manage.py segment --method NAME --all --wait, or Segment on a case's page."
        )
        raise NothingToCompare(fault, fields={"methods": [fault]})
    return chosen


def records_of(prepared: Prepared, *, progress: Progress) -> Iterator[CaseRecord]:
    """This will score case after case; the voxels of one are let go before the next are read.

    A mask that is gone, damaged or on another grid is missing from its case, with the reason.
    """
    for number, pk in enumerate(prepared.cases):
        case = Case.objects.filter(pk=pk).first()
        if case is None:  # deleted meanwhile
            continue
        progress(number / len(prepared.cases), f"Case {number + 1} of {len(prepared.cases)}")
        yield _record(prepared, case)


def _record(prepared: Prepared, case: Case) -> CaseRecord:
    asked = prepared.asked
    grid = case.scans.get(sequence=Scan.Sequence.FLAIR).grid
    there = set(case.scans.values_list("sequence", flat=True))
    drawn, known = prepared.drawn.get(case.pk, {}), prepared.known[case.pk]
    missing = {
        name: _why_none(prepared.cards[name], there) for name in asked.methods if name not in drawn
    }
    missing |= {name: "no such mask" for name in asked.references if name not in known}
    earlier = prepared.earlier.get(case.pk, {})
    sides: list[dict[str, NDArray[np.bool_]]] = []
    for names, ids, step in (
        (asked.methods, drawn, ""),
        (asked.references, known, ""),
        (asked.references, earlier, AS_OF_STEP_1),
    ):
        masks = {}
        for name in names:
            if name in ids:
                mask = mask_on(grid, ids[name])
                if isinstance(mask, str):
                    missing[f"{name}{step}"] = mask
                else:
                    masks[name] = mask
        sides.append(masks)
    methods, references, first = sides
    return record_case(
        case=case.code,
        subject=case.subject,
        grid=grid,
        methods=methods,
        references=references,
        missing=missing,
        min_volume_mm3=asked.min_volume_mm3,
        profile=PROFILES[asked.profile],
        earlier=first,
    )


def masks_of(prepared: Prepared) -> dict[str, dict[str, str]]:
    """The ids of the masks that are compared, by the case's code, then by method or reference.

    What a reference was after the first of two steps has its name with AS_OF_STEP_1.
    """
    codes = dict(Case.objects.filter(pk__in=prepared.cases).values_list("pk", "code"))
    return {
        code: {
            name: str(mask)
            for name, mask in (prepared.known[pk] | prepared.drawn.get(pk, {})).items()
            if name in prepared.asked.methods or name in prepared.asked.references
        }
        | {
            f"{name}{AS_OF_STEP_1}": str(mask)
            for name, mask in prepared.earlier.get(pk, {}).items()
        }
        for pk, code in codes.items()
    }


def _why_none(card: MethodCard, there: set[str]) -> str:
    lacking = [needed for needed in card.needs if needed not in there]
    return f"no {' and '.join(lacking)}" if lacking else "not segmented"


def mask_on(grid: Grid, mask_id: UUID) -> NDArray[np.bool_] | str:
    """The voxels of a stored mask, or why they cannot be compared."""
    stored = Segmentation.objects.filter(pk=mask_id).first()
    if stored is None:
        return "deleted meanwhile"
    try:
        with stored.mask.open("rb") as file:
            volume = read_volume(file.read(), name=stored.title)
    except FileNotFoundError:
        return "its file is gone: see manage.py verify_files"
    except Refusal as refusal:
        return refusal.message
    if not volume.grid.matches(grid):
        return "its mask lies on another grid than the FLAIR"
    return np.asarray(volume.data > 0)


def facts_of(prepared: Prepared, *, by: User | None) -> list[CaseFacts]:
    """What is known about the cases, and which methods had seen whom."""
    flairs = list(
        Scan.objects.filter(case__in=prepared.cases, sequence=Scan.Sequence.FLAIR)
        .select_related("case")
        .order_by("case__code")
    )
    t1 = {
        scan.case_id: (tuple(scan.shape), scan.grid.spacing_mm)
        for scan in Scan.objects.filter(case__in=prepared.cases, sequence=Scan.Sequence.T1)
    }
    records = {start.name: start.record for start in starts_for(by)}
    seen: dict[str, tuple[set[str], set[str]]] = {}
    for name in prepared.asked.methods:
        record = records.get(name, {})
        learned = trained_on(record)
        hashes = learned, seen_by(record) - learned
        seen[name] = _subjects(flairs, hashes[0]), _subjects(flairs, hashes[1])
    return [
        CaseFacts(
            case=flair.case.code,
            subject=flair.case.subject,
            shape=tuple(flair.shape),
            spacing_mm=flair.grid.spacing_mm,
            description=flair.case.description,
            t1=t1.get(flair.case_id),
            learned_by=frozenset(
                name for name, (learned, _) in seen.items() if flair.case.subject in learned
            ),
            validated_by=frozenset(
                name for name, (_, chosen) in seen.items() if flair.case.subject in chosen
            ),
        )
        for flair in flairs
    ]


def _subjects(flairs: Sequence[Scan], hashes: set[str]) -> set[str]:
    return {flair.case.subject for flair in flairs if not flair.hashes.isdisjoint(hashes)}
