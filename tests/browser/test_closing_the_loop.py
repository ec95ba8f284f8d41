"""From what raters marked to a better network, and to the blinded study of old against new."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from rating.models import Study
from rating.operations.pairing import fill_drafts
from rating.operations.study import close_study, create_study, edit_study, open_study
from segmentation.imaging.lesions import Lesion, find_lesions
from segmentation.models import Case, Cohort, Segmentation, Training
from segmentation.operations.cases import create_cohort
from segmentation.operations.masks import NewMask, store_mask
from segmentation.operations.running import run_next_job
from segmentation.operations.voxels import mask_of, scans_of
from tests.browser.conftest import Visitor
from tests.browser.test_editor import Artist
from tests.rating.stage import Browser, a_mark, invited
from tests.segmentation.taught import teach
from tests.segmentation.test_training_jobs import tiny_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FALSE = (16, 20, 5)  # a voxel in the middle of the highest slice


def a_faulty_mask(case: Case, method: str) -> tuple[Segmentation, Lesion]:
    """A method's mask of a phantom with a lesion that is none, and the one that it missed."""
    truth = mask_of(case.segmentations.get())
    volume = scans_of(case)["FLAIR"]
    labels, lesions = find_lesions(truth, grid=volume.grid)
    missed = max(lesions, key=lambda one: one.voxels)
    mask = truth & (labels != missed.id)
    x, y, z = FALSE
    assert not truth[x - 2 : x + 3, y - 2 : y + 3, z - 1 :].any()
    mask[FALSE] = True
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title="Tiny",
        method=method,
        mask=mask,
    )
    return store_mask(new, like=volume, now=timezone.now()), missed


def marked_in_a_study(mask: Segmentation, missed: Lesion, cora: User, rita: User) -> None:
    """A closed study in which Rita marked, both times, what is false and what is missed."""
    now, cohort = timezone.now(), mask.case.cohort
    wrong = next(one.id for one in mask.lesions if one.voxels == 1 and is_false(one, mask))
    study = create_study(title="First reading", cohort=cohort, by=cora, now=now)
    rules = {"gap": 0, "min_volume_mm3": 0, "washout_days": 0}
    edit_study(study=study, by=cora, items=[mask.pk], raters=["rita"], settings=rules)
    open_study(study=study, by=cora, now=now)
    reader = Browser(rita)
    for _ in range(2):
        token = reader.open_next()["presentation"]
        reader.mark(token, lesion=wrong)
        reader.put(f"presentations/{token}/marks/{uuid4()}/", a_mark(mm=missed.voxel_mm))
        reader.submit(token, fp=1, fn=1)
    close_study(study=study, reason="Read.", by=cora, now=timezone.now())


def is_false(lesion: Lesion, mask: Segmentation) -> bool:
    grid = mask.case.scans.get().grid
    return np.allclose(lesion.voxel_mm, grid.to_mm(np.array(FALSE)))


def correct_through_the_page(cora: Visitor, case: Case, missed: Lesion) -> Segmentation:
    """Work off what raters marked, from the list of corrections on."""
    artist, page = Artist(cora, case, "cora"), cora.page
    cora.go(f"/cohorts/{case.cohort.slug}/corrections/")
    row = page.get_by_role("row", name=case.code)
    expect(row).to_contain_text("1 false positive, 1 missed")
    row.get_by_role("link", name="Open").click()
    cora.wait_for_viewer()
    page.get_by_role("button", name="Correct Tiny").click()
    page.wait_for_url("**/drawings/*/")
    cora.wait_for_viewer()
    expect(page.get_by_text("To correct: 1 false positive, 1 missed")).to_be_visible()
    page.get_by_role("button", name="False positive 1").click()
    artist.key("s")
    artist.click(FALSE)
    artist.key("Delete")
    expect(page.get_by_text("To correct: 0 false positives, 1 missed")).to_be_visible()
    artist.key("b")
    place = artist.grid.to_voxel(np.array(missed.voxel_mm)).round().astype(int).tolist()
    artist.click(tuple(place))
    expect(page.get_by_text("All mended")).to_be_visible()
    return artist.save()


