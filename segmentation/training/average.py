"""python -m segmentation.training.average OUT FILE FILE ...: the mean of networks akin.

Networks of which one began with the other lie in one valley of the loss, and the mean of their
weights is steadier than each of them (Wortsman et al., Model soups, ICML 2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from segmentation.networks.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from segmentation.refusals import Refusal


class NotAkin(Refusal):
    """Networks whose weights have no meaningful mean."""


def mean_of(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The mean network in the first one's place, with the last one's record and all subjects.

    The last one's scores and command are not its own. Left out is whom all left out. Raises NotAkin
    for networks of which none says that it began with another, and for other layouts.
    """
    left_out = [set(one.record.get("left_out", ())) for one in checkpoints]
    begun_with = {one.record.get("begun_with") for one in checkpoints}
    if not any(one.sha256 in begun_with for one in checkpoints):
        raise NotAkin("None of these networks began with another of them.")
    network, last = checkpoints[0].network, checkpoints[-1]
    if any(one.network.settings != network.settings for one in checkpoints):
        raise NotAkin("These networks are of different layouts.")
    states = [one.network.state_dict() for one in checkpoints]
    network.load_state_dict(
        {name: _mean([state[name] for state in states]) for name in network.state_dict()}
    )
    told = {
        k: v for k, v in last.record.items() if not k.startswith(("round", "course", "command"))
    }
    record: dict[str, Any] = {
        **told,
        "averaged": [one.sha256 for one in checkpoints],
        "subjects": {
            k: v for one in checkpoints for k, v in one.record.get("subjects", {}).items()
        },
        "left_out": sorted(set.intersection(*left_out)),
    }
    return Checkpoint(network, record, sha256="")


def _mean(values: Sequence[Tensor]) -> Tensor:
    if not values[0].is_floating_point():
        return values[-1]
    return sum(values[1:], start=values[0]) / len(values)


def main() -> None:
    """Read the command line and write the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--threshold", type=float, help="that the checkpoint is to be used with")
    chosen = parser.parse_args()
    try:
        mean = mean_of([load_checkpoint(file) for file in chosen.files])
    except Refusal as refusal:
        parser.error(refusal.message)
    own = {} if chosen.threshold is None else {"threshold": chosen.threshold}
    sha256 = save_checkpoint(chosen.out, mean.network, {**mean.record, **own})
    print(f"sha256 {sha256}")  # this is a command


if __name__ == "__main__":
    main()
