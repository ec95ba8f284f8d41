"""How fast the engine is, and how much memory it takes, beside plain PyTorch with the same weights.

    python benchmarks/inference.py [--runs 5]

One case of 384 x 384 x 35 voxels without skull (a phantom), the paper's adapted U-Net with random
weights (seed 0). Each run is a process of its own; plain and engine take turns. *Plain* is eager
NCHW float32 over whole slices with the default allocator; *engine* is what a worker does.
"""

import argparse
import configparser
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segmentation.inference.engine import BATCH, predict  # noqa: E402
from segmentation.networks.unet import UNet, adapted  # noqa: E402


def make_case(path: Path) -> None:
    """Slices of a phantom's brain, normalised, and the brain mask."""
    from segmentation.training.phantoms import make_phantom

    phantom = make_phantom(seed=7, skull=False)
    flair = phantom.flair.astype(np.float32)
    flair = (flair - flair[phantom.brain].mean()) / flair[phantom.brain].std()
    flair[~phantom.brain] = flair.min()
    slices, brain = (np.ascontiguousarray(one.transpose(2, 0, 1)) for one in (flair, phantom.brain))
    np.savez(path, slices=slices, brain=brain)


def plain(network: UNet, slices: np.ndarray) -> np.ndarray:
    """What anybody would write first."""
    padded = np.concatenate([slices[:1], slices, slices[-1:]])
    stack = torch.from_numpy(np.stack([padded[:-2], padded[1:-1], padded[2:]], axis=1))
    with torch.no_grad():
        return torch.cat([network(part).sigmoid() for part in stack.split(BATCH)], dim=0).numpy()


def one_run(how: str, case: Path) -> None:
    """Print the seconds and the peak memory of this process, and what came out."""
    torch.manual_seed(0)
    network = UNet(adapted()).eval()
    loaded = np.load(case)
    slices, brain = loaded["slices"], loaded["brain"]
    start = time.perf_counter()
    if how == "plain":
        maps = plain(network, slices)[:, 0]
    else:
        maps = predict(network, slices, within=brain, progress=lambda *_: None)[0]
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = used if sys.platform == "darwin" else used * 1024
    print(json.dumps({"seconds": seconds, "bytes": peak}))
    np.save(case.with_name(f"{how}.npy"), maps[brain])


def worker_environment() -> dict[str, str]:
    """The environment that the supervisor gives a worker."""
    settings = configparser.RawConfigParser()
    settings.read(ROOT / "webapp" / "supervisord.conf")
    pairs = settings["program:worker"]["environment"].split(",")
    return {name: value.strip('"') for name, value in (pair.split("=", 1) for pair in pairs)}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--runs", type=int, default=5)
    runs = asked.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        make_case(case)
        found: dict[str, list[dict[str, float]]] = {"plain": [], "engine": []}
        for _ in range(runs):
            for how, results in found.items():
                more = worker_environment() if how == "engine" else {}
                command = [sys.executable, __file__, "--child", how, str(case)]
                told = subprocess.run(
                    command, env=os.environ | more, check=True, capture_output=True
                )
                results.append(json.loads(told.stdout))
        difference = np.abs(
            np.load(case.with_name("plain.npy")) - np.load(case.with_name("engine.npy"))
        )
    print(
        f"384 x 384 x 35, adapted U-Net, {torch.get_num_threads()} threads, {runs} runs, medians\n"
    )
    print("|  | seconds | peak memory (GB) |\n|---|---|---|")
    medians = {}
    for how, results in found.items():
        medians[how] = {key: statistics.median(one[key] for one in results) for key in results[0]}
        print(f"| {how} | {medians[how]['seconds']:.1f} | {medians[how]['bytes'] / 1e9:.2f} |")
    ratio = medians["engine"]["seconds"] / medians["plain"]["seconds"]
    print(f"| ratio | {ratio:.2f} | {medians['engine']['bytes'] / medians['plain']['bytes']:.2f} |")
    print(f"\nLargest difference of a probability inside the brain: {difference.max():.4f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        one_run(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
