"""Jobs of the surveys' room."""

from django.db import connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.shared import clock
from auscult.surveys.actions import close_due_surveys


@app.periodic(cron="* * * * *")
@app.task(name="surveys.close_due_surveys", queueing_lock="surveys.close_due_surveys", pass_context=False)
def close_due(timestamp: int) -> None:
    """Close what is due."""
    close_due_surveys(now=clock.now())


@app.task(
    name="surveys.vacuum_ballots",
    queueing_lock="surveys.vacuum_ballots",
    retry=RetryStrategy(max_attempts=10, exponential_wait=4),
)
def vacuum_ballots() -> None:
    """Write keys, ballots, tallies and turnout into new files: dead rows keep their bytes in the old ones."""
    with connection.cursor() as cursor:
        for table in ("ballotkey", "ballot", "ballottally", "turnout"):
            cursor.execute(f"VACUUM (FULL) surveys_{table}")
