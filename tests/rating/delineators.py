"""What the stories of the reference study are told with: who draws, and what methods made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.drawing import digest, runs_of
from segmentation.imaging.geometry import Grid
from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, InferenceJob, Segmentation
from segmentation.operations.masks import NewMask, store_mask
from tests.rating.stage import NOON, Browser

Mask = NDArray[np.bool_]
Voxel = tuple[int, int, int]


class Delineator(Browser):
    """Somebody who delineates, as the page does it: everything by tokens."""

    def share(self) -> dict[str, Any]:
        """Where they are in their one share."""
        (mine,) = self.get("assignments/")
        return self.get(f"assignments/{mine['assignment']}/")

    def tasks(self, step: int, state: str = "ready") -> list[str]:
        """The tokens of a step's delineations in a state, in their order."""
        return [one["delineation"] for one in self.share()[f"step_{step}"] if one["state"] == state]

    def open(self, token: str) -> dict[str, Any]:
        return self.post(f"delineations/{token}/open/")

    def draw(self, token: str, mask: Mask, *, edit: UUID | None = None) -> None:
        """One edit that adds a mask (RAS order) to what is drawn."""
        shown = self.get(f"delineations/{token}/")
        body = an_edit(mask, number=len(shown["edits"]) + 1)
        self.put(f"delineations/{token}/edits/{edit or uuid4()}/", body)

    def decide(
        self, token: str, dot: str, choice: str, *, by_id: UUID | None = None, **more: Any
    ) -> Any:
        path = f"delineations/{token}/dots/{dot}/decisions/{by_id or uuid4()}/"
        return self.put(path, {"choice": choice} | more)

    def submit(self, token: str, mask: Mask) -> Any:
        return self.post(f"delineations/{token}/submit/", self.seen(token, mask))

    def seen(self, token: str, mask: Mask) -> dict[str, Any]:
        edits = len(self.get(f"delineations/{token}/")["edits"])
        return {
            "edits": edits,
            "voxels": int(mask.sum()),
            "digest": digest(mask),
            "active_ms": 60_000,
        }

    def finish_step_1(self, masks: Mapping[str, Mask]) -> None:
        """All first steps; `masks` by the case's code, which only the test can tell."""
        for token in self.tasks(1):
            self.open(token)
            mask = masks[case_of(token).code]
            if mask.any():
                self.draw(token, mask)
            self.submit(token, mask)

    def finish_step_2(self, *, reject: Collection[Voxel] = ()) -> dict[str, Mask]:
        """All second steps: 3 x 3 voxels at every dot but those rejected; what is drawn by case."""
        drawn = {}
        for token in self.tasks(2):
            shown = self.open(token)
            mask = np.zeros(grid_of(token).ras.shape, bool)
            for dot in shown["dots"]:
                x, y, z = dot["voxel"]
                if (x, y, z) in reject:
                    self.decide(token, dot["dot"], "not_a_lesion")
                    continue
                self.decide(token, dot["dot"], "unsure")
                self.decide(token, dot["dot"], "lesion")
                mask[x - 1 : x + 2, y - 1 : y + 2, z : z + 1] = True
            if mask.any():
                self.draw(token, mask)
            self.submit(token, mask)
            drawn[case_of(token).code] = mask
        return drawn


def grid_of(token: str) -> Grid:
    grid: Grid = case_of(token).scans.get(sequence="FLAIR").grid
    return grid


def case_of(token: str) -> Case:
    return Case.objects.get(reference_cases__delineations__token=token)


def an_edit(mask: Mask, *, number: int = 1) -> dict[str, Any]:
    """An edit that adds a mask, as the page sends it."""
    return {
        "number": number,
        "kind": "change",
        "tool": "brush",
        "added": runs_of(np.argwhere(mask), shape=mask.shape),
        "removed": [],
        "accepted": [],
        "active_ms": 1000,
    }


def ball(shape: Voxel, *blocks: tuple[Voxel, Voxel]) -> Mask:
    """A mask (RAS order) with a block of voxels for each pair of corners."""
    mask = np.zeros(shape, bool)
    for low, high in blocks:
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


def a_method_mask(case: Case, method: str, mask: Mask) -> Segmentation:
    """A method's mask (RAS order) of a case, by a job that succeeded."""
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        like = read_volume(stored.read(), name="FLAIR")
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title=f"By {method}",
        mask=like.grid.to_native(mask),
        method=method,
    )
    made = store_mask(new, like=like, now=NOON)
    InferenceJob.objects.create(
        case=case,
        method=method,
        segmentation=made,
        state=InferenceJob.State.SUCCEEDED,
        queued_at=NOON,
        finished_at=NOON,
    )
    return made
