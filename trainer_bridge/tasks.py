"""What Celery runs. Tasks take ids; the rows say the rest."""

from __future__ import annotations

from celery import current_task

from config.tasks import task
from trainer_bridge.services import job_recover
from trainer_bridge.services.job_run import job_run as run_job


@task(queue="gpu")
def job_run(job_id: int) -> None:
    """Sent to the job's own queue by `job_send`."""
    run_job(job_id=job_id, worker=current_task.request.hostname or "")


@task(queue="upkeep")
def jobs_recover() -> None:
    """Twice every `RECOVER_EVERY`, from the beat schedule."""
    job_recover.jobs_recover()
