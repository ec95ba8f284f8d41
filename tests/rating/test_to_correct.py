"""What raters of a closed study marked comes back to those who correct masks, as a to-do list."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import User

from rating.models import Study
from rating.operations.study import close_study, create_study, edit_study, open_study
from rating.queries import correction_queue
from segmentation.imaging.drawing import digest
from segmentation.imaging.nifti import read_volume
from segmentation.models import Segmentation
from segmentation.operations.cases import create_cohort
from tests.rating.stage import NOON, Browser, a_case, a_mark, a_mask, invited


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
