"""How an evaluation writes its values: counts, means, differences, and what is undefined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from segmentation.evaluation.records import is_number
from segmentation.publication.cells import decimal, reasons_below
from segmentation.publication.document import Cell, Head, Row, Table

Line = Mapping[str, Any]
Column = tuple[Head, Callable[[Line], Cell]]


def counted(count: int, what: str) -> str:
    """So many of something: 1 case, 2 cases."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def titled(name: str, names: Mapping[str, str]) -> Cell:
    """A method by its title; what has none by its name."""
    return Cell(names.get(name, name.capitalize()))


def table(caption: str, lines: Sequence[Line], columns: Sequence[Column]) -> Table:
    """Lines laid out under columns; reasons that stand often are said once below."""
    rows, reasons = reasons_below([[say(line) for _, say in columns] for line in lines])
    heads = tuple(head for head, _ in columns)
    return Table(
        caption, heads, tuple(map(Row, rows)), " ".join(reasons) if rows else "There is none."
    )


def number(title: str, name: str = "") -> Column:
    """A column of single numbers, called as in the lines unless said."""
    return Head(title, is_number=True), lambda line: cell(line[name or title])


def mean_of(score: str) -> Column:
    """A column of means (SD), with how many cases the mean leaves out."""

    def say(line: Line) -> Cell:
        mean, sd, left_out = line[score], line[f"{score}, SD"], line[f"{score}, undefined"]
        if not is_number(mean):
            return cell(mean)
        spread = f" ({sd:.2f})" if is_number(sd) else ""
        return Cell(f"{mean:.2f}{spread}" + (f", {left_out} undefined" if left_out else ""))

    return Head(_capital(score), is_number=True), say


def difference_of(score: str) -> Column:
    """A column of differences in one score, with n where it is not that of the whole line."""

    def say(line: Line) -> Cell:
        found = difference(line[score])
        if found.is_undefined or line[score]["n"] == line["n"]:
            return found
        return Cell(f"{found.text}, n = {line[score]['n']}")

    return Head(_capital(score), is_number=True), say


def _capital(score: str) -> str:
    return score[0].upper() + score[1:]


def difference(line: Line) -> Cell:
    """A difference with its interval."""
    return with_interval(line, "difference", "low", "high")


def with_interval(line: Line, name: str, low: str, high: str) -> Cell:
    """A value with its 95 % interval; without, where that is undefined or has no end."""
    if not all(is_number(one) and isfinite(one) for one in (line[name], line[low], line[high])):
        return cell(line[name])
    return Cell(f"{decimal(line[name])} ({decimal(line[low])} to {decimal(line[high])})")


def cell(value: Any) -> Cell:
    """A value, or why it is undefined."""
    if isinstance(value, Mapping):
        return Cell(f"undefined: {value['undefined']}", is_undefined=True)
    return Cell(decimal(value) if isinstance(value, float) else str(value))
