"""Stored files: written before their row, kept with it, and held against what it says.

A process can be killed between writing a file and saving the row that names it. So each file is
announced by a `FileDraft` first; the transaction that saves the row takes that back (`keep`), and
what is announced but not kept within an hour is swept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import uuid4

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import FileField, Model
from django.db.models.fields.files import FieldFile

from segmentation.models import FileDraft
from segmentation.refusals import Refusal

CHUNK = 1024**2
LONGEST_DRAFT = timedelta(hours=1)


class StorageFailed(Refusal):
    """The file storage is full or cannot be reached."""


class DraftSwept(Exception):
    """A file took so long to be kept that it was swept."""


@dataclass(frozen=True)
class StoredFile:
    """A file that a row names; `sha256` is what the row says about it."""

    name: str
    sha256: str
    row: str


@dataclass(frozen=True)
class FilesReport:
    """How rows and storage agree."""

    sound: int
    missing: tuple[StoredFile, ...]
    damaged: tuple[StoredFile, ...]
    orphans: tuple[str, ...]  # names of files that no row names
    drafts: int  # files that are being stored, or are yet to be swept


def store(target: FieldFile, content: bytes, *, suffix: str = ".nii.gz") -> str:
    """This will write a file under a random name, telling nothing; returns its SHA-256.

    Raises StorageFailed, with nothing left of the file, when the storage cannot take it.
    """
    name = f"{uuid4().hex}{suffix}"
    full_name = target.field.generate_filename(target.instance, name)
    FileDraft.objects.create(name=full_name)
    try:
        target.save(name, ContentFile(content), save=False)
    except OSError as error:
        target.storage.delete(full_name)
        FileDraft.objects.filter(name=full_name).delete()
        raise StorageFailed(
            f"The server could not store a file ({error.strerror or error}). Nothing was kept and "
            "what was stored before is unharmed. Tell your administrator, then try again."
        ) from error
    return hashlib.sha256(content).hexdigest()


def keep(*rows: Model) -> None:
    """This will keep the files of rows; call it in the transaction that saves the rows."""
    names = [stored.name for row in rows for stored in _files_of(row)]
    kept, _ = FileDraft.objects.filter(name__in=names).delete()
    if kept != len(names):
        raise DraftSwept(f"{len(names) - kept} of {len(names)} files were swept before their time")


def drop(*rows: Model) -> None:
    """This will delete the files of rows when the transaction that deletes the rows has ended."""
    FileDraft.objects.bulk_create(
        FileDraft(name=str(stored.name)) for row in rows for stored in _files_of(row)
    )
    transaction.on_commit(lambda: delete_files(*rows))


def drop_stored(name: str) -> None:
    """This will delete one file when the transaction that takes it from its row has ended.

    An empty name is no file.
    """
    if not name:
        return
    FileDraft.objects.create(name=name)

    def delete() -> None:
        default_storage.delete(name)
        FileDraft.objects.filter(name=name).delete()

    transaction.on_commit(delete)


def delete_files(*rows: Model) -> None:
    """This will delete the files of rows that were not saved after all."""
    names = []
    for row in rows:
        for stored in _files_of(row):
            names.append(stored.name)
            stored.delete(save=False)
    FileDraft.objects.filter(name__in=names).delete()


def sweep_drafts(*, now: datetime) -> int:
    """This will delete files that were announced long ago and never kept; returns how many."""
    swept = 0
    for draft in FileDraft.objects.filter(begun_at__lt=now - LONGEST_DRAFT):
        with transaction.atomic():  # whoever keeps the file meanwhile finds the draft, or we do
            if FileDraft.objects.filter(pk=draft.pk).delete()[0]:
                default_storage.delete(draft.name)
                swept += 1
    return swept


def _files_of(row: Model) -> list[FieldFile]:
    """The files that a row has."""
    fields = [field for field in row._meta.get_fields() if isinstance(field, FileField)]
    return [stored for field in fields if (stored := getattr(row, field.name))]


def stored_files() -> Iterator[StoredFile]:
    """Every file that any row names."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not isinstance(field, FileField):
                continue
            rows = model._base_manager.exclude(**{field.name: ""}).order_by("pk")
            known = rows.values_list("pk", field.name, hash_field(field)).iterator()
            for pk, name, sha256 in known:
                yield StoredFile(name, sha256, f"{model._meta.label} {pk}, {field.name}")


def hash_field(field: FileField) -> str:
    """The name of the field that keeps a file field's hash: `x_sha256`, or else `sha256`."""
    names = {one.name for one in field.model._meta.get_fields()}
    own = f"{field.name}_sha256"
    return own if own in names else "sha256"


def sha256_of(content: IO[bytes]) -> str:
    """The SHA-256 of what is left to read of a file."""
    digest = hashlib.sha256()
    while chunk := content.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def names_in(storage: Storage, folder: str = "") -> Iterator[str]:
    """The name of every file in a storage, below a folder; nothing when the folder is not there."""
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        yield f"{folder}{name}"
    for below in sorted(folders):
        yield from names_in(storage, f"{folder}{below}/")


def check_files() -> FilesReport:
    """This will read every stored file and compare it with what its row says.

    The storage is listed first: a file that is stored meanwhile counts as neither.
    """
    there = set(names_in(default_storage))
    drafts = set(FileDraft.objects.values_list("name", flat=True))
    sound, missing, damaged, named = 0, [], [], set()
    for file in stored_files():
        named.add(file.name)
        try:
            with default_storage.open(file.name, "rb") as content:
                as_stored = sha256_of(content)
        except FileNotFoundError:
            missing.append(file)
            continue
        if as_stored == file.sha256:
            sound += 1
        else:
            damaged.append(file)
    return FilesReport(
        sound=sound,
        missing=tuple(missing),
        damaged=tuple(damaged),
        orphans=tuple(sorted(there - named - drafts)),
        drafts=len(drafts - named),
    )
