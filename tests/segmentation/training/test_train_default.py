"""The command that makes the shipped weights, at its very smallest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from segmentation.inference.precision import has_native_bfloat16
from segmentation.networks.checkpoint import load_checkpoint

SMALLEST = (
    "--phantoms 1 --held-out 0 --shared 1 --epochs 1 1 --steps 2 --batch 2 --size 64 --device cpu"
)


def test_all_rounds_end_with_a_checkpoint_that_says_how_it_was_computed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "segmentation.training.train_default", *SMALLEST.split()]
    done = subprocess.run(
        [*command, "--half", "--out", str(tmp_path)], check=True, capture_output=True, text=True
    )
    last = load_checkpoint(tmp_path / "all" / "best.safetensors")
    assert last.record["examples"] == {"phantom": 1}
    assert last.record["precision"] == ("bfloat16" if has_native_bfloat16() else "float32")
    assert ("in single precision instead" in done.stdout) is not has_native_bfloat16()
    shared = load_checkpoint(tmp_path / "shared" / "best.safetensors")
    assert last.record["begun_with"] == shared.sha256
    networks = [load_checkpoint(file).network for file in tmp_path.rglob("best.safetensors")]
    means = [one.state_dict()["down.0.0.norm.running_mean"] for one in networks]
    assert len(means) == 5, "of each round, and what comes out: the shared one's, the second's"
    assert len({tuple(one.tolist()) for one in means}) == 3, "every round learned"
