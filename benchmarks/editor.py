"""The lesion editor's own script time: a brush stroke frame by frame, choosing, deleting, undo.

    python benchmarks/editor.py

Needs node, the front end's packages (`npm ci`) and a Chromium. The editor's modules run in node as
they are, on 384 x 384 x 35 voxels with 120 and with 419 lesions. What it takes to bring a frame to
the screen is not in that; it is measured apart, in Chromium, beside NiiVue's refresh of everything.
"""

from __future__ import annotations

import base64
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from machine import machine, verdict
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# After the root is on the path, hence below it.
from tests.find_chromium import SWITCHES, find_chromium  # noqa: E402

SHAPE, SPACING_MM, LESIONS = (384, 384, 35), (0.59, 0.59, 3.84), (120, 419)
MOST_FRAME_MS = 8
# As the lesions above 10.7 mm3 of an expert's mask with 419: the middle one, the spread of the
# logarithms, and the one confluent lesion.
MIDDLE_MM3, SPREAD, LARGEST_MM3 = 28.5, 0.97, 39_328


def main() -> int:
    print(machine())
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    print(f"\nnode {node.stdout.strip()}, 384 x 384 x 35 voxels, ms: median (most)\n")
    print("| lesions | voxels | a stroke's frame | its end | choose | delete | undo |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        script = bundled(Path(folder), "editor.mjs", "node")
        told = [timed(script, Path(folder), lesions) for lesions in LESIONS]
        ours, niivue = refreshed(bundled(Path(folder), "editor_refresh.mjs", "browser"))
    print(
        f"\nUntil it is on the screen (1440 x 900, drawn by the CPU) a frame takes {ours:.0f} ms,"
    )
    print(f"with NiiVue's refresh of the whole drawing {niivue:.0f} ms.\n")
    slowest = max(max(one["frame"]) for one in told)
    outside = sum(one["outside"] for one in told)
    held = [
        verdict(f"no frame of a stroke takes {MOST_FRAME_MS} ms", holds=slowest < MOST_FRAME_MS),
        verdict(
            "choosing, deleting and taking back touch only the lesion's box", holds=outside == 0
        ),
    ]
    return not all(held)


def bundled(folder: Path, name: str, platform: str) -> Path:
    """The front end's modules and one script of `benchmarks` as a single file."""
    script = folder / name
    rolldown = ROOT / "node_modules" / ".bin" / "rolldown"
    source = str(ROOT / "benchmarks" / name)
    command = [str(rolldown), source, "--platform", platform, "--no-codeSplitting"]
    command += ["--file", str(script)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return script


def refreshed(script: Path) -> tuple[float, float]:
    """Median ms until a stroke's frame is drawn: by the editor, and by NiiVue's whole refresh."""
    rng = np.random.default_rng(3)
    scan = nib.Nifti1Image(
        rng.integers(0, 900, SHAPE).astype(np.int16), np.diag([*SPACING_MM, 1.0])
    )
    nx, ny, _ = SHAPE
    at = np.array([150 + nx * (150 + ny * 17)])
    brush = np.add.outer(np.arange(13), nx * np.arange(13)).ravel()
    frames = [(at + step + brush).tolist() for step in range(0, 120, 4)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=SWITCHES)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_script_tag(path=script, type="module")
        page.wait_for_function("() => Boolean(window.refreshed)")
        sent = base64.b64encode(gzip.compress(scan.to_bytes(), 1)).decode()
        told = page.evaluate("([scan, frames]) => window.refreshed(scan, frames)", [sent, frames])
        browser.close()
    return statistics.median(told["ours"]), statistics.median(told["niivue"])


def timed(script: Path, folder: Path, lesions: int) -> dict[str, Any]:
    """What node measured with so many lesions; prints it as a row."""
    mask = drawn(lesions)
    file = folder / f"{lesions}.bin"
    file.write_bytes(mask.astype(np.uint8).tobytes(order="F"))
    numbers = [str(number) for number in (*SHAPE, *SPACING_MM)]
    command = ["node", str(script), str(file), *numbers]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    assert told["lesions"] == lesions, told["lesions"]
    cells = [
        f"{statistics.median(told[name]):.2f} ({max(told[name]):.1f})"
        for name in ("frame", "lift", "choose", "delete", "undo")
    ]
    print(f"| {lesions} | {int(mask.sum())} | {' | '.join(cells)} |")
    return told


def drawn(lesions: int) -> np.ndarray:
    """A mask with one large lesion and so many in all, none of which touches another."""
    rng = np.random.default_rng(7)
    mask, voxel_mm3 = np.zeros(SHAPE, dtype=bool), float(np.prod(SPACING_MM))
    made = 0
    while made < lesions:
        voxels = float(np.clip(rng.lognormal(np.log(MIDDLE_MM3), SPREAD), 10.7, 5000)) / voxel_mm3
        height = min(3, max(1, round(voxels ** (1 / 3) / 3)))
        if made == 0:
            voxels, height = LARGEST_MM3 / voxel_mm3, 20
        radius = float(np.sqrt(voxels / height / np.pi))
        size = (2 * int(radius) + 1, 2 * int(radius) + 1, height)
        corner = [int(rng.integers(60, 320 - size[0])), int(rng.integers(60, 320 - size[1]))]
        corner.append(int(rng.integers(3, 34 - height)))
        around = tuple(slice(at - 1, at + one + 1) for at, one in zip(corner, size, strict=True))
        if mask[around].any():
            continue
        x, y = np.ogrid[: size[0], : size[1]]
        disc = (x - int(radius)) ** 2 + (y - int(radius)) ** 2 <= radius**2
        inside = tuple(slice(at, at + one) for at, one in zip(corner, size, strict=True))
        mask[inside] = disc[..., None]
        made += 1
    return mask


if __name__ == "__main__":
    sys.exit(main())