def train_on_the_corrected(cora: Visitor, cohort: Cohort, mask: Segmentation) -> None:
    """Choose one corrected mask, train on it for two epochs, and see the version."""
    page = cora.page
    cora.go(f"/cohorts/{cohort.slug}/corrections/")
    page.locator('select[name="order"]').select_option("what was corrected")
    page.get_by_role("button", name="Show").click()
    page.get_by_label(f"Learn from {mask.title} of case {mask.case.code}").check()
    page.get_by_role("button", name="Train on the chosen masks").click()
    page.get_by_label("Title").fill("Corrected")
    page.get_by_label("What is learned").select_option("short")
    expect(page.get_by_label("Learned from").locator("option:checked")).to_have_text(
        "1 mask that you chose"
    )
    expect(page.get_by_label("Begins from")).to_have_value("slim-unet-v2")
    page.get_by_label("Subjects to validate on").fill("0")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_text("Waiting for a free worker").last).to_be_visible()
    work()
    expect(page.get_by_text("Done: slim-unet-v3 can be used from now on.").last).to_be_visible()
    split = Training.objects.get().split
    assert [split[side]["masks"] for side in ("training", "validation")] == [[str(mask.pk)], []]


def draft_old_against_new(page: Page, cases: int) -> Study:
    """One click: the missing masks are made, then the draft has them."""
    page.get_by_role("button", name="Draft a study of old against new").click()
    waiting = page.get_by_role("region", name="Masks that are being made")
    expect(waiting).to_contain_text(f"0 of {cases} cases have masks of both")
    expect(waiting).to_contain_text("slim-unet-v2 and slim-unet-v3")
    run_next_job(clock=timezone.now)
    run_next_job(clock=timezone.now)
    fill_drafts()
    expect(waiting).to_contain_text(f"{cases} cases have masks of both")
    assert not Study.objects.get(state="draft").items.exists()
    work()
    fill_drafts()  # the sweep of a worker
    expect(page.locator('[data-list="masks"] input:checked')).to_have_count(2 * cases)
    return Study.objects.get(state="draft")


def work() -> None:
    while run_next_job(clock=timezone.now):
        pass


def test_from_marks_to_a_new_version_and_the_study_of_old_against_new(
    visitor: Callable[[], Visitor], tmp_path: Path
) -> None:
    cora_user, rita = User.objects.create_user("cora"), User.objects.create_user("rita")
    cohort = create_cohort(title="Clinic", coordinators=[cora_user])
    invited(cohort, rita)
    judged, *others = teach(cohort, 81, 82, 83)
    old = tiny_version(cohort, tmp_path)
    mask, missed = a_faulty_mask(judged, old.name)
    marked_in_a_study(mask, missed, cora_user, rita)

    cora = visitor()
    corrected = correct_through_the_page(cora, judged, missed)
    assert corrected.parent == mask
    drawn = mask_of(corrected)
    assert not drawn[FALSE]
    assert (drawn & mask_of(judged.segmentations.get(origin="imported"))).sum() > 0

    train_on_the_corrected(cora, cohort, corrected)
    study = draft_old_against_new(cora.page, len(others))
    pairs = study.items.values_list("segmentation__case", "segmentation__method")
    methods = ("slim-unet-v2", "slim-unet-v3")
    assert sorted(pairs) == [(case.pk, method) for case in others for method in methods]

    cora.page.get_by_label("rita").check()
    expect(cora.page.get_by_text("All changes are saved.")).to_be_visible()
    cora.page.get_by_role("button", name="Open the study").click()
    cora.page.get_by_role("button", name="Open", exact=True).click()
    expect(cora.page.get_by_text("8 presentations left")).to_be_visible()
    reader = Browser(rita)
    (reading,) = (one for one in reader.get("readings/") if one["total"] == 8)
    token = reader.get(f"readings/{reading['reading']}/")["presentation"]
    shown = json.dumps(reader.post(f"presentations/{token}/open/"))
    for secret in (*methods, old.title, *(case.code for case in others)):
        assert secret not in shown
