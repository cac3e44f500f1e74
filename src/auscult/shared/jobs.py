"""Jobs: work queued in the transaction of the action that wants it, done by the worker afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def queue(task: str, **arguments: Any) -> None:
    """Queue a job by the name of its task; it exists only if the transaction commits.

    Args:
        task: for example ``"publishing.append_record"``; a room may queue for a room to its right by name.
        arguments: JSON data.
    """
    try:
        with transaction.atomic():
            app.configure_task(task).defer(**arguments)
    except AlreadyEnqueued:
        # A task with a queueing lock waits already; once is enough.
        pass


def queue_each(task: str, arguments: Sequence[Mapping[str, Any]]) -> None:
    """Queue one job for each set of arguments, all in one statement.

    Args:
        task: one without a queueing lock.
        arguments: JSON data of each job.
    """
    if arguments:
        app.configure_task(task).batch_defer(*map(dict, arguments))


def queue_once(task: str, *, key: str, delay_seconds: int, **arguments: Any) -> None:
    """Queue a job that begins after a delay, unless one with the same key waits already.

    The job must begin with a lock that the caller's transaction holds as well: a caller who finds a job waiting may
    commit after that job has begun.

    Args:
        task: name of the task.
        key: what the job is about, unique among all tasks.
        delay_seconds: from now until the job may begin; what happens meanwhile needs no job of its own.
        arguments: JSON data.
    """
    with connection.cursor() as cursor:
        # Looking first is cheaper than a refused insert in a savepoint, and in a burst a job waits nearly always.
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo')", [key]
        )
        if cursor.fetchone()[0]:
            return
    try:
        with transaction.atomic():
            app.configure_task(task, queueing_lock=key, schedule_in={"seconds": delay_seconds}).defer(**arguments)
    except AlreadyEnqueued:
        pass


def run_worker(*, wait: bool = True) -> None:
    """Run queued jobs in this process.

    Args:
        wait: go on for ever; false returns when the queue is empty.
    """
    with app.replace_connector(app.connector.get_worker_connector()) as worker:  # type: ignore[attr-defined]
        worker.run_worker(
            wait=wait, install_signal_handlers=wait, listen_notify=wait, fetch_job_polling_interval=2.0, concurrency=1
        )
