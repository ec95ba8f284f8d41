"""NIfTI files at the door and on the way out.

At the door a file is checked, its header text is emptied, and a copy is made that browsers show
without surprises. On the way out every mask gets the scan's own geometry, field by field.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from segmentation.imaging.geometry import Grid
from segmentation.imaging.unpacking import NotUnpackable, Unpacked
from segmentation.refusals import Refusal

HEADER_BYTES = 348
DATA_OFFSET = 352
NIFTI2_HEADER_BYTES = 540
MAX_BYTES = 1024**3
VALUES_AT_ONCE = 1024**2
TEXT_FIELDS = ("data_type", "db_name", "descrip", "aux_file", "intent_name")
GEOMETRY_FIELDS = (
    *("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d"),
    *("qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "xyzt_units"),
)
NIFTI2_FIELDS = (  # what a header says about our images; NIfTI-1 says it in fewer bits
    *("dim", "datatype", "bitpix", "pixdim", "scl_slope", "scl_inter"),
    *("descrip", "aux_file", "intent_name"),
    *GEOMETRY_FIELDS,
)


class UnusableImage(Refusal):
    """The file is not an image that Plaque can use; the message says where and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} Nothing was stored.")


@dataclass(frozen=True, eq=False)
class Volume:
    """Scan data on its grid, in the order it is stored, with its (text-free) NIfTI header.

    `data` is as stored; float32 when the header scales it.
    """

    data: NDArray[Any]
    grid: Grid
    header: bytes


@dataclass(frozen=True, eq=False)
class TakenScan:
    """A scan that was taken in."""

    original: bytes
    browser: bytes
    grid: Grid
    removed: tuple[str, ...]
    sha256: str


def read_volume(content: bytes, *, name: str, max_bytes: int = MAX_BYTES) -> Volume:
    """This will read a NIfTI-1 or NIfTI-2 file (.nii, .nii.gz), or raise UnusableImage with `name`.

    A fourth axis of length 1 is dropped. No more is unpacked than the header announces, and what
    would take more than `max_bytes` (scaled voxels count as float32) is refused before that.
    """
    return _read(content, name, max_bytes)[0]


def take_in_scan(content: bytes, *, name: str, max_bytes: int = MAX_BYTES) -> TakenScan:
    """This will check a scan, empty its header text and make the copy for browsers.

    `original` keeps the voxel bytes, geometry and data type of what came, as NIfTI-1. `removed`
    names the header fields (never their values) that were not empty. `sha256` is of voxels and
    geometry, so the same scan is known again however it was compressed. Raises UnusableImage.
    """
    volume, removed, voxels = _read(content, name, max_bytes)
    if volume.data.min() == volume.data.max():
        raise UnusableImage(f"{name}: every voxel has the same value. Send the scan itself.")
    kept = volume.header + bytes(DATA_OFFSET - HEADER_BYTES) + voxels
    return TakenScan(
        original=gzip.compress(kept, 6, mtime=0),
        browser=browser_copy(volume),
        grid=volume.grid,
        removed=removed,
        sha256=hashlib.sha256(kept).hexdigest(),
    )


def browser_copy(volume: Volume) -> bytes:
    """This will write a volume in RAS order under a fresh header, as .nii.gz with mtime 0."""
    data = volume.data
    if data.dtype.name not in {"uint8", "int16", "uint16", "float32"}:
        data = data.astype(np.float32)
    return _file(volume.grid.to_ras(data), volume.grid.ras)


def take_in_mask(content: bytes, *, name: str, scan: TakenScan | Volume) -> NDArray[np.bool_]:
    """This will read a mask on the grid of `scan`; empty masks are accepted.

    Raises UnusableImage when the grid is another or a value is neither 0 nor 1.
    """
    volume = read_volume(content, name=name)
    if not volume.grid.matches(scan.grid):
        raise UnusableImage(
            f"{name}: the mask lies on another grid than the FLAIR (it has "
            f"{_words(volume.grid)}; the FLAIR has {_words(scan.grid)}). Resample the mask to the "
            "FLAIR and send it again."
        )
    values = np.unique(volume.data)
    if not np.isin(values, (0, 1)).all():
        raise UnusableImage(
            f"{name}: a mask holds 0 and 1 only, this one has values from {values.min():g} to "
            f"{values.max():g}. Threshold it and send it again."
        )
    return np.asarray(volume.data > 0)


def mask_file(mask: NDArray[np.bool_], *, like: Volume) -> bytes:
    """This will write a mask (stored order) as .nii.gz with exactly the geometry of `like`."""
    return _like(np.asarray(mask, dtype=np.uint8), like)


