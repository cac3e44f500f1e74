"""The clock while the story is told."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def stand_at(instant: datetime) -> None:
    """Let the clock of this process show an instant of the story, so that mails and jobs have its dates."""
    settings.CLOCK_BEHIND = timezone.now() - instant
