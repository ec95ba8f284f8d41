"""Web and worker are killed at random moments while people read and jobs run: nothing may be lost.

    python tests/stress_kill.py [--kills 200] [--database URL] [--broker URL] [--seed 1] [--limit S]

Starts Plaque as `make run` does, on SQLite or in a new database on the PostgreSQL server of the
URL. Raters read and somebody delineates (`stress_delineating.py`) through the API; they send again,
with the same ids, whatever was not acknowledged. Inference jobs are queued and run; a backup is
made on the way. A random web or worker process is killed with SIGKILL and started again by the
supervisor, the last only when there is enough of each kind to lose. A web process is killed after a
random number of answers, not at once when it is back: on a slow machine nobody would be answered
otherwise. Prints figures, and ends with 1 unless what was acknowledged is stored once and as it was
sent, every job ended once with one mask, every stored file is sound and none is left over, and the
backup restores. What takes longer than the limit in seconds, or hangs, is ended with what is known
about it. The tests run a small part.
"""

from __future__ import annotations

import argparse
import faulthandler
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID, uuid4

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.served import Served, own_database, wait_until  # noqa: E402
from tests.stress_delineating import Delineator, wrong_delineations  # noqa: E402  # after the path

RATERS = ("rita", "ravi", "rosa")
PATIENCE_S = 120
KILL_S = 60  # a killable process must turn up within this time
VICTIMS = ("web master", "web worker", "worker")
AT_LEAST = 6  # so many marks, edits and decisions are acknowledged before the last kill
MOST_ANSWERS = 20  # of a web process, before it is killed
AT_WORK = 0.7  # share of the killed workers that are killed while they run a job


# --- What is sent, and what was acknowledged ------------------------------------------------------


class Refused(Exception):
    """The server refused a request for good."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status}: {body[:500]!r}")
        self.code = json.loads(body).get("code") if body[:1] == b"{" else None


class Sender:
    """Sends a person's requests until they are answered, like the page does."""

    def __init__(self, port: int, session: str) -> None:
        self.port = port
        self.headers = {
            "Content-Type": "application/json",
            "Cookie": f"sessionid={session}; csrftoken={'x' * 32}",
            "X-CSRFToken": "x" * 32,
        }
        self.sent_again = 0
        self.answered = 0

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer to a request, sent again after every lost connection; raises Refused."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                answer = self._once(method, path, body)
            except (OSError, http.client.HTTPException):
                self.sent_again += 1
                time.sleep(0.1)
            else:
                self.answered += 1
                return answer
        raise TimeoutError(f"{method} {path} was not answered within {PATIENCE_S} s")

    def _once(self, method: str, path: str, body: object) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/api/v1/{path}", sent, self.headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status == 503:
            raise OSError("not available")
        if answer.status >= 300:
            raise Refused(answer.status, content)
        return json.loads(content) if content else None


@dataclass
class Ledger:
    """What the server acknowledged to one rater."""

    marks: dict[str, dict[UUID, dict[str, Any]]] = field(default_factory=dict)  # by presentation
    removed: set[UUID] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0

    def standing(self, token: str) -> dict[UUID, dict[str, Any]]:
        """The marks of a presentation that were put and not removed."""
        marks = self.marks.get(token, {})
        return {name: mark for name, mark in marks.items() if name not in self.removed}


