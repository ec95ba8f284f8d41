"""How fast inference is beside plain PyTorch with the same weights, and what a worker needs.

    python benchmarks/inference.py [--runs 5] [--slices 35]

One case of 384 x 384 x 35 voxels (a phantom), and the paper's adapted U-Net with random weights.
Each run is a process of its own, and the three take turns:

- *plain*: the network alone, eager NCHW float32 over whole slices, the default allocator;
- *engine*: the network alone, as a worker runs it;
- *worker*: a job from its claim to the stored mask (`run_next_job`), with reading the scan, finding
  the brain, cleaning and storing, in a worker's environment and a data folder of its own.
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

MOST_OF_PLAIN = 0.5
MOST_BYTES = 3e9
METHOD = "adapted-unet"


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
    weights = settings.METHODS / METHOD / "1.safetensors"
    weights.parent.mkdir(parents=True)
    save_checkpoint(weights, UNet(adapted()), {}, half=False)


def network_alone(how: str, folder: Path) -> float:
    """Seconds of the network on the phantom's slices; what came out is left in the folder."""
    import torch

    from segmentation.inference.engine import BATCH, predict
    from segmentation.networks.unet import UNet, adapted

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
        maps = predict(network, slices, within=brain, progress=lambda *_: None)[0]
    seconds = time.perf_counter() - start
    np.save(folder / f"{how}.npy", maps[brain])
    return seconds


def job_of_a_worker(folder: Path) -> float:
    """Seconds of one job, from its claim to its stored mask."""
    start_django(str(folder))
    from django.utils import timezone

    from segmentation.models import Case, InferenceJob
    from segmentation.operations.jobs import request_segmentation
    from segmentation.operations.running import run_next_job

    case = Case.objects.get()
    job = request_segmentation(case=case, method=METHOD, by=None, now=timezone.now())
    start = time.perf_counter()
    assert run_next_job(clock=timezone.now)
    seconds = time.perf_counter() - start
    job.refresh_from_db()
    assert job.state == InferenceJob.State.SUCCEEDED, job.reason
    return seconds


def child(how: str, folder: Path) -> None:
    """Do one run; print its seconds and the most memory that this process held."""
    run = job_of_a_worker(folder) if how == "worker" else network_alone(how, folder)
    print(json.dumps({"seconds": run, "bytes": peak_bytes()}))


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
    runs, slices = chosen.runs, chosen.slices
    os.environ.pop("DATABASE_URL", None)  # the worker's database is in the folder
    with tempfile.TemporaryDirectory() as folder:
        run_child("prepare", folder, str(slices))
        found: dict[str, list[dict[str, float]]] = {"plain": [], "engine": [], "worker": []}
        for _ in range(runs):
            for how, results in found.items():
                results.append(json.loads(run_child(how, folder)))
        maps = [np.load(Path(folder) / f"{how}.npy") for how in ("plain", "engine")]
    difference = float(np.abs(maps[0] - maps[1]).max())
    print(machine())
    print(f"\n384 x 384 x {slices}, adapted U-Net, {cores()} threads, medians of {runs}\n")
    print("|  | seconds | of plain | peak memory (GB) |\n|---|---|---|---|")
    medians = {
        how: {key: statistics.median(one[key] for one in results) for key in results[0]}
        for how, results in found.items()
    }
    for how, one in medians.items():
        ratio = one["seconds"] / medians["plain"]["seconds"]
        print(f"| {how} | {one['seconds']:.1f} | {ratio:.2f} | {one['bytes'] / 1e9:.2f} |")
    print(f"\nLargest difference of a probability inside the brain: {difference:.4f}\n")
    worst = max(one["bytes"] for one in found["worker"])
    ratio = medians["engine"]["seconds"] / medians["plain"]["seconds"]
    held = [
        verdict("the engine takes at most half the time of plain", holds=ratio <= MOST_OF_PLAIN),
        verdict("a worker stays below 3 GB in every run", holds=worst < MOST_BYTES),
    ]
    return not all(held)


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "prepare"]:
        prepare(Path(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main())
