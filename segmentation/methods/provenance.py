"""What a mask says about how it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segmentation
from segmentation.imaging.geometry import Grid
from segmentation.imaging.lesions import min_voxels_kept


def provenance(
    settings: Mapping[str, Any], checkpoint_sha256: str, *, grid: Grid, **more: Any
) -> dict[str, Any]:
    """Checkpoint, code and settings by hash, and the effective size limit on the scan's grid."""
    return {
        "checkpoint_sha256": checkpoint_sha256,
        "code_version": code_version(),
        "settings": dict(settings),
        "settings_sha256": hashlib.sha256(
            json.dumps(settings, sort_keys=True).encode()
        ).hexdigest(),
        "min_voxels_kept": min_voxels_kept(
            voxel_volume_mm3=grid.voxel_volume_mm3,
            min_volume_mm3=settings.get("min_volume_mm3", 0.0),
        ),
        **more,
    }


def hash_of(hashes: list[str]) -> str:
    """One hash for several files: the hash itself where there is one."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


@cache
def code_version() -> str:
    """SHA-256 over the source files that a prediction depends on."""
    root = Path(segmentation.__file__).parent
    digest = hashlib.sha256()
    for folder in ("imaging", "inference", "methods", "networks"):
        for file in sorted((root / folder).glob("*.py")):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
