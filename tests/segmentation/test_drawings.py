"""Dana draws and corrects; what the server makes of it lies exactly where it was drawn."""

from __future__ import annotations

import gzip
from itertools import permutations, product
from typing import Any
from uuid import uuid4

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from numpy.typing import NDArray

from segmentation.imaging.drawing import digest
from segmentation.imaging.nifti import read_volume
from segmentation.models import AuditEntry, Case, Cohort, Drawing, Segmentation
from segmentation.operations.cases import NamedFile, create_cohort, import_case
from tests.rating.stage import NOON, Browser, a_case, a_mask
from tests.segmentation.scans import nifti


@pytest.fixture
def cohort(db: None) -> Cohort:
    cora = User.objects.create_user("cora")
    made = create_cohort(title="Clinic", coordinators=[cora])
    for name in ("dana", "ravi"):
        user = User.objects.create_user(name, first_name=name.capitalize())
        made.memberships.create(user=user, role="delineator")
    return made


class Delineator(Browser):
    """Somebody who draws, with the mask as their page would hold it."""

    def begin(self, case: Case, parent: Segmentation | None = None) -> Delineator:
        body = {"corrects": str(parent.pk) if parent else None}
        self.drawing = self.post(f"cases/{case.code}/drawings/", body)
        shape = case.scans.get(sequence="FLAIR").grid.ras.shape
        self.shown = np.zeros(shape, dtype=bool)
        if parent:
            with parent.labels.open("rb") as stored:
                self.shown = read_volume(stored.read(), name="labels").data > 0
        self.edits = len(self.drawing["edits"])
        return self

    @property
    def address(self) -> str:
        return f"drawings/{self.drawing['id']}/"

    def body(self, kind: str = "change", **more: Any) -> dict[str, Any]:
        empty = {"added": [], "removed": [], "accepted": [], "active_ms": 90_000}
        return empty | {"number": self.edits + 1, "kind": kind, "tool": ""} | more

    def draw(self, after: NDArray[np.bool_], tool: str = "brush") -> dict[str, Any]:
        """Exchange the mask for another one by one edit."""
        body = self.body(
            tool=tool, added=runs(after & ~self.shown), removed=runs(self.shown & ~after)
        )
        self.put(f"{self.address}edits/{uuid4()}/", body)
        self.shown, self.edits = after, self.edits + 1
        return body

    def save(self, **more: Any) -> Any:
        return self.post(f"{self.address}save/", self.seen(**more))

    def seen(self, **more: Any) -> dict[str, Any]:
        voxels = int(self.shown.sum())
        seen = {"edits": self.edits, "voxels": voxels, "digest": digest(self.shown)}
        return seen | {"active_ms": 90_000} | more


def runs(voxels: NDArray[np.bool_]) -> list[int]:
    return [part for at in np.flatnonzero(voxels.ravel(order="F")) for part in (int(at), 1)]


def dana() -> Delineator:
    return Delineator(User.objects.get(username="dana"))


def with_block(mask: NDArray[np.bool_], *corner: int) -> NDArray[np.bool_]:
    """A mask with a block of 3 x 3 x 2 voxels more."""
    x, y, z = corner
    drawn = mask.copy()
    drawn[x : x + 3, y : y + 3, z : z + 2] = True
    return drawn


CODES = ((1, 1), (2, 0), (1, 2), (4, 0), (3, 1))  # of sform and qform
TILTED = np.array([[0.93, 0.12, 0.3], [-0.15, 1.21, -0.2], [-0.2, 0.25, 3.1]])  # oblique, sheared


