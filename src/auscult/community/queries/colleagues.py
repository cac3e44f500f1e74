"""A member as colleagues see it: nothing that could tell who it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from auscult.community import access
from auscult.community.actions.connections import labels_of_member
from auscult.community.rules.bands import band
from auscult.members.rules import shown_specialty
from auscult.shared import clock
from auscult.shared.pages import whole_number
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Standing
from auscult.statistics.suppression import MINIMUM_CELL

PER_PAGE = 20
CAREER_WORDS = {
    "0-4": "fewer than 5 years in practice",
    "5-9": "5 to 9 years in practice",
    "10-17": "10 to 17 years in practice",
    "18+": "18 years or more in practice",
}


@dataclass(frozen=True)
class TextLine:
    """A posting or a comment of a member; the day, not the hour."""

    posting_id: int
    number: int | None
    title: str
    opening: str
    day: date


@dataclass(frozen=True)
class ColleaguePage:
    """A member's page.

    Attributes:
        career: in words; empty where fewer than ten members share specialty and career stage, or for who is not in practice.
        since: year in which the handle was verified first; 0 where unknown.
        bands: topic → how the member is heard there.
    """

    handle: str
    specialty: str
    career: str
    since: int
    bands: list[tuple[str, str, str]]
    connections: list[str]
    texts: list[TextLine]
    next_before: str
    is_own: bool
    is_muted: bool


_MEMBER = """
    SELECT m.id, m.handle, m.specialty_group, m.member_class, m.career, extract(year FROM m.verified_at)::int,
           (SELECT count(*) FROM (SELECT FROM members_member AS o WHERE o.specialty_group = m.specialty_group
                AND o.career = m.career AND o.level >= 2 AND o.erased_at IS NULL LIMIT %s) AS c),
           EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = %s AND x.muted_id = m.id)
    FROM members_member AS m WHERE lower(m.handle) = %s AND m.erased_at IS NULL
"""
_BANDS = """
    SELECT t.slug, t.name, sum(w.texts), sum(w.useful) FROM (
        SELECT topic_id, count(*) AS texts, sum(useful) AS useful FROM community_posting
        WHERE author_id = %(member)s AND state = 'published' AND representative_id IS NULL GROUP BY topic_id
        UNION ALL
        SELECT p.topic_id, count(*), 0 FROM community_comment AS c JOIN community_posting AS p ON p.id = c.posting_id
        WHERE c.author_id = %(member)s AND c.state = 'published' AND c.representative_id IS NULL GROUP BY p.topic_id) AS w
    JOIN shared_topic AS t ON t.id = w.topic_id GROUP BY t.slug, t.name, t.position ORDER BY t.position
"""
_TEXTS = """
    SELECT posting_id, number, title, body, day, at, id FROM (
        (SELECT p.id AS posting_id, NULL::int AS number, p.title, left(p.body, 300) AS body,
                (p.posted_at AT TIME ZONE 'UTC')::date AS day, extract(epoch FROM p.posted_at)::bigint AS at, p.id
         FROM community_posting AS p WHERE p.author_id = %(member)s AND p.state = 'published'
             AND p.representative_id IS NULL AND p.posted_at < to_timestamp(%(before)s)
         ORDER BY p.posted_at DESC LIMIT %(most)s)
        UNION ALL
        (SELECT c.posting_id, c.number, p.title, left(c.body, 300), (c.commented_at AT TIME ZONE 'UTC')::date,
                extract(epoch FROM c.commented_at)::bigint, c.id
         FROM community_comment AS c JOIN community_posting AS p ON p.id = c.posting_id
         WHERE c.author_id = %(member)s AND c.state = 'published' AND p.state = 'published'
             AND c.representative_id IS NULL AND c.commented_at < to_timestamp(%(before)s)
         ORDER BY c.commented_at DESC LIMIT %(most)s)) AS w
    ORDER BY at DESC, id DESC LIMIT %(most)s
"""


def get_colleague(standing: Standing, handle: str, before: str = "") -> ColleaguePage:
    """A member's page, in four queries.

    Args:
        handle: in whatever case.
        before: where the page before ended.

    Raises:
        NotAllowed: not registered.
        NotFound: no such member, or one who left.
    """
    access.require_reading(standing)
    with connection.cursor() as cursor:
        cursor.execute(_MEMBER, [MINIMUM_CELL, standing.member_id or 0, handle.lower()])
        row = cursor.fetchone()
        if row is None:
            raise NotFound("There is no colleague of that handle.")
        member, name, group, kind, career, since, alike, is_muted = row
        edge = whole_number(before)
        values: dict[str, Any] = {
            "member": member,
            "before": min(edge, 2**40) if edge else 2**40,
            "most": PER_PAGE + 1,
        }
        cursor.execute(_BANDS, values)
        bands = [(slug, topic, band(int(texts), int(useful))) for slug, topic, texts, useful in cursor.fetchall()]
        cursor.execute(_TEXTS, values)
        rows = cursor.fetchall()
    more = len(rows) > PER_PAGE
    rows = rows[:PER_PAGE]
    return ColleaguePage(
        name,
        shown_specialty(group, kind),
        CAREER_WORDS.get(career, "") if alike >= MINIMUM_CELL else "",
        since or 0,
        bands,
        labels_of_member(member, clock.now()),
        [
            TextLine(posting, number, title, " ".join(body.split())[:220], day)
            for posting, number, title, body, day, *_ in rows
        ],
        str(rows[-1][5]) if more else "",
        member == standing.member_id,
        is_muted,
    )
