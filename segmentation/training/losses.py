"""Losses: soft Dice as in the paper, and the sum that the default method learns from."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from segmentation.training.deck import Batch

SMOOTH = 20.0  # pixels; keeps small lesions from ruling a crop's Dice


def dice_loss(logits: Tensor, batch: Batch) -> Tensor:
    """1 - soft Dice of the lesions over the batch, known pixels only (Li et al., smooth 1)."""
    likely = logits[:, 0].float().sigmoid() * batch.lesion_known
    lesion = batch.lesion * batch.lesion_known
    overlap = (likely * lesion).sum()
    return 1 - (2 * overlap + 1) / (likely.sum() + lesion.sum() + 1)


def lesion_and_brain_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy and Dice of the lesions, and cross-entropy of the brain, where known.

    Dice counts half over the whole batch and half crop by crop, so that a crop with little lesion
    weighs as much as one with much.
    """
    lesion, brain = logits[:, 0].float(), logits[:, 1].float()
    known = batch.lesion_known
    entropy = functional.binary_cross_entropy_with_logits(lesion, batch.lesion, reduction="none")
    entropy = (entropy * known).sum() / known.sum().clamp(min=1)
    likely, wanted = lesion.sigmoid() * known, batch.lesion * known
    overlap = (likely * wanted).sum(dim=(1, 2))
    sizes = likely.sum(dim=(1, 2)) + wanted.sum(dim=(1, 2))
    by_crop = 1 - ((2 * overlap + SMOOTH) / (sizes + SMOOTH)).mean()
    skull = functional.binary_cross_entropy_with_logits(brain, batch.brain, reduction="none")
    skull = (skull * batch.brain_known).sum() / batch.brain_known.sum().clamp(min=1)
    return entropy + 0.5 * dice_loss(logits, batch) + 0.5 * by_crop + 0.3 * skull
