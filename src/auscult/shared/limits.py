"""Rate limits: how often one thing may be tried from one address, by one account, at one record.

Counted in the database, so that all web processes count together. Where refused tries must count, ``take`` stands before
the transaction of what is limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from auscult.shared import crypto
from auscult.shared.models import RateWindow
from auscult.shared.refusals import Refused


class TooMany(Refused):
    """Tried too often."""

    status = 429


@dataclass(frozen=True)
class Limit:
    """At most ``most`` times in ``span``, for each key of a kind.

    Attributes:
        kind: what is counted, for example ``claim by account``.
    """

    kind: str
    most: int
    span: timedelta


def take(limit: Limit, key: str | int, now: datetime) -> None:
    """Count one try.

    Args:
        limit: the limit.
        key: whose try it is; stored as a keyed hash only.
        now: when.

    Raises:
        TooMany: the limit was reached before; the text says when to come back, and not which limit it was.
    """
    mark = crypto.fingerprint(str(key), f"rate:{limit.kind}")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shared_ratewindow (key, ends_at, count) VALUES (%s, %s, 1) "
            "ON CONFLICT (key) DO UPDATE SET "
            "count = CASE WHEN shared_ratewindow.ends_at <= %s THEN 1 ELSE shared_ratewindow.count + 1 END, "
            "ends_at = CASE WHEN shared_ratewindow.ends_at <= %s THEN EXCLUDED.ends_at ELSE shared_ratewindow.ends_at END "
            "RETURNING count, ends_at",
            [mark, now + limit.span, now, now],
        )
        count, ends_at = cursor.fetchone()
    if count > limit.most:
        raise TooMany(f"That was tried too often. Try again {_wait(ends_at - now)}.")


def forget_ended(now: datetime) -> int:
    """Delete windows that are over; returns how many."""
    return RateWindow.objects.filter(ends_at__lte=now).delete()[0]


def _wait(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes >= 90:
        return f"in {round(minutes / 60)} hours"
    return f"in {minutes} minute{'s' if minutes > 1 else ''}"
