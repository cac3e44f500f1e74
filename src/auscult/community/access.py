"""Doors of the community: it is read by registered members, not by the public."""

from __future__ import annotations

from auscult.community.models import Posting
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import Level, Standing


def can_read_postings(standing: Standing) -> bool:
    """L1 and higher read."""
    return standing.level >= Level.L1


def require_reading(standing: Standing) -> None:
    """Refuse whoever may not read.

    Raises:
        NotAllowed: a reader without an account, or an applicant who has claimed no record.
    """
    if not can_read_postings(standing):
        raise NotAllowed("Physicians talk here among themselves. Sign in, and claim your register record to read.")


def require_handle(standing: Standing) -> None:
    """Refuse whoever has no pseudonym to write under.

    Raises:
        NotAllowed: no handle yet.
    """
    if standing.handle is None:
        raise NotAllowed("Choose your handle first; it is how colleagues will know you.")


def load_posting_to_read(standing: Standing, posting_id: int, *, lock: bool = False) -> Posting:
    """A posting.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting.
    """
    require_reading(standing)
    postings = Posting.objects.select_for_update() if lock else Posting.objects
    posting = postings.filter(pk=posting_id).first()
    if posting is None:
        raise NotFound
    return posting