def label_file(labels: NDArray[np.uint16], *, like: Volume) -> bytes:
    """This will write whole numbers (stored order) as .nii.gz with the geometry of `like`."""
    return _like(labels, like)


def probability_file(probability: NDArray[np.float32], *, like: Volume) -> bytes:
    """This will write a probability map (stored order) with exactly the geometry of `like`.

    As whole 255ths (uint8) with the slope 1/255 in the header, so that every reader sees numbers
    from 0 to 1, at most 0.002 beside what was computed. A mask is thresholded before.
    """
    steps = np.round(np.clip(probability, 0, 1) * 255).astype(np.uint8)
    return _like(steps, like, slope=1 / 255)


def lesion_label_file(mask: NDArray[np.bool_], *, grid: Grid) -> bytes:
    """This will write the ids of a mask's lesions (uint16, 0 elsewhere) in RAS order for browsers.

    Raises UnusableImage for more than 65,535 lesions.
    """
    from segmentation.imaging.lesions import find_lesions

    labels, lesions = find_lesions(mask, grid=grid)
    if len(lesions) > np.iinfo(np.uint16).max:
        raise UnusableImage(f"The mask has {len(lesions)} lesions; at most 65,535 can be shown.")
    return _file(grid.to_ras(labels).astype(np.uint16), grid.ras)


# --- Reading ----------------------------------------------------------------------------------


def _too_large(name: str, max_bytes: int) -> UnusableImage:
    return UnusableImage(
        f"{name}: the image takes more than {max_bytes / 1024**2:.0f} MB in memory, which is the "
        "most that is taken. Crop or resample it."
    )


def _read(content: bytes, name: str, max_bytes: int) -> tuple[Volume, tuple[str, ...], memoryview]:
    """The volume of a file, its emptied text fields, and its voxel bytes as they are stored.

    The header is looked at before the voxels are unpacked.
    """
    unpacked = Unpacked(content)
    try:
        header, header_bytes, told = _header(unpacked, name)
        shape = _shape(header, name)
        dtype = _greyscale(header, name)
        affine = _affine(header, shape, name)
        slope, intercept = _scaling(header, name)
        is_scaled = (slope, intercept) not in {(None, None), (1.0, 0.0)}
        count = int(np.prod(shape, dtype=np.int64))
        size = count * dtype.itemsize
        offset = int(told) if header_bytes <= told <= max_bytes else 0
        in_memory = count * max(dtype.itemsize, 4) if is_scaled else size
        if offset + in_memory > max_bytes:
            raise _too_large(name, max_bytes)
        raw = unpacked.first(offset + size)
        if not offset or len(raw) < offset + size:
            raise UnusableImage(
                f"{name}: the header announces {size} bytes of voxels, the file holds "
                f"{max(len(raw) - offset, 0)}. Copy it again from where it came."
            )
        if unpacked.size(most=max_bytes) > max_bytes:
            raise _too_large(name, max_bytes)
    except NotUnpackable as error:
        raise UnusableImage(f"{name}: {error}") from error
    voxels = raw[offset:]
    stored = np.require(np.frombuffer(voxels, dtype=dtype), requirements="A")
    _check_numbers(stored, name)
    data = _scaled(stored, slope, intercept, name) if is_scaled else _usable(stored, name)
    removed = _empty_text(header, raw[header_bytes:offset])
    grid = Grid(shape, affine)
    volume = Volume(data.reshape(shape, order="F"), grid, header=header.binaryblock)
    return volume, removed, voxels


def _check_numbers(stored: NDArray[Any], name: str) -> None:
    wrong = sum(np.count_nonzero(~np.isfinite(some)) for some in _in_parts(stored))
    if wrong:
        raise UnusableImage(
            f"{name}: {wrong:,} of {stored.size:,} voxels are not numbers (NaN or "
            "infinite). Replace them, outside the head by 0."
        )


def _usable(stored: NDArray[Any], name: str) -> NDArray[Any]:
    """Voxels that a scanner can measure, in this machine's byte order."""
    data = stored if stored.dtype.isnative else stored.astype(stored.dtype.newbyteorder("="))
    if data.dtype.kind == "f" and max(data.max(), -data.min()) > np.finfo(np.float32).max:
        raise UnusableImage(
            f"{name}: some voxels are larger than any scanner measures (over 1e38). Mend them."
        )
    return data


