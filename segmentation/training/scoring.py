"""How good a network is on a deck, and what it thinks where labels are missing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from segmentation.networks.unet import UNet
from segmentation.training.deck import Deck
from segmentation.training.examples import KNOWN, LESION

BATCH = 16
SURE, UNLIKELY = 0.95, 0.1


def lesion_probability(network: UNet, deck: Deck, slices: Tensor, *, half: bool) -> Tensor:
    """The lesion probability of slices of a deck (n, height, width), mean of both mirrors.

    `half` computes in bfloat16, as a training does whose settings say so. The method itself looks
    at each slice once: its scores are a little lower than these.
    """
    where = deck.around(slices, network.settings.in_channels)
    images = deck.pixels[where].float().to(memory_format=torch.channels_last)
    with torch.inference_mode(), torch.autocast(deck.device.type, torch.bfloat16, enabled=half):
        straight: Tensor = network(images)[:, 0].float().sigmoid()
        mirrored: Tensor = network(images.flip(2))[:, 0].float().sigmoid().flip(1)
    return (straight + mirrored) / 2


def pooled_dice(
    network: UNet, deck: Deck, *, thresholds: Sequence[float] = (0.5,), half: bool = False
) -> list[float | None]:
    """The Dice of all known pixels of a deck together, for each threshold.

    None where neither the deck nor the network has any lesion.
    """
    network.eval()
    counts = torch.zeros((len(thresholds), 3), dtype=torch.float64)
    for slices in torch.arange(len(deck.pixels), device=deck.device).split(BATCH):
        likely = lesion_probability(network, deck, slices, half=half)
        known = (deck.labels[slices] & KNOWN) > 0
        lesion = ((deck.labels[slices] & LESION) > 0) & known
        for row, threshold in enumerate(thresholds):
            found = (likely > threshold) & known
            sums = [(found & lesion).sum(), found.sum(), lesion.sum()]
            counts[row] += torch.stack(sums).cpu()
    return [
        None if found + wanted == 0 else 2 * both / (found + wanted)
        for both, found, wanted in counts.tolist()
    ]


def label_unknown(network: UNet, deck: Deck, *, half: bool = False) -> tuple[int, int]:
    """This will label unknown pixels of which the network is sure: lesion, or no lesion.

    Over 0.95 is lesion, under 0.1 is none; the rest stays unknown. Returns how many became which.
    """
    network.eval()
    lesions = healthy = 0
    for slices in torch.arange(len(deck.pixels), device=deck.device).split(BATCH):
        labels = deck.labels[slices]
        unknown = (labels & KNOWN) == 0
        if not unknown.any():
            continue
        likely = lesion_probability(network, deck, slices, half=half)
        sure, unlikely = unknown & (likely > SURE), unknown & (likely < UNLIKELY)
        labels = torch.where(sure, labels | (KNOWN | LESION), labels)
        deck.labels[slices] = torch.where(unlikely, labels | KNOWN, labels)
        lesions += int(sure.sum())
        healthy += int(unlikely.sum())
    return lesions, healthy
