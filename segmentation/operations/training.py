"""Training a network on the cases of cohorts. Only commands and workers import this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from segmentation.imaging.nifti import Volume
from segmentation.inference.engine import best_device
from segmentation.inference.preparation import LOWEST, prepare
from segmentation.methods import Progress
from segmentation.methods.adapted_unet import prepared
from segmentation.methods.brain import find_brain
from segmentation.methods.slim_unet import CHECKPOINT
from segmentation.models import Case, Cohort, Segmentation
from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint
from segmentation.networks.foreign_unet import transposed, widened
from segmentation.networks.header import seen_by, trained_on
from segmentation.networks.unet import UNet, adapted, slim
from segmentation.operations.comparison import references_of, to_learn_from
from segmentation.operations.parts import new_parts
from segmentation.operations.planning import (
    PRESETS,
    THRESHOLD_ONLY,
    Plan,
    UnknownPreset,
    split_cases,
)
from segmentation.operations.versions import add_version
from segmentation.operations.voxels import brain_of, mask_of, scans_of
from segmentation.refusals import Refusal
from segmentation.training.deck import Deck
from segmentation.training.examples import Example, make_example
from segmentation.training.journal import Journal
from segmentation.training.loop import Trained, Watch, train
from segmentation.training.scoring import pooled_dice
from segmentation.training.settings import TrainingSettings, paper, short, small
from segmentation.training.splits import Member, Split, require_no_leakage

Say = Callable[[str], None]
NEIGHBOURS_APART_MM = 100.0  # the adapted network sees the very next slices, however thin


def train_on_cohorts(
    *, cohorts: Sequence[Cohort], plan: Plan, folder: Path, progress: Progress, say: Say
) -> Trained:
    """This will train on all cases of the cohorts that have the reference, and test at the end.

    Raises UnknownPreset, NoReference, NotEnoughSubjects, Leakage, UnusableCheckpoint and what
    `train_on` raises.
    """
    if PRESETS.get(plan.preset) is None or plan.preset == THRESHOLD_ONLY:
        known = ", ".join(name for name in PRESETS if name != THRESHOLD_ONLY)
        raise UnknownPreset(f"There is no preset {plan.preset!r}. There is: {known}.")
    found: dict[Case, Segmentation] = {}
    for cohort in cohorts:
        found |= references_of(cohort, reference=plan.reference)
    tested = {case: mask for case, mask in found.items() if case.code in plan.test_cases}
    found = to_learn_from(found) | tested
    _, learned_from = starting_network(plan)
    split = split_cases(found, plan, learned_before=frozenset(trained_on(learned_from)))
    for side, members in asdict(split).items():
        say(f"{side}: {', '.join(one['name'] for one in members) or 'none'}")
    masks = {case.code: mask for case, mask in found.items()}
    trained = train_on(masks, split, plan=plan, folder=folder, progress=progress)
    if split.test:
        score = trained.record["test_dice"]
        say(f"test: Dice {'undefined: no lesion' if score is None else f'{score:.3f}'}")
    return trained


def train_on(
    masks: Mapping[str, Segmentation],
    split: Split,
    *,
    plan: Plan,
    folder: Path,
    progress: Progress,
    watch: Watch | None = None,
) -> Trained:
    """This will train on a split of cases (by code, each with its reference mask).

    `folder` keeps log, state and best checkpoint; called again with the same arguments it goes on
    from there. `progress` takes the share done and what is being done; what it or `watch` raises
    ends the training, which can then go on later. Raises Leakage, UnusableCheckpoint and what
    `training.loop.train` raises.
    """
    network, before = starting_network(plan)
    require_no_leakage(split, learned_before=trained_on(before), seen_before=seen_by(before))
    device = best_device()
    count, prepared_cases = len(split.training) + len(split.validation) + len(split.test), 0

    def deck_of(members: Sequence[Member]) -> Deck | None:
        nonlocal prepared_cases
        examples = []
        for one in members:
            prepared_cases += 1
            progress(0.0, f"Preparing case {prepared_cases} of {count}")
            examples += examples_of(masks[one.name], plan=plan)
        return _deck(examples, device, plan)

    deck, validation = deck_of(split.training), deck_of(split.validation)
    if deck is None:
        raise Refusal("No case is left to train on.")
    settings = settings_of(plan, slices=len(deck.pixels), half=device.type == "cuda")
    record = {
        "method": PRESETS[plan.preset].method,
        "preset": plan.preset,
        "seed": plan.seed,
        "training": asdict(settings),
        **split.hashes(),
        "learned_before_sha256": sorted(trained_on(before)),
        "seen_before_sha256": sorted(seen_by(before)),
    }
    trained = train(
        network,
        deck,
        settings=settings,
        validation=validation,
        journal=Journal(folder, record),
        record=record,
        progress=progress,
        watch=watch,
    )
    tested = deck_of(split.test)
    if tested is None:
        return trained
    record["test_dice"] = pooled_dice(trained.network, tested, half=settings.half)[0]
    kept = {**record, "course": asdict(replace(trained.course, rows=[]))}
    Journal(folder, {}).save_best(trained.network, kept)
    return replace(trained, record=kept)


def starting_network(plan: Plan) -> tuple[UNet, Mapping[str, Any]]:
    """The network to begin with, and the record of its checkpoint (empty without one).

    The small presets fine-tune the shipped default where no checkpoint is named. A network of one
    slice becomes one of three with the same output. Raises UnusableCheckpoint.
    """
    torch.manual_seed(plan.seed)
    is_paper = plan.preset == "paper"
    start = plan.start if is_paper or plan.start or plan.scratch else CHECKPOINT
    if start is None:
        return UNet(adapted() if is_paper else slim()), {}
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
    return network, checkpoint.record


def settings_of(plan: Plan, *, slices: int, half: bool) -> TrainingSettings:
    """The preset's settings with what the plan says instead."""
    if plan.preset == "paper":
        settings = paper(slices=slices, seed=plan.seed, half=half)
    else:
        settings = (short if plan.preset == "short" else small)(seed=plan.seed, half=half)
    asked = {name: getattr(plan, name) for name in ("epochs", "steps", "size", "rate")}
    given = {name: value for name, value in asked.items() if value is not None}
    return replace(settings, restarts=0 if plan.start else settings.restarts, **given)


