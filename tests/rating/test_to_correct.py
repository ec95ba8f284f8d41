"""What raters of a closed study marked comes back to those who correct masks, as a to-do list."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.utils import timezone

from rating.models import Presentation, Rating, Study
from rating.operations.pairing import fill_drafts
from rating.operations.study import close_study, create_study, edit_study, open_study
from rating.queries.corrections import (
    correction_queue,
    method_disagreement_queue,
    rater_disagreement_queue,
    to_correct,
    uncertainty_queue,
)
from segmentation.evaluation.overlap import disagreement
from segmentation.evaluation.undefined import Undefined
from segmentation.imaging.drawing import digest
from segmentation.imaging.nifti import read_volume
from segmentation.models import Case, Cohort, InferenceJob, Segmentation, Training
from segmentation.operations import ranking, running
from segmentation.operations.cases import create_cohort
from segmentation.operations.masks import NewMask, store_mask
from tests.rating.stage import NOON, Browser, a_case, a_mark, a_mask, invited, mask_with
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


def test_what_was_marked_for_practice_is_nothing_to_correct(db: None) -> None:
    cora, rita = User.objects.create_user("cora"), User.objects.create_user("rita")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    invited(cohort, rita)
    shown = a_mask(a_case(cohort, 1), lesions=1)
    case = a_case(cohort, 2)
    practised, truth = (a_mask(case, lesions=n, method=f"m{n}") for n in (3, 5))
    study = create_study(title="Reading", cohort=cohort, by=cora, now=NOON)
    settings = {"gap": 0, "min_volume_mm3": 0, "washout_days": 0}
    edit_study(study=study, by=cora, items=[shown.pk], raters=["rita"], settings=settings)
    edit_study(study=study, by=cora, practice=[(practised.pk, truth.pk)])
    open_study(study=study, by=cora, now=NOON)
    reader = Browser(rita)
    reader.rate_next(fp=1, fn=1)
    assert Presentation.objects.filter(occasion=0, submitted_at__isnull=False).count() == 1
    for _ in range(2):
        reader.rate_next()
    close_study(study=study, reason="Done.", by=cora, now=NOON)
    assert correction_queue(cora, cohort.slug) == []
    assert to_correct([practised]) == {}


def digest_of(mask: Segmentation) -> int:
    with mask.labels.open("rb") as stored:
        return digest(read_volume(stored.read(), name="labels").data > 0)


def corrected(person: Browser, mask: Segmentation) -> str:
    """The id of a correction that leaves a mask as it is."""
    drawing = person.post(f"cases/{mask.case.code}/drawings/", {"corrects": str(mask.pk)})
    voxels = sum(lesion.voxels for lesion in mask.lesions)
    seen = {"edits": 0, "voxels": voxels, "digest": digest_of(mask), "active_ms": 0}
    return str(person.post(f"drawings/{drawing['id']}/save/", seen)["id"])


def test_masks_that_raters_disagree_about_come_first(db: None) -> None:
    cora = User.objects.create_user("cora")
    raters = [User.objects.create_user(name) for name in ("rita", "ravi", "nora", "tom")]
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    for rater in raters:
        invited(cohort, rater)
    split, alike, done, alone = (
        a_mask(a_case(cohort, number), lesions=2) for number in range(1, 5)
    )
    # What rita, ravi and nora say both times; the last one only tom sees.
    yes, no = "acceptable", "unacceptable"
    said = {split: (yes, no, no), alike: (no, no, no), done: (no, yes, no)}
    read(cora, cohort, raters[:3], said)
    read(cora, cohort, raters[3:], {alone: (yes,)})
    person = Browser(cora)
    corrected(person, done)
    queue = rater_disagreement_queue(cora, cohort.slug)
    assert [one.segmentation for one in queue] == [split, alike, done]
    assert [one.measured for one in queue] == pytest.approx([2 / 3, 0, 2 / 3])
    assert [(one.among, one.corrections) for one in queue] == [(3, 0), (3, 0), (3, 1)]
    page = f"/cohorts/{cohort.slug}/corrections/?order=raters"
    listed = person.client.get(page).content.decode()
    assert listed.index("0.67") < listed.index("0.00")
    assert "raters disagree" in listed


def test_only_the_last_verdicts_of_closed_studies_disagree(db: None) -> None:
    cora = User.objects.create_user("cora")
    names = ("rita", "ravi", "nora", "ada", "bob")
    raters = [User.objects.create_user(name) for name in names]
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    for rater in raters:
        invited(cohort, rater)
    yes, no = "acceptable", "unacceptable"
    first, second = (a_mask(a_case(cohort, number), lesions=2) for number in (1, 2))
    read(cora, cohort, raters[:3], {first: (yes, yes, no), second: (yes, yes, no)})
    read(cora, cohort, raters[3:], {second: (yes, no)}, is_closed=False)

    def measured() -> dict[Segmentation, tuple[int, float | None]]:
        queue = rater_disagreement_queue(cora, cohort.slug)
        return {one.segmentation: (one.among, one.measured) for one in queue}

    two_of_three = pytest.approx(2 / 3)
    assert measured() == {first: (3, two_of_three), second: (3, two_of_three)}
    by_nora = Rating.objects.filter(presentation__reading__user=raters[2])
    for rating in by_nora.filter(presentation__item__segmentation=first):
        again(rating, verdict_rater=yes)
    for rating in by_nora.filter(presentation__item__segmentation=second):
        again(rating, outcome=Rating.Outcome.UNREADABLE)
    assert measured() == {first: (3, 0), second: (2, 0)}
    Study.objects.update(state=Study.State.CLOSED)
    assert measured()[second] == (4, 0.5)


def again(rating: Rating, **change: str) -> None:
    """A later version of an answer."""
    rating.pk, rating.version = None, 2
    for name, value in change.items():
        setattr(rating, name, value)
    rating.save(force_insert=True)


def read(
    cora: User,
    cohort: Cohort,
    raters: list[User],
    said: dict[Segmentation, tuple[str, ...]],
    *,
    is_closed: bool = True,
) -> None:
    """A study of these masks, read to its end: each rater says the same of a mask both times."""
    title = f"Reading by {len(raters)}"
    study = create_study(title=title, cohort=cohort, by=cora, now=NOON)
    names = [rater.username for rater in raters]
    settings = {"gap": 0, "min_volume_mm3": 0, "washout_days": 0}
    masks = [mask.pk for mask in said]
    edit_study(study=study, by=cora, items=masks, raters=names, settings=settings)
    open_study(study=study, by=cora, now=NOON)
    for number, rater in enumerate(raters):
        reader = Browser(rater)
        for _ in range(2 * len(said)):
            token = reader.open_next()["presentation"]
            mask = Presentation.objects.get(token=token).item.segmentation
            reader.submit(token, verdict=said[mask][number])
    if is_closed:
        close_study(study=study, reason="Done.", by=cora, now=NOON)


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
    queue = method_disagreement_queue(cora, cohort.slug)[:]
    assert [one.segmentation.case for one in queue] == [apart, alike, done]
    assert [one.measured for one in queue] == pytest.approx([1 / 3, 0, 1])
    assert [(one.among, one.corrections) for one in queue] == [(2, 0), (2, 0), (2, 1)]
    page = f"/cohorts/{cohort.slug}/corrections/?order=disagreement"
    listed = person.client.get(page).content.decode()
    assert listed.index("0.33") < listed.index("0.00") < listed.index("1.00")


def test_a_corrected_case_stays_last_when_a_method_runs_again(db: None) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    done, waiting = (a_case(cohort, number) for number in (1, 2))
    for case, lesions in ((done, 0), (waiting, 3)):
        first = a_mask(case, lesions=lesions, method="one")
        a_mask(case, lesions=4, method="other")
        if case == done:
            corrected(Browser(cora), first)
            a_mask(case, lesions=lesions, method="one")
    queue = method_disagreement_queue(cora, cohort.slug)[:]
    assert [(one.segmentation.case, one.corrections) for one in queue] == [(waiting, 0), (done, 1)]


def test_what_was_measured_is_kept_for_whoever_sees_more(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cora, rita = User.objects.create_user("cora"), User.objects.create_user("rita")
    cohort = create_cohort(title="Clinic", coordinators=[cora, rita])
    cases = [a_case(cohort, number) for number in range(1, 4)]
    for case in cases:
        a_mapped_mask(case, 0.5)
    monkeypatch.setattr(ranking, "MOST_READ", 2)
    assert len(measured_by(cora, cohort)) == 2
    assert len(measured_by(cora, cohort)) == 3
    study = create_study(title="Reading", cohort=cohort, by=cora, now=NOON)
    hidden = [case.segmentations.get().pk for case in cases[:2]]
    settings = {"gap": 0, "min_volume_mm3": 0, "washout_days": 0}
    cohort.memberships.filter(user=rita).update(role="delineator")
    edit_study(study=study, by=cora, items=hidden, raters=["rita"], settings=settings)
    open_study(study=study, by=cora, now=NOON)
    an_older(cases[2].segmentations.get())
    a_mapped_mask(cases[2], 0.9)  # so that something is measured anew
    assert len(measured_by(rita, cohort)) == 1
    monkeypatch.setattr(ranking, "MOST_READ", 0)
    assert len(measured_by(cora, cohort)) == 3


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_mask_whose_file_is_gone_or_damaged_is_not_measured(db: None, is_gone: bool) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    cases = [a_case(cohort, number) for number in (1, 2)]
    for case in cases:
        a_mapped_mask(case, 0.5)
        a_mask(case, lesions=1, method="other")
    gone = cases[0].segmentations.get(method="some-method")
    for file in (gone.mask, gone.probability):
        file.storage.delete(file.name)
        if not is_gone:
            file.storage.save(file.name, ContentFile(b"damaged"))
    assert measured_by(cora, cohort) == [cases[1]]
    queue = method_disagreement_queue(cora, cohort.slug)[:]
    assert [one.segmentation.case for one in queue if one.measured is not None] == [cases[1]]
    page = Browser(cora).client.get(f"/cohorts/{cohort.slug}/corrections/?order=uncertainty")
    assert page.status_code == 200


def test_a_damaged_mask_does_not_keep_others_from_being_measured(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    cases = [a_case(cohort, number) for number in (1, 2)]
    for case in cases:
        a_mapped_mask(case, 0.5)
    gone = cases[0].segmentations.get().probability
    gone.storage.delete(gone.name)
    monkeypatch.setattr(ranking, "MOST_READ", 1)
    looks = (measured_by(cora, cohort) for _ in range(200))  # each reads one of the two, by chance
    assert [cases[1]] in looks


def measured_by(user: User, cohort: Cohort) -> list[Case]:
    queue = uncertainty_queue(user, cohort.slug)[:]
    return [one.segmentation.case for one in queue if one.measured is not None]


def test_cases_that_the_method_was_least_certain_of_come_first(db: None) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    sure, unsure, older, bare = (a_case(cohort, number) for number in range(1, 5))
    for case, probability in ((sure, 0.99), (unsure, 0.5), (older, 0.5)):
        a_mapped_mask(case, probability)
    an_older(older.segmentations.get())
    a_mapped_mask(older, 0.9)
    a_mask(bare, lesions=2)
    queue = uncertainty_queue(cora, cohort.slug)[:]
    assert [one.segmentation.case for one in queue] == [unsure, older, sure]
    assert [one.measured for one in queue] == pytest.approx([1, 0.469, 0.081], abs=0.02)  # 8 bits
    page = f"/cohorts/{cohort.slug}/corrections/?order=uncertainty"
    listed = Browser(cora).client.get(page).content.decode()
    assert listed.index("1.00") < listed.index("0.46") < listed.index("0.09")
    assert "mean entropy" in listed


def a_mapped_mask(case: Case, probability: float) -> None:
    """Two lesions, of whose voxels the method was so sure."""
    with case.scans.get(sequence="FLAIR").original.open("rb") as stored:
        like = read_volume(stored.read(), name="FLAIR")
    mask = mask_with(2)
    new = NewMask(
        case=case,
        origin=Segmentation.Origin.PREDICTION,
        title="Some method",
        method="some-method",
        mask=mask,
        probability=np.where(mask, probability, 0).astype(np.float32),
    )
    store_mask(new, like=like, now=NOON)


def test_single_corrected_masks_can_be_chosen_for_a_training(db: None) -> None:
    cora, dana = User.objects.create_user("cora"), User.objects.create_user("dana")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    cohort.memberships.create(user=dana, role="delineator")
    person = Browser(cora)
    page = f"/cohorts/{cohort.slug}/corrections/?order=corrected"
    assert b"Nothing corrected yet" in person.client.get(page).content
    first, second = (a_mask(a_case(cohort, number), lesions=2) for number in (1, 2))
    before = corrected(person, first)
    Segmentation.objects.filter(pk=before).update(created_at=NOON)
    after, other = corrected(person, first), corrected(person, second)
    listed = person.client.get(page).content.decode()
    assert before not in listed  # a newer one of the same case is there
    for mask in (after, other):
        assert f'name="mask" value="{mask}"' in listed
    theirs = Browser(dana).client.get(page).content.decode()
    assert after in theirs
    assert "Train on" not in theirs


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
    newest = a_mask(cases[4], lesions=1, method=new.name)
    an_older(a_mask(cases[4], lesions=3, method=new.name))
    drafted = Study.objects.get(slug=person.post("cohorts/clinic/studies/", wanted)["id"])
    assert items_of(drafted) == [
        (case, method) for case in cases[3:] for method in ("slim-unet", new.name)
    ]
    assert drafted.items.filter(segmentation=newest).exists()
    edit_study(study=drafted, by=cora, raters=["rita"], settings={"min_volume_mm3": 0})
    open_study(study=drafted, by=cora, now=NOON)
    assert new.name not in str(Browser(rita).open_next())


def items_of(study: Study) -> list[tuple[Case, str]]:
    found = study.items.select_related("segmentation__case").order_by("segmentation__case__code")
    pairs = [(item.segmentation.case, item.segmentation.method) for item in found]
    return sorted(pairs, key=lambda pair: (pair[0].code, pair[1]))


def test_a_paired_draft_waits_until_the_masks_that_it_lacks_are_made(
    db: None, tmp_path: Path
) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    learned, *cases = (a_case(cohort, number) for number in range(1, 5))
    new = tiny_version(cohort, tmp_path, training_sha256=[sha256_of(learned)])
    person, wanted = Browser(cora), {"title": "Reading", "methods": ["slim-unet", new.name]}
    a_mask(cases[0], lesions=1, method="slim-unet")
    a_mask(cases[0], lesions=1, method=new.name)
    a_mask(cases[1], lesions=1, method="slim-unet")

    asked = person.post("cohorts/clinic/studies/", wanted)
    told = asked["pairing"]
    assert asked["items"] == []
    assert (told["cases"], told["done"], told["is_waiting"]) == (3, 1, True)
    queued = InferenceJob.objects.values_list("case", "method")
    lacking = [(cases[1], new.name), (cases[2], "slim-unet"), (cases[2], new.name)]
    assert sorted(queued) == sorted((case.pk, method) for case, method in lacking)

    InferenceJob.objects.filter(case=cases[2], method=new.name).update(state="failed")
    fill_drafts()
    drafted = Study.objects.get()
    assert items_of(drafted) == []  # two jobs have yet to end
    while running.run_next_job(clock=timezone.now):
        fill_drafts()
    fill_drafts()  # another worker
    assert items_of(drafted) == [
        (case, method) for case in cases[:2] for method in ("slim-unet", new.name)
    ]
    told = person.get(f"studies/{drafted.slug}/")["pairing"]
    assert not told["is_waiting"]
    assert cases[2].code in told["reason"]
    assert cases[1].code not in told["reason"]


def test_a_paired_draft_that_is_given_masks_waits_no_longer(db: None, tmp_path: Path) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    masks = [a_mask(a_case(cohort, number), lesions=1) for number in range(1, 3)]
    new, person = tiny_version(cohort, tmp_path), Browser(cora)
    wanted = {"title": "Reading", "methods": ["slim-unet", new.name]}
    address = f"studies/{person.post('cohorts/clinic/studies/', wanted)['id']}/"
    told = person.patch(address, {"items": [str(masks[0].pk)]})
    assert told["pairing"] is None
    while running.run_next_job(clock=timezone.now):
        pass
    fill_drafts()
    assert len(person.get(address)["items"]) == 1


def test_a_paired_draft_that_cannot_be_given_its_masks_says_so_and_holds_up_no_other(
    db: None, tmp_path: Path
) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    cases = [a_case(cohort, number) for number in range(1, 3)]
    mask, truth = (a_mask(cases[0], lesions=1, method=name) for name in ("slim-unet", "bianca"))
    new, person = tiny_version(cohort, tmp_path), Browser(cora)
    first, second = (
        person.post(
            "cohorts/clinic/studies/", {"title": title, "methods": ["slim-unet", new.name]}
        )["id"]
        for title in ("First", "Second")
    )
    practice = [{"segmentation": str(mask.pk), "reference": str(truth.pk)}]
    person.patch(f"studies/{first}/", {"practice": practice})
    while running.run_next_job(clock=timezone.now):
        pass
    fill_drafts()
    told = person.get(f"studies/{first}/")
    assert not told["pairing"]["is_waiting"]
    assert "practised" in told["pairing"]["reason"]
    assert not Study.objects.get(slug=first).items.filter(reference=None).exists()
    assert len(items_of(Study.objects.get(slug=second))) == 4


def test_a_paired_draft_needs_two_cases_that_neither_method_knows(db: None, tmp_path: Path) -> None:
    cora = User.objects.create_user("cora")
    cohort = create_cohort(title="Clinic", coordinators=[cora])
    cases = [a_case(cohort, number) for number in range(1, 4)]
    learned = [sha256_of(case) for case in cases[:2]]
    new = tiny_version(cohort, tmp_path, training_sha256=learned)
    wanted = {"title": "Reading", "methods": ["slim-unet", new.name]}
    person = Browser(cora)
    assert person.refused("post", "cohorts/clinic/studies/", wanted) == (400, "NothingToPair")
    wanted["methods"] = [new.name, new.name]
    assert person.refused("post", "cohorts/clinic/studies/", wanted) == (400, "NothingToPair")
    assert not Study.objects.exists()
    assert not InferenceJob.objects.exists()


def an_older(mask: Segmentation) -> None:
    Segmentation.objects.filter(pk=mask.pk).update(created_at=NOON - timedelta(days=1))


def sha256_of(case: Case) -> str:
    return case.scans.get(sequence="FLAIR").original_sha256
