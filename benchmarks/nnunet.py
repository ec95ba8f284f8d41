"""How fast our engine is beside nnU-Net's own networks with its default test-time mirroring.

    python -m venv /tmp/nnunet
    /tmp/nnunet/bin/pip install torch==2.13.0 dynamic-network-architectures==0.4.4
    python benchmarks/nnunet.py --peer /tmp/nnunet/bin/python [--runs 3] [--patches 2]

One case of 384 x 384 x 35 voxels (a phantom) and random weights. nnU-Net's networks come from an
environment of their own; they have the sizes that nnU-Net 2.8.1 plans for such cases (0.59 x 0.59 x
3.84 mm, FLAIR only, a lesion label, its default 8 GB). Each run is a process of its own, and they
take turns:

- *Plaque*: the paper's adapted U-Net as a worker runs it;
- *2d*: every slice is one patch of 384 x 384, mirrored 4 ways;
- *3d_fullres*: patches of 28 x 256 x 256 at steps of half a patch, mirrored 8 ways. They all cost
  the same: `--patches` of them are computed, and the time is that of all.

Reading, resampling, the brain and cleaning are left out everywhere, and nnU-Net's ensemble of five
folds, which would take five times as long.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from database import ROOT
from inference import network_alone, prepare, worker_environment
from machine import cores, machine, peak_bytes, verdict

AT_LEAST = {"2d": 5, "3d_fullres": 30}
FLAT, THIN, CUBE = (1, 3, 3), (1, 2, 2), (3, 3, 3)
PLANS: dict[str, dict[str, Any]] = {
    "2d": {
        "patch": (384, 384),
        "features": (32, 64, 128, 256, 512, 512, 512),
        "kernels": [(3, 3)] * 7,
        "strides": [(1, 1), *[(2, 2)] * 6],
    },
    "3d_fullres": {
        "patch": (28, 256, 256),
        "features": (32, 64, 128, 256, 320, 320, 320),
        "kernels": [FLAT, FLAT, FLAT, CUBE, CUBE, CUBE, CUBE],
        "strides": [(1, 1, 1), THIN, THIN, THIN, (2, 2, 2), (2, 2, 2), THIN],
    },
}


def planned(name: str) -> Any:
    """nnU-Net's network of a configuration, with random weights."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    plan = PLANS[name]
    dimensions, stages = len(plan["patch"]), len(plan["features"])
    architecture = import_module("dynamic_network_architectures.architectures.unet")
    return architecture.PlainConvUNet(
        input_channels=1,
        n_stages=stages,
        features_per_stage=plan["features"],
        conv_op=nn.Conv2d if dimensions == 2 else nn.Conv3d,
        kernel_sizes=plan["kernels"],
        strides=plan["strides"],
        n_conv_per_stage=[2] * stages,
        num_classes=2,
        n_conv_per_stage_decoder=[2] * (stages - 1),
        conv_bias=True,
        norm_op=nn.InstanceNorm2d if dimensions == 2 else nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
    ).eval()


def corners(shape: tuple[int, ...], patch: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Where nnU-Net's sliding window begins, at steps of at most half a patch."""
    axes = []
    for size, edge in zip(shape, patch, strict=True):
        steps = math.ceil((size - edge) / (edge / 2)) + 1
        axes.append([round((size - edge) / max(1, steps - 1) * one) for one in range(steps)])
    return list(itertools.product(*axes))


def run_peer(name: str, folder: Path, most: int) -> dict[str, float]:
    """Seconds of a configuration on the whole case, and how many patches it has."""
    import torch

    network, patch = planned(name), PLANS[name]["patch"]
    case = torch.from_numpy(np.load(folder / "case.npz")["slices"])
    if len(patch) == 2:
        patches = [case[None, None, at] for at in range(len(case))]
    else:
        boxes = [
            tuple(slice(at, at + edge) for at, edge in zip(corner, patch, strict=True))
            for corner in corners(tuple(case.shape), patch)
        ]
        patches = [case[None, None, *box] for box in boxes]
    axes = range(2, 2 + len(patch))
    mirrored = [ways for n in range(len(patch) + 1) for ways in itertools.combinations(axes, n)]
    done = patches if len(patch) == 2 else patches[:most]
    start = time.perf_counter()
    with torch.inference_mode():
        for one in done:
            total = torch.zeros(1, 2, *patch)
            for ways in mirrored:
                total += torch.flip(network(torch.flip(one, ways)), ways)
            total /= len(mirrored)
    share = len(done) / len(patches)
    seconds = (time.perf_counter() - start) / share
    return {"seconds": seconds, "passes": len(patches) * len(mirrored), "share": share}


def run_child(how: str, folder: str, *, peer: Path, most: int) -> dict[str, float]:
    """What a process of its own found, nnU-Net's in its environment and ours in a worker's."""
    python = peer if how in PLANS else Path(sys.executable)
    more = {} if how in PLANS else worker_environment()
    told = subprocess.run(
        [python, __file__, "--child", how, folder, str(most)],
        env=os.environ | more,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, float] = json.loads(told.stdout.decode().strip().rpartition("\n")[2])
    return found


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--peer", type=Path, required=True)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--patches", type=int, default=2)
    chosen = asked.parse_args()
    os.environ.pop("DATABASE_URL", None)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, __file__, "--child", "prepare", folder, "0"], check=True)
        found: dict[str, list[dict[str, float]]] = {how: [] for how in ("Plaque", *PLANS)}
        for _ in range(chosen.runs):
            for how, results in found.items():
                one = run_child(how, folder, peer=chosen.peer.absolute(), most=chosen.patches)
                results.append(one)
    print(f"{machine()}\n\n384 x 384 x 35, {cores()} threads, medians of {chosen.runs}\n")
    print("|  | passes | seconds | of ours | peak memory (GB) |\n|---|---|---|---|---|")
    median = {how: statistics.median(r["seconds"] for r in runs) for how, runs in found.items()}
    for how, runs in found.items():
        peak = statistics.median(one["bytes"] for one in runs) / 1e9
        share = median[how] / median["Plaque"]
        passes = int(runs[0]["passes"])
        print(f"| {how} | {passes} | {median[how]:.1f} | {share:.1f} | {peak:.2f} |")
    for how in PLANS:
        if found[how][0]["share"] < 1:
            part = found[how][0]["share"]
            print(f"\n{how}: {part:.0%} of its passes were computed, the time is that of all.")
    print()
    held = [
        verdict(f"{how} takes at least {least} times as long", holds=median[how] >= least * ours)
        for ours in [median["Plaque"]]
        for how, least in AT_LEAST.items()
    ]
    return not all(held)


def child(how: str, folder: Path, most: int) -> None:
    """Do one run; print its seconds and the most memory that this process held."""
    if how == "prepare":
        prepare(folder, 35)
        return
    if how in PLANS:
        one = run_peer(how, folder, most)
    else:
        one = {"seconds": network_alone("engine", folder), "passes": 35, "share": 1}
    print(json.dumps({**one, "bytes": peak_bytes()}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
