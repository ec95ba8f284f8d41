"""Somebody who delineates in reference studies while processes are killed (`stress_kill.py`)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID, uuid4

import numpy as np


class Asks(Protocol):
    """Sends requests until they are answered."""

    answered: int
    sent_again: int

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer to a request."""


@dataclass
class Drawn:
    """What the server acknowledged to a delineator, by the delineation's token."""

    edits: dict[str, dict[UUID, dict[str, Any]]] = field(default_factory=dict)
    decisions: dict[str, dict[UUID, tuple[str, str]]] = field(default_factory=dict)
    submitted: dict[str, int] = field(default_factory=dict)  # how many voxels


class Delineator(threading.Thread):
    """Delineates one study after the other until told to stop, and keeps a ledger."""

    def __init__(self, name: str, sender: Asks, seed: int, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.sender, self.stop = sender, stop
        self.chance = random.Random(seed)  # noqa: S311  # no secret
        self.ledger = Drawn()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """This will delineate until told to stop; what goes wrong is kept in `failure`."""
        try:
            while not self.stop.is_set():
                self._delineate(self._next())
        except BaseException as error:  # told at the end
            self.failure = error

    def _next(self) -> str:
        for share in self.sender.ask("GET", "assignments/"):
            for task in (*share["step_1"], *share["step_2"]):
                if task["state"] in {"ready", "open"}:
                    return str(task["delineation"])
        new_reference(self.name)
        return self._next()

    def _delineate(self, token: str) -> None:
        shown = self.sender.ask("POST", f"delineations/{token}/open/")
        known = {UUID(edit["id"]) for edit in shown["edits"]}
        if known != self.ledger.edits.get(token, {}).keys():
            raise AssertionError(f"other edits are shown than were acknowledged: {known}")
        shape = shown["scans"][0]["shape"]
        mask = np.zeros(shape, bool)
        if shown["step"] == 1:
            for number in range(1, self.chance.randint(3, 8)):
                x, y, z = (self.chance.randrange(1, size - 3) for size in shape)
                self._draw(token, mask, number, (x, y, z))
        else:
            for number, dot in enumerate(shown["dots"], 1):
                self._decide(token, dot["dot"], "unsure")
                self._decide(token, dot["dot"], "lesion")
                self._draw(token, mask, number, tuple(dot["voxel"]))
        self._submit(token, mask)

    def _draw(self, token: str, mask: Any, number: int, at: tuple[int, ...]) -> None:
        """Two voxels wide in x and y, two slices; what is drawn already is not added again."""
        from segmentation.imaging.drawing import runs_of

        fresh = np.zeros_like(mask)
        fresh[tuple(slice(one, one + 2) for one in at)] = True
        fresh &= ~mask
        mask |= fresh
        body = {
            "number": number,
            "kind": "change",
            "tool": "brush",
            "removed": [],
            "accepted": [],
            "active_ms": 1000 * number,
            "added": runs_of(np.argwhere(fresh), shape=mask.shape),
        }
        name = uuid4()
        for _ in range(2 if self.chance.random() < 0.2 else 1):  # some are sent twice anyway
            self.sender.ask("PUT", f"delineations/{token}/edits/{name}/", body)
        self.ledger.edits.setdefault(token, {})[name] = body
        time.sleep(self.chance.uniform(0, 0.05))

    def _decide(self, token: str, dot: str, choice: str) -> None:
        name = uuid4()
        body = {"choice": choice, "from_proposal": False}
        self.sender.ask("PUT", f"delineations/{token}/dots/{dot}/decisions/{name}/", body)
        self.ledger.decisions.setdefault(token, {})[name] = (dot, choice)

    def _submit(self, token: str, mask: Any) -> None:
        from segmentation.imaging.drawing import digest

        seen = {
            "edits": len(self.ledger.edits.get(token, {})),
            "voxels": int(mask.sum()),
            "digest": digest(mask),
            "active_ms": 9000,
        }
        self.sender.ask("POST", f"delineations/{token}/submit/", seen)
        self.ledger.submitted[token] = int(mask.sum())


def new_reference(delineator: str) -> None:
    """This will open another reference study of one case for one delineator, without a pause."""
    from django.utils import timezone

    from rating.models import ReferenceStudy
    from rating.operations.reference_study import create_reference, edit_reference, open_reference
    from segmentation.models import Cohort

    now, cohort = timezone.now(), Cohort.objects.get(slug="to-rate")
    count = ReferenceStudy.objects.count()
    case = list(cohort.cases.order_by("code"))[count % cohort.cases.count()]
    study = create_reference(title=f"Reference {count + 1}", cohort=cohort, now=now)
    settings = {"interval_days": 0, "cases": [case.code], "delineators": [delineator]}
    edit_reference(study=study, settings=settings)
    open_reference(study=study, by=None, now=now)


def wrong_delineations(person: Delineator) -> Iterator[str]:
    """Edits, decisions and submissions that were lost, doubled or changed."""
    from rating.models import Delineation, DotDecision
    from segmentation.models import Edit

    ledger = person.ledger
    sent = {name: body for edits in ledger.edits.values() for name, body in edits.items()}
    stored = {edit.pk: edit for edit in Edit.objects.all()}
    yield from (f"edit {name} is lost" for name in sent.keys() - stored.keys())
    yield from (f"edit {name} was never made" for name in stored.keys() - sent.keys())
    for name in sent.keys() & stored.keys():
        row = stored[name]
        if (row.number, row.added) != (sent[name]["number"], sent[name]["added"]):
            yield f"edit {name} is another than was sent"
    decided = {name: said for one in ledger.decisions.values() for name, said in one.items()}
    rows = DotDecision.objects.select_related("dot")
    kept = {row.pk: (row.dot.token, row.choice) for row in rows}
    if decided != kept:
        yield f"{len(kept)} decisions are stored, {len(decided)} were acknowledged, or others"
    done = Delineation.objects.exclude(submitted_at=None)
    if dict(done.values_list("token", "voxels")) != ledger.submitted:
        yield "other delineations are locked than were submitted"
