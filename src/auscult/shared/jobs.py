"""Jobs: work queued in the transaction of the action that wants it, done by the worker afterwards."""

from __future__ import annotations

from typing import Any

from django.db import transaction
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


def run_worker(*, wait: bool = True) -> None:
    """Run queued jobs in this process.

    Args:
        wait: go on for ever; false returns when the queue is empty.
    """
    with app.replace_connector(app.connector.get_worker_connector()) as worker:  # type: ignore[attr-defined]
        worker.run_worker(
            wait=wait, install_signal_handlers=wait, listen_notify=wait, fetch_job_polling_interval=2.0, concurrency=1
        )
