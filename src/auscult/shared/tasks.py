"""Jobs of the ground floor."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.shared import mail


@app.task(name="shared.deliver_mail", retry=RetryStrategy(max_attempts=6, exponential_wait=5))
def deliver_mail(*, message_id: int) -> None:
    """Deliver one queued mail."""
    mail.deliver(message_id)
