"""An evaluation laid out: the paper's tables and figures, to read, to print and to compute with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from segmentation.evaluation.cohort import (
    CaseFacts,
    acquisitions,
    demographics,
    set_aside,
    splits,
    t1_acquisitions,
)
from segmentation.evaluation.comparison import MEASURES, OF_OUTLINES
from segmentation.evaluation.lesion_matching import PROFILES
from segmentation.evaluation.records import SCORES, CaseRecord, Pair
from segmentation.evaluation.summary import (
    BETWEEN,
    by_reference,
    common_cases,
    differences,
    steps,
    table_4,
    volume_pairs,
    volumes,
)
from segmentation.evaluation.wording import (
    Column,
    Line,
    cell,
    counted,
    difference,
    difference_of,
    mean_of,
    number,
    table,
    titled,
    with_interval,
)
from segmentation.publication.document import Cell, Figure, Group, Head, Section, Table

INCORPORATION = (
    "References that were drawn with a method's mask in sight, or whose dots came from the methods "
    "under test, favour these methods: compare with references drawn alone."
)


@dataclass(frozen=True)
class Asked:
    """What an evaluation is asked: methods (name to title), references, and how masks are compared.

    `voxels_kept` says for the grids of the cases the fewest voxels of a lesion that counts.
    """

    methods: Mapping[str, str]
    references: tuple[str, ...]
    min_volume_mm3: float
    profile: str
    voxels_kept: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is asked as JSON keeps it: methods as pairs, since a database may sort names."""
        return asdict(self) | {"methods": list(self.methods.items())}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Asked:
        """This will read what `as_json` wrote."""
        tuples = {name: tuple(kept[name]) for name in ("references", "voxels_kept")}
        return cls(**{**kept, **tuples, "methods": dict(kept["methods"])})


@dataclass(frozen=True)
class Findings:
    """Everything that is said about an evaluation; `tables` are rows under a header, by name."""

    groups: tuple[Group, ...]
    figures: tuple[Figure, ...]
    methods: tuple[str, ...]
    notes: tuple[str, ...]
    tables: Mapping[str, list[list[Any]]]


def lay_out(records: Sequence[CaseRecord], facts: Sequence[CaseFacts], asked: Asked) -> Findings:
    """This will lay out what was found; with no case everything says so."""
    from segmentation.evaluation.figures import volume_figures  # Altair is slow to import

    names, references = list(asked.methods), asked.references
    pairs = volume_pairs(records, names, references)
    lines: dict[str, Sequence[Line]] = {
        "table_1_demographics": demographics(facts),
        "table_2_acquisition": acquisitions(facts),
        "table_2_acquisition_t1": t1_acquisitions(facts),
        "table_3_split": splits(facts, names),
        "table_3_set_aside": set_aside(facts),
        "table_4": table_4(records, names),
        "by_reference": by_reference(records, names),
        "differences": differences(records, names),
        "steps": steps(records, names),
        "volumes": volumes(pairs),
        "volume_pairs": pairs,
        "cases": [_of_pair(record, pair) for record in records for pair in _pairs(record)],
        "missing": [
            {"case": record.case, "mask": name, "reason": why}
            for record in records
            for name, why in record.missing.items()
        ],
    }
    common = common_cases(records, names)
    return Findings(
        groups=_groups(lines, asked.methods, len(common)),
        figures=volume_figures(pairs, lines["volumes"], names=asked.methods),
        methods=_methods(records, asked, len(common)),
        notes=(LENIENT, INCORPORATION, ROW_BETWEEN),
        tables={name: _sheet(rows) for name, rows in lines.items() if rows},
    )


def table_4_text(records: Sequence[CaseRecord], methods: Mapping[str, str]) -> str:
    """Table 4 as Markdown: all cases, and the common subset where that is another one.

    Where references were drawn in two steps, both steps side by side follow.
    """
    parts = []
    tables = _tables_4(table_4(records, list(methods)), methods)
    if both := steps(records, list(methods)):
        tables = (*tables, _steps_table(both, methods))
    for one in tables:
        heads = [head.text for head in one.heads]
        rows = [[cell.text for cell in row.cells] for row in one.rows]
        marks = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
        below = ["", one.more] if one.more else []
        parts.append(
            "\n".join([one.caption, "", marks[0], "|---" * len(heads) + "|", *marks[1:], *below])
        )
    return "\n\n".join(parts)


