"""The bundle's tables: one row per presentation, answer or mark, every column explained.

Names are sorted here, since a database's order of names is its own; times are UTC. The large tables
are read from the database while they are written, as plain values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from rating.export.study import Table, audit_rows, utc
from rating.models import (
    Item,
    Mark,
    MarkChange,
    Presentation,
    Rating,
    Sitting,
    Study,
    StudyMembership,
)
from rating.queries.design import method_shown
from segmentation.description import FIELDS
from segmentation.imaging.geometry import Grid
from segmentation.models import AuditEntry, Scan

SHOWN = {
    "rater": "User name of the rater",
    "position": "Place in the rater's schedule, from 1; below 0 for practice",
    "occasion": "1 for the first showing of a mask to a rater, 2 for the second, 0 for practice",
    "item": "The mask's name in the design",
    "case": "Code of the case",
    "method": "What made the mask",
}
OCCASION, CASE = (list(SHOWN).index(name) for name in ("occasion", "case"))

ESCAPED = "; an apostrophe is put before text that begins with = + - @"


def cases(study: Study) -> Table:
    """What is known about each case that was shown."""
    columns = {
        "case": "Code of the case",
        "subject": "Code of the person; two time points of a person share it",
        **{f"voxels_{axis}": f"Voxels of the FLAIR along its {axis} axis" for axis in "ijk"},
        **{f"voxel_{axis}_mm": f"Size of a voxel along the {axis} axis, in mm" for axis in "ijk"},
        **{
            field.name: f"{field.meaning}{f' ({field.unit})' if field.unit else ''}; empty if "
            "nothing is known"
            for field in FIELDS
        },
    }
    return Table(
        columns,
        [
            [
                flair.case.code,
                flair.case.subject,
                *flair.shape,
                *(round(float(mm), 4) for mm in flair.grid.spacing_mm),
                *(flair.case.description.get(field.name) for field in FIELDS),
            ]
            for flair in sorted(_flairs(study), key=lambda one: one.case.code)
        ],
    )


def raters(study: Study) -> Table:
    """Who rated, by what they said of themselves, and when they signed the instructions."""
    columns = {
        "rater": "User name of the rater",
        "joined_at": "When they joined the open study (UTC); empty for those of the design",
        "left_at": "When they left it (UTC); empty if never",
        "years": "Years of experience, as said by the rater; empty if not asked",
        "training": f"Training, as said by the rater{ESCAPED}",
        "specialty": f"Specialty, as said by the rater{ESCAPED}",
        "signed_at": "When they signed the instructions (UTC); empty if not asked",
        "signed_sha256": "SHA-256 of the signed text: instructions, a line feed, and what is said "
        "of diffusely abnormal white matter, as UTF-8",
    }
    found = study.memberships.filter(role=StudyMembership.Role.RATER)
    rows = [
        [
            one.rater,
            utc(one.joined_at),
            utc(one.left_at),
            *((one.qualification or {}).get(name) for name in ("years", "training", "specialty")),
            utc(one.signed_at),
            one.signed_sha256,
        ]
        for one in found
    ]
    return Table(columns, sorted(rows))


def sittings(study: Study) -> Table:
    """Under which conditions every sitting began, where the design asks."""
    columns = {
        "rater": "User name of the rater",
        "at": "When it began (UTC)",
        "room_light": "dark, dimmed or bright",
        "screen": "diagnostic, office, laptop or other",
    }
    found = Sitting.objects.filter(reading__study=study).select_related("reading")
    return Table(
        columns,
        sorted([one.reading.rater, utc(one.at), one.room_light, one.screen] for one in found),
    )


def amendments(study: Study) -> Table:
    """Every deviation from the frozen design."""
    columns = {
        "at": "When (UTC)",
        "kind": "rater_joined, rater_left or item_withdrawn",
        "rater": "User name of the rater it is about",
        "item": "Name in the design of the mask it is about",
        "by": "User name of the coordinator",
        "commitment": "To the order of a rater who joined: SHA-256 of the secret's bytes, the "
        "rater's name and the keys of the items in their order, each on a line of its own",
        "reason": f"Why{ESCAPED}",
    }
    made = study.amendments.select_related("reading", "item").order_by("at", "pk")
    return Table(
        columns,
        [
            [
                utc(one.at),
                one.kind,
                one.reading.rater if one.reading else "",
                one.item.key if one.item else "",
                one.by,
                one.commitment,
                one.reason,
            ]
            for one in made
        ],
    )


def audit(study: Study) -> Table:
    """What the audit log has of a study; who took a bundle is not in it."""
    columns = {
        "at": "When (UTC)",
        "actor": "User name; empty for a command",
        "act": "What was done",
        "what": f"To what{ESCAPED}",
        "why": f"The reason given{ESCAPED}",
    }
    out = (AuditEntry.Act.STUDY_EXPORTED,)
    return Table(columns, audit_rows(study, called=study.slug, but=out))


def schedule(study: Study) -> Table:
    """The order that was drawn for every rater; practice is not drawn."""
    drawn = Presentation.objects.filter(occasion__gt=0)
    return Table(SHOWN, (shown for shown, _ in rows_by_rater(study, drawn, at="")))


def presentations(study: Study) -> Table:
    """What was shown when."""
    columns = SHOWN | {
        "lesions": "Number of drawn lesions",
        "opened_at": "When the rater opened it (UTC); empty if never",
        "submitted_at": "When the rater submitted it (UTC); empty if never",
        "withdrawn_at": "When it was decided to show it no more (UTC): by closing the study, or by "
        "an amendment; empty if never",
        "comment": f"The rater's comment as it stands{ESCAPED}",
    }
    fields = ("item__lesions", "opened_at", "submitted_at", "withdrawn_at", "comment")
    found = rows_by_rater(study, Presentation.objects.all(), *fields, at="")
    return Table(
        columns,
        (
            [*shown, lesions, *map(utc, times), comment]
            for shown, (lesions, *times, comment) in found
        ),
    )


def ratings(study: Study) -> Table:
    """Every version of every answer."""
    columns = SHOWN | {
        "version": "1 is what was submitted first; the statistics use it",
        "is_analysed": "Whether the statistics count it: version 1, no practice, of a mask "
        "that was not withdrawn by an amendment",
        "outcome": "rated, unreadable (scan) or wrong_mask (it belongs to another scan)",
        "reason": f"Why it could not be rated{ESCAPED}",
        "lesions": "Number of drawn lesions",
        "fp": "False positives: drawn lesions that are none",
        "fn": "Missed lesions",
        "fp_corrected": "False positives as the rater counts lesions: marks that count as several, "
        "or are one",
        "fn_corrected": "Missed lesions as the rater counts them",
        "counted_by": "marks, or typed by the rater",
        "verdict_rater": "The rater's verdict",
        "verdict_derived": "The verdict that the counts give; boundary is exactly on a threshold",
        "conflict": "Whether the two verdicts differ, and which way",
        "consistent": "Whether the verdict follows from the counts, as the rater says; empty if "
        "the design does not ask",
        "comment": f"The rater's comment{ESCAPED}",
        "correction": f"Why the answer was corrected, for versions after the first{ESCAPED}",
        "active_ms": "Milliseconds of active reading",
        "slices_seen": "Slices that were shown at least once",
        "software_version": "Version of Plaque",
        "slice_ms": "Milliseconds of active reading by slice, from the lowest; 0 if never shown",
        "submitted_at": "When it was submitted (UTC)",
    }
    own = [
        name
        for name in columns
        if name not in {*SHOWN, "version", "is_analysed", "slice_ms", "submitted_at"}
    ]
    found = rows_by_rater(
        study,
        Rating.objects.annotate(times=Cast("slice_ms", TextField())),  # as JSON: quicker
        *("version", "presentation__item__withdrawn_at", "times", "submitted_at", *own),
        within=("version",),
    )
    return Table(
        columns,
        (
            [
                *shown,
                version,
                version == 1 and is_analysed(shown[OCCASION], withdrawn_at),
                *answer,
                times.strip("[]").replace(",", ""),
                utc(submitted_at),
            ]
            for shown, (version, withdrawn_at, times, submitted_at, *answer) in found
        ),
    )


def marks(study: Study) -> Table:
    """Every mark that was ever stored, removed ones too."""
    columns = SHOWN | {
        "mark": "Random id",
        "kind": "FP: a drawn lesion that is none; FN: a missed lesion",
        "lesion": "The drawn lesion's id (FP only)",
        "x_mm": "Place in RAS+ millimetres, to the right",
        "y_mm": "Place in RAS+ millimetres, to the front",
        "z_mm": "Place in RAS+ millimetres, upwards",
        "voxel_i": "Nearest voxel of the scan as imported, first axis, from 0",
        "voxel_j": "Second axis",
        "voxel_k": "Third axis",
        "reason": f"The rater's reason, if given{ESCAPED}",
        "counts_as": "How many lesions the mark is to the rater",
        "joined": "Marks of one kind that share this are one lesion to the rater",
        "made_at": "When it was stored (UTC)",
        "removed_at": "When the rater removed it (UTC); empty if it counted",
    }
    grids = {flair.case.code: flair.grid for flair in _flairs(study)}
    found = rows_by_rater(
        study,
        Mark.objects.all(),
        *("pk", "kind", "lesion", "x_mm", "y_mm", "z_mm", "reason", "counts_as", "joined"),
        *("made_at", "removed_at"),
        within=("made_at", "pk"),
    )
    return Table(
        columns,
        (
            [
                *(*shown, *values[:6]),
                *_voxel(grids[shown[CASE]], values[3:6]),
                *(*values[6:9], *map(utc, values[9:])),
            ]
            for shown, values in found
        ),
    )


def _voxel(grid: Grid, mm: Sequence[float]) -> list[int]:
    return [round(index) for index in grid.to_voxel(np.array(mm)).tolist()]


def mark_changes(study: Study) -> Table:
    """What marks said before their rater changed them."""
    columns = {
        "mark": "The mark's id in marks.csv",
        "reason": f"The reason it had{ESCAPED}",
        "counts_as": "How many lesions it was to the rater",
        "joined": "What it was one lesion with",
        "replaced_at": "When the rater changed it (UTC)",
    }
    found = MarkChange.objects.filter(mark__presentation__reading__study=study)
    return Table(
        columns,
        [
            [one.mark_id, one.reason, one.counts_as, one.joined, utc(one.replaced_at)]
            for one in sorted(found, key=lambda one: (one.mark_id, one.replaced_at, one.pk))
        ],
    )


def is_analysed(occasion: int, withdrawn_at: datetime | None) -> bool:
    """Whether the statistics count answers to a showing of an item that was withdrawn then."""
    return occasion > 0 and withdrawn_at is None


def rows_by_rater(
    study: Study,
    found: QuerySet[Any],
    *fields: str,
    at: str = "presentation__",
    within: Sequence[str] = (),
) -> Iterator[tuple[list[Any], Sequence[Any]]]:
    """The columns of SHOWN and the values of `fields` for each row, read while they are written.

    `at` leads from a row to its presentation. By rater, position and then `within`; raters are in
    Python's order.
    """
    masks = masks_shown(study)
    place = (f"{at}item", f"{at}position", f"{at}occasion")
    for rater, reading in readings_in_order(study):
        rows = found.filter(**{f"{at}reading": reading}).order_by(f"{at}position", *within)
        for item, position, occasion, *rest in rows.values_list(*place, *fields).iterator(2000):
            yield [rater, position, occasion, *masks[item]], rest


def readings_in_order(study: Study) -> list[tuple[str, int]]:
    """A study's raters by name, as Python orders names, each with the key of their reading."""
    found = study.memberships.filter(role=StudyMembership.Role.RATER)
    return sorted(found.values_list("rater", "pk"))


def masks_shown(study: Study) -> dict[int, tuple[str, str, str]]:
    """What SHOWN says of the mask of each item (key)."""
    items = study.items.select_related("segmentation__case")
    return {item.pk: _mask_shown(item) for item in items}


def _mask_shown(item: Item) -> tuple[str, str, str]:
    return item.key, item.segmentation.case.code, method_shown(item.segmentation)


def _flairs(study: Study) -> QuerySet[Scan]:
    """The FLAIR of every case that was shown, each once."""
    cases = study.items.order_by().values("segmentation__case")
    flairs = Scan.objects.filter(sequence=Scan.Sequence.FLAIR, case__in=cases)
    return flairs.select_related("case")


def shown_columns(presentation: Presentation) -> list[Any]:
    """The columns of SHOWN."""
    at = presentation.position, presentation.occasion
    return [presentation.reading.rater, *at, *_mask_shown(presentation.item)]
