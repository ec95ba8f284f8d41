"""A reference study's life: drafted, opened (frozen, committed, orders drawn), closed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from rating.dots.design import (
    ChosenMask,
    InvalidReferenceDesign,
    ReferenceDesign,
    canonical_json,
    design_sha256,
    validate,
)
from rating.dots.order import shuffled
from rating.models import Assignment, Delineation, MethodMask, ReferenceCase, ReferenceStudy
from rating.operations.drafts import Change, Revisions, begin_change, refuse_unseen
from rating.protocol.sequence import Stream, commitment
from rating.queries import blinding
from rating.queries import reference as queries
from rating.queries.reference import AFTER_STEP_1
from segmentation.models import Case, Cohort, InferenceJob, Scan
from segmentation.operations.audit import Act, record
from segmentation.operations.evaluating import mask_on
from segmentation.operations.members import hold_cohort
from segmentation.queries import method_titles
from segmentation.refusals import ReasonMissing, Refusal

SECRET_BYTES = 32


class ReferenceTitleTaken(Refusal):
    """Another reference study of the cohort has this title."""


class ReferenceNotDraft(Refusal):
    """The reference study was opened: its design is frozen."""


class ReferenceNotOpen(Refusal):
    """The reference study is not (or no longer) open."""


class UnknownDelineator(Refusal):
    """A delineator is nobody of the cohort."""


class UnknownCase(Refusal):
    """A case is none of the cohort."""


class CoordinatorCannotDelineate(Refusal):
    """Whoever opens a reference study was named as its delineator."""


class AlreadyDelineates(Refusal):
    """Somebody who is to join a reference study is in it already."""


class DelineatorReads(Refusal):
    """A delineator still rates a method's mask of one of the cases in an acceptance study."""


class DelineatesElsewhere(Refusal):
    """A delineator still delineates one of the cases in another reference study."""


class CandidatesBuilt(Refusal):
    """Candidates were built: whoever joins now has not lent them their lesions."""


def create_reference(*, title: str, cohort: Cohort, now: datetime) -> ReferenceStudy:
    """This will create a draft of a reference study. Raises ReferenceTitleTaken."""
    named = title.strip()[:80]
    _refuse_taken(cohort, named)
    stem = slugify(named)[:50].strip("-") or "reference"
    for number in range(1, 1000):
        slug = stem if number == 1 else f"{stem}-{number}"
        if ReferenceStudy.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                return ReferenceStudy.objects.create(
                    slug=slug, title=named, cohort=cohort, created_at=now
                )
        except IntegrityError:  # another study took this address or title just now
            _refuse_taken(cohort, named)
    raise RuntimeError(f"no free address after 999 studies called {stem}")


@transaction.atomic
def edit_reference(
    *,
    study: ReferenceStudy,
    title: str | None = None,
    settings: Mapping[str, Any] | None = None,
    change: Change | None = None,
) -> ReferenceStudy:
    """This will change a draft; what is None stays, and None among the settings goes back.

    Raises ReferenceNotDraft, DraftChanged, ReferenceTitleTaken.
    """
    draft = _locked_draft(study)
    begin_change(draft, change or Change())
    if title is not None and title.strip()[:80] != draft.title:
        _refuse_taken(draft.cohort, title.strip()[:80])
        draft.title = title.strip()[:80]
    if settings is not None:
        merged = draft.settings | dict(settings)
        draft.settings = {name: value for name, value in merged.items() if value is not None}
    draft.save(update_fields=["title", "settings", "revision"])
    return draft


