"""Every method on phantoms and on real cases, as jobs of a worker, and how they compare.

    python benchmarks/methods.py --data FOLDER [--cases FOLDER ...] [--baseline FILE FILE]

Makes phantoms that no method was fitted to, takes in them and the named case folders, gives every
method small weights and coefficients from other phantoms (`fit_on_phantoms`; nicMSlesions has the
public `--baseline` files where they are named), runs `manage.py segment --method X --all --wait`
for each, looks whether every mask lies on its scan's grid, and prints `evaluate`.
What `fit_method` fits is fitted anew for each of two or more named cases, to the others of them.
Called again with the same folder it goes on from there; `--methods` names some.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from database import ROOT, start_django
from inference import worker_environment
from machine import machine, verdict

if TYPE_CHECKING:
    from segmentation.methods import MethodCard

PHANTOMS = (62_001, 62_002)
GRID = {"shape": (256, 288, 32), "spacing_mm": (0.8, 0.8, 4.5)}
REAL = "Real cases"


def phantom_folders(folder: Path) -> Path:
    """Phantoms as case folders: whole heads with FLAIR, T1, T2, lesions and brain."""
    from segmentation.training.phantoms import make_phantom

    for seed in PHANTOMS:
        case = folder / f"phantom{seed}"
        if case.exists():
            continue
        case.mkdir(parents=True)
        phantom = make_phantom(seed=seed, **GRID)
        voxels = {
            "FLAIR": phantom.flair,
            "T1": phantom.t1,
            "T2": phantom.t2,
            "mask": phantom.mask.astype(np.uint8),
            "brainmask": phantom.brain.astype(np.uint8),
        }
        for name, data in voxels.items():
            nib.save(nib.Nifti1Image(data, phantom.affine), case / f"{name}.nii.gz")
    return folder


def manage(*command: str) -> int:
    """This will run manage.py, say so, and return its exit status."""
    print("$ manage.py", " ".join(command), flush=True)
    begun = time.monotonic()
    status = subprocess.run([sys.executable, ROOT / "manage.py", *command], check=False).returncode
    print(f"({time.monotonic() - begun:.0f} s, exit status {status})", flush=True)
    return status


def give_parts(data: Path, baseline: Sequence[Path]) -> int:
    """Weights and coefficients for every method; what is there stays."""
    if baseline and not (data / "methods" / "nicmslesions").exists():
        manage("import_weights", "nicmslesions", *map(str, baseline))
    return manage("fit_on_phantoms")


@contextmanager
def a_worker() -> Iterator[None]:
    """A worker of our own, in a worker's environment."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "webapp", "worker", "--pool", "solo"]
    more = ["--without-gossip", "--without-mingle"]
    worker = subprocess.Popen([*celery, *more], cwd=ROOT, env=os.environ | worker_environment())
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def segment_all(cards: Sequence[MethodCard], cohorts: Sequence[str]) -> list[str]:
    """Run every method on every case; returns those that failed."""
    from segmentation.models import Case

    real = list(Case.objects.filter(cohort__title=REAL).values_list("code", flat=True))
    failed = []
    for cohort in cohorts:
        for card in cards:
            method = ["--method", card.name]
            if cohort == REAL and len(real) > 1 and card.made_by.startswith("fit_method"):
                status = sum(
                    manage("fit_method", card.name, "--cohort", REAL, "--leave-out", code)
                    or manage("segment", *method, "--case", code, "--wait")
                    for code in real
                )
            else:
                status = manage("segment", *method, "--all", "--cohort", cohort, "--wait")
            failed += [f"{card.name} on {cohort}"] if status else []
    return failed


def strays() -> tuple[int, list[str]]:
    """How many masks methods made, and which do not lie on their scan's grid.

    Shape, affine and both codes of the files are compared.
    """
    from segmentation.models import Segmentation

    count, wrong = 0, []
    for mask in Segmentation.objects.filter(origin="prediction").select_related("case"):
        count += 1
        pair = []
        for stored in (mask.mask, mask.case.scans.get(sequence="FLAIR").original):
            with stored.open("rb") as file:
                pair.append(nib.Nifti1Image.from_bytes(_unpacked(file.read())))
        one, scan = pair
        codes = [(int(i.header["sform_code"]), int(i.header["qform_code"])) for i in pair]
        same = np.allclose(one.affine, scan.affine, atol=1e-5)
        if one.shape != scan.shape or not same or codes[0] != codes[1]:
            wrong.append(f"{mask.method} of {mask.case.code}")
    return count, wrong


def _unpacked(content: bytes) -> bytes:
    import gzip

    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    asked.add_argument("--data", type=Path, required=True)
    asked.add_argument("--cases", type=Path, nargs="*", default=[])
    asked.add_argument("--baseline", type=Path, nargs=2, default=[])
    asked.add_argument("--methods", nargs="*", default=[])
    chosen = asked.parse_args()
    data = chosen.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    os.environ.pop("DATABASE_URL", None)  # the database is in the folder
    start_django(str(data))
    from segmentation.methods import METHOD_CARDS

    manage("migrate", "-v", "0")
    cohorts = ["Phantoms", *([REAL] if chosen.cases else [])]
    manage("import_cases", str(phantom_folders(data / "phantoms")), "--cohort", "Phantoms")
    for folder in chosen.cases:
        manage("import_cases", str(folder), "--cohort", REAL)
    unfitted = give_parts(data, chosen.baseline)
    cards = [card for card in METHOD_CARDS if card.name in chosen.methods or not chosen.methods]
    with a_worker():
        failed = segment_all(cards, cohorts)
    count, wrong = strays()
    print(f"\n{machine()}")
    for cohort in cohorts:
        print(f"\n{cohort}\n", flush=True)
        manage("evaluate", "--cohort", cohort, "--references", "imported")
    print()
    held = [
        verdict("fit_on_phantoms makes parts of every method", holds=not unfitted),
        verdict(f"every method segments every case {failed or ''}".rstrip(), holds=not failed),
        verdict(
            f"all {count} masks lie on their scans' grids" + (f", but {wrong}" if wrong else ""),
            holds=not wrong,
        ),
    ]
    return not all(held)


if __name__ == "__main__":
    sys.exit(main())