def test_a_saved_mask_has_exactly_the_grid_of_its_scan_whatever_its_axes(cohort: Cohort) -> None:
    """All 48 orders and directions of the axes; by nibabel, with nothing of ours in between."""
    rng = np.random.default_rng(5)
    for number, (order, signs) in enumerate(
        product(permutations(range(3)), product((1, -1), repeat=3))
    ):
        affine = np.eye(4)
        affine[:3, :3] = TILTED[:, order] * signs
        affine[:3, 3] = (-20 + number, 35, 12)
        sizes = np.array((7, 9, 6))[list(order)]
        flair = nifti(
            rng.integers(1, 900, sizes).astype(np.int16), affine, codes=CODES[number % len(CODES)]
        )
        file = NamedFile("FLAIR.nii.gz", flair)
        case = import_case(cohort=cohort, files=[file], now=NOON).case
        person = dana().begin(case)
        drawn = rng.random(person.shown.shape) > 0.8
        person.draw(drawn)
        saved = Segmentation.objects.get(pk=person.save()["id"])
        with saved.mask.open("rb") as stored:
            mask = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
        scan = nib.Nifti1Image.from_bytes(gzip.decompress(flair))
        assert mask.shape == scan.shape
        np.testing.assert_array_equal(mask.affine, scan.affine)
        for code in ("qform_code", "sform_code"):
            assert mask.header[code] == scan.header[code]
        back = nib.as_closest_canonical(scan).affine  # where the page's voxels are
        wanted = nib.affines.apply_affine(back, np.argwhere(drawn))
        there = nib.affines.apply_affine(mask.affine, np.argwhere(np.asarray(mask.dataobj)))
        np.testing.assert_allclose(
            wanted[np.lexsort(wanted.round(3).T)], there[np.lexsort(there.round(3).T)], atol=1e-4
        )


def test_from_empty_to_a_delineation(cohort: Cohort) -> None:
    case = a_case(cohort, 1)
    person = dana().begin(case)
    person.draw(with_block(person.shown, 3, 4, 2))
    before = person.shown
    person.draw(with_block(person.shown, 12, 14, 5), "fill")
    person.put(f"{person.address}edits/{uuid4()}/", person.body("undo"))
    person.shown, person.edits = before, 3
    again = Delineator(User.objects.get(username="dana")).begin(case)  # another machine
    assert again.drawing["id"] == person.drawing["id"]
    assert [edit["kind"] for edit in again.drawing["edits"]] == ["change", "change", "undo"]
    shown = person.save()
    assert (shown["origin"], shown["title"], shown["author"]) == (
        "delineation",
        "Delineation by Dana",
        "Dana",
    )
    assert [lesion["voxels"] for lesion in shown["lesion_list"]] == [18]
    assert shown["provenance"]["tools"] == {"brush": 1, "fill": 1, "undo": 1}
    assert shown["provenance"]["active_minutes"] == 1.5
    assert person.save()["id"] == shown["id"]  # the answer was lost on its way
    assert Segmentation.objects.count() == 1
    late = person.body(added=[0, 1])
    code = person.refused("put", f"{person.address}edits/{uuid4()}/", late)
    assert code == (409, "AlreadySaved")
    assert AuditEntry.objects.filter(act="mask-drawn", actor="dana").count() == 1


def test_an_edit_is_stored_once_and_in_its_place(cohort: Cohort) -> None:
    person = dana().begin(a_case(cohort, 1))
    first = uuid4()
    address = f"{person.address}edits/{first}/"
    body = person.body(added=[5, 2])
    assert person.put(address, body) == person.put(address, body)
    assert person.put(address, body | {"active_ms": 95_000}), "time goes on, the edit is the same"
    for other_content in ({"added": [5, 3]}, {"removed": [9, 1]}, {"tool": "lasso"}):
        assert person.refused("put", address, body | other_content) == (409, "DrawnElsewhere")
    assert person.get(person.address)["edits"][0]["added"] == [5, 2]
    elsewhere = f"{person.address}edits/{uuid4()}/"
    assert person.refused("put", elsewhere, body) == (409, "DrawnElsewhere")
    other = Delineator(User.objects.get(username="ravi")).begin(Case.objects.get())
    assert other.refused("put", f"{other.address}edits/{first}/", body) == (409, "DrawnElsewhere")
    for wrong in (
        {"added": [5]},
        {"added": [24 * 28 * 10, 1]},
        {"removed": [5, 3, 6, 1]},
        {"accepted": [24 * 28 * 10]},
        {"kind": "redo"},
    ):
        body = person.body(number=2) | wrong
        assert person.refused("put", elsewhere, body) == (400, "UnusableEdit")
    assert Drawing.objects.get(author__username="dana").edits.count() == 1


def test_what_does_not_replay_is_not_saved(cohort: Cohort) -> None:
    person = dana().begin(a_case(cohort, 1))
    person.draw(with_block(person.shown, 3, 4, 2))
    for wrong in ({"voxels": 17}, {"digest": 1}):
        code = person.refused("post", f"{person.address}save/", person.seen(**wrong))
        assert code == (409, "DoesNotReplay")
    assert person.refused("post", f"{person.address}save/", person.seen(edits=0)) == (
        409,
        "DrawnElsewhere",
    )
    twice = person.body(added=runs(person.shown))
    person.put(f"{person.address}edits/{uuid4()}/", twice)
    code = person.refused("post", f"{person.address}save/", person.seen(edits=2))
    assert code == (409, "DoesNotReplay")
    assert not Segmentation.objects.exists()


