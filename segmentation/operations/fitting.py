"""Giving methods what they learn from cases: a cohort's, or phantoms to try them with.

Only commands import this module: it leads to PyTorch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
from django.conf import settings

from segmentation.imaging.nifti import read_volume
from segmentation.methods import (
    METHOD_CARDS,
    MethodCard,
    method_card,
    nicmslesions,
    require_sequences,
)
from segmentation.methods.brain import find_brain
from segmentation.methods.cascade_training import train_cascade
from segmentation.methods.fitting import LabelledCase, NotFittable, fit_method, record_of
from segmentation.methods.unet_trial import train_trial
from segmentation.models import Case, Cohort, Segmentation
from segmentation.networks.cascade import PatchSettings, save_cascade
from segmentation.operations.comparison import references_of, to_learn_from
from segmentation.operations.parts import new_parts
from segmentation.operations.voxels import brain_of, mask_of, scans_of
from segmentation.refusals import Refusal
from segmentation.training.phantoms import make_phantom

Say = Callable[[str], None]
SEED = 1
SMALL_PATCHES = PatchSettings(2, (8, 16), (64, 32, 16), "channel")


class UnknownCase(Refusal):
    """A case to leave out is not there."""


@dataclass(frozen=True)
class Trial:
    """How much goes into small parts: phantoms, steps of a U-Net, samples of a patch network."""

    seeds: tuple[int, ...] = (90_001, 90_002, 90_003, 90_004, 90_005, 90_006)
    shape: tuple[int, int, int] = (144, 176, 44)
    spacing_mm: tuple[float, float, float] = (1.2, 1.2, 3.5)
    steps: int = 300
    samples: int = 2000
    epochs: int = 6


TRIAL = Trial()


def fit_on_cohort(
    *,
    method: str,
    cohort: Cohort,
    reference: str,
    seed: int,
    say: Say,
    leave_out: Collection[str] = (),
) -> Mapping[str, Any]:
    """This will fit a method on all cases of a cohort that have the reference and what it needs.

    Subjects with a case of the codes `leave_out` teach nothing, so that the method can be measured
    on them; neither do those set aside for tests. The method's new parts replace what it has. A
    case that lacks a sequence is left out and said. Raises UnknownMethod, NoReference, UnknownCase,
    NotFittable and what reading a case raises.
    """
    card = method_card(method)
    found = to_learn_from(_without(references_of(cohort, reference=reference), leave_out))
    cases = []
    for case, mask in sorted(found.items(), key=lambda one: one[0].code):
        try:
            there = case.scans.values_list("sequence", flat=True)
            require_sequences(card, there, where=f"case {case.code}")
        except Refusal as refusal:
            say(f"{case.code} is left out. {refusal.message}")
            continue
        volumes = scans_of(case)
        cases.append(
            LabelledCase(
                name=case.code,
                sha256=case.scans.get(sequence="FLAIR").sha256,
                volumes=volumes,
                lesions=mask_of(mask),
                brain=find_brain(volumes["FLAIR"], own=brain_of(case), progress=_silent),
            )
        )
    with new_parts(card.name) as folder:
        return fit_method(
            card.name,
            cases,
            folder=folder,
            home=Path(settings.METHODS),
            seed=seed,
            progress=_said(say),
        )


def _without(
    found: Mapping[Case, Segmentation], codes: Collection[str]
) -> dict[Case, Segmentation]:
    """The cases of other subjects than these codes are of; raises UnknownCase, NotFittable."""
    unknown = sorted(set(codes) - {case.code for case in found})
    if unknown:
        raise UnknownCase(f"No case with this reference is called {', '.join(unknown)}.")
    subjects = {case.subject for case in found if case.code in codes}
    left = {case: mask for case, mask in found.items() if case.subject not in subjects}
    if not left:
        raise NotFittable("No case is left to learn from. Leave out fewer.")
    return left


@dataclass(frozen=True)
class Outcome:
    """Names of the methods that were given parts, and why others could not be."""

    made: tuple[str, ...]
    failed: Mapping[str, str]


def fit_on_phantoms(
    *, only: Sequence[str], again: bool, say: Say, trial: Trial | None = None
) -> Outcome:
    """This will make small parts of every method that has none, from phantoms.

    `only` names methods (none: all); `again` also replaces what is there. They are for trying the
    methods: their record names phantoms as what they were made of. The same on every machine but
    for the last bits. `trial` (None: `TRIAL`) says how much goes into them. Where one fails, it
    keeps what it had and the others are made all the same. Raises UnknownMethod.
    """
    trial = trial or TRIAL
    wanted = [method_card(name) for name in only] or list(METHOD_CARDS)
    home = Path(settings.METHODS)
    made: list[str] = []
    failed: dict[str, str] = {}
    cases: list[LabelledCase] = []
    for card in wanted:
        if not card.parts:
            continue
        if not again and any((home / card.name).glob("[!.]*")):
            say(f"{card.title} has its {card.parts}; they stay. (--again replaces them.)")
            continue
        if not cases:
            say(f"Making {len(trial.seeds)} phantoms")
            cases = list(phantom_cases(trial))
        say(f"{card.title}: {card.parts}")
        try:
            with new_parts(card.name) as folder:
                _make_small(card, cases, trial, folder=folder, home=home, say=say)
            made.append(card.name)
        except (Refusal, OSError) as error:  # OSError: the disk is full or cannot be written
            failed[card.name] = error.message if isinstance(error, Refusal) else str(error)
            say(f"{card.title} FAILED: {failed[card.name]}")
    return Outcome(tuple(made), failed)


def _make_small(
    card: MethodCard,
    cases: Sequence[LabelledCase],
    trial: Trial,
    *,
    folder: Path,
    home: Path,
    say: Say,
) -> None:
    """This will write small parts of one method into `folder`."""
    progress = _said(say)
    if card.name in ("li-unet", "li-unet-t1", "adapted-unet"):
        train_trial(card, cases, folder=folder, seed=SEED, steps=trial.steps, progress=progress)
    elif card.name == "nicmslesions":
        stages = train_cascade(
            SMALL_PATCHES,
            cases[:4],
            seed=SEED,
            most=trial.samples,
            epochs=trial.epochs,
            progress=progress,
        )
        record = record_of(cases[:4], seed=SEED, made_of="phantoms")
        save_cascade(folder / "cascade.safetensors", stages, record)
    elif card.name == "nicmslesions-retrained":
        nicmslesions.fit(
            cases, folder=folder, home=home, seed=SEED, progress=progress, most=trial.samples
        )
    else:
        fit_method(card.name, cases, folder=folder, home=home, seed=SEED, progress=progress)


def phantom_cases(trial: Trial = TRIAL) -> Iterator[LabelledCase]:
    """Phantoms with FLAIR, T1 and T2 as labelled cases."""
    for seed in trial.seeds:
        phantom = make_phantom(
            seed=seed, shape=trial.shape, spacing_mm=trial.spacing_mm, skull=bool(seed % 2)
        )
        scans = {"FLAIR": phantom.flair, "T1": phantom.t1, "T2": phantom.t2}
        yield LabelledCase(
            name=f"phantom {seed}",
            sha256=hashlib.sha256(phantom.flair.tobytes()).hexdigest(),
            volumes={
                name: read_volume(nib.Nifti1Image(data, phantom.affine).to_bytes(), name=name)
                for name, data in scans.items()
            },
            lesions=phantom.mask,
            brain=phantom.brain,
        )


def _silent(done: float, stage: str) -> None:
    """Nothing is said."""


def _said(say: Say) -> Callable[[float, str], None]:
    """Progress as lines, each once."""
    last = ""

    def report(done: float, stage: str) -> None:
        nonlocal last
        if stage != last:
            last = stage
            say(f"  {done:4.0%} {stage}")

    return report
