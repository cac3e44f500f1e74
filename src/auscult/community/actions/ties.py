"""Following, muting, keeping: private to the member who does it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from auscult.community import access
from auscult.community.models import Mute, Reading, TopicFollow
from auscult.members.queries.standing import find_members_by_handle
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.standing import Standing


class CannotMuteMember(Refused):
    """The member was not muted."""


def follow_topic(*, standing: Standing, now: datetime, topic: str, follow: bool) -> None:
    """Follow a topic, or no longer: it weighs in the own feed and is told of.

    Who may: whoever reads.

    Raises:
        NotAllowed: not registered.
        NotFound: no such topic.
    """
    access.require_reading(standing)
    with transaction.atomic():
        found = Topic.objects.filter(slug=topic).first()
        if found is None:
            raise NotFound("There is no such topic.")
        member = standing.require_member()
        if follow:
            TopicFollow.objects.get_or_create(member_id=member, topic=found)
        else:
            TopicFollow.objects.filter(member_id=member, topic=found).delete()
        audit.record("community.topic.follow", standing=standing, thing=f"topic:{found.pk}", now=now, follow=follow)


def tie_posting(*, standing: Standing, now: datetime, posting_id: int, verb: str, on: bool) -> None:
    """Follow, mute or bookmark a posting, or no longer.

    Who follows is told of new comments; who mutes reads nothing of the thread in the feed and is told nothing of it. One
    ends the other.

    Args:
        verb: ``follow``, ``mute`` or ``bookmark``.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting or verb.
    """
    fields: dict[str, Any]
    match verb:
        case "follow":
            fields = {"is_followed": on} | ({"is_muted": False} if on else {})
        case "mute":
            fields = {"is_muted": on} | ({"is_followed": False} if on else {})
        case "bookmark":
            fields = {"bookmarked_at": now if on else None}
        case _:
            raise NotFound
    with transaction.atomic():
        posting = access.load_posting_to_read(standing, posting_id)
        # Whoever ties a posting from its page has read it.
        Reading.objects.update_or_create(
            member_id=standing.require_member(),
            posting=posting,
            defaults=fields,
            create_defaults={"read_comments": posting.comments} | fields,
        )
        # What somebody follows or mutes is private: the trail says that it happened, not which way.
        audit.record("community.posting.tie", standing=standing, thing=f"posting:{posting.pk}", now=now)


def mute_member(*, standing: Standing, now: datetime, handle: str, mute: bool) -> None:
    """Mute a member, or no longer: the own pages fold what the other writes. The other never learns of it.

    Raises:
        NotAllowed: not registered.
        NotFound: no such member.
        CannotMuteMember: oneself.
    """
    access.require_reading(standing)
    with transaction.atomic():
        found = find_members_by_handle([handle]).get(handle.lower())
        if found is None:
            raise NotFound("There is no colleague of that handle.")
        if found == standing.member_id:
            raise CannotMuteMember("That is you.")
        member = standing.require_member()
        if mute:
            Mute.objects.get_or_create(member_id=member, muted_id=found)
        else:
            Mute.objects.filter(member_id=member, muted_id=found).delete()
        audit.record("community.member.mute", standing=standing, thing=f"member:{member}", now=now, mute=mute)


def note_reading(*, member_id: int, posting_id: int, comments: int) -> None:
    """Remember how far somebody has read a posting; its page calls it where there is something new to remember."""
    # One statement without a transaction around it: this is written by nearly every first look at a thread.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO community_reading (member_id, posting_id, read_comments, is_followed, is_muted) "
            "VALUES (%s, %s, %s, false, false) "
            "ON CONFLICT (member_id, posting_id) DO UPDATE SET read_comments = EXCLUDED.read_comments",
            [member_id, posting_id, comments],
        )
