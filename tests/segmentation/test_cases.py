"""Cora brings cases in; what is wrong is refused whole, and nobody else sees anything."""

import gzip
import io
import struct
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from segmentation.models import Case, Cohort, Scan, Segmentation
from tests.segmentation.scans import AFFINE, flair_voxels, nifti, signed_in, two_lesions

GOOD = nifti(flair_voxels())


def upload(user: User, files: dict[str, bytes], cohort: str = "clinic-2019", **fields: str):
    """What the upload page sends for one case."""
    sent = [SimpleUploadedFile(name, content) for name, content in files.items()]
    return signed_in(user).post(f"/api/v1/cohorts/{cohort}/cases/", {"files": sent, **fields})


def stored_files() -> list[Path]:
    """Every file in the storage."""
    root = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
    return [file for file in root.rglob("*") if file.is_file()]


def test_a_case_comes_in_with_codes_instead_of_names(cora: User, cohort: Cohort) -> None:
    answer = upload(cora, {"FLAIR.nii.gz": nifti(flair_voxels(), descrip="Jens Jensen 1967")})
    assert answer.status_code == 201, answer.content
    assert answer.json()["taken"] == [{"sequence": "FLAIR", "removed": ["descrip"]}]
    case = Case.objects.get()
    assert answer.json()["code"] == case.code == "C0001"
    scan = case.scans.get()
    with scan.original.open("rb") as file:
        content = gzip.decompress(file.read())
    assert b"Jensen" not in content
    with scan.browser.open("rb") as file:
        assert b"Jensen" not in gzip.decompress(file.read())
    assert "FLAIR" not in scan.original.name


def test_a_lone_file_is_the_flair_whatever_it_is_called(cora: User, cohort: Cohort) -> None:
    answer = upload(cora, {"jensen_jens.nii.gz": GOOD})
    assert answer.status_code == 201
    assert "jensen" not in answer.content.decode().lower()


def test_a_mask_that_comes_along_is_a_segmentation(cora: User, cohort: Cohort) -> None:
    files = {"FLAIR.nii.gz": GOOD, "mask.nii.gz": nifti(two_lesions()), "notes.txt": b"hello"}
    answer = upload(cora, files, mask_origin="consensus", subject="S77")
    assert answer.status_code == 201, answer.content
    assert answer.json()["ignored"] == ["notes.txt"]
    assert answer.json()["subject"] == "S77"
    segmentation = Segmentation.objects.get()
    assert segmentation.origin == "consensus"
    assert [lesion.voxels for lesion in segmentation.lesions] == [8, 27]
    assert segmentation.volume_ml == pytest.approx(0.105)


def test_an_empty_mask_is_taken_with_a_warning(cora: User, cohort: Cohort) -> None:
    empty = np.zeros_like(two_lesions())
    answer = upload(cora, {"FLAIR.nii.gz": GOOD, "mask.nii.gz": nifti(empty)})
    assert answer.status_code == 201
    assert "empty" in answer.json()["warnings"][0]


def no_geometry() -> bytes:
    image = nib.Nifti1Image(flair_voxels(), None)
    image.header.set_sform(None, 0)
    image.header.set_qform(None, 0)
    return gzip.compress(image.to_bytes())


def with_nan() -> bytes:
    voxels = flair_voxels().astype(np.float32)
    voxels[3, 4, 5] = np.nan
    return nifti(voxels)


def singular() -> bytes:
    image = nib.Nifti1Image(flair_voxels(), AFFINE)
    image.set_sform(np.diag([1.0, 1.0, 0.0, 1.0]), 1)
    image.set_qform(None, 0)
    return gzip.compress(image.to_bytes())


def with_inf() -> bytes:
    voxels = flair_voxels().astype(np.float32)
    voxels[3, 4, 5] = np.inf
    return nifti(voxels)


def colours() -> bytes:
    return nifti(np.zeros((64, 80, 12), [("R", "u1"), ("G", "u1"), ("B", "u1")]))


def with_field(offset: int, fmt: str, *values: float) -> bytes:
    """A good scan with some bytes of its header overwritten."""
    content = bytearray(gzip.decompress(GOOD))
    struct.pack_into(fmt, content, offset, *values)
    return gzip.compress(content)


