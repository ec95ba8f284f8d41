"""A worker whose method hangs without a report, and so passes a limit. Run by test_jobs.py.

It has a SQLite database of its own under PLAQUE_DATA. Just before the process ends itself it
prints the job's state, reason and attempts.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.pop("DATABASE_URL", None)
os.environ["CELERY_BROKER_URL"] = "memory://"


def main(limit: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from segmentation.models import InferenceJob
    from segmentation.operations import running
    from segmentation.operations.cases import NamedFile, create_cohort, import_case
    from segmentation.operations.jobs import request_segmentation
    from tests.segmentation.scans import NOON, flair_voxels, nifti

    call_command("migrate", verbosity=0)
    files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels()))]
    case = import_case(cohort=create_cohort(title="Clinic"), files=files, now=NOON).case
    request_segmentation(case=case, method="slim-unet", by=None, now=NOON)
    settings.JOB_GRACE_SECONDS = 1.0
    if limit == "time":
        settings.JOB_SECONDS_MOST = 0.5
    else:
        settings.JOB_BYTES_MOST = 1024**2

    class Hangs:
        def segment(self, *_: object, **__: object) -> None:
            while True:
                time.sleep(0.1)

    def say_and_end(code: int) -> None:
        job = InferenceJob.objects.get()
        print(f"{job.state}|{job.reason}|{job.attempts}", flush=True)
        end(code)

    end, os._exit = os._exit, say_and_end  # type: ignore[assignment]
    running.load_method = lambda name, **_: Hangs()  # type: ignore[assignment, return-value]
    running.run_next_job(clock=timezone.now)


if __name__ == "__main__":
    main(sys.argv[1])
