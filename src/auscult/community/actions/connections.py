"""Connections that members state: labels on whatever they write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from auscult.community import access
from auscult.community.models import Comment, Connection, Posting
from auscult.community.rules import connections as rules
from auscult.community.rules.connections import ConnectionKind, Tie
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing

MOST_CONNECTIONS = 20


class CannotStateConnection(Refused):
    """The connection was not stated."""


_TIES = """
    SELECT c.kind, c.party, c.product_class, c.began_on, c.ended_on, ARRAY(
        SELECT topic_id FROM community_connection_topics AS t WHERE t.connection_id = c.id)
    FROM community_connection AS c WHERE c.member_id = %s ORDER BY c.id
"""


def _ties(member: int) -> list[tuple[Tie, list[int]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TIES, [member])
        return [
            (Tie(ConnectionKind(kind), party, product, began, ended), topics)
            for kind, party, product, began, ended, topics in cursor.fetchall()
        ]


def labels_of(member: int, now: datetime, topic_id: int) -> list[str]:
    """Labels that words of a member on a topic carry; one query."""
    return [
        rules.label(tie)
        for tie, topics in _ties(member)
        if rules.is_shown(tie, now.date()) and (not topics or topic_id in topics)
    ]


def labels_of_member(member: int, now: datetime) -> list[str]:
    """All labels of a member now; one query."""
    return [rules.label(tie) for tie, _ in _ties(member) if rules.is_shown(tie, now.date())]


def state_connection(
    *,
    standing: Standing,
    now: datetime,
    kind: str,
    party: str,
    product_class: str,
    topics: Sequence[str],
    began_on: date | None,
    ended_on: date | None,
) -> Connection:
    """State a connection; it is shown on the own words from now on, and on those of the last 24 months.

    Who may: whoever may comment.

    Args:
        topics: slugs of the topics it bears on; all of them where empty.
        began_on: first day; today where None.
        ended_on: last day, where it has ended.

    Raises:
        NotAllowed: not verified.
        CannotStateConnection: no kind or party, or days that cannot be.
    """
    standing.require(Permission.COMMENT_CREATE, "Only members whose verification is valid state connections.")
    began_on = began_on or now.date()
    if kind not in set(ConnectionKind) or not party.strip():
        raise CannotStateConnection("Say what kind of connection it is, and to whom.")
    if began_on > now.date() or (ended_on is not None and not began_on <= ended_on <= now.date()):
        raise CannotStateConnection("It began before it ended, and neither lies in the future.")
    with transaction.atomic():
        member = standing.require_member()
        if Connection.objects.filter(member_id=member).count() >= MOST_CONNECTIONS:
            raise CannotStateConnection(
                f"You have stated {MOST_CONNECTIONS}; take back one that is not shown any more."
            )
        found = Connection.objects.create(
            member_id=member,
            kind=kind,
            party=party.strip()[:120],
            product_class=product_class.strip()[:120],
            began_on=began_on,
            ended_on=ended_on,
            stated_at=now,
        )
        found.topics.set(Topic.objects.filter(slug__in=list(topics)))
        _label(member, now)
        audit.record("community.connection.state", standing=standing, thing=f"connection:{found.pk}", now=now)
    return found


def end_connection(*, standing: Standing, now: datetime, connection_id: int) -> None:
    """Say that a connection has ended; its label is shown for 24 months more. One stated today by mistake is deleted.

    Raises:
        NotFound: none, somebody else's, or ended already.
    """
    access.require_reading(standing)
    with transaction.atomic():
        found = (
            Connection.objects.select_for_update()
            .filter(pk=connection_id, member_id=standing.require_member(), ended_on=None)
            .first()
        )
        if found is None:
            raise NotFound
        if now - found.stated_at < timedelta(days=1):
            found.delete()
        else:
            found.ended_on = now.date()
            found.save(update_fields=["ended_on"])
        _label(standing.require_member(), now)
        audit.record("community.connection.end", standing=standing, thing=f"connection:{connection_id}", now=now)


def _label(member: int, now: datetime) -> None:
    """Label the member's words of the last 24 months anew, topic by topic."""
    since = now - timedelta(days=731)
    for topic in Topic.objects.values_list("pk", flat=True):
        labels = labels_of(member, now, topic)
        Posting.objects.filter(author_id=member, topic_id=topic, posted_at__gte=since, representative=None).update(
            connections=labels
        )
        Comment.objects.filter(
            author_id=member, posting__topic_id=topic, commented_at__gte=since, representative=None
        ).update(connections=labels)
