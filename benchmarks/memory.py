"""The most memory that a worker holds for one job of each method on a large scan.

    python benchmarks/memory.py [--methods-folder FOLDER] [--methods NAME ...]

A phantom of 512 x 512 x 64 voxels with FLAIR, T1 and T2. Li's networks, the paper's adapted one and
nicMSlesions (Plaque's layout) have their full width and random weights; the other methods have what
lies in the folder of `manage.py fit_on_phantoms` (the data folder's `methods/`). Each job is a
process of its own in a worker's environment, from its claim to its stored mask.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from database import start_django
from inference import job_of_a_worker, worker_environment
from machine import machine, peak_bytes, verdict

MOST_BYTES = 3e9
CASCADES = ("nicmslesions", "nicmslesions-retrained")
GRID = {"shape": (512, 512, 64), "spacing_mm": (0.45, 0.45, 2.5)}


def prepare(folder: Path, methods: Path | None) -> None:
    """The phantom as a case, and the methods' parts."""
    start_django(str(folder))
    import nibabel as nib
    import torch
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from segmentation.networks.cascade import PatchNet, dense, save_cascade
    from segmentation.networks.checkpoint import save_checkpoint
    from segmentation.networks.unet import UNet, adapted, li_original
    from segmentation.operations.cases import NamedFile, create_cohort, import_case
    from segmentation.training.phantoms import make_phantom

    call_command("migrate", verbosity=0)
    if methods is not None:
        shutil.copytree(methods, settings.METHODS)
    torch.manual_seed(0)
    wide = {"adapted-unet": adapted(), "li-unet": li_original(1), "li-unet-t1": li_original(2)}
    for name in (*wide, *CASCADES):
        shutil.rmtree(settings.METHODS / name, ignore_errors=True)
        (settings.METHODS / name).mkdir(parents=True)
    for name, network in wide.items():
        save_checkpoint(settings.METHODS / name / "1.safetensors", UNet(network), {}, half=False)
    for name in CASCADES:
        stages = PatchNet(dense()), PatchNet(dense())
        save_cascade(settings.METHODS / name / "cascade.safetensors", stages, {})
    phantom = make_phantom(seed=7, **GRID)
    files = [
        NamedFile(f"{name}.nii", nib.Nifti1Image(data, phantom.affine).to_bytes())
        for name, data in (("FLAIR", phantom.flair), ("T1", phantom.t1), ("T2", phantom.t2))
    ]
    import_case(cohort=create_cohort(title="Bench"), files=files, now=timezone.now())


def run_child(*given: str) -> str:
    """What a process of its own prints, in a worker's environment."""
    told = subprocess.run(
        [sys.executable, __file__, "--child", *given],
        env=os.environ | worker_environment(),
        check=True,
        stdout=subprocess.PIPE,
    )
    return told.stdout.decode().strip().rpartition("\n")[2]


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--methods-folder", type=Path)
    asked.add_argument("--methods", nargs="*", default=[])
    chosen = asked.parse_args()
    os.environ.pop("DATABASE_URL", None)
    from segmentation.methods import METHOD_CARDS

    there = {"slim-unet", "adapted-unet", "li-unet", "li-unet-t1", *CASCADES}
    if chosen.methods_folder:
        there |= {one.name for one in chosen.methods_folder.iterdir()}
    names = chosen.methods or [card.name for card in METHOD_CARDS if card.name in there]
    print(machine())
    print("\n512 x 512 x 64, FLAIR, T1 and T2\n\n| method | s | GB |\n|---|---|---|", flush=True)
    most = 0.0
    with tempfile.TemporaryDirectory() as folder:
        given = [str(chosen.methods_folder.resolve())] if chosen.methods_folder else []
        run_child("prepare", folder, *given)
        for name in names:
            one = json.loads(run_child(name, folder))
            most = max(most, one["bytes"])
            print(f"| {name} | {one['seconds']:.0f} | {one['bytes'] / 1e9:.2f} |", flush=True)
    print()
    return not verdict("a worker stays below 3 GB with every method", holds=most < MOST_BYTES)


if __name__ == "__main__":
    if sys.argv[1:3] == ["--child", "prepare"]:
        prepare(Path(sys.argv[3]), Path(sys.argv[4]) if len(sys.argv) > 4 else None)
    elif sys.argv[1:2] == ["--child"]:
        taken = job_of_a_worker(sys.argv[2], Path(sys.argv[3]))
        print(json.dumps({"seconds": taken, "bytes": peak_bytes()}))
    else:
        sys.exit(main())
