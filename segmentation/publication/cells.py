"""How cells of tables are written wherever there are some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from segmentation.publication.document import Cell

OFTEN = 3  # times that one reason stands in a table at least, to stand below it instead


def decimal(value: float) -> str:
    """Two decimals, without a minus before nothing."""
    text = f"{value:.2f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def reasons_below(rows: Sequence[Sequence[Cell]]) -> tuple[list[tuple[Cell, ...]], list[str]]:
    """Rows with a number for every reason that stands often in them, and these reasons in words."""
    why = Counter(cell.text for row in rows for cell in row if cell.is_undefined)
    often = [text for text, times in why.items() if times >= OFTEN]
    marked = {text: f"undefined ({n})" for n, text in enumerate(often, 1)}
    return (
        [tuple(Cell(marked.get(c.text, c.text), c.is_undefined) for c in row) for row in rows],
        [f"({n}) {text.removeprefix('undefined: ')}." for n, text in enumerate(often, 1)],
    )
