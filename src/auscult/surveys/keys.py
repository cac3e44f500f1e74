"""The key of a survey, which finds its ballots again: sealed in the database, open only in this process."""

from __future__ import annotations

from auscult.shared import crypto
from auscult.surveys.models import BallotKey, Survey

_PURPOSE = "surveys.ballot_key"


def store_key(survey: Survey, key: bytes) -> None:
    """Store a survey's key, sealed with the operator's secret."""
    BallotKey.objects.create(survey=survey, sealed=crypto.seal(key, _PURPOSE))


def open_key(sealed: bytes | memoryview | None) -> bytes:
    """The key of a survey, or empty where it was destroyed.

    Raises:
        CannotOpen: it was sealed with a secret that this process does not have.
    """
    return crypto.unseal(sealed, _PURPOSE) if sealed else b""


def find_key(survey_id: int) -> bytes | None:
    """The key of a survey while it exists."""
    sealed = BallotKey.objects.filter(survey_id=survey_id).values_list("sealed", flat=True).first()
    return open_key(sealed) if sealed else None
