"""Training learns, and the same seed learns the same."""

import numpy as np
import pytest
import torch

from segmentation.training.augmentation import draw_batch
from segmentation.training.examples import Example, phantom_examples
from segmentation.training.train_default import loss_of, train


@pytest.fixture(scope="module")
def groups() -> dict[str, list[Example]]:
    return {"phantom": list(phantom_examples(2, first_seed=70_000, rng=np.random.default_rng(0)))}


def batch_loss(network: torch.nn.Module, groups: dict[str, list[Example]]) -> float:
    rng = np.random.default_rng(99)
    batch = draw_batch(groups, {"phantom": 1.0}, size=48, count=8, rng=rng)
    with torch.inference_mode():
        return loss_of(network(batch.images), batch).item()


def test_sixty_steps_lower_the_loss(groups: dict[str, list[Example]]) -> None:
    short, longer = (
        train(groups, steps=steps, seed=4, say=lambda _: None, size=48, count=4)
        for steps in (1, 60)
    )
    assert batch_loss(longer, groups) < 0.9 * batch_loss(short, groups)


def test_the_same_seed_gives_the_same_weights(groups: dict[str, list[Example]]) -> None:
    one, again, other = (
        train(groups, steps=2, seed=seed, say=lambda _: None, size=32, count=2).state_dict()
        for seed in (4, 4, 5)
    )
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["out.weight"], other["out.weight"])


def test_pixels_without_a_label_do_not_count(groups: dict[str, list[Example]]) -> None:
    rng = np.random.default_rng(1)
    batch = draw_batch(groups, {"phantom": 1.0}, size=32, count=2, rng=rng)
    logits = torch.zeros(2, 2, 32, 32)
    before = loss_of(logits, batch)
    batch.lesion_known[:, :16] = 0
    changed = logits.clone()
    changed[:, 0, :16] = 50.0
    assert torch.equal(loss_of(logits, batch), loss_of(changed, batch))
    assert before.isfinite()


def test_training_on_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        train({}, steps=1, seed=1, say=lambda _: None)