@transaction.atomic
def delete_reference(
    *, study: ReferenceStudy, reason: str, by: User | None, now: datetime, follows: Revisions = None
) -> None:
    """This will delete a draft; `follows` are the revisions that are meant.

    Raises ReasonMissing, ReferenceNotDraft, DraftChanged.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Deleting a draft needs a reason, which the audit log keeps. Nothing was deleted.",
            fields={"reason": ["Say why the draft is deleted."]},
        )
    draft = _locked_draft(study)
    refuse_unseen(draft, follows)
    note(Act.STUDY_DELETED, draft, by=by, now=now, why=reason)
    draft.delete()


def open_reference(
    *,
    study: ReferenceStudy,
    by: User | None,
    now: datetime,
    reason: str = "",
    follows: Revisions = None,
    draw_secret: Callable[[int], bytes] = secrets.token_bytes,
) -> ReferenceStudy:
    """This will freeze a draft, commit to it, and give every delineator their share.

    The masks of the chosen methods are those of the newest jobs that succeeded, from now on by
    their hashes. `follows` are the revisions of the draft that are meant. Raises ReferenceNotDraft,
    DraftChanged, InvalidReferenceDesign, UnknownCase, UnknownDelineator,
    CoordinatorCannotDelineate, DelineatorReads, DelineatesElsewhere.
    """
    read = queries.reference_study(study.slug)
    refuse_unseen(read, follows)
    asked = queries.design_of(read)
    jobs = queries.newest_jobs(cases=asked.cases, methods=asked.methods)
    cases = _cases(study, asked)
    _refuse_other_grids(jobs)
    with transaction.atomic():
        draft = _locked_draft(study)
        refuse_unseen(draft, frozenset({read.revision}))
        hold_cohort(draft.cohort_id)
        people = _people(draft, asked.delineators, by)
        _refuse_readers(people.values(), asked.cases)
        _refuse_delineators(people.values(), cases.values())
        design = replace(
            asked,
            masks=tuple(
                ChosenMask(job.case.code, job.method, job.segmentation.sha256)
                for job in sorted(jobs, key=lambda one: (one.case.code, one.method))
                if job.segmentation is not None
            ),
        )
        validate(design, titles=method_titles({job.method for job in jobs}))
        secret = draw_secret(SECRET_BYTES)
        draft.state = ReferenceStudy.State.OPEN
        draft.design_json = canonical_json(design)
        draft.design_sha256 = design_sha256(draft.design_json)
        draft.secret = secret.hex()
        draft.commitment = commitment(secret, draft.design_json)
        draft.opened_at = now
        draft.save()
        rows = {
            code: ReferenceCase.objects.create(study=draft, case=cases[code])
            for code in sorted(cases)
        }
        MethodMask.objects.bulk_create(
            MethodMask(
                of=rows[job.case.code],
                method=job.method,
                segmentation=job.segmentation,
                job=job,
            )
            for job in jobs
        )
        for name in sorted(people):
            give_share(draft, people[name], rows)
        note(Act.STUDY_OPENED, draft, by=by, now=now, why=reason)
    return draft


@transaction.atomic
def add_delineator(
    *, study: ReferenceStudy, username: str, reason: str, by: User | None, now: datetime
) -> Assignment:
    """This will let somebody join an open study, as long as no case has its dots yet.

    Raises ReasonMissing, ReferenceNotOpen, CandidatesBuilt, UnknownDelineator,
    CoordinatorCannotDelineate, AlreadyDelineates, DelineatorReads, DelineatesElsewhere.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Somebody who joins later is a deviation from the design and needs a reason. Nothing "
            "was changed.",
            fields={"reason": ["Say why somebody joins."]},
        )
    joined = ReferenceStudy.objects.select_for_update().get(pk=study.pk)
    if joined.state != ReferenceStudy.State.OPEN:
        raise ReferenceNotOpen(
            f"{joined.title} is {joined.state}; somebody can join an open study only. Nothing was "
            "changed."
        )
    hold_cohort(joined.cohort_id)
    rows = {
        row.case.code: row
        for row in joined.cases.select_for_update(of=("self",)).select_related("case")
    }
    built = sorted(code for code, row in rows.items() if row.built_at is not None)
    if built:
        raise CandidatesBuilt(
            f"The dots of {len(built)} cases exist already (the first is {built[0]}), and whoever "
            "joins now has lent them no lesion. Nothing was changed; make a new reference study."
        )
    person = _people(joined, (username,), by)[username]
    if joined.assignments.filter(user=person).exists():
        raise AlreadyDelineates(
            f"{username} delineates in {joined.title}, or has left it. Nothing was changed."
        )
    _refuse_readers([person], list(rows))
    _refuse_delineators([person], [row.case for row in rows.values()])
    assignment = give_share(joined, person, rows)
    note(Act.STUDY_AMENDED, joined, by=by, now=now, why=reason, detail=f"{username} joined")
    return assignment


def _refuse_readers(people: Iterable[User], cases: Sequence[str]) -> None:
    """This will refuse people who still judge a method's mask of one of these cases."""
    readers = blinding.readers_of(people=people, cases=cases)
    if readers:
        names = ", ".join(readers)
        raise DelineatorReads(
            f"{names} still rates masks of these cases in an acceptance study and would see them "
            "there. Nothing was changed; wait until that reading is finished.",
            fields={"delineators": [f"{name} rates masks of these cases." for name in readers]},
        )


def _refuse_delineators(people: Iterable[User], cases: Iterable[Case]) -> None:
    """This will refuse people to whom another study shows, or will show, dots of these cases."""
    names = blinding.delineators_of(people=people, cases=[case.pk for case in cases])
    if names:
        raise DelineatesElsewhere(
            f"{', '.join(names)} still delineates some of these cases in another reference study, "
            "whose dots would tell what others found. Nothing was changed; wait until that is "
            "finished, or choose somebody else.",
            fields={"delineators": [f"{name} delineates some of these cases." for name in names]},
        )


def give_share(
    study: ReferenceStudy, person: User, rows: Mapping[str, ReferenceCase]
) -> Assignment:
    """This will give somebody both steps of all cases, each step in an order of its own."""
    name = person.get_username()
    assignment = Assignment.objects.create(study=study, user=person, delineator=name)
    for step in Delineation.Step.values:
        order = shuffled(sorted(rows), source=stream(study, f"{name}/step {step}"))
        Delineation.objects.bulk_create(
            Delineation(assignment=assignment, of=rows[code], step=step, position=at)
            for at, code in enumerate(order, 1)
        )
    return assignment


