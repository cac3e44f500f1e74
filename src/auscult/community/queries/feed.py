"""The feed: ranked with its reasons, or newest first."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from auscult.community import access
from auscult.community.queries.people import AUTHOR_COLUMNS, AUTHOR_JOINS, Author, author_of
from auscult.community.rules import ranking, writing
from auscult.community.rules.ranking import FOLLOWED_HOURS, MOST_OF_ORGANISATIONS, SPECIALTY_HOURS, Why
from auscult.registry.taxonomy import group_names
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.shared.topics import TOPICS, TopicLine, topics_of


@dataclass(frozen=True)
class PostingLine:
    """One posting in a list.

    Attributes:
        unread: comments since the reader last looked; None where it was never opened.
        why: why it stands where it stands; None where the list is not ranked.
    """

    posting_id: int
    title: str
    opening: str
    author: Author
    topic: str
    topic_slug: str
    posted_at: datetime
    comments: int
    has_poll: bool
    case_state: str
    unread: int | None
    is_followed: bool
    bookmarked: bool
    why: Why | None


@dataclass(frozen=True)
class FeedPage:
    """The feed, 20 at a time.

    Attributes:
        order: ``ranked`` or ``newest``.
        left_out: postings of organisations that the cap kept from this page.
        next_after: where the next page begins; empty at the end.
    """

    postings: list[PostingLine]
    topics: list[TopicLine]
    followed: frozenset[int]
    topic: TopicLine | None
    order: str
    specialty: str
    kind: str
    left_out: int
    next_after: str
    may_post: bool
    needs_handle: bool


#: What a list of postings can be narrowed to.
KINDS = {
    "": "Everything",
    "polls": "Polls",
    "cases": "Cases",
    "unsolved": "Unsolved cases",
    "followed": "Followed",
    "kept": "Bookmarks",
    "organisations": "Organisations",
}
_LINE = f"""
    p.id, p.title, left(p.body, 400), {AUTHOR_COLUMNS}, p.connections, t.name, t.slug, p.posted_at, p.comments, p.survey_id,
    p.case_state, d.read_comments, COALESCE(d.is_followed, false), d.bookmarked_at, p.voices, p.useful, p.topic_id,
    p.specialty_group, p.representative_id, s.rank
"""
_FROM = f"""
    JOIN community_posting AS p ON p.id = s.id
    JOIN shared_topic AS t ON t.id = p.topic_id
    {AUTHOR_JOINS.format(words="p")}
    LEFT JOIN community_reading AS d ON d.member_id = %(member)s AND d.posting_id = p.id
"""
_SHOWN = """
    p.state = 'published'
    AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = %(member)s AND x.muted_id = p.author_id
                    AND p.representative_id IS NULL)
    AND NOT EXISTS (SELECT FROM community_reading AS y WHERE y.member_id = %(member)s AND y.posting_id = p.id AND y.is_muted)
"""
_NARROWED = {
    "": "true",
    "polls": "p.survey_id IS NOT NULL",
    "cases": "p.case_state <> ''",
    "unsolved": "p.case_state = 'unsolved'",
    "followed": "EXISTS (SELECT FROM community_reading AS z WHERE z.member_id = %(member)s AND z.posting_id = p.id"
    " AND z.is_followed)",
    "kept": "EXISTS (SELECT FROM community_reading AS z WHERE z.member_id = %(member)s AND z.posting_id = p.id"
    " AND z.bookmarked_at IS NOT NULL)",
    "organisations": "p.representative_id IS NOT NULL",
}


def _narrow(topic: bool, specialty: bool, kind: str) -> str:
    only = [_SHOWN, _NARROWED[kind]]
    if topic:
        only.append("p.topic_id = %(topic)s")
    if specialty:
        only.append("p.specialty_group = %(specialty)s")
    return " AND ".join(only)


# The rank of a posting for this reader.
_FOLLOWED = "SELECT topic_id FROM community_topicfollow WHERE member_id = %(member)s"
_RANK = f"""
    (p.rank_hours + CASE WHEN p.topic_id = ANY(ARRAY({_FOLLOWED})) THEN {FOLLOWED_HOURS} ELSE 0 END
        + CASE WHEN p.specialty_group = %(own)s::text THEN {SPECIALTY_HOURS} ELSE 0 END)
"""


def _tight(sql: str) -> str:
    # Limits stand in the statement: for one that comes as a value PostgreSQL assumes a tenth of the table, and plans anew.
    # psycopg keeps the parsed form of statements of up to 4,096 characters.
    return " ".join(sql.split())


@lru_cache(maxsize=128)
def _ranked_sql(topic: bool, specialty: bool, kind: str, *, further: bool) -> str:
    # The index holds the rank without what one reader's choices add, which is at most as much as both bonuses. So the page
    # is among what stands within that many hours below the twentieth of the index. The first page has no edge above it, and
    # without one PostgreSQL plans the statement once for all readers; with one it would plan it anew for each.
    narrowed = _narrow(topic, specialty, kind)
    window = FOLLOWED_HOURS + SPECIALTY_HOURS
    edge = f"AND p.rank_hours <= %(rank)s::float8 AND ({_RANK}, p.id) < (%(rank)s::float8, %(id)s)" if further else ""
    return _tight(f"""
    WITH first AS (
        SELECT p.rank_hours FROM community_posting AS p WHERE {narrowed} {edge}
        ORDER BY p.rank_hours DESC LIMIT {writing.POSTINGS_PER_PAGE + 1}),
    s AS (
        SELECT p.id, {_RANK} AS rank FROM community_posting AS p
        WHERE {narrowed} AND p.rank_hours >= (SELECT min(rank_hours) FROM first) - {window} {edge}
        ORDER BY rank DESC, p.id DESC LIMIT {writing.POSTINGS_PER_PAGE + 1})
    SELECT {_LINE} FROM s {_FROM} ORDER BY s.rank DESC, p.id DESC
    """)  # noqa: S608 - constants of ours


@lru_cache(maxsize=128)
def _newest_sql(topic: bool, specialty: bool, kind: str, *, further: bool) -> str:
    edge = "AND (p.posted_at, p.id) < (%(at)s, %(id)s)" if further else ""
    return _tight(f"""
    WITH s AS (
        SELECT p.id, 0::float8 AS rank FROM community_posting AS p WHERE {_narrow(topic, specialty, kind)} {edge}
        ORDER BY p.posted_at DESC, p.id DESC LIMIT {writing.POSTINGS_PER_PAGE + 1})
    SELECT {_LINE} FROM s {_FROM} ORDER BY p.posted_at DESC, p.id DESC
    """)  # noqa: S608 - constants of ours


_SETTING = f"""
    SELECT ARRAY({_FOLLOWED}),
           (SELECT specialty_group FROM members_member WHERE id = %(member)s), {TOPICS}
