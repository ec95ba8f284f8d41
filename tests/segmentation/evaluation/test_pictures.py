"""Slices are drawn the right way round, with masks along the edges of their voxels."""

import base64
import re
import struct
import zlib

import numpy as np

from segmentation.evaluation.pictures import Slice, outlines, side_by_side
from segmentation.publication.drawing import png_of_svg


def a_slice() -> Slice:
    """A head that fills the slice; bright at the patient's right front, where the mask is."""
    flair = np.full((20, 30), 100, np.float32)
    mask = np.zeros((20, 30), bool)
    mask[18, 28] = True
    flair[mask] = 500
    return Slice(flair, {"Expert <1>": mask, "Slim U-Net": ~mask}, (1.0, 2.0))


def test_the_patients_right_front_is_at_the_upper_left() -> None:
    drawn = outlines(a_slice(), title="C0001")
    encoded = re.search(r"base64,([^\"]+)", drawn)
    assert encoded is not None
    png = base64.b64decode(encoded.group(1))
    wide, high = struct.unpack(">II", png[16:24])
    assert (wide, high) == (20, 30)
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    rows = zlib.decompress(png[at + 4 : at + 4 + length])
    pixels = np.frombuffer(rows, np.uint8).reshape(high, wide + 1)[:, 1:]
    assert np.argwhere(pixels == pixels.max()).tolist() == [[1, 1]]
    corners = re.search(r'<path d="M([^"]+)Z"', drawn)
    assert corners is not None
    assert {tuple(map(float, one.split())) for one in corners.group(1).split("L")} == {
        *((22, 44), (44, 44), (44, 88), (22, 88)),  # 440 units across 20 voxels, twice as high
    }


def test_every_mask_has_a_panel_and_names_are_escaped() -> None:
    drawn = side_by_side(a_slice(), title='"C0001"')
    assert drawn.count("<image") == 3
    assert "b  Expert &lt;1&gt;" in drawn
    assert 'aria-label="&quot;C0001&quot;"' in drawn
    assert png_of_svg(drawn).startswith(b"\x89PNG")


def test_an_empty_mask_and_a_black_scan_are_drawn_too() -> None:
    nothing = Slice(np.zeros((4, 4), np.float32), {"Expert": np.zeros((4, 4), bool)}, (1.0, 1.0))
    assert 'd=""' in outlines(nothing, title="C0001")
