"""Whom an evaluation is about: the paper's Tables 1 to 3, from what is known about the cases."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segmentation.description.fields import SPLITS

Line = dict[str, Any]
NOT_SAID = "not said"
UNKNOWN = {"undefined": "not known of any case"}
ACQUISITION = (
    *("scanner", "field_strength_t", "flair_acquisition"),
    *("repetition_time_ms", "echo_time_ms", "inversion_time_ms", "flip_angle_deg"),
)
T1_ACQUISITION = (
    *("scanner", "field_strength_t", "t1_acquisition"),
    *("t1_repetition_time_ms", "t1_echo_time_ms", "t1_flip_angle_deg"),
)


@dataclass(frozen=True)
class CaseFacts:
    """What is known about a case: `description` has the fields of `segmentation.description`.

    `t1` has the shape and the spacing in mm of its T1; None without one. `learned_by` and
    `validated_by` name the methods that were trained, or chosen, on its subject.
    """

    case: str
    subject: str
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    description: Mapping[str, Any]
    t1: tuple[tuple[int, ...], tuple[float, ...]] | None = None
    learned_by: frozenset[str] = field(default_factory=frozenset)
    validated_by: frozenset[str] = field(default_factory=frozenset)


def demographics(cases: Sequence[CaseFacts]) -> list[Line]:
    """Table 1: what the paper says of its patients, each with how many subjects it is known of.

    A subject with several cases counts once, as in its first case by code.
    """
    first: dict[str, CaseFacts] = {}
    for one in sorted(cases, key=lambda each: each.case):
        first.setdefault(one.subject, one)
    known: dict[str, list[Any]] = {
        name: [one.description[name] for one in first.values() if name in one.description]
        for name in ("sex", "age_years", "edss", "phenotype")
    }
    ages, scores, sexes = known["age_years"], known["edss"], known["sex"]
    kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(Counter(known["phenotype"]).items()))
    return [
        {"what": "Subjects", "value": len(first), "known_of": len(first)},
        {"what": "Cases", "value": len(cases), "known_of": len(cases)},
        {
            "what": "Sex (% female)",
            "value": 100 * sexes.count("female") / len(sexes) if sexes else UNKNOWN,
            "known_of": len(sexes),
        },
        {
            "what": "Mean age in years (range)",
            "value": f"{statistics.fmean(ages):.1f} ({min(ages)} to {max(ages)})"
            if ages
            else UNKNOWN,
            "known_of": len(ages),
        },
        {
            "what": "Mean EDSS",
            "value": statistics.fmean(scores) if scores else UNKNOWN,
            "known_of": len(scores),
        },
        {"what": "Diagnosis", "value": kinds or UNKNOWN, "known_of": len(known["phenotype"])},
    ]


def acquisitions(cases: Sequence[CaseFacts]) -> list[Line]:
    """Table 2: every way in which FLAIR scans were acquired, the most frequent first."""
    return _ways([(one, one.shape, one.spacing_mm) for one in cases], ACQUISITION)


def t1_acquisitions(cases: Sequence[CaseFacts]) -> list[Line]:
    """Table 2: the same of the T1; cases without one are left out."""
    return _ways([(one, *one.t1) for one in cases if one.t1 is not None], T1_ACQUISITION)


def _ways(
    scans: Sequence[tuple[CaseFacts, tuple[int, ...], tuple[float, ...]]], fields: Sequence[str]
) -> list[Line]:
    """Every way that scans (with shape and spacing) were acquired in, by these fields as well."""
    ways: Counter[tuple[Any, ...]] = Counter(
        (
            " x ".join(f"{mm:.2f}" for mm in spacing_mm),
            " x ".join(map(str, shape)),
            *(case.description.get(name) for name in fields),
        )
        for case, shape, spacing_mm in scans
    )
    names = ("voxel_mm", "matrix", *fields)
    ordered = sorted(ways.items(), key=lambda way: (-way[1], str(way[0])))
    return [
        {"cases": count}
        | {
            name: {"undefined": "not known"} if value is None else value
            for name, value in zip(names, way, strict=True)
        }
        for way, count in ordered
    ]


def splits(cases: Sequence[CaseFacts], methods: Sequence[str]) -> list[Line]:
    """Table 3: how many of the evaluated cases each method had learned from or was chosen on.

    Scores on such cases say little about new ones.
    """
    return [
        {
            "method": name,
            "cases": len(cases),
            "learned_from": sum(name in one.learned_by for one in cases),
            "validated_on": sum(name in one.validated_by for one in cases),
            "new": sum(name not in one.learned_by | one.validated_by for one in cases),
        }
        for name in methods
    ]


def set_aside(cases: Sequence[CaseFacts]) -> list[Line]:
    """Table 3: how many of the evaluated cases and their subjects are there to train or to test."""
    kinds: dict[str, list[CaseFacts]] = {name: [] for name in (*SPLITS, NOT_SAID)}
    for one in cases:
        kinds[one.description.get("split", NOT_SAID)].append(one)
    return [
        {"split": name, "cases": len(found), "subjects": len({one.subject for one in found})}
        for name, found in kinds.items()
    ]
