"""Cora says what is known about a case: by form, by manifest, by sidecar."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.http import HttpResponse

from segmentation.models import AuditEntry, Case, Cohort
from tests.segmentation.description.test_description import SIDECAR
from tests.segmentation.scans import flair_voxels, nifti, signed_in, two_lesions
from tests.segmentation.test_cases import GOOD, stored_files, upload

PARTICIPANTS = "participant_id\tage\tsex\tname\nsub-01\t45\tF\tJens Jensen\nsub-02\t33\tM\tx\n"


def change(user: User, case: Case, **body: Any) -> HttpResponse:
    address = f"/api/v1/cases/{case.code}/"
    return signed_in(user).patch(address, body, content_type="application/json")


def announce(user: User, *cases: tuple[str, str], **texts: str) -> HttpResponse:
    """What the upload page asks before it sends anything."""
    body = {"cases": [{"folder": f, "flair_sha256": h} for f, h in cases], **texts}
    address = "/api/v1/cohorts/clinic-2019/cases/announce/"
    return signed_in(user).post(address, body, content_type="application/json")


# --- By form --------------------------------------------------------------------------------------


def test_a_description_is_filled_changed_and_emptied_field_by_field(cora: User, case: Case) -> None:
    first = change(cora, case, subject="S77", description={"age_years": 45, "sex": "female"})
    assert first.status_code == 200, first.content
    assert first.json()["description"] == {"age_years": 45, "sex": "female"}
    assert first.json()["subject"] == "S77"
    second = change(cora, case, description={"sex": None, "edss": "1.5"})
    assert second.json()["description"] == {"age_years": 45, "edss": 1.5}
    assert change(cora, case, description={"edss": 1.5}).status_code == 200
    told = AuditEntry.objects.filter(act="case-described").order_by("pk")
    assert [entry.what for entry in told] == [
        "case C0001: age_years, sex, subject",
        "case C0001: edss, sex",
    ]


def test_what_cannot_be_is_refused_whole(cora: User, case: Case) -> None:
    refused = change(cora, case, description={"sex": "male", "age_years": "1967-04-01"})
    assert (refused.status_code, refused.json()["code"]) == (400, "InvalidDescription")
    assert refused.json()["fields"] == {"age_years": ["A whole number from 0 to 90 (years)."]}
    assert change(cora, case, subject="Jens Jensen").json()["code"] == "InvalidSubject"
    assert change(cora, case, description=[1]).json()["code"] == "Invalid"
    case.refresh_from_db()
    assert case.description == {}


def test_only_coordinators_describe(cora: User, dana: User, otto: User, case: Case) -> None:
    assert change(dana, case, description={"sex": "male"}).status_code == 403
    assert change(otto, case, description={"sex": "male"}).status_code == 404


# --- With an upload -------------------------------------------------------------------------------


def test_a_sidecar_describes_what_the_form_does_not(cora: User, cohort: Cohort) -> None:
    files = {
        "sub-01_ses-1_FLAIR.nii.gz": GOOD,
        "sub-01_ses-1_FLAIR.json": json.dumps(SIDECAR | {"EchoTime": [1]}).encode(),
        "sub-01_ses-1_T1w.nii.gz": nifti(flair_voxels(2)),
        "sub-01_ses-1_T1w.json": json.dumps({"FlipAngle": 8, "RepetitionTime": 0.011}).encode(),
        "mask.nii.gz": nifti(two_lesions()),
    }
    answer = upload(cora, files, description=json.dumps({"field_strength_t": 3, "edss": 2}))
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert {part["sequence"] for part in told["taken"]} == {"FLAIR", "T1", "mask"}
    assert told["ignored"] == []
    assert "echo_time_ms" in told["warnings"][0]
    case = Case.objects.get()
    assert case.description == {
        "edss": 2.0,
        "scanner": "Philips Achieva dStream",
        "field_strength_t": 3.0,
        "flair_acquisition": "2D",
        "repetition_time_ms": 11000.0,
        "inversion_time_ms": 2800.0,
        "flip_angle_deg": 90.0,
        "t1_repetition_time_ms": 11.0,
        "t1_flip_angle_deg": 8.0,
    }
    assert set(told["described"]) == set(case.description)


@pytest.mark.parametrize(
    ("sidecar", "fields", "code"),
    [
        (b"{", {}, "UnusableSidecar"),
        (b"{}", {"description": "{"}, "Invalid"),
        (b"{}", {"description": '{"name": "Jens"}'}, "InvalidDescription"),
    ],
)
def test_a_case_comes_in_with_its_description_or_not_at_all(
    cora: User, cohort: Cohort, sidecar: bytes, fields: dict[str, str], code: str
) -> None:
    answer = upload(cora, {"FLAIR.nii.gz": GOOD, "FLAIR.json": sidecar}, **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Case.objects.exists()
    assert stored_files() == []


# --- Before an upload -----------------------------------------------------------------------------


def test_what_is_here_is_known_before_it_is_sent(cora: User, cohort: Cohort) -> None:
    upload(cora, {"FLAIR.nii.gz": GOOD})
    here, other = hashlib.sha256(GOOD).hexdigest(), hashlib.sha256(b"other").hexdigest()
    told = announce(cora, ("a", here), ("b", other), ("c", "")).json()["cases"]
    assert [(one["folder"], one["known"], one["code"]) for one in told] == [
        ("a", True, "C0001"),
        ("b", False, None),
        ("c", False, None),
    ]


def test_a_manifest_is_read_before_anything_is_sent(cora: User, cohort: Cohort) -> None:
    answer = announce(
        cora,
        ("sub-01/anat", ""),
        ("b", ""),
        manifest="case;subject;edss\nsub-01/anat;S1;2\nx;S2;3\n",
        participants=PARTICIPANTS,
    )
    first, second = answer.json()["cases"]
    assert (first["subject"], first["description"]) == (
        "S1",
        {"age_years": 45, "sex": "female", "edss": 2.0},
    )
    assert (second["subject"], second["description"]) == ("", {})
    assert answer.json()["notes"] == [
        "manifest.csv, line 3: there is no case x among these.",
        "b is not in manifest.csv.",
    ]
    refused = announce(cora, ("b", ""), manifest="case,sex\nb,female\nc,yes\n")
    assert (refused.status_code, refused.json()["code"]) == (400, "InvalidManifest")
    assert refused.json()["fields"] == {"line 3, sex": ["One of female, male, other."]}


def test_only_coordinators_announce(dana: User, otto: User, cohort: Cohort) -> None:
    assert announce(dana, ("a", "")).status_code == 403
    assert announce(otto, ("a", "")).status_code == 404


def test_the_template_names_every_column(cora: User) -> None:
    answer = signed_in(cora).get("/manifest.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="manifest.csv"'
    assert answer.content.decode().startswith("case,subject,age_years,sex,")


# --- By command -----------------------------------------------------------------------------------


def a_data_set(root: Path) -> Path:
    """A BIDS data set of two participants, one with a sidecar."""
    for number in (1, 2):
        anat = root / f"sub-0{number}" / "anat"
        anat.mkdir(parents=True)
        (anat / f"sub-0{number}_FLAIR.nii.gz").write_bytes(nifti(flair_voxels(number)))
    (root / "sub-01" / "anat" / "sub-01_FLAIR.json").write_text(json.dumps(SIDECAR))
    (root / "participants.tsv").write_text(PARTICIPANTS)
    return root


def test_a_bids_data_set_is_imported_with_what_is_on_the_list(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("import_cases", a_data_set(tmp_path / "set"))
    first, second = Case.objects.order_by("code")
    assert first.description["age_years"] == 45
    assert first.description["scanner"] == "Philips Achieva dStream"
    assert second.description == {"age_years": 33, "sex": "male"}
    said = capsys.readouterr().out
    assert "described: " in said
    assert "Jensen" not in said + json.dumps([first.description, second.description])


def test_the_commands_manifest_goes_before_the_rest(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = a_data_set(tmp_path / "set")
    (root / "manifest.csv").write_text(
        "case,subject,age_years\nsub-01/anat,S1,46\nsub-02/anat,S1,\nsub-03/anat,S3,1\n"
    )
    call_command("import_cases", root)
    assert [case.subject for case in Case.objects.order_by("code")] == ["S1", "S1"]
    assert [case.description["age_years"] for case in Case.objects.order_by("code")] == [46, 33]
    assert "line 4: there is no case sub-03/anat" in capsys.readouterr().out


def test_a_manifest_with_faults_stops_the_command(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = a_data_set(tmp_path / "set")
    manifest = tmp_path / "other.csv"
    manifest.write_text("case,sex\nsub-01/anat,yes\n")
    with pytest.raises(CommandError, match="No case was taken in"):
        call_command("import_cases", root, manifest=manifest)
    assert "line 2, sex: One of female, male, other." in capsys.readouterr().err
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_cases", root, manifest=tmp_path / "none.csv")
    assert not Case.objects.exists()
