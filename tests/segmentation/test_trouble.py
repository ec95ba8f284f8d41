"""What goes wrong outside Plaque while a case comes in: nothing is left, and it is said plainly."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import ProtectedError
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from rating.models import Study
from rating.operations.study import create_study
from segmentation.imaging.nifti import UnusableImage
from segmentation.models import Case, Cohort
from segmentation.operations.cases import (
    AlreadyImported,
    NamedFile,
    create_cohort,
    import_case,
)
from segmentation.operations.files import StorageFailed
from segmentation.operations.jobs import request_segmentation, retry_job
from segmentation.operations.running import run_next_job
from tests.full_disk import files_of_at_most
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import NOON, flair_voxels, nifti, signed_in, two_lesions
from webapp.wsgi import application

# The real entrance closes the connection of a test that keeps a transaction open.
THROUGH_THE_ENTRANCE = pytest.mark.django_db(transaction=True)
FILES = {"FLAIR.nii.gz": nifti(flair_voxels()), "mask.nii.gz": nifti(two_lesions())}


@pytest.fixture
def cora(db: None) -> User:
    return User.objects.create_user("cora")


@pytest.fixture
def cohort(cora: User) -> Cohort:
    return create_cohort(title="Clinic", coordinators=[cora])


def named(files: dict[str, bytes]) -> list[NamedFile]:
    return [NamedFile(name, content) for name, content in files.items()]


def test_a_full_disk_is_said_and_leaves_nothing(cora: User, cohort: Cohort) -> None:
    browser = signed_in(cora)
    sent = [io.BytesIO(content) for content in FILES.values()]
    for file, name in zip(sent, FILES, strict=True):
        file.name = name
    # The database, which is one file with SQLite, must have room: only scans grow beyond this.
    small = files_of_at_most(len(FILES["FLAIR.nii.gz"]) // 2)
    with small, pytest.raises(StorageFailed, match="Nothing was kept"):
        import_case(cohort=cohort, files=named(FILES), now=NOON)
    assert not Case.objects.exists()
    assert left_behind() == (0, 0)
    answer = browser.post(f"/api/v1/cohorts/{cohort.slug}/cases/", {"files": sent})
    assert answer.status_code == 201


@THROUGH_THE_ENTRANCE
def test_a_job_on_a_full_disk_says_so_and_leaves_nothing(
    cohort: Cohort, settings: LazySettings
) -> None:
    case = import_case(cohort=cohort, files=named(FILES), now=NOON).case
    job = request_segmentation(case=case, method="slim-unet", by=None, now=NOON)
    roomy = settings.STORAGES
    small = {"BACKEND": "tests.full_disk.SmallStorage"}
    small["OPTIONS"] = roomy["default"]["OPTIONS"] | {"room": 300}  # for a mask, and no more
    settings.STORAGES = roomy | {"default": small}
    assert run_next_job(clock=timezone.now)
    job.refresh_from_db()
    assert job.state == "failed"
    assert job.reason.startswith("The server could not store a file (File too large)")
    assert case.segmentations.count() == 1
    assert left_behind() == (0, 0)
    settings.STORAGES = roomy
    retry_job(job_id=job.pk, by=None, now=NOON)
    assert run_next_job(clock=timezone.now)
    assert case.segmentations.count() == 2


def multipart(files: dict[str, bytes]) -> tuple[str, bytes]:
    """The content type and the body of an upload."""
    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    return MULTIPART_CONTENT, encode_multipart(BOUNDARY, {"files": uploads})


@THROUGH_THE_ENTRANCE
@pytest.mark.parametrize("where", ["in a file", "between files", "before the end"])
def test_an_upload_that_is_cut_off_leaves_nothing(cora: User, cohort: Cohort, where: str) -> None:
    content_type, body = multipart(FILES)
    second = body.rindex(b"Content-Disposition")
    end = {"in a file": second // 2, "between files": second, "before the end": len(body) - 8}
    status = post(cora, cohort, content_type, body[: end[where]], len(body))
    assert status.startswith("400")
    assert not Case.objects.exists()
    assert left_behind() == (0, 0)
    assert post(cora, cohort, content_type, body, len(body)).startswith("201")


@dataclass(frozen=True)
class Answered:
    """What the entrance answered."""

    status: int
    content_type: str
    body: bytes

    def told(self) -> dict[str, Any]:
        assert self.content_type == "application/json", self.body
        told: dict[str, Any] = json.loads(self.body)
        return told


def post(user: User, cohort: Cohort, content_type: str, body: bytes, announced: int) -> str:
    """The status of an upload through the entrance that a web server calls."""
    return str(answer_to(user, cohort, content_type, body, announced).status)


def answer_to(
    user: User, cohort: Cohort, content_type: str, body: bytes, announced: int
) -> Answered:
    """The answer to an upload through the entrance that a web server calls."""
    session = signed_in(user).cookies["sessionid"].value
    told: list[Any] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/api/v1/cohorts/{cohort.slug}/cases/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(announced),
        "HTTP_COOKIE": f"sessionid={session}; csrftoken={'c' * 32}",
        "HTTP_X_CSRFTOKEN": "c" * 32,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }
    content = b"".join(application(environ, lambda *start: told.extend(start)))
    return Answered(int(told[0].split()[0]), dict(told[1])["Content-Type"], content)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/FLAIR.nii.gz",
        "C:\\scans\\Jensen\\FLAIR.nii.gz",
        "/absolute/FLAIR.NII.GZ",
        "\u202eFLAIR/FLAIR.nii.gz",
        "Ærø ☃/FLAIR.nii",
    ],
)
def test_no_part_of_a_name_but_its_last_is_used(cohort: Cohort, name: str) -> None:
    mask = FILES["mask.nii.gz"]
    done = import_case(
        cohort=cohort, files=named({name: FILES["FLAIR.nii.gz"], "x/mask.nii.gz": mask}), now=NOON
    )
    assert [sequence for sequence, _ in done.taken] == ["FLAIR", "mask"]
    stored = done.case.scans.get().original.name
    assert stored.startswith("scans/")
    assert "FLAIR" not in stored
    assert ".." not in stored


def test_names_of_ignored_files_are_told_without_their_folders(cohort: Cohort) -> None:
    files = {"FLAIR.nii.gz": FILES["FLAIR.nii.gz"], "Jensen\\notes.txt": b"x", "a/b.nii": b"x"}
    done = import_case(cohort=cohort, files=named(files), now=NOON)
    assert done.ignored == ("notes.txt", "b.nii")


@THROUGH_THE_ENTRANCE
def test_more_than_is_taken_is_refused_before_it_is_read(
    cora: User, cohort: Cohort, settings: LazySettings
) -> None:
    content_type, body = multipart(FILES)
    settings.UPLOAD_MAX_BYTES = len(body) - 1
    assert post(cora, cohort, content_type, b"", len(body)).startswith("413")
    settings.UPLOAD_MAX_BYTES = len(body)
    assert post(cora, cohort, content_type, body, len(body)).startswith("201")


@pytest.mark.django_db(transaction=True)
def test_the_same_scan_sent_twice_at_once_is_taken_once(cohort: Cohort) -> None:
    """As when a browser sends it again before the server has answered the first time."""

    def send(number: int) -> str:
        try:
            return import_case(cohort=cohort, files=named(FILES), now=NOON).case.code
        except AlreadyImported as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as threads:
        answers = sorted(threads.map(send, range(3)))
    assert answers == ["AlreadyImported", "AlreadyImported", "C0001"]
    assert left_behind() == (0, 0)


LOCKED = """
import io, json, sqlite3, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import connection
connection.settings_dict["OPTIONS"]["timeout"] = 0.2
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
from django.test import Client
from segmentation.models import Case
from segmentation.operations.cases import create_cohort
from tests.fuzz_nifti import left_behind
from tests.segmentation.scans import flair_voxels, nifti
cora = User.objects.create_user("cora")
cohort = create_cohort(title="Clinic", coordinators=[cora])
client = Client(raise_request_exception=False, HTTP_HOST="localhost")
client.force_login(cora, backend="django.contrib.auth.backends.ModelBackend")
other = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)
content = nifti(flair_voxels())

