"""Several delineators' masks become one by rules that can be told by hand."""

import numpy as np
import pytest

from segmentation.imaging.consensus import consensus


def drawn(*lines: str) -> list[np.ndarray]:
    """Masks of one row, an x for each voxel."""
    return [np.array([[[mark == "x" for mark in line]]]) for line in lines]


def fused(rule: str, *lines: str) -> str:
    return "".join("x" if one else "." for one in consensus(drawn(*lines), rule=rule).ravel())


def test_each_rule_keeps_what_it_says() -> None:
    three = ("xxx..x", "xx.x..", "x..x..")
    assert fused("union", *three) == "xxxx.x"
    assert fused("intersection", *three) == "x....."
    assert fused("majority", *three) == "xx.x.."
    assert fused("majority", "xx.", "x.x") == "x.."


def test_staple_sides_with_those_who_agree() -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((12, 12, 4)) < 0.3
    careful = [truth ^ (rng.random(truth.shape) < 0.02) for _ in range(3)]
    careless = [truth ^ (rng.random(truth.shape) < 0.4) for _ in range(2)]
    masks = [*careful, *careless]
    wrong = {
        rule: int((consensus(masks, rule=rule) ^ truth).sum()) for rule in ("staple", "majority")
    }
    assert wrong["staple"] < wrong["majority"]
    assert wrong["staple"] <= 3


@pytest.mark.parametrize("rule", ["union", "intersection", "majority", "staple"])
def test_where_all_agree_there_is_nothing_to_decide(rule: str) -> None:
    assert fused(rule, "x.x", "x.x") == "x.x"
    assert fused(rule, "...", "...") == "..."


def test_what_cannot_be_fused_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        consensus(drawn("x"), rule="union")
    with pytest.raises(ValueError, match="several shapes"):
        consensus(drawn("x", "xx"), rule="union")
    with pytest.raises(ValueError, match="no rule"):
        consensus(drawn("x", "x"), rule="vote")
