"""A window shows all of the brain; normalisation survives images without contrast."""

import numpy as np
import pytest

from segmentation.inference.framing import Frame, Window, extent, frame
from segmentation.inference.scoring import head_mask, standardised


@pytest.mark.parametrize(
    ("of", "size", "used", "expected"),
    [
        (384, 384, (80, 300), Frame(0, 384, 384)),
        (256, 384, (20, 230), Frame(-64, 384, 256)),
        (255, 200, None, Frame(27, 200, 255)),
        (512, 384, (100, 400), Frame(64, 384, 512)),  # the middle shows it all
        (512, 384, (30, 380), Frame(14, 384, 512)),  # moved, centred on the brain
        (512, 384, (40, 460), Frame(35, 432, 512)),  # grown: the brain has 421 pixels
    ],
)
def test_where_the_window_lies(
    of: int, size: int, used: tuple[int, int] | None, expected: Frame
) -> None:
    found = frame(of=of, size=size, used=used)
    assert found == expected
    if used:
        assert found.start <= used[0]
        assert used[1] < found.start + found.size


def test_what_is_framed_comes_back_to_its_place() -> None:
    slices = np.arange(2 * 30 * 50, dtype=np.float32).reshape(2, 30, 50) + 1
    window = Window(frame(of=30, size=48, used=None), frame(of=50, size=32, used=None))
    cut = window.cut(slices, fill=-3.0)
    assert cut.shape == (2, 48, 32)
    assert (cut[:, 0] == -3).all()
    back = window.put_back(cut)
    assert np.array_equal(back[:, :, 9:41], slices[:, :, 9:41])
    assert not back[:, :, :9].any()


def test_the_extent_of_nothing_is_none() -> None:
    mask = np.zeros((3, 8, 9), bool)
    assert extent(mask, 1) is None
    mask[1, 2:5, 7] = True
    assert (extent(mask, 1), extent(mask, 2)) == ((2, 4), (7, 7))


def test_the_head_is_what_is_not_air_holes_filled_slice_by_slice() -> None:
    slices = np.zeros((2, 40, 40), np.float32)
    slices[:, 5:35, 5:35] = 100
    slices[:, 15:20, 15:20] = 0
    slices[1, 15:20, :20] = 0  # open to the side in this slice
    for threshold in (None, 30.0):
        head = head_mask(slices, threshold=threshold)
        assert head[0, 17, 17]
        assert not head[1, 17, 17]
    assert not head_mask(slices, threshold=130.0).any()
    assert not head_mask(np.zeros_like(slices), threshold=None).any()


def test_normalisation_is_over_the_mask_and_survives_constant_images() -> None:
    slices = np.random.default_rng(1).normal(500, 40, (3, 20, 20)).astype(np.float32)
    mask = np.zeros(slices.shape, bool)
    mask[:, 5:15, 5:15] = True
    normal = standardised(slices, mask)
    assert normal[mask].mean() == pytest.approx(0, abs=1e-4)
    assert normal[mask].std() == pytest.approx(1, abs=1e-4)
    assert not standardised(np.full_like(slices, 7.0), mask).any()
    assert not standardised(slices, np.zeros_like(mask)).any()