# --- Groups ---------------------------------------------------------------------------------------


def _groups(
    lines: Mapping[str, Sequence[Line]], names: Mapping[str, str], common: int
) -> tuple[Group, ...]:
    method: Column = (Head("Mask"), lambda line: Cell(names.get(line["mask"], line["mask"])))
    against: Column = (Head("Reference"), lambda line: Cell(line["reference"]))
    sides: list[Column] = [
        (Head("First"), lambda line: Cell(names.get(line["first"], line["first"]))),
        (Head("Second"), lambda line: Cell(names.get(line["second"], line["second"]))),
    ]
    single = [
        *(method, against, number("n")),
        *(mean_of(one) for one in MEASURES),
        *(number(one.capitalize(), one) for one in ("merges", "splits")),
    ]
    every, same_cases = (tables := _tables_4(lines["table_4"], names))[:1], tables[1:]
    of_methods = [line for line in lines["by_reference"] if line["kind"] == "method"]
    of_references = [line for line in lines["by_reference"] if line["kind"] == "reference"]
    return (
        Group(
            "scores",
            "Methods against references",
            (
                Section(
                    "table-4",
                    "Scores (Table 4)",
                    "Mean (SD) over cases; within a case the mean over its references first. "
                    f"{counted(common, 'case')} {'has' if common == 1 else 'have'} a mask of "
                    "every method.",
                    every,
                    "Outlines and volume",
                    (
                        table(
                            "Outlines and volume, mean (SD)",
                            [line for line in lines["table_4"] if line["subset"] == "all"],
                            [
                                (Head("Method"), lambda line: titled(line["method"], names)),
                                number("n"),
                                *(mean_of(one) for one in OF_OUTLINES),
                            ],
                        ),
                    ),
                    files=("table_4",),
                ),
                *(
                    Section(
                        "table-4-common",
                        "Scores on the cases that every method has",
                        "For comparing methods with each other.",
                        (one,),
                        files=("table_4",),
                    )
                    for one in same_cases
                ),
                Section(
                    "by-reference",
                    "Against each reference",
                    "Merges: lesions of the mask over several of the reference; splits: lesions of "
                    "the reference in several pieces. Sums over cases.",
                    (table("Scores against each reference", of_methods, single),),
                    files=("by_reference",),
                ),
                Section(
                    "between",
                    "Between references",
                    "Both directions: the precision of one is the recall of the other.",
                    (table("References against each other", of_references, single),),
                    files=("by_reference",),
                ),
                Section(
                    "differences",
                    "Paired differences",
                    "First less second, case by case, with the 95 % interval (t). It is left out "
                    "where it would leave -1 to 1: the cases are too few to say. Several "
                    "comparisons are shown; none is corrected for the others.",
                    (
                        table(
                            "Paired differences",
                            _by_pair(lines["differences"]),
                            [*sides, number("n"), *(difference_of(one) for one in MEASURES)],
                        ),
                    ),
                    files=("differences",),
                ),
                *(_steps_sections(lines["steps"], names)),
            ),
        ),
        Group("volume", "Volumes", (_volume_section(lines["volumes"], sides),)),
        Group("cohort", "Whom it is about", _cohort_sections(lines, names)),
    )


def _by_pair(lines: Sequence[Line]) -> list[Line]:
    """Differences with all scores of two sides in one line; n is of the score with most cases."""
    pairs: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        first, second = line["first"], line["second"]
        pair = pairs.setdefault((first, second), {"first": first, "second": second, "n": 0})
        pair[line["score"]] = line
        pair["n"] = max(pair["n"], line["n"])
    return list(pairs.values())


def _tables_4(lines: Sequence[Line], names: Mapping[str, str]) -> tuple[Table, ...]:
    columns: list[Column] = [
        (Head("Method"), lambda line: titled(line["method"], names)),
        number("n"),
        *(mean_of(one) for one in MEASURES),
    ]
    every, common = (
        [line for line in lines if line["subset"] == subset] for subset in ("all", "common")
    )
    is_same = [line["n"] for line in every] == [line["n"] for line in common]
    tables = [table("All cases of each method", every, columns)]
    if not is_same:
        tables.append(table("Cases that every method has a mask of", common, columns))
    return tuple(tables)


