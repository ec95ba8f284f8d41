"""Delineators that are scripts: both steps of a reference through the same API as a browser."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

import numpy as np
from django.contrib.auth.models import User
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from rating.models import Assignment
from segmentation.imaging.drawing import digest, runs_of
from segmentation.models import Case, Scan, Segmentation
from segmentation.operations.voxels import mask_of
from webapp.scripted_reading import ScriptedPerson, Shown

NEAR_MM = 3.0
FOUND_ALONE = 0.8
ACROSS = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])


class ScriptedDelineator(ScriptedPerson):
    """Delineates like a person who knows the imported masks, and alone overlooks small lesions.

    `is_generous` draws every lesion a voxel larger within its slices.
    """

    def __init__(self, person: User, assignment: Assignment, *, is_generous: bool) -> None:
        super().__init__(person)
        self.name = person.get_username()
        self.share = f"/api/v1/assignments/{assignment.token}/"
        self.is_generous = is_generous

    def finish(self, step: int) -> None:
        """This will open, draw and submit whatever of a step is ready."""
        for one in self.ask("get", self.share)[f"step_{step}"]:
            if one["state"] == "ready":
                self.delineate(one["delineation"], step)

    def delineate(self, token: str, step: int) -> None:
        """This will do one delineation to its end; what is there already stays."""
        address = f"/api/v1/delineations/{token}/"
        shown = self.ask("post", f"{address}open/")
        case = Case.objects.get(reference_cases__delineations__token=token)
        grid = case.scans.get(sequence=Scan.Sequence.FLAIR).grid
        known = grid.to_ras(mask_of(case.segmentations.get(origin=Segmentation.Origin.IMPORTED)))
        lesions, count = ndimage.label(known, np.ones((3, 3, 3)))
        self.chance.seed(f"{self.name}, {case.code}, step {step}")  # the same when it goes on
        if step == 1:
            sizes = np.bincount(lesions.ravel(), minlength=count + 1)[1:]
            middle = np.median(sizes) if count else 0
            found = {
                one
                for one, size in enumerate(sizes, 1)
                if self.chance.random() < FOUND_ALONE or size > middle
            }
        else:
            at = np.argwhere(known)
            places = cKDTree(grid.ras.to_mm(at))
            found = set()
            for dot in shown["dots"]:
                distance, nearest = places.query(dot["mm"])
                is_lesion = distance <= NEAR_MM
                if is_lesion:
                    found.add(int(lesions[tuple(at[nearest])]))
                choice = "lesion" if is_lesion else "not_a_lesion"
                if dot["choice"] is None:
                    path = f"{address}dots/{dot['dot']}/decisions/{uuid4()}/"
                    self.ask("put", path, {"choice": choice})
        self.draw(address, shown, lesions, found)

    def draw(
        self, address: str, shown: Shown, lesions: NDArray[np.integer], found: Iterable[int]
    ) -> None:
        """This will draw these lesions, an edit each, and submit the delineation."""
        drawn = np.zeros(lesions.shape, dtype=bool)
        active_ms, edits = 0, 0
        for lesion in sorted(found):
            mask = lesions == lesion
            if self.is_generous:
                mask = ndimage.binary_dilation(mask, ACROSS)
            added = np.argwhere(mask & ~drawn)
            if not len(added):  # what was drawn before covers it
                continue
            active_ms += self.chance.randint(8_000, 40_000)
            edits += 1
            edit = {
                "number": edits,
                "kind": "change",
                "tool": "brush",
                "added": runs_of(added, shape=lesions.shape),
                "removed": [],
                "accepted": [],
                "active_ms": active_ms,
            }
            if edits > len(shown["edits"]):
                self.ask("put", f"{address}edits/{uuid4()}/", edit)
            drawn |= mask
        self.ask(
            "post",
            f"{address}submit/",
            {
                "edits": edits,
                "voxels": int(drawn.sum()),
                "digest": digest(drawn),
                "active_ms": active_ms,
            },
        )
