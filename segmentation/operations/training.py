"""Training a network on the cases of cohorts. Only commands and workers import this module."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.inference.preparation import LOWEST, prepare
from segmentation.methods import Progress
from segmentation.methods.adapted_unet import prepared
from segmentation.methods.brain import find_brain
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import Case, Cohort, Segmentation
from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint
from segmentation.networks.foreign_unet import transposed, widened
from segmentation.networks.unet import UNet, adapted
from segmentation.operations.comparison import references_of
from segmentation.operations.parts import new_parts
from segmentation.operations.voxels import brain_of, mask_of, scans_of
from segmentation.refusals import Refusal
from segmentation.training.deck import Deck
from segmentation.training.examples import Example, make_example
from segmentation.training.journal import Journal
from segmentation.training.loop import Trained, train
from segmentation.training.scoring import pooled_dice
from segmentation.training.settings import TrainingSettings, paper, small
from segmentation.training.splits import (
    Member,
    Split,
    require_no_leakage,
    split_as_named,
    split_by_subject,
)

Say = Callable[[str], None]
PRESETS = {"paper": "adapted-unet", "small": "slim-unet"}
NEIGHBOURS_APART_MM = 100.0  # the adapted network sees the very next slices, however thin


class UnknownPreset(Refusal):
    """There is no preset of that name."""


@dataclass(frozen=True)
class Plan:
    """What is to be trained, and on whom.

    `validation` and `test` count subjects (validation: of each cohort; test: of `test_from`) unless
    cases are named. `start` is a checkpoint to fine-tune; `epochs`, `steps`, `size` and `rate`
    replace what the preset says.
    """

    preset: str
    reference: str = "imported"
    validation: int = 5
    test: int = 0
    test_from: str | None = None
    validation_cases: tuple[str, ...] = ()
    test_cases: tuple[str, ...] = ()
    start: Path | None = None
    seed: int = 1
    epochs: int | None = None
    steps: int | None = None
    size: int | None = None
    rate: float | None = None


def train_on_cohorts(
    *, cohorts: Sequence[Cohort], plan: Plan, folder: Path, progress: Progress, say: Say
) -> Trained:
    """This will train on all cases of the cohorts that have the reference, and test at the end.

    `folder` keeps log, state and best checkpoint; called again with the same arguments it goes on
    from there. `progress` takes the share done and what is being done; what it raises ends the
    training, which can then go on later. Raises UnknownPreset, NoReference, NotEnoughSubjects,
    Leakage, UnusableCheckpoint and what `training.loop.train` raises.
    """
    if plan.preset not in PRESETS:
        raise UnknownPreset(f"There is no preset {plan.preset!r}. There is: {', '.join(PRESETS)}.")
    found: dict[Case, Segmentation] = {}
    for cohort in cohorts:
        found |= references_of(cohort, reference=plan.reference)
    split = split_cases(found, plan)
    network, learned_before = starting_network(plan)
    require_no_leakage(split, learned_before=learned_before)
    for side, members in asdict(split).items():
        say(f"{side}: {', '.join(one['name'] for one in members) or 'none'}")
    by_name = {case.code: (case, mask) for case, mask in found.items()}
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def deck_of(members: Sequence[Member]) -> Deck | None:
        examples = []
        for one in members:
            progress(0.0, f"Preparing {one.name}")
            examples.append(_example(*by_name[one.name], plan=plan, network=network))
        return _deck(examples, device, plan)

    deck, validation = deck_of(split.training), deck_of(split.validation)
    if deck is None:
        raise Refusal("No case is left to train on.")
    settings = settings_of(plan, slices=len(deck.pixels), half=device.type == "cuda")
    record = {
        "method": PRESETS[plan.preset],
        "preset": plan.preset,
        "seed": plan.seed,
        **split.hashes(),
        "learned_before_sha256": sorted(learned_before),
    }
    trained = train(
        network,
        deck,
        settings=settings,
        validation=validation,
        journal=Journal(folder, {"training": asdict(settings), **record}),
        record=record,
        progress=progress,
    )
    tested = deck_of(split.test)
    if tested is not None:
        score = pooled_dice(trained.network, tested)[0]
        say(f"test: Dice {'undefined: no lesion' if score is None else f'{score:.3f}'}")
        Journal(folder, {}).save_best(
            trained.network,
            {**record, "course": asdict(replace(trained.course, rows=[])), "test_dice": score},
        )
    return trained


def split_cases(cases: Collection[Case], plan: Plan) -> Split:
    """This will set aside the cases that the plan names, or subjects at random."""
    members = [
        Member(
            name=case.code,
            subject=case.subject,
            cohort=str(case.cohort),
            sha256=case.scans.get(sequence="FLAIR").original_sha256,
        )
        for case in sorted(cases, key=lambda one: one.code)
    ]
    if plan.validation_cases or plan.test_cases:
        return split_as_named(members, validation=plan.validation_cases, test=plan.test_cases)
    return split_by_subject(
        members,
        validation=plan.validation,
        test=plan.test,
        test_from=plan.test_from,
        seed=plan.seed,
    )


def starting_network(plan: Plan) -> tuple[UNet, set[str]]:
    """The network to begin with, and the hashes of all that its checkpoint was trained on.

    The small preset fine-tunes the shipped default where no checkpoint is named. A network of one
    slice becomes one of three with the same output. Raises UnusableCheckpoint.
    """
    torch.manual_seed(plan.seed)
    is_paper = plan.preset == "paper"
    start = plan.start if is_paper or plan.start else CHECKPOINT
    if start is None:
        return UNet(adapted()), set()
    checkpoint = load_checkpoint(start)
    network = checkpoint.network
    if checkpoint.record.get("axes") == "yx":  # Li's, taken over from Keras
        network = transposed(network)
    if is_paper and network.settings.in_channels < 3:
        network = widened(network)
    if network.settings.outputs != (1 if is_paper else 2) or network.settings.in_channels != 3:
        raise UnusableCheckpoint(
            f"{start.name}: the preset {plan.preset} takes 3 slices and has "
            f"{1 if is_paper else 2} outputs; this network takes {network.settings.in_channels} "
            f"channels and has {network.settings.outputs}."
        )
    return network, _learned(checkpoint.record)


def _learned(record: Mapping[str, Any]) -> set[str]:
    """The hashes of all cases that went into a checkpoint, by its record."""
    hashes = set(record.get("subjects", {}).values())
    for side in ("training_sha256", "validation_sha256", "learned_before_sha256", "cases_sha256"):
        hashes |= set(record.get(side, []))
    return hashes


def settings_of(plan: Plan, *, slices: int, half: bool) -> TrainingSettings:
    """The preset's settings with what the plan says instead."""
    if plan.preset == "paper":
        settings = paper(slices=slices, seed=plan.seed, half=half)
    else:
        settings = small(seed=plan.seed, half=half)
    asked = {name: getattr(plan, name) for name in ("epochs", "steps", "size", "rate")}
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(settings, restarts=0 if plan.start else settings.restarts, **given)


