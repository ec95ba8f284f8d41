"""What may change after the opening: who reads on, which masks count; said, logged, verifiable."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from rating.models import Item, Presentation, Study
from segmentation.models import AuditEntry
from tests.rating.stage import Browser, a_mark, an_answer, invited


@pytest.fixture
def address(opened: dict[str, Any]) -> str:
    return f"studies/{opened['id']}/amendments/"


def amend(cora: Browser, address: str, kind: str, reason: str = "It had to be.", **of: Any) -> Any:
    return cora.post(address, {"kind": kind, "reason": reason, **of})


def orders() -> dict[str, list[tuple[int, int, int, int]]]:
    """Every stored order, row by row."""
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    for one in Presentation.objects.select_related("reading").order_by("reading", "position"):
        row = (one.pk, one.position, one.occasion, one.item_id)
        found.setdefault(one.reading.rater, []).append(row)
    return found


def files_of(cora: Browser, study: str) -> dict[str, bytes]:
    content = cora.ask("get", f"studies/{study}/bundle/").getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name.split("/", 1)[1]: packed.read(name) for name in packed.namelist()}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_rater_joins_with_an_order_of_their_own(
    cora: Browser, address: str, people: dict[str, User], study: Study
) -> None:
    invited(study.cohort, people["otto"])
    before = orders()
    told = amend(cora, address, "rater_joined", rater="otto")
    after = orders()
    otto = after.pop("otto")
    assert after == before, "the other orders stay as they were drawn"
    assert [row[1] for row in otto] == [1, 2, 3, 4, 5, 6]
    (amendment,) = told["amendments"]
    assert (amendment["kind"], amendment["rater"]) == ("rater_joined", "otto")
    assert (amendment["by"], amendment["reason"]) == ("cora", "It had to be.")
    assert len(amendment["commitment"]) == 64
    late = Browser(people["otto"])
    assert (late.reading()["done"], late.reading()["total"]) == (0, 6)
    for _ in range(6):
        late.rate_next()
    assert late.reading()["state"] == "finished"
    entry = AuditEntry.objects.get(act="study-amended")
    assert (entry.what, entry.why) == (
        "First reading (first-reading), rater joined: otto",
        "It had to be.",
    )


def test_a_rater_leaves_and_what_was_read_counts(
    cora: Browser, rita: Browser, ravi: Browser, address: str, opened: dict[str, Any]
) -> None:
    ravi.rate_next(fn=1)
    token = ravi.open_next()["presentation"]
    amend(cora, address, "rater_left", rater="ravi")
    assert ravi.reading()["state"] == "left"
    assert ravi.reading()["presentation"] is None
    answer = ravi.refused("put", f"presentations/{token}/comment/", {"comment": "late"})
    assert answer == (409, "StudyNotOpen")
    (gone,) = [
        one
        for one in cora.get(address.removesuffix("amendments/"))["raters"]
        if one["username"] == "ravi"
    ]
    assert (gone["done"], gone["total"], gone["left_at"] is not None) == (1, 1, True)
    for _ in range(6):
        rita.rate_next()
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Done."})
    found = cora.get(f"studies/{opened['id']}/results/")
    counted = {line["rater"]: line for line in found["presentations"]}
    assert (counted["ravi"]["rated"], counted["ravi"]["missing"]) == (1, 5)
    assert counted[""]["planned"] == 12


def test_a_withdrawn_mask_is_shown_no_more_and_counts_nowhere(
    cora: Browser, rita: Browser, ravi: Browser, address: str, opened: dict[str, Any], study: Study
) -> None:
    for _ in range(2):
        rita.rate_next(fn=1)
    item = Presentation.objects.get(reading__user__username="rita", position=1).item
    before = orders()
    amend(cora, address, "item_withdrawn", segmentation=str(item.segmentation_id))
    assert orders() == before, "its places in the orders stay empty"
    assert (rita.reading()["done"], rita.reading()["total"]) == (2, 5)
    assert (ravi.reading()["done"], ravi.reading()["total"]) == (0, 4)
    for rater, left in ((rita, 3), (ravi, 4)):
        for _ in range(left):
            shown = rater.open_next()
            assert Presentation.objects.get(token=shown["presentation"]).item_id != item.pk
            if shown["next"]:  # what is fetched ahead skips it too, and may be fetched
                assert rater.ask("get", shown["next"]["mask"]).status_code == 200
            rater.submit(shown["presentation"])
        assert rater.reading()["state"] == "finished"
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Done."})
    found = cora.get(f"studies/{opened['id']}/results/")
    counted = {line["rater"]: line for line in found["presentations"]}
    assert (counted["rita"]["planned"], counted["rita"]["rated"]) == (4, 4)
    assert found["design_sha256"] == opened["design_sha256"], "the frozen design is unchanged"
    files = files_of(cora, opened["id"])
    kept = [row for row in rows(files["ratings.csv"]) if row["item"] == item.key]
    assert len(kept) == 1, "the answer about it is exported"
    assert kept[0]["is_analysed"] == "False"
    assert item.key not in {row["item"] for row in rows(files["imrmc.csv"])}
    (row,) = rows(files["amendments.csv"])
    assert (row["kind"], row["item"], row["by"]) == ("item_withdrawn", item.key, "cora")
    assert f"{item.key} was withdrawn" in files["report.html"].decode()
    assert f"{item.key} was withdrawn" in files["README.txt"].decode().replace("\n", " ")
    acts = [row["act"] for row in rows(files["audit.csv"])]
    assert acts == ["study-opened", "study-amended", "study-closed"]
    # R looks at analysed answers only, as the tables do.
    assert "is_analysed" in files["recompute.R"].decode()


def test_whoever_has_a_withdrawn_mask_open_goes_on(
    cora: Browser, rita: Browser, address: str
) -> None:
    shown = rita.open_next()
    token = shown["presentation"]
    item = Presentation.objects.get(token=token).item
    amend(cora, address, "item_withdrawn", segmentation=str(item.segmentation_id))
    for method, path, body in (
        ("post", f"presentations/{token}/submit/", an_answer()),
        ("post", f"presentations/{token}/open/", {}),
        ("put", f"presentations/{token}/marks/33333333-3333-4333-8333-333333333333/", a_mark()),
        ("get", f"presentations/{token}/image/", None),
    ):
        response = rita.ask(method, path, body)
        assert (response.status_code, response.json()["code"]) == (409, "PresentationWithdrawn")
        assert item.key not in response.content.decode()
        assert "It had to be" not in response.content.decode()
    assert rita.open_next()["presentation"] != token


def test_the_script_of_the_bundle_verifies_every_order(
    cora: Browser, address: str, opened: dict[str, Any], study: Study, tmp_path: Path
) -> None:
    """Also of somebody who joined and left, and whose name has an apostrophe put before it."""
    invited(study.cohort, User.objects.create_user("+otto"))
    amend(cora, address, "rater_joined", rater="+otto")
    amend(cora, address, "rater_left", rater="+otto")
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Done."})
    for name, content in files_of(cora, opened["id"]).items():
        if "/" not in name:
            (tmp_path / name).write_bytes(content)

    def verified() -> subprocess.CompletedProcess[str]:
        script = [sys.executable, "verify.py"]
        return subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)

    ended = verified()
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "The commitment holds, and so do the orders of +otto, ravi, rita.\n"
    unchecked = [sys.executable, "-O", "verify.py"]
    ran = subprocess.run(unchecked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    whole = {
        name: (tmp_path / name).read_text()
        for name in ("schedule.csv", "presentations.csv", "amendments.csv", "design.json")
    }
    assert len((tmp_path / "verify.py").read_text().splitlines()) <= 20, "to be read in a minute"
    commitment = study.amendments.get(kind="rater_joined").commitment
    head, *lines = whole["schedule.csv"].splitlines()
    one, two = (line.split(",") for line in lines[:2])
    turned = [",".join([*one[:3], *two[3:]]), ",".join([*two[:3], *one[3:]])]
    told, *showings = whole["presentations.csv"].splitlines()
    for name, forged in (
        ("schedule.csv", "\n".join([head, lines[1], lines[0], *lines[2:]])),
        ("schedule.csv", "\n".join([head, *turned, *lines[2:]])),
        ("schedule.csv", "\n".join([head, lines[0].replace(",1,1,", ",1,2,"), *lines[1:]])),
        ("schedule.csv", "\n".join(line for line in [head, *lines] if "rita" not in line)),
        ("schedule.csv", whole["schedule.csv"].replace("secret-method", "another")),
        ("presentations.csv", "\n".join([told, showings[1], showings[0], *showings[2:]])),
        ("presentations.csv", "\n".join([told, *showings[:-1]])),
        ("amendments.csv", whole["amendments.csv"].replace(commitment, "0" * 64)),
        ("design.json", whole["design.json"].replace("9,10", "8,10")),
    ):
        (tmp_path / name).write_text(forged)
        assert forged != whole[name]
        assert verified().returncode == 1, name
        (tmp_path / name).write_text(whole[name])


def test_what_cannot_be_amended_is_refused_and_nothing_changes(
    cora: Browser, address: str, opened: dict[str, Any], people: dict[str, User]
) -> None:
    people["dana"].is_active = False
    people["dana"].save()
    masks = [item["segmentation"] for item in opened["items"]]
    other = "33333333-3333-4333-8333-333333333333"
    join, leave, go = "rater_joined", "rater_left", "item_withdrawn"
    for body, refusal in (
        ({"kind": join, "rater": "otto", "reason": " "}, (400, "ReasonMissing")),
        ({"kind": join, "rater": "nobody", "reason": "x"}, (400, "UnknownRater")),
        ({"kind": join, "rater": "otto", "reason": "x"}, (400, "UnknownRater")),  # of no cohort
        ({"kind": join, "rater": "dana", "reason": "x"}, (400, "UnknownRater")),
        ({"kind": join, "rater": "cora", "reason": "x"}, (400, "CoordinatorCannotRate")),
        ({"kind": join, "rater": "rita", "reason": "x"}, (409, "AlreadyInStudy")),
        ({"kind": join, "reason": "x"}, (400, "Invalid")),
        ({"kind": leave, "rater": "otto", "reason": "x"}, (400, "UnknownRater")),
        ({"kind": go, "segmentation": other, "reason": "x"}, (400, "UnknownSegmentation")),
        ({"kind": go, "segmentation": None, "reason": "x"}, (400, "Invalid")),
        ({"kind": "gap", "reason": "x"}, (400, "Invalid")),
    ):
        assert cora.refused("post", address, body) == refusal, body
    assert not cora.get(address.removesuffix("amendments/"))["amendments"]
    amend(cora, address, leave, rater="ravi")
    assert cora.refused("post", address, {"kind": leave, "rater": "rita", "reason": "x"}) == (
        409,
        "LastOneLeft",
    )
    assert cora.refused("post", address, {"kind": join, "rater": "ravi", "reason": "x"}) == (
        409,
        "AlreadyInStudy",
    )
    for mask in masks[:2]:
        amend(cora, address, go, segmentation=mask)
    last = {"kind": go, "segmentation": masks[2], "reason": "x"}
    assert cora.refused("post", address, last) == (409, "LastOneLeft")
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Done."})
    late = {"kind": join, "rater": "otto", "reason": "x"}
    assert cora.refused("post", address, late) == (409, "StudyNotOpen")
    assert Item.objects.filter(withdrawn_at=None).count() == 1


def test_the_randomisation_test_counts_the_places_of_what_was_withdrawn(
    cora: Browser, rita: Browser, address: str, opened: dict[str, Any]
) -> None:
    item = Presentation.objects.get(reading__user__username="rita", position=1).item
    amend(cora, address, "item_withdrawn", segmentation=str(item.segmentation_id))
    rita.rate_next(fn=9, verdict="unacceptable")  # at position 2 of 3
    for _ in range(3):
        rita.rate_next()
    cora.post(f"studies/{opened['id']}/close/", {"reason": "Done."})
    found = json.loads(files_of(cora, opened["id"])["statistics.json"])
    (line,) = [one for one in found["order"] if one["rater"] == "rita"]
    assert (line["mean_position"], line["expected_position"]) == (2.0, 2.0)
