"""How fast inference is beside plain PyTorch with the same weights, and what a worker needs.

    python benchmarks/inference.py [--runs 5] [--slices 35]

One case of 384 x 384 x 35 voxels (a phantom), and the paper's adapted U-Net with random weights.
Each run is a process of its own, and they take turns:

- *plain*: the network alone, eager NCHW float32 over whole slices, the default allocator;
- *engine*: the network alone, as a worker runs it; *bfloat16*: the same where the processor has it;
- *worker*: a job from its claim to the stored mask (`run_next_job`), with reading the scan, finding
  the brain, cleaning and storing, in a worker's environment and a data folder of its own;
- *default*: such a job of the default method, with the weights that ship.

Beside them, in one more process, the floating-point operations per second of the network's slices
and of one large convolution (3 x 3, 256 to 256 features), which is what the library can do here;
and the Dice of the default method's mask in bfloat16 to its own in single precision.
"""

from __future__ import annotations

import argparse
import configparser
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from database import ROOT, start_django
from machine import cores, machine, peak_bytes, verdict

MOST_OF_PLAIN = {"engine": 1 / 3, "bfloat16": 1 / 5, "default": 1 / 6}
LEAST_RATE = 0.85
MOST_BYTES = 3e9
METHODS = {"worker": "adapted-unet", "default": "slim-unet"}


def prepare(folder: Path, slices: int) -> None:
    """Slices and brain mask of a phantom for the network; the phantom as a case for the worker."""
    start_django(str(folder))
    import nibabel as nib
    import torch
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from segmentation.networks.checkpoint import save_checkpoint
    from segmentation.networks.unet import UNet, adapted
    from segmentation.operations.cases import NamedFile, create_cohort, import_case
    from segmentation.training.phantoms import make_phantom

    phantom = make_phantom(seed=7, shape=(384, 384, slices))
    flair = phantom.flair.astype(np.float32)
    flair = (flair - flair[phantom.brain].mean()) / flair[phantom.brain].std()
    arrays = {"slices": flair, "brain": phantom.brain}
    axial = {name: np.ascontiguousarray(one.transpose(2, 0, 1)) for name, one in arrays.items()}
    np.savez(folder / "case.npz", **axial)
    call_command("migrate", verbosity=0)
    file = NamedFile("FLAIR.nii", nib.Nifti1Image(phantom.flair, phantom.affine).to_bytes())
    import_case(cohort=create_cohort(title="Bench"), files=[file], now=timezone.now())
    torch.manual_seed(0)
    weights = settings.METHODS / METHODS["worker"] / "1.safetensors"
    weights.parent.mkdir(parents=True)
    save_checkpoint(weights, UNet(adapted()), {}, half=False)


def network_alone(how: str, folder: Path) -> float:
    """Seconds of the network on the phantom's slices; what came out is left in the folder."""
    import torch

    from segmentation.inference.engine import BATCH, predict
    from segmentation.inference.precision import REFERENCE, Precision
    from segmentation.networks.unet import UNet, adapted

    half = Precision("bfloat16", "it is what is measured")
    torch.manual_seed(0)
    network = UNet(adapted()).eval()
    loaded = np.load(folder / "case.npz")
    slices, brain = loaded["slices"], loaded["brain"]
    start = time.perf_counter()
    if how == "plain":  # what anybody would write first
        padded = np.concatenate([slices[:1], slices, slices[-1:]])
        stack = torch.from_numpy(np.stack([padded[:-2], padded[1:-1], padded[2:]], axis=1))
        with torch.no_grad():
            parts = [network(part).sigmoid() for part in stack.split(BATCH)]
        maps = torch.cat(parts).numpy()[:, 0]
    else:
        precision = half if how == "bfloat16" else REFERENCE
        given = {"within": brain, "precision": precision, "progress": lambda *_: None}
        maps = predict(network, slices, **given)[0]
    seconds = time.perf_counter() - start
    np.save(folder / f"{how}.npy", maps[brain])
    return seconds


def job_of_a_worker(method: str, folder: Path) -> float:
    """Seconds of one job of a method, from its claim to its stored mask."""
    start_django(str(folder))
    from django.utils import timezone

    from segmentation.models import Case, InferenceJob
    from segmentation.operations.jobs import request_segmentation
    from segmentation.operations.running import run_next_job

    case = Case.objects.get()
    job = request_segmentation(case=case, method=method, by=None, now=timezone.now())
    start = time.perf_counter()
    assert run_next_job(clock=timezone.now)
    seconds = time.perf_counter() - start
    job.refresh_from_db()
    assert job.state == InferenceJob.State.SUCCEEDED, job.reason
    return seconds