class Rater(threading.Thread):
    """Reads one study after the other until told to stop, and keeps a ledger."""

    def __init__(self, name: str, sender: Sender, seed: int, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.sender, self.stop = sender, stop
        self.chance = random.Random(seed)  # noqa: S311
        self.ledger = Ledger()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """This will read until told to stop; what goes wrong is kept in `failure`."""
        try:
            while not self.stop.is_set():
                self._read(self._next_presentation())
        except BaseException as error:  # told at the end
            self.failure = error

    def _next_presentation(self) -> str:
        for reading in self.sender.ask("GET", "readings/"):
            if reading["state"] == "ready":
                state = self.sender.ask("GET", f"readings/{reading['reading']}/")
                return str(state["presentation"])
        new_study(self.name)
        return self._next_presentation()

    def _read(self, token: str) -> None:
        shown = self._open(token)
        drawn = [lesion["id"] for lesion in shown["lesions"]]
        self.chance.shuffle(drawn)
        for _ in range(self.chance.randint(2, 8)):
            act = self.chance.choice([self._mark, self._mark, self._remove, self._comment])
            act(token, drawn)
            time.sleep(self.chance.uniform(0, 0.05))
        if self.chance.random() < 0.3:
            self._open(token)
        self._submit(token)

    def _open(self, token: str) -> Any:
        """Open or resume; what is shown is what was acknowledged."""
        shown = self.sender.ask("POST", f"presentations/{token}/open/")
        known = {UUID(mark["id"]) for mark in shown["marks"]}
        if known != self.ledger.standing(token).keys():
            raise AssertionError(f"other marks are shown than were acknowledged: {known}")
        return shown

    def _mark(self, token: str, drawn: list[int]) -> None:
        lesion = drawn.pop() if drawn and self.chance.random() < 0.5 else None
        place = [round(self.chance.uniform(-10, 10), 3) for _ in range(3)]
        kind = "FN" if lesion is None else "FP"
        mark, name = {"kind": kind, "lesion": lesion, "mm": place, "reason": ""}, uuid4()
        for _ in range(2 if self.chance.random() < 0.1 else 1):  # some are sent twice anyway
            self.sender.ask("PUT", f"presentations/{token}/marks/{name}/", mark)
        self.ledger.marks.setdefault(token, {})[name] = mark

    def _remove(self, token: str, drawn: list[int]) -> None:
        if standing := sorted(self.ledger.standing(token)):
            name = self.chance.choice(standing)
            self.sender.ask("DELETE", f"presentations/{token}/marks/{name}/")
            self.ledger.removed.add(name)

    def _comment(self, token: str, drawn: list[int]) -> None:
        comment = f"seen {self.chance.random()}"
        self.sender.ask("PUT", f"presentations/{token}/comment/", {"comment": comment})
        self.ledger.comments[token] = comment

    def _submit(self, token: str) -> None:
        kinds = [mark["kind"] for mark in self.ledger.standing(token).values()]
        answer = {
            "outcome": "rated",
            "verdict": self.chance.choice(["acceptable", "unacceptable"]),
            "reason": "",
            "comment": self.ledger.comments.get(token, ""),
            "counts": {"fp": kinds.count("FP"), "fn": kinds.count("FN")},
            "typed": None,
            "active_ms": self.chance.randint(1, 99_999),
            "slices_seen": 10,
        }
        try:
            self.sender.ask("POST", f"presentations/{token}/submit/", answer)
        except Refused as refusal:  # stored before, but the answer was lost
            if refusal.code != "AlreadySubmitted":
                raise
            self.ledger.repeated += 1
        self.ledger.answers[token] = answer


class Requester(threading.Thread):
    """Asks for segmentations through the API, so that a few are always waiting."""

    def __init__(self, sender: Sender, codes: list[str], seed: int, stop: threading.Event) -> None:
        super().__init__(name="requester", daemon=True)
        self.sender, self.codes, self.stop = sender, codes, stop
        self.chance = random.Random(seed)  # noqa: S311
        self.jobs: set[str] = set()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """This will ask until told to stop; what goes wrong is kept in `failure`."""
        try:
            while not self.stop.wait(self.chance.uniform(0.2, 1.5)):
                address = f"cases/{self.chance.choice(self.codes)}/jobs/"
                self.jobs.add(self.sender.ask("POST", address, {"method": "slim-unet"})["id"])
        except BaseException as error:  # told at the end
            self.failure = error


Person = Rater | Requester | Delineator


# --- What there is to read and to segment ---------------------------------------------------------


def make_clinic() -> list[str]:
    """This will make people, masks to rate, and cases to segment, whose codes it returns."""
    from django.contrib.auth.models import User

    from segmentation.operations.cases import NamedFile, create_cohort, import_case
    from tests.rating.stage import NOON, a_case, a_mask, invited
    from tests.segmentation.scans import flair_voxels, nifti

    cora = User.objects.create_user("cora")
    to_rate = create_cohort(title="To rate", coordinators=[cora])
    invited(to_rate, *(User.objects.create_user(name) for name in RATERS))
    to_rate.memberships.create(user=User.objects.create_user("dana"), role="delineator")
    for seed in range(6):
        case = a_case(to_rate, seed)
        for lesions in (0, 3, 7, 12):
            a_mask(case, lesions=lesions)
    to_segment = create_cohort(title="To segment", coordinators=[cora])
    return [
        import_case(
            cohort=to_segment,
            files=[NamedFile("FLAIR.nii.gz", nifti(flair_voxels(seed)))],
            now=NOON,
        ).case.code
        for seed in range(8)
    ]


def new_study(rater: str) -> None:
    """This will open another study of all masks for one rater."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from rating.models import Study
    from rating.operations.study import create_study, edit_study, open_study
    from segmentation.models import Cohort

    cora, cohort, now = (
        User.objects.get(username="cora"),
        Cohort.objects.get(slug="to-rate"),
        timezone.now(),
    )
    title = f"Study {Study.objects.count() + 1} of {rater}"
    study = create_study(title=title, cohort=cohort, by=cora, now=now)
    masks = [mask.pk for case in cohort.cases.all() for mask in case.segmentations.all()]
    settings = {"gap": 1, "washout_days": 0, "min_volume_mm3": 0}
    edit_study(study=study, by=cora, items=masks, raters=[rater], settings=settings)
    open_study(study=study, by=cora, now=now)


def session_of(name: str) -> str:
    """The key of a new session in which this person is signed in."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(
        User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client.cookies["sessionid"].value


# --- Killing --------------------------------------------------------------------------------------


def kill(served: Served, victim: str, chance: random.Random) -> bool:
    """This will kill a process of this kind with SIGKILL; False when there is none just now."""
    web = served.pids("gunicorn")
    pids = {"web master": web[:1], "web worker": web[1:], "worker": served.pids("celery")}[victim]
    if not pids or (victim == "worker" and on_its_last_attempt()):
        return False
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def on_its_last_attempt() -> bool:
    """Whether a job would be given up, as it should, if its worker died once more."""
    from django.conf import settings

    from segmentation.models import InferenceJob

    unfinished = InferenceJob.objects.filter(state__in=InferenceJob.UNFINISHED)
    return unfinished.filter(attempts__gte=settings.JOB_ATTEMPTS - 1).exists()


def wait_for_work() -> None:
    """This will return when a job runs, or after a while."""
    from segmentation.models import InferenceJob

    running = InferenceJob.objects.filter(state=InferenceJob.State.RUNNING, progress__gt=0)
    with suppress(TimeoutError):
        wait_until(running.exists, "a job runs", seconds=5)


def wait_for_answers(people: list[Person], number: int) -> None:
    """This will return when so many more requests were answered, or when somebody has failed."""

    def answered() -> int:
        return sum(person.sender.answered for person in people)

    wanted = answered() + number
    wait_until(
        lambda: answered() >= wanted or any(person.failure for person in people),
        f"{number} requests are answered",
        seconds=KILL_S,
    )


def kill_many(
    served: Served, kills: int, backup: Path, seed: int, people: list[Person]
) -> Counter[str]:
    """This will kill so many processes at random moments, and make a backup in the middle.

    On a slow machine little happens between two kills: the last one waits until there is enough to
    lose.
    """
    chance = random.Random(seed)  # noqa: S311
    killed: Counter[str] = Counter()
    backed_up = threading.Thread(target=make_backup, args=[backup], daemon=True)
    while killed.total() < kills:
        for victim in chance.sample(VICTIMS, min(len(VICTIMS), kills - killed.total())):
            if killed.total() == kills - 1:
                wait_for_enough(people)
            time.sleep(chance.uniform(0.2, 2.5))
            kill_one(served, victim, chance, people)
            killed[victim] += 1
            print(f"{killed.total()} killed", flush=True)
        if killed.total() >= kills // 2 and not backed_up.ident:
            backed_up.start()
    backed_up.join(3 * PATIENCE_S)
    if not backup.exists():
        raise AssertionError("the backup was not made")
    return killed


def kill_one(served: Served, victim: str, chance: random.Random, people: list[Person]) -> None:
    """This will kill a process of this kind as soon as there is one; raises TimeoutError."""

    def killed() -> bool:
        if served.process.poll() is not None:
            raise AssertionError("the supervisor has ended")
        if victim != "worker":
            wait_until(served.answers, "the web process is back", seconds=KILL_S)
            wait_for_answers(people, chance.randint(0, MOST_ANSWERS))
        elif chance.random() < AT_WORK:
            wait_for_work()
            time.sleep(chance.uniform(0, 1.5))
        return kill(served, victim, chance)

    wait_until(killed, f"a {victim} to kill", seconds=KILL_S)


def wait_for_enough(people: list[Person]) -> None:
    """This will return when there is enough of each kind to lose, or when somebody has failed."""

    def enough() -> bool:
        failed = any(person.failure for person in people)
        return failed or all(number >= AT_LEAST for number in acknowledged(people).values())

    wait_until(enough, "enough to lose", seconds=2 * PATIENCE_S)


def acknowledged(people: list[Person]) -> dict[str, int]:
    """How many marks, edits and decisions about dots the server acknowledged until now."""
    raters = [person.ledger for person in people if isinstance(person, Rater)]
    drawn = [person.ledger for person in people if isinstance(person, Delineator)]
    kinds = {
        "marks": [kept for ledger in raters for kept in list(ledger.marks.values())],
        "edits": [kept for ledger in drawn for kept in list(ledger.edits.values())],
        "decisions about dots": [
            kept for ledger in drawn for kept in list(ledger.decisions.values())
        ],
    }
    return {f"{kind} acknowledged": sum(map(len, kept)) for kind, kept in kinds.items()}


def make_backup(archive: Path) -> None:
    """This will back up while people read and processes die; a backup that fails leaves no file."""
    words = [sys.executable, "manage.py", "backup", "--to", str(archive)]
    subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=2 * PATIENCE_S)


