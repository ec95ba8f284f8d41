"""A whole report: groups of sections and figures, with what is said about them."""

from __future__ import annotations

from dataclasses import dataclass

from segmentation.publication.document import Figure, Group


@dataclass(frozen=True)
class CheckItem:
    """One item of a reporting check list; `answer` is empty where nothing was collected."""

    item: str
    asked: str
    answer: str


@dataclass(frozen=True)
class CheckList:
    """A reporting check list and where it was published."""

    title: str
    published: str
    items: tuple[CheckItem, ...]


@dataclass(frozen=True)
class Report:
    """Everything that is said about a closed study."""

    headline: str
    headline_rest: str
    groups: tuple[Group, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    checklists: tuple[CheckList, ...]
