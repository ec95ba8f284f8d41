"""Backup: everything that Plaque keeps, in one archive, taken while web and worker go on.

The rows are written as JSON lines out of one read transaction, so that they fit together whatever
is stored meanwhile; a stored file never changes after it was written. Rows are taken through
Django, not by the database's own tool, because one way then serves both databases: what was begun
on SQLite is restored into PostgreSQL, and restored rows can be compared with the backup one by one.

The archive is a plain tar: `files/...`, `rows.jsonl`, `methods/...` (weights and coefficients made
here), `trainings/...` (what trainings under way go on from), and last `manifest.json` with number
and hash of everything, and its own hash; a file that it does not name was removed while the backup
was made. Secret key and settings are not in it, nor what is of the moment (sessions, counted
sign-ins, which workers run).
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any, cast

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.files.storage import FileSystemStorage, Storage, default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from rating.operations.answering import software_version
from segmentation.operations.audit import Act, record
from segmentation.operations.files import names_in, sha256_of, stored_files

FORMAT = 2
ROWS, FILES, MANIFEST, SEAL = "rows.jsonl", "files/", "manifest.json", "manifest.sha256"
MOST_TRIES = 20
# Of the moment: who is signed in, who tried to, which workers run, what is being stored.
LEFT_OUT = frozenset(
    {"sessions.session", "accounts.cacheentry", "segmentation.worker", "segmentation.filedraft"}
)


@dataclass(frozen=True)
class Digest:
    """How many there are, and the hash of them all."""

    count: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive holds. `missing` and `damaged` were so when the backup was made."""

    plaque: str
    made_at: str
    migrations: list[list[str]]
    rows: dict[str, Digest]  # by model
    rows_sha256: str  # of the file that holds them all
    files: dict[str, str]  # SHA-256 by name
    folders: dict[str, dict[str, str]] = field(default_factory=dict)  # the same, by folder
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The manifest as it stands in the archive."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """The manifest of an archive; raises ValueError, TypeError or KeyError if it is none."""
        known = json.loads(content)
        known["rows"] = {model: Digest(**digest) for model, digest in known["rows"].items()}
        return cls(**known)


class Exact(DjangoJSONEncoder):
    """Django's JSON, with times to the microsecond."""

    def default(self, o: Any) -> Any:
        """This will write what JSON has no word for."""
        return o.isoformat() if isinstance(o, datetime | date | time) else super().default(o)


