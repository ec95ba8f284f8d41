"""Slices are drawn the right way round, with masks along the edges of their voxels."""

import base64
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import SimpleITK

from segmentation.evaluation.pictures import METHOD, REFERENCE, Slice, outlines, side_by_side
from segmentation.publication.drawing import png_of_svg


def a_slice() -> Slice:
    """A head that fills the slice; bright at the patient's right front, where the mask is."""
    flair = np.full((20, 30), 100, np.float32)
    mask = np.zeros((20, 30), bool)
    mask[18, 28] = True
    flair[mask] = 500
    return Slice(flair, {"Expert <1>": mask, "Slim U-Net": ~mask}, (1.0, 2.0))


def test_the_patients_right_front_is_at_the_upper_left() -> None:
    drawn = outlines(a_slice(), methods=["Slim U-Net"], references=["Expert <1>"], title="C0001")
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


def test_of_two_outlines_that_coincide_both_are_seen(tmp_path: Path) -> None:
    flair, mask = np.full((40, 40), 100, np.float32), np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    one = Slice(flair, {"Slim U-Net": mask, "Expert": mask}, (1.0, 1.0))
    drawn = outlines(one, methods=["Slim U-Net"], references=["Expert"], title="C0001")
    file = tmp_path / "outlines.png"
    file.write_bytes(png_of_svg(drawn))
    head = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(file)))[:900, :, :3].astype(int)
    for colour in (METHOD, REFERENCE):
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        assert (abs(head - wanted).max(axis=2) < 30).sum() > 400, colour


def test_every_method_is_drawn_with_every_reference_and_stays_in_its_row() -> None:
    names = ["Slim U-Net", "Li U-Net", "Expert 1", "Expert 2", "Union"]
    mask = np.eye(20, dtype=bool)
    one = Slice(np.ones((20, 20), np.float32), dict.fromkeys(names, mask), (1.0, 1.0))
    drawn = outlines(one, methods=names[:2], references=names[2:], title="C0001")
    panels = re.findall(r'<text x="([\d.]+)"[^>]*>[a-z]  ([^<]+)', drawn)
    assert [name for _, name in panels] == [
        *(f"Slim U-Net, {reference}" for reference in names[2:]),
        *(f"Li U-Net, {reference}" for reference in names[2:]),
    ]
    places = [float(x) for x, _ in panels]
    assert places[:3] == places[3:]
    assert drawn.count("<image") == 6


def test_an_empty_mask_and_a_black_scan_are_drawn_too() -> None:
    nothing = Slice(np.zeros((4, 4), np.float32), {"Expert": np.zeros((4, 4), bool)}, (1.0, 1.0))
    assert side_by_side(nothing, title="C0001").count("no lesion on this slice") == 1
    drawn = outlines(nothing, methods=["Deleted"], references=["Expert"], title="C0001")
    assert "reference: no lesion on this slice" in drawn
    assert "method: no mask" in drawn
    assert png_of_svg(drawn).startswith(b"\x89PNG")
