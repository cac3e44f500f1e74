"""Who may write now: sanctions, slow mode, limits of rate and of new members, spam."""

from __future__ import annotations

from datetime import datetime

from auscult.community.models import Posting
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


class CannotWrite(Refused):
    """A sanction or a limit is in force."""


def require_may_write(*, standing: Standing, now: datetime) -> None:
    """Refuse whoever a sanction silences.

    Raises:
        CannotWrite: the text says until when, and where to appeal.
    """


def require_may_post(*, standing: Standing, now: datetime, title: str, body: str) -> None:
    """Refuse a posting that is too much for now.

    Raises:
        CannotWrite: a sanction, or a limit of rate.
    """
    require_may_write(standing=standing, now=now)


def require_may_comment(*, standing: Standing, now: datetime, posting: Posting, body: str) -> None:
    """Refuse a comment that is too much for now.

    Raises:
        CannotWrite: a sanction, slow mode, or a limit of rate.
    """
    require_may_write(standing=standing, now=now)
