"""The worker's entrance: a task translates and makes one call of an operation."""

from celery import shared_task

from segmentation.operations.running import run_next_job
from segmentation.queries import database_now


@shared_task(name="segmentation.work")
def work() -> None:
    """This will run the inference job that has been due longest; without one it does nothing."""
    run_next_job(clock=database_now)