def stream(study: ReferenceStudy, what: str) -> Stream:
    """Random numbers for one purpose, from the study's secret."""
    return Stream(secret=bytes.fromhex(study.secret), study=study.slug, rater=what)


@transaction.atomic
def close_reference(
    *, study: ReferenceStudy, reason: str, by: User | None, now: datetime
) -> ReferenceStudy:
    """This will end all delineating and reveal where the dots came from, for good.

    What was not submitted stays missing. Raises ReferenceNotOpen, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Closing ends all delineating and shows where the dots came from, so it asks for a "
            "reason. Nothing was changed; write one sentence and close again.",
            fields={"reason": ["Write why the study is closed now."]},
        )
    closing = ReferenceStudy.objects.select_for_update().get(pk=study.pk)
    if closing.state != ReferenceStudy.State.OPEN:
        raise ReferenceNotOpen(
            f"{closing.title} is {closing.state}; only an open study can be closed. Nothing was "
            "changed."
        )
    # Whoever is storing something holds their delineation: this waits for them.
    list(Delineation.objects.select_for_update().filter(of__study=closing).order_by("pk"))
    closing.state = ReferenceStudy.State.CLOSED
    closing.closing_reason = reason.strip()
    closing.closed_at = now
    closing.save(update_fields=["state", "closing_reason", "closed_at"])
    note(Act.STUDY_CLOSED, closing, by=by, now=now, why=closing.closing_reason)
    return closing


def note(
    act: Act,
    study: ReferenceStudy,
    *,
    by: User | None,
    now: datetime,
    why: str = "",
    detail: str = "",
) -> None:
    """This will write into the audit log what was done to a reference study."""
    what = f"{study.title} (reference {study.slug})" + (f", {detail}" if detail else "")
    record(act, by=by, now=now, what=what, why=why, cohort=study.cohort.slug)


def _locked_draft(study: ReferenceStudy) -> ReferenceStudy:
    draft = ReferenceStudy.objects.select_for_update().get(pk=study.pk)
    if draft.state != ReferenceStudy.State.DRAFT:
        raise ReferenceNotDraft(
            f"{draft.title} is {draft.state}: its design is frozen. Nothing was changed; make a "
            "new reference study for another design."
        )
    return draft


def _refuse_taken(cohort: Cohort, title: str) -> None:
    alike = {title, f"{title}{AFTER_STEP_1}", title.removesuffix(AFTER_STEP_1)}
    taken = ReferenceStudy.objects.filter(cohort=cohort, title__in=alike).first()
    if taken is not None:
        fault = f"{cohort.title} has a reference study called {taken.title} already."
        raise ReferenceTitleTaken(
            f"{fault} Its references carry that title; choose another one.",
            fields={"title": [fault]},
        )


def _cases(study: ReferenceStudy, asked: ReferenceDesign) -> dict[str, Case]:
    found = Case.objects.filter(cohort=study.cohort_id, code__in=asked.cases)
    cases = {case.code: case for case in found}
    if unknown := [code for code in asked.cases if code not in cases]:
        fault = f"{', '.join(unknown)}: no such case in {study.cohort.title}."
        raise UnknownCase(
            f"{fault} Nothing was opened; choose from the list again.", fields={"cases": [fault]}
        )
    return cases


def _people(study: ReferenceStudy, names: tuple[str, ...], by: User | None) -> dict[str, User]:
    if by is not None and by.get_username() in names:
        raise CoordinatorCannotDelineate(
            "You coordinate this study and can therefore not delineate in it. Nothing was changed; "
            "choose somebody else, or let another coordinator of the cohort open it.",
            fields={"delineators": [f"{by.get_username()} coordinates this study."]},
        )
    found = User.objects.filter(
        cohort_memberships__cohort=study.cohort_id, is_active=True, username__in=names
    )
    people = {person.username: person for person in found}
    if unknown := sorted(set(names) - set(people)):
        fault = f"{', '.join(unknown)}: no active account that belongs to {study.cohort.title}."
        raise UnknownDelineator(
            f"{fault} Nothing was changed; invite them to the cohort as delineators first.",
            fields={"delineators": [fault]},
        )
    return people


def _refuse_other_grids(jobs: list[InferenceJob]) -> None:
    """This will refuse methods' masks that cannot be read, or that do not lie on the FLAIR."""
    faults = []
    titles = method_titles({job.method for job in jobs})
    for job in jobs:
        title = titles.get(job.method, job.method)
        mask = job.segmentation
        if mask is None or mask.case_id != job.case_id:
            faults.append(f"{title} of {job.case.code}: its mask is of another case.")
            continue
        grid = job.case.scans.get(sequence=Scan.Sequence.FLAIR).grid
        voxels = mask_on(grid, mask.pk)
        if isinstance(voxels, str):
            faults.append(f"{title} of {job.case.code}: {voxels}.")
    if faults:
        raise InvalidReferenceDesign(
            f"{len(faults)} masks cannot lend their lesions: {' '.join(faults[:3])} Nothing was "
            "opened; segment these cases again, or leave the method out.",
            fields={"methods": faults},
        )
