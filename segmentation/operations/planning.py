"""What can be learned and on whom: presets, plans, and the split by subject.

Nothing here leads to PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from segmentation.models import Case
from segmentation.refusals import Refusal
from segmentation.training.splits import Member, Split, split_as_named, split_by_subject

THRESHOLD_ONLY = "threshold"
MEASURES = {"DSC": "mean DSC", "lesion F1": "mean lesion F1"}
THRESHOLDS_TRIED = 19  # 0.05, 0.10, ... 0.95
MOST_EPOCHS = 10_000


class UnknownPreset(Refusal):
    """There is no preset of that name."""


@dataclass(frozen=True)
class Preset:
    """A way to adapt a method: the method whose version it makes, how long, and words about it."""

    name: str
    title: str
    method: str  # empty: the one of the checkpoint that it begins from
    epochs: int
    words: str


PRESETS: Mapping[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            "small",
            "Small",
            "slim-unet",
            30,
            "The small network on crops of 128 pixels: an hour or less on two processor cores.",
        ),
        Preset(
            "short",
            "Short, for trial",
            "slim-unet",
            2,
            "The small network for a minute or two, to see whether everything is in place. It "
            "learns little.",
        ),
        Preset(
            "paper",
            "As in the paper",
            "adapted-unet",
            1000,
            "The paper's network and settings, 1000 epochs of whole slices: meant for a GPU.",
        ),
        Preset(
            THRESHOLD_ONLY,
            "Threshold only",
            "",
            THRESHOLDS_TRIED,
            "The weights stay. The threshold is chosen that fits your own cases best.",
        ),
    )
}


@dataclass(frozen=True)
class Plan:
    """What is to be trained, and on whom.

    `validation` and `test` count subjects (validation: of each cohort, None: a fifth; test: of
    `test_from`) unless cases are named. `start` is a checkpoint to fine-tune; without one the small
    presets fine-tune the default unless `scratch`. `epochs`, `steps`, `size` and `rate` replace
    what the preset says.
    """

    preset: str
    reference: str = "imported"
    validation: int | None = 5
    test: int = 0
    test_from: str | None = None
    validation_cases: tuple[str, ...] = ()
    test_cases: tuple[str, ...] = ()
    start: Path | None = None
    scratch: bool = False
    seed: int = 1
    epochs: int | None = None
    steps: int | None = None
    size: int | None = None
    rate: float | None = None


def member_of(case: Case) -> Member:
    """A case as the split sees it."""
    flair = case.scans.get(sequence="FLAIR")
    return Member(case.code, case.subject, str(case.cohort), flair.sha256, flair.hashes)


def split_cases(
    cases: Iterable[Case], plan: Plan, *, learned_before: frozenset[str] = frozenset()
) -> Split:
    """This will set aside the cases that the plan names, or subjects at random.

    Raises NotEnoughSubjects, Leakage.
    """
    members = [member_of(case) for case in sorted(cases, key=lambda one: one.code)]
    if plan.validation_cases or plan.test_cases:
        return split_as_named(members, validation=plan.validation_cases, test=plan.test_cases)
    return split_by_subject(
        members,
        validation=plan.validation,
        test=plan.test,
        test_from=plan.test_from,
        seed=plan.seed,
        learned_before=learned_before,
    )
