"""Jobs of the voice."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.shared import clock
from auscult.shared.standing import CONSOLE
from auscult.voice.actions.deliveries import note_due_silences
from auscult.voice.actions.mandates import count_mandates


@app.periodic(cron="17 * * * *")
@app.task(name="voice.note_due_silences", queueing_lock="voice.note_due_silences", pass_context=False)
def note_silences(timestamp: int) -> None:
    """Put silences on record."""
    note_due_silences(now=clock.now())


@app.periodic(cron="23 4 1 * *")
@app.task(
    name="voice.count_mandates",
    queueing_lock="voice.count_mandates",
    retry=RetryStrategy(max_attempts=5, exponential_wait=30),
    pass_context=False,
)
def count(timestamp: int) -> None:
    """Take the monthly snapshots."""
    count_mandates(standing=CONSOLE, now=clock.now())
