"""Versions of methods: checkpoints that were made here, and what a training may begin from.

Nothing here leads to PyTorch: a checkpoint's header says who was learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max

import segmentation
from segmentation.methods import METHOD_CARDS, MethodCard, method_card
from segmentation.models import Cohort, Training, Version
from segmentation.networks.header import header_of, object_in, record_of
from segmentation.operations.files import delete_files, keep, store
from segmentation.queries import versions_of
from segmentation.refusals import Refusal

SHIPPED = {
    "slim-unet": Path(segmentation.__file__).parent / "checkpoints" / "slim-unet.safetensors"
}
THRESHOLD = 0.5  # of a network that nobody calibrated


class UnknownStart(Refusal):
    """There is no checkpoint of that name to begin from."""


@dataclass(frozen=True)
class Start:
    """A checkpoint to begin from: what it is called, how it was made, and its bytes."""

    name: str
    title: str
    method: str
    record: Mapping[str, Any]
    network: Mapping[str, Any]  # settings of the network, as `networks.unet.UNetSettings`
    read: Callable[[], bytes]

    @property
    def fits(self) -> frozenset[str]:
        """The methods of which a training from here can make a version."""
        channels, outputs = self.network.get("in_channels"), self.network.get("outputs")
        if outputs == 2 and channels == 3:
            return frozenset({"slim-unet"})
        return frozenset({"adapted-unet"}) if outputs == 1 else frozenset()


def starts_for(user: User | None) -> list[Start]:
    """All checkpoints that somebody may begin from (None: a command): methods', then versions."""
    found = [start for card in METHOD_CARDS for start in _of_method(card)]
    versions = Version.objects.all() if user is None else versions_of(user)
    return found + [_of_version(version) for version in versions]


def start_named(name: str, *, user: User | None) -> Start:
    """One of them; raises UnknownStart."""
    for start in starts_for(user):
        if start.name == name:
            return start
    raise UnknownStart(
        f"There is no checkpoint {name!r} to begin from. Choose one of the list.",
        fields={"start": [f"There is no checkpoint {name!r} here."]},
    )


def _of_method(card: MethodCard) -> Iterable[Start]:
    """The U-Net that a method runs with, the first of several; none where it has none."""
    own = sorted((Path(settings.METHODS) / card.name).glob("[!.]*.safetensors"))
    path = SHIPPED.get(card.name) or next(iter(own), None)
    if path is None:
        return
    content = path.read_bytes()
    network = network_of(content)
    if network:
        yield Start(card.name, card.title, card.name, record_of(content), network, path.read_bytes)


def _of_version(version: Version) -> Start:
    def read() -> bytes:
        with version.checkpoint.open("rb") as file:
            return bytes(file.read())

    record = dict(version.record)
    network = record.pop("network", {})
    return Start(version.name, version.title, version.method, record, network, read)


def network_of(content: bytes) -> Mapping[str, Any]:
    """The settings of a U-Net checkpoint's network; empty for files of another kind."""
    try:
        header = header_of(content)
        if not header.get("format", "").startswith("plaque-unet-"):
            return {}
        return object_in(header["settings"])
    except (ValueError, KeyError):
        return {}


def add_version(
    *,
    method: str,
    title: str,
    content: bytes,
    cohorts: Iterable[Cohort],
    now: datetime,
    training: Training | None = None,
) -> Version:
    """This will store a checkpoint as the next version of a method; no other version changes.

    Raises StorageFailed.
    """
    record = record_of(content)
    version = Version(
        method=method,
        training=training,
        record={**record, "network": network_of(content)},
        threshold=float(record.get("threshold", THRESHOLD)),
        created_at=now,
    )
    version.sha256 = store(version.checkpoint, content, suffix=".safetensors")
    try:
        _save(version, title, cohorts)
    except BaseException:
        delete_files(version)
        raise
    return version


def _save(version: Version, title: str, cohorts: Iterable[Cohort], tries: int = 5) -> None:
    """This will save a version under the next free number, whoever else takes one meanwhile."""
    method = method_card(version.method)
    number = next_number(version.method)
    version.number, version.name = number, f"{method.name}-v{number}"
    version.title = f"{method.title} v{number}: {title}"[:120]
    try:
        with transaction.atomic():
            version.save(force_insert=True)
            version.cohorts.set(cohorts)
            keep(version)
    except IntegrityError:
        if tries == 1:
            raise
        _save(version, title, cohorts, tries - 1)


def next_number(method: str) -> int:
    """The number of a method's next version; 1 is what ships or was installed."""
    newest = Version.objects.filter(method=method).aggregate(number=Max("number"))["number"]
    return (newest or 1) + 1
