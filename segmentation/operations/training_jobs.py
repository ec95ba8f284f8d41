"""The life of a training as far as a web process or a command takes part: asked for, cancelled.

The split by subject is drawn here and stays as it is, whoever runs the training how often. Running
it needs PyTorch and lives in `segmentation.operations.adapting`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from segmentation.methods import method_card
from segmentation.models import Case, Cohort, Segmentation, Training
from segmentation.networks.header import seen_by, trained_on
from segmentation.operations.audit import Act, record
from segmentation.operations.comparison import (
    NoReference,
    possible_references,
    references_of,
    to_learn_from,
)
from segmentation.operations.jobs import AlreadyFinished, ring
from segmentation.operations.planning import (
    MEASURES,
    MOST_EPOCHS,
    PRESETS,
    THRESHOLD_ONLY,
    Plan,
    Preset,
    UnknownPreset,
    member_of,
    split_cases,
)
from segmentation.operations.versions import Start, start_named
from segmentation.queries import coordinated_and_open
from segmentation.refusals import Refusal
from segmentation.training.splits import (
    Leakage,
    NotEnoughSubjects,
    Split,
    require_no_leakage,
    subjects_in,
)


class InvalidTraining(Refusal):
    """Something about a training that was asked for is missing or cannot be."""


@dataclass(frozen=True)
class Request:
    """A training as it is asked for: `start` is a name of `versions.starts_for`, or empty.

    `masks` (ids) are used instead of the masks that answer to `reference`. `epochs` None: what the
    preset says. `measure` is for the threshold.
    """

    title: str
    cohorts: Sequence[Cohort]
    preset: str
    start: str = ""
    reference: str = "imported"
    masks: Sequence[UUID] = ()
    seed: int = 1
    epochs: int | None = None
    validation: int | None = None
    measure: str = "DSC"


def request_training(request: Request, *, by: User | None, now: datetime) -> Training:
    """This will queue a training with its split, or refuse and say at which field why.

    Raises InvalidTraining, UnknownPreset, UnknownStart, NoReference, NotEnoughSubjects, Leakage.
    """
    preset = PRESETS.get(request.preset)
    if preset is None:
        raise UnknownPreset(
            f"There is no preset {request.preset!r}. There is: {', '.join(PRESETS)}.",
            fields={"preset": [f"Choose one of {', '.join(PRESETS)}."]},
        )
    _check(request)
    start = start_named(request.start, user=by) if request.start else None
    method = _method_of(preset, start)
    references = _references(request)
    split = _split(request, preset, references, start)
    by_name = {case.code: mask for case, mask in references.items()}
    with transaction.atomic():
        training = Training.objects.create(
            title=request.title.strip(),
            preset=preset.name,
            method=method,
            start=request.start,
            seed=request.seed,
            epochs=request.epochs or preset.epochs,
            measure=request.measure if preset.name == THRESHOLD_ONLY else "",
            split={
                side: {
                    "masks": [str(by_name[one.name].pk) for one in members],
                    "subjects": len({one.subject for one in members}),
                }
                for side, members in (
                    ("training", split.training),
                    ("validation", split.validation),
                )
            },
            queued_at=now,
            requested_by=by,
            stage="Waiting for a worker",
        )
        training.cohorts.set(request.cohorts)
        for cohort in request.cohorts:
            _write_down(Act.TRAINING_STARTED, training, cohort, by, now)
        transaction.on_commit(ring)
    return training


def cohorts_to_learn_from(slugs: Iterable[str], *, by: User) -> list[Cohort]:
    """The cohorts of these slugs, if somebody coordinates them all and no case is hidden from them.

    Raises InvalidTraining.
    """
    wanted = sorted(set(slugs))
    found = {cohort.slug: cohort for cohort in coordinated_and_open(by).filter(slug__in=wanted)}
    faults = [
        f"You do not coordinate a cohort {slug!r}, or read cases of it that are hidden until you "
        "have finished."
        for slug in wanted
        if slug not in found
    ]
    if faults:
        raise InvalidTraining(
            "This training cannot start. Nothing was changed.", fields={"cohorts": faults}
        )
    return [found[slug] for slug in wanted]


def cancel_training(*, training_id: UUID, by: User | None, now: datetime) -> Training:
    """This will cancel a training; its worker stops within a step and keeps the best checkpoint.

    Raises AlreadyFinished.
    """
    with transaction.atomic():
        cancelled = Training.objects.filter(pk=training_id, state__in=Training.UNFINISHED).update(
            state=Training.State.CANCELLED, finished_at=now, lease=None, stage="Cancelled"
        )
        training = Training.objects.get(pk=training_id)
        if not cancelled:
            raise AlreadyFinished(
                f"This training has already ended ({training.state}). Nothing was changed."
            )
        for cohort in training.cohorts.all():
            _write_down(Act.TRAINING_CANCELLED, training, cohort, by, now)
        transaction.on_commit(ring)  # if its worker is dead, another keeps what it had made
    return training


def is_settled(training: Training) -> bool:
    """Whether a training has ended and what it had learned was put away as a version."""
    return training.is_finished and not folder_of(training.pk).exists()


def folder_of(training_id: UUID) -> Path:
    """Where a training under way keeps what it goes on from."""
    return Path(settings.TRAININGS) / str(training_id)


def log_of(training: Training) -> tuple[list[str], list[list[Any]]]:
    """The names of the columns of a training's log, and its rows; empty before the first epoch."""
    names = list(training.log[0]) if training.log else []
    return names, [[row.get(name) for name in names] for row in training.log]


