"""What a member was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

from auscult.community.models import NotificationWish, TopicRhythm
from auscult.community.rules import notifying as rules
from auscult.community.rules.notifying import Kind
from auscult.shared.pages import whole_number
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Standing

PER_PAGE = 30
#: Above it, the count is shown as «99+»; counting on would cost and tell nothing.
MOST_COUNTED = 99


#: How much member ``m`` was told and has not seen, up to one more than ``MOST_COUNTED``; the session's query reads it.
UNSEEN = f"""
    (SELECT count(*) FROM (SELECT FROM community_notification AS n WHERE n.member_id = m.id AND n.seen_at IS NULL
                           LIMIT {MOST_COUNTED + 1}) AS unseen)
"""  # noqa: S608 - a constant of ours


@dataclass(frozen=True)
class NotificationLine:
    """One notification; new comments in one thread stand together, and so do unseen answers.

    Attributes:
        count: how many comments it stands for.
        others: of how many members besides the one named.
    """

    notification_id: int
    kind: Kind
    title: str
    handle: str
    text: str
    made_at: datetime
    seen: bool
    count: int
    others: int


@dataclass(frozen=True)
class NotificationPage:
    """What a member was told, newest first."""

    lines: list[NotificationLine]
    next_before: str
    unseen: bool


_LIST = """
    SELECT (array_agg(n.id ORDER BY n.made_at DESC, n.id DESC))[1] AS last, n.kind,
           CASE WHEN p.state = 'published' THEN p.title ELSE '' END,
           (array_agg(m.handle ORDER BY n.made_at DESC, n.id DESC))[1],
           (array_agg(n.text ORDER BY n.made_at DESC, n.id DESC))[1], max(n.made_at) AS newest,
           n.seen_at IS NOT NULL, sum(n.count)::integer, count(DISTINCT n.actor_id)
    FROM (SELECT * FROM community_notification WHERE member_id = %s AND (made_at, id) < (%s, %s)
          ORDER BY made_at DESC, id DESC LIMIT 500) AS n
    LEFT JOIN community_posting AS p ON p.id = n.posting_id
    LEFT JOIN members_member AS m ON m.id = n.actor_id
    GROUP BY n.kind, n.posting_id, p.state, p.title, n.seen_at IS NOT NULL,
             CASE WHEN n.kind = 'answer' AND n.seen_at IS NULL THEN 0 ELSE n.id END
    ORDER BY newest DESC, last DESC LIMIT %s
"""


def list_notifications(standing: Standing, before: str = "") -> NotificationPage:
    """What one was told, in one query.

    Args:
        before: where the page before ended.

    Raises:
        NotAllowed: nobody is signed in.
    """
    member = standing.require_member()
    with connection.cursor() as cursor:
        cursor.execute(_LIST, [member, *_read_edge(before), PER_PAGE + 1])
        rows = cursor.fetchall()
    lines = [
        NotificationLine(pk, Kind(kind), title or "", handle or "", text, at, seen, count, max(people - 1, 0))
        for pk, kind, title, handle, text, at, seen, count, people in rows
    ]
    more = len(lines) > PER_PAGE
    lines = lines[:PER_PAGE]
    edge = f"{(lines[-1].made_at - _EPOCH) // _TICK}-{lines[-1].notification_id}" if more else ""
    return NotificationPage(lines, edge, any(not line.seen for line in lines))


_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _read_edge(before: str) -> tuple[datetime, int]:
    """Instant and number before which a page begins; the newest of all where nothing sensible was asked for."""
    at, _, number = before.partition("-")
    ticks, last = whole_number(at), whole_number(number)
    if ticks is None or last is None:
        return datetime.max.replace(tzinfo=UTC), 2**62
    try:
        return _EPOCH + ticks * _TICK, last
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC), 2**62


@dataclass(frozen=True)
class Place:
    """Where a notification leads: a decision of moderators, or a posting or comment."""

    posting_id: int | None
    number: int | None
    decision_id: int | None


def get_place(standing: Standing, notification_id: int) -> Place:
    """Where one's notification leads.

    Raises:
        NotFound: none, or somebody else's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.posting_id, c.number, n.decision_id FROM community_notification AS n "
            "LEFT JOIN community_comment AS c ON c.id = n.comment_id WHERE n.id = %s AND n.member_id = %s",
            [notification_id, standing.member_id or 0],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return Place(*row)


@dataclass(frozen=True)
class WishesPage:
    """How a member wants to be told."""

    rhythms: dict[str, str]
    topics: dict[int, str]
    time_zone: str
    quiet_from: int
    quiet_until: int


def get_wishes(standing: Standing, default_zone: str) -> WishesPage:
    """How one wants to be told; the defaults where nothing was chosen.

    Raises:
        NotAllowed: nobody is signed in.
    """
    member = standing.require_member()
    found = NotificationWish.objects.filter(member_id=member).first()
    chosen: dict[str, str] = found.rhythms if found else {}
    return WishesPage(
        {kind.value: rules.rhythm_of(kind, chosen).value for kind in Kind},
        dict(TopicRhythm.objects.filter(member_id=member).values_list("topic_id", "rhythm")),
        found.time_zone if found else default_zone,
        found.quiet_from if found else rules.QUIET_FROM,
        found.quiet_until if found else rules.QUIET_UNTIL,
    )
