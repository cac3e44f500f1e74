"""Jobs of the surveys' room."""

from django.db import connection
from procrastinate.contrib.django import app

from auscult.shared import clock
from auscult.surveys.actions import close_due_surveys


@app.periodic(cron="* * * * *")
@app.task(name="surveys.close_due_surveys", queueing_lock="surveys.close_due_surveys", pass_context=False)
def close_due(timestamp: int) -> None:
    """Close what is due."""
    close_due_surveys(now=clock.now())


@app.task(name="surveys.vacuum_ballots", queueing_lock="surveys.vacuum_ballots")
def vacuum_ballots() -> None:
    """Remove the dead rows of ballots, keys and tallies from the files of the database."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (FULL) surveys_ballotkey")
        cursor.execute("VACUUM surveys_ballot")
        cursor.execute("VACUUM surveys_ballottally")