def record_checkpoint(training: Training, *, by: User, now: datetime) -> None:
    """This will write down that somebody took a training's checkpoint out."""
    for cohort in training.cohorts.all():
        _write_down(Act.CHECKPOINT_DOWNLOADED, training, cohort, by, now)


def _write_down(
    act: Act, training: Training, cohort: Cohort, by: User | None, now: datetime
) -> None:
    what = f"{training.title} ({PRESETS[training.preset].title})"
    record(act, by=by, now=now, what=what, cohort=cohort.slug)


def _check(request: Request) -> None:
    """This will refuse what can be seen to be wrong without looking at any case."""
    faults: dict[str, list[str]] = defaultdict(list)
    if not request.title.strip():
        faults["title"].append("Give it a name; the version that it makes is called by it.")
    if not 1 <= (request.epochs or 1) <= MOST_EPOCHS:
        faults["epochs"].append(f"From 1 to {MOST_EPOCHS}.")
    if request.preset == THRESHOLD_ONLY and not request.start:
        faults["start"].append("Choose the checkpoint whose threshold is to be chosen anew.")
    if request.measure not in MEASURES:
        faults["measure"].append(f"Choose one of {', '.join(MEASURES)}.")
    if not request.cohorts:
        faults["cohorts"].append("Choose at least one cohort.")
    if faults:
        raise InvalidTraining("This training cannot start. Nothing was changed.", fields=faults)


def _method_of(preset: Preset, start: Start | None) -> str:
    """The method of which there will be a new version; raises InvalidTraining."""
    if start is None:
        return preset.method
    method = preset.method or start.method
    if method in start.fits and method in {"slim-unet", "adapted-unet"}:
        return method
    fault = (
        f"{start.title} does not fit {method_card(method).title}, the network of this preset. "
        "Choose another checkpoint, or none."
        if preset.method
        else f"The threshold of {start.title} cannot be chosen here; it can for slim-unet, "
        "adapted-unet and their versions."
    )
    raise InvalidTraining(fault, fields={"start": [fault]})


