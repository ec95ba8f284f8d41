"""The pieces of a report: what a page draws and a file prints, without another thought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A value as text; undefined ones say why, here ("undefined: ...") or below their table."""

    text: str
    is_undefined: bool = False


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; `is_primary` marks the design's own analysis."""

    cells: tuple[Cell, ...]
    is_primary: bool = False


@dataclass(frozen=True)
class Head:
    """What a column is called, and whether it holds numbers (set to the right)."""

    text: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under heads; `more` says what is not in them: reasons, and where further rows are."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    more: str = ""


@dataclass(frozen=True)
class Section:
    """Tables about one thing, with one line of explanation.

    `folded` tables are for whoever looks closer; `files` are the bundle's tables it was made of.
    """

    id: str
    title: str
    hint: str
    tables: tuple[Table, ...] = ()
    folded_title: str = ""
    folded: tuple[Table, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Sections that answer one question."""

    id: str
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Figure:
    """A Vega-Lite specification with its words; `section` is where its numbers stand as a table."""

    name: str
    title: str
    description: str
    section: str
    spec: dict[str, Any] = field(repr=False)