def kept_models() -> list[type[Model]]:
    """The models whose rows a backup holds."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]


def kept_folders() -> dict[str, Storage]:
    """The folders whose files no row names, by their names in the archive."""
    homes = {"methods": settings.METHODS, "trainings": settings.TRAININGS}
    return {name: FileSystemStorage(location=home) for name, home in homes.items()}


def applied_migrations() -> list[list[str]]:
    """App and name of what was migrated; rows fit only where the same was."""
    return sorted(list(one) for one in MigrationRecorder(connection).applied_migrations())


def write_rows(model: type[Model], out: IO[str]) -> Digest:
    """This will write all rows of a model as JSON lines and return their number and hash."""
    rows = Hashed(out)
    everything = model._base_manager.order_by("pk").iterator()
    serializers.serialize("jsonl", everything, stream=rows, cls=Exact, ensure_ascii=True)
    return rows.digest()


class Hashed:
    """A text file that hashes the rows written into it, whatever their order and formatting."""

    def __init__(self, out: IO[str]) -> None:
        self.out = out
        self.rows: list[bytes] = []
        self.begun = ""

    def write(self, text: str) -> None:
        """This will pass text on; each line that it ends is a row."""
        self.out.write(text)
        *lines, self.begun = (self.begun + text).split("\n")
        self.rows += [hashlib.sha256(canonical(line)).digest() for line in lines if line]

    def digest(self) -> Digest:
        """Number and hash of the rows."""
        return Digest(len(self.rows), hashlib.sha256(b"".join(sorted(self.rows))).hexdigest())


def canonical(line: str) -> bytes:
    """A row such that equal ones are the same bytes: a database may keep 1.0 as 1, or 0 as -0."""
    row = json.loads(line, parse_float=lambda text: _whole(float(text)))
    return json.dumps(row, sort_keys=True).encode()


def _whole(number: float) -> float | int:
    return int(number) if number.is_integer() else number


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is as it was at one moment; nobody waits for it."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # atomic() would keep writers out (settings: IMMEDIATE)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def make_backup(*, to: Path, now: datetime) -> Manifest:
    """This will write an archive, which only its owner can read, and return what it holds.

    The archive appears under its name when it is whole. Raises FileExistsError, OSError.
    """
    if to.exists():
        raise FileExistsError(f"{to} is there already.")
    record(Act.BACKED_UP, by=None, now=now, what="everything")
    draft = to.with_name(f"{to.name}.partial")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as archive:
                manifest = _fill(archive, now)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _fill(archive: tarfile.TarFile, now: datetime) -> Manifest:
    """This will put files, rows and manifest into the archive.

    A file may be removed between the moment of the rows and its reading. Then the rows are taken
    anew and what they name besides is read, until all is there that is still named.
    """
    read: dict[str, str] = {}
    while True:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as rows:
            with one_moment():
                migrations = applied_migrations()
                digests = {one._meta.label_lower: write_rows(one, rows) for one in kept_models()}
                named = sorted(stored_files(), key=lambda file: file.name)
            missing = _add_stored(archive, [one.name for one in named], read, now)
            if missing and not missing <= {one.name for one in stored_files()}:
                continue
            rows.flush()
            rows_sha256 = _add(archive, ROWS, cast(IO[bytes], rows.buffer), now)
            break
    files = {one.name: read[one.name] for one in named if one.name in read}
    folders = {name: _add_folder(archive, name, home, now) for name, home in kept_folders().items()}
    manifest = Manifest(
        plaque=software_version(),
        made_at=now.isoformat(),
        migrations=migrations,
        rows=digests,
        rows_sha256=rows_sha256,
        files=files,
        folders=folders,
        missing=sorted(missing),
        damaged=[one.name for one in named if files.get(one.name, one.sha256) != one.sha256],
    )
    with tempfile.TemporaryFile() as content:
        content.write(manifest.to_json())
        sha256 = _add(archive, MANIFEST, content, now)
    with tempfile.TemporaryFile() as content:
        content.write(sha256.encode())
        _add(archive, SEAL, content, now)
    return manifest


def _add_stored(
    archive: tarfile.TarFile, names: list[str], read: dict[str, str], now: datetime
) -> set[str]:
    """This will add stored files with their hashes to what was `read`; returns those not there."""
    missing = set()
    for name in names:
        if name in read:
            continue
        try:
            with default_storage.open(name, "rb") as content:
                read[name] = _add(archive, FILES + name, content, now)
        except FileNotFoundError:
            missing.add(name)
    return missing


def _add_folder(
    archive: tarfile.TarFile, folder: str, storage: Storage, now: datetime
) -> dict[str, str]:
    """This will add a folder's files, all of one moment, and return their hashes."""
    with ExitStack() as stack:
        opened = all_opened(storage, stack)
        return {
            name: _add(archive, f"{folder}/{name}", content, now)
            for name, content in opened.items()
        }


def all_opened(storage: Storage, stack: ExitStack) -> dict[str, IO[bytes]]:
    """Every whole file of a folder, opened before any of them was replaced by another.

    Files are replaced whole, by renaming: what is open stays as it was. Raises OSError.
    """
    for _ in range(MOST_TRIES):
        names = _whole_files(storage)
        with suppress(FileNotFoundError):
            opened = {name: stack.enter_context(storage.open(name, "rb")) for name in names}
            same = all(
                os.path.samestat(os.fstat(content.fileno()), Path(storage.path(name)).stat())
                for name, content in opened.items()
            )
            if same and _whole_files(storage) == names:
                return cast(dict[str, IO[bytes]], opened)
    raise OSError(f"{storage.path('')} does not keep still, or a file in it cannot be opened.")


def _whole_files(storage: Storage) -> list[str]:
    """The names of a folder's files, without those that are being written."""
    return [
        name
        for name in names_in(storage)
        if not name.endswith(".new") and not any(part.startswith(".") for part in name.split("/"))
    ]


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], now: datetime) -> str:
    """This will add the whole of a file under a name and return its SHA-256."""
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, os.SEEK_END)
    member.mtime = int(now.timestamp())
    member.mode = 0o600
    content.seek(0)
    sha256 = sha256_of(content)
    content.seek(0)
    archive.addfile(member, content)
    return sha256
