"""The life of an evaluation: asked for, run by a worker, read as tables, taken out as a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify

from segmentation.evaluation.cohort import CaseFacts
from segmentation.evaluation.comparison import LEAST_MM3
from segmentation.evaluation.findings import Asked, Findings, lay_out
from segmentation.evaluation.lesion_matching import ONE_VOXEL
from segmentation.evaluation.records import CaseRecord
from segmentation.models import Cohort, Evaluation
from segmentation.operations.audit import Act, record
from segmentation.operations.evaluating import Comparing, facts_of, masks_of, prepare, records_of
from segmentation.operations.evaluation_files import bundle_files
from segmentation.operations.jobs import AlreadyFinished, ring
from segmentation.operations.pictures import KINDS, pair_fault, picture_of, slices_in
from segmentation.publication.archive import zipped
from segmentation.publication.drawing import png_of_svg
from segmentation.refusals import ReasonMissing, Refusal

if TYPE_CHECKING:
    from segmentation.operations.leases import Lease  # leads to PyTorch

MOST_SLICES = 12


class InvalidEvaluation(Refusal):
    """Something about an evaluation that was asked for is missing or cannot be."""


class NotEvaluatedYet(Refusal):
    """The evaluation has found nothing yet."""


@dataclass(frozen=True)
class Request:
    """An evaluation as it is asked for; see `evaluating.Comparing`."""

    title: str
    cohort: Cohort
    references: Sequence[str]
    methods: Sequence[str] = ()
    min_volume_mm3: float = LEAST_MM3
    profile: str = ONE_VOXEL.name


def request_evaluation(request: Request, *, by: User | None, now: datetime) -> Evaluation:
    """This will queue an evaluation, or refuse and say at which field why.

    Raises InvalidEvaluation, and what `evaluating.prepare` raises.
    """
    title = request.title.strip()
    if not title:
        fault = "Give it a name; the bundle is called by it."
        raise InvalidEvaluation(fault, fields={"title": [fault]})
    evaluation = Evaluation(
        title=title,
        cohort=request.cohort,
        methods=list(request.methods),
        references=list(dict.fromkeys(request.references)),
        min_volume_mm3=request.min_volume_mm3,
        profile=request.profile,
        queued_at=now,
        requested_by=by,
        stage="Waiting for a worker",
    )
    prepare(_comparing(evaluation), by=by)
    with transaction.atomic():
        evaluation.save(force_insert=True)
        _write_down(Act.EVALUATION_STARTED, evaluation, by, now)
        transaction.on_commit(ring)
    return evaluation


def cancel_evaluation(*, evaluation_id: UUID, by: User | None, now: datetime) -> None:
    """This will cancel an evaluation; its worker stops at the next case. Raises AlreadyFinished."""
    with transaction.atomic():
        cancelled = Evaluation.objects.filter(
            pk=evaluation_id, state__in=Evaluation.UNFINISHED
        ).update(state=Evaluation.State.CANCELLED, finished_at=now, lease=None, stage="Cancelled")
        evaluation = Evaluation.objects.select_related("cohort").get(pk=evaluation_id)
        if not cancelled:
            raise AlreadyFinished(
                f"This evaluation has already ended ({evaluation.state}). Nothing was changed."
            )
        _write_down(Act.EVALUATION_CANCELLED, evaluation, by, now)


def delete_evaluation(
    *, evaluation: Evaluation, reason: str, by: User | None, now: datetime
) -> None:
    """This will delete an evaluation with what it found; the masks that it compared stay.

    Nothing of it is in a file: its bundle is made when it is asked for. A worker that runs it stops
    at the next case. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing(
            "Deleting an evaluation needs a reason, which the audit log keeps. Nothing was "
            "deleted.",
            fields={"reason": ["Say why the evaluation is deleted."]},
        )
    with transaction.atomic():
        gone, _ = Evaluation.objects.filter(pk=evaluation.pk).delete()
        if gone:
            _write_down(Act.EVALUATION_DELETED, evaluation, by, now, why=reason.strip())


