"""A half-finished study is backed up, restored elsewhere, and goes on where it was."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import FileField
from django.utils import timezone

from rating.models import Mark, Study
from rating.operations.study import create_study, edit_study, open_study
from segmentation.models import AuditEntry, BrainMask, Scan
from segmentation.operations.brains import correct_brain
from segmentation.operations.cases import create_cohort
from segmentation.operations.files import check_files, hash_field, names_in
from segmentation.operations.jobs import say_present
from tests.full_disk import files_of_at_most
from tests.locked_database import impatient_database, locked_database
from tests.rating.stage import SHAPE, Browser, a_case, a_mask, invited, nifti
from tests.served import own_database
from webapp.backup import Manifest, all_opened

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Elsewhere:
    """Another set-up: a data folder and a database of its own."""

    data: Path
    database: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        own = {"PLAQUE_DATA": str(self.data), "DATABASE_URL": self.database}
        own |= {"DJANGO_SETTINGS_MODULE": "webapp.settings"}
        return subprocess.run(
            [sys.executable, *words],
            env=os.environ | own,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def manage(self, *words: str) -> str:
        done = self.run("manage.py", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self.run("manage.py", *words)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def says(self, script: str, *words: str) -> Any:
        done = self.run("-c", script, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folder(tmp_path: Path) -> Elsewhere:
    """A new data folder with SQLite in it."""
    return Elsewhere(tmp_path / "folder", f"sqlite:///{tmp_path / 'folder' / 'plaque.sqlite3'}")


@pytest.fixture
def stations(folder: Elsewhere, tmp_path: Path) -> Iterator[list[Elsewhere]]:
    """Where a backup goes: a new folder, and from there on to PostgreSQL if the tests run on it."""
    if connection.vendor != "postgresql":
        yield [folder]
        return
    with own_database(os.environ["DATABASE_URL"], tmp_path) as database:
        yield [folder, Elsewhere(tmp_path / "server", database)]


@pytest.fixture
def study() -> Study:
    """Open, for Rita and Ravi, with four masks; Rita is in the middle of her third presentation."""
    people = {name: User.objects.create_user(name) for name in ("cora", "rita", "ravi")}
    people["ravi"].groups.add(Group.objects.create(name="Neuroradiology"))
    say_present(worker="here", now=timezone.now())
    cohort = create_cohort(title="Clinic 2019", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    masks = [a_mask(a_case(cohort, seed), lesions=seed) for seed in (0, 3, 12, 7)]
    now = timezone.now()
    study = create_study(title="Reading \u2013 1", cohort=cohort, by=people["cora"], now=now)
    edit_study(
        study=study,
        by=people["cora"],
        items=[mask.pk for mask in masks],
        raters=["rita", "ravi"],
        settings={"gap": 1, "washout_days": 0, "min_volume_mm3": 0},
    )
    open_study(study=study, by=people["cora"], now=now)
    rita = Browser(people["rita"])
    rita.rate_next(fn=1)
    rita.rate_next()
    shown = rita.open_next()
    for _ in range(3):
        rita.mark(shown["presentation"])
    removed = Mark.objects.last()
    assert removed
    rita.delete(f"presentations/{shown['presentation']}/marks/{removed.pk}/")
    rita.put(f"presentations/{shown['presentation']}/comment/", {"comment": "to be \u2265 seen"})
    return study


@pytest.fixture
def weights() -> dict[str, bytes]:
    """What a method and a training have in the data folder, beside files that are being written."""
    whole = {"methods/li-unet/1.safetensors": b"weights", "trainings/one/state.safetensors": b"7"}
    drafts = {"methods/.li-unet-new/1.safetensors": b"wei", "trainings/one/best.new": b""}
    for name, content in {**whole, **drafts}.items():
        file = Path(settings.METHODS).parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return whole


@pytest.fixture
def archive(study: Study, weights: dict[str, bytes], tmp_path: Path) -> Path:
    call_command("backup", to=tmp_path / "plaque.tar", stdout=io.StringIO())
    return tmp_path / "plaque.tar"


READING = """
import json, sys
import django
django.setup()
from django.contrib.auth.models import User
from tests.rating.stage import Browser
from segmentation.operations.cases import create_cohort
from rating.models import Presentation, Rating

