"""How fast the adapted U-Net is beside nnU-Net's own network classes on the same case.

    pip install --no-deps --target FOLDER dynamic-network-architectures
    PYTHONPATH=FOLDER python benchmarks/nnunet.py [--runs 3]

A phantom of 384 x 384 x 35 voxels and random weights; each run is a process of its own in a
worker's environment, in float32, and the three take turns:

- *engine*: the adapted U-Net as a worker runs it, the box around the brain;
- *nnU-Net 2d*: seven stages, patches of 384 x 384, mirrored in both axes (4 passes), all slices;
- *nnU-Net 3d_fullres*: patches of 28 x 256 x 256, mirrored in three axes (8 passes). One of the 8
  patches (steps of half a patch) is measured and counted 8 times.

The networks are those that nnU-Net plans for such a data set; no folds, so one network each.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from os import environ
from pathlib import Path
from typing import Any

from inference import network_alone, worker_environment
from machine import cores, machine, peak_bytes, verdict

FASTER = {"nnU-Net 2d": 5, "nnU-Net 3d_fullres": 30}
HOWS = ("engine", *FASTER)
SHAPE = (35, 384, 384)
PATCHES_3D = 8


def plan_2d() -> Any:
    """nnU-Net's class as it plans it for slices of 384 x 384."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from torch import nn

    return PlainConvUNet(
        input_channels=1,
        n_stages=7,
        features_per_stage=(32, 64, 128, 256, 512, 512, 512),
        conv_op=nn.Conv2d,
        kernel_sizes=3,
        strides=(1, 2, 2, 2, 2, 2, 2),
        n_conv_per_stage=2,
        n_conv_per_stage_decoder=2,
        num_classes=2,
        **_layers(nn.InstanceNorm2d),
    )


def plan_3d() -> Any:
    """The same for volumes of thick slices."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet
    from torch import nn

    flat, cube = (1, 3, 3), (3, 3, 3)
    thin, whole = (1, 2, 2), (2, 2, 2)
    return PlainConvUNet(
        input_channels=1,
        n_stages=7,
        features_per_stage=(32, 64, 128, 256, 320, 320, 320),
        conv_op=nn.Conv3d,
        kernel_sizes=(flat, flat, cube, cube, cube, cube, cube),
        strides=((1, 1, 1), thin, thin, whole, whole, thin, thin),
        n_conv_per_stage=2,
        n_conv_per_stage_decoder=2,
        num_classes=2,
        **_layers(nn.InstanceNorm3d),
    )


def _layers(norm: Any) -> dict[str, Any]:
    from torch import nn

    return {
        "conv_bias": True,
        "norm_op": norm,
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "nonlin": nn.LeakyReLU,
        "nonlin_kwargs": {"inplace": True},
    }


def mirrored(network: Any, x: Any) -> None:
    """One prediction with nnU-Net's default mirroring: every set of axes, flipped and back."""
    import torch

    axes = range(2, x.ndim)
    sets = [some for count in range(len(axes) + 1) for some in combinations(axes, count)]
    total = torch.zeros(())
    for some in sets:
        total = total + torch.flip(network(torch.flip(x, some)), some)


def peer(how: str) -> dict[str, float]:
    """Seconds of a case and parameters of one of nnU-Net's networks."""
    import torch

    torch.manual_seed(0)
    is_2d = how.endswith("2d")
    network = (plan_2d() if is_2d else plan_3d()).eval()
    start = time.perf_counter()
    with torch.inference_mode():
        if is_2d:
            for slices in torch.randn(SHAPE[0], 1, *SHAPE[1:]).split(1):
                mirrored(network, slices)
        else:
            mirrored(network, torch.randn(1, 1, 28, 256, 256))
    seconds = (time.perf_counter() - start) * (1 if is_2d else PATCHES_3D)
    return {"seconds": seconds, "parameters": sum(one.numel() for one in network.parameters())}


def child(how: str, folder: Path) -> None:
    """Do one run; print what it took."""
    taken = {"seconds": network_alone(how, folder)} if how == "engine" else peer(how)
    print(json.dumps({**taken, "bytes": peak_bytes()}))


def run_child(command: list[str]) -> str:
    """What a process of its own prints, in a worker's environment."""
    told = subprocess.run(
        [sys.executable, *command],
        env=environ | worker_environment(),
        check=True,
        stdout=subprocess.PIPE,
    )
    return told.stdout.decode().strip().rpartition("\n")[2]


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=3)
    runs = asked.parse_args().runs
    if importlib.util.find_spec("dynamic_network_architectures") is None:
        print(__doc__, file=sys.stderr)
        return 2
    environ.pop("DATABASE_URL", None)
    found: dict[str, list[dict[str, float]]] = {how: [] for how in HOWS}
    with tempfile.TemporaryDirectory() as folder:
        cases = str(Path(__file__).with_name("inference.py"))
        run_child([cases, "--child", "prepare", folder, str(SHAPE[0])])
        for _ in range(runs):
            for how, results in found.items():
                results.append(json.loads(run_child([__file__, "--child", how, folder])))
    print(machine())
    print(f"\n384 x 384 x {SHAPE[0]}, {cores()} threads, medians of {runs}\n")
    print("|  | seconds | times the engine | peak memory (GB) |\n|---|---|---|---|")
    seconds = {how: statistics.median(one["seconds"] for one in r) for how, r in found.items()}
    times = {how: one / seconds["engine"] for how, one in seconds.items()}
    for how, results in found.items():
        peak = statistics.median(one["bytes"] for one in results) / 1e9
        print(f"| {how} | {seconds[how]:.1f} | {times[how]:.1f} | {peak:.2f} |")
    print()
    held = [
        verdict(f"{how} takes at least {least} times as long", holds=times[how] >= least)
        for how, least in FASTER.items()
    ]
    return not all(held)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main())
