"""The order of presentations: drawn from a secret, uniformly, with a guaranteed gap.

Two blocks of n positions show every item once each. Block 1 is a Fisher-Yates shuffle. For block 2
number the items by their position 0..n-1 in block 1 and let k = n - gap: item i may take the slots
s >= i - k of block 2 (then its two positions lie at least `gap` apart). The items choose from i =
n-1 down to 0, each uniformly among its free slots. When item i chooses, all later items sit inside
i's own admissible set, so exactly min(i + 1, k + 1) slots are free whatever was chosen before:
never a dead end, and every admissible order has the same probability. O(n), no rejection.

Where a case has several masks, an order that shows two different masks of it in a row is thrown
away and drawn again, which leaves the draw uniform over the orders that remain.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from rating.protocol.design import InvalidDesign

WORD_BITS = 64
MOST_DRAWS = 500_000


@dataclass(frozen=True)
class Slot:
    """One place in a rater's schedule: position from 1, occasion 1 or 2, the item's key."""

    position: int
    occasion: int
    item: str


class Source(Protocol):
    """Where random whole numbers come from."""

    def below(self, bound: int) -> int:
        """A number from 0..bound-1, each equally likely."""


class Stream:
    """Random whole numbers from HMAC-SHA256(secret, "study|rater|counter"), counter from 0.

    Depends on no library's generator, so that an order can be checked years later. Each digest
    gives four big-endian 64-bit words.
    """

    def __init__(self, *, secret: bytes, study: str, rater: str) -> None:
        if "|" in study + rater:
            raise ValueError("the names of study and rater must not contain the sign |")
        self._secret = secret
        self._label = f"{study}|{rater}|"
        self._counter = 0
        self._words: list[int] = []

    def below(self, bound: int) -> int:
        """This will draw a number from 0..bound-1, each equally likely (by rejection)."""
        limit = (1 << WORD_BITS) - (1 << WORD_BITS) % bound
        while True:
            word = self._word()
            if word < limit:
                return word % bound

    def _word(self) -> int:
        if not self._words:
            label = f"{self._label}{self._counter}".encode()
            digest = hmac.digest(self._secret, label, hashlib.sha256)
            self._words = [int.from_bytes(digest[at : at + 8], "big") for at in (24, 16, 8, 0)]
            self._counter += 1
        return self._words.pop()


def draw_sequence(
    *,
    secret: bytes,
    study: str,
    rater: str,
    items: Sequence[str],
    gap: int,
    cases: Mapping[str, str],
) -> tuple[Slot, ...]:
    """This will draw a rater's order: 2n slots in the order of positions; none for no items.

    `cases` names every item's case. The order depends on nothing but the arguments (and on the
    order in which the items are given). Raises InvalidDesign for a gap above n - 1, or when masks
    of one case would have to follow each other.
    """
    n = len(items)
    if not 0 <= gap <= max(0, n - 1):
        raise InvalidDesign(
            f"With {n} items the gap lies between 0 and {max(0, n - 1)} positions, not {gap}. "
            "Nothing was drawn; choose a smaller gap."
        )
    stream = Stream(secret=secret, study=study, rater=rater)
    groups = case_groups(items, cases)
    for _ in range(MOST_DRAWS):
        order = draw_order(stream, groups, gap)
        if order is not None:
            return tuple(
                Slot(position=at + 1, occasion=1 + at // n, item=items[item])
                for at, item in enumerate(order)
            )
    raise InvalidDesign(
        "No order was found in which masks of one case do not follow each other: too many of the "
        "masks are of few cases. Nothing was drawn; add masks of other cases or take some out.",
        fields={"items": ["Too many masks are of few cases."]},
    )


def commitment(secret: bytes, design_json: str) -> str:
    """This will hash secret and design (SHA-256 of the secret's bytes, then the JSON's); hex.

    Published when the study opens; whoever gets the secret later can check that neither changed.
    """
    return hashlib.sha256(secret + design_json.encode()).hexdigest()


def order_commitment(secret: bytes, rater: str, order: Sequence[Slot]) -> str:
    """This will hash secret, rater and order (SHA-256; hex), for a rater who joins later.

    After the secret's bytes come the rater's name and the keys of the items in their order, each
    on a line of its own. Published at joining, when the secret was committed to long before.
    """
    told = "\n".join([rater, *(slot.item for slot in order)])
    return hashlib.sha256(secret + told.encode()).hexdigest()


def case_groups(items: Sequence[str], cases: Mapping[str, str]) -> tuple[int, ...]:
    """For every item the number of its case when that has several masks, else a negative number."""
    masks = Counter(cases[item] for item in items)
    numbers = {case: number for number, case in enumerate(sorted(masks))}
    return tuple(
        numbers[cases[item]] if masks[cases[item]] > 1 else -1 - at for at, item in enumerate(items)
    )


def draw_order(stream: Source, groups: Sequence[int], gap: int) -> list[int] | None:
    """This will draw both blocks once; None when two masks of one case follow each other.

    `groups` has an entry per item, the same for masks of one case; the order is of item numbers.
    """
    n = len(groups)
    first = list(range(n))
    for at in range(n):
        other = at + stream.below(n - at)
        first[at], first[other] = first[other], first[at]
        if at and groups[first[at]] == groups[first[at - 1]]:
            return None
    second = [-1] * n
    k = n - gap
    free = list(range(max(0, n - 1 - k), n))
    for i in range(n - 1, -1, -1):
        chosen = stream.below(len(free))
        slot = free[chosen]
        free[chosen] = free[-1]
        free.pop()
        second[slot] = first[i]
        if i - 1 - k >= 0:
            free.append(i - 1 - k)
    order = first + second
    for at in range(max(1, n), 2 * n):
        here, before = order[at], order[at - 1]
        if here != before and groups[here] == groups[before]:
            return None
    return order
