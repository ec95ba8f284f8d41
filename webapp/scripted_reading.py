"""People that are scripts: they read a study through the same API as a person's browser."""

from __future__ import annotations

import json
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.test import Client

Place = tuple[float, float, float]
Shown = dict[str, Any]


@dataclass(frozen=True)
class ScriptedAnswer:
    """What a scripted rater says of one presentation; places in RAS+ millimetres."""

    false: Sequence[int]
    missed: Sequence[Place]
    verdict: str
    active_ms: int


class ScriptedPerson:
    """One person's browser, with chances that follow from their name."""

    def __init__(self, person: User) -> None:
        self.chance = random.Random(person.get_username())  # noqa: S311  # not for secrets
        self.client = Client(HTTP_HOST="localhost")
        self.client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def ask(self, method: str, address: str, body: object = None) -> Shown:
        """This will send one request as their browser would; a refusal is a bug here."""
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body else {}
        response = getattr(self.client, method)(address, **sent)
        if response.status_code >= 300:
            raise RuntimeError(f"{method} {address}: {response.status_code} {response.content!r}")
        told: Shown = response.json()
        return told


class ScriptedReader(ScriptedPerson, ABC):
    """Reads a study to its end as one person; `answer` says what to answer."""

    def __init__(self, person: User, reading: str) -> None:
        super().__init__(person)
        self.reading = f"/api/v1/readings/{reading}/"

    @abstractmethod
    def answer(self, token: str, shown: Shown) -> ScriptedAnswer:
        """What to answer to what is shown."""

    def read_all(self) -> None:
        """This will rate every presentation that is left, in order."""
        state = self.ask("get", self.reading)
        while state["presentation"]:
            state = self.read(state["presentation"])

    def read(self, token: str) -> Shown:
        """This will open, mark and submit one presentation; returns the reading's new state."""
        address = f"/api/v1/presentations/{token}/"
        shown = self.ask("post", f"{address}open/")
        given = self.answer(token, shown)
        if not shown["marks"]:
            self.mark(address, shown, given)
            shown = self.ask("get", address)
        fp = sum(mark["kind"] == "FP" for mark in shown["marks"])
        fn = sum(mark["kind"] == "FN" for mark in shown["marks"])
        return self.ask(
            "post",
            f"{address}submit/",
            {
                "outcome": "rated",
                "reason": "",
                "verdict": given.verdict,
                "comment": "",
                "counts": {"fp": fp, "fn": fn},
                "typed": None,
                "active_ms": given.active_ms,
                "slices_seen": 36,
            },
        )

    def mark(self, address: str, shown: Shown, given: ScriptedAnswer) -> None:
        """This will store the marks one by one, under ids that follow from the person's name."""
        places = {lesion["id"]: lesion["voxel_mm"] for lesion in shown["lesions"]}
        marks = [{"kind": "FP", "lesion": lesion, "mm": places[lesion]} for lesion in given.false]
        marks += [{"kind": "FN", "lesion": None, "mm": list(place)} for place in given.missed]
        for mark in marks:
            name = UUID(int=self.chance.getrandbits(128), version=4)
            self.ask("put", f"{address}marks/{name}/", {**mark, "reason": ""})
