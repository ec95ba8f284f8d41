"""Two delineators and three methods on a real scan; everything is computed a second time here."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from scipy import ndimage

from rating.models import Candidate, ReferenceStudy
from segmentation.models import Cohort
from segmentation.operations.cases import NamedFile, import_case
from tests.rating.delineators import Delineator, a_method_mask
from tests.rating.reference_stage import METHODS, Clock, drafted
from tests.rating.stage import NOON, Browser

pytestmark = pytest.mark.real_scans

EVERY = np.ones((3, 3, 3))
LEAST_MM3 = 10.7


def ras(path: Path) -> Any:
    return nib.as_closest_canonical(nib.Nifti1Image.from_filename(path))


def large(mask: Any, voxel_mm3: float) -> Any:
    """The lesions of a mask that are not smaller than the least, labelled by scipy."""
    labels, count = ndimage.label(mask, EVERY)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    small = sizes * voxel_mm3 < LEAST_MM3 - 1e-6
    labels[small[labels]] = 0
    return labels


def fused(sources: dict[str, Any]) -> list[tuple[int, Any]]:
    """Candidates by flooding: how many voxels, and the centre of mass, in voxels."""
    groups: list[set[tuple[str, int]]] = []
    everything = np.logical_or.reduce([labels > 0 for labels in sources.values()])
    places = np.argwhere(everything)
    parts = {
        frozenset(
            (name, int(labels[tuple(at)])) for name, labels in sources.items() if labels[tuple(at)]
        )
        for at in places
    }
    for here in parts:
        touching = [group for group in groups if group & here]
        groups = [group for group in groups if not group & here] + [set(here).union(*touching)]
    found = []
    for group in groups:
        mask = np.logical_or.reduce([sources[name] == number for name, number in group])
        found.append((int(mask.sum()), mask))
    return found


def test_a_whole_study_of_a_real_scan(
    real_scans: Path,
    people: dict[str, User],
    cohort: Cohort,
    cora: Browser,
    clock: Clock,
) -> None:
    folder = real_scans / "ljubljana" / "mni_patient07"
    flair = folder / "FLAIR.nii.gz"
    scan = nib.Nifti1Image.from_filename(flair)
    expert = np.asarray(ras(real_scans / "ljubljana/masks_mni/patient07.nii.gz").dataobj) > 0
    voxel_mm3 = float(np.prod(ras(flair).header.get_zooms()))
    case = import_case(
        cohort=cohort, files=[NamedFile("FLAIR.nii.gz", flair.read_bytes())], now=NOON
    ).case
    cohort.memberships.create(user=people["rita"], role="delineator")
    rng = np.random.default_rng(1)
    labels, count = ndimage.label(expert, EVERY)
    kept = rng.random(count + 1) > 0.4
    kept[0] = False
    drawn = {
        "dana": expert,
        "rita": ndimage.binary_dilation(kept[labels]),
        "slim-unet": np.roll(expert, 2, axis=0),
        "bianca": ndimage.binary_erosion(expert),
        "lst-lpa": np.roll(ndimage.binary_dilation(expert), (9, -7), axis=(0, 1)),
    }
    for method in METHODS:
        a_method_mask(case, method, drawn[method])
    own = {name: {case.code: drawn[name]} for name in ("dana", "rita")}
    address = drafted(cora, cohort, own)
    cora.post(f"{address}open/")
    dana, rita = Delineator(people["dana"]), Delineator(people["rita"])
    dana.finish_step_1(own["dana"])
    rita.finish_step_1(own["rita"])
    clock.pass_days(30)
    kept_of = {name: large(mask, voxel_mm3) for name, mask in drawn.items()}
    wanted = fused(kept_of)
    second = [person.finish_step_2()[case.code] for person in (dana, rita)]
    found = list(Candidate.objects.order_by("number"))
    assert len(found) == len(wanted) > 10
    assert sorted(one.voxels for one in found) == sorted(size for size, _ in wanted)
    affine = ras(flair).affine
    by_dot = {tuple(one.voxel): one for one in found}
    for _, mask in wanted:
        (dot,) = [voxel for voxel in by_dot if mask[voxel]]
        mm = nib.affines.apply_affine(affine, np.argwhere(mask))
        away = np.linalg.norm(mm - mm.mean(axis=0), axis=1)
        one = by_dot[dot]
        place = np.array([one.x_mm, one.y_mm, one.z_mm])
        assert np.linalg.norm(place - mm.mean(axis=0)) == pytest.approx(away.min(), abs=1e-3)
    study = ReferenceStudy.objects.get()
    cora.post(f"{address}close/", {"reason": "All done."})
    cora.post(f"{address}masks/")
    rows = {
        (row["delineator"], row["dots_of"]): row["dots"]
        for row in cora.get(f"{address}results/")["acceptance"]
        if not row["only"]
    }
    touched = {
        name: sum(bool((labelled[one] > 0).any()) for _, one in wanted)
        for name, labelled in kept_of.items()
    }
    for method in METHODS:
        assert rows["dana", method] == touched[method]
    assert rows["dana", "own"] == rows["rita", "colleague"] == touched["dana"]
    assert rows["rita", "own"] == rows["dana", "colleague"] == touched["rita"]
    made = {one.title: one for one in case.segmentations.exclude(origin="prediction")}
    together = f"{study.title}: dana, {study.title}: rita"
    for title, mask in {
        f"{study.title}, step 1: rita": kept_of["rita"] > 0,
        f"{study.title}: dana": large(second[0], voxel_mm3) > 0,
        f"Union of {together}": (large(second[0], voxel_mm3) > 0)
        | (large(second[1], voxel_mm3) > 0),
    }.items():
        with made[title].mask.open("rb") as stored:
            image = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
        assert image.shape == scan.shape
        np.testing.assert_array_equal(image.affine, scan.affine)
        voxels = np.asarray(nib.as_closest_canonical(image).dataobj) > 0
        np.testing.assert_array_equal(voxels, mask)
