"""Reads about mandates: the public figures, and one's own statements."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.organisations.models import Organisation
from auscult.organisations.queries import SPEAKING_KINDS
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.mandates import Stance
from auscult.voice.models import MandateSnapshot
from auscult.voice.rules import STANCE_WORDS

_OWN = """
    SELECT s.topic_id, s.organisation_id, s.stance, s.stated_at, s.expires_at FROM (
        SELECT DISTINCT ON (topic_id, organisation_id) *
        FROM voice_mandatestatement WHERE member_id = %(member)s AND (%(topic)s::bigint IS NULL OR topic_id = %(topic)s)
        ORDER BY topic_id, organisation_id, id DESC
    ) AS s WHERE s.stance <> 'revoked' AND s.expires_at > %(now)s
"""


@dataclass(frozen=True)
class OwnStatement:
    """One's own statement in force."""

    topic_id: int
    stance: str
    stated_at: datetime
    expires_at: datetime


def list_own_statements(standing: Standing, now: datetime, *, topic_id: int) -> dict[int | None, OwnStatement]:
    """Own statements in force on a topic, by organisation; None is «nobody speaks for me on this»."""
    return dict(_own(standing, now, topic_id))


def _own(standing: Standing, now: datetime, topic_id: int | None) -> list[tuple[int | None, OwnStatement]]:
    if standing.member_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_OWN, {"member": standing.member_id, "topic": topic_id, "now": now})
        rows = cursor.fetchall()
    return [
        (organisation, OwnStatement(topic, stance, stated, expires))
        for topic, organisation, stance, stated, expires in rows
    ]


@dataclass(frozen=True)
class OwnMandateLine:
    """One's own statement in words, for the page of what is one's own."""

    topic: str
    topic_slug: str
    organisation: str
    organisation_slug: str
    words: str
    expires_at: datetime


def list_own_mandates(standing: Standing, now: datetime) -> list[OwnMandateLine]:
    """All own statements in force."""
    rows = _own(standing, now, None)
    if not rows:
        return []
    topics = Topic.objects.in_bulk([statement.topic_id for _, statement in rows])
    organisations = Organisation.objects.in_bulk([pk for pk, _ in rows if pk is not None])
    lines = []
    for pk, statement in rows:
        topic = topics[statement.topic_id]
        name, slug = (organisations[pk].name, organisations[pk].slug) if pk else ("Nobody", "")
        words = STANCE_WORDS[Stance(statement.stance)] if pk else "speaks for me"
        lines.append(OwnMandateLine(topic.name, topic.slug, name, slug, words, statement.expires_at))
    return lines


@dataclass(frozen=True)
class TopicLine:
    """One topic in the list: what the newest count says of each organisation."""

    slug: str
    name: str
    description: str
    taken_at: datetime | None
    badges: list[tuple[str, str, float]]


def list_topics() -> list[TopicLine]:
    """Topics with the badges of their newest snapshots, in two queries."""
    newest = {
        topic: (at, figures)
        for topic, at, figures in MandateSnapshot.objects.order_by("topic_id", "-taken_at")
        .distinct("topic_id")
        .values_list("topic_id", "taken_at", "figures")
    }
    lines = []
    for topic in Topic.objects.all():
        at, figures = newest.get(topic.pk, (None, []))
        badges = [
            (row["organisation"], row["badge"], row["shares"][0]["share"]) for row in figures if not row["withheld"]
        ]
        lines.append(TopicLine(topic.slug, topic.name, topic.description, at, badges))
    return lines


@dataclass(frozen=True)
class MandateForm:
    """One organisation in the own form."""

    slug: str
    name: str
    stance: str
    expires_at: datetime | None


@dataclass(frozen=True)
class TopicPage:
    """Who speaks for us on one topic: published figures, and the own statements."""

    slug: str
    name: str
    description: str
    snapshot: MandateSnapshot | None
    earlier: list[tuple[datetime, int]]
    figures: list[dict[str, Any]]
    forms: list[MandateForm]
    says_nobody: datetime | None
    may_state: bool


def get_topic_page(standing: Standing, slug: str, now: datetime) -> TopicPage:
    """One topic, in at most five queries.

    Raises:
        NotFound: no such topic.
    """
    topic = Topic.objects.filter(slug=slug).first()
    if topic is None:
        raise NotFound("There is no such topic.")
    snapshot = MandateSnapshot.objects.filter(topic=topic).first()
    earlier = MandateSnapshot.objects.filter(topic=topic).values_list("taken_at", "record_index")[1:13]
    may_state = standing.can(Permission.MANDATE_STATE)
    own = list_own_statements(standing, now, topic_id=topic.pk)
    forms = []
    if standing.member_id is not None:
        for pk, organisation_slug, name in Organisation.objects.filter(kind__in=SPEAKING_KINDS).values_list(
            "pk", "slug", "name"
        ):
            statement = own.get(pk)
            forms.append(
                MandateForm(
                    organisation_slug,
                    name,
                    statement.stance if statement else "",
                    statement.expires_at if statement else None,
                )
            )
        # Nobody stands first by right: the order is drawn anew for each reader and day.
        random.Random(f"{standing.member_id} {slug} {now:%Y-%m-%d}").shuffle(forms)  # noqa: S311 - no secret
    return TopicPage(
        topic.slug,
        topic.name,
        topic.description,
        snapshot,
        list(earlier),
        snapshot.figures if snapshot else [],
        forms,
        own[None].expires_at if None in own else None,
        may_state,
    )
