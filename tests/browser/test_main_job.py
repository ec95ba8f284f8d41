"""From FLAIR scans to acceptance statistics, by three people in their browsers."""

from __future__ import annotations

import csv
import io
import json
import statistics as statistics_of
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect
from scipy import stats

from segmentation.models import Case, InferenceJob
from segmentation.operations.cases import create_cohort
from segmentation.operations.running import run_next_job
from segmentation.training.phantoms import make_phantom
from tests.browser.conftest import Visitor
from tests.conftest import SCANS
from tests.rating.stage import invited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass
class Script:
    """What a rater marks and says, by the number of drawn lesions (which tells the masks apart)."""

    name: str
    said: list[tuple[int, int, int, str]] = field(default_factory=list)
    clicked: list[tuple[int, str, list[float]]] = field(default_factory=list)  # turn, kind, mm

    def decide(self, drawn: int) -> tuple[int, int, str]:
        """False positives and missed lesions to mark, and the verdict."""
        turn = len(self.said)
        fp = min(drawn, (turn + len(self.name)) % 3)
        fn = turn % 2
        verdict = "acceptable" if fp + fn < 2 else "unacceptable"
        self.said.append((drawn, fp, fn, verdict))
        return fp, fn, verdict


def write_phantom(folder: Path, seed: int) -> None:
    phantom = make_phantom(seed=seed, shape=(128, 144, 20), spacing_mm=(1.6, 1.6, 7.0), lesions=25)
    folder.mkdir(parents=True)
    nib.Nifti1Image(phantom.flair, phantom.affine).to_filename(folder / "FLAIR.nii.gz")


def import_in_browser(cora: Visitor, path: Path, count: int) -> None:
    """Choose a folder on the cases page and wait until all is taken in."""
    cora.go("/cases/")
    cora.page.locator('input[data-action="choose-folder"]').set_input_files(path)
    expect(cora.page.locator(".uploads .is-taken")).to_have_count(count)
    cora.page.get_by_role("button", name="Show the cases").click()
    expect(cora.page.locator("table.rows tbody tr").first).to_be_visible()


def segment_in_browser(cora: Visitor, code: str) -> None:
    """Press Segment on the case's page and see the job end."""
    cora.go(f"/cases/{code}/")
    cora.wait_for_viewer()
    cora.page.get_by_role("button", name="Segment", exact=True).click()
    expect(cora.page.locator(".job-list")).to_contain_text("Waiting")
    while run_next_job(clock=timezone.now):  # the worker's turn
        pass
    expect(cora.page.locator(".job-list")).to_contain_text("Done")


def set_up_study(cora: Visitor) -> None:
    """Draft a study of all predictions for two raters and open it."""
    cora.go("/studies/")
    cora.page.get_by_label("Title").fill("Are these masks acceptable?")
    cora.page.get_by_role("button", name="Create the draft").click()
    cora.page.get_by_role("button", name="Newest Slim U-Net of every case").click()
    for rater in ("ravi", "rita"):
        cora.page.get_by_label(rater).check()
    expect(cora.page.get_by_text("All changes are saved.")).to_be_visible()
    expect(cora.page.locator("dl.facts")).to_contain_text("16")  # 4 masks, twice, two raters
    cora.page.get_by_role("button", name="Open the study").click()
    cora.page.get_by_role("button", name="Open", exact=True).click()
    expect(cora.page.get_by_text("16 presentations left")).to_be_visible()
    cora.page.get_by_text("The design, frozen").click()
    frozen = cora.page.locator("details.frozen")
    expect(frozen).to_contain_text("4 masks of 4 cases, each twice")
    expect(frozen).to_contain_text("more than 90 % of the drawn lesions are right")