def run_evaluation(lease: Lease) -> None:
    """This will score case after case and end the job; a refusal or a bug becomes its reason.

    Raises LeaseLost, OperationalError, InterfaceError.
    """
    from segmentation.operations.leases import ended_with_a_reason

    asked = Evaluation.objects.select_related("cohort", "requested_by")
    evaluation = asked.filter(pk=lease.job_id).first()
    if evaluation is None:  # deleted just now
        return
    by = evaluation.requested_by
    with ended_with_a_reason(lease):
        prepared = prepare(_comparing(evaluation), by=by)
        records = [one.as_json() for one in records_of(prepared, progress=lease.report)]
        facts = [
            asdict(one)
            | {
                "learned_by": sorted(one.learned_by),
                "validated_by": sorted(one.validated_by),
            }
            for one in facts_of(prepared, by=by)
        ]
        found = {"asked": prepared.asked.as_json(), "records": records, "facts": facts}
        lease.succeed(found=found | {"masks": masks_of(prepared)})


def findings_of(evaluation: Evaluation) -> Findings:
    """This will lay out what an evaluation has found; raises NotEvaluatedYet."""
    found = _found(evaluation)
    facts = [
        CaseFacts(
            **one
            | {name: frozenset(one[name]) for name in ("learned_by", "validated_by")}
            | {name: tuple(one[name]) for name in ("shape", "spacing_mm")}
        )
        for one in found["facts"]
    ]
    return lay_out(_records(found), facts, Asked.from_json(found["asked"]))


def bundle(evaluation: Evaluation, *, by: User | None, now: datetime) -> IO[bytes]:
    """This will pack everything about an evaluation as a zip file; raises NotEvaluatedYet.

    The same masks and the same chosen slices give the same bytes.
    """
    findings, found = findings_of(evaluation), _found(evaluation)
    pictures = {}
    for number, chosen in enumerate(evaluation.slices, 1):
        is_pair = bool(chosen.get("method"))
        for kind in KINDS[1:] if is_pair else KINDS:
            drawn = picture_of(evaluation, kind=kind, **chosen)
            pair = f"-{slugify(chosen['method'])}-{number}" if is_pair else ""
            name = f"{kind}-{chosen['case']}-{chosen['slice']}{pair}"
            pictures[name] = drawn, png_of_svg(drawn)
    files = bundle_files(
        title=evaluation.title,
        findings=findings,
        records=_records(found),
        pictures=pictures,
        asked=Asked.from_json(found["asked"]),
        masks=found["masks"],
    )
    packed = zipped(files, folder="evaluation")
    _write_down(Act.EVALUATION_EXPORTED, evaluation, by, now)
    return packed


def choose_slices(
    *, evaluation: Evaluation, slices: Sequence[Mapping[str, Any]], by: User | None, now: datetime
) -> None:
    """This will choose the slices that are drawn, in order; raises InvalidEvaluation.

    One with a `method` and a `reference` shows those two alone.
    """
    found = _found(evaluation)
    known = {one["case"] for one in found["records"]}
    asked = Asked.from_json(found["asked"])
    keys = ("case", "slice", "method", "reference")
    wanted = list(dict.fromkeys(tuple(one.get(key, "") for key in keys) for one in slices))
    faults = []
    for case, number, method, reference in wanted:
        if case not in known:
            faults.append(f"{case} is not part of it.")
        elif not 1 <= number <= slices_in(case):
            faults.append(f"{case} has slices 1 to {slices_in(case)}.")
        if fault := pair_fault(asked, method=method, reference=reference):
            faults.append(fault)
    if len(wanted) > MOST_SLICES:
        faults.append(f"At most {MOST_SLICES} slices.")
    if faults:
        raise InvalidEvaluation(" ".join(faults), fields={"slices": faults})
    with transaction.atomic():
        evaluation.slices = [dict(zip(keys, one, strict=True)) for one in wanted]
        evaluation.save(update_fields=["slices"])
        _write_down(Act.EVALUATION_CHANGED, evaluation, by, now)


def _found(evaluation: Evaluation) -> dict[str, Any]:
    if not evaluation.found:
        raise NotEvaluatedYet(f"This evaluation is {evaluation.state}; it has found nothing yet.")
    found: dict[str, Any] = evaluation.found
    return found


def _records(found: Mapping[str, Any]) -> list[CaseRecord]:
    return [CaseRecord.from_json(one) for one in found["records"]]


def _comparing(evaluation: Evaluation) -> Comparing:
    return Comparing(
        cohort=evaluation.cohort,
        references=evaluation.references,
        methods=evaluation.methods,
        min_volume_mm3=evaluation.min_volume_mm3,
        profile=evaluation.profile,
    )


def _write_down(
    act: Act, evaluation: Evaluation, by: User | None, now: datetime, *, why: str = ""
) -> None:
    record(act, by=by, now=now, what=evaluation.title, cohort=evaluation.cohort.slug, why=why)