"""  # noqa: S608 - constants of ours


def get_feed(
    standing: Standing, *, topic: str = "", order: str = "ranked", specialty: str = "", kind: str = "", after: str = ""
) -> FeedPage:
    """The feed, in two queries.

    Args:
        topic: slug, or empty for all.
        order: ``ranked`` or ``newest``.
        specialty: a specialty group, or empty for all.
        kind: one of ``KINDS``.
        after: where the page before ended, as its ``next_after`` said; anything else begins at the top.

    Raises:
        NotAllowed: not registered.
        NotFound: no such topic, specialty or kind.
    """
    access.require_reading(standing)
    member = standing.member_id or 0
    with connection.cursor() as cursor:
        cursor.execute(_SETTING, {"member": member})
        followed, own, found = cursor.fetchone()
    topics = topics_of(found)
    chosen = next((each for each in topics if each.slug == topic), None)
    if topic and chosen is None:
        raise NotFound("There is no such topic.")
    if kind not in KINDS or (specialty and specialty not in group_names()):
        raise NotFound("There is no such list.")
    order = "newest" if order == "newest" or kind in {"kept", "organisations"} else "ranked"
    edge = _edge(after, order)
    values: dict[str, Any] = {
        "member": member,
        "topic": chosen.id if chosen else 0,
        "specialty": specialty,
    }
    if edge is not None:
        values |= {"rank" if order == "ranked" else "at": edge[0], "id": edge[1]}
    narrowed = (chosen is not None, bool(specialty), kind)
    if order == "ranked":
        sql = _ranked_sql(*narrowed, further=edge is not None)
        values |= {"own": own or "none"}  # no posting is of that one
    else:
        sql = _newest_sql(*narrowed, further=edge is not None)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    more = len(rows) > writing.POSTINGS_PER_PAGE
    rows = rows[: writing.POSTINGS_PER_PAGE]
    follows = frozenset(followed)
    lines, left_out = [], 0
    of_organisations = 0
    for row in rows:
        if row[-2] is not None and kind != "organisations":
            of_organisations += 1
            if of_organisations > MOST_OF_ORGANISATIONS:
                left_out += 1
                continue
        lines.append(line_of(row, follows, own or "", ranked=order == "ranked"))
    next_after = ""
    if more:
        last = rows[-1]
        next_after = f"{last[-1]!r}_{last[0]}" if order == "ranked" else f"{last[13].isoformat()}_{last[0]}"
    may_post = standing.can(Permission.POSTING_CREATE)
    return FeedPage(
        lines,
        topics,
        follows,
        chosen,
        order,
        specialty,
        kind,
        left_out,
        next_after,
        may_post and standing.handle is not None,
        may_post and standing.handle is None,
    )


def _edge(after: str, order: str) -> tuple[Any, int] | None:
    """Rank or instant, and number, below which the page begins; None where it begins at the top."""
    text, _, number = after.rpartition("_")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    try:
        if order == "ranked":
            rank = float(text)
            return (rank, int(number)) if abs(rank) < 1e12 else None
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at, int(number)) if at.tzinfo else None


def line_of(row: tuple[Any, ...], followed: frozenset[int], own: str, *, ranked: bool) -> PostingLine:
    """One line of a list from the columns of ``_LINE``."""
    (
        pk, title, body, *author, connections, topic, slug, at, comments, survey, case_state, read, follows, kept, voices,
        useful, topic_id, group, _, _,
    ) = row  # fmt: skip
    return PostingLine(
        pk,
        title,
        opening_of(body),
        author_of(tuple(author), json.loads(connections) if isinstance(connections, str) else connections),
        topic,
        slug,
        at,
        comments,
        survey is not None,
        case_state,
        None if read is None else max(comments - read, 0),
        follows,
        kept is not None,
        ranking.why(voices, useful, is_followed=topic_id in followed, is_own_specialty=bool(own) and group == own)
        if ranked
        else None,
    )


#: Marks of Markdown at the beginning of a line, and those of emphasis.
_MARKS = re.compile(r"^[ ]{0,3}(?:[-+*] |#{1,6} |> ?(?:#\d+$)?|\d{1,3}[.)] )+|[*`]", re.MULTILINE)


def opening_of(body: str) -> str:
    """The first words of a text, without its marks."""
    text = " ".join(_MARKS.sub("", body).split())
    return text if len(text) <= 220 else text[:220].rsplit(" ", 1)[0] + " …"
