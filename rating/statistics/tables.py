"""The summary as flat tables, with the meaning and unit of every column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rating.statistics import meanings_of_agreement as agreement
from rating.statistics import meanings_of_answers as answers
from rating.statistics.meanings import TEXT, YES_NO, Meaning

__all__ = ["COLUMNS", "TEXT", "YES_NO", "data_dictionary", "tables"]

COLUMNS: Mapping[str, Mapping[str, Meaning]] = {
    "presentations": answers.PRESENTATIONS,
    "acceptance": answers.ACCEPTANCE,
    "masks": answers.MASKS,
    "flips": answers.FLIPS,
    "lesion_rates": answers.LESION_RATES,
    "intra_rater": agreement.INTRA_RATER,
    "inter_rater": agreement.INTER_RATER,
    "comparisons": agreement.COMPARISONS,
    "equivalence": agreement.EQUIVALENCE,
    "several_methods": agreement.SEVERAL_METHODS,
    "counts": agreement.COUNTS,
    "count_pairs": agreement.COUNT_PAIRS,
    "count_components": agreement.COUNT_COMPONENTS,
    "mark_agreement": agreement.MARK_AGREEMENT,
    "mark_reasons": answers.MARK_REASONS,
    "order": answers.ORDER,
    "reading_time": answers.READING_TIME,
    "verdicts": answers.VERDICTS,
    "consistency": answers.CONSISTENCY,
    "missing": answers.MISSING,
}


def tables(summary: Mapping[str, Any]) -> dict[str, list[list[Any]]]:
    """This will lay out a summary as tables by name: a header, then the rows.

    An undefined value becomes the text "undefined: reason". A table without rows is its header.
    """
    return {
        name: [
            list(columns),
            *([_cell(line[column]) for column in columns] for line in summary[name]),
        ]
        for name, columns in COLUMNS.items()
    }


def data_dictionary() -> list[tuple[str, str, str, str]]:
    """This will list table, column, meaning and unit of everything that `tables` gives."""
    return [
        (table, column, meaning, unit)
        for table, columns in COLUMNS.items()
        for column, (meaning, unit) in columns.items()
    ]


def _cell(value: Any) -> Any:
    return f"undefined: {value['undefined']}" if isinstance(value, Mapping) else value
