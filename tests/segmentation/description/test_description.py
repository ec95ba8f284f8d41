"""What may be said about subject and acquisition, and where it may come from."""

from __future__ import annotations

import json

import pytest

from segmentation.description import (
    COLUMNS,
    FIELDS,
    InvalidDescription,
    InvalidManifest,
    checked,
    read_manifest,
)
from segmentation.description.bids import UnusableSidecar, read_participants, read_sidecar
from segmentation.description.sources import read_sources
from segmentation.spreadsheets import csv_file

PAPER = {
    "age_years": 45,
    "sex": "female",
    "phenotype": "RRMS",
    "edss": 1.5,
    "scanner": "Philips Achieva dStream",
    "field_strength_t": 3.0,
    "flair_acquisition": "2D",
    "repetition_time_ms": 11000.0,
    "echo_time_ms": 125.0,
    "inversion_time_ms": 2800.0,
    "flip_angle_deg": 90,
    "t1_acquisition": "3D",
    "t1_repetition_time_ms": 11,
    "t1_echo_time_ms": 5,
    "t1_flip_angle_deg": 8,
    "split": "test",
}


def test_the_papers_patients_can_be_described() -> None:
    assert checked(PAPER) == PAPER
    assert checked({name: str(value) for name, value in PAPER.items()}) == PAPER
    assert set(PAPER) == {field.name for field in FIELDS}


@pytest.mark.parametrize("nothing", ["", "  ", "n/a", "N/A", None])
def test_nothing_said_is_no_value(nothing: str | None) -> None:
    assert checked({"edss": nothing}) == {"edss": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age_years", "1967-04-01"),
        ("age_years", 91),
        ("age_years", -1),
        ("age_years", 45.5),
        ("age_years", True),
        ("age_years", "45 years"),
        ("edss", 1.3),
        ("edss", 10.5),
        ("edss", "1,5"),
        ("edss", float("nan")),
        ("edss", float("inf")),
        ("edss", [1]),
        ("sex", "yes"),
        ("sex", {"is": "female"}),
        ("phenotype", "MS"),
        ("scanner", "=cmd|' /C calc'!A0"),
        ("scanner", "Philips\nAchieva"),
        ("scanner", "x" * 61),
        ("field_strength_t", "3T"),
        ("field_strength_t", 0),
        ("name", "Jens Jensen"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(InvalidDescription, match="Nothing was stored") as refused:
        checked({"sex": "female", field: value} if field != "sex" else {field: value})
    assert list(refused.value.fields) == [field]


# --- manifest.csv ---------------------------------------------------------------------------------


def test_a_manifest_describes_cases_in_any_order_of_columns() -> None:
    rows = read_manifest("sex,case,subject,edss\nfemale,a/b,S1,2\nmale,c,,\n\n,.,S2,n/a\n")
    assert [(case, row.line, row.subject) for case, row in rows.items()] == [
        *(("a/b", 2, "S1"), ("c", 3, ""), (".", 5, "S2"))
    ]
    assert [row.description for row in rows.values()] == [
        *({"sex": "female", "edss": 2.0}, {"sex": "male"}, {})
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_manifest_as_any_spreadsheet_saves_it(separator: str) -> None:
    lines = [["case", "scanner", "age_years"], ["a\\b", '"Philips, Best"', "45"]]
    text = "\ufeff" + "\r\n".join(separator.join(cells) for cells in lines)
    assert read_manifest(text)["a/b"].description == {"scanner": "Philips, Best", "age_years": 45}


def test_the_template_is_a_manifest_of_no_case() -> None:
    assert read_manifest(csv_file(COLUMNS, []).decode()) == {}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", ["line 1"]),
        ("folder,sex\na,female", ["line 1", "line 1, folder"]),
        ("case,sex,sex\na,female,male", ["line 1, sex"]),
        ("case,birth_date\na,1967", ["line 1, birth_date"]),
        ("case,sex\na,female\na,male", ["line 3, case"]),
        ("case,sex\n,female", ["line 2, case"]),
        ("case,sex\na,female,45", ["line 2"]),
        ("case,subject\na,Jens Jensen", ["line 2, subject"]),
        ("case,sex,edss\na,f,99\nb,male,1\nc,m,x", ["line 2, sex", "line 2, edss"]),
        ('case,sex\n"a\nb",yes', ["line 3, sex"]),
        ("case\n" + "x" * 200_000, ["line 2"]),
    ],
)
def test_what_is_wrong_with_a_manifest_is_told_by_line_and_column(
    text: str, places: list[str]
) -> None:
    with pytest.raises(InvalidManifest, match="cannot be used") as refused:
        read_manifest(text)
    assert list(refused.value.fields)[: len(places)] == places


# --- BIDS -----------------------------------------------------------------------------------------

SIDECAR = {
    "MagneticFieldStrength": 2.8936200141906738,
    "Manufacturer": "Philips",
    "ManufacturersModelName": "Achieva dStream",
    "MRAcquisitionType": "2D",
    "RepetitionTime": 11,
    "EchoTime": 0.125,
    "InversionTime": 2.8,
    "FlipAngle": 90,
    "PatientName": "Jens Jensen",
    "InstitutionName": "Rigshospitalet",
    "AcquisitionDateTime": "2019-04-01T09:12:13",
}


def test_a_sidecar_gives_what_is_on_the_list_and_nothing_else() -> None:
    description, of_no_use = read_sidecar(json.dumps(SIDECAR).encode(), name="FLAIR.json")
    assert description == {
        "scanner": "Philips Achieva dStream",
        "field_strength_t": 2.8936,
        "flair_acquisition": "2D",
        "repetition_time_ms": 11000.0,
        "echo_time_ms": 125.0,
        "inversion_time_ms": 2800.0,
        "flip_angle_deg": 90.0,
    }
    assert of_no_use == []


def test_a_sidecar_of_the_t1_says_how_that_was_acquired() -> None:
    said = SIDECAR | {"MRAcquisitionType": "3D", "RepetitionTime": 0.011, "EchoTime": 0.005}
    content = json.dumps(said | {"FlipAngle": 8}).encode()
    for name in ("T1.json", "sub-01_ses-1_T1w.json"):
        description, of_no_use = read_sidecar(content, name=name)
        assert description == {
            "t1_acquisition": "3D",
            "t1_repetition_time_ms": 11.0,
            "t1_echo_time_ms": 5.0,
            "t1_flip_angle_deg": 8.0,
        }
        assert of_no_use == []


def test_odd_values_in_a_sidecar_are_left_and_named() -> None:
    odd = {
        "MagneticFieldStrength": [3],
        "EchoTime": True,
        "RepetitionTime": 1e300,
        "Manufacturer": 7,
    }
    assert read_sidecar(json.dumps(odd).encode(), name="x") == (
        {},
        ["field_strength_t", "repetition_time_ms", "echo_time_ms"],
    )


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff\xfe", b'{"a":', b"[" * 100_000, b" " * 2 * 1024**2]
)
def test_a_sidecar_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableSidecar, match=r"FLAIR\.json: "):
        read_sidecar(content, name="FLAIR.json")


