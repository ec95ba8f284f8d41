"""What is taken of a BIDS data set: a short list of fields, never a name, a day or a place."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

from segmentation.description.fields import BY_NAME, Description
from segmentation.refusals import Refusal

SIDECAR_NAME = re.compile(r"(?:.+_)?(FLAIR|T1w?)\.json", re.IGNORECASE)
PARTICIPANT = re.compile(r"sub-[A-Za-z0-9]+")
SIDECAR_MAX_BYTES = 1024**2
SECONDS_TO_MS = 1000
SEXES = {"f": "female", "female": "female", "m": "male", "male": "male", "o": "other"}
OLDEST = 90


class UnusableSidecar(Refusal):
    """A sidecar that cannot be read."""


def sequence_of_sidecar(name: str) -> str | None:
    """The sequence (FLAIR, T1) whose sidecar a file name without folders is; None for others."""
    match = SIDECAR_NAME.fullmatch(name)
    return match[1].upper().removesuffix("W") if match else None


def read_sidecar(content: bytes, *, name: str) -> tuple[Description, list[str]]:
    """This will return the known fields of a FLAIR's or T1's sidecar, and names of those of no use.

    Which of them it is `name` tells. Times are seconds in BIDS. Everything else in the file is
    passed over unread. Raises UnusableSidecar when it is no JSON object.
    """
    try:
        said = json.loads(content) if len(content) <= SIDECAR_MAX_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UnusableSidecar(
            f"{name}: this is no JSON object of at most 1 MB. Nothing was stored; mend the file or "
            "leave it out."
        )
    if sequence_of_sidecar(name) == "T1":
        return _of_use(
            {
                "t1_acquisition": said.get("MRAcquisitionType"),
                "t1_repetition_time_ms": _ms(said.get("RepetitionTime")),
                "t1_echo_time_ms": _ms(said.get("EchoTime")),
                "t1_flip_angle_deg": said.get("FlipAngle"),
            }
        )
    given: dict[str, Any] = {
        "field_strength_t": said.get("MagneticFieldStrength"),
        "flair_acquisition": said.get("MRAcquisitionType"),
        "repetition_time_ms": _ms(said.get("RepetitionTime")),
        "echo_time_ms": _ms(said.get("EchoTime")),
        "inversion_time_ms": _ms(said.get("InversionTime")),
        "flip_angle_deg": said.get("FlipAngle"),
    }
    maker = (said.get("Manufacturer"), said.get("ManufacturersModelName"))
    given["scanner"] = " ".join(one.strip() for one in maker if isinstance(one, str))
    return _of_use(given)


def read_participants(text: str) -> dict[str, Description]:
    """This will return what participants.tsv says, by participant (sub-...); else nothing.

    Age, sex, and phenotype and EDSS where there are columns of that name; ages are cut at 90. What
    is of no use is passed over.
    """
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter="\t")
    found: dict[str, Description] = {}
    try:
        for row in table:
            said = {
                key.strip().lower(): (value or "").strip()
                for key, value in row.items()
                if isinstance(key, str) and not isinstance(value, list)
            }
            who = said.get("participant_id", "")
            if PARTICIPANT.fullmatch(who):
                found[who] = _of_use(_of_participant(said))[0]
    except csv.Error:
        return found
    return found


def _of_participant(said: dict[str, str]) -> dict[str, Any]:
    age = said.get("age", "")
    whole = re.fullmatch(r"([0-9]{1,3})(\.[0-9]+)?", age)
    return {
        "age_years": min(int(whole[1]), OLDEST) if whole else None,
        "sex": SEXES.get(said.get("sex", "").lower()),
        "phenotype": said.get("phenotype") or said.get("diagnosis"),
        "edss": said.get("edss"),
    }


def _ms(seconds: object) -> object:
    """Seconds as milliseconds; anything but a number stays what it is."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return seconds
    return f"{seconds * SECONDS_TO_MS:.6f}"


def _of_use(given: dict[str, Any]) -> tuple[Description, list[str]]:
    """The values that their fields can hold, and the names of the others."""
    kept: Description = {}
    of_no_use = []
    for name, value in given.items():
        try:
            read = BY_NAME[name].read(value)
        except ValueError:
            of_no_use.append(name)
            continue
        if read is not None:
            kept[name] = read
    return kept, of_no_use
