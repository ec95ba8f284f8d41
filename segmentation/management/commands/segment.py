"""manage.py segment --method NAME (--case CODE | --all) [--wait]: queue inference jobs."""

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from segmentation.methods import DEFAULT_METHOD
from segmentation.models import Case, InferenceJob
from segmentation.operations.comparison import cohort_named
from segmentation.operations.jobs import request_segmentation
from segmentation.queries import database_now
from segmentation.refusals import Refusal

PATIENCE_S = 20


class Command(BaseCommand):
    help = "Queue inference jobs. A running worker does the work; --wait shows its progress."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--method", default=DEFAULT_METHOD)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--case", help="a case code, such as C0001")
        which.add_argument("--all", action="store_true", help="every case")
        parser.add_argument("--cohort", help="with --all: only its cases (title or short name)")
        parser.add_argument("--wait", action="store_true", help="until all jobs have ended")

    def handle(self, *, method: str, case: str | None, wait: bool, **options: Any) -> None:
        cases = Case.objects.all() if case is None else Case.objects.filter(code=case)
        if options["cohort"]:
            try:
                cases = cases.filter(cohort=cohort_named(options["cohort"]))
            except Refusal as refusal:
                raise CommandError(refusal.message) from refusal
        if not cases:
            raise CommandError(f"There is no case {case}." if case else "There is no case yet.")
        jobs, refused, told = [], 0, set()
        for one in cases:
            try:
                jobs.append(
                    request_segmentation(case=one, method=method, by=None, now=database_now())
                )
            except Refusal as refusal:
                refused += 1
                if refusal.message not in told:
                    told.add(refusal.message)
                    self.stderr.write(refusal.message)
        self.stdout.write(f"{len(jobs)} jobs queued for {method}.")
        failed = self.wait_for(jobs) if wait else 0
        if failed or refused:
            raise CommandError(f"{failed} jobs failed, {refused} cases were refused; see above.")

    def wait_for(self, jobs: list[InferenceJob]) -> int:
        """This will print each job as it ends and return how many did not succeed."""
        open_jobs = {job.pk for job in jobs}
        failed = 0
        last: dict[UUID, str] = {}
        is_patient, waited_since = True, time.monotonic()
        while open_jobs:
            if is_patient and not last and time.monotonic() - waited_since > PATIENCE_S:
                is_patient = False
                self.stderr.write(
                    "No worker has begun yet. The jobs are kept; start Plaque (make run) to have "
                    "them done. Ctrl-C ends only this waiting."
                )
            for job in InferenceJob.objects.filter(pk__in=open_jobs).select_related("case"):
                if job.is_finished:
                    open_jobs.remove(job.pk)
                    failed += job.state != InferenceJob.State.SUCCEEDED
                    self.stdout.write(f"{job.case.code}: {job.state} {job.reason}".rstrip())
                elif job.state == InferenceJob.State.RUNNING:
                    line = f"{job.case.code}: {job.progress:4.0%} {job.stage}"
                    if line != last.get(job.pk):
                        self.stdout.write(line)
                        last[job.pk] = line
            time.sleep(0.3)
        return failed
