"""The broker may die and come back, or be a damaged folder: workers start, and no job is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery
from kombu import Connection, Exchange, Queue
from kombu.transport.filesystem import Transport

from segmentation.operations.jobs import ring
from tests.segmentation.test_jobs import nobody_answers
from tests.served import ROOT, free_port
from webapp.broker import EXCHANGES, folder_broker

# They have brokers of their own, whatever the others run on.
pytestmark = pytest.mark.once


@pytest.mark.redis_server
def test_a_worker_outlives_its_broker_and_does_what_was_asked_meanwhile(tmp_path: Path) -> None:
    own = {"PLAQUE_DATA": str(tmp_path), "REDIS_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "tests.platform.worker_without_broker"],
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
    )
    told = done.stderr + (tmp_path / "log").read_text()
    assert done.stdout.splitlines() == [
        "without: queued, worker runs",
        "with: succeeded, 1 mask, worker runs",
    ], told


def as_a_new_process() -> None:
    """Forget which queues this process has bound already."""
    Transport.global_state.clear()


def rung(folder: Path) -> str:
    """What comes out of a folder broker when a message is put in, as a worker binds and reads."""
    as_a_new_process()
    options = folder_broker(folder)
    queue = Queue(EXCHANGES[0], Exchange(EXCHANGES[0]), routing_key=EXCHANGES[0])
    with Connection("filesystem://localhost", transport_options=options) as broker:
        broker.Producer().publish(
            "ding", exchange=queue.exchange, routing_key=queue.routing_key, declare=[queue]
        )
        message = queue(broker.default_channel).get(no_ack=True)
    return str(message.payload)


@pytest.mark.parametrize("content", ["", '[["plaque', "{}"])
def test_a_worker_that_was_killed_while_it_bound_its_queue_stops_no_other(
    tmp_path: Path, content: str
) -> None:
    kept = tmp_path / "control" / f"{EXCHANGES[0]}.exchange"
    assert rung(tmp_path) == "ding"
    sound = kept.read_text()
    assert EXCHANGES[0] in sound
    assert rung(tmp_path) == "ding"
    assert kept.read_text() == sound
    kept.write_text(content)
    assert rung(tmp_path) == "ding"
    assert kept.read_text() == sound
    assert {file.name for file in kept.parent.iterdir()} == {f"{one}.exchange" for one in EXCHANGES}


def test_a_message_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rename = Path.rename

    def looked_at(draft: Path, target: Path) -> Path:
        """What a worker finds in the moment before a message has its name, and how big it is."""
        if target.name.endswith(".msg"):
            seen.append((draft.stat().st_size > 0, list(tmp_path.glob("queue/[!.]*"))))
        return rename(draft, target)

    monkeypatch.setattr(Path, "rename", looked_at)
    assert rung(tmp_path) == "ding"
    assert seen == [(True, [])]
    assert not list((tmp_path / "queue").iterdir())


@pytest.mark.parametrize("content", [b"", b'{"body": ', b"\xff"])
def test_a_message_that_was_never_filled_stops_no_worker(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder_broker(tmp_path)
    (tmp_path / "queue" / f"0_first.{EXCHANGES[0]}.msg").write_bytes(content)
    assert rung(tmp_path) == "ding"
    assert "was dropped" in caplog.text
    assert not list((tmp_path / "queue").iterdir())


def ring_at(folder: Path) -> None:
    """Ring as a process does that has just been started on this folder, whatever its state."""
    as_a_new_process()
    app = Celery(broker="filesystem://localhost", set_as_current=False)
    names = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
    options = {name: str(folder / inside) for name, inside in names.items()}
    app.conf.update(broker_transport_options=options, task_default_queue=EXCHANGES[0])
    with nobody_answers(app):
        ring()


def test_a_folder_that_is_damaged_or_gone_costs_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder_broker(tmp_path)
    ring_at(tmp_path)
    assert len(list((tmp_path / "queue").iterdir())) == 1
    assert not caplog.records
    (tmp_path / "queue").rename(tmp_path / "moved")
    ring_at(tmp_path)
    (tmp_path / "moved").rename(tmp_path / "queue")
    (tmp_path / "control" / f"{EXCHANGES[0]}.exchange").write_text("")
    ring_at(tmp_path)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert all("The broker does not answer" in one for one in said)
