"""Forgetting a member who leaves."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import batched

from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import Q

from auscult.community.models import (
    Comment,
    Connection,
    Draft,
    Flag,
    Mute,
    Notification,
    NotificationWish,
    Picture,
    Posting,
    Reading,
    Revision,
    Sanction,
    TopicFollow,
    TopicRhythm,
    UsefulnessRating,
)
from auscult.community.words import render_each
from auscult.shared import audit
from auscult.shared.standing import Standing

#: Texts in which one statement replaces a handle.
WORDS_A_STATEMENT = 1000
#: What stands where an author took the words away.
REMOVED = "Removed by its author."


def forget_member(*, standing: Standing, now: datetime, remove_words: bool) -> None:
    """Forget a member who erases the account; called by ``web.privacy`` in its transaction.

    What changes: ratings, drafts, and what was followed, muted, kept and told are deleted. Postings and comments stay without
    a handle, or where wanted without their words; the threads of others keep their shape.
    """
    member = standing.require_member()
    with transaction.atomic():
        for model in (
            UsefulnessRating, Draft, Reading, TopicFollow, Mute, Connection, Notification, NotificationWish, TopicRhythm,
            Sanction,
        ):  # fmt: skip
            model.objects.filter(member_id=member).delete()
        Mute.objects.filter(muted_id=member).delete()
        Notification.objects.filter(actor_id=member).update(actor=None)
        Flag.objects.filter(member_id=member).update(member=None)
        _forget_mentions(standing.handle)
        if remove_words:
            Picture.objects.filter(member_id=member).delete()
            Posting.objects.filter(author_id=member).update(picture_count=0)
            Revision.objects.filter(Q(posting__author_id=member) | Q(comment__author_id=member)).delete()
            gone = {"body": REMOVED, "html": f"<p>{REMOVED}</p>"}
            Comment.objects.filter(author_id=member).update(**gone)
            # A poll was asked in these words, and its result stays on record.
            Posting.objects.filter(author_id=member).update(**gone)
            Posting.objects.filter(author_id=member, survey=None).update(title=REMOVED)
        audit.record(
            "community.member.forget", standing=standing, thing=f"member:{member}", now=now, words=remove_words
        )


def _forget_mentions(handle: str | None) -> None:
    """Take a handle out of the words of others; quotations name their author when they are read, so they need nothing."""
    if not handle:
        return
    mention = re.compile(rf"(?<![\w@/.-])@{re.escape(handle)}\b", re.IGNORECASE)
    said = SearchQuery(handle, search_type="phrase", config="english")
    for model, found in ((Posting, {"words__search": said}), (Comment, {"search": said})):
        words = model.objects.filter(**found).values_list("pk", "body")
        changed = ((pk, mention.sub("@somebody-who-left", body)) for pk, body in words if mention.search(body))
        for batch in batched(changed, WORDS_A_STATEMENT, strict=False):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {model._meta.db_table} AS t SET body = v.body, html = v.html "  # noqa: S608 - names of ours
                    "FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v(id, body, html) WHERE t.id = v.id",
                    [
                        [pk for pk, _ in batch],
                        [body for _, body in batch],
                        [each.html for each in render_each([body for _, body in batch])],
                    ],
                )
