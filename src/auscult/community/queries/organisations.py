"""What an organisation posted, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from auscult.community import access
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.shared.pages import whole_number
from auscult.shared.standing import Standing

PER_PAGE = 10
_POSTED = """
    SELECT p.id, p.title, t.name, p.posted_at, p.comments FROM community_posting AS p
    JOIN organisations_representative AS r ON r.id = p.representative_id JOIN shared_topic AS t ON t.id = p.topic_id
    WHERE r.organisation_id = %s AND p.state = 'published' AND p.representative_id IS NOT NULL AND p.id < %s
    ORDER BY p.id DESC LIMIT %s
"""


@dataclass(frozen=True)
class PostedLine:
    """One posting of an organisation."""

    posting_id: int
    title: str
    topic: str
    at: datetime
    comments: int


@dataclass(frozen=True)
class Posted:
    """What an organisation posted, newest first.

    Attributes:
        older: number before which the next page begins; 0 where this is the last one.
        posts_as: its number, where the reader may post in its name.
    """

    lines: list[PostedLine]
    older: int
    posts_as: int | None


def list_posted(standing: Standing, organisation_id: int, before: str = "") -> Posted | None:
    """What an organisation posted: to whoever reads here, and to those who may post in its name; two queries.

    Args:
        before: number of a posting; those before it are listed.

    Returns:
        None to everybody else.
    """
    may_post = any(badge.organisation_id == organisation_id for badge in list_badges(standing, Power.POST))
    if not may_post and not access.can_read_postings(standing):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_POSTED, [organisation_id, whole_number(before) or 2**60, PER_PAGE + 1])
        rows = cursor.fetchall()
    lines = [PostedLine(*row) for row in rows[:PER_PAGE]]
    return Posted(lines, lines[-1].posting_id if len(rows) > PER_PAGE else 0, organisation_id if may_post else None)
