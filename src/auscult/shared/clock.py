"""The one clock of the domain. Actions are given ``now``; only edges ask this module for it."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """The present instant, with time zone; in a demonstration, the instant of its story."""
    return timezone.now() - settings.CLOCK_BEHIND
