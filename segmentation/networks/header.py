"""The text in front of a checkpoint, read without PyTorch: web processes ask it who was learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def header_of(content: bytes, *, format_: str | None = None) -> dict[str, str]:
    """The text that a safetensors file carries beside its tensors.

    Raises ValueError when there is none, or the format is another than `format_`.
    """
    length = int.from_bytes(content[:8], "little")
    if not 0 < length <= len(content) - 8:
        raise ValueError("no safetensors header")
    header = object_in(content[8 : 8 + length]).get("__metadata__", {})
    if not isinstance(header, dict) or not all(isinstance(one, str) for one in header.values()):
        raise ValueError("no safetensors header")
    if format_ is not None and header.get("format") != format_:
        raise ValueError(f"the format is {header.get('format')!r}, not {format_!r}")
    return header


def record_of(content: bytes) -> Mapping[str, Any]:
    """How a checkpoint was made, as its header says; empty where it does not say."""
    header = header_of(content)
    try:
        return record_in(header.get("record", "{}"))
    except ValueError:
        return {}


def record_in(text: str) -> dict[str, Any]:
    """A record out of its text; raises ValueError, also where cases are not told by hashes."""
    record = object_in(text)
    try:
        seen_by(record)
    except (AttributeError, TypeError) as error:
        raise ValueError("its record tells cases in another way") from error
    return record


def object_in(text: str | bytes) -> dict[str, Any]:
    """The JSON object that a text is; raises ValueError where it is none, or nested too deeply."""
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error
    if isinstance(found, dict):
        return found
    raise ValueError("its header is no JSON object")


def trained_on(record: Mapping[str, Any]) -> set[str]:
    """The hashes of all cases whose lesions shaped a checkpoint's weights."""
    hashes = set(record.get("subjects", {}).values())
    for side in ("training_sha256", "learned_before_sha256", "cases_sha256"):
        hashes |= set(record.get(side, []))
    return hashes


def seen_by(record: Mapping[str, Any]) -> set[str]:
    """`trained_on`, and the cases by which a checkpoint or its threshold was chosen."""
    hashes = trained_on(record)
    for side in ("validation_sha256", "seen_before_sha256", "threshold_sha256"):
        hashes |= set(record.get(side, []))
    return hashes