# --- What must be true afterwards -----------------------------------------------------------------


def wrong_marks(raters: list[Rater]) -> Iterator[str]:
    """Marks that were lost, doubled, brought back or changed."""
    from rating.models import Mark

    stored = {mark.pk: mark for mark in Mark.objects.select_related("presentation")}
    acknowledged = {
        name: (token, mark, name in rater.ledger.removed)
        for rater in raters
        for token, marks in rater.ledger.marks.items()
        for name, mark in marks.items()
    }
    yield from (f"mark {name} is lost" for name in acknowledged.keys() - stored.keys())
    yield from (f"mark {name} was never made" for name in stored.keys() - acknowledged.keys())
    for name in acknowledged.keys() & stored.keys():
        token, sent, removed = acknowledged[name]
        row = stored[name]
        kept = {"kind": row.kind, "lesion": row.lesion, "mm": [row.x_mm, row.y_mm, row.z_mm]}
        if (row.presentation.token, kept | {"reason": row.reason}) != (token, sent):
            yield f"mark {name} is another than was sent"
        if (row.removed_at is not None) != removed:
            yield f"mark {name} is {'brought back' if removed else 'removed'}"


def wrong_answers(raters: list[Rater]) -> Iterator[str]:
    """Comments and answers that were lost, doubled or changed."""
    from rating.models import Presentation, Rating

    for rater in raters:
        for token, comment in rater.ledger.comments.items():
            if Presentation.objects.get(token=token).comment != comment:
                yield f"the comment on {token} is not the last one"
        for token, sent in rater.ledger.answers.items():
            kept = Rating.objects.filter(presentation__token=token)
            same = kept.filter(
                fp=sent["counts"]["fp"],
                fn=sent["counts"]["fn"],
                verdict_rater=sent["verdict"],
                comment=sent["comment"],
                active_ms=sent["active_ms"],
            )
            if (kept.count(), same.count()) != (1, 1):
                yield f"the answer to {token} is stored {kept.count()} times"
    answers = sum(len(rater.ledger.answers) for rater in raters)
    if Rating.objects.count() != answers:
        yield f"{Rating.objects.count()} answers are stored, {answers} were acknowledged"
    if Presentation.objects.exclude(submitted_at=None).count() != answers:
        yield "other presentations are locked than were submitted"


