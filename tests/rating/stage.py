"""What the rating stories are told with: a browser, small scans, a study."""

from __future__ import annotations

import gzip
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import nibabel as nib
import numpy as np
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from numpy.typing import NDArray

from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Cohort, Segmentation
from segmentation.operations.cases import NamedFile, import_case
from segmentation.operations.masks import NewMask, store_mask

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHAPE = (24, 28, 10)
AFFINE = np.array([[-1.0, 0, 0, 12], [0, -1.0, 0, 14], [0, 0, 3.0, -15], [0, 0, 0, 1]])


class Browser:
    """One signed-in person's browser: JSON in, JSON out."""

    def __init__(self, user: User) -> None:
        self.client = Client(enforce_csrf_checks=False)
        self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def ask(self, method: str, path: str, body: Any = None) -> HttpResponse:
        """The response to one request below /api/v1/ (or to a full path)."""
        address = path if path.startswith("/") else f"/api/v1/{path}"
        sent = {} if body is None else {"data": json.dumps(body)}
        call = getattr(self.client, method)
        return call(address, content_type="application/json", **sent)

    def get(self, path: str) -> Any:
        return done(self.ask("get", path))

    def post(self, path: str, body: Any = None) -> Any:
        return done(self.ask("post", path, body if body is not None else {}))

    def put(self, path: str, body: Any) -> Any:
        return done(self.ask("put", path, body))

    def patch(self, path: str, body: Any) -> Any:
        return done(self.ask("patch", path, body))

    def delete(self, path: str) -> Any:
        return done(self.ask("delete", path))

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the code of a request that is refused."""
        response = self.ask(method, path, body)
        assert response.status_code >= 400, response.content
        told = response.json()
        assert told["message"]
        return response.status_code, told["code"]

    # --- reading, as the page does it

    def reading(self) -> dict[str, Any]:
        """The state of this rater's one reading."""
        (mine,) = self.get("readings/")
        return self.get(f"readings/{mine['reading']}/")

    def open_next(self) -> dict[str, Any]:
        """The presentation whose turn it is, opened."""
        return self.post(f"presentations/{self.reading()['presentation']}/open/")

    def mark(self, token: str, *, lesion: int | None = None, mark: uuid.UUID | None = None) -> Any:
        """A stored mark: a false positive with a lesion, a missed lesion without."""
        return self.put(f"presentations/{token}/marks/{mark or uuid.uuid4()}/", a_mark(lesion))

    def submit(self, token: str, *, fp: int = 0, fn: int = 0, **more: Any) -> Any:
        """The reading after a presentation was submitted."""
        return self.post(f"presentations/{token}/submit/", an_answer(fp=fp, fn=fn, **more))

    def rate_next(self, *, fp: int = 0, fn: int = 0, verdict: str = "acceptable") -> Any:
        """The reading after the next presentation was opened, marked and submitted."""
        shown = self.open_next()
        for lesion in range(1, fp + 1):
            self.mark(shown["presentation"], lesion=lesion)
        for _ in range(fn):
            self.mark(shown["presentation"])
        return self.submit(shown["presentation"], fp=fp, fn=fn, verdict=verdict)


def done(response: HttpResponse) -> Any:
    """The JSON of a response that is no refusal; None when it has none."""
    assert response.status_code < 300, (response.status_code, response.content)
    return response.json() if response.content else None


def a_mark(lesion: int | None = None, mm: tuple[float, ...] = (1.25, -2.5, 6.1)) -> dict[str, Any]:
    """A mark as the page sends it."""
    kind = "FN" if lesion is None else "FP"
    return {"kind": kind, "lesion": lesion, "mm": list(mm), "reason": ""}


def a_view(**more: Any) -> dict[str, Any]:
    """Where a rater stands, as the page sends it."""
    return {
        "mm": [1.5, -2.0, 6.0],
        "window": {"low": 10.0, "high": 300.5},
        "lesion": 2,
        "toured": [1, 2],
        "active_ms": 4200,
        "slice_ms": [0, 0, 1200, 3000],
    } | more


def an_answer(*, fp: int = 0, fn: int = 0, **more: Any) -> dict[str, Any]:
    """An answer as the page sends it."""
    answer = {
        "outcome": "rated",
        "verdict": "acceptable",
        "reason": "",
        "comment": "",
        "counts": {"fp": fp, "fn": fn},
        "typed": None,
        "active_ms": 41_000,
        "slices_seen": 10,
    }
    return answer | more


def nifti(voxels: NDArray[Any], affine: NDArray[Any] = AFFINE) -> bytes:
    """A .nii.gz of these voxels with both geometries set."""
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    return gzip.compress(image.to_bytes())


def mask_with(lesions: int) -> NDArray[np.bool_]:
    """A mask with this many lesions of 4 voxels (12 mm3), at most 20, none touching another."""
    mask = np.zeros(SHAPE, bool)
    for number in range(lesions):
        x, y = 2 + 4 * (number % 5), 2 + 6 * (number // 5)
        mask[x : x + 2, y : y + 2, 4] = True
    return mask


def a_case(cohort: Cohort, seed: int, *, has_t1: bool = False) -> Case:
    """A case with a FLAIR scan of its own and no mask; its T1 has voxels twice as wide."""
    voxels = np.random.default_rng(seed).normal(300, 40, SHAPE).clip(0).astype(np.int16)
    files = [NamedFile("FLAIR.nii.gz", nifti(voxels))]
    if has_t1:
        wide = AFFINE @ np.diag([2.0, 2.0, 1.0, 1.0])
        files.append(NamedFile("T1.nii.gz", nifti(1000 - voxels[::2, ::2], wide)))
    return import_case(cohort=cohort, files=files, now=NOON).case


def invited(cohort: Cohort, *people: User) -> None:
    """These people came as raters by an invitation to the cohort."""
    for person in people:
        taken = {
            "address": f"{person.username}@clinic.example",
            "role": "rater",
            "accepted_by": person,
            **dict.fromkeys(("invited_at", "expires_at", "accepted_at"), NOON),
        }
        key = f"{cohort.pk} {person.username}"
        cohort.invitations.get_or_create(key_sha256=key, defaults=taken)


def a_mask(case: Case, *, lesions: int, method: str = "secret-method") -> Segmentation:
    """A prediction for a case with this many lesions."""
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        like = read_volume(stored.read(), name="FLAIR")
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title="Adapted by nobody",
        mask=mask_with(lesions),
        method=method,
    )
    return store_mask(new, like=like, now=NOON)
