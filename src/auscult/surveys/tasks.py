"""Jobs of the surveys' room."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.shared import clock
from auscult.shared.standing import CONSOLE
from auscult.surveys import traces
from auscult.surveys.actions import fieldwork
from auscult.surveys.actions.closing import close_due_surveys, end_links


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
    """Remove what PostgreSQL keeps of ballots of closed surveys: dead rows, statistics, and the write-ahead log."""
    traces.rewrite_tables()
    traces.clear_statistics()
    traces.flush_log()


@app.periodic(cron="17 3 * * *")
@app.task(name="surveys.end_links", queueing_lock="surveys.end_links", pass_context=False)
def end_due_links(timestamp: int) -> None:
    """Destroy links that were kept long enough."""
    end_links(standing=CONSOLE, now=clock.now())


@app.task(name="surveys.send_mails", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def send_mails(*, survey_id: int, reminder: bool) -> None:
    """One portion of invitations or reminders."""
    fieldwork.send_mails(standing=CONSOLE, now=clock.now(), survey_id=survey_id, reminder=reminder)


@app.task(name="surveys.note_bounce", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def note_bounce(*, member_id: int) -> None:
    """A mail to a member came back."""
    fieldwork.note_bounce(standing=CONSOLE, now=clock.now(), member_id=member_id)