def _steps_sections(lines: Sequence[Line], names: Mapping[str, str]) -> tuple[Section, ...]:
    if not lines:
        return ()
    return (
        Section(
            "steps",
            "References before and after the second step",
            "Each delineator's reference as drawn alone (step 1) and after every dot was decided "
            "(step 2), on the same cases. Dots came partly from methods: a method that scores "
            "higher after step 2 may owe that to its own dots. All other tables are about the "
            "chosen references alone.",
            (_steps_table(lines, names),),
            files=("steps",),
        ),
    )


def _steps_table(lines: Sequence[Line], names: Mapping[str, str]) -> Table:
    return table(
        "Against step 1 and against step 2, mean (SD)",
        lines,
        [
            (Head("Method"), lambda line: titled(line["method"], names)),
            (Head("Score"), lambda line: Cell(line["score"])),
            number("n"),
            *(mean_of(one) for one in ("step 1", "step 2")),
            (Head("Difference (95 % interval)", is_number=True), difference),
        ],
    )


ENDS = ("", "_low", "_high")
COUNTS = ("cases", "subjects", "learned_from", "validated_on", "new")


def _volume_section(lines: Sequence[Line], sides: list[Column]) -> Section:
    def interval(title: str, name: str, low: str, high: str) -> Column:
        return Head(title, is_number=True), lambda line: with_interval(line, name, low, high)

    return Section(
        "volumes",
        "How volumes agree",
        "R2 and slope say whether volumes go together, CCC whether they are the same. Limits: "
        "where 95 % of differences lie, with the exact interval of each limit. The union of "
        "references is never smaller than any of them, which hides that a method draws too much. "
        "Where differences grow with size, read the limits of the ratio instead of those in ml.",
        (
            table(
                "Volumes",
                lines,
                [
                    *sides,
                    number("n"),
                    number("R2", "r2"),
                    number("Slope", "slope"),
                    interval("CCC", "ccc", "ccc_low", "ccc_high"),
                    interval("Difference (ml)", "bias_ml", "bias_low_ml", "bias_high_ml"),
                    interval("Lower limit (ml)", "low_ml", "low_low_ml", "low_high_ml"),
                    interval("Upper limit (ml)", "high_ml", "high_low_ml", "high_high_ml"),
                ],
            ),
        ),
        "Growth of the difference with size, and ratios",
        (
            table(
                "Growth of the difference with size (ml per ml), and ratios",
                lines,
                [
                    *sides,
                    interval("Growth", *(f"difference_by_size{end}" for end in ENDS)),
                    number("n with a ratio", "ratio_n"),
                    interval("Ratio", *(f"ratio{end}" for end in ENDS)),
                    interval("Lower limit", *(f"ratio_below{end}" for end in ENDS)),
                    interval("Upper limit", *(f"ratio_above{end}" for end in ENDS)),
                ],
            ),
        ),
        files=("volumes", "volume_pairs"),
    )


def _cohort_sections(
    lines: Mapping[str, Sequence[Line]], names: Mapping[str, str]
) -> tuple[Section, ...]:
    def plain(**heads: str) -> list[Column]:
        # mypy does not infer a default of a lambda
        return [
            (Head(title, is_number=at in COUNTS), lambda line, at=at: cell(line[at]))  # type: ignore[misc]  # a lambda has no types
            for at, title in heads.items()
        ]

    split = [{**line, "method": names[line["method"]]} for line in lines["table_3_split"]]
    return (
        Section(
            "table-1",
            "Subjects (Table 1)",
            "From the fields of the cases; empty fields are not guessed.",
            (
                table(
                    "Subjects",
                    lines["table_1_demographics"],
                    plain(what="What", value="Value", known_of="Known of"),
                ),
            ),
            files=("table_1_demographics",),
        ),
        Section(
            "table-2",
            "Acquisition (Table 2)",
            "Every way in which FLAIR and T1 scans were acquired.",
            (
                table(
                    "FLAIR",
                    lines["table_2_acquisition"],
                    plain(
                        cases="Cases",
                        voxel_mm="Voxel (mm)",
                        matrix="Matrix",
                        scanner="Scanner",
                        field_strength_t="Field (T)",
                        flair_acquisition="FLAIR",
                        repetition_time_ms="TR (ms)",
                        echo_time_ms="TE (ms)",
                        inversion_time_ms="TI (ms)",
                        flip_angle_deg="Flip angle (°)",
                    ),
                ),
                table(
                    "T1",
                    lines["table_2_acquisition_t1"],
                    plain(
                        cases="Cases",
                        voxel_mm="Voxel (mm)",
                        matrix="Matrix",
                        scanner="Scanner",
                        field_strength_t="Field (T)",
                        t1_acquisition="T1",
                        t1_repetition_time_ms="TR (ms)",
                        t1_echo_time_ms="TE (ms)",
                        t1_flip_angle_deg="Flip angle (°)",
                    ),
                ),
            ),
            files=("table_2_acquisition", "table_2_acquisition_t1"),
        ),
        Section(
            "table-3",
            "What methods had seen (Table 3)",
            "Cases of subjects that a version made here had learned from, or was chosen on. Scores "
            "on them say little about new ones.",
            (
                table(
                    "What methods had seen",
                    split,
                    plain(
                        method="Method",
                        cases="Cases",
                        learned_from="Learned from",
                        validated_on="Chosen on",
                        new="New",
                    ),
                ),
                table(
                    "What cases are set aside for",
                    lines["table_3_set_aside"],
                    plain(split="Split", cases="Cases", subjects="Subjects"),
                ),
            ),
            files=("table_3_split", "table_3_set_aside"),
        ),
        Section(
            "missing",
            "What is missing",
            "Never scored as 0.",
            (
                table(
                    "Missing masks",
                    [
                        {**line, "mask": names.get(line["mask"], line["mask"])}
                        for line in lines["missing"]
                    ],
                    plain(case="Case", mask="Mask", reason="Why"),
                ),
            ),
            files=("missing",),
        ),
    )


