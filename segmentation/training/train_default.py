"""python -m segmentation.training.train_default: make the weights that Plaque ships.

Two rounds. The first learns from phantoms, real cases, implanted lesions and whole heads with
partial labels. Then the network labels what is unknown of the whole heads where it is sure, and the
second round learns from that too. With `--leave-out CASE` nothing of that patient is used, neither
scan nor mask (`CASE,CASE`: of neither); several folds share the examples and run side by side.
`--shared` epochs come before: one network learns from what no fold leaves out, and all folds begin
with it. The model card beside the checkpoint states the command, the data, the seed and the scores.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from segmentation.inference.precision import has_native_bfloat16
from segmentation.inference.preparation import AXIAL, PIXEL_MM, PLANES, THICK_MM, normalise
from segmentation.networks.checkpoint import UnusableCheckpoint, load_checkpoint
from segmentation.networks.unet import UNet, slim
from segmentation.refusals import Refusal
from segmentation.training.deck import Deck
from segmentation.training.examples import Example, make_example
from segmentation.training.journal import Journal
from segmentation.training.loop import train
from segmentation.training.phantoms import make_phantom
from segmentation.training.real_cases import (
    LesionMask,
    RealCase,
    compared,
    implanted_example,
    implanted_whole_head,
    partial_example,
    posed_example,
    read_lesion_mask,
    read_real_case,
)
from segmentation.training.scoring import label_unknown, pooled_dice
from segmentation.training.settings import TrainingSettings

SHARES = {"phantom": 0.4, "implanted-head": 0.4, "partial": 0.15, "implant": 0.05, "real": 0.05}
SECOND_SHARES = {**SHARES, "partial": 0.25}
HELD_OUT_SEEDS = 50_000  # phantoms from here on are never trained on
STUDY = re.compile(r"_study\d+$")
THRESHOLDS = [round(0.3 + 0.05 * n, 2) for n in range(13)]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Amounts:
    """How many examples of each kind; `poses` and `implants` are per real case."""

    phantoms: int
    poses: int
    implants: int
    held_out: int


@dataclass(frozen=True)
class Task:
    """One example to be made, by any process: what of, and the seed it is drawn from."""

    make: Callable[..., Example]
    subject: Any
    arguments: tuple[Any, ...]
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Material:
    """What networks learn from and are looked at with.

    `hashes` are the SHA-256 of every FLAIR and of every other patient's lesion mask.
    """

    examples: list[Example]
    held_out: list[Example]
    hashes: dict[str, str]


@dataclass(frozen=True)
class Fold:
    """A network to be made: whom it leaves out, its rounds, the checkpoint that it begins with."""

    name: str
    left_out: set[str]
    rounds: list[TrainingSettings]
    begin_with: Path | None = None


def run_task(task: Task) -> Example:
    """This will make one example; the same task gives the same example."""
    return task.make(task.subject, *task.arguments, rng=np.random.default_rng(task.seed))


def phantom_example(seed: int, *, rng: np.random.Generator) -> Example:
    """A phantom of 1 mm voxels, in the slices of any plane, or of 2 to 5 mm slices.

    A fifth is brain only, a fifth without lesions.
    """
    thin = rng.random() < 0.5
    thick = PIXEL_MM if thin else rng.uniform(THICK_MM, 5.0)
    spacing = (1.0, 1.0, thick)
    slices = round(150 / thick)
    empty = rng.random() < 0.2
    p = make_phantom(
        seed=seed,
        shape=(192, 224, slices),
        spacing_mm=spacing,
        lesions=0 if empty else None,
        confluent=False if empty else None,
        skull=bool(rng.random() < 0.8),
        height_mm=rng.uniform(-15, 15),
        flair_only=True,
    )
    return make_example(
        group="phantom",
        subjects=[],
        pixels=normalise(p.flair.astype(np.float32), spacing),
        slice_mm=thick,
        lesion=p.mask,
        brain=p.brain,
        rng=rng,
        plane=int(rng.choice(PLANES)) if thin else AXIAL,
    )


def example_tasks(
    cases: list[RealCase], masks: list[LesionMask], amounts: Amounts, seed: int
) -> Iterator[Task]:
    """What is to be made for training."""
    for number in range(amounts.phantoms):
        yield Task(phantom_example, number + 1, (), (seed, 1, number))
    for which, case in enumerate(cases):
        rng = np.random.default_rng([seed, 2, which])
        implant = implanted_example if case.complete else implanted_whole_head
        if case.complete:
            for number in range(amounts.poses):
                yield Task(posed_example, case, (), (seed, 3, which, number))
        else:
            yield Task(partial_example, case, (), (seed, 4, which))
        if masks and "brainmask" in case.masks:
            for number in range(amounts.implants):
                other = masks[int(rng.integers(len(masks)))]
                yield Task(implant, case, (other,), (seed, 5, which, number))


def held_out_tasks(
    cases: list[RealCase], masks: list[LesionMask], amounts: Amounts, seed: int
) -> Iterator[Task]:
    """What is made to choose the threshold: phantoms and implants that are in no training.

    The heads and the masks themselves are in it, other draws of them.
    """
    for number in range(amounts.held_out):
        yield Task(phantom_example, HELD_OUT_SEEDS + number, (), (seed, 6, number))
    heads = [case for case in cases if not case.complete and "brainmask" in case.masks]
    rng = np.random.default_rng([seed, 7])
    for number in range(amounts.held_out if heads and masks else 0):
        other = masks[int(rng.integers(len(masks)))]
        head = heads[number % len(heads)]
        yield Task(implanted_whole_head, head, (other,), (seed, 8, number))


def allowed(example: Example, left_out: set[str]) -> bool:
    """Whether an example uses nothing of a patient."""
    return not any(_is_any(name, example.subjects) for name in left_out)


def same_patient(name: str, other: str) -> bool:
    """Whether two scans or masks are of one patient: `mni_patient07` is also `patient07`.

    Studies of a patient (`long_patient01_study1`) belong together.
    """
    name, other = (STUDY.sub("", one) for one in (name, other))
    return name.endswith(other) or other.endswith(name)


def run_fold(
    fold: Fold,
    material: Material,
    *,
    folder: Path,
    said: dict[str, Any],
    device: str | None,
    threads: int,
    say: Say,
) -> None:
    """This will train one network, round after round, and leave its checkpoints in `folder`.

    `said` stands in their records, too.
    """
    rounds = fold.rounds
    torch.manual_seed(rounds[0].seed)
    torch.set_num_threads(threads)
    examples, held_out = (
        [one for one in several if allowed(one, fold.left_out)]
        for several in (material.examples, material.held_out)
    )
    # Asked here, not in `main`: a process that has talked to CUDA cannot be forked.
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if rounds[0].half and where.type == "cpu" and not has_native_bfloat16():
        say("this processor computes bfloat16 ten times as slowly: in single precision instead")
        rounds = [replace(one, half=False) for one in rounds]
    deck = Deck(examples, device=where)
    held_out_decks = {
        name: Deck([one for one in held_out if one.group == name], device=where)
        for name in sorted({one.group for one in held_out})
    }
    names = set().union(*(one.subjects for one in examples))
    counts = {name: len(members) for name, members in sorted(deck.groups.items())}
    precision = "bfloat16" if rounds[0].half else "float32"
    made_of: dict[str, Any] = {
        **said,
        "left_out": sorted(fold.left_out),
        "subjects": {one: material.hashes[one] for one in sorted(names)},
        "examples": counts,
        "seed": rounds[0].seed,
        "precision": precision,
        "threads": threads,
    }
    say(f"{len(deck.pixels)} slices of {deck.height} x {deck.width} from {counts}")
    network = UNet(slim())
    if fold.begin_with is not None:
        checkpoint = load_checkpoint(fold.begin_with)
        network, made_of["begun_with"] = checkpoint.network, checkpoint.sha256
        made_of["subjects"] = {**checkpoint.record.get("subjects", {}), **made_of["subjects"]}
    record = dict(made_of)
    for number, chosen in enumerate(rounds, 1):
        journal = Journal(folder / f"round{number}", {"round": number, **made_of})
        network = train(
            network,
            deck,
            settings=chosen,
            validation=None,
            journal=journal,
            record=record,
            progress=lambda _, line: say(f"round {number}: {line}"),  # noqa: B023
        ).network
        scores = {
            name: pooled_dice(network, one, thresholds=THRESHOLDS, half=chosen.half)
            for name, one in held_out_decks.items()
        }
        record = {**record, f"round{number}_dice": dict(scores, thresholds=THRESHOLDS)}
        for name, values in scores.items():
            line = " ".join(
                f"{at}:{0 if value is None else value:.3f}"
                for at, value in zip(THRESHOLDS, values, strict=True)
            )
            say(f"round {number}: held-out {name} Dice {line}")
        if number < len(rounds):
            labelled = label_unknown(network, deck, half=chosen.half)
            say("labelled {} lesion and {} other pixels".format(*labelled))
    sha256 = Journal(folder, {}).save_best(network, record)
    say(f"sha256 {sha256}")


def side_by_side(
    folds: list[Fold],
    material: Material,
    *,
    out: Path,
    said: dict[str, Any],
    device: str | None,
    say: Say,
) -> None:
    """This will train networks at once, each on its part of the cores; exits where one failed."""
    running = []
    for fold in folds:
        process = multiprocessing.get_context("fork").Process(
            target=run_fold,
            args=(fold, material),
            kwargs={
                "folder": out / fold.name,
                "said": said,
                "device": device,
                "threads": max(1, len(os.sched_getaffinity(0)) // len(folds)),
                "say": lambda line, name=fold.name: say(f"[{name}] {line}"),
            },
        )
        process.start()
        running.append(process)
    for process in running:
        process.join()
    if failed := max(abs(process.exitcode or 0) for process in running):
        sys.exit(failed)


def main() -> None:
    """Read the command line, make the examples, and train the folds side by side."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cases", type=Path, help="folder of case folders; none: phantoms only")
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="CASE[,CASE]",
        type=lambda names: tuple(names.split(",")),
        help="for each time that it is given, one network that learns nothing of these",
    )
    parser.add_argument("--all", action="store_true", help="also train on everything")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=int, default=0, help="epochs before the folds part")
    parser.add_argument("--begin-with", type=Path, help="a checkpoint that a run before left")
    parser.add_argument("--epochs", type=int, nargs=2, default=(12, 8), help="of the two rounds")
    parser.add_argument("--steps", type=int, default=250, help="per epoch")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=128, help="of a crop, in pixels")
    parser.add_argument("--phantoms", type=int, default=120)
    parser.add_argument("--poses", type=int, default=12, help="of each complete case")
    parser.add_argument("--implants", type=int, default=12, help="into each case")
    parser.add_argument("--held-out", type=int, default=6, help="phantoms, and implanted heads")
    parser.add_argument("--processes", type=int, default=1, help="that make examples")
    parser.add_argument("--device", help="cpu or cuda; none: cuda where there is one")
    parser.add_argument("--threshold", type=float, help="that the checkpoint is to be used with")
    parser.add_argument(
        "--half", action="store_true", help="compute in bfloat16, unless that is slow"
    )
    chosen = parser.parse_args()
    torch.set_num_threads(1)  # a process whose PyTorch has threads cannot be forked: its copy waits
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s {line}", flush=True)  # this is a command

    known = [_name(one) for several in _found(chosen.cases) for one in several]
    for name in set().union(*chosen.leave_out):
        if not name or not _is_any(name, known):
            parser.error(
                f"--leave-out {name}: no case and no mask in {chosen.cases} is of this name"
            )
    if not any(chosen.epochs):
        parser.error("--epochs 0 0: no round is left; give one of them epochs")
    if chosen.begin_with is not None:
        try:
            before = load_checkpoint(chosen.begin_with)
        except UnusableCheckpoint as refusal:
            parser.error(f"--begin-with: {refusal}")
        learned = before.record.get("subjects", {})
        for name in set().union(*chosen.leave_out):
            if _is_any(name, learned):
                parser.error(f"--begin-with {chosen.begin_with}: it has learned from {name}")
        if before.network.settings != slim():
            parser.error(f"--begin-with {chosen.begin_with}: it is not of the slim layout")
    left_out = [set(names) for names in dict.fromkeys(chosen.leave_out)]
    if chosen.all or not left_out:
        left_out.append(set())
    amounts = Amounts(chosen.phantoms, chosen.poses, chosen.implants, chosen.held_out)
    try:
        material = _make_all(chosen.cases, left_out, amounts, chosen.seed, chosen.processes, say)
    except Refusal as refusal:
        parser.error(f"--cases {chosen.cases}: {refusal.message}")
    settings = TrainingSettings(
        epochs=chosen.epochs[0],
        steps=chosen.steps,
        batch=chosen.batch,
        size=chosen.size,
        rate=2e-3,
        decay=1e-4,
        cosine=True,
        average=0.998,
        loss="lesion and brain",
        half=chosen.half,
        seed=chosen.seed,
        shares=SHARES,
    )
    called = {
        str(chosen.cases): "CASES",
        str(chosen.begin_with): "BEFORE",
        str(chosen.out): "OUT",
    }
    words = [called.get(word, word) for word in sys.argv[1:]]
    command = "python -m segmentation.training.train_default " + shlex.join(words)
    said: dict[str, Any] = {"command": command}
    if chosen.threshold is not None:
        said["threshold"] = chosen.threshold
    common = {"out": chosen.out, "said": said, "device": chosen.device, "say": say}
    shared, folds = planned_folds(
        left_out,
        settings,
        chosen.shared,
        chosen.epochs[1],
        chosen.out,
        begin_with=chosen.begin_with,
    )
    if shared:
        side_by_side([shared], material, **common)  # apart: who has met CUDA cannot be forked
    side_by_side(folds, material, **common)


