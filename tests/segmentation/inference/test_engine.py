"""The engine shows each slice with its neighbours, reports, and can be stopped."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from segmentation.imaging.geometry import Grid
from segmentation.inference.cleaning import brain_mask, clean_mask, without_rim
from segmentation.inference.engine import BATCH, box_around, predict
from segmentation.networks.unet import UNet, UNetSettings


class Echo(UNet):
    """A network whose logits are its first and its last channel."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.settings = UNetSettings(3, (1, 1, 1, 1, 1), 3, 3, False, 0.0, 2)

    def forward(self, x: Tensor) -> Tensor:
        return x[:, [0, 2]]


def test_each_slice_is_seen_with_its_neighbours_and_ends_repeat() -> None:
    slices = np.arange(10, dtype=np.float32)[:, None, None] * np.ones((10, 16, 16), np.float32)
    maps = predict(Echo(), slices / 10, progress=lambda *_: None)
    seen = torch.logit(torch.from_numpy(maps[:, :, 0, 0])).mul(10).round().tolist()
    assert seen == [[0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9, 9]]


def test_progress_is_reported_before_each_batch_and_can_end_the_work() -> None:
    slices = np.zeros((3 * BATCH, 16, 16), np.float32)
    reports: list[float] = []
    predict(Echo(), slices, progress=lambda done, _: reports.append(done))
    assert reports == pytest.approx([0, 1 / 3, 2 / 3])

    def stop(done: float, _: str) -> None:
        if done > 0:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        predict(Echo(), slices, progress=stop)


def test_a_box_has_a_margin_and_keeps_to_the_pooling_grid() -> None:
    mask = np.zeros((5, 200, 176), bool)
    mask[1:4, 90:110, 100:170] = True
    assert box_around(mask) == (slice(48, 144), slice(64, 176))
    assert box_around(np.zeros_like(mask)) == (slice(0, 48), slice(0, 48))


def test_within_a_box_a_network_says_what_it_says_of_the_whole_image() -> None:
    torch.manual_seed(0)
    network = UNet(UNetSettings(3, (4, 6, 8, 8, 8), 5, 4, False, 0.2, 1))
    slices = np.full((7, 192, 240), -5, np.float32)
    inside = np.zeros(slices.shape, bool)
    inside[2:6, 80:120, 100:140] = True
    slices[inside] = np.random.default_rng(1).normal(0, 1, inside.sum())
    whole = predict(network, slices, progress=lambda *_: None)
    boxed = predict(network, slices, progress=lambda *_: None, within=inside)
    assert np.abs(whole - boxed)[:, inside].max() < 0.02
    assert not boxed[:, :2].any()
    assert not boxed[:, 6:].any()


def test_every_batch_has_a_box_of_its_own() -> None:
    slices = np.zeros((2 * BATCH, 160, 160), np.float32)
    inside = np.zeros(slices.shape, bool)
    inside[:BATCH, 8:150, 8:150] = True
    inside[BATCH:, 70:75, 70:75] = True
    maps = predict(Echo(), slices, progress=lambda *_: None, within=inside)[0]
    assert (maps[:BATCH] == 0.5).all()
    assert (maps[BATCH:, 32:112, 32:112] == 0.5).all()
    assert np.count_nonzero(maps[BATCH:]) == BATCH * 80 * 80
    nothing = predict(Echo(), slices, progress=lambda *_: None, within=np.zeros_like(inside))
    assert not nothing.any()


def test_the_brain_is_the_largest_part_without_holes() -> None:
    likely = np.zeros((20, 20, 8), np.float32)
    likely[3:15, 3:15, 1:7] = 0.9
    likely[8, 8, 4] = 0.1
    likely[18:, 18:, 7] = 0.9
    brain = brain_mask(likely)
    assert brain[8, 8, 4]
    assert brain.sum() == 12 * 12 * 6
    assert not brain_mask(np.zeros((4, 4, 4), np.float32)).any()


def test_cleaning_keeps_large_lesions_inside_the_brain() -> None:
    probability = np.zeros((20, 20, 8), np.float32)
    probability[2:5, 2:5, 2:5] = 0.8  # 27 mm3
    probability[10, 10, 4] = 0.9  # 1 mm3
    probability[15:19, 15:19, 2:6] = 0.9  # outside the brain
    probability[6:9, 6:9, 2:4] = 0.5  # on the threshold
    brain = np.ones(probability.shape, bool)
    brain[14:] = False
    mask = clean_mask(
        probability,
        brain=brain,
        grid=Grid(probability.shape, np.eye(4)),
        threshold=0.5,
        min_volume_mm3=10.7,
        connectivity=26,
    )
    assert mask.sum() == 27
    assert mask[3, 3, 3]


def test_a_brain_loses_its_rim_but_not_where_slices_are_thick_nor_at_the_scans_edge() -> None:
    brain = np.zeros((30, 30, 9), bool)
    brain[5:25, 5:25, :6] = True
    thick = without_rim(brain, grid=Grid(brain.shape, np.diag([0.5, 1, 4, 1])), rim_mm=2.0)
    assert thick[15, 15].tolist() == brain[15, 15].tolist()
    assert np.flatnonzero(thick[:, 15, 3]).tolist() == list(range(9, 21))
    thin = without_rim(brain, grid=Grid(brain.shape, np.eye(4)), rim_mm=2.0)
    assert np.flatnonzero(thin[15, 15]).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(thin[:, 15, 2]).tolist() == list(range(7, 23))
    clinical = without_rim(brain, grid=Grid(brain.shape, np.diag([0.72, 0.5, 3, 1])), rim_mm=3.0)
    assert np.flatnonzero(clinical[15, 15]).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(clinical[:, 15, 2]).tolist() == list(range(9, 21))
    assert np.flatnonzero(clinical[15, :, 2]).tolist() == list(range(11, 19))
    coarse = without_rim(brain, grid=Grid(brain.shape, np.diag([3, 3, 4, 1])), rim_mm=2.0)
    assert coarse.sum() == brain.sum()