rita = Browser(User.objects.get(username="rita"))
rita.client.defaults["HTTP_HOST"] = "localhost"
before = [rita.reading(), rita.open_next()]
shown = before[1]["presentation"]
rita.mark(shown)
kinds = [mark["kind"] for mark in rita.open_next()["marks"]]
rita.submit(shown, fp=kinds.count("FP"), fn=kinds.count("FN"))
rita.rate_next()
new = User.objects.create_user("newcomer"), create_cohort(title="Another clinic")
print(json.dumps([*before, Rating.objects.count(), rita.reading()["done"], new[0].pk]))
"""

AT_ONE_MOMENT = """
import json, threading
import django
django.setup()
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import FileField
from webapp.backup import one_moment

def join():
    User.objects.create_user("meanwhile")
    connection.close()

with one_moment():
    counts = [User.objects.count()]
    meanwhile = threading.Thread(target=join)
    meanwhile.start()
    meanwhile.join(10)
    waits = meanwhile.is_alive()
    counts.append(User.objects.count())
counts.append(User.objects.count())
print(json.dumps([waits, *counts]))
"""


def test_a_half_finished_study_goes_on_elsewhere(
    stations: list[Elsewhere],
    archive: Path,
    study: Study,
    weights: dict[str, bytes],
    tmp_path: Path,
) -> None:
    for station in stations:
        if station is not stations[0]:
            archive = tmp_path / "moved.tar"
            stations[0].manage("backup", "--to", str(archive))
        said = station.manage("restore", "--from", str(archive))
        assert "DIFFERENT" not in said
        assert f"{'rating.mark':32} {4:8} in the backup, {4:8} restored, equal" in said
        assert f"{'stored files':32} {16:8} in the backup, {16:8} restored, equal" in said
        assert f"{'files of methods':32} {1:8} in the backup, {1:8} restored, equal" in said
        for name, content in weights.items():
            assert (station.data / name).read_bytes() == content
    last = stations[-1]
    assert "16 files are sound, 0 missing, 0 damaged; 0 are" in last.manage("verify_files")
    rita = Browser(User.objects.get(username="rita"))
    reading, shown = rita.reading(), rita.open_next()
    assert len(shown["marks"]) == 2
    found, opened, ratings, done, newcomer = last.says(READING)
    assert (found, opened) == (reading, shown)
    assert ratings == 4
    assert done == reading["done"] + 2
    assert newcomer > max(User.objects.values_list("pk", flat=True))
    waits, *counts = last.says(AT_ONE_MOMENT)
    assert not waits
    assert counts == [4, 4, 5]
    assert "The database is not empty" in last.refused("restore", "--from", str(archive))


def manifest_of(archive: Path) -> Manifest:
    with tarfile.open(archive) as tar:
        content = tar.extractfile("manifest.json")
        assert content
        return Manifest.from_json(content.read())


def test_an_archive_holds_every_file_and_no_session(
    archive: Path, weights: dict[str, bytes]
) -> None:
    manifest = manifest_of(archive)
    assert manifest.files.keys() == set(names_in(default_storage))
    assert {f"{home}/{name}" for home, names in manifest.folders.items() for name in names} == set(
        weights
    )
    assert manifest.rows["auth.user"].count == 3
    assert not {"sessions.session", "segmentation.worker", "accounts.cacheentry"} & set(
        manifest.rows
    )
    assert archive.stat().st_mode & 0o777 == 0o600
    assert AuditEntry.objects.filter(act="backed-up").count() == 1
    assert not list(archive.parent.glob("*.partial"))


def test_weights_that_are_replaced_meanwhile_are_backed_up_as_they_were_together(
    tmp_path: Path,
) -> None:
    files = [tmp_path / name for name in ("1", "2")]
    for file in files:
        file.write_text("old")

    class Replaced(FileSystemStorage):
        """Both files are replaced when only the first is open."""

        def _open(self, name: str, mode: str = "rb") -> Any:
            if name == "2" and files[1].read_text() == "old":
                for file in files:
                    (tmp_path / "fresh.new").write_text("new")
                    (tmp_path / "fresh.new").replace(file)
            return super()._open(name, mode)

    with ExitStack() as stack:
        opened = all_opened(Replaced(location=tmp_path), stack)
        assert [content.read() for content in opened.values()] == [b"new", b"new"]


def test_a_file_that_is_replaced_after_the_moment_of_the_rows_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = a_case(create_cohort(title="Clinic"), 1)

    def correct(voxels: int) -> BrainMask:
        content = nifti((np.arange(np.prod(SHAPE)) < voxels).reshape(SHAPE).astype(np.uint8))
        return correct_brain(case=case, content=content, name="brain", by=None, now=timezone.now())

    before = correct(10).correction.name
    opened = FileSystemStorage._open

    def replaced_first(storage: FileSystemStorage, name: str, mode: str = "rb") -> Any:
        monkeypatch.undo()
        correct(20)
        return opened(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "_open", replaced_first)
    call_command("backup", to=tmp_path / "b.tar", stdout=io.StringIO())
    after = BrainMask.objects.get().correction.name
    manifest = manifest_of(tmp_path / "b.tar")
    assert manifest.missing == []
    assert after in manifest.files
    assert before not in manifest.files
    elsewhere = Elsewhere(tmp_path / "new", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    elsewhere.manage("restore", "--from", str(tmp_path / "b.tar"))
    assert " 0 missing, 0 damaged; 0 are not in the database" in elsewhere.manage("verify_files")


def altered(archive: Path, to: Path, name: str, change: Any) -> Path:
    """A copy of an archive in which one member's content is another, the manifest's seal kept."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content
            kept = change(content.read()) if member.name == name else content.read()
            if member.name == "manifest.json":
                sha256 = hashlib.sha256(kept).hexdigest().encode()
            elif member.name == "manifest.sha256" and name == "manifest.json":
                kept = sha256
            member.size = len(kept)
            new.addfile(member, io.BytesIO(kept))
    return to


