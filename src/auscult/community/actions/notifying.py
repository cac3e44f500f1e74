"""Telling members: notifications, in the transaction of what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from auscult.community.models import Comment, Posting
from auscult.community.words import Words


def tell_mentioned(
    posting: Posting, comment: Comment | None, mentioned: Iterable[int], *, actor: int, now: datetime
) -> None:
    """Tell who is mentioned."""


def tell_of_comment(
    posting: Posting, comment: Comment, *, answered: int | None, words: Words, actor: int, now: datetime
) -> None:
    """Tell whom a comment concerns: who is answered, mentioned, quoted, the author, followers; each once."""