def examples_of(mask: Segmentation, *, plan: Plan) -> list[Example]:
    """A case as its method sees it, in every plane that it looks at."""
    case = mask.case
    flair, lesions = scans_of(case)["FLAIR"], mask_of(mask)
    brain = brain_of(case)
    rng = np.random.default_rng(plan.seed)
    if plan.preset == "paper":
        return [_adapted_example(case, flair, lesions, brain, rng)]
    ready = prepare(flair)
    return [
        make_example(
            group="case",
            subjects=[case.subject],
            pixels=ready.pixels,
            slice_mm=ready.slice_mm,
            lesion=ready.of_scan(lesions),
            brain=None if brain is None else ready.of_scan(brain),
            rng=rng,
            plane=plane,
        )
        for plane in ready.planes
    ]


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


def install_trained(*, cohorts: Sequence[Cohort], plan: Plan, folder: Path, now: datetime) -> str:
    """This will make the best checkpoint of a training a version of its method; returns its name.

    What the paper's preset made also becomes the adapted U-Net's only part. Masks that were made
    before stay and keep naming the checkpoint they came from. Raises StorageFailed.
    """
    content = (folder / "best.safetensors").read_bytes()
    method = PRESETS[plan.preset].method
    title = " and ".join(cohort.title for cohort in cohorts)
    version = add_version(method=method, title=title, content=content, cohorts=cohorts, now=now)
    if plan.preset == "paper":
        with new_parts(method) as parts:
            (parts / "1.safetensors").write_bytes(content)
    return version.name
