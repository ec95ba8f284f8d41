"""Masks of a cohort are compared case by case; whatever is missing is named, never scored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from segmentation.evaluation.records import CaseRecord
from segmentation.methods import UnknownMethod
from segmentation.models import AuditEntry, Case, Cohort, Evaluation, Segmentation
from segmentation.networks.checkpoint import save_checkpoint
from segmentation.networks.unet import UNet, UNetSettings
from segmentation.operations import running
from segmentation.operations.comparison import NoReference, references_of
from segmentation.operations.evaluating import (
    Comparing,
    NothingToCompare,
    SameReference,
    UnknownProfile,
    facts_of,
    prepare,
    records_of,
)
from segmentation.operations.evaluation_jobs import run_evaluation
from segmentation.operations.leases import LeaseLost, take
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.references import make_references
from segmentation.operations.training_jobs import choices_for
from segmentation.operations.versions import add_version
from segmentation.operations.voxels import mask_of, scans_of
from tests.segmentation.scans import NOON, signed_in
from tests.segmentation.taught import teach

pytestmark = pytest.mark.django_db(transaction=True)
PREDICTION, DELINEATION = Segmentation.Origin.PREDICTION, Segmentation.Origin.DELINEATION


def draw(case: Case, title: str, mask: np.ndarray, *, method: str = "") -> Segmentation:
    """A mask by a method, or by a person."""
    new = NewMask(
        case=case,
        origin=PREDICTION if method else DELINEATION,
        title=title,
        method=method,
        mask=mask,
    )
    return store_mask(new, like=scans_of(case)["FLAIR"], now=NOON)


def known(case: Case) -> np.ndarray:
    return mask_of(case.segmentations.get(origin="imported"))


@pytest.fixture
def drawn(cohort: Cohort) -> Cohort:
    """Two cases: two experts, the default method in both, LST-LGA in the first."""
    first, second = teach(cohort, 81, 82)
    for case in (first, second):
        draw(case, "Expert 1", known(case))
        draw(case, "Slim", known(case) if case == first else ~known(case), method="slim-unet")
    draw(first, "Expert 2", known(first))
    draw(first, "LGA", known(first), method="lst-lga")
    return cohort


def compared(cohort: Cohort, *references: str, **more: Any) -> list[CaseRecord]:
    prepared = prepare(Comparing(cohort, references, **more), by=None)
    return list(records_of(prepared, progress=lambda done, stage: None))


@pytest.mark.parametrize("kind", ["sha256", "sent_sha256", "original_sha256"])
def test_whom_a_version_learned_from_is_counted_by_any_hash(
    drawn: Cohort, tmp_path: Path, kind: str
) -> None:
    first, second = drawn.cases.order_by("code")
    sides = {
        side: [getattr(case.scans.get(sequence="FLAIR"), kind)]
        for side, case in (("training_sha256", first), ("validation_sha256", second))
    }
    file = tmp_path / "tiny.safetensors"
    save_checkpoint(file, UNet(UNetSettings(3, (4, 4, 6, 6, 6), 3, 3, True, 0.0, 2)), sides)
    content = file.read_bytes()
    version = add_version(
        method="slim-unet", title="Tiny", content=content, cohorts=[drawn], now=NOON
    )
    for case in (first, second):
        draw(case, "Tiny", known(case), method=version.name)
    prepared = prepare(Comparing(drawn, ["imported"], methods=[version.name]), by=None)
    facts = facts_of(prepared, by=None)
    assert [one.learned_by for one in facts] == [{version.name}, set()]
    assert [one.validated_by for one in facts] == [set(), {version.name}]


def test_what_raters_practise_on_is_no_reference(drawn: Cohort) -> None:
    first = drawn.cases.earliest("code")
    practice = draw(first, "Practice mask", ~known(first))
    Segmentation.objects.filter(pk=practice.pk).update(origin=Segmentation.Origin.PRACTICE)
    (choices,) = choices_for([drawn])
    offered = {one["name"]: (one["titles"], one["cases"]) for one in choices["references"]}
    assert offered == {
        "delineation": (["Expert 1", "Expert 2"], 2),
        "imported": (["Imported mask"], 2),
        "Expert 1": (["Expert 1"], 2),
        "Expert 2": (["Expert 2"], 1),
        "Imported mask": (["Imported mask"], 2),
    }
    for name in ("practice", "Practice mask"):
        with pytest.raises(NoReference, match="Expert 1"):
            references_of(drawn, reference=name)


def test_every_method_meets_every_reference_and_they_meet_each_other(drawn: Cohort) -> None:
    first, second = compared(drawn, "Expert 1", "Expert 2")
    met = [(pair.mask, pair.reference) for pair in first.pairs]
    assert met == [
        *(("slim-unet", "Expert 1"), ("slim-unet", "Expert 2")),
        *(("lst-lga", "Expert 1"), ("lst-lga", "Expert 2")),
    ]
    assert {pair.scores["DSC"] for pair in first.pairs} == {1.0}
    assert [(pair.mask, pair.reference) for pair in first.between] == [
        *(("Expert 1", "Expert 2"), ("Expert 2", "Expert 1")),
    ]
    assert second.missing == {"lst-lga": "no T1", "Expert 2": "no such mask"}
    assert second.pairs[0].scores["DSC"] == 0


def test_the_command_prints_table_4_and_writes_the_same_bundle_twice(
    drawn: Cohort, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", "--cohort", drawn.title, "--references", "Expert 1"]
    for volume in ("nan", "-3", "10001"):
        with pytest.raises(CommandError, match="a number of mm3 from 0 to 10000"):
            call_command(*asked, f"--min-volume-mm3={volume}")
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        call_command(*asked, "--methods", "slim-unet", "--out", str(folder))
    capsys.readouterr()
    call_command(*asked, "Expert 2")
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert any(line.startswith("| Slim U-Net | 2 | 0.50 (0.71) |") for line in lines)
    assert "| LST-LGA | 1 | 1.00 | 1.00 | 1.00 | 1.00 |" in lines
    assert "C0002 is without LST-LGA: no T1" in lines
    assert "50% Case 2 of 2" in told.err
    one, two = ({path.name: path.read_bytes() for path in _files(folder)} for folder in folders)
    assert one == two
    assert {"table_4.csv", "tables.xlsx", "report.html", "volumes-1.svg", "manifest.csv"} <= set(
        one
    )
    assert b"Slim U-Net" in one["report.html"]
    assert b"http" not in one["report.html"].replace(b"http://www.w3.org", b"")
    with pytest.raises(CommandError, match="is not empty"):
        call_command(*asked, "--out", str(folders[0]))


def test_the_comparison_with_one_reference_is_the_evaluation_against_it(
    drawn: Cohort, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("evaluate", "--cohort", drawn.title, "--references", "Expert 2")
    evaluated = capsys.readouterr().out
    call_command("compare_methods", "--cohort", drawn.slug, "--reference", "Expert 2")
    assert capsys.readouterr().out == evaluated
    with pytest.raises(CommandError, match="Expert 9"):
        call_command("compare_methods", "--cohort", drawn.slug, "--reference", "Expert 9")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_an_empty_reference_leaves_scores_undefined_with_the_reason(drawn: Cohort) -> None:
    case = drawn.cases.get(code="C0001")
    draw(case, "Blank", np.zeros_like(known(case)))
    (record,) = compared(drawn, "Blank")
    scores = record.pairs[0].scores
    assert scores["lesion recall"] == {"undefined": "no reference lesion"}
    assert scores["HD95 (mm)"] == {"undefined": "the reference is empty"}
    assert scores["DSC"] == 0


def test_masks_that_are_gone_or_elsewhere_are_missing_with_the_reason(drawn: Cohort) -> None:
    case, other = drawn.cases.order_by("code")
    gone = case.segmentations.get(method="lst-lga")
    gone.mask.storage.delete(gone.mask.name)
    elsewhere = case.segmentations.get(method="slim-unet")
    scan = case.scans.get()
    scan.affine = (np.array(scan.affine) + np.diag([0, 0, 0.5, 0])).tolist()
    scan.save()
    (record,) = compared(drawn, "Expert 2")
    assert record.pairs == ()
    assert record.missing["lst-lga"] == "its file is gone: see manage.py verify_files"
    assert record.missing["slim-unet"] == "its mask lies on another grid than the FLAIR"
    prepared = prepare(Comparing(drawn, ["Expert 1"]), by=None)
    elsewhere.delete()
    other.delete()
    (record,) = records_of(prepared, progress=lambda done, stage: None)
    assert record.missing["slim-unet"] == "deleted meanwhile"


def test_methods_without_a_common_case_are_told(drawn: Cohort) -> None:
    case = drawn.cases.get(code="C0001")
    case.segmentations.get(method="slim-unet").delete()
    out = compared(drawn, "Expert 1")
    assert [sorted({pair.mask for pair in record.pairs}) for record in out] == [
        *(["lst-lga"], ["slim-unet"]),
    ]


def test_an_evaluation_is_a_job_and_its_page_has_tables_figures_and_slices(
    drawn: Cohort, cora: User, dana: User
) -> None:
    client = signed_in(cora)
    sent: dict[str, Any] = {"title": "Test set", "references": ["Expert 1", "Expert 2"]}
    asked = f"/api/v1/cohorts/{drawn.slug}/evaluations/"
    made = client.post(asked, sent, content_type="application/json")
    assert made.status_code == 201, made.content
    address = f"/api/v1/evaluations/{made.json()['id']}/"
    assert client.get(f"{address}findings/").status_code == 409
    assert running.run_next_job(clock=timezone.now) is True
    told = client.get(address).json()
    assert (told["state"], told["reason"], told["cases"]) == ("succeeded", "", ["C0001", "C0002"])
    found = client.get(f"{address}findings/").json()
    (first, *_) = found["groups"][0]["sections"]
    assert first["tables"][0]["rows"][0]["cells"][1]["text"] == "2"
    assert found["figures"][0]["name"] == "volumes-1"
    assert client.get("/evaluations/").status_code == 200
    assert signed_in(dana).get(address).status_code == 403

    for bad in ({"case": "C0009", "slice": 1}, {"case": "C0001", "slice": 99}):
        wrong = client.put(f"{address}slices/", {"slices": [bad]}, content_type="application/json")
        assert (wrong.status_code, set(wrong.json()["fields"])) == (400, {"slices"})
    pair = {"method": "slim-unet", "reference": "Expert 2"}
    for bad in ({"method": "magic"}, {"reference": "Expert 9"}, {"reference": ""}):
        chosen = {"slices": [{"case": "C0001", "slice": 3} | pair | bad]}
        wrong = client.put(f"{address}slices/", chosen, content_type="application/json")
        assert (wrong.status_code, set(wrong.json()["fields"])) == (400, {"slices"})
    every = {"case": "C0001", "slice": 3, "method": "", "reference": ""}
    chosen = {"slices": [every, every | pair]}
    assert client.put(f"{address}slices/", chosen, content_type="application/json").json() == {
        **told,
        **chosen,
    }
    picture = f"{address}picture/?case=C0001&slice=3"
    side = client.get(picture)
    assert side["Content-Type"] == "image/svg+xml"
    for title in (b"FLAIR", b"Expert 1", b"Expert 2", b"Slim U-Net", b"LST-LGA"):
        assert title in side.content
    Segmentation.objects.get(method="lst-lga").delete()
    outlines = client.get(f"{picture}&kind=outlines").content
    assert b"LST-LGA" not in outlines
    assert b"Slim U-Net" in outlines
    assert client.get(f"{picture}&as=png").content.startswith(b"\x89PNG")
    figure_2 = f"{picture}&kind=outlines&method=slim-unet&reference=Expert 2"
    outlines = client.get(figure_2).content
    assert outlines.count(b"no lesion on this slice") == 2
    fullest = int(known(Case.objects.get(code="C0001")).sum(axis=(0, 1)).argmax()) + 1
    there = client.get(figure_2.replace("slice=3", f"slice={fullest}")).content
    assert (there.count(b"<path"), there.count(b"no lesion")) == (2, 0)
    assert b"Expert 2" in outlines
    assert b"Slim U-Net" in outlines
    assert b"Expert 1" not in outlines
    assert client.get(f"{figure_2}&as=png").content.startswith(b"\x89PNG")
    assert client.get(f"{picture}&kind=outlines&method=magic").json()["code"] == "NoSuchSlice"
    packed = zipfile.ZipFile(io.BytesIO(client.get(f"{address}bundle/").getvalue()))
    files = packed.namelist()
    drawn_files = {name.removeprefix("evaluation/figures/") for name in files if "C0001-3" in name}
    assert drawn_files == {
        f"{name}.{ending}"
        for name in ("side-by-side-C0001-3", "outlines-C0001-3", "outlines-C0001-3-slim-unet-2")
        for ending in ("svg", "png")
    }
    assert "evaluation/tables/table_4.csv" in files
    masks = {name.removeprefix("evaluation/masks/") for name in files if "/masks/" in name}
    assert masks == {
        "C0001/reference_1_expert-1.nii.gz",
        "C0001/reference_2_expert-2.nii.gz",
        "C0001/slim-unet.nii.gz",
        "C0002/reference_1_expert-1.nii.gz",
        "C0002/slim-unet.nii.gz",
    }
    with Segmentation.objects.get(case__code="C0002", title="Expert 1").mask.open("rb") as stored:
        one = packed.read("evaluation/masks/C0002/reference_1_expert-1.nii.gz")
        assert one == stored.read()
    listed = packed.read("evaluation/masks.csv").decode()
    assert "C0001,method,lst-lga,,,deleted meanwhile" in listed


def test_an_evaluation_is_deleted_with_a_reason_and_its_worker_stops(
    drawn: Cohort, cora: User, dana: User
) -> None:
    client = signed_in(cora)
    call = {"title": "Wrong", "references": ["Expert 1"]}
    asked = f"/api/v1/cohorts/{drawn.slug}/evaluations/"
    made = client.post(asked, call, content_type="application/json").json()["id"]
    lease = take(Evaluation.objects.get(pk=made), clock=timezone.now)
    assert lease is not None
    address, masks = f"/api/v1/evaluations/{made}/delete/", Segmentation.objects.count()

    def delete(who: User, reason: str) -> int:
        sent = {"reason": reason}
        return signed_in(who).post(address, sent, content_type="application/json").status_code

    assert (delete(cora, " "), delete(dana, "No."), delete(cora, "A slip.")) == (400, 403, 204)
    assert delete(cora, "Again.") == 404
    assert not Evaluation.objects.exists()
    assert Segmentation.objects.count() == masks
    (entry,) = AuditEntry.objects.filter(act="evaluation-deleted")
    assert (entry.what, entry.why, entry.cohort) == ("Wrong", "A slip.", drawn.slug)
    with pytest.raises(LeaseLost):
        lease.report(0.5, "Case 1 of 2")
    run_evaluation(lease)  # by a worker that has only just begun
    assert not Evaluation.objects.exists()


def test_a_reference_is_made_of_several_delineations(drawn: Cohort, cora: User) -> None:
    first, second = drawn.cases.order_by("code")
    half = known(first).copy()
    half[: half.shape[0] // 2] = False
    first.segmentations.get(title="Expert 2").delete()
    draw(first, "Expert 2", half)
    call = {"of": ["Expert 1", "Expert 2"], "rule": "intersection"}
    client = signed_in(cora)
    address = f"/api/v1/cohorts/{drawn.slug}/references/"
    made = client.post(address, call, content_type="application/json").json()
    assert made == {"title": "Intersection of Expert 1, Expert 2", "cases": 1, "notes": []}
    stored = first.segmentations.get(origin="consensus")
    np.testing.assert_array_equal(mask_of(stored), half)
    assert set(stored.provenance["of"]) == {"Expert 1", "Expert 2"}
    assert not second.segmentations.filter(origin="consensus").exists()
    for field, wrong in [("of", {"of": ["Expert 1"]}), ("of", {"of": ["Expert 1", "Expert 9"]})]:
        answer = client.post(address, call | wrong, content_type="application/json")
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})


def test_a_reference_of_the_same_masks_is_made_once(drawn: Cohort) -> None:
    case = drawn.cases.order_by("code").first()
    asked: dict[str, Any] = {"cohort": drawn, "of": ["Expert 1", "Expert 2"], "rule": "union"}
    said: list[str] = []

    def made() -> int:
        return len(make_references(**asked, by=None, now=NOON, say=said.append))

    assert (made(), made()) == (1, 0)
    assert said == [f"{case.code} has this reference of the same masks already."]
    case.segmentations.get(title="Expert 2").delete()
    draw(case, "Expert 2", np.ones_like(known(case)))
    assert made() == 1


def test_what_cannot_be_compared_is_refused_at_its_field(drawn: Cohort) -> None:
    for error, field, words, asked in [
        (NoReference, "references", "called 'Expert 9'", {"references": ["Expert 9"]}),
        (NoReference, "references", "at least one", {"references": []}),
        (SameReference, "references", "same mask", {"references": ["delineation", "Expert 1"]}),
        (UnknownMethod, "methods", "no method 'magic'", {"methods": ["magic"]}),
        (NothingToCompare, "methods", "Start with", {"methods": ["bianca"]}),
        (UnknownProfile, "profile", "no rule 'lax'", {"profile": "lax"}),
    ]:
        values: dict[str, Any] = {"references": ["Expert 1"]} | asked
        with pytest.raises(error, match=words) as refused:
            prepare(Comparing(drawn, **values), by=None)
        assert set(refused.value.fields) == {field}
