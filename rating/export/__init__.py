"""The bundle of a closed study: everything that was asked and answered, as plain files.

The same data give the same bytes: the tables are sorted, and the zip file holds no clock.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from rating import queries
from rating.export.readme import readme
from rating.export.tables import marks, presentations, ratings, schedule, utc
from rating.models import Study
from rating.statistics import data_dictionary, tables

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle(*, study: Study) -> bytes:
    """This will return the bundle as a zip file; raises StudyNotClosed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bundle_files(study=study).items():
            entry = zipfile.ZipInfo(f"{study.slug}/{name}", ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def bundle_files(*, study: Study) -> dict[str, bytes]:
    """This will return the bundle's files by name, the manifest last; raises StudyNotClosed."""
    results = queries.results_of(study)
    files = {
        "README.txt": readme(study).encode(),
        "design.json": study.design_json.encode(),
        "study.json": _json(_about(study)),
        "statistics.json": _json(results),
    }
    described = {
        "schedule.csv": schedule(study),
        "presentations.csv": presentations(study),
        "ratings.csv": ratings(study),
        "marks.csv": marks(study),
    }
    files |= {name: _csv(table.columns, table.rows) for name, table in described.items()}
    for name, rows in tables(results).items():
        files[f"tables/{name}.csv"] = _csv(rows[0], rows[1:])
    files["data_dictionary.csv"] = _csv(
        ["file", "column", "meaning", "unit"],
        [
            [name, column, meaning, ""]
            for name, table in described.items()
            for column, meaning in table.columns.items()
        ]
        + [
            [f"tables/{name}.csv", column, meaning, unit]
            for name, column, meaning, unit in data_dictionary()
        ],
    )
    listed = [
        [name, len(content), hashlib.sha256(content).hexdigest()]
        for name, content in sorted(files.items())
    ]
    files["manifest.csv"] = _csv(["file", "bytes", "sha256"], listed)
    return files


def _about(study: Study) -> dict[str, Any]:
    """What there is to know about a study beside its design."""
    return {
        "study": study.slug,
        "title": study.title,
        "cohort": study.cohort.slug,
        "design_sha256": study.design_sha256,
        "commitment": study.commitment,
        "secret": study.secret,
        "created_at": utc(study.created_at),
        "opened_at": utc(study.opened_at),
        "closed_at": utc(study.closed_at),
        "closing_reason": study.closing_reason,
    }


def _json(value: Any) -> bytes:
    """JSON for people and programs; refuses what JSON cannot say (NaN)."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """Comma-separated UTF-8 with one header line; None is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