def _scaled(
    stored: NDArray[Any], slope: float | None, intercept: float | None, name: str
) -> NDArray[np.float32]:
    """Voxels with slope and intercept applied. Only a part of them is ever held as float64."""
    data = np.empty(stored.size, np.float32)
    for some, scaled in zip(_in_parts(stored), _in_parts(data), strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled[:] = some * (1.0 if slope is None else slope) + (intercept or 0.0)
        if not np.isfinite(scaled).all():
            raise UnusableImage(
                f"{name}: the scaling in the header makes infinite voxels. Mend it."
            )
    return data


def _in_parts(flat: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Views of a flat array, one after the other, of a million values each."""
    for begin in range(0, flat.size, VALUES_AT_ONCE):
        yield flat[begin : begin + VALUES_AT_ONCE]


def _greyscale(header: nib.Nifti1Header, name: str) -> np.dtype[Any]:
    """The type of the voxels, when they are plain numbers."""
    try:
        dtype: np.dtype[Any] = header.get_data_dtype()
    except KeyError as error:
        raise UnusableImage(
            f"{name}: the header names a type of voxels ({int(header['datatype'])}) that does not "
            "exist. Convert the scan again from its source."
        ) from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise UnusableImage(
            f"{name}: the voxels are of type {header.get_value_label('datatype')}. Send a "
            "greyscale image (integers or floating point numbers)."
        )
    return dtype


def _scaling(header: nib.Nifti1Header, name: str) -> tuple[float | None, float | None]:
    """Slope and intercept of the voxels; (None, None) when the header sets none."""
    try:
        slope, intercept = header.get_slope_inter()
    except nib.spatialimages.HeaderDataError as error:
        raise UnusableImage(
            f"{name}: the scaling in the header is damaged ({error}). Mend it."
        ) from error
    return slope, intercept


def _header(unpacked: Unpacked, name: str) -> tuple[nib.Nifti1Header, int, float]:
    """The header as NIfTI-1 in its own byte order, its stored length, and the voxels' offset."""
    raw = bytes(unpacked.first(NIFTI2_HEADER_BYTES))
    size = raw[:4]
    if size in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c") and len(raw) == NIFTI2_HEADER_BYTES:
        wide = nib.Nifti2Header(raw, check=False)
        _refuse_two_files(wide, b"n+2", name)
        return _narrowed(wide, name), NIFTI2_HEADER_BYTES, float(wide["vox_offset"])
    if len(raw) < DATA_OFFSET or size not in (b"\x5c\x01\x00\x00", b"\x00\x00\x01\x5c"):
        raise UnusableImage(f"{name}: this is not a NIfTI file (.nii or .nii.gz). Send one.")
    header = nib.Nifti1Header(raw[:HEADER_BYTES], check=False)
    _refuse_two_files(header, b"n+1", name)
    return header, HEADER_BYTES, float(header["vox_offset"])


def _refuse_two_files(header: nib.Nifti1Header, magic: bytes, name: str) -> None:
    if bytes(header["magic"])[:3] != magic:
        raise UnusableImage(
            f"{name}: only single-file NIfTI (.nii or .nii.gz) is taken, not .hdr and .img. "
            "Convert it to .nii.gz."
        )


def _narrowed(wide: nib.Nifti2Header, name: str) -> nib.Nifti1Header:
    """A NIfTI-2 header as NIfTI-1, which says the same about any image that is taken."""
    if int(np.abs(wide["dim"]).max()) > np.iinfo(np.int16).max:
        raise UnusableImage(
            f"{name}: the image has more than 32,767 voxels along one axis. Crop it."
        )
    header = nib.Nifti1Header(endianness=wide.endianness)
    with np.errstate(over="ignore"):  # what is no number then is refused like any other
        for field in NIFTI2_FIELDS:
            header[field] = wide[field]
    return header


def _shape(header: nib.Nifti1Header, name: str) -> tuple[int, int, int]:
    dims = [int(n) for n in header["dim"]]
    lengths = dims[1 : dims[0] + 1] if 1 <= dims[0] <= 7 else []
    while len(lengths) > 3 and lengths[-1] == 1:
        lengths.pop()
    if len(lengths) > 3:
        raise UnusableImage(
            f"{name}: the image has {len(lengths)} dimensions. Send one volume (3 dimensions)."
        )
    if len(lengths) < 3 or min(lengths) < 2:
        raise UnusableImage(
            f"{name}: the image is {' x '.join(map(str, lengths)) or 'empty'}. Send a volume of at "
            "least 2 x 2 x 2 voxels."
        )
    return lengths[0], lengths[1], lengths[2]


def _affine(
    header: nib.Nifti1Header, shape: tuple[int, int, int], name: str
) -> NDArray[np.float64]:
    """Voxel to RAS+ mm: the sform when it is set, else the qform; both must be sane and agree."""
    pixdim = np.asarray(header["pixdim"][1:4], dtype=float)
    if not np.isfinite(pixdim).all() or (pixdim <= 0).any():
        raise UnusableImage(
            f"{name}: the voxel size in the header is {' x '.join(f'{mm:g}' for mm in pixdim)} mm. "
            "Convert the scan again from its source."
        )
    codes = int(header["qform_code"]), int(header["sform_code"])
    if max(codes) <= 0:
        raise UnusableImage(
            f"{name}: the header says nothing about where the voxels lie (qform and sform code "
            "are 0). Convert the scan again from its source."
        )
    try:
        forms = [
            form
            for form, code in ((header.get_sform(), codes[1]), (header.get_qform(), codes[0]))
            if code > 0
        ]
    except (nib.spatialimages.HeaderDataError, ValueError) as error:
        raise UnusableImage(
            f"{name}: the orientation in the header is damaged. Mend it."
        ) from error
    for form in forms:
        columns = np.sqrt((form[:3, :3] ** 2).sum(axis=0))
        if not np.isfinite(form).all() or columns.min() < 1e-3 or columns.max() > 1e3:
            raise UnusableImage(
                f"{name}: the orientation in the header is not a usable geometry. Mend it."
            )
        if abs(np.linalg.det(form[:3, :3] / columns)) < 1e-3:
            raise UnusableImage(
                f"{name}: the orientation in the header is singular (two axes run the same way). "
                "Convert the scan again from its source."
            )
    if len(forms) == 2:
        grids = [Grid(shape, form) for form in forms]
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape])).reshape(3, -1).T
        apart = np.abs(grids[0].to_mm(corners) - grids[1].to_mm(corners)).max()
        if apart > 0.5 * max(grids[0].spacing_mm):
            raise UnusableImage(
                f"{name}: qform and sform contradict each other by up to {apart:.1f} mm. Convert "
                "the scan again from its source, or set both to the right one."
            )
    return np.asarray(forms[0], dtype=np.float64)


