"""A reading in any order of events against a model of the protocol: never a difference.

Marks, removals, answers and openings come in every order, arrive twice, get lost on the way back,
or die with the server before they are stored; also such as a broken page would send. A longer run,
without the limit of a test's time (`-o faulthandler_timeout=0`): `PLAQUE_PROTOCOL_EXAMPLES=1000`.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rating.models import Mark, Presentation, Study
from tests.rating.stage import Browser, a_mark, an_answer

EXAMPLES = int(os.environ.get("PLAQUE_PROTOCOL_EXAMPLES", "25"))
IDS = [uuid.UUID(int=number) for number in range(1, 5)]
PLACES = [(1.0, 2.0, 3.0), (-4.0, 5.5, 0.25)]
OK = ""
Place = tuple[float, float, float]
Said = tuple[str, int, uuid.UUID | None]

some_id = st.sampled_from(IDS)
some_place = st.sampled_from(PLACES)
# Reason, how many lesions it is, and what it is one lesion with.
some_words = st.sampled_from([("", 1, None), ("vessel", 1, None), ("", 3, None), ("", 1, IDS[0])])
NOTHING_SAID: Said = ("", 1, None)
# What happens to a request on its way.
some_fate = st.sampled_from(["arrives", "arrives", "arrives twice", "answer lost", "dies"])


@dataclass
class Kept:
    """A mark as the model has it."""

    turn: int
    lesion: int | None
    place: Place
    said: Said
    is_removed: bool = False


@dataclass
class Protocol:
    """What the protocol says: one rater, presentations strictly in order, nothing ever lost."""

    lesions: list[int]  # drawn, by turn
    turn: int = 0
    is_open: bool = False
    marks: dict[uuid.UUID, Kept] = field(default_factory=dict)
    answers: list[tuple[int, int, str]] = field(default_factory=list)

    def there(self, turn: int) -> dict[uuid.UUID, Kept]:
        """The marks that stand on the presentation of a turn."""
        return {k: m for k, m in self.marks.items() if m.turn == turn and not m.is_removed}

    def counts(self, turn: int) -> tuple[int, int]:
        there = self.there(turn).values()
        false = sum(mark.lesion is not None for mark in there)
        return false, len(there) - false

    def refusal(self, turn: int) -> str:
        """Why nothing may be changed on the presentation of a turn; OK if it may."""
        if turn < self.turn:
            return "AlreadySubmitted"
        return OK if turn == self.turn and self.is_open else "NotOpened"

    def open(self, turn: int) -> str:
        if turn != self.turn:
            return "AlreadySubmitted" if turn < self.turn else "NotYourTurn"
        self.is_open = True
        return OK

    def put(self, turn: int, key: uuid.UUID, new: Kept) -> str:
        if refusal := self.refusal(turn):
            return refusal
        if new.lesion is not None and new.lesion > self.lesions[turn]:
            return "NoSuchLesion"
        known = self.marks.get(key)
        if known is None:
            if new.lesion in [m.lesion for m in self.there(turn).values() if m.lesion]:
                return "AlreadyMarked"
            self.marks[key] = new
            return OK
        same = (known.turn, known.lesion, known.place) == (turn, new.lesion, new.place)
        if known.is_removed or not same:
            return "MarkBelongsElsewhere"
        known.said = new.said
        return OK

    def remove(self, turn: int, key: uuid.UUID) -> str:
        if refusal := self.refusal(turn):
            return refusal
        known = self.marks.get(key)
        if known is None:
            return OK
        if known.turn != turn:
            return "MarkBelongsElsewhere"
        known.is_removed = True
        return OK

    def submit(self, turn: int, shown: tuple[int, int], verdict: str) -> str:
        if refusal := self.refusal(turn):
            return refusal
        if shown != self.counts(turn):
            return "CountsDiffer"
        self.answers.append((*shown, verdict))
        self.turn, self.is_open = turn + 1, False
        return OK


def as_sent(said: Said) -> dict[str, Any]:
    """What is said of a mark, as the page sends it."""
    reason, counts_as, joined = said
    return {"reason": reason, "counts_as": counts_as, "joined": joined and str(joined)}


class Reading(RuleBasedStateMachine):
    """Rita's reading beside the model; every example begins with the study just opened."""

    def __init__(self, rita: Browser, tokens: list[str], lesions: list[int]) -> None:
        super().__init__()
        self.rita, self.tokens = rita, tokens
        self.protocol = Protocol(lesions)
        self.changes = 0  # sent for this presentation
        self.before = transaction.savepoint()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.before)

    @initialize(fate=some_fate)
    def begin(self, fate: str) -> None:
        self._open(0, fate)

    @rule(fate=some_fate)
    def open(self, fate: str) -> None:
        self._open(self._turn(0), fate)

    @precondition(lambda self: self.protocol.is_open)
    @rule(key=some_id, place=some_place, said=some_words, fate=some_fate)
    def put_missed(self, key: uuid.UUID, place: Place, said: Said, fate: str) -> None:
        self._put(self._turn(0), key, None, place, said, fate)

    @precondition(lambda self: self.protocol.is_open)
    @rule(key=some_id, lesion=st.integers(1, 4), place=some_place, fate=some_fate)
    def put_false(self, key: uuid.UUID, lesion: int, place: Place, fate: str) -> None:
        self._put(self._turn(0), key, lesion, place, NOTHING_SAID, fate)

    @precondition(lambda self: self.protocol.marks)
    @rule(known=st.integers(0, 99), said=some_words, fate=some_fate)
    def put_again(self, known: int, said: Said, fate: str) -> None:
        """A late retry, or another reason for a mark; also of one that was removed meanwhile."""
        key, mark = self._known(known)
        self._put(mark.turn, key, mark.lesion, mark.place, said, fate)

    @precondition(lambda self: self.protocol.is_open and self.protocol.marks)
    @rule(known=st.integers(0, 99), fate=some_fate)
    def remove(self, known: int, fate: str) -> None:
        self._remove(self._turn(0), self._known(known)[0], fate)

    @precondition(lambda self: self.protocol.is_open and self.changes > 3)
    @rule(
        too_many=st.sampled_from([0, 0, 0, 1]),
        verdict=st.sampled_from(["acceptable", "unacceptable"]),
        fate=some_fate,
        goes_on=st.sampled_from([True, True, True, False]),
    )
    def submit(self, too_many: int, verdict: str, fate: str, goes_on: bool) -> None:
        self._submit(self._turn(0), too_many, verdict, fate)
        self.changes = 0
        if goes_on:
            self._open(self._turn(0), "arrives")

    @rule(off=st.sampled_from([-1, 0, 1]), key=some_id, what=st.integers(0, 3), fate=some_fate)
    def out_of_turn(self, off: int, key: uuid.UUID, what: int, fate: str) -> None:
        """What a broken page, or one that missed something, would send."""
        turn = self._turn(off)
        if what == 0:
            self._open(turn, fate)
        elif what == 1:
            self._put(turn, key, None, PLACES[0], NOTHING_SAID, fate)
        elif what == 2:
            self._remove(turn, key, fate)
        else:
            self._submit(turn, 0, "acceptable", fate)

    def _turn(self, off: int) -> int:
        return max(0, min(self.protocol.turn + off, len(self.tokens) - 1))

    def _known(self, number: int) -> tuple[uuid.UUID, Kept]:
        known = sorted(self.protocol.marks.items())
        return known[number % len(known)]

    def _open(self, turn: int, fate: str) -> None:
        path = f"presentations/{self.tokens[turn]}/open/"
        self._send(fate, "post", path, {}, lambda: self.protocol.open(turn))

    def _put(
        self, turn: int, key: uuid.UUID, lesion: int | None, place: Place, said: Said, fate: str
    ) -> None:
        path = f"presentations/{self.tokens[turn]}/marks/{key}/"
        body = a_mark(lesion, place) | as_sent(said)
        self.changes += 1
        new = Kept(turn, lesion, place, said)
        self._send(fate, "put", path, body, lambda: self.protocol.put(turn, key, new))

    def _remove(self, turn: int, key: uuid.UUID, fate: str) -> None:
        path = f"presentations/{self.tokens[turn]}/marks/{key}/"
        self._send(fate, "delete", path, None, lambda: self.protocol.remove(turn, key))

    def _submit(self, turn: int, too_many: int, verdict: str, fate: str) -> None:
        false, missed = self.protocol.counts(turn)
        shown = (false + too_many, missed)
        path = f"presentations/{self.tokens[turn]}/submit/"
        body = an_answer(fp=shown[0], fn=shown[1], verdict=verdict)
        self._send(fate, "post", path, body, lambda: self.protocol.submit(turn, shown, verdict))

    def _send(self, fate: str, method: str, path: str, body: Any, expected: Callable[[], str]):
        """This will send a request by its fate; the model is asked once for each that counts."""

        def arrive() -> str:
            response = self.rita.ask(method, path, body)
            assert response.status_code < 500, response.content
            return OK if response.status_code < 300 else str(response.json()["code"])

        if fate == "dies":
            with transaction.atomic():
                arrive()
                transaction.set_rollback(True)
            return
        for _ in range(1 if fate == "arrives" else 2):
            told, meant = arrive(), expected()
            assert told == meant, (method, path, body)
            event(f"{method}: {told or 'stored'}")

    @invariant()
    def what_is_stored_is_what_the_protocol_says(self) -> None:
        read = Presentation.objects.filter(token__in=self.tokens).order_by("position")
        rows = list(read.prefetch_related("ratings"))
        is_open = [row.opened_at is not None and row.submitted_at is None for row in rows]
        protocol = self.protocol
        assert is_open == [protocol.is_open and n == protocol.turn for n in range(len(rows))]
        assert [
            (rating.fp, rating.fn, rating.verdict_rater)
            for row in rows
            for rating in row.ratings.all()
        ] == protocol.answers
        turns = {row.pk: turn for turn, row in enumerate(rows)}
        assert {
            mark.pk: Kept(
                turns[mark.presentation_id],
                mark.lesion,
                (mark.x_mm, mark.y_mm, mark.z_mm),
                (mark.reason, mark.counts_as, mark.joined),
                mark.removed_at is not None,
            )
            for mark in Mark.objects.all()
        } == protocol.marks

    @invariant()
    def what_is_shown_is_what_is_stored(self) -> None:
        protocol = self.protocol
        if not protocol.is_open:
            return
        shown = self.rita.get(f"presentations/{self.tokens[protocol.turn]}/")
        there = protocol.there(protocol.turn)
        assert {
            mark["id"]: {name: mark[name] for name in as_sent(NOTHING_SAID)}
            for mark in shown["marks"]
        } == {str(key): as_sent(mark.said) for key, mark in there.items()}


def test_any_order_of_events(rita: Browser, study: Study) -> None:
    own = Presentation.objects.filter(reading__user__username="rita").order_by("position")
    order = [(row.token, row.item.lesions) for row in own.select_related("item")]
    tokens, lesions = [token for token, _ in order], [count for _, count in order]
    run_state_machine_as_test(
        lambda: Reading(rita, tokens, lesions),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            derandomize="PLAQUE_PROTOCOL_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