def rates() -> dict[str, float]:
    """GFLOP/s of the network on whole slices, and of one large convolution."""
    import torch
    from torch import nn

    from segmentation.inference.engine import BATCH
    from segmentation.networks.unet import UNet, adapted

    def counted(network: nn.Module, x: torch.Tensor) -> int:
        count = 0

        def add(layer: nn.Module, _: object, out: torch.Tensor) -> None:
            nonlocal count
            count += 2 * out.numel() * layer.weight[0].numel()

        layers = [one for one in network.modules() if isinstance(one, nn.Conv2d)]
        hooks = [one.register_forward_hook(add) for one in layers]
        network(x)
        for hook in hooks:
            hook.remove()
        return count

    pairs = {
        "network": (UNet(adapted()).eval(), torch.randn(BATCH, 3, 384, 384)),
        "convolution": (nn.Conv2d(256, 256, 3, padding=1), torch.randn(BATCH, 256, 96, 96)),
    }
    ready = {
        name: [one.to(memory_format=torch.channels_last) for one in pair]
        for name, pair in pairs.items()
    }
    found: dict[str, list[float]] = {name: [] for name in ready}
    with torch.inference_mode():
        counts = {name: counted(network, x) for name, (network, x) in ready.items()}
        for _ in range(7):  # in turns: whatever else the machine does hits both
            for name, (network, x) in ready.items():
                times = max(1, counts["network"] // counts[name])
                start = time.perf_counter()
                for _ in range(times):
                    network(x)
                seconds = time.perf_counter() - start
                found[name].append(times * counts[name] / seconds / 1e9)
    return {name: statistics.median(rates) for name, rates in found.items()}


def agreement(folder: Path) -> dict[str, float]:
    """Dice of the default method's mask in bfloat16 to that in single precision, if any."""
    start_django(str(folder))
    from segmentation.evaluation.overlap import dice
    from segmentation.inference.precision import ask_for_speed
    from segmentation.methods import load_method
    from segmentation.models import Case
    from segmentation.operations.voxels import scans_of

    volumes = scans_of(Case.objects.get())
    method = load_method(METHODS["default"])
    reference = method.segment(volumes, progress=lambda *_: None).mask
    ask_for_speed(fast=True)
    fast = method.segment(volumes, progress=lambda *_: None)
    assert fast.provenance["precision"]["name"] == "bfloat16"
    found = dice(fast.mask, reference)
    return {"dice": found} if isinstance(found, float) else {}


def child(how: str, folder: Path) -> None:
    """Do one run; print its seconds and the most memory that this process held."""
    if how in {"rates", "agreement"}:
        print(json.dumps(rates() if how == "rates" else agreement(folder)))
        return
    method = METHODS.get(how)
    seconds = job_of_a_worker(method, folder) if method else network_alone(how, folder)
    print(json.dumps({"seconds": seconds, "bytes": peak_bytes()}))


def run_child(how: str, *given: str) -> str:
    """What a process of its own prints; engine and worker run in a worker's environment."""
    more = {} if how in {"prepare", "plain"} else worker_environment()
    command = [sys.executable, __file__, "--child", how, *given]
    told = subprocess.run(command, env=os.environ | more, check=True, stdout=subprocess.PIPE)
    return told.stdout.decode().strip().rpartition("\n")[2]


def worker_environment() -> dict[str, str]:
    """The environment that the supervisor gives a worker."""
    settings = configparser.RawConfigParser()
    settings.read(ROOT / "webapp" / "supervisord.conf")
    pairs = settings["program:worker"]["environment"].split(",")
    return {name: value.strip('"') for name, value in (pair.split("=", 1) for pair in pairs)}


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--slices", type=int, default=35)
    chosen = asked.parse_args()
    os.environ.pop("DATABASE_URL", None)  # the worker's database is in the folder
    from segmentation.inference.precision import has_native_bfloat16

    hows = ["plain", "engine", *(["bfloat16"] if has_native_bfloat16() else []), *METHODS]
    with tempfile.TemporaryDirectory() as folder:
        run_child("prepare", folder, str(chosen.slices))
        found: dict[str, list[dict[str, float]]] = {how: [] for how in hows}
        for _ in range(chosen.runs):
            for how, results in found.items():
                results.append(json.loads(run_child(how, folder)))
        more = json.loads(run_child("rates", folder))
        if "bfloat16" in hows:
            more |= json.loads(run_child("agreement", folder))
        maps = {how: np.load(Path(folder) / f"{how}.npy") for how in hows if how not in METHODS}
    differences = {how: float(np.abs(maps["plain"] - one).max()) for how, one in maps.items()}
    print(machine())
    title = f"384 x 384 x {chosen.slices}, adapted U-Net, {cores()} threads"
    print(f"\n{title}, medians of {chosen.runs}\n")
    return not all(tell(found, more, differences))


def tell(
    found: dict[str, list[dict[str, float]]],
    more: dict[str, float],
    differences: dict[str, float],
) -> list[bool]:
    """Print the table, what else was measured and the verdicts; return these."""
    print("|  | seconds | of plain | peak memory (GB) |\n|---|---|---|---|")
    seconds = {how: statistics.median(r["seconds"] for r in runs) for how, runs in found.items()}
    shares = {how: one / seconds["plain"] for how, one in seconds.items()}
    for how, runs in found.items():
        peak = statistics.median(run["bytes"] for run in runs) / 1e9
        print(f"| {how} | {seconds[how]:.1f} | {shares[how]:.2f} | {peak:.2f} |")
    for how in sorted(set(differences) - {"plain"}):
        print(f"\nLargest difference of a probability in the brain, {how}: {differences[how]:.4f}")
    rate = more["network"] / more["convolution"]
    print(
        f"\nThe network computes {more['network']:.0f} GFLOP/s, a large convolution alone "
        f"{more['convolution']:.0f}: {rate:.0%}"
    )
    held = [
        verdict(f"{how} takes at most 1/{1 / most:.0f} of plain", holds=shares[how] <= most)
        for how, most in MOST_OF_PLAIN.items()
        if how in shares
    ]
    held.append(
        verdict(f"the network computes {LEAST_RATE:.0%} of a convolution", holds=rate >= LEAST_RATE)
    )
    if "dice" in more:
        print(f"\nDice of the default method's masks, bfloat16 to float32: {more['dice']:.4f}")
        held.append(verdict("that Dice is at least 0.995", holds=more["dice"] >= 0.995))
    worst = max(run["bytes"] for how in METHODS for run in found[how])
    held.append(verdict("a worker stays below 3 GB in every run", holds=worst < MOST_BYTES))
    return held


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "prepare"]:
        prepare(Path(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main())