TERMINATED = """
import io, json, os, signal, sys
import django
django.setup()
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import call_command
from segmentation.operations.files import names_in

stored = FileSystemStorage._save

def store_and_be_terminated(*args, **more):
    stored(*args, **more)
    os.kill(os.getpid(), signal.SIGTERM)

FileSystemStorage._save = store_and_be_terminated
try:
    call_command("restore", "--from", sys.argv[1], stdout=io.StringIO())
except SystemExit as end:
    print(json.dumps([end.code, *names_in(default_storage)]))
"""
RESTORING_EACH = """
import io, json, sys
import django
django.setup()
from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from segmentation.operations.files import names_in
from tests.full_disk import files_of_at_most

said = []
for number, archive in enumerate(sys.argv[1:], 1):
    most = 1000 if number == len(sys.argv) - 2 else 2**40
    try:
        with files_of_at_most(most):
            call_command("restore", "--from", archive, stdout=io.StringIO())
        said.append("restored")
    except CommandError as error:
        said.append(str(error))
        assert not list(names_in(default_storage))
        assert not [file for file in settings.METHODS.rglob("*") if file.is_file()]
print(json.dumps(said))
"""


def test_what_is_damaged_or_foreign_is_refused_whole(
    folder: Elsewhere, archive: Path, tmp_path: Path
) -> None:
    """Each refusal leaves the set-up empty: the last one is restored into it.

    The one before the last finds no room.
    """
    first = sorted(manifest_of(archive).files)[0]
    weight = "methods/li-unet/1.safetensors"

    def without_marks(rows: bytes) -> bytes:
        return b"".join(line for line in rows.splitlines(True) if b'"rating.mark"' not in line)

    def with_a_mark_more(manifest: bytes) -> bytes:
        known = json.loads(manifest)
        known["rows"]["rating.mark"]["count"] += 1
        return json.dumps(known).encode()

    def older(manifest: bytes) -> bytes:
        known = json.loads(manifest)
        known["migrations"].pop()
        return json.dumps(known).encode()

    changes: list[tuple[str, str, Any]] = [
        (f"{first} is damaged in the backup", f"files/{first}", lambda _: b"another"),
        ("rows.jsonl is damaged in the backup", "rows.jsonl", without_marks),
        (f"{weight} is damaged in the backup", weight, lambda _: b"other weights"),
        ("manifest cannot be read", "manifest.json", lambda _: b"{}"),
        ("differs in rating.mark. Nothing was kept", "manifest.json", with_a_mark_more),
        ("another version of Plaque", "manifest.json", older),
        ("manifest.json is damaged in the backup", "manifest.sha256", lambda _: b"0" * 64),
    ]
    archives = [
        altered(archive, tmp_path / f"{number}.tar", name, change)
        for number, (_, name, change) in enumerate(changes)
    ]
    unknown = b'{"model": "no.such", "pk": 1, "fields": {}}\n'
    changes.append(("Nothing was kept of the backup", "rows.jsonl", lambda _: unknown))
    forged = altered(archive, tmp_path / "forged rows.tar", "rows.jsonl", changes[-1][2])

    def sealed(manifest: bytes) -> bytes:
        known = json.loads(manifest) | {"rows_sha256": hashlib.sha256(unknown).hexdigest()}
        return json.dumps(known).encode()

    archives.append(altered(forged, tmp_path / "forged.tar", "manifest.json", sealed))
    cut = tmp_path / "cut.tar"
    cut.write_bytes(archive.read_bytes()[:-40_000])
    own = folder.data / "methods" / "bianca" / "coefficients.json"
    own.parent.mkdir(parents=True)
    own.touch()
    assert "methods is not empty" in folder.refused("restore", "--from", str(archive))
    own.unlink()
    assert folder.says(TERMINATED, str(archive)) == [128 + signal.SIGTERM]
    said = folder.says(RESTORING_EACH, *map(str, [*archives, cut, archive, archive]))
    for (wanted, _, _), message in zip(changes, said, strict=False):
        assert wanted in message
    assert "cannot be read as a backup" in said[-3]
    assert said[-2] == "Nothing was kept of the backup: [Errno 27] File too large"
    assert said[-1] == "restored"