def rate_everything(rater: Visitor, script: Script) -> None:
    """Rate all eight presentations through the page."""
    rater.go("/")
    rater.page.get_by_role("link", name="Start reading").click()
    for number in range(1, 9):
        rater.page.get_by_role("button", name=f"Open presentation {number}").click()
        rater.wait_for_viewer()
        token = rater.page.evaluate("window.plaque.state().presentation")
        shown = rater.page.evaluate(
            "token => fetch(`/api/v1/presentations/${token}/`).then(answer => answer.json())", token
        )
        fp, fn, verdict = script.decide(shown["lesion_count"])
        false_positives = [lesion["voxel_mm"] for lesion in shown["lesions"][:fp]]
        missed = undrawn_places(rater, fn)
        for mm in false_positives + missed:
            rater.click_at(mm)
        script.clicked += [(number, "FP", mm) for mm in false_positives]
        script.clicked += [(number, "FN", mm) for mm in missed]
        counts = rater.page.locator(".counts")
        expect(counts).to_contain_text(str(fp))
        expect(rater.page.get_by_text("All saved")).to_be_visible()
        name = "Acceptable" if verdict == "acceptable" else "Unacceptable"
        rater.page.get_by_role("button", name=name, exact=True).click()
        rater.page.locator('[data-action="submit"]').click()
        rater.page.locator('[data-action="confirm"]').click()
        if number < 8:
            expect(rater.page.get_by_text(f"{number} of 8 presentations submitted")).to_be_visible()
    expect(rater.page.get_by_text("8 of 8").first).to_be_visible()


def undrawn_places(rater: Visitor, count: int) -> list[list[float]]:
    """Places in the scan where nothing is drawn: near its first corner."""
    at = "i => window.plaque.viewer.mmAt([6 + 4 * i, 6, 2])"
    return [rater.page.evaluate(at, i) for i in range(count)]


@pytest.fixture
def passwords() -> dict[str, str]:
    return {name: f"{name}-8chars" for name in ("cora", "rita", "ravi")}


def do_the_main_job(
    visitor: Callable[[], Visitor], passwords: dict[str, str], folders: Path, tmp_path: Path
) -> None:
    """Import, segment, open, rate twice, close, download; then compare every number."""
    people = {n: User.objects.create_user(n, password=word) for n, word in passwords.items()}
    cohort = create_cohort(title="Clinic 2019", coordinators=[people["cora"]])
    invited(cohort, people["rita"], people["ravi"])
    cora = visitor()
    cora.log_in(people["cora"], passwords["cora"])
    import_in_browser(cora, folders, 4)
    for case in Case.objects.all():
        segment_in_browser(cora, case.code)
    assert InferenceJob.objects.filter(state="succeeded").count() == 4
    set_up_study(cora)

    scripts = {name: Script(name) for name in ("rita", "ravi")}
    for name, script in scripts.items():
        rater = visitor()
        rater.log_in(people[name], passwords[name])
        rate_everything(rater, script)

    cora.page.get_by_role("button", name="Refresh").click()
    expect(cora.page.get_by_text("All presentations are rated.")).to_be_visible()
    cora.page.get_by_role("button", name="Close the study").click()
    cora.page.get_by_label("Reason").fill("Everything is rated.")
    cora.page.locator('dialog [data-action="confirm"]').click()
    expect(cora.page.locator('[data-result="headline"]')).to_be_visible()
    with cora.page.expect_download() as download:
        cora.page.get_by_role("link", name="Download the bundle").click()
    bundle = tmp_path / "bundle.zip"
    download.value.save_as(bundle)
    compare(bundle, scripts, cora)


def compare(path: Path, scripts: dict[str, Script], cora: Visitor) -> None:
    """The bundle's numbers are those of the scripts, worked out here by hand."""
    with zipfile.ZipFile(path) as bundle:
        files = {name.split("/", 1)[1]: bundle.read(name) for name in bundle.namelist()}
    ratings = list(csv.DictReader(io.StringIO(files["ratings.csv"].decode())))
    assert len(ratings) == 16
    accepted = dict.fromkeys(scripts, 0)
    verdicts: dict[str, list[tuple[str, bool]]] = {name: [] for name in scripts}  # case, accepted
    for name, script in scripts.items():
        own = [row for row in ratings if row["rater"] == name]
        told = [(int(r["lesions"]), int(r["fp"]), int(r["fn"]), r["verdict_rater"]) for r in own]
        assert told == script.said
        for row, (drawn, fp, fn, _) in zip(own, script.said, strict=True):
            right = drawn - fp
            is_good = 10 * fp < drawn and 9 * fn < right if drawn else fn == 0
            assert (row["verdict_derived"] == "acceptable") == is_good
            accepted[name] += is_good
            verdicts[name].append((row["case"], is_good))
    statistics = json.loads(files["statistics.json"])
    whole = [line for line in statistics["acceptance"] if line["group"] == "all"]
    derived = {line["rater"]: line for line in whole if line["is_primary"]}
    said = {line["rater"]: line for line in whole if line["verdict"] == "rater"}
    for name, script in scripts.items():
        assert (derived[name]["accepted"], derived[name]["rated"]) == (accepted[name], 8)
        assert said[name]["accepted"] == sum(one[3] == "acceptable" for one in script.said)
    assert derived[""]["accepted"] == sum(accepted.values())
    assert derived[""]["rate"] == pytest.approx(sum(accepted.values()) / 16)
    compare_intervals(statistics, derived, verdicts)
    compare_marks(list(csv.DictReader(io.StringIO(files["marks.csv"].decode()))), scripts)
    shown = cora.page.locator('[data-result="headline"]').inner_text()
    assert f"{sum(accepted.values())} of 16 presentations of 4 cases" in shown
    rate = float(shown.split(" %")[0])
    assert rate == pytest.approx(100 * sum(accepted.values()) / 16, abs=0.051)