def test_several_people_correct_one_mask_and_none_is_lost(cohort: Cohort) -> None:
    case = a_case(cohort, 1)
    mask = a_mask(case, lesions=3)
    one, other = dana().begin(case, mask), Delineator(User.objects.get(username="ravi"))
    other.begin(case, mask)
    one.draw(with_block(one.shown, 18, 20, 7))
    other.draw(np.zeros_like(other.shown), "delete")
    saved = one.save()
    assert (saved["origin"], saved["corrects"]) == ("correction", str(mask.pk))
    save = f"{other.address}save/"
    assert other.refused("post", save, other.seen()) == (409, "SavedMeanwhile")
    assert [entry["id"] for entry in other.get(other.address)["meanwhile"]] == [saved["id"]]
    fork = other.post(f"{other.address}fork/", {"edits": 1})
    assert [entry["id"] for entry in fork["meanwhile"]] == [saved["id"]], "it goes on with a part"
    third = Delineator(User.objects.get(username="cora")).begin(case, mask)
    later = third.save(others=[saved["id"]])
    seen = other.seen(others=[saved["id"]])
    assert other.refused("post", save, seen) == (409, "SavedMeanwhile"), "of the third one's"
    mine = other.save(others=[saved["id"], later["id"]])
    assert mine["empty"]
    assert Segmentation.objects.filter(parent=mask).count() == 3
    mask.refresh_from_db()
    assert len(mask.lesion_list) == 3  # it stays as it was


def test_a_drawing_that_went_on_in_two_windows_becomes_two(cohort: Cohort) -> None:
    case = a_case(cohort, 1)
    first = dana().begin(case)
    first.draw(with_block(first.shown, 3, 4, 2))
    second = dana().begin(case)
    second.shown = first.shown
    first.draw(with_block(first.shown, 12, 14, 5))
    with pytest.raises(AssertionError, match="DrawnElsewhere"):
        second.draw(with_block(second.shown, 18, 20, 7))
    second.drawing = second.post(f"{second.address}fork/", {"edits": 1})
    second.draw(with_block(second.shown, 18, 20, 7))
    assert [first.save()["lesions"], second.save()["lesions"]] == [2, 2]
    beyond = first.refused("post", f"{first.address}fork/", {"edits": 9})
    assert beyond == (409, "DrawnElsewhere")


def test_whoever_starts_anew_finds_both_drawings_again(cohort: Cohort) -> None:
    first = dana().begin(case := a_case(cohort, 1))
    first.draw(with_block(first.shown, 3, 4, 2))
    assert first.drawing["unsaved"] == []
    anew = first.post(f"{first.address}fork/", {"edits": 0})
    assert [one["id"] for one in anew["unsaved"]] == [first.drawing["id"]]
    assert dana().begin(case).drawing["id"] == anew["id"]
    again = first.get(first.address)
    assert [one["id"] for one in again["unsaved"]] == [anew["id"]]
    assert len(again["edits"]) == 1
    first.save()
    assert first.get(f"drawings/{anew['id']}/")["unsaved"] == []


def test_a_mask_of_another_case_is_not_corrected_here(cohort: Cohort) -> None:
    case, mask = a_case(cohort, 1), a_mask(a_case(cohort, 2), lesions=1)
    for parent in (mask.pk, uuid4()):
        address, body = f"cases/{case.code}/drawings/", {"corrects": str(parent)}
        assert dana().refused("post", address, body) == (400, "NoSuchMask")
    assert not Drawing.objects.exists()


def test_a_case_goes_with_its_drawings(cohort: Cohort) -> None:
    case = a_case(cohort, 1)
    mask = a_mask(case, lesions=1)
    person = dana().begin(case, mask)
    person.draw(with_block(person.shown, 18, 20, 7))
    person.save()
    dana().begin(case, Segmentation.objects.get(origin="correction"))
    cora = Browser(User.objects.get(username="cora"))
    cora.post(f"cases/{case.code}/delete/", {"reason": "Wrong person."})
    assert not Drawing.objects.exists()
    assert not Segmentation.objects.exists()
