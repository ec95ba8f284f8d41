"""The order is uniform over all admissible orders, reproducible, and independent between raters."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from rating.protocol import sequence
from rating.protocol.design import InvalidDesign
from rating.protocol.sequence import Slot, Stream, commitment, draw_order, draw_sequence

SECRET = bytes(range(32))


class Scripted:
    """A stream that gives chosen numbers and remembers between how many it could choose."""

    def __init__(self, choices: list[int]) -> None:
        self.choices = choices
        self.bounds: list[int] = []

    def below(self, bound: int) -> int:
        at = len(self.bounds)
        self.bounds.append(bound)
        return self.choices[at] if at < len(self.choices) else 0


def every_draw(n: int, gap: int) -> list[tuple[tuple[int, ...], float]]:
    """All orders that the sampler can give, by trying every choice, with their probability."""
    found = []
    choices: list[int] | None = []
    while choices is not None:
        stream = Scripted(choices)
        order = draw_order(stream, range(n), gap)  # type: ignore[arg-type]  # has the one method used
        found.append((tuple(order or ()), 1 / math.prod(stream.bounds)))
        taken = choices + [0] * (len(stream.bounds) - len(choices))
        while taken and taken[-1] + 1 == stream.bounds[len(taken) - 1]:
            taken.pop()
        choices = [*taken[:-1], taken[-1] + 1] if taken else None
    return found


def admissible_orders(n: int, gap: int) -> set[tuple[int, ...]]:
    """All orders of two blocks with the gap, by brute force."""
    return {
        first + second
        for first in permutations(range(n))
        for second in permutations(range(n))
        if all(n + second.index(item) - first.index(item) >= gap for item in range(n))
    }


def drawn(items: list[str], gap: int, *, rater: str = "rita", **case: str) -> tuple[Slot, ...]:
    cases = {item: case.get(item, item) for item in items}
    return draw_sequence(
        secret=SECRET, study="pilot", rater=rater, items=items, gap=gap, cases=cases
    )


@pytest.mark.parametrize(("n", "gap"), [(n, gap) for n in range(1, 6) for gap in range(n)])
def test_every_admissible_order_is_equally_likely(n: int, gap: int) -> None:
    draws = every_draw(n, gap)
    orders = [order for order, _ in draws]
    assert len(set(orders)) == len(orders)
    assert set(orders) == admissible_orders(n, gap)
    assert len({probability for _, probability in draws}) == 1


def test_real_draws_are_uniform() -> None:
    stream = Stream(secret=SECRET, study="pilot", rater="rita")
    seen = Counter(tuple(draw_order(stream, range(4), 2) or ()) for _ in range(20_000))
    expected = admissible_orders(4, 2)
    assert set(seen) == expected
    assert chisquare([seen[order] for order in sorted(expected)]).pvalue > 0.001


def test_orders_without_one_case_twice_in_a_row_are_uniform_too() -> None:
    stream = Stream(secret=SECRET, study="pilot", rater="rita")
    groups = (0, 0, 1, 1)
    expected = {
        order
        for order in admissible_orders(4, 1)
        if all(a == b or groups[a] != groups[b] for a, b in pairwise(order))
    }
    draws = [draw_order(stream, groups, 1) for _ in range(40_000)]
    seen = Counter(tuple(order) for order in draws if order is not None)
    assert set(seen) == expected
    assert chisquare([seen[order] for order in sorted(expected)]).pvalue > 0.001


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 60), st.integers(1, 3), st.data())
def test_every_order_keeps_the_rules(n_cases: int, methods: int, data: st.DataObject) -> None:
    if methods > 1:
        n_cases = max(n_cases // methods, 4)
    items = [f"c{case}-m{method}" for case in range(n_cases) for method in range(methods)]
    cases = {item: item.split("-")[0] for item in items}
    gap = data.draw(st.integers(0, len(items) - 1))
    slots = draw_sequence(
        secret=data.draw(st.binary(min_size=32, max_size=32)),
        study="pilot",
        rater="ravi",
        items=items,
        gap=gap,
        cases=cases,
    )
    n = len(items)
    assert [slot.position for slot in slots] == list(range(1, 2 * n + 1))
    assert [slot.occasion for slot in slots] == [1] * n + [2] * n
    first = {slot.item: slot.position for slot in slots[:n]}
    second = {slot.item: slot.position for slot in slots[n:]}
    assert set(first) == set(second) == set(items)
    assert min(second[item] - first[item] for item in items) >= gap
    for a, b in pairwise(slots):
        assert a.item == b.item or cases[a.item] != cases[b.item]


def test_no_items_give_no_order() -> None:
    assert drawn([], 0) == ()


def test_a_gap_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(InvalidDesign, match="between 0 and 2"):
        drawn(["a", "b", "c"], 3)


def test_masks_that_must_follow_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "MOST_DRAWS", 100)
    with pytest.raises(InvalidDesign, match="do not follow each other"):
        drawn(["a", "b", "c"], 1, a="one", b="one", c="one")


def test_the_order_never_changes() -> None:
    """Frozen: with another order here, no published secret would prove its schedule any more."""
    order = [slot.item for slot in drawn(list("abcdefgh"), 3)]
    assert "".join(order) == "hdfgebacdabhgcef"


def test_the_order_depends_on_secret_study_and_rater() -> None:
    items = [f"i{n}" for n in range(20)]
    cases = {item: item for item in items}
    orders = {
        tuple(
            draw_sequence(secret=secret, study=study, rater=rater, items=items, gap=5, cases=cases)
        )
        for secret in (SECRET, SECRET[::-1])
        for study in ("pilot", "main")
        for rater in ("rita", "ravi")
    }
    assert len(orders) == 8


def test_raters_have_unrelated_orders() -> None:
    """Over 400 pairs of raters the place of an item with one says nothing of it with the other."""
    items = [f"i{n}" for n in range(10)]
    together: Counter[tuple[int, int]] = Counter()
    for pair in range(400):
        one, two = (
            {slot.item: slot.position for slot in drawn(items, 3, rater=f"{name}{pair}")[:10]}
            for name in ("rita", "ravi")
        )
        together.update((one[item], two[item]) for item in items)
    cells = [together[a, b] for a in range(1, 11) for b in range(1, 11)]
    assert chisquare(cells, ddof=18).pvalue > 0.001


def test_numbers_come_from_hmac_as_written_down() -> None:
    stream = Stream(secret=SECRET, study="pilot", rater="rita")
    digests = [
        hmac.new(SECRET, f"pilot|rita|{counter}".encode(), hashlib.sha256).digest()
        for counter in range(2)
    ]
    words = [
        int.from_bytes(digest[at : at + 8], "big") for digest in digests for at in (0, 8, 16, 24)
    ]
    assert [stream.below(2**64) for _ in range(8)] == words


def test_numbers_are_unbiased() -> None:
    stream = Stream(secret=SECRET, study="pilot", rater="rita")
    seen = Counter(stream.below(7) for _ in range(14_000))
    assert sorted(seen) == list(range(7))
    assert chisquare(list(seen.values())).pvalue > 0.001


def test_a_number_that_would_bias_is_drawn_again() -> None:
    """Of all 64-bit words a third lie above the last multiple of 3 * 2**62; none may be used."""
    stream = Stream(secret=SECRET, study="pilot", rater="rita")
    seen = Counter(stream.below(3 * 2**62) // 2**62 for _ in range(6_000))
    assert chisquare([seen[third] for third in range(3)]).pvalue > 0.001


def test_names_that_could_be_confused_are_refused() -> None:
    with pytest.raises(ValueError, match="must not contain"):
        Stream(secret=SECRET, study="pilot|rita", rater="")


def test_the_commitment_binds_secret_and_design() -> None:
    made = commitment(SECRET, '{"gap":3}')
    assert made == hashlib.sha256(SECRET + b'{"gap":3}').hexdigest()
    assert len({made, commitment(SECRET, '{"gap":4}'), commitment(bytes(32), '{"gap":3}')}) == 3
