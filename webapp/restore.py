"""Restore: an archive is brought back into an empty set-up, and kept only if all is equal.

The archive is read through before anything is written; then files and rows are written, read back
and compared with the manifest. Whatever goes wrong on the way, the set-up is empty again.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction

from segmentation.operations.audit import Act, record
from segmentation.operations.files import names_in, sha256_of
from segmentation.refusals import Refusal
from webapp.backup import (
    FILES,
    FORMAT,
    MANIFEST,
    ROWS,
    SEAL,
    Digest,
    Manifest,
    applied_migrations,
    kept_folders,
    kept_models,
    write_rows,
)

# What a migration itself fills; the archive brings these rows as they were.
FILLED_BY_MIGRATING = (Permission, ContentType)


class NotABackup(Refusal):
    """The file is no archive of Plaque, or it is damaged."""


class NotEmpty(Refusal):
    """The set-up holds something already."""


class OtherVersion(Refusal):
    """The archive was made by another version of Plaque."""


@dataclass(frozen=True)
class Comparison:
    """One kind of thing: as the archive has it, and as it was read back."""

    what: str
    archived: Digest
    restored: Digest

    @property
    def equal(self) -> bool:
        """Whether number and hash agree."""
        return self.archived == self.restored


class NotEqual(Refusal):
    """What was restored is not what the archive holds."""

    def __init__(self, comparisons: tuple[Comparison, ...]) -> None:
        unequal = [one.what for one in comparisons if not one.equal]
        super().__init__(f"What was read back differs in {', '.join(unequal)}. Nothing was kept.")
        self.comparisons = comparisons


class NotStorable(Refusal):
    """The database refuses a row of the archive."""


@dataclass(frozen=True)
class Restored:
    """The archive's manifest, and how it compares with what was read back."""

    manifest: Manifest
    comparisons: tuple[Comparison, ...]


def restore_backup(*, archive: Path, now: datetime) -> Restored:
    """This will restore an archive into this set-up, which is empty and is migrated first.

    Raises NotABackup, NotEmpty, OtherVersion, NotStorable, and NotEqual when anything read back
    differs; nothing is left behind then.
    """
    with _opened(archive) as tar:
        manifest = _read_through(tar)
        _refuse_full()
        call_command("migrate", verbosity=0, interactive=False)
        _refuse_other_version(manifest)
        written: list[tuple[Storage, str]] = []
        try:
            with transaction.atomic():
                files = _write_files(tar, FILES, manifest.files, default_storage, written)
                folders = {
                    name: _write_files(
                        tar, f"{name}/", manifest.folders.get(name, {}), storage, written
                    )
                    for name, storage in kept_folders().items()
                }
                _write_rows(tar)
                comparisons = tuple(_compare(manifest, files, folders))
                _refuse_unequal(comparisons)
                record(Act.RESTORED, by=None, now=now, what=f"backup of {manifest.made_at}")
        except BaseException:
            for storage, name in written:
                storage.delete(name)
            raise
    return Restored(manifest, comparisons)


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError) as error:
        raise NotABackup(f"{archive} cannot be read as a backup. Nothing was restored.") from error


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """The content of a plain file in the archive."""
    with suppress(KeyError):
        if content := tar.extractfile(name):
            return content
    raise NotABackup(f"The backup lacks {name}: it is not whole. Nothing was restored.")


def _read_through(tar: tarfile.TarFile) -> Manifest:
    """The manifest, after every file of the archive was found to be what it says."""
    try:
        manifest = Manifest.from_json(_member(tar, MANIFEST).read())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotABackup("The backup's manifest cannot be read. Nothing was restored.") from error
    if manifest.format != FORMAT:
        raise OtherVersion(f"This backup has format {manifest.format}, which is not known here.")
    members = {FILES + name: sha256 for name, sha256 in manifest.files.items()}
    for folder, files in manifest.folders.items():
        members |= {f"{folder}/{name}": sha256 for name, sha256 in files.items()}
    sealed = _member(tar, SEAL).read().decode(errors="replace")
    for name, sha256 in {MANIFEST: sealed, ROWS: manifest.rows_sha256, **members}.items():
        if sha256_of(_member(tar, name)) != sha256:
            raise NotABackup(f"{name} is damaged in the backup. Nothing was restored.")
    return manifest


def _refuse_other_version(manifest: Manifest) -> None:
    if manifest.migrations != applied_migrations():
        raise OtherVersion(
            f"This backup was made by another version of Plaque ({manifest.plaque}). Nothing was "
            "restored; restore it with that version, then update."
        )


def _refuse_full() -> None:
    tables = set(connection.introspection.table_names())  # none before the first migration
    full = [
        model._meta.label
        for model in kept_models()
        if model._meta.db_table in tables
        and model not in FILLED_BY_MIGRATING
        and model._base_manager.exists()
    ]
    if full:
        raise NotEmpty(
            f"The database is not empty ({', '.join(full)}). Nothing was restored; give an empty "
            "database and an empty data folder."
        )
    if next(names_in(default_storage), None) is not None:
        raise NotEmpty("The file storage is not empty. Nothing was restored; give an empty one.")
    for folder, storage in kept_folders().items():
        if next(names_in(storage), None) is not None:
            raise NotEmpty(
                f"The data folder's {folder} is not empty. Nothing was restored; give an empty "
                "data folder."
            )


def _write_files(
    tar: tarfile.TarFile,
    folder: str,
    names: Iterable[str],
    storage: Storage,
    written: list[tuple[Storage, str]],
) -> dict[str, str]:
    """This will store every file under its name and return the hashes as they are read back."""
    files = {}
    for name in names:
        written.append((storage, name))  # also what is written in part is taken away
        stored = storage.save(name, File(_member(tar, folder + name)))
        with storage.open(stored, "rb") as content:
            files[stored] = sha256_of(content)
    return files


def _write_rows(tar: tarfile.TarFile) -> None:
    """This will store every row under its key, and let new keys go on after them."""
    for model in FILLED_BY_MIGRATING:
        model._base_manager.all().delete()
    lines = io.TextIOWrapper(_member(tar, ROWS), encoding="utf-8")
    for row in serializers.deserialize("jsonl", lines):
        try:
            row.save(force_insert=True)
        except DatabaseError as error:
            raise NotStorable(f"This database refuses {row}: {error} Nothing was kept.") from error
    ContentType.objects.clear_cache()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)
        cursor.execute("ANALYZE")  # else PostgreSQL plans its first queries for empty tables
    connection.check_constraints()


def _refuse_unequal(comparisons: tuple[Comparison, ...]) -> None:
    if not all(one.equal for one in comparisons):
        raise NotEqual(comparisons)


def _compare(
    manifest: Manifest, files: Mapping[str, str], folders: Mapping[str, Mapping[str, str]]
) -> Iterator[Comparison]:
    """What the archive says beside what the set-up says now."""
    for model in kept_models():
        label = model._meta.label_lower
        restored = write_rows(model, io.StringIO())
        yield Comparison(label, manifest.rows.get(label, Digest(0, "")), restored)
    yield Comparison("stored files", _digest(manifest.files), _digest(files))
    for folder, restored_files in folders.items():
        archived = _digest(manifest.folders.get(folder, {}))
        yield Comparison(f"files of {folder}", archived, _digest(restored_files))


def _digest(files: Mapping[str, str]) -> Digest:
    """Number and one hash of names and their hashes."""
    listed = json.dumps(sorted(files.items())).encode()
    return Digest(len(files), sha256_of(io.BytesIO(listed)))
