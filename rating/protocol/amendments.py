"""What may still change after the opening: who reads on, and which masks are analysed.

The frozen design and every order that was drawn stay as they are. A rater who joins gets an order
by the committed scheme; one who leaves keeps what they answered, and the rest counts as missing; a
mask that is withdrawn is shown no more and left out of every analysis, answered or not. Nothing
else can be amended: another criterion, gap or wording makes another study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rating.protocol.design import AcceptanceDesign


@dataclass(frozen=True)
class Amendments:
    """Names of raters who joined or left after the opening, and keys of withdrawn items."""

    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    withdrawn: frozenset[str] = frozenset()


UNAMENDED = Amendments()


def amended(design: AcceptanceDesign, amendments: Amendments) -> AcceptanceDesign:
    """This will say what is analysed: raters who joined are in, withdrawn items are out."""
    return replace(
        design,
        raters=(*design.raters, *(name for name in amendments.joined if name not in design.raters)),
        items=tuple(item for item in design.items if item.key not in amendments.withdrawn),
    )