NO_VOXEL_SIZE = with_field(80, "<f", 0.0)
CONTRADICTION = with_field(292, "<f", 25.0)  # the sform lies 25 mm off the qform
HUGE = with_field(42, "<3h", 32000, 32000, 32000)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"FLAIR.nii.gz": b"no NIfTI at all"}, "UnusableImage"),
        ({"FLAIR.nii.gz": b""}, "UnusableImage"),
        ({"FLAIR.nii.gz": GOOD[: len(GOOD) // 2]}, "UnusableImage"),
        ({"FLAIR.nii.gz": nifti(np.stack([flair_voxels()] * 2, axis=-1))}, "UnusableImage"),
        ({"FLAIR.nii.gz": with_nan()}, "UnusableImage"),
        ({"FLAIR.nii.gz": no_geometry()}, "UnusableImage"),
        ({"FLAIR.nii.gz": singular()}, "UnusableImage"),
        ({"FLAIR.nii.gz": GOOD, "mask.nii.gz": nifti(two_lesions()[:-1])}, "UnusableImage"),
        ({"FLAIR.nii.gz": GOOD, "T1.nii.gz": b"broken"}, "UnusableImage"),
        ({"FLAIR.nii.gz": with_inf()}, "UnusableImage"),
        ({"FLAIR.nii.gz": colours()}, "UnusableImage"),
        ({"FLAIR.nii.gz": nifti(flair_voxels().astype(np.complex64))}, "UnusableImage"),
        ({"FLAIR.nii.gz": NO_VOXEL_SIZE}, "UnusableImage"),
        ({"FLAIR.nii.gz": CONTRADICTION}, "UnusableImage"),
        ({"FLAIR.nii.gz": HUGE}, "UnusableImage"),
        ({"FLAIR.nii.gz": GOOD, "T1.nii.gz": CONTRADICTION}, "UnusableImage"),
        ({"FLAIR.nii.gz": GOOD, "mask.nii.gz": nifti(flair_voxels())}, "UnusableImage"),
        ({"FLAIR.hdr": b"x" * 348, "FLAIR.img": b"x" * 99}, "ImageInTwoFiles"),
        ({"a.HDR": b"x" * 348, "a.img.gz": b"x" * 99}, "ImageInTwoFiles"),
        ({"FLAIR.nii.gz": GOOD, "sub-1_T1w.img": b"x" * 99}, "ImageInTwoFiles"),
        ({"T1.nii.gz": GOOD, "T2.nii.gz": GOOD}, "NoFlair"),
        ({"FLAIR.nii.gz": GOOD, "flair.nii": GOOD}, "TwoFilesForOneSequence"),
    ],
)
def test_what_is_wrong_is_refused_whole(
    cora: User, cohort: Cohort, files: dict[str, bytes], code: str
) -> None:
    answer = upload(cora, files)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert "Nothing was stored" in answer.json()["message"]
    assert not Case.objects.exists()
    assert stored_files() == []


def test_an_image_in_two_files_is_named_with_what_to_do(
    cora: User, cohort: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = {"FLAIR.hdr": b"x" * 348, "FLAIR.img": b"x" * 99}
    said = upload(cora, pair | {"T1.nii.gz": GOOD}).json()["message"]
    assert said.startswith("FLAIR.hdr and FLAIR.img: ")
    assert "convert it to FLAIR.nii.gz" in said
    unknown = upload(cora, {"FLAIR.nii.gz": GOOD, "other.hdr": b"x", "other.img": b"x"})
    assert unknown.json()["ignored"] == ["other.hdr", "other.img"]
    for name, content in pair.items():
        (tmp_path / "first").mkdir(exist_ok=True)
        (tmp_path / "first" / name).write_bytes(content)
    with pytest.raises(CommandError, match="1 of 1 cases were refused"):
        call_command("import_cases", tmp_path)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "header"),
    [(nib.Nifti1Image, nib.Nifti1Header), (nib.Nifti2Image, nib.Nifti2Header)],
)
def test_nifti2_and_the_other_byte_order_are_taken(
    cora: User, cohort: Cohort, kind: Any, header: Any
) -> None:
    image = kind(flair_voxels().astype(">i2"), AFFINE, header(endianness=">"))
    image.set_sform(AFFINE, 1)
    image.set_qform(AFFINE, 1)
    answer = upload(cora, {"FLAIR.nii": image.to_bytes()})
    assert answer.status_code == 201, answer.content
    volume = signed_in(cora).get(f"/api/v1/cases/{answer.json()['code']}/scans/FLAIR/volume/")
    shown = nib.Nifti1Image.from_bytes(gzip.decompress(volume.content))
    np.testing.assert_array_equal(np.asarray(shown.dataobj)[::-1, ::-1], flair_voxels())


def test_a_name_as_subject_code_is_refused(cora: User, cohort: Cohort) -> None:
    answer = upload(cora, {"FLAIR.nii.gz": GOOD}, subject="Jens Jensen")
    assert answer.json()["code"] == "InvalidSubject"
    assert "subject" in answer.json()["fields"]


