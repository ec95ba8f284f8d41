"""A real worker whose Redis is killed and comes back. Run by test_broker.py.

It has a SQLite database of its own under PLAQUE_DATA and a redis-server on a port of its own. It
prints what became of a job that was asked for while there was no broker.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

PORT = os.environ["REDIS_PORT"]
DATA = Path(os.environ["PLAQUE_DATA"])
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
os.environ["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{PORT}/0"
os.environ.pop("DATABASE_URL", None)


def start_redis(stack: ExitStack) -> subprocess.Popen[bytes]:
    """A server that keeps nothing; it ends with the stack."""
    words = ["--port", PORT, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(
        ["redis-server", *words, "--dir", str(DATA)], stdout=subprocess.DEVNULL
    )
    stack.callback(server.wait)
    stack.callback(server.kill)
    return server


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from segmentation.models import InferenceJob, Worker
    from segmentation.operations.cases import NamedFile, create_cohort, import_case
    from segmentation.operations.jobs import request_segmentation
    from tests.segmentation.scans import NOON, flair_voxels, nifti
    from tests.served import wait_until

    call_command("migrate", verbosity=0)
    celery = str(Path(sys.executable).with_name("celery"))
    words = ["--quiet", "-A", "webapp", "worker", "--pool", "solo"]
    with ExitStack() as stack:
        redis = start_redis(stack)
        log = stack.enter_context((DATA / "log").open("wb"))
        worker = subprocess.Popen(
            [celery, *words, "--without-gossip", "--without-mingle"], stdout=log, stderr=log
        )
        stack.callback(worker.wait)
        stack.callback(worker.kill)
        files = [NamedFile("FLAIR.nii.gz", nifti(flair_voxels()))]
        case = import_case(cohort=create_cohort(title="Clinic"), files=files, now=NOON).case
        wait_until(Worker.objects.exists, "the worker is there")
        redis.kill()
        redis.wait()
        now = timezone.now()
        job = request_segmentation(case=case, method="slim-unet", by=None, now=now)
        seen = Worker.objects.get().seen_at
        wait_until(lambda: Worker.objects.get().seen_at > seen, "it lives without its broker")
        job.refresh_from_db()
        print(f"without: {job.state}, worker {'runs' if worker.poll() is None else 'ended'}")
        start_redis(stack)
        jobs = InferenceJob.objects.filter(pk=job.pk)
        wait_until(lambda: jobs.get().is_finished, "the job ends")
        print(f"with: {jobs.get().state}, {case.segmentations.count()} mask, ", end="")
        print(f"worker {'runs' if worker.poll() is None else 'ended'}", flush=True)


if __name__ == "__main__":
    main()