def test_participants_give_age_and_sex() -> None:
    text = (
        "\ufeffparticipant_id\tage\tsex\tname\tdiagnosis\n"
        "sub-01\t45.2\tF\tJens Jensen\tRRMS\n"
        "sub-02\t97\tmale\tx\tMS\n"
        "sub-03\tn/a\tn/a\tx\n"
        "Jens\t45\tM\tx\tRRMS\n"
    )
    assert read_participants(text) == {
        "sub-01": {"age_years": 45, "sex": "female", "phenotype": "RRMS"},
        "sub-02": {"age_years": 90, "sex": "male"},
        "sub-03": {},
    }


@pytest.mark.parametrize("text", ["", "a\tb\n", "participant_id\n\x00", "x" * 200_000 + "\ny"])
def test_participants_that_say_nothing_are_passed_over(text: str) -> None:
    assert read_participants(text) == {}


def test_the_manifest_goes_before_the_participants() -> None:
    sources = read_sources(
        manifest="case,subject,sex\nsub-01/anat,S1,male\nsub-09,S9,\n",
        participants="participant_id\tage\tsex\nsub-01\t45\tF\nsub-02\t33\tF\n",
    )
    assert sources.subject_of("sub-01/anat") == "S1"
    assert sources.description_of("sub-01/anat") == {"age_years": 45, "sex": "male"}
    assert sources.description_of("sub-02/ses-1/anat") == {"age_years": 33, "sex": "female"}
    assert sources.description_of("sub-02_FLAIR.nii.gz") == {"age_years": 33, "sex": "female"}
    assert sources.description_of("other") == {}
    assert sources.notes(["sub-01/anat", "sub-02"]) == [
        "manifest.csv, line 3: there is no case sub-09 among these.",
        "sub-02 is not in manifest.csv.",
    ]
