"""Every real scan comes in, is segmented by the default method, and its mask fits it exactly."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from segmentation.models import Case, Cohort, InferenceJob
from segmentation.operations.running import run_next_job
from tests.segmentation.scans import signed_in

# Once: what a network finds does not hang on the database.
pytestmark = [pytest.mark.real_scans, pytest.mark.once, pytest.mark.django_db(transaction=True)]

GEOMETRY = [
    *("dim", "pixdim", "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d"),
    *("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"),
]


def header_of(content: bytes) -> nib.Nifti1Header:
    return nib.Nifti1Header(gzip.decompress(content)[:348])


def test_the_whole_folder_goes_in_and_masks_come_out_on_the_same_grid(
    real_scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cora = User.objects.create_user("cora")
    folder = real_scans / "ljubljana"
    expected = {str(flair.parent.name): flair for flair in folder.glob("*/FLAIR.nii.gz")}
    assert len(expected) >= 9
    call_command("import_cases", folder, cohort="Ljubljana", coordinator="cora")
    said = capsys.readouterr().out
    assert Case.objects.count() == len(expected)
    assert "masks_mni/patient09.nii.gz: in no case folder, ignored" in said
    assert "change_mask.nii.gz: unknown name, ignored" in said
    codes = {
        name: line.split(": case ")[1].split(" ")[0]
        for name in expected
        for line in said.splitlines()
        if line.startswith(f"ljubljana/{name}: case ")
    }
    assert codes.keys() == expected.keys()

    call_command("segment", all=True)
    while run_next_job(clock=timezone.now):
        pass
    assert [job.reason for job in InferenceJob.objects.exclude(state="succeeded")] == []

    client = signed_in(cora)
    for name, code in codes.items():
        case = client.get(f"/api/v1/cases/{code}/").json()
        prediction = next(s for s in case["segmentations"] if s["origin"] == "prediction")
        scan = nib.Nifti1Image.from_filename(expected[name])
        content = b"".join(client.get(prediction["download"]))
        mask = nib.Nifti1Image.from_bytes(gzip.decompress(content))
        assert mask.shape == scan.shape[:3], name
        np.testing.assert_array_equal(mask.affine, scan.affine, err_msg=name)
        theirs = nib.Nifti1Header(gzip.decompress(expected[name].read_bytes())[:348])
        for field in GEOMETRY[1:]:
            np.testing.assert_array_equal(
                header_of(content)[field], theirs[field], err_msg=f"{name} {field}"
            )
        voxels = np.asarray(mask.dataobj)
        assert set(np.unique(voxels)) <= {0, 1}
        assert sum(lesion["voxels"] for lesion in prediction["lesion_list"]) == voxels.sum()
    assert Cohort.objects.get().cases.count() == len(expected)
