"""What raters of a closed study marked comes back to those who correct masks, as a to-do list."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User

from rating.models import Study
from rating.operations.study import close_study, create_study, edit_study, open_study
from rating.queries.acceptance import correction_queue, disagreement_queue
from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.drawing import digest
from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Segmentation, Training
from segmentation.operations.cases import create_cohort
from tests.rating.stage import NOON, Browser, a_case, a_mark, a_mask, invited
from tests.segmentation.test_training_jobs import tiny_version


def a_judged_mask() -> tuple[Segmentation, Study]:
    """Rita sees a mask twice: lesion 2 is none both times, one lesion is missed both times."""
    cora, rita = User.objects.create_user("cora"), User.objects.create_user("rita")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    invited(cohort, rita)
    mask = a_mask(a_case(cohort, 1), lesions=4)
    study = create_study(title="Reading", cohort=cohort, by=cora, now=NOON)
    settings = {"gap": 0, "min_volume_mm3": 0, "washout_days": 0}
    edit_study(study=study, by=cora, items=[mask.pk], raters=["rita"], settings=settings)
    open_study(study=study, by=cora, now=NOON)
    reader = Browser(rita)
    for shift in (0, 2):
        token = reader.open_next()["presentation"]
        reader.mark(token, lesion=2)
        reader.put(f"presentations/{token}/marks/{uuid4()}/", a_mark(mm=(1.0 + shift, 2.0, 3.0)))
        reader.submit(token, fp=1, fn=1)
    return mask, study


def test_marks_of_a_closed_study_are_a_list_to_work_off(db: None) -> None:
    mask, study = a_judged_mask()
    cora = Browser(User.objects.get(username="cora"))
    drawing = cora.post(f"cases/{mask.case.code}/drawings/", {"corrects": str(mask.pk)})
    address = f"drawings/{drawing['id']}/to-correct/"
    page = f"/cohorts/{study.cohort.slug}/corrections/"
    assert cora.get(address) == []  # it still runs
    assert b"Nothing to correct" in cora.client.get(page).content
    close_study(study=study, reason="Done.", by=User.objects.get(username="cora"), now=NOON)
    wrong, missed = cora.get(address)
    lesion = mask.lesions[1]
    assert wrong == {"kind": "FP", "lesion": 2, "mm": list(lesion.voxel_mm), "showings": 2}
    assert missed == {"kind": "FN", "lesion": None, "mm": [2, 2, 3], "showings": 2}
    listed = cora.client.get(page).content.decode()
    assert "1 false positive, 1 missed" in listed
    assert f"?mask={mask.pk}" in listed


def test_masks_that_nobody_has_corrected_come_first(db: None) -> None:
    mask, study = a_judged_mask()
    cora = User.objects.get(username="cora")
    close_study(study=study, reason="Done.", by=cora, now=NOON)
    (queued,) = correction_queue(cora, study.cohort.slug)
    assert (queued.false_positives, queued.missed, queued.corrections) == (1, 1, 0)
    person = Browser(cora)
    drawing = person.post(f"cases/{mask.case.code}/drawings/", {"corrects": str(mask.pk)})
    seen = {"edits": 0, "voxels": 16, "digest": 0, "active_ms": 0}
    assert person.refused("post", f"drawings/{drawing['id']}/save/", seen)[1] == "DoesNotReplay"
    seen["digest"] = digest_of(mask)
    person.post(f"drawings/{drawing['id']}/save/", seen)
    assert [one.corrections for one in correction_queue(cora, study.cohort.slug)] == [1]


def digest_of(mask: Segmentation) -> int:
    with mask.labels.open("rb") as stored:
        return digest(read_volume(stored.read(), name="labels").data > 0)


def corrected(person: Browser, mask: Segmentation) -> str:
    """The id of a correction that leaves a mask as it is."""
    drawing = person.post(f"cases/{mask.case.code}/drawings/", {"corrects": str(mask.pk)})
    voxels = sum(lesion.voxels for lesion in mask.lesions)
    seen = {"edits": 0, "voxels": voxels, "digest": digest_of(mask), "active_ms": 0}
    return str(person.post(f"drawings/{drawing['id']}/save/", seen)["id"])


def test_disagreement_is_one_minus_the_mean_dice_of_all_pairs() -> None:
    left, both, nothing = np.zeros((3, 4, 2), bool)
    left[0], both[0], both[1] = True, True, True
    assert disagreement([left, left, left]) == 0
    assert disagreement([left, nothing]) == 1
    assert disagreement([nothing, nothing]) == 0
    assert disagreement([left, both, nothing]) == pytest.approx(1 - (2 / 3) / 3)
    assert isinstance(disagreement([left]), Undefined)


def test_cases_that_methods_disagree_about_come_first(db: None) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    alike, apart, done, single = (a_case(cohort, number) for number in range(1, 5))
    for case, lesions in ((alike, 2), (apart, 1), (done, 0)):
        an_older(a_mask(case, lesions=4, method="one"))  # does not count
        a_mask(case, lesions=lesions, method="one")
        other = a_mask(case, lesions=2, method="other")
    a_mask(single, lesions=1, method="one")
    person = Browser(cora)
    corrected(person, other)
    queue = disagreement_queue(cora, cohort.slug)
    assert [one.segmentation.case for one in queue] == [apart, alike, done]
    assert [one.disagreement for one in queue] == pytest.approx([1 / 3, 0, 1])
    assert [(one.methods, one.corrections) for one in queue] == [(2, 0), (2, 0), (2, 1)]
    page = f"/cohorts/{cohort.slug}/corrections/?order=disagreement"
    listed = person.client.get(page).content.decode()
    assert listed.index("0.33") < listed.index("0.00") < listed.index("1.00")


def test_from_corrected_masks_to_a_training_and_to_the_study_of_old_against_new(
    db: None, tmp_path: Path
) -> None:
    cora, rita = User.objects.create_user("cora"), User.objects.create_user("rita")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    invited(cohort, rita)
    person, cases = Browser(cora), [a_case(cohort, number) for number in range(1, 6)]
    page = f"/cohorts/{cohort.slug}/corrections/"
    assert b"Train on" not in person.client.get(page).content
    masks = [a_mask(case, lesions=2, method="slim-unet") for case in cases]
    corrections = {corrected(person, mask) for mask in masks[:3]}
    listed = person.client.get(page).content.decode()
    assert "Train on the corrected masks (3 cases)" in listed
    assert "?cohort=clinic&amp;reference=correction&amp;start=slim-unet" in listed

    asked = {"title": "Corrected", "preset": "small", "reference": "correction"}
    person.post("cohorts/clinic/trainings/", asked | {"start": "slim-unet"})
    split = Training.objects.get().split
    assert {*split["training"]["masks"], *split["validation"]["masks"]} == corrections

    learned, chosen_by = [sha256_of(case) for case in cases[:2]], [sha256_of(cases[2])]
    new = tiny_version(cohort, tmp_path, training_sha256=learned, validation_sha256=chosen_by)
    for case in cases[:4]:
        a_mask(case, lesions=1, method=new.name)
    wanted = {"title": "Reading", "methods": ["slim-unet", new.name]}
    refused = person.refused("post", "cohorts/clinic/studies/", wanted)
    assert refused == (400, "NothingToPair")  # only the fourth case is new to both
    assert not Study.objects.exists()
    newest = a_mask(cases[4], lesions=1, method=new.name)
    an_older(a_mask(cases[4], lesions=3, method=new.name))
    drafted = Study.objects.get(slug=person.post("cohorts/clinic/studies/", wanted)["id"])
    items = drafted.items.values_list("segmentation__case", "segmentation__method")
    assert sorted(items) == [
        (case.pk, method) for case in cases[3:] for method in ("slim-unet", new.name)
    ]
    assert drafted.items.filter(segmentation=newest).exists()
    edit_study(study=drafted, by=cora, raters=["rita"], settings={"min_volume_mm3": 0})
    open_study(study=drafted, by=cora, now=NOON)
    assert new.name not in str(Browser(rita).open_next())


def an_older(mask: Segmentation) -> None:
    Segmentation.objects.filter(pk=mask.pk).update(created_at=NOON - timedelta(days=1))


def sha256_of(case: Case) -> str:
    return case.scans.get(sequence="FLAIR").original_sha256
