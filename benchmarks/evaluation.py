"""Lesions found, matched and scored: ours beside panoptica's, and the memory of a whole cohort.

    python benchmarks/evaluation.py --panoptica PYTHON [--cases 100]

PYTHON is that of an environment of its own (`pip install panoptica==2.1.7`). Both label the same
pair of masks, match their lesions one to one (Dice of at least 0.1) and compute the Dice of the
masks, in turns. Then cases of seven methods and two experts are evaluated as `manage.py evaluate`
does it, and the memory held at a tenth of them is compared with that at the end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from machine import machine, verdict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/segmentation/evaluation"))

from hand_made import many

SHAPE, SPACING_MM, LESIONS = (384, 384, 35), (0.59, 0.59, 3.84), 138
METHODS, EXPERTS = [f"method {n}" for n in range(7)], ["Expert 1", "Expert 2"]
REPEATS, SHARE, MOST_GROWTH_MB = 9, 4, 20


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--panoptica", required=True, help="the Python that has it")
    asked.add_argument("--cases", type=int, default=100)
    given = asked.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        is_quick = pairs(given.panoptica, Path(folder))
    is_flat = cohort(given.cases)
    print()
    held = [
        verdict(f"ours takes at most 1/{SHARE} of panoptica's time", holds=is_quick),
        verdict(f"memory grows by at most {MOST_GROWTH_MB} MB", holds=is_flat),
    ]
    return not all(held)


def pairs(python: str, folder: Path) -> bool:
    """Time one pair of masks both ways, in turns, and print it."""
    from segmentation.evaluation.lesion_matching import PROFILES, match
    from segmentation.evaluation.overlap import dice_of
    from segmentation.imaging.geometry import Grid
    from segmentation.imaging.lesions import lesions_in

    mask, reference = many(SHAPE, lesions=LESIONS, seed=7)
    grid = Grid(SHAPE, np.diag([*SPACING_MM, 1]))
    file = folder / "pair.npz"
    np.savez(file, mask=mask, reference=reference)
    theirs = subprocess.Popen(
        [python, "-c", THEIRS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert theirs.stdin is not None
    assert theirs.stdout is not None
    taken: dict[str, list[float]] = {"panoptica": [], "ours": []}
    found: dict[str, list[float]] = {}
    for _ in range(REPEATS + 1):  # the first warms both up
        theirs.stdin.write("again\n")
        theirs.stdin.flush()
        line = next(line for line in theirs.stdout if line.startswith("{"))
        told = json.loads(line)
        taken["panoptica"].append(told["ms"])
        found["panoptica"] = told["found"]
        start = time.perf_counter()
        one, other = lesions_in(mask, grid=grid), lesions_in(reference, grid=grid)
        met, dice = match(one, other, profile=PROFILES["dice-10"]), dice_of(one, other)
        taken["ours"].append(1000 * (time.perf_counter() - start))
        assert isinstance(dice, float)
        found["ours"] = [met.found, met.reference, met.drawn, dice]
    theirs.stdin.close()
    theirs.wait()
    assert np.allclose(found["ours"], found["panoptica"]), found
    middle = {name: statistics.median(times[1:]) for name, times in taken.items()}
    _, known, drawn, _ = found["ours"]
    print(f"\n{known} and {drawn} lesions on 384 x 384 x 35 voxels, medians of {REPEATS}\n")
    print("|  | ms | of panoptica |\n|---|---|---|")
    for name, ms in middle.items():
        print(f"| {name} | {ms:.1f} | {ms / middle['panoptica']:.2f} |")
    return middle["ours"] * SHARE <= middle["panoptica"]


THEIRS = """
import json, os, sys, time
os.environ["PANOPTICA_CITATION_REMINDER"] = "false"
import numpy as np
from panoptica import ConnectedComponentsInstanceApproximator as Components
from panoptica import InputType, NaiveThresholdMatching, Panoptica_Evaluator
from panoptica.metrics import Metric
pair = np.load(sys.argv[1])
mask, reference = (pair[name].astype(np.uint8) for name in ("mask", "reference"))
evaluator = Panoptica_Evaluator(
    expected_input=InputType.SEMANTIC,
    instance_approximator=Components(),
    instance_matcher=NaiveThresholdMatching(Metric.DSC, 0.1),
    instance_metrics=[Metric.DSC],
    global_metrics=[Metric.DSC],
)
for _ in sys.stdin:
    start = time.perf_counter()
    found = evaluator.evaluate(mask, reference, verbose=False)["ungrouped"]
    told = [int(found.tp), int(found.n_ref_instances), int(found.n_pred_instances)]
    told.append(float(found.global_bin_dsc))
    ms = 1000 * (time.perf_counter() - start)
    print(json.dumps({"ms": ms, "found": told}), flush=True)
"""


def cohort(cases: int) -> bool:
    """Evaluate many cases one after the other; print the time and what memory was held."""
    from segmentation.evaluation.lesion_matching import ONE_VOXEL
    from segmentation.evaluation.records import record_case
    from segmentation.evaluation.summary import table_4
    from segmentation.imaging.geometry import Grid

    grid = Grid(SHAPE, np.diag([*SPACING_MM, 1]))
    process, records, held, seconds = psutil.Process(), [], [], 0.0
    for number, (methods, experts) in enumerate(drawn(cases)):
        start = time.perf_counter()
        records.append(
            record_case(
                case=f"C{number:04d}",
                subject=f"S{number:04d}",
                grid=grid,
                methods=methods,
                references=experts,
                missing={},
                min_volume_mm3=10.7,
                profile=ONE_VOXEL,
            )
        )
        seconds += time.perf_counter() - start
        held.append(process.memory_info().rss / 1e6)
        print(f"{number + 1} of {cases}", end="\r", file=sys.stderr)
    assert len(table_4(records, METHODS)) == 2 * (len(METHODS) + 1)
    early = max(held[: max(1, cases // 10)])
    growth = max(held) - early
    print(f"\n{cases} cases, {len(METHODS)} methods, {len(EXPERTS)} experts, outlines included\n")
    print("| cases | s | MB at a tenth | MB at most |\n|---|---|---|---|")
    print(f"| {cases} | {seconds:.0f} | {early:.0f} | {max(held):.0f} |")
    return growth <= MOST_GROWTH_MB


def drawn(cases: int) -> Iterator[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]:
    """The masks of a case: seven methods and two experts, each shifted a little."""
    for seed in range(cases):
        mask, reference = many(SHAPE, lesions=LESIONS // 3, seed=seed)
        methods = {name: np.roll(mask, at, axis=0) for at, name in enumerate(METHODS)}
        yield methods, {name: np.roll(reference, at, axis=1) for at, name in enumerate(EXPERTS)}


if __name__ == "__main__":
    sys.exit(main())
