"""How far a training is, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from segmentation.training.settings import TrainingSettings

DEAD = 0.99  # a Dice loss that stays above this from the start will not move (Li et al.)


@dataclass(frozen=True)
class Course:
    """`epoch` epochs are done; the best of them and its validation score; a row for each."""

    epoch: int = 0
    best_epoch: int = 0
    best_score: float | None = None
    restarts: int = 0
    seconds: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def after_epoch(
        self, loss: float, score: float | None, seconds: float, settings: TrainingSettings
    ) -> Course:
        """The course with one more epoch; without a score the last epoch counts as the best."""
        epoch = self.epoch + 1
        row = {
            "epoch": epoch,
            "loss": round(loss, 5),
            "validation_dice": None if score is None else round(score, 5),
            "rate": settings.rate_at(epoch * settings.steps - 1),
            "seconds": round(seconds, 1),
        }
        better = score is None or self.best_score is None or score > self.best_score
        return replace(
            self,
            epoch=epoch,
            best_epoch=epoch if better else self.best_epoch,
            best_score=score if better else self.best_score,
            seconds=self.seconds + seconds,
            rows=[*self.rows, row],
        )

    def is_over(self, settings: TrainingSettings) -> bool:
        """Whether all epochs are done, or the score has not risen for too long."""
        waited = self.epoch - self.best_epoch
        patient = settings.patience is None or not self.epoch or waited < settings.patience
        return self.epoch >= settings.epochs or not patient

    def is_dead(self, loss: float, settings: TrainingSettings) -> bool:
        """Whether a Dice loss has not moved from 1 in any of the first epochs."""
        at_its_start = self.epoch + 1 == settings.dead_epochs
        if settings.loss != "dice" or not settings.restarts or not at_its_start:
            return False
        losses = [loss, *(float(row["loss"]) for row in self.rows)]
        return min(losses) > DEAD

    def said(self, settings: TrainingSettings) -> str:
        """Where the training is, for people."""
        if not self.rows:
            return f"Epoch 1 of {settings.epochs}"
        last = self.rows[-1]
        score = last["validation_dice"]
        minutes = self.seconds / self.epoch * (settings.epochs - self.epoch) / 60
        return (
            f"Epoch {self.epoch} of {settings.epochs}: loss {last['loss']:.3f}"
            + ("" if score is None else f", validation Dice {score:.3f}")
            + f", {minutes:.0f} minutes left"
        )
