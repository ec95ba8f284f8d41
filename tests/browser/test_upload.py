"""Cora brings in a tree of cases, breaks off, starts again, and says what is known of a case."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, expect

from segmentation.models import Case
from segmentation.operations.cases import create_cohort
from tests.browser.conftest import Visitor
from tests.fuzz_nifti import left_behind
from tests.segmentation.description.test_description import SIDECAR
from tests.segmentation.scans import flair_voxels, nifti, two_lesions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MANIFEST = "case,subject,age_years,sex\na,P1,45,female\nb/deep,P1,46,female\nmissing,P9,,\n"


@pytest.fixture
def coordinator(visitor: Callable[[], Visitor]) -> Visitor:
    """Cora on the page of her cohort, which is empty."""
    cora = User.objects.create_user("cora", password="phantoms")
    create_cohort(title="Clinic", coordinators=[cora])
    person = visitor()
    person.log_in(cora, "phantoms")
    person.go("/cases/")
    return person


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two sound cases, a damaged one, a manifest, and what belongs to no case."""
    root = tmp_path / "tree"
    whole = nifti(flair_voxels(1))
    for path, content in {
        "a/FLAIR.nii.gz": whole,
        "a/mask.nii.gz": nifti(two_lesions()),
        "b/deep/FLAIR.nii.gz": nifti(flair_voxels(2)),
        "b/deep/FLAIR.json": json.dumps(SIDECAR).encode(),
        "damaged/FLAIR.nii.gz": whole[: len(whole) // 2],
        "=notes.txt": b"hello",
        ".hidden": b"",
        "manifest.csv": MANIFEST.encode(),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def drop(page: Page, folder: Path) -> None:
    """Drop a folder as a file manager does, so that the page reads it from the disk."""
    page.locator(".drop").scroll_into_view_if_needed()
    box = page.locator(".drop").bounding_box()
    assert box
    place = {"x": box["x"] + 40, "y": box["y"] + 40}
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    devices = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devices.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def forget(person: Visitor, *expected: str) -> None:
    """Take what was meant to go wrong off the list of troubles."""
    person.troubles[:] = [
        trouble for trouble in person.troubles if not any(one in trouble for one in expected)
    ]


def test_a_dropped_tree_comes_in_once(coordinator: Visitor, tree: Path) -> None:
    page = coordinator.page
    drop(page, tree)
    told = page.get_by_role("status").filter(has_text="taken in")
    expect(told).to_have_text("2 cases taken in, 1 refused (see below).")
    expect(page.get_by_text("Copy it again from where it came")).to_be_visible()
    page.get_by_text("3 remarks about what was chosen").click()
    expect(page.get_by_text("line 4: there is no case missing among these")).to_be_visible()
    expect(page.get_by_text("tree/=notes.txt: in no case, ignored.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the summary").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [(row["chosen"], row["outcome"], row["case"]) for row in rows] == [
        ("tree/a", "taken", "C0001"),
        ("tree/b/deep", "taken", "C0002"),
        ("tree/damaged", "refused", ""),
        ("tree/=notes.txt", "ignored", ""),
    ]
    first, second = Case.objects.order_by("code")
    assert (first.subject, first.description) == ("P1", {"age_years": 45, "sex": "female"})
    assert second.description["scanner"] == "Philips Achieva dStream"

    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    drop(page, tree)
    expect(told).to_have_text("0 cases taken in, 2 here already, 1 refused (see below).")
    expect(page.get_by_text("Here already as case C0001; not sent again")).to_be_visible()
    assert sum(one.startswith("POST") and one.endswith("/clinic/cases/") for one in sent) == 1
    assert Case.objects.count() == 2
    forget(coordinator, "400")


def test_a_manifest_with_faults_is_refused_before_anything_is_sent(
    coordinator: Visitor, tree: Path
) -> None:
    (tree / "manifest.csv").write_text("case,sex,age_years\na,female,old\n")
    page = coordinator.page
    page.locator("[data-action=choose-folder]").set_input_files(tree)
    told = page.get_by_role("status").filter(has_text="cannot be used")
    expect(told).to_contain_text("line 2, age_years: A whole number from 0 to 90 (years).")
    assert not Case.objects.exists()
    forget(coordinator, "400")


def test_what_breaks_on_the_way_is_sent_again(coordinator: Visitor, tree: Path) -> None:
    page = coordinator.page
    (tree / "damaged" / "FLAIR.nii.gz").unlink()
    tries: list[Route] = []

    def break_the_first(route: Route) -> None:
        tries.append(route)
        if len(tries) == 1:
            route.abort()
        elif len(tries) == 2:
            route.continue_()
        # The third never arrives anywhere: the network hangs.

    page.route("**/announce/", lambda route: route.abort())
    page.locator("[data-action=choose-folder]").set_input_files(tree)
    told = page.locator("#upload-app").get_by_role("status")
    expect(told).to_contain_text("The server does not answer.")
    expect(told).to_contain_text("No case was sent, and what you chose is kept in this page")
    page.unroute("**/announce/")
    page.route("**/clinic/cases/", break_the_first)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Trying again in 1 s")).to_be_visible()
    expect(told).to_have_text("1 case taken in, 1 to go.")
    page.get_by_role("button", name="Cancel").click()
    expect(told).to_have_text("Cancelled. 1 case taken in, 1 to go. What was taken stays.")
    assert Case.objects.count() == 1
    assert left_behind() == (0, 0)
    tries[2].abort()  # unrouted, it might arrive after all
    page.unroute("**/clinic/cases/")
    page.get_by_role("button", name="Continue").click()
    expect(told).to_have_text("2 cases taken in.")
    page.get_by_role("button", name="Show the cases").click()
    expect(page.get_by_role("link", name="C0002")).to_be_visible()
    assert Case.objects.count() == 2
    forget(coordinator, "ERR_FAILED", "ERR_ABORTED")


def test_what_was_chosen_is_sent_after_the_next_login(coordinator: Visitor, tree: Path) -> None:
    page = coordinator.page
    (tree / "damaged" / "FLAIR.nii.gz").unlink()
    told = page.locator("#upload-app").get_by_role("status")

    def log_in_again() -> None:
        """By the link that the page shows, in another tab."""
        with page.expect_popup() as opened:
            told.get_by_role("link", name="Log in in a new tab").click()
        tab = opened.value
        tab.get_by_label("User name").fill("cora")
        tab.get_by_label("Password").fill("phantoms")
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("heading", name="Good to see you")).to_be_visible()
        tab.close()

    coordinator.context.clear_cookies(name="sessionid")
    page.locator("[data-action=choose-folder]").set_input_files(tree)
    log_in_again()

    def end_the_login(route: Route) -> None:
        coordinator.context.clear_cookies(name="sessionid")
        page.unroute("**/clinic/cases/")
        route.fallback()

    page.route("**/clinic/cases/", end_the_login)
    page.get_by_role("button", name="Continue").click()
    expect(told).to_contain_text("0 cases taken in, 2 to go. What was taken is safe")
    log_in_again()
    page.get_by_role("button", name="Continue").click()
    expect(told).to_have_text("2 cases taken in.")
    assert Case.objects.count() == 2
    forget(coordinator, "401")


def test_a_case_is_described_and_deleted_by_keyboard(coordinator: Visitor, tree: Path) -> None:
    page = coordinator.page
    page.locator("[data-action=choose-folder]").set_input_files(tree / "a")
    page.get_by_role("link", name="C0001").or_(
        page.get_by_role("button", name="Show the cases")
    ).first.click()
    page.get_by_role("link", name="C0001").click()
    coordinator.wait_for_viewer()
    page.get_by_role("button", name="Change").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Subject", exact=True)).to_be_focused()
    page.get_by_label("Age (years)").fill("1967")
    page.get_by_label("Diagnosis").select_option("RRMS")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_label("Age (years)")).to_be_focused()
    expect(page.locator("#description-age_years-fault")).to_have_text(
        "A whole number from 0 to 90 (years)."
    )
    page.keyboard.press("Control+A")
    page.keyboard.type("45")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Change")).to_be_focused()
    expect(page.locator(".description dd")).to_have_text(["S0001", "45 years", "RRMS"])
    page.get_by_role("button", name="Delete this case…").press("Enter")
    page.get_by_label("Reason").fill("Sent by mistake.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No case here yet")).to_be_visible()
    assert not Case.objects.exists()
    forget(coordinator, "400")