def compare_intervals(
    statistics: dict[str, Any],
    derived: dict[str, dict[str, Any]],
    verdicts: dict[str, list[tuple[str, bool]]],
) -> None:
    """The headline interval and the tables of both presentations, from their definitions."""
    everyone = [one for own in verdicts.values() for one in own]
    for name, own in {**verdicts, "": everyone}.items():
        line = derived[name]
        assert (line["low"], line["high"]) == pytest.approx(interval_by_case(own), abs=1e-9)
    for line in statistics["intra_rater"]:
        if not line["is_primary"]:
            continue
        pairs: dict[str, list[bool]] = {}
        for case, is_good in verdicts[line["rater"]]:
            pairs.setdefault(case, []).append(is_good)
        table = Counter(tuple(pair) for pair in pairs.values())
        assert line["both_accepted"] == table[True, True]
        assert line["both_rejected"] == table[False, False]
        assert line["only_first_accepted"] == table[True, False]
        assert line["only_second_accepted"] == table[False, True]
        assert line["agreement"] == pytest.approx((table[True, True] + table[False, False]) / 4)


def interval_by_case(verdicts: list[tuple[str, bool]]) -> tuple[float, float]:
    """Korn and Graubard's interval with the case as cluster, written out for equal clusters."""
    rates: dict[str, list[bool]] = {}
    for case, is_good in verdicts:
        rates.setdefault(case, []).append(is_good)
    means = [statistics_of.fmean(own) for own in rates.values()]
    p, n, total = statistics_of.fmean(means), len(means), len(verdicts)
    size = float(n)
    if variance := statistics_of.variance(means) / n:
        shrink = (stats.t.ppf(0.975, total - 1) / stats.t.ppf(0.975, n - 1)) ** 2
        size = min(float(total), p * (1 - p) / variance * shrink)
    low = stats.beta.ppf(0.025, p * size, size - p * size + 1) if p > 0 else 0.0
    high = stats.beta.ppf(0.975, p * size + 1, size - p * size) if p < 1 else 1.0
    return float(low), float(high)


def compare_marks(marks: list[dict[str, str]], scripts: dict[str, Script]) -> None:
    """Every click is a mark of its kind at its place, to within the voxel that was hit."""
    for name, script in scripts.items():
        own = [mark for mark in marks if mark["rater"] == name]
        assert len(own) == len(script.clicked)
        for turn, kind, mm in script.clicked:
            there = [m for m in own if (int(m["position"]), m["kind"]) == (turn, kind)]
            places = [[float(m[f"{axis}_mm"]) for axis in "xyz"] for m in there]
            assert any(np.abs(np.subtract(place, mm)).max() < 4 for place in places), (turn, kind)


REAL = pytest.param("mni_patient07", "long_patient04_study1", marks=pytest.mark.real_scans)


@pytest.mark.parametrize(("first", "second"), [REAL] if SCANS else [("phantom503", "phantom504")])
def test_the_main_job_on_four_cases(
    first: str,
    second: str,
    visitor: Callable[[], Visitor],
    passwords: dict[str, str],
    tmp_path: Path,
) -> None:
    """Two are phantoms; the others are real scans where there are some."""
    scans = tmp_path / "scans"
    for name in ("phantom501", "phantom502", first, second):
        if name.startswith("phantom"):
            write_phantom(scans / name, int(name.removeprefix("phantom")))
        else:
            (scans / name).mkdir()
            scan = Path(SCANS or "", "ljubljana", name, "FLAIR.nii.gz")
            (scans / name / "FLAIR.nii.gz").write_bytes(scan.read_bytes())
    do_the_main_job(visitor, passwords, scans, tmp_path)
