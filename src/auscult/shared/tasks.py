"""Jobs of the ground floor."""

from typing import Any

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from auscult.shared import mail


@app.periodic(cron="* * * * *")
@app.task(name="shared.retry_stalled_jobs", queueing_lock="shared.retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Queue again what a killed worker was doing; every job of ours may run twice."""
    manager: Any = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # Another job with its queueing lock waits already and will do the same work.
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)


_RETRY = RetryStrategy(max_attempts=6, exponential_wait=5)


@app.task(name="shared.deliver_mail", retry=_RETRY, priority=10)
def deliver_mail(*, message_id: int) -> None:
    """Deliver one queued mail, before everything else that waits: it may be a code for somebody who waits at the screen."""
    mail.deliver([message_id])


@app.task(name="shared.deliver_mails", retry=_RETRY, priority=-10)
def deliver_mails(*, message_ids: list[int]) -> None:
    """Deliver a batch of queued mails over one connection, after everything else that waits."""
    mail.deliver(message_ids)
