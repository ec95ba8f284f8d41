"""Components by runs are those of SciPy, number for number, however an array lies in memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segmentation.imaging.components import find_components


@settings(deadline=None)
@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1),
    st.sampled_from([(6, 1), (18, 2), (26, 3)]),
    st.permutations([0, 1, 2]),
    st.booleans(),
)
def test_components_are_those_of_scipy(
    shape: tuple[int, ...],
    seed: int,
    share: float,
    connectivity: tuple[int, int],
    axes: list[int],
    is_flipped: bool,
) -> None:
    mask = (np.random.default_rng(seed).random(shape) < share).transpose(axes)
    mask = mask[:, ::-1] if is_flipped else mask
    named, rank = connectivity
    found = find_components(mask, connectivity=named)
    labels, count = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
    np.testing.assert_array_equal(found.at, np.flatnonzero(mask))
    np.testing.assert_array_equal(found.ids, labels[mask])
    assert found.sizes.tolist() == np.bincount(labels.ravel())[1:].tolist()
    assert found.count == count


def test_smaller_components_go_and_numbers_stay() -> None:
    mask = np.zeros((9, 4, 3), bool)
    mask[0, 0, 0] = mask[3, 0:2, 0] = mask[6, 0:3, 1] = True
    found = find_components(mask).of_at_least(2)
    assert (found.count, found.sizes.tolist()) == (2, [0, 2, 3])
    assert found.ids.tolist() == [2, 2, 3, 3, 3]
    assert find_components(mask).of_at_least(4).count == 0
    with pytest.raises(KeyError):
        find_components(mask, connectivity=4)