def wrong_jobs(requester: Requester) -> Iterator[str]:
    """Jobs that were lost, did not end, or did not end with one mask."""
    from segmentation.models import InferenceJob, Segmentation

    jobs = {str(job.pk): job for job in InferenceJob.objects.all()}
    yield from (f"job {name} is lost" for name in requester.jobs - jobs.keys())
    for name, job in jobs.items():
        if job.state != "succeeded" or job.segmentation_id is None:
            yield f"job {name} ended as {job.state} after {job.attempts} attempts: {job.reason}"
    masks = Segmentation.objects.filter(method="slim-unet").count()
    if masks != len(jobs):
        yield f"{masks} masks for {len(jobs)} jobs"


def wrong_files() -> Iterator[str]:
    """Stored files that are missing, damaged, or left over."""
    from django.utils import timezone

    from segmentation.operations.files import check_files, sweep_drafts

    left = sweep_drafts(now=timezone.now() + timedelta(hours=2))
    print(f"{'files of killed processes, swept':44} {left}")
    report = check_files()
    yield from (f"{file.name} is missing" for file in report.missing)
    yield from (f"{file.name} is damaged" for file in report.damaged)
    yield from (f"{name} is left over" for name in report.orphans)


def wrong_backup(archive: Path, data: Path) -> Iterator[str]:
    """What a restore of the backup into a new folder complains about."""
    database = {"DATABASE_URL": f"sqlite:///{data / 'plaque.sqlite3'}", "PLAQUE_DATA": str(data)}
    for words in (["restore", "--from", str(archive)], ["verify_files"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=os.environ | database,
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE_S,
        )
        if done.returncode:
            yield f"{words[0]} of the backup: {done.stderr[-1000:]}"


def all_jobs_ended() -> bool:
    from segmentation.models import InferenceJob

    return not InferenceJob.objects.filter(state__in=InferenceJob.UNFINISHED).exists()


# --- The whole ------------------------------------------------------------------------------------


def stress(kills: int, seed: int, data: Path, database: str, broker: str) -> list[str]:
    """This will do all of it, print figures, and return what is wrong; empty: nothing."""
    environment = {
        "PLAQUE_DATA": str(data),
        "PLAQUE_JOB_LEASE_SECONDS": "4",
        "PLAQUE_JOB_MINUTES": "2",
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": broker,
    }
    os.environ |= environment
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    codes, stop = make_clinic(), threading.Event()
    served = Served.start("--no-demonstration", data=data, environment=environment)
    began = time.monotonic()
    try:
        raters = [
            Rater(name, Sender(served.port, session_of(name)), seed + number, stop)
            for number, name in enumerate(RATERS)
        ]
        requester = Requester(Sender(served.port, session_of("cora")), codes, seed, stop)
        dana = Delineator("dana", Sender(served.port, session_of("dana")), seed, stop)
        people: list[Person] = [*raters, requester, dana]
        for person in people:
            person.start()
        killed = kill_many(served, kills, data / "backup.tar", seed, people)
        stop.set()
        end = time.monotonic() + 2 * PATIENCE_S
        for person in people:
            person.join(max(0, end - time.monotonic()))
        wait_until(all_jobs_ended, "all jobs have ended", seconds=300)
    except BaseException:
        print(state_of(served), flush=True)
        raise
    finally:
        stop.set()
        served.stop()
    wrong = [f"{person.name}: {person.failure!r}" for person in people if person.failure]
    wrong += [f"{person.name} did not end" for person in people if person.is_alive()]
    wrong += [*wrong_marks(raters), *wrong_answers(raters), *wrong_jobs(requester), *wrong_files()]
    wrong += wrong_delineations(dana)
    wrong += wrong_backup(data / "backup.tar", data / "restored")
    print_figures(killed, people, seconds=time.monotonic() - began)
    return wrong


def state_of(served: Served) -> str:
    """What is known when it could not go on: unfinished jobs, and the end of the log."""
    from segmentation.models import InferenceJob

    columns = ("state", "attempts", "progress", "stage", "heartbeat_at", "reason")
    unfinished = InferenceJob.objects.filter(state__in=InferenceJob.UNFINISHED)
    lines = [str(row) for row in unfinished.values(*columns)]
    return "\n".join(["Unfinished jobs:", *lines, "The log ends:", served.log.read_text()[-4000:]])


def print_figures(killed: Counter[str], people: list[Person], *, seconds: float) -> None:
    """This will print how much happened."""
    from django.db import connection

    from segmentation.models import InferenceJob

    ledgers = [person.ledger for person in people if isinstance(person, Rater)]
    attempts = Counter(InferenceJob.objects.values_list("attempts", flat=True))
    figures = {
        "database": connection.vendor,
        "seconds": round(seconds),
        "killed": f"{killed.total()} ({', '.join(f'{n} x {who}' for who, n in killed.items())})",
        **acknowledged(people),
        "marks removed": sum(len(one.removed) for one in ledgers),
        "comments acknowledged": sum(len(one.comments) for one in ledgers),
        "answers acknowledged": sum(len(one.answers) for one in ledgers),
        "answers stored before the answer was lost": sum(one.repeated for one in ledgers),
        "requests sent again": sum(person.sender.sent_again for person in people),
        "jobs": attempts.total(),
        "of them at the 1st, 2nd, 3rd attempt": [attempts[number] for number in (1, 2, 3)],
    }
    for what, figure in figures.items():
        print(f"{what:44} {figure}")


def give_up(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"ended by {signal.Signals(number).name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--limit", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="a PostgreSQL server; default: SQLite")
    parser.add_argument("--broker", default="filesystem://localhost")
    arguments = parser.parse_args()
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, give_up)
    signal.alarm(arguments.limit)
    faulthandler.dump_traceback_later(arguments.limit + 60, exit=True)
    data = Path(tempfile.mkdtemp(prefix="plaque-stress-"))
    with own_database(arguments.database, data) as database:
        wrong = stress(arguments.kills, arguments.seed, data, database, arguments.broker)
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    print(f"{len(wrong)} things are wrong." + (f" See {data}." if wrong else ""))
    if not wrong:
        shutil.rmtree(data)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
