"""How values are written: shares, coefficients, p values, intervals, and what is undefined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rating.protocol.design import AcceptanceDesign, Fraction
from segmentation.publication.cells import decimal, reasons_below
from segmentation.publication.document import Cell, Head, Row, Table

Line = Mapping[str, Any]
Write = Callable[[Any], str]
Column = tuple[Head, Callable[[Line], Cell]]
ALL_RATERS = "All raters"
ALL_METHODS = "All methods"
MOST_ROWS = 60


@dataclass(frozen=True)
class Names:
    """The titles of what the statistics know by internal names; what has none keeps its name."""

    methods: Mapping[str, str] = field(default_factory=dict)

    def method(self, name: str) -> str:
        """The title of a method; all of them for ""."""
        return self.methods.get(name, name) if name else ALL_METHODS

    def rater(self, name: str) -> str:
        """A rater's user name; all of them for ""."""
        return name or ALL_RATERS


# --- Values ---------------------------------------------------------------------------------------


def reason(value: Any) -> str:
    """Why a value is undefined; empty for one that is defined."""
    return str(value["undefined"]) if isinstance(value, Mapping) else ""


def share(value: float) -> str:
    """A share as per cent: 95.3 %."""
    return f"{100 * value:.1f} %"


def bare_share(value: float) -> str:
    """A share as per cent without the sign, for the ends of intervals."""
    return f"{100 * value:.1f}"


def both_readings(line: Line) -> str:
    """Whose two readings a line compares: two raters', or one rater's first and second."""
    other = line["other_rater"]
    return f"{line['rater']} and {other}" if other else f"{line['rater']}, twice"


def p_value(value: float) -> str:
    """Three decimals; smaller ones as < 0.001."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: Any) -> str:
    """A whole number as it is, a mean count with two decimals."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def plural(number: int, word: str) -> str:
    """So many of something: 1 case, 2 cases."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def on_threshold(design: AcceptanceDesign) -> str:
    """What is exactly on a threshold of a design: 90 %, or 80 % precision or 2/3 recall."""
    precision, recall = map(threshold, (design.precision_threshold, design.recall_threshold))
    return precision if precision == recall else f"{precision} precision or {recall} recall"


def threshold(value: Fraction) -> str:
    """A threshold as per cent where one decimal says all, else as the fraction: 92.5 %, 2/3."""
    part, whole = value
    return f"{part}/{whole}" if 1000 * part % whole else f"{100 * part / whole:g} %"


def yes_no(value: bool) -> str:
    """yes or no."""
    return "yes" if value else "no"


def cell(value: Any, write: Write) -> Cell:
    """A value as a cell."""
    why = reason(value)
    return Cell(f"undefined: {why}", is_undefined=True) if why else Cell(write(value))


def estimate(line: Line, name: str, low: str, high: str, write: Write, end: Write) -> Cell:
    """A value with its 95 % interval; without, where only the interval is undefined."""
    if reason(line[name]):
        return cell(line[name], write)
    if reason(line[low]) or reason(line[high]):
        return Cell(write(line[name]))
    return Cell(f"{write(line[name])} ({end(line[low])} to {end(line[high])})")


def rule(line: Line) -> str:
    """What decides whether a mask is accepted, in words."""
    if line["verdict"] == "rater":
        return "Rater's verdict"
    if line["verdict"] == "combined":
        return "Combined rule"
    if line["verdict"] == "corrected":
        return f"Lesions as the rater counts them, {line['boundary_policy']}"
    return f"Counts, {line['boundary_policy']}"


# --- Columns --------------------------------------------------------------------------------------


def text(head: str, say: Callable[[Line], str]) -> Column:
    """A column of words."""
    return Head(head), lambda line: Cell(say(line))


def number(head: str, name: str, write: Write = count) -> Column:
    """A column of single numbers."""
    return Head(head, is_number=True), lambda line: cell(line[name], write)


def shares(head: str, name: str, low: str = "", high: str = "") -> Column:
    """A column of shares with intervals (columns NAME_low and NAME_high unless said)."""
    ends = low or f"{name}_low", high or f"{name}_high"
    return Head(head, is_number=True), lambda line: estimate(line, name, *ends, share, bare_share)


def coefficients(head: str, name: str, low: str = "", high: str = "") -> Column:
    """A column of coefficients with intervals."""
    ends = low or f"{name}_low", high or f"{name}_high"
    return Head(head, is_number=True), lambda line: estimate(line, name, *ends, decimal, decimal)


def table(caption: str, lines: Iterable[Line], columns: Sequence[Column], *, file: str) -> Table:
    """This will lay lines out under columns; beyond 60 lines it says that the rest is in `file`.

    Lines of the primary analysis are marked where there are others beside them. A reason for what
    is undefined stands once below the table if it would fill a column.
    """
    found = list(lines)
    is_mixed = len({line.get("is_primary") for line in found}) > 1
    rows, more = reasons_below([[say(line) for _, say in columns] for line in found[:MOST_ROWS]])
    left = len(found) - MOST_ROWS
    if left > 0:
        more.append(f"{left} more rows are in tables/{file}.csv of the bundle.")
    return Table(
        caption,
        tuple(head for head, _ in columns),
        tuple(
            Row(cells, is_mixed and line["is_primary"] is True)
            for cells, line in zip(rows, found, strict=False)
        ),
        " ".join(more),
    )