def _references(request: Request) -> dict[Case, Segmentation]:
    """The mask of each case; raises NoReference, InvalidTraining."""
    if request.masks:
        masks = Segmentation.objects.filter(
            pk__in=request.masks, case__cohort__in=request.cohorts
        ).select_related("case__cohort")
        found = {mask.case: mask for mask in masks}
        if len(found) != len(set(request.masks)):
            fault = "Some of these masks are not in these cohorts, or two are of one case."
            raise InvalidTraining(fault, fields={"masks": [fault]})
        if tested := sorted(case.code for case in found.keys() - to_learn_from(found).keys()):
            fault = (
                f"Set aside to test methods, so nothing is learned from it: {', '.join(tested)}."
            )
            raise InvalidTraining(fault, fields={"masks": [fault]})
        return found
    found = {}
    try:
        for cohort in request.cohorts:
            found |= references_of(cohort, reference=request.reference)
        return to_learn_from(found)
    except NoReference as refusal:
        _at_field("reference", refusal)


def _split(
    request: Request,
    preset: Preset,
    references: Mapping[Case, Segmentation],
    start: Start | None,
) -> Split:
    """Who trains and who validates; raises NotEnoughSubjects, Leakage, InvalidTraining."""
    learned = trained_on(start.record) if start else set()
    try:
        if preset.name == THRESHOLD_ONLY:
            split = _new_ones(references, learned)
        else:
            plan = Plan(preset.name, validation=request.validation, seed=request.seed)
            split = split_cases(references, plan, learned_before=frozenset(learned))
            require_no_leakage(
                split,
                learned_before=learned,
                seen_before=seen_by(start.record) if start else set(),
            )
    except (NotEnoughSubjects, Leakage) as refusal:
        _at_field("validation" if request.validation else "cohorts", refusal)
    by_name = {case.code: mask for case, mask in references.items()}
    if not any(by_name[one.name].lesion_list for one in split.training):
        fault = (
            "None of the cases to learn from has a lesion in this reference. Choose another "
            "reference, or add cases with delineated lesions."
        )
        raise InvalidTraining(fault, fields={"reference": [fault]})
    return split


def _new_ones(references: Mapping[Case, Segmentation], learned: set[str]) -> Split:
    """All cases of subjects that the checkpoint has not learned from; raises NotEnoughSubjects."""
    members = [member_of(case) for case in sorted(references, key=lambda one: one.code)]
    known = subjects_in(members, learned)
    left = tuple(one for one in members if one.subject not in known)
    subjects = len({one.subject for one in left})
    if subjects < 2:
        raise NotEnoughSubjects(
            f"A threshold is chosen on at least 2 subjects that the checkpoint has not learned "
            f"from; with this reference there {'is' if subjects == 1 else 'are'} {subjects}. "
            "Add cases of other subjects."
        )
    return Split(training=left, validation=(), test=())


def _at_field(field: str, refusal: Refusal) -> NoReturn:
    """This will refuse the same at a field of the form."""
    raise type(refusal)(refusal.message, fields={field: [refusal.message]}) from refusal


def choices_for(cohorts: Iterable[Cohort]) -> list[dict[str, Any]]:
    """What each cohort has to learn from: its references with how many cases and subjects.

    A reference is a title of masks that no method made, or an origin with the titles that it stands
    for; cohorts without any have none.
    """
    found = []
    for cohort in cohorts:
        cases: dict[str, set[int]] = defaultdict(set)
        subjects: dict[str, set[str]] = defaultdict(set)
        titles: dict[str, set[str]] = defaultdict(set)
        masks = possible_references(cohort)
        for case, subject, *names in masks.values_list("case", "case__subject", "origin", "title"):
            for name in names:
                cases[name].add(case)
                subjects[name].add(subject)
                titles[name].add(names[-1])
        references = [
            {
                "name": name,
                "titles": sorted(titles[name]),
                "cases": len(cases[name]),
                "subjects": len(subjects[name]),
            }
            for name in sorted(cases, key=lambda one: (one not in Segmentation.Origin.values, one))
        ]
        found.append({"slug": cohort.slug, "title": cohort.title, "references": references})
    return found