def test_the_same_scan_is_not_taken_twice(cora: User, cohort: Cohort) -> None:
    upload(cora, {"FLAIR.nii.gz": GOOD})
    again = upload(cora, {"other.nii": gzip.decompress(GOOD)})
    assert again.status_code == 409
    assert again.json()["code"] == "AlreadyImported"
    assert "C0001" in again.json()["message"]


def test_only_coordinators_import_and_only_members_see(
    cora: User, dana: User, otto: User, case: Case
) -> None:
    assert upload(dana, {"FLAIR.nii.gz": nifti(flair_voxels(2))}).status_code == 403
    assert upload(otto, {"FLAIR.nii.gz": nifti(flair_voxels(2))}).status_code == 404
    mask = case.segmentations.get()
    for address in [
        f"/api/v1/cases/{case.code}/",
        f"/api/v1/cases/{case.code}/scans/FLAIR/volume/",
        f"/api/v1/segmentations/{mask.pk}/",
        f"/api/v1/segmentations/{mask.pk}/mask/",
        "/api/v1/cohorts/clinic-2019/cases/",
    ]:
        assert signed_in(cora).get(address).status_code == 200
        assert signed_in(dana).get(address).status_code == 200
        assert signed_in(otto).get(address).status_code == 404


def test_the_browser_copy_is_ras_and_the_download_is_not(cora: User, case: Case) -> None:
    client = signed_in(cora)
    volume = client.get(f"/api/v1/cases/{case.code}/scans/FLAIR/volume/")
    assert volume["Cache-Control"] == "no-store"
    assert "ETag" not in volume
    browser = nib.Nifti1Image.from_bytes(gzip.decompress(volume.content))
    assert nib.aff2axcodes(browser.affine) == ("R", "A", "S")
    mask = b"".join(client.get(f"/api/v1/segmentations/{case.segmentations.get().pk}/mask/"))
    native = nib.Nifti1Image.from_stream(io.BytesIO(gzip.decompress(mask)))
    np.testing.assert_array_equal(native.affine, AFFINE)
    np.testing.assert_array_equal(np.asarray(native.dataobj), two_lesions())


def test_a_tree_of_folders_is_imported_by_command(
    cora: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seed in [("first", 1), ("second", 2)]:
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "tree" / name / "FLAIR.nii.gz").write_bytes(nifti(flair_voxels(seed)))
    (tmp_path / "tree" / "second" / "change_mask.nii.gz").write_bytes(nifti(two_lesions()))
    (tmp_path / "tree" / "masks").mkdir()
    (tmp_path / "tree" / "masks" / "patient01.nii.gz").write_bytes(nifti(two_lesions()))
    call_command("import_cases", tmp_path / "tree", cohort="Clinic 2020", coordinator="cora")
    said = capsys.readouterr().out
    assert "change_mask.nii.gz: unknown name, ignored" in said
    assert "patient01.nii.gz: in no case folder, ignored" in said
    assert Case.objects.filter(cohort__title="Clinic 2020").count() == 2
    call_command("import_cases", tmp_path / "tree", cohort="Clinic 2020")
    assert "0 imported, 2 already there" in capsys.readouterr().out
    assert Case.objects.count() == 2


@pytest.mark.parametrize("name", ["T1.nii.gz", "sub-03_T1w.nii.gz", "T2.img"])
@pytest.mark.parametrize("beside_a_case", [False, True])
def test_a_folder_without_flair_is_refused_by_command(
    name: str,
    beside_a_case: bool,
    db: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / name).write_bytes(GOOD)
    if beside_a_case:
        (tmp_path / "with").mkdir()
        (tmp_path / "with" / "FLAIR.nii.gz").write_bytes(GOOD)
    with pytest.raises(CommandError, match=r"1 of [12] cases were refused"):
        call_command("import_cases", tmp_path)
    assert "without: refused" in capsys.readouterr().err
    assert Case.objects.count() == Cohort.objects.count() == int(beside_a_case)
    assert not Scan.objects.exclude(sequence="FLAIR").exists()


def test_one_bad_case_does_not_stop_the_others(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in [("bad", GOOD[:200]), ("good", GOOD)]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "FLAIR.nii.gz").write_bytes(content)
    with pytest.raises(CommandError, match="1 of 2 cases were refused"):
        call_command("import_cases", tmp_path)
    assert Case.objects.count() == 1
    assert "Nobody can see Cases yet" in capsys.readouterr().out
