"""Jobs of publishing."""

from datetime import datetime
from typing import Any

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.publishing import record


@app.task(name="publishing.append_record", retry=RetryStrategy(max_attempts=20, exponential_wait=3))
def append_record(*, kind: str, content: dict[str, Any], at: str) -> None:
    """Append an entry that a room to the left asked for, and sign a checkpoint."""
    when = datetime.fromisoformat(at)
    record.append_and_sign(kind, content, at=when)
