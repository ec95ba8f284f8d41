"""Dana and Rita make a reference in two steps, with Cora's three methods between them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from rating.dots.order import shuffled
from rating.models import Candidate, Dot, DotDecision, ReferenceCase, ReferenceStudy
from rating.operations import reference_masks
from rating.operations.reference_masks import make_references_of
from rating.operations.reference_study import stream
from rating.queries import reference as queries
from segmentation.evaluation.summary import steps
from segmentation.models import Case, Cohort, Drawing, InferenceJob, Segmentation
from segmentation.operations.evaluating import Comparing, prepare, records_of
from segmentation.operations.references import make_references
from tests.rating.delineators import Delineator, Mask, ball
from tests.rating.reference_stage import A, B, Clock, Own, S, drafted, what_they_draw
from tests.rating.stage import NOON, Browser


@pytest.fixture
def delineators(people: dict[str, User], cohort: Cohort) -> tuple[Delineator, Delineator]:
    cohort.memberships.create(user=people["rita"], role="delineator")
    return Delineator(people["dana"]), Delineator(people["rita"])


@pytest.fixture
def own(cohort: Cohort) -> Own:
    return what_they_draw(cohort)


@pytest.fixture
def study(
    cora: Browser, cohort: Cohort, own: Own, delineators: Any, clock: Clock
) -> ReferenceStudy:
    opened = cora.post(f"{drafted(cora, cohort, own)}open/")
    assert opened["state"] == "open"
    return ReferenceStudy.objects.get()


@pytest.fixture
def finished(
    study: ReferenceStudy, delineators: tuple[Delineator, Delineator], own: Own, clock: Clock
) -> tuple[dict[str, Mask], dict[str, Mask]]:
    """What both drew in the second step; Dana finds that the one lesion of U-Net alone is none."""
    dana, rita = delineators
    dana.finish_step_1(own["dana"])
    assert {one["state"] for one in dana.share()["step_2"]} == {"others"}
    rita.finish_step_1(own["rita"])
    assert {one["state"] for one in dana.share()["step_2"]} == {"interval"}
    assert dana.share()["step_2"][0]["available_at"] == "2026-04-01T12:00:00Z"
    clock.pass_days(30)
    assert [len(person.tasks(2)) for person in (dana, rita)] == [2, 2]
    drawn = dana.finish_step_2(reject=[(11, 5, 3)]), rita.finish_step_2()
    assert [person.share()["state"] for person in (dana, rita)] == ["finished", "finished"]
    return drawn


def test_candidates_are_fused_and_know_whence_they_come(finished: Any, own: Own) -> None:
    first, second = sorted(own["dana"])
    found = Candidate.objects.filter(of__case__code=first)
    assert [(one.voxels, one.voxel) for one in found] == [
        (18 + 2 * 2, [3, 3, 2]),  # A, and what Rita drew beside it
        (18, [5, 17, 5]),
        (18, [11, 5, 3]),
        (18, [17, 19, 2]),
    ]
    assert not Candidate.objects.filter(of__case__code=second).exists()
    assert ReferenceCase.objects.get(case__code=second).built_at is not None
    origins = {
        one.number: {
            (o.delineation.assignment.delineator if o.delineation else o.mask.method, o.voxels)
            for o in one.origins.all()
        }
        for one in found
    }
    assert origins == {
        1: {("dana", 18), ("rita", 8), ("slim-unet", 18)},
        2: {("bianca", 18)},
        3: {("slim-unet", 18)},
        4: {("dana", 18)},
    }
    job = found[1].origins.get().mask.job
    assert (job.method, job.case.code) == ("bianca", first)
    assert InferenceJob.objects.get(pk=job.pk).dotted_in.get().origins.count() == 1
    for name in ("dana", "rita"):
        dots = Dot.objects.filter(delineation__assignment__delineator=name).order_by("position")
        source = stream(ReferenceStudy.objects.get(), f"{name}/dots/{first}")
        assert [dot.candidate for dot in dots] == shuffled(list(found), source=source)
    assert DotDecision.objects.count() == 2 * 8 - 1


def test_which_dots_were_accepted(finished: Any, study: ReferenceStudy, cora: Browser) -> None:
    address = f"reference-studies/{study.slug}/"
    assert cora.refused("get", f"{address}results/") == (409, "ReferenceNotClosed")
    assert cora.refused("get", f"{address}bundle/") == (409, "ReferenceNotClosed")
    assert cora.refused("post", f"{address}masks/") == (409, "ReferenceNotClosed")
    assert cora.refused("post", f"{address}close/", {"reason": " "}) == (400, "ReasonMissing")
    cora.post(f"{address}close/", {"reason": "All done."})
    found = cora.get(f"{address}results/")
    assert found["secret"] == ReferenceStudy.objects.get().secret
    rows = {
        (row["delineator"], row["dots_of"], row["only"]): (row["lesion"], row["dots"])
        for row in found["acceptance"]
    }
    assert rows == {
        ("dana", "own", False): (2, 2),
        ("dana", "own", True): (1, 1),
        ("dana", "colleague", False): (1, 1),
        ("dana", "colleague", True): (0, 0),
        ("dana", "slim-unet", False): (1, 2),
        ("dana", "slim-unet", True): (0, 1),
        ("dana", "bianca", False): (1, 1),
        ("dana", "bianca", True): (1, 1),
        ("dana", "lst-lpa", False): (0, 0),
        ("dana", "lst-lpa", True): (0, 0),
        ("rita", "own", False): (1, 1),
        ("rita", "own", True): (0, 0),
        ("rita", "colleague", False): (2, 2),
        ("rita", "colleague", True): (1, 1),
        ("rita", "slim-unet", False): (2, 2),
        ("rita", "slim-unet", True): (1, 1),
        ("rita", "bianca", False): (1, 1),
        ("rita", "bianca", True): (1, 1),
        ("rita", "lst-lpa", False): (0, 0),
        ("rita", "lst-lpa", True): (0, 0),
        ("", "own", False): (3, 3),
        ("", "own", True): (1, 1),
        ("", "colleague", False): (3, 3),
        ("", "colleague", True): (1, 1),
        ("", "slim-unet", False): (3, 4),
        ("", "slim-unet", True): (1, 2),
        ("", "bianca", False): (2, 2),
        ("", "bianca", True): (2, 2),
        ("", "lst-lpa", False): (0, 0),
        ("", "lst-lpa", True): (0, 0),
    }
    shares = {(row["share"], row["undefined"]) for row in found["acceptance"] if not row["dots"]}
    assert shares == {(None, "no such dot was decided")}


def voxels_of(mask: Segmentation) -> tuple[Any, Any]:
    """A stored mask by nibabel, in RAS order, and its image."""
    with mask.mask.open("rb") as stored:
        image = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
    return np.asarray(nib.as_closest_canonical(image).dataobj) > 0, image


def test_the_references_are_what_was_drawn(
    finished: tuple[dict[str, Mask], dict[str, Mask]],
    study: ReferenceStudy,
    own: Own,
    cora: Browser,
    cohort: Cohort,
) -> None:
    address = f"reference-studies/{study.slug}/"
    before = Segmentation.objects.count()
    cora.post(f"{address}close/", {"reason": "All done."})
    assert Segmentation.objects.count() == before
    assert cora.post(f"{address}masks/")["notes"] == []
    count = Segmentation.objects.count()
    assert count == before + 2 * (2 * 2 + 3)
    assert cora.post(f"{address}masks/")["notes"] == []
    assert Segmentation.objects.count() == count, "made once"
    Segmentation.objects.filter(title__startswith="Union of").first().delete()
    assert cora.post(f"{address}masks/")["notes"] == []
    assert Segmentation.objects.count() == count, "the one that was missing is made"
    first = sorted(own["dana"])[0]
    dana, rita = (one[first] for one in finished)
    wanted = {
        "Test set: dana": dana,
        "Test set: rita": rita,
        "Test set, step 1: dana": own["dana"][first],
        "Test set, step 1: rita": np.zeros_like(dana),  # filled in below
        "Union of Test set: dana, Test set: rita": dana | rita,
        "Intersection of Test set: dana, Test set: rita": dana & rita,
        "Majority of Test set: dana, Test set: rita": dana & rita,
    }
    small = wanted["Test set, step 1: rita"]
    small[4:6, 3:5, 2:4] = True  # 24 mm3 stay, 6 mm3 go
    case = Case.objects.get(code=first)
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        scan = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
    made = {one.title: one for one in case.segmentations.all() if one.title in wanted}
    assert set(made) == set(wanted)
    for title, mask in wanted.items():
        voxels, image = voxels_of(made[title])
        np.testing.assert_array_equal(voxels, mask)
        np.testing.assert_array_equal(image.affine, scan.affine)
        assert image.header["sform_code"] == scan.header["sform_code"]
    assert (dana != rita).any()
    listed = cora.get(f"{address}results/")["references"]
    assert {one["title"] for one in listed if one["case"] == first} == set(wanted)
    asked: dict[str, Any] = {"title": "Table 4", "references": ["Test set: dana", "Test set: rita"]}
    assert cora.post(f"cohorts/{cohort.slug}/evaluations/", asked)["state"] == "queued"
    prepared = prepare(Comparing(cohort, asked["references"], ["slim-unet"]), by=None)
    (dice, *_) = steps(list(records_of(prepared, progress=lambda *_: None)), ["slim-unet"])
    drawn = ball(S, A, B)
    scores = [
        np.mean([2 * (one & drawn).sum() / (one.sum() + drawn.sum()) for one in references])
        for references in ((own["dana"][first], small), (dana, rita))
    ]
    assert (dice["method"], dice["score"], dice["n"]) == ("slim-unet", "DSC", 1)
    assert (dice["step 1"], dice["step 2"]) == pytest.approx(tuple(scores))
    assert dice["difference"] == pytest.approx(scores[1] - scores[0])
    assert scores[1] != scores[0]


@pytest.mark.django_db(transaction=True)
def test_two_who_make_references_at_once_make_one_set(
    finished: Any, study: ReferenceStudy, cora: Browser
) -> None:
    cora.post(f"reference-studies/{study.slug}/close/", {"reason": "All done."})
    study.refresh_from_db()
    before = Segmentation.objects.count()
    together = Barrier(3)

    def make(_: int) -> list[str]:
        try:
            together.wait()
            return make_references_of(study=study, by=None, now=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as makers:
        assert list(makers.map(make, range(3))) == [[], [], []]
    made = [(one.case_id, one.title) for one in queries.references_made(study)]
    assert len(made) == len(set(made)) == 2 * (2 * 2 + 3) == Segmentation.objects.count() - before


def test_references_are_made_a_few_cases_at_a_time(
    finished: Any, study: ReferenceStudy, cora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_masks, "CASES_AT_A_TIME", 1)
    address = f"reference-studies/{study.slug}/"
    cora.post(f"{address}close/", {"reason": "All done."})
    first = min(study.cases.values_list("case__code", flat=True))
    assert cora.post(f"{address}masks/") == {"notes": [], "after": first, "left": 1}
    made = cora.get(f"{address}results/")["references"]
    assert {one["case"] for one in made} == {first}
    end = {"notes": [], "after": "", "left": 0}
    assert cora.post(f"{address}masks/", {"after": first}) == end
    assert len(cora.get(f"{address}results/")["references"]) == 2 * len(made)
    assert cora.post(f"{address}masks/") == end


def test_the_dots_can_be_taken_along(
    finished: Any, study: ReferenceStudy, own: Own, cora: Browser, dana: Browser
) -> None:
    first, second = sorted(own["dana"])
    root = f"/api/v1/reference-studies/{study.slug}/cases/"
    case = Case.objects.get(code=first)
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        scan = nib.Nifti1Image.from_bytes(gzip.decompress(stored.read()))
    answer = cora.ask("get", f"{root}{first}/dots.nii.gz")
    dots = nib.Nifti1Image.from_bytes(gzip.decompress(answer.content))
    np.testing.assert_array_equal(dots.affine, scan.affine)
    assert [dots.header[code] for code in ("qform_code", "sform_code")] == [1, 1]
    labels = np.asarray(dots.dataobj)
    assert labels.shape == scan.shape
    assert sorted(labels[labels > 0].tolist()) == [1, 2, 3, 4]
    table = cora.ask("get", f"{root}{first}/dots.csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["dot"] for row in rows] == ["1", "2", "3", "4"]
    for row in rows:
        at = tuple(int(row[axis]) for axis in "ijk")
        assert labels[at] == int(row["dot"])
        mm = [float(row[f"{axis}_mm"]) for axis in "xyz"]
        np.testing.assert_allclose(nib.affines.apply_affine(scan.affine, at), mm, atol=1e-3)
    balls = cora.ask("get", f"{root}{first}/dots.nii.gz?radius_mm=1")
    assert balls["Content-Disposition"] == f'attachment; filename="{first}_balls.nii.gz"'
    fat = np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(balls.content)).dataobj)
    assert np.bincount(fat.ravel())[1:].tolist() == [5, 5, 5, 5]  # 4 neighbours of 1 mm in a slice
    empty = cora.ask("get", f"{root}{second}/dots.nii.gz").content
    assert not np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(empty)).dataobj).any()
    assert cora.ask("get", f"{root}{first}/dots.nii.gz?radius_mm=x").status_code == 400
    assert cora.ask("get", f"{root}C9999/dots.csv").status_code == 404
    assert dana.ask("get", f"{root}{first}/dots.csv").status_code == 404


def test_the_bundle_is_the_same_every_time(
    finished: Any, study: ReferenceStudy, cora: Browser, tmp_path: Path
) -> None:
    address = f"reference-studies/{study.slug}/"
    with pytest.raises(CommandError, match="shown when it is closed"):
        call_command("export_reference", study.slug, "--out", str(tmp_path / "early"))
    cora.post(f"{address}close/", {"reason": "All done."})
    cora.post(f"{address}masks/")
    first, again = (cora.ask("get", f"{address}bundle/").getvalue() for _ in range(2))
    assert first == again
    call_command("export_reference", study.title, "--out", str(tmp_path / "out"))
    with (tmp_path / "out" / "decisions.csv").open() as written:
        rows = list(csv.DictReader(written))
    assert len(rows) == DotDecision.objects.count()
    assert {row["version"] for row in rows} == {"1", "2"}
    with (tmp_path / "out" / "origins.csv").open() as written:
        named = [(row["candidate"], row["kind"], row["name"]) for row in csv.DictReader(written)]
    assert named == [
        ("1", "delineator", "dana"),
        ("1", "delineator", "rita"),
        ("1", "method", "slim-unet"),
        ("2", "method", "bianca"),
        ("3", "method", "slim-unet"),
        ("4", "delineator", "dana"),
    ]
    assert len(list((tmp_path / "out" / "dot_masks").iterdir())) == 2


def test_the_bundle_has_every_mask_of_the_study(
    finished: Any, study: ReferenceStudy, cora: Browser, cohort: Cohort, own: Own, tmp_path: Path
) -> None:
    out, code = tmp_path / "out", min(own["dana"])
    cora.post(f"reference-studies/{study.slug}/close/", {"reason": "All done."})
    study.refresh_from_db()
    make_references_of(study=study, by=None, now=NOON)
    names = queries.names_to_fuse(study)
    make_references(cohort=cohort, of=names, rule="staple", by=None, now=NOON, say=pytest.fail)
    gone = Segmentation.objects.get(title="Test set, step 1: rita", case__code=code)
    gone.mask.storage.delete(gone.mask.name)
    call_command("export_reference", study.slug, "--out", str(out))
    assert {path.name for path in (out / "masks" / code).iterdir()} == {
        *("step_1_dana.nii.gz", "step_2_dana.nii.gz", "step_2_rita.nii.gz"),
        *("union.nii.gz", "intersection.nii.gz", "majority.nii.gz", "staple.nii.gz"),
    }
    with (out / "masks.csv").open() as written:
        rows = [row for row in csv.DictReader(written) if row["case"] == code]
    assert [(row["kind"], row["missing"]) for row in rows if not row["file"]] == [
        ("step 1", "its file is gone: see manage.py verify_files")
    ]
    for row in rows:
        if row["file"]:
            content = (out / row["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
    drawn, _ = finished
    kept = nib.Nifti1Image.from_bytes(
        gzip.decompress((out / "masks" / code / "step_2_dana.nii.gz").read_bytes())
    )
    assert np.count_nonzero(kept.dataobj) == drawn[code].sum()
    with (out / "manifest.csv").open() as written:
        listed = {row["file"] for row in csv.DictReader(written)}
    assert {row["file"] for row in rows if row["file"]} < listed


def test_what_is_drawn_for_a_study_is_not_gone_on_with_elsewhere(
    finished: Any, study: ReferenceStudy, cora: Browser, dana: Browser, own: Own
) -> None:
    cora.post(f"reference-studies/{study.slug}/close/", {"reason": "All done."})
    code = sorted(own["dana"])[0]
    begun = dana.post(f"cases/{code}/drawings/", {"corrects": None})
    assert begun["edits"] == []
    mine = Drawing.objects.filter(is_set_aside=True, author__username="dana")
    assert mine.count() == 4
    for drawing in mine:
        assert dana.refused("get", f"drawings/{drawing.pk}/") == (404, "NotFound")
