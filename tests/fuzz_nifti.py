"""Thousands of damaged NIfTI files at the door: each is taken whole or refused in words.

    python tests/fuzz_nifti.py [--count 5000] [--seed 1]

Prints how many cases were taken, refused (by reason) and crashed, and how many files or rows were
left behind; ends with 1 unless nothing crashed and nothing was left. The tests run a small part.
"""

from __future__ import annotations

import argparse
import gzip
import os
import struct
import sys
import tempfile
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

    from segmentation.models import Cohort

ROOT = Path(__file__).resolve().parent.parent
AFFINE = np.array([[-1.0, 0, 0, 6], [0, -1.1, 0.1, 7], [0, 0.1, 3.0, -9], [0, 0, 0, 1]])
SHAPE = (12, 14, 6)
ODD = (0, 1, -1, 2, 7, 255, -32768, 32767, 1e-30, 1e30, float("nan"), float("inf"), -0.0)
# Offset and format of every header field that says how the voxels are read or where they lie.
FIELDS: dict[int, str] = {
    0: "i",
    **dict.fromkeys(range(40, 56, 2), "h"),  # dim
    **dict.fromkeys((70, 72), "h"),  # datatype, bitpix
    **dict.fromkeys(range(76, 108, 4), "f"),  # pixdim
    **dict.fromkeys((108, 112, 116), "f"),  # vox_offset, scl_slope, scl_inter
    **dict.fromkeys((252, 254), "h"),  # qform_code, sform_code
    **dict.fromkeys(range(256, 328, 4), "f"),  # quaternion, offsets, srows
}


# --- What is damaged, and how ---------------------------------------------------------------------


def good_files(rng: Generator) -> dict[str, bytes]:
    """The files of a sound case, uncompressed: a scan of any type, and a mask."""
    dtype = rng.choice(["u1", "i2", "u2", "f4", "f8", ">i2", ">f4", "i4"])
    scan = rng.normal(120, 30, SHAPE).clip(0, 255)
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:6, 4:8, 2:4] = 1
    return {"FLAIR.nii": nifti(scan.astype(dtype)), "mask.nii": nifti(mask)}


def nifti(voxels: np.ndarray) -> bytes:
    """A single-file NIfTI-1 with both geometries, in the byte order of its voxels."""
    order = ">" if voxels.dtype.byteorder == ">" else "<"
    image = nib.Nifti1Image(voxels, AFFINE, nib.Nifti1Header(endianness=order))
    image.set_data_dtype(voxels.dtype)
    image.set_sform(AFFINE, 1)
    image.set_qform(AFFINE, 1)
    return image.to_bytes()


def odd_field(content: bytearray, rng: Generator) -> None:
    """A header field gets a value that no scanner writes."""
    at = int(rng.choice(list(FIELDS)))
    kind, order = FIELDS[at], ("<", ">")[rng.integers(2)]
    value = ODD[rng.integers(len(ODD))]
    if kind != "f":
        value = int(np.clip(np.nan_to_num(value), -32768, 32767))
    struct.pack_into(order + kind, content, at, value)


def flipped_header(content: bytearray, rng: Generator) -> None:
    """Some bytes of the header become others."""
    for at in rng.integers(0, 352, rng.integers(1, 9)):
        content[at] = rng.integers(256)


def flipped_body(content: bytearray, rng: Generator) -> None:
    """Some bytes of the voxels become others."""
    for at in rng.integers(352, len(content), rng.integers(1, 40)):
        content[at] = rng.integers(256)


def cut(content: bytearray, rng: Generator) -> None:
    """The file ends early."""
    del content[rng.integers(len(content)) :]


def longer(content: bytearray, rng: Generator) -> None:
    """Something follows."""
    content += rng.bytes(rng.integers(1, 2000))


def shifted(content: bytearray, rng: Generator) -> None:
    """Bytes are missing in the middle, as after a transfer in text mode."""
    at = int(rng.integers(len(content)))
    del content[at : at + int(rng.integers(1, 9))]


DAMAGES: tuple[Callable[[bytearray, Generator], None], ...] = (
    *(odd_field, odd_field, flipped_header, flipped_body, cut, longer, shifted),
)


def packed(content: bytes, rng: Generator) -> bytes:
    """The file as gzip, sound or with damage of its own."""
    whole = bytearray(gzip.compress(content, 1, mtime=0))
    how = rng.integers(6)
    if how == 1:
        whole[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
    elif how == 2:
        del whole[rng.integers(2, len(whole)) :]
    elif how == 3:
        whole += rng.bytes(rng.integers(1, 30))
    elif how == 4:
        whole += gzip.compress(rng.bytes(100))
    elif how == 5:  # deflated without the gzip frame
        whole = bytearray(zlib.compress(content))
    return bytes(whole)


def damaged_cases(seed: int, count: int) -> Iterator[dict[str, bytes]]:
    """The files of each case; the same seed gives the same cases."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        files = {name: bytearray(content) for name, content in good_files(rng).items()}
        target = files[str(rng.choice(list(files), p=[0.7, 0.3]))]
        for _ in range(rng.integers(0, 4)):
            if len(target) > 352:
                DAMAGES[rng.integers(len(DAMAGES))](target, rng)
        if rng.random() < 0.4:
            yield {f"{name}.gz": packed(bytes(file), rng) for name, file in files.items()}
        else:
            yield {name: bytes(file) for name, file in files.items()}


# --- What becomes of it ---------------------------------------------------------------------------


def hand_in(cohort: Cohort, cases: Iterator[dict[str, bytes]]) -> Counter[str]:
    """Import every case and count what became of it; nothing may stay of what was not taken."""
    from django.utils import timezone

    from segmentation.operations.cases import NamedFile, import_case
    from segmentation.refusals import Refusal

    outcomes: Counter[str] = Counter({"crashed": 0})
    for files in cases:
        named = [NamedFile(name, content) for name, content in files.items()]
        try:
            import_case(cohort=cohort, files=named, now=timezone.now())
            outcomes["taken"] += 1
        except Refusal as refusal:
            outcomes[f"refused: {refusal.code}"] += 1
        except Exception:
            outcomes["crashed"] += 1
            traceback.print_exc()
    outcomes["orphan files"], outcomes["rows without file"] = left_behind()
    return outcomes


def left_behind() -> tuple[int, int]:
    """Stored files that no row names, and rows whose file is not there."""
    from django.core.files.storage import default_storage

    from segmentation.models import BrainMask, Scan, Segmentation

    stored = (
        {
            f"{folder}/{name}"
            for folder in default_storage.listdir("")[0]
            for name in default_storage.listdir(folder)[1]
        }
        if default_storage.exists("")
        else set()
    )
    named: set[str] = set()
    for model, fields in (
        (Scan, ("original", "browser")),
        (Segmentation, ("mask", "labels", "probability")),
        (BrainMask, ("mask",)),
    ):
        for row in model.objects.values_list(*fields):
            named |= {name for name in row if name}
    return len(stored - named), len(named - stored)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=5000)
    asked.add_argument("--seed", type=int, default=1)
    chosen = asked.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PLAQUE_DATA": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command

        from segmentation.operations.cases import create_cohort

        call_command("migrate", verbosity=0)
        cohort = create_cohort(title="Fuzz")
        outcomes = hand_in(cohort, damaged_cases(chosen.seed, chosen.count))
    print(f"{chosen.count} cases, seed {chosen.seed}")
    for outcome, count in sorted(outcomes.items()):
        print(f"  {outcome}: {count}")
    bad = outcomes["crashed"] + outcomes["orphan files"] + outcomes["rows without file"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
