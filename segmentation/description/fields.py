"""The fields of a description: their names, units and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from segmentation.refusals import Refusal

Value = int | float | str
Description = dict[str, Value]
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
DECIMALS = 4
TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,/()+_-]{0,59}")
MISSING = ("", "n/a")
SPLITS = ("train", "validation", "test")


class InvalidDescription(Refusal):
    """A field of a description holds what it cannot hold."""


@dataclass(frozen=True)
class Field:
    """One field. Numbers lie from `low` to `high`, in steps of `step` unless that is 0."""

    name: str
    title: str
    kind: Literal["number", "choice", "text"]
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: float = 0

    def read(self, given: object) -> Value | None:
        """This will return a value of this field from text or JSON; None for `n/a` or nothing.

        Raises ValueError with a sentence that says what the field takes.
        """
        if given is None or (isinstance(given, str) and given.strip().lower() in MISSING):
            return None
        text = "" if isinstance(given, bool) else str(given).strip()
        reader = {"number": self._number, "choice": self._choice, "text": self._text}[self.kind]
        value = reader(text)
        if value is None:
            raise ValueError(self.takes)
        return value

    @property
    def takes(self) -> str:
        """What the field takes, in a sentence."""
        if self.kind == "choice":
            return f"One of {', '.join(self.choices)}."
        if self.kind == "text":
            return "Up to 60 letters, digits, spaces and . , / ( ) + - _"
        kind = "whole number" if self.step == 1 else "number"
        steps = f", in steps of {self.step:g}" if self.step not in {0, 1} else ""
        unit = f" ({self.unit})" if self.unit else ""
        return f"A {kind} from {self.low:g} to {self.high:g}{unit}{steps}."

    def _number(self, text: str) -> Value | None:
        if not NUMBER.fullmatch(text):
            return None
        number = round(float(text), DECIMALS)
        if not self.low <= number <= self.high or (self.step and number % self.step):
            return None
        return int(number) if self.step == 1 else number

    def _choice(self, text: str) -> Value | None:
        known = {choice.lower(): choice for choice in self.choices}
        return known.get(text.lower())

    def _text(self, text: str) -> Value | None:
        return text if TEXT.fullmatch(text) else None


FIELDS: tuple[Field, ...] = (
    Field(
        name="age_years",
        title="Age",
        kind="number",
        meaning="Age at the examination in whole years, 90 for 90 and older; never a birth date",
        unit="years",
        high=90,
        step=1,
    ),
    Field(
        name="sex",
        title="Sex",
        kind="choice",
        meaning="Sex",
        choices=("female", "male", "other"),
    ),
    Field(
        name="phenotype",
        title="Diagnosis",
        kind="choice",
        meaning="Radiologically or clinically isolated syndrome (RIS, CIS), optic neuritis (ON), "
        "relapsing remitting, secondary or primary progressive MS (RRMS, SPMS, PPMS)",
        choices=("RIS", "CIS", "ON", "RRMS", "SPMS", "PPMS", "control", "other"),
    ),
    Field(
        name="edss",
        title="EDSS",
        kind="number",
        meaning="Expanded disability status scale",
        high=10,
        step=0.5,
    ),
    Field(name="scanner", title="Scanner", kind="text", meaning="Manufacturer and model"),
    Field(
        name="field_strength_t",
        title="Field strength",
        kind="number",
        meaning="Field strength",
        unit="T",
        low=0.05,
        high=15,
    ),
    Field(
        name="flair_acquisition",
        title="FLAIR acquisition",
        kind="choice",
        meaning="Whether the FLAIR was acquired slice by slice or as a volume",
        choices=("2D", "3D"),
    ),
    Field(
        name="repetition_time_ms",
        title="FLAIR TR",
        kind="number",
        meaning="Repetition time of the FLAIR",
        unit="ms",
        low=100,
        high=60_000,
    ),
    Field(
        name="echo_time_ms",
        title="FLAIR TE",
        kind="number",
        meaning="Echo time of the FLAIR",
        unit="ms",
        low=1,
        high=5_000,
    ),
    Field(
        name="inversion_time_ms",
        title="FLAIR TI",
        kind="number",
        meaning="Inversion time of the FLAIR",
        unit="ms",
        low=100,
        high=20_000,
    ),
    Field(
        name="flip_angle_deg",
        title="FLAIR flip angle",
        kind="number",
        meaning="Flip angle of the FLAIR",
        unit="degrees",
        low=1,
        high=180,
    ),
    Field(
        name="t1_acquisition",
        title="T1 acquisition",
        kind="choice",
        meaning="Whether the T1 was acquired slice by slice or as a volume",
        choices=("2D", "3D"),
    ),
    Field(
        name="t1_repetition_time_ms",
        title="T1 TR",
        kind="number",
        meaning="Repetition time of the T1",
        unit="ms",
        low=1,
        high=10_000,
    ),
    Field(
        name="t1_echo_time_ms",
        title="T1 TE",
        kind="number",
        meaning="Echo time of the T1",
        unit="ms",
        low=0.1,
        high=200,
    ),
    Field(
        name="t1_flip_angle_deg",
        title="T1 flip angle",
        kind="number",
        meaning="Flip angle of the T1",
        unit="degrees",
        low=1,
        high=180,
    ),
    Field(
        name="split",
        title="Split",
        kind="choice",
        meaning="What the case is set aside for: to train, to validate or to test methods. Of a "
        "subject with a case that is to test them nothing is learned",
        choices=SPLITS,
    ),
)
BY_NAME = {field.name: field for field in FIELDS}


def checked(given: Mapping[str, Any]) -> dict[str, Value | None]:
    """This will return the values of the given fields; None where nothing is said.

    Raises InvalidDescription naming every field that is unknown or holds what it cannot.
    """
    read: dict[str, Value | None] = {}
    faults: dict[str, list[str]] = {}
    for name, value in given.items():
        field = BY_NAME.get(name)
        if field is None:
            faults[name] = ["There is no such field."]
            continue
        try:
            read[name] = field.read(value)
        except ValueError as error:
            faults[name] = [str(error)]
    if faults:
        named = ", ".join(BY_NAME[name].title if name in BY_NAME else name for name in faults)
        raise InvalidDescription(
            f"Nothing was stored; correct these and send them again: {named}.", fields=faults
        )
    return read
