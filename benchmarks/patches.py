"""How fast nicMSlesions runs beside a straight port of it, and our dense variant beside patches.

    python benchmarks/patches.py [--runs 3] [--weights FILE FILE]

T1 and FLAIR of a phantom, prepared as the method does it (1 mm), a slab of 3 mm. Random weights,
or nicMSlesions' public ones (two HDF5 files; the first is used).

- *port*: what nicMSlesions does: 128 patches at a time, the default allocator, patches first
  copied out for all candidates;
- *ours*: batches of the engine's size, in a worker's environment;
- *dense*: Plaque's layout with slopes by channel over whole blocks, beside
- *its patches*: the same network patch by patch.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from database import ROOT
from inference import worker_environment
from machine import cores, machine, peak_bytes, verdict

HOWS = ("port", "ours", "its patches", "dense")
SLAB = slice(60, 63)
PORT_BATCH = 128


def prepare(folder: Path) -> None:
    """Channels and candidates of a phantom."""
    import nibabel as nib

    from segmentation.imaging.nifti import read_volume
    from segmentation.methods.nicmslesions import prepare as prepared
    from segmentation.training.phantoms import make_phantom

    phantom = make_phantom(seed=7, shape=(256, 288, 32), spacing_mm=(0.8, 0.8, 4.5))
    volumes = {
        name: read_volume(nib.Nifti1Image(data, phantom.affine).to_bytes(), name=name)
        for name, data in (("FLAIR", phantom.flair), ("T1", phantom.t1))
    }
    ready = prepared(volumes, phantom.brain)
    wanted = ready.candidates
    wanted[:, :, : SLAB.start] = wanted[:, :, SLAB.stop :] = False
    np.savez(folder / "case.npz", channels=ready.channels, wanted=wanted)


def run(how: str, folder: Path, weights: list[str]) -> float:
    """Seconds of the first network on all candidates; what came out is left in the folder."""
    import torch

    from segmentation.inference.patches import patches_at, predict_at
    from segmentation.networks.cascade import PatchNet, dense, published, read_public_weights

    torch.manual_seed(0)
    if how in {"port", "ours"}:
        network = read_public_weights(Path(weights[0])) if weights else PatchNet(published()).eval()
    else:
        network = PatchNet(dense()).eval()
        with torch.no_grad():  # random weights say about the same of all voxels: tell them apart
            network.out.weight.mul_(100)
    loaded = np.load(folder / "case.npz")
    channels, wanted = loaded["channels"], loaded["wanted"]
    start = time.perf_counter()
    if how == "port":
        before, edge = network.settings.before, network.settings.patch
        padded = np.pad(channels, [(0, 0), *[(before, edge - 1 - before)] * 3])
        places = np.argwhere(wanted)
        patches = torch.from_numpy(patches_at(padded, places, edge))
        with torch.no_grad():
            parts = [network(part) for part in patches.split(PORT_BATCH)]
        likely = np.zeros(wanted.shape, np.float32)
        likely[tuple(places.T)] = torch.cat(parts).numpy()
    else:
        likely = predict_at(
            network, channels, wanted, progress=lambda *_: None, densely=how == "dense"
        )
    seconds = time.perf_counter() - start
    np.save(folder / f"{how}.npy", likely[wanted])
    return seconds


def run_child(how: str, folder: str, weights: list[str]) -> str:
    """What a process of its own prints; all but the port run in a worker's environment."""
    more = {} if how in {"prepare", "port"} else worker_environment()
    command = [sys.executable, __file__, "--child", how, folder, *weights]
    told = subprocess.run(
        command, env=os.environ | more, cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    return told.stdout.decode().strip().rpartition("\n")[2]


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--weights", nargs=2, default=[])
    chosen = asked.parse_args()
    weights = [str(Path(one).resolve()) for one in chosen.weights]
    with tempfile.TemporaryDirectory() as folder:
        run_child("prepare", folder, [])
        found: dict[str, list[dict[str, float]]] = {how: [] for how in HOWS}
        for _ in range(chosen.runs):
            for how, results in found.items():
                results.append(json.loads(run_child(how, folder, weights)))
        maps = {how: np.load(Path(folder) / f"{how}.npy") for how in HOWS}
    print(machine())
    count = maps["port"].size
    print(f"\n{count} candidates, {cores()} threads, medians of {chosen.runs}\n")
    print("|  | seconds | peak memory (GB) |\n|---|---|---|")
    median = {how: statistics.median(r["seconds"] for r in runs) for how, runs in found.items()}
    for how, runs in found.items():
        peak = statistics.median(one["bytes"] for one in runs) / 1e9
        print(f"| {how} | {median[how]:.1f} | {peak:.2f} |")
    same = np.array_equal(maps["port"] > 0.5, maps["ours"] > 0.5)
    apart = float(np.abs(maps["dense"] - maps["its patches"]).max())
    faster = median["its patches"] / median["dense"]
    print(f"\nThe port takes {median['port'] / median['ours']:.2f} of our time.")
    print(f"The dense variant is {faster:.0f} times as fast as its patches, {apart:.1e} apart.\n")
    held = [
        verdict("the port's mask and ours are equal", holds=same),
        verdict("dense and patches are equal within 1e-4", holds=apart < 1e-4),
        verdict("dense is at least 10 times as fast", holds=faster >= 10),
    ]
    return not all(held)


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "prepare"]:
        prepare(Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--child"]:
        taken = run(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
        print(json.dumps({"seconds": taken, "bytes": peak_bytes()}))
    else:
        sys.exit(main())