def _methods(records: Sequence[CaseRecord], asked: Asked, common: int) -> tuple[str, ...]:
    subjects = len({record.subject for record in records})
    kept = sorted(set(asked.voxels_kept))
    few = f" (fewer than {' or '.join(map(str, kept))} voxels here)" if kept else ""
    about = (
        f"{counted(len(asked.methods), 'method')} {'was' if len(asked.methods) == 1 else 'were'} "
        f"compared with {counted(len(asked.references), 'reference')} "
        f"({', '.join(asked.references)}) on {counted(len(records), 'case')} of "
        f"{counted(subjects, 'subject')}; "
        f"{counted(common, 'case')} had a mask of every method."
    )
    lesions = (
        f"Lesions are 26-connected components. Those below {asked.min_volume_mm3:g} mm³{few} were "
        "removed from all masks first. The Dice similarity coefficient (DSC) counts voxels. Lesion "
        "recall is the share of reference lesions found, precision the share of the mask's lesions "
        f"that hit one, F1 their harmonic mean. Lesions match by: {PROFILES[asked.profile].title}."
    )
    over_cases = (
        "Scores were averaged over the references within each case, then over cases; SD is over "
        "cases. Undefined scores were left out and are counted. HD95 and volume difference follow "
        "the WMH challenge (Kuijf et al. 2019). Limits of agreement have exact intervals (Carkeet "
        "2015); CCC is Lin's."
    )
    return about, lesions, over_cases


LENIENT = (
    "One shared voxel is a lenient rule: one blob over ten lesions finds all ten. Look at merges, "
    "splits and DSC beside it, or choose a stricter rule."
)
ROW_BETWEEN = f'The row "{BETWEEN}" is how references score against each other, both directions.'


def _pairs(record: CaseRecord) -> tuple[Pair, ...]:
    return (*record.pairs, *record.between)


def _of_pair(record: CaseRecord, pair: Pair) -> Line:
    return {
        "case": record.case,
        "subject": record.subject,
        "mask": pair.mask,
        "reference": pair.reference,
        "mask_ml": record.volumes_ml[pair.mask],
        "reference_ml": record.volumes_ml[pair.reference],
        **{score: pair.scores[score] for score in SCORES},
        "reference_lesions": pair.reference_lesions,
        "found": pair.found,
        "drawn": pair.drawn,
        "hitting": pair.hitting,
        "merges": " ".join(map(str, pair.merges)),
        "splits": " ".join(map(str, pair.splits)),
    }


def _sheet(lines: Sequence[Line]) -> list[list[Any]]:
    """Lines as rows under a header; an undefined value is written with its reason."""
    return [
        list(lines[0]),
        *(
            [
                f"undefined: {value['undefined']}" if isinstance(value, Mapping) else value
                for value in line.values()
            ]
            for line in lines
        ),
    ]