def test_a_backup_of_a_damaged_set_up_is_made_and_says_so(study: Study, tmp_path: Path) -> None:
    lost, changed = Scan.objects.all()[:2]
    default_storage.delete(lost.original.name)
    with default_storage.open(changed.browser.name, "wb") as file:
        file.write(b"another scan")
    (Path(default_storage.path("masks")) / "nobody-s.nii.gz").touch()
    report = check_files()
    assert [file.name for file in report.missing] == [lost.original.name]
    assert [file.name for file in report.damaged] == [changed.browser.name]
    assert report.orphans == ("masks/nobody-s.nii.gz",)
    assert report.sound == 14
    with pytest.raises(CommandError, match="missing or damaged"):
        call_command("backup", to=tmp_path / "b.tar", stdout=io.StringIO(), stderr=io.StringIO())
    manifest = manifest_of(tmp_path / "b.tar")
    assert manifest.missing == [lost.original.name]
    assert manifest.damaged == [changed.browser.name]
    with pytest.raises(CommandError, match="from a backup"):
        call_command("verify_files", stdout=io.StringIO())


def test_a_backup_overwrites_nothing(archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", to=archive)
    assert archive.read_bytes() == before


def test_a_backup_that_finds_no_room_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    big = ContentFile(bytes(40 * 1024**2))
    case = a_case(create_cohort(title="Clinic"), 1)
    case.scans.get().browser.storage.delete(case.scans.get().browser.name)
    default_storage.save(case.scans.get().browser.name, big)
    (tmp_path / "to").mkdir()
    # The database, a file of its own with SQLite, has room.
    with files_of_at_most(32 * 1024**2), pytest.raises(CommandError) as refused:
        call_command("backup", to=tmp_path / "to", stdout=io.StringIO())
    assert str(refused.value).startswith("No backup was made: [Errno 27] File too large")
    assert list((tmp_path / "to").iterdir()) == []
    held = locked_database(AuditEntry._meta.db_table)
    refusal = pytest.raises(CommandError, match="No backup was made, because the database")
    with impatient_database(), held, refusal:
        call_command("backup", to=tmp_path / "to", stdout=io.StringIO())
    assert list((tmp_path / "to").iterdir()) == []


def test_a_backup_that_is_terminated_or_has_no_folder_leaves_nothing(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match=r"No backup was made: .*Not a directory"):
        call_command("backup", to=tmp_path / "file" / "to", stdout=io.StringIO())
    to = tmp_path / "to"
    to.mkdir()
    opened = FileSystemStorage._open

    def terminated(*args: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return opened(*args)

    monkeypatch.setattr(FileSystemStorage, "_open", terminated)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with pytest.raises(SystemExit, match="143"):
            call_command("backup", to=to, stdout=io.StringIO())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert list(to.iterdir()) == []


def test_every_stored_file_has_a_hash_of_its_own() -> None:
    fields = [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, FileField)
    ]
    assert len(fields) >= 6
    hashes = [(field.model, hash_field(field)) for field in fields]
    assert len(set(hashes)) == len(fields)
    assert all(model._meta.get_field(name) for model, name in hashes)