def send():
    file = io.BytesIO(content)
    file.name = "FLAIR.nii.gz"
    return client.post("/api/v1/cohorts/clinic/cases/", {"files": [file]})

other.execute("BEGIN IMMEDIATE")
answer = send()
other.execute("ROLLBACK")
again = send()
told = [answer.status_code, answer.json()["code"], again.status_code, again.json()["code"]]
print(json.dumps([*told, left_behind()]))
"""


@pytest.mark.once
def test_a_locked_database_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    own = {"PLAQUE_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-c", LOCKED]
    told = subprocess.run(
        command, env=os.environ | own, capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [503, "NotAvailable", 201, "C0001", [0, 0]]


def test_one_slice_is_refused(cohort: Cohort) -> None:
    one = nifti(np.ascontiguousarray(flair_voxels()[:, :, :1]))
    with pytest.raises(UnusableImage, match="at least 2 x 2 x 2"):
        import_case(cohort=cohort, files=named({"FLAIR.nii.gz": one}), now=NOON)


@pytest.mark.parametrize("state", ["draft", "open", "closed"])
def test_a_cohort_with_a_study_stays(cora: User, cohort: Cohort, state: str) -> None:
    study = create_study(title="Reading", cohort=cohort, by=cora, now=NOON)
    Study.objects.filter(pk=study.pk).update(state=state)
    with pytest.raises(ProtectedError):
        cohort.delete()
    root = signed_in(User.objects.create_superuser("root"))
    chosen = {"action": "delete_selected", "_selected_action": cohort.pk}
    for address, body in ((f"{cohort.pk}/delete/", {}), ("", chosen)):
        page = root.post(f"/admin/segmentation/cohort/{address}", body | {"post": "yes"})
        assert "would require deleting the following protected" in page.content.decode()
    assert Cohort.objects.filter(pk=cohort.pk).exists()
    assert cohort.memberships.count() == 1


def test_a_cohort_with_cases_stays_and_an_empty_one_goes(cora: User, cohort: Cohort) -> None:
    import_case(cohort=cohort, files=named(FILES), now=NOON)
    empty = create_cohort(title="Empty", coordinators=[cora])
    root = signed_in(User.objects.create_superuser("root"))
    chosen = {"action": "delete_selected", "_selected_action": [cohort.pk, empty.pk]}
    root.post("/admin/segmentation/cohort/", chosen | {"post": "yes"})
    assert Cohort.objects.count() == 2
    chosen["_selected_action"] = [empty.pk]
    root.post("/admin/segmentation/cohort/", chosen | {"post": "yes"})
    assert list(Cohort.objects.all()) == [cohort]


@THROUGH_THE_ENTRANCE
def test_too_much_at_once_is_refused_as_json(cora: User, cohort: Cohort) -> None:
    many = {f"{n}.nii": b"x" for n in range(21)}
    text = encode_multipart(BOUNDARY, {"subject": "S" * 11 * 1024**2})
    fields = encode_multipart(BOUNDARY, {f"f{n}": "x" for n in range(1001)})
    for body, status, code in (
        (multipart(many)[1], 400, "TooManyFiles"),
        (text, 413, "TooLarge"),
        (fields, 400, "Invalid"),
    ):
        answered = answer_to(cora, cohort, MULTIPART_CONTENT, body, len(body))
        assert (answered.status, answered.told()["code"]) == (status, code)
        assert len(answered.told()["message"]) > 20
    assert not Case.objects.exists()
    assert left_behind() == (0, 0)
