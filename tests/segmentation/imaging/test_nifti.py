"""Scans are checked and stripped at the door; masks leave with the scan's own geometry."""

import gzip
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from segmentation.imaging.lesions import find_lesions
from segmentation.imaging.nifti import (
    UnusableImage,
    lesion_label_file,
    mask_file,
    probability_file,
    read_volume,
    take_in_mask,
    take_in_scan,
)

AFFINE = np.array([[-0.8, 0, 0.3, 40], [0, -0.8, 0.2, 50], [0.1, 0.1, 3.0, -20], [0, 0, 0, 1.0]])
VOXELS = np.random.default_rng(1).integers(0, 900, (12, 14, 6)).astype(np.int16)
NOT_NUMBERS = f"{np.count_nonzero(VOXELS > 890)} of 1,008 voxels are not numbers"


def image(voxels: np.ndarray = VOXELS, affine: np.ndarray = AFFINE, **fields: object) -> bytes:
    """An uncompressed NIfTI-1 file with both geometries and these header fields."""
    made = nib.Nifti1Image(voxels, affine)
    made.set_sform(affine, 1)
    made.set_qform(affine, 1, strip_shears=True)
    for name, value in fields.items():
        made.header[name] = value
    return made.to_bytes()


def with_field(offset: int, fmt: str, *values: object) -> bytes:
    """A good file with some header bytes overwritten."""
    content = bytearray(image(affine=np.diag([-1.0, -1, 3, 1])))
    struct.pack_into(fmt, content, offset, *values)
    return bytes(content)


def nifti2(order: str = "<", **fields: object) -> bytes:
    """An uncompressed NIfTI-2 file in this byte order with these header fields."""
    affine = np.diag([-1.0, -1, 3, 1])
    header = nib.Nifti2Header(endianness=order)
    made = nib.Nifti2Image(VOXELS.astype(f"{order}i2"), affine, header)
    made.set_sform(affine, 1)
    made.set_qform(affine, 1)
    content = bytearray(made.to_bytes())
    wrong = nib.Nifti2Header(bytes(content[:540]), check=False)
    for name, value in fields.items():
        wrong[name] = value
    content[:540] = wrong.binaryblock
    return bytes(content)


def nib_read(content: bytes) -> nib.Nifti1Image:
    return nib.Nifti1Image.from_bytes(gzip.decompress(content))


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<u2", "<f4", ">f4", "<f8", "<i4"])
def test_voxels_of_every_type_are_read_and_kept(dtype: str) -> None:
    header = nib.Nifti1Header(endianness=dtype[0] if dtype[0] in "<>" else "<")
    header.set_data_dtype(np.dtype(dtype))
    content = nib.Nifti1Image((VOXELS % 200).astype(dtype), AFFINE, header).to_bytes()
    taken = take_in_scan(content, name="FLAIR")
    assert gzip.decompress(taken.original)[352:] == content[352:]
    np.testing.assert_array_equal(read_volume(taken.original, name="x").data, VOXELS % 200)
    np.testing.assert_allclose(nib_read(taken.original).affine, AFFINE, atol=1e-5)
    assert nib.aff2axcodes(nib_read(taken.browser).affine) == ("R", "A", "S")


@pytest.mark.parametrize("order", ["<", ">"])
def test_nifti2_is_read_and_kept_as_nifti1(order: str) -> None:
    said = {"descrip": b"Jens Jensen", "scl_slope": 2.0, "scl_inter": 1.0}
    taken = take_in_scan(gzip.compress(nifti2(order, **said)), name="FLAIR")
    assert taken.removed == ("descrip",)
    kept = nib_read(taken.original)
    assert kept.header["sizeof_hdr"] == 348
    assert kept.header["qform_code"] == kept.header["sform_code"] == 1
    np.testing.assert_array_equal(kept.affine, np.diag([-1.0, -1, 3, 1]))
    np.testing.assert_array_equal(np.asarray(kept.dataobj), VOXELS * 2 + 1)
    np.testing.assert_array_equal(read_volume(taken.original, name="x").data, VOXELS * 2 + 1)
    assert b"Jensen" not in gzip.decompress(taken.original)