def _example(case: Case, mask: Segmentation, *, plan: Plan, network: UNet) -> Example:
    """A case as its method sees it."""
    flair, lesions = scans_of(case)["FLAIR"], mask_of(mask)
    brain = brain_of(case)
    rng = np.random.default_rng(plan.seed)
    if plan.preset == "paper":
        return _adapted_example(case, flair, lesions, brain, rng)
    slices = prepare(flair)
    return make_example(
        group="case",
        subjects=[case.subject],
        pixels=slices.pixels.transpose(1, 2, 0),
        slice_mm=flair.grid.ras.spacing_mm[2],
        lesion=slices.of_scan(lesions).transpose(1, 2, 0),
        brain=None if brain is None else slices.of_scan(brain).transpose(1, 2, 0),
        rng=rng,
    )


def _adapted_example(
    case: Case,
    flair: Volume,
    lesions: NDArray[np.bool_],
    brain: NDArray[np.bool_] | None,
    rng: np.random.Generator,
) -> Example:
    ready = prepared(flair, find_brain(flair, own=brain, progress=lambda *_: None))
    known = ready.window_of(lesions.astype(np.float32)) > 0.5
    return make_example(
        group="case",
        subjects=[case.subject],
        pixels=ready.slices.transpose(1, 2, 0),
        slice_mm=NEIGHBOURS_APART_MM,
        lesion=known.transpose(1, 2, 0),
        brain=None,
        rng=rng,
    )


def _deck(examples: list[Example], device: torch.device, plan: Plan) -> Deck | None:
    if not examples:
        return None
    lowest = min(float(one.pixels.min()) for one in examples)
    return Deck(examples, device=device, air=lowest if plan.preset == "paper" else LOWEST)


def require_installable(plan: Plan) -> None:
    """This will raise Refusal for the small preset, whose method ships with its weights."""
    if plan.preset == "small":
        raise Refusal(
            f"The weights of {PRESETS['small']} ship with Plaque; what the preset small makes "
            "stays in its folder. Leave --install out, or train with --preset paper."
        )


def install_trained(*, plan: Plan, folder: Path) -> str:
    """This will make the best checkpoint of a training the adapted U-Net's only part.

    Masks that were made before stay and keep naming the checkpoint they came from. Raises Refusal
    as `require_installable`.
    """
    require_installable(plan)
    method = PRESETS[plan.preset]
    with new_parts(method) as parts:
        shutil.copyfile(folder / "best.safetensors", parts / "1.safetensors")
    return method
