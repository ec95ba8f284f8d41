"""Decks deal crops that are what the examples say, and augmentation changes only what it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segmentation.training.augmentation import Augmentation
from segmentation.training.deck import Batch, Deck
from segmentation.training.examples import KNOWN, LESION, make_example
from segmentation.training.losses import dice_loss, lesion_and_brain_loss
from segmentation.training.scoring import label_unknown, lesion_probability, pooled_dice
from tests.segmentation.training.small import CPU, tiny_deck, tiny_example, tiny_network

STILL = Augmentation(0.0, 0.0, 0.0, mirror=False, contrast=0.0, strip=0.0)


def deal(deck: Deck, seed: int = 1, *, size: int = 48, **changes: object) -> Batch:
    arguments: dict[str, object] = {
        "shares": {"case": 1.0},
        "count": 6,
        "size": size,
        "channels": 3,
        "focus": 1.0,
        "augmentation": Augmentation(),
    }
    return deck.deal(np.random.default_rng(seed), **{**arguments, **changes})  # type: ignore[arg-type]


def test_every_lesion_has_a_place_to_look_at_and_large_ones_have_more() -> None:
    foci = tiny_example().foci
    assert [30, 30] in foci[foci[:, 0] == 3][:, 1:].tolist() or [3, 30, 30] in foci.tolist()
    assert 3 <= len(foci) <= 6


@pytest.mark.parametrize(("plane", "shape"), [(0, (40, 48, 5)), (1, (48, 40, 5)), (2, (5, 40, 48))])
def test_an_example_is_cut_into_the_slices_of_its_plane(
    plane: int, shape: tuple[int, int, int]
) -> None:
    example = tiny_example(slice_mm=1.0, plane=plane)
    assert example.pixels.shape == example.lesion.shape == example.brain.shape == shape
    assert example.pixels[example.lesion].min() > 1.0
    assert all(example.lesion[tuple(focus)] for focus in example.foci)
    place = [30, 30, 3]
    assert example.lesion[(place[plane], *np.delete(place, plane))]


def test_a_still_crop_as_large_as_the_deck_is_the_slice_itself() -> None:
    deck = tiny_deck(1)
    batch = deal(deck, focus=0.0, augmentation=STILL, count=12)
    middles = batch.images[:, 1]
    for image, lesion in zip(middles, batch.lesion, strict=True):
        at = int((deck.pixels.float() - image).abs().sum(dim=(1, 2)).argmin())
        assert torch.allclose(deck.pixels[at].float(), image, atol=1e-2)
        assert torch.equal(lesion, (deck.labels[at] & LESION).float())


def test_labels_move_with_the_image() -> None:
    batch = deal(tiny_deck(1, 2), count=24, augmentation=replace(Augmentation(), contrast=0.0))
    lesion = batch.lesion > 0
    assert lesion.sum() > 100
    assert batch.images[:, 1][lesion].mean() > 1.2
    inside = (batch.brain > 0) & ~lesion
    assert abs(float(batch.images[:, 1][inside].mean())) < 0.6


def test_the_same_seed_deals_the_same_and_contrast_changes_the_image_only() -> None:
    one, again, other = (deal(tiny_deck(1), seed) for seed in (3, 3, 4))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    assert set(one.lesion.unique().tolist()) <= {0.0, 1.0}


def test_grey_matter_is_seen_fainter_and_brighter_than_it_was() -> None:
    shape = (48, 48, 3)
    pixels = np.zeros(shape, np.float32)
    lesion = np.zeros(shape, bool)
    lesion[6:18, 6:42] = True
    pixels[6:18, 6:42] = pixels[30:42, 6:42] = 1.2
    made = make_example(
        group="case",
        subjects=[],
        pixels=pixels,
        slice_mm=3.0,
        lesion=lesion,
        brain=np.ones_like(lesion),
        rng=np.random.default_rng(1),
    )
    deck = Deck([made], device=CPU)
    batch = deal(deck, count=300, focus=0.0, augmentation=replace(STILL, contrast=1.0))
    gray, white = (
        batch.images[:, 1, rows, 10:38].mean(dim=(1, 2)) for rows in (slice(34, 38), slice(22, 26))
    )
    low, high = (gray - white).quantile(torch.tensor([0.1, 0.9]))
    assert low < 0.75, "a third fainter and more"
    assert high > 1.8, "half as bright again"
    lesions = batch.images[:, 1, 10:14, 10:38].mean(dim=(1, 2))
    assert ((gray - lesions).abs() > 0.4).float().mean() > 0.3, "lesions do not follow"


def test_beyond_the_image_there_is_air_and_no_lesion() -> None:
    batch = deal(tiny_deck(1), size=96, focus=0.0, augmentation=STILL)
    assert (batch.images[:, :, :8] == -5).all()
    assert not batch.lesion[:, :8].any()
    assert batch.lesion_known.all()


def test_neighbours_are_a_stride_away_and_stay_in_their_example() -> None:
    examples = [tiny_example(1), tiny_example(2, slice_mm=1.0)]
    deck = Deck(examples, device=CPU)
    assert examples[1].stride == 3
    where = deck.around(torch.tensor([0, 2, 4, 5, 7]), 3)
    assert where.tolist() == [[0, 0, 1], [1, 2, 3], [3, 4, 4], [5, 5, 8], [5, 7, 9]]


@pytest.mark.parametrize("loss", [dice_loss, lesion_and_brain_loss])
def test_pixels_without_a_label_do_not_count(loss: object) -> None:
    batch = deal(tiny_deck(1))
    batch.lesion_known[:, :24] = 0
    logits = torch.zeros(6, 2, 48, 48)
    changed = logits.clone()
    changed[:, 0, :24] = 50.0
    assert torch.equal(loss(logits, batch), loss(changed, batch))  # type: ignore[operator]
    changed[:, 0, 24:] = 50.0
    assert not torch.equal(loss(logits, batch), loss(changed, batch))  # type: ignore[operator]


def test_dice_is_undefined_without_any_lesion_and_one_when_all_is_right() -> None:
    network = tiny_network(dropout=0.0)
    with torch.no_grad():
        network.out.weight.zero_()
        network.out.bias.fill_(-9.0)
    assert pooled_dice(network, tiny_deck(1, lesions=False)) == [None]
    assert pooled_dice(network, tiny_deck(1)) == [0.0]
    with torch.no_grad():
        network.out.bias.fill_(9.0)
    deck = tiny_deck(1)
    deck.labels |= LESION
    assert pooled_dice(network, deck, thresholds=(0.5, 0.99999)) == [1.0, 0.0]


def test_scores_in_half_precision_are_nearly_those_of_single() -> None:
    torch.manual_seed(0)
    network, deck = tiny_network(dropout=0.0).eval(), tiny_deck(1)
    slices = torch.arange(len(deck.pixels))
    single, half = (lesion_probability(network, deck, slices, half=one) for one in (False, True))
    assert half.dtype == torch.float32
    assert not torch.equal(half, single)
    assert torch.allclose(half, single, atol=0.02)


@pytest.mark.parametrize(("bias", "becomes"), [(5.0, LESION | KNOWN), (-5.0, KNOWN), (0.0, 0)])
def test_the_network_labels_only_what_it_is_sure_of(bias: float, becomes: int) -> None:
    known = np.ones((40, 48, 5), bool)
    known[20:24, 20:24, 1] = False
    deck = Deck([tiny_example(known=known, lesions=False)], device=CPU)
    before = deck.labels.clone()
    network = tiny_network(dropout=0.0)
    with torch.no_grad():
        network.out.weight.zero_()
        network.out.bias.fill_(bias)
    counts = label_unknown(network, deck)
    assert counts == ((16, 0) if bias > 0 else (0, 16) if bias < 0 else (0, 0))
    changed = (before & KNOWN) == 0
    assert ((deck.labels[changed] & (LESION | KNOWN)) == becomes).all()
    assert torch.equal(deck.labels[~changed], before[~changed])


def test_an_example_without_brain_teaches_no_brain() -> None:
    blank = np.zeros((32, 32, 3), bool)
    example = make_example(
        group="case",
        subjects=["a"],
        pixels=np.zeros((32, 32, 3), np.float32),
        slice_mm=3.0,
        lesion=blank,
        brain=None,
        rng=np.random.default_rng(1),
    )
    batch = deal(Deck([example], device=CPU), size=32)
    assert not batch.brain_known.any()