def _empty_text(header: nib.Nifti1Header, extensions: memoryview) -> tuple[str, ...]:
    """This will empty every text field of the header and name those that were not empty.

    `extensions` is what lies between the header and the voxels.
    """
    removed = [field for field in TEXT_FIELDS if bytes(header[field]).strip(b"\0 ")]
    for field in TEXT_FIELDS:
        header[field] = b""
    if len(extensions) > DATA_OFFSET - HEADER_BYTES and bytes(extensions).strip(b"\0"):
        removed.append("extensions")
    header["vox_offset"] = DATA_OFFSET
    return tuple(removed)


# --- Writing ----------------------------------------------------------------------------------


def _like(data: NDArray[Any], like: Volume, *, slope: float = 1.0) -> bytes:
    """A .nii.gz of `data` (stored order) with the geometry fields of `like`, byte for byte."""
    if data.shape != like.grid.shape:
        raise ValueError(f"array of {data.shape} for a scan of {like.grid.shape}")
    source = nib.Nifti1Header(like.header, check=False)
    header = nib.Nifti1Header(endianness=source.endianness)
    header.set_data_shape(data.shape)
    header.set_data_dtype(data.dtype)
    for field in GEOMETRY_FIELDS:
        header[field] = source[field]
    header["pixdim"] = source["pixdim"]
    header["scl_slope"], header["scl_inter"] = slope, 0
    header["vox_offset"], header["magic"] = DATA_OFFSET, b"n+1"
    stored = data.astype(header.get_data_dtype()).tobytes(order="F")
    return gzip.compress(header.binaryblock + bytes(4) + stored, 6, mtime=0)


def _file(data: NDArray[Any], grid: Grid) -> bytes:
    """A .nii.gz under a fresh header whose sform and qform are the grid's."""
    image = nib.Nifti1Image(np.ascontiguousarray(data), grid.affine)
    image.set_sform(grid.affine, code=1)
    image.set_qform(grid.affine, code=1)
    image.header.set_xyzt_units("mm", "sec")
    image.header["scl_slope"], image.header["scl_inter"] = 1, 0
    written = io.BytesIO()
    image.to_stream(written)
    return gzip.compress(written.getvalue(), 6, mtime=0)


def _words(grid: Grid) -> str:
    """A grid in words, for a message."""
    size = " x ".join(map(str, grid.shape))
    spacing = " x ".join(f"{mm:.2f}" for mm in grid.spacing_mm)
    first = ", ".join(f"{mm:.1f}" for mm in grid.affine[:3, 3])
    axes = "".join(nib.orientations.aff2axcodes(grid.affine))
    return f"{size} voxels of {spacing} mm, axes {axes}, the first at {first} mm"