def test_slope_and_intercept_are_applied() -> None:
    content = image(scl_slope=0.5, scl_inter=-10)
    data = read_volume(content, name="x").data
    assert data.dtype == np.float32
    np.testing.assert_allclose(data, VOXELS * 0.5 - 10)
    browser = nib_read(take_in_scan(content, name="x").browser)
    assert browser.get_data_dtype() == np.float32


def test_text_and_extensions_are_emptied_and_named() -> None:
    made = nib.Nifti1Image(VOXELS, AFFINE)
    made.header["descrip"], made.header["aux_file"] = b"Jens Jensen", b"/home/jens"
    made.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"born 1967"))
    taken = take_in_scan(gzip.compress(made.to_bytes()), name="FLAIR")
    assert taken.removed == ("descrip", "aux_file", "extensions")
    for stored in (taken.original, taken.browser):
        assert not any(word in gzip.decompress(stored) for word in (b"ens", b"1967"))
    np.testing.assert_array_equal(np.asarray(nib_read(taken.original).dataobj), VOXELS)
    assert taken.original[4:8] == b"\0\0\0\0"


def test_a_scan_is_known_again_however_it_was_compressed() -> None:
    content = image()
    hashes = {
        take_in_scan(form, name="x").sha256
        for form in (content, gzip.compress(content, 1), gzip.compress(content, 9))
    }
    assert len(hashes) == 1
    other = VOXELS.copy()
    other[0, 0, 0] += 1
    assert take_in_scan(image(other), name="x").sha256 not in hashes


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a NIfTI"),
        (b"hello world" * 100, "not a NIfTI"),
        (gzip.compress(image())[:-20], "ends too early"),
        (b"\x1f\x8b" + b"x" * 500, "damaged"),
        (image()[:-100], "announces"),
        (image(np.stack([VOXELS] * 2, axis=-1)), "4 dimensions"),
        (image(VOXELS[:, :, 0]), "12 x 14"),
        (image(VOXELS[:, :, :1]), "at least 2 x 2 x 2"),
        (image(VOXELS.astype(np.complex64)), "type"),
        (image(np.zeros(VOXELS.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])), "greyscale"),
        (nifti2(dim=[3, 40000, 1, 1, 1, 1, 1, 1]), "more than 32,767"),
        (nifti2(magic=b"ni2"), "single-file"),
        (nifti2(pixdim=[1, 1e300, 1, 1, 1, 1, 1, 1]), "voxel size"),
        (nifti2(vox_offset=348), "announces"),
        (nifti2(vox_offset=-1), "announces"),
        (nifti2()[:500], "not a NIfTI"),
        (image(np.where(VOXELS > 890, np.nan, VOXELS).astype("f4")), NOT_NUMBERS),
        (image(np.where(VOXELS > 890, np.inf, VOXELS).astype("f4")), NOT_NUMBERS),
        (image(np.full_like(VOXELS, 7)), "same value"),
        (with_field(252, "<hh", 0, 0), "says nothing about where"),
        (with_field(80, "<f", 0.0), "voxel size"),
        (with_field(80, "<f", -1.0), "voxel size"),
        (with_field(80, "<f", float("nan")), "voxel size"),
        (with_field(280, "<4f", 0, 0, 0, 0), "geometry"),
        (with_field(280, "<8f", 1, 1, 0, 0, 1, 1, 0, 0), "singular"),
        (with_field(292, "<f", 25.0), "contradict"),
        (with_field(42, "<3h", 32000, 32000, 32000), "MB in memory"),
        (with_field(42, "<3h", -5, 10, 10), "at least"),
        (with_field(108, "<f", -900.0), "announces"),
        (with_field(108, "<f", float("nan")), "announces"),
        (with_field(70, "<h", 21764), "does not exist"),
        (with_field(112, "<ff", 2.0, float("nan")), "scaling"),
        (with_field(344, "4s", b"ni1\0"), "single-file"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(content: bytes, says: str) -> None:
    with pytest.raises(UnusableImage, match=says) as refused:
        take_in_scan(content, name="patient.nii")
    assert refused.value.message.startswith("patient.nii: ")


@contextmanager
def memory_of_at_most(size: int) -> Iterator[None]:
    """Fails when more than this many bytes were held at once in here."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"", "not a NIfTI"),
        (image(), "more than 16 MB in memory"),  # a sound scan before it
        (with_field(42, "<3h", 300, 300, 300), "more than 16 MB in memory"),
        (with_field(42, "<3h", 32000, 32000, 32000), "more than 16 MB in memory"),
        (with_field(108, "<f", 5e7), "announces"),
    ],
)
def test_a_gzip_bomb_is_not_unpacked(start: bytes, says: str) -> None:
    bomb = gzip.compress(start + bytes(60_000_000), 1)
    with memory_of_at_most(2 * 1024**2), pytest.raises(UnusableImage, match=says):
        read_volume(bomb, name="bomb", max_bytes=16 * 1024**2)


def test_what_follows_the_voxels_is_checked_and_not_kept() -> None:
    content = gzip.compress(image() + bytes(8_000_000), 1)
    with memory_of_at_most(1024**2):
        np.testing.assert_array_equal(read_volume(content, name="x").data, VOXELS)
    for damaged, says in (
        (content[:-1], "ends too early"),
        (content[:-8] + bytes(8), "damaged"),
    ):
        with pytest.raises(UnusableImage, match=says):
            read_volume(damaged, name="x")


def test_a_file_in_many_parts_is_read_but_not_in_any_number() -> None:
    """bgzip writes parts; a file of empty ones would keep a web process busy for hours."""
    content, empty = image(), gzip.compress(b"", mtime=0)
    parts = [gzip.compress(content[at : at + 7]) for at in range(0, len(content), 7)]
    for packed in (b"".join(parts), empty * 1000 + gzip.compress(content) + empty):
        np.testing.assert_array_equal(read_volume(packed, name="x").data, VOXELS)
    with pytest.raises(UnusableImage, match="more than 20000 parts"):
        read_volume(empty * 400_000 + gzip.compress(content), name="x")


def test_scaled_voxels_count_as_they_lie_in_memory() -> None:
    voxels = np.random.default_rng(2).integers(0, 255, (128, 128, 128)).astype(np.uint8)
    upright = np.diag([-1.0, -1, 3, 1])
    plain = image(voxels, upright)
    scaled = image(voxels, upright, scl_slope=0.1, scl_inter=3)
    most = 4 * voxels.size
    assert read_volume(plain, name="x", max_bytes=most).data.nbytes == voxels.size
    with pytest.raises(UnusableImage, match="8 MB in memory"):
        read_volume(scaled, name="x", max_bytes=most)
    with memory_of_at_most(12 * voxels.size):  # as float64 alone it would take 8, and 8 more
        data = read_volume(scaled, name="x", max_bytes=2 * most).data
    assert data.dtype == np.float32
    np.testing.assert_allclose(data, voxels * 0.1 + 3, rtol=1e-6)


def test_a_fourth_axis_of_one_frame_is_dropped() -> None:
    assert read_volume(image(VOXELS[..., None]), name="x").data.shape == VOXELS.shape


@pytest.mark.parametrize(("qform", "sform"), [(1, 0), (0, 1), (2, 4)])
def test_a_mask_leaves_with_the_scans_geometry(qform: int, sform: int) -> None:
    affine = np.diag([-1.0, -1.0, 3.0, 1.0])
    content = bytearray(image(affine=affine))
    struct.pack_into("<hh", content, 252, qform, sform)
    scan = read_volume(bytes(content), name="x")
    mask = VOXELS > 500
    for written, dtype in (
        (mask_file(mask, like=scan), np.uint8),
        (probability_file(mask.astype(np.float32) / 3, like=scan), np.uint8),
    ):
        header = gzip.decompress(written)[:348]
        assert header[252:328] == bytes(content)[252:328]  # codes, quaternion, offsets, sform
        assert header[76:92] == bytes(content)[76:92]  # pixdim
        assert header[123] == content[123]  # units
        assert nib_read(written).get_data_dtype() == dtype
    np.testing.assert_array_equal(
        take_in_mask(mask_file(mask, like=scan), name="m", scan=scan), mask
    )


def test_a_probability_map_is_read_as_numbers_from_0_to_1() -> None:
    scan = read_volume(image(), name="x")
    likely = np.random.default_rng(1).random(VOXELS.shape, dtype=np.float32)
    likely[0, 0, 0], likely[0, 0, 1] = 0, 1
    written = probability_file(likely, like=scan)
    seen = np.asarray(nib_read(written).dataobj)
    assert np.abs(seen - likely).max() <= 0.5 / 255 + 1e-6
    assert (seen[0, 0, 0], seen[0, 0, 1]) == pytest.approx((0, 1), abs=1e-6)
    assert len(written) < likely.nbytes / 3
    assert np.allclose(read_volume(written, name="p").data, seen)


def test_a_mask_of_another_array_is_a_bug_not_a_file() -> None:
    with pytest.raises(ValueError, match="array of"):
        mask_file(np.zeros((3, 3, 3), bool), like=read_volume(image(), name="x"))


@pytest.mark.parametrize(
    ("mask", "affine", "says"),
    [
        (VOXELS[:-1] > 500, AFFINE, "another grid"),
        (VOXELS > 500, AFFINE + np.eye(4)[[3, 3, 3, 3]] * 0.5, "another grid"),
        (VOXELS, AFFINE, "0 and 1 only"),
        ((VOXELS > 500) * 0.5, AFFINE, "0 and 1 only"),
        (VOXELS / 1000, AFFINE, "0 and 1 only"),  # probabilities
        ((VOXELS > 500) * 255, AFFINE, "0 and 1 only"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(
    mask: np.ndarray, affine: np.ndarray, says: str
) -> None:
    affine = np.vstack([affine[:3], [0, 0, 0, 1]])
    scan = read_volume(image(), name="FLAIR")
    with pytest.raises(UnusableImage, match=says):
        take_in_mask(image(mask.astype(np.float32), affine), name="mask", scan=scan)


def test_an_empty_mask_is_accepted() -> None:
    scan = read_volume(image(), name="FLAIR")
    empty = np.zeros(VOXELS.shape, np.uint8)
    assert not take_in_mask(image(empty), name="mask", scan=scan).any()


def test_the_browser_gets_lesion_ids_in_ras_order() -> None:
    scan = read_volume(image(), name="x")
    mask = VOXELS > 860
    written = nib_read(lesion_label_file(mask, grid=scan.grid))
    labels, lesions = find_lesions(mask, grid=scan.grid)
    assert written.get_data_dtype() == np.uint16
    assert nib.aff2axcodes(written.affine) == ("R", "A", "S")
    np.testing.assert_array_equal(np.asarray(written.dataobj), scan.grid.to_ras(labels))
    assert np.asarray(written.dataobj).max() == len(lesions)


@pytest.mark.real_scans
def test_every_real_scan_is_taken_in_as_nibabel_reads_it(real_scans: Path) -> None:
    scans = sorted((real_scans / "ljubljana").glob("*/FLAIR.nii.gz"))
    assert scans
    for path in scans:
        taken = take_in_scan(path.read_bytes(), name="FLAIR")
        theirs, ours = nib.Nifti1Image.from_filename(path), nib_read(taken.original)
        np.testing.assert_array_equal(ours.affine, theirs.affine)
        np.testing.assert_array_equal(np.asarray(ours.dataobj), np.asarray(theirs.dataobj))
        canonical = nib.as_closest_canonical(theirs)
        browser = nib_read(taken.browser)
        np.testing.assert_allclose(browser.affine, canonical.affine, atol=1e-4)
        np.testing.assert_array_equal(
            browser.get_fdata(dtype=np.float32), np.squeeze(canonical.get_fdata(dtype=np.float32))
        )
