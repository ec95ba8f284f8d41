"""python -m segmentation.training.train_default: make the weights that Plaque ships.

The model card beside the checkpoint states the command, the data, the seed and the scores.
"""

from __future__ import annotations

import argparse
import math
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.unet import UNet, slim
from segmentation.training.augmentation import Batch, draw_batch
from segmentation.training.examples import (
    Example,
    complete_examples,
    implant_examples,
    partial_example,
    phantom_examples,
    read_real_case,
)

SHARES = {"phantom": 0.5, "implant": 0.2, "real": 0.1, "partial": 0.2}
Say = Callable[[str], None]


def collect_examples(
    cases: Path | None, *, leave_out: set[str], phantoms: int, implants: int, seed: int, say: Say
) -> dict[str, list[Example]]:
    """This will gather all examples by group.

    `cases` holds case folders and optionally masks_mni/, lesion masks on the grid of the complete
    cases. A name in `leave_out` is used in no way: as a case, or as a mask of that patient.
    """
    rng = np.random.default_rng([seed, 1])
    groups: dict[str, list[Example]] = defaultdict(list)
    if cases is not None:
        masks = [
            file
            for file in sorted((cases / "masks_mni").glob("*.nii.gz"))
            if not any(name.endswith(file.name.split(".")[0]) for name in leave_out)
        ]
        for flair in sorted(cases.glob("*/FLAIR.nii.gz")):
            if flair.parent.name in leave_out:
                continue
            case = read_real_case(flair.parent)
            if "mask" in case.masks:
                groups["real"] += complete_examples(case, thickness=(1, 2, 3, 4))
                groups["implant"] += implant_examples(case, masks, count=implants, rng=rng)
            else:
                groups["partial"].append(partial_example(case))
            say(f"read {case.name}")
    for number, example in enumerate(phantom_examples(phantoms, first_seed=1, rng=rng), 1):
        groups["phantom"].append(example)
        if number % 10 == 0:
            say(f"made {number} of {phantoms} phantoms")
    return groups


def loss_of(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy plus soft Dice of the lesions, and cross-entropy of the brain, where known."""
    lesion, brain = logits[:, 0].float(), logits[:, 1].float()
    known = batch.lesion_known
    entropy = functional.binary_cross_entropy_with_logits(lesion, batch.lesion, reduction="none")
    entropy = (entropy * known).sum() / known.sum().clamp(min=1)
    likely = lesion.sigmoid() * known
    overlap = (likely * batch.lesion).sum()
    dice = (2 * overlap + 1) / (likely.sum() + (batch.lesion * known).sum() + 1)
    skull = functional.binary_cross_entropy_with_logits(brain, batch.brain, reduction="none")
    skull = (skull * batch.brain_known).sum() / batch.brain_known.sum().clamp(min=1)
    return entropy + (1 - dice) + 0.3 * skull


def train(
    groups: dict[str, list[Example]],
    *,
    steps: int,
    seed: int,
    say: Say,
    size: int = 128,
    count: int = 8,
    rate: float = 2e-3,
    half: bool = False,
) -> UNet:
    """This will train a slim U-Net; the same seed gives the same weights on the same CPU.

    `half` computes in bfloat16 where that is safe. Raises ValueError without any example.
    """
    if not any(groups.values()):
        raise ValueError("no examples to train on")
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 2])
    network = UNet(slim()).train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in the stubs
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps)),
    )
    recent, started = 0.0, time.monotonic()
    for step in range(steps):
        batch = draw_batch(groups, SHARES, size=size, count=count, rng=rng)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            logits = network(batch.images.to(memory_format=torch.channels_last))
        loss = loss_of(logits, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        recent = loss.item() if step == 0 else 0.98 * recent + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            left = (time.monotonic() - started) / (step + 1) * (steps - step - 1)
            say(f"step {step + 1} of {steps}: loss {recent:.3f}, {left / 60:.0f} minutes left")
    network.eval()
    return network


def main() -> None:
    """Read the command line, train, and write the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cases", type=Path, help="folder of real case folders; none: phantoms only"
    )
    parser.add_argument("--leave-out", action="append", default=[], metavar="CASE")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--phantoms", type=int, default=120)
    parser.add_argument("--implants", type=int, default=24)
    parser.add_argument("--half", action="store_true", help="compute in bfloat16")
    chosen = parser.parse_args()

    def say(line: str) -> None:
        print(line, flush=True)  # this is a command

    groups = collect_examples(
        chosen.cases,
        leave_out=set(chosen.leave_out),
        phantoms=chosen.phantoms,
        implants=chosen.implants,
        seed=chosen.seed,
        say=say,
    )
    network = train(groups, steps=chosen.steps, seed=chosen.seed, say=say, half=chosen.half)
    words = ["CASES" if word == str(chosen.cases) else word for word in sys.argv[1:]]
    record = {
        "command": "python -m segmentation.training.train_default " + shlex.join(words),
        "seed": chosen.seed,
        "steps": chosen.steps,
        "left_out": sorted(chosen.leave_out),
        "examples": {name: len(found) for name, found in sorted(groups.items())},
    }
    say(f"sha256 {save_checkpoint(chosen.out, network, record)}")


if __name__ == "__main__":
    main()