def planned_folds(
    left_out: list[set[str]],
    settings: TrainingSettings,
    shared_epochs: int,
    second_epochs: int,
    out: Path,
    *,
    begin_with: Path | None = None,
) -> tuple[Fold | None, list[Fold]]:
    """What is shared, from what no fold leaves out, and the folds that begin with it.

    The second round is gentler, with more of the heads labelled since.
    """
    shared = None
    if shared_epochs > 0:
        longer = replace(settings, epochs=shared_epochs, seed=settings.seed + 2)
        shared = Fold("shared", set().union(*left_out), [longer], begin_with)
        begin_with = out / shared.name / "best.safetensors"
    second = replace(
        settings,
        epochs=second_epochs,
        rate=settings.rate / 2,
        seed=settings.seed + 1,
        shares=SECOND_SHARES,
    )
    rounds = [one for one in (settings, second) if one.epochs]
    folds = [Fold("-".join(sorted(one)) or "all", one, rounds, begin_with) for one in left_out]
    return shared, folds


def _make_all(
    folder: Path | None,
    left_out: list[set[str]],
    amounts: Amounts,
    seed: int,
    processes: int,
    say: Say,
) -> Material:
    """All examples, made by several processes; of patients whom every fold leaves out, none.

    Nor does a patient whom any fold leaves out say where lesions are rare.
    """
    by_all, by_any = set.intersection(*left_out), set().union(*left_out)
    folders, files = (
        [one for one in several if not _is_any(_name(one), by_all)] for several in _found(folder)
    )
    hashes = {one.name: _sha256(one / "FLAIR.nii.gz") for one in folders}
    hashes |= {_name(one): _sha256(one) for one in files}
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
        cases = list(pool.map(read_real_case, folders))
        masks = list(pool.map(read_lesion_mask, files))
        say(f"read {len(cases)} cases and {len(masks)} masks")
        cases = compared(cases, [one for one in masks if not _is_any(one.subject, by_any)])
        made = []
        for tasks in (example_tasks, held_out_tasks):
            made.append(list(pool.map(run_task, tasks(cases, masks, amounts, seed))))
            say(f"made {len(made[-1])} examples")
    return Material(made[0], made[1], hashes)


def _found(folder: Path | None) -> tuple[list[Path], list[Path]]:
    """The folders of cases, and the files of lesion masks."""
    if folder is None:
        return [], []
    folders = sorted(one.parent for one in folder.glob("*/FLAIR.nii.gz"))
    return folders, sorted((folder / "masks_mni").glob("*.nii.gz"))


def _is_any(name: str, others: Iterable[str]) -> bool:
    return any(same_patient(name, other) for other in others)


def _name(file: Path) -> str:
    return file.name.split(".")[0]


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
