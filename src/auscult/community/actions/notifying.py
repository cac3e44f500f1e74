"""Telling members: whom it concerns in the page at once, followers a minute later, by mail in the rhythm each chose."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.core import signing
from django.db import connection, transaction
from django.db.models import Q

from auscult.community.models import Comment, Notification, NotificationWish, Posting, TopicRhythm
from auscult.community.rules import notifying as rules
from auscult.community.rules.notifying import Kind, Rhythm
from auscult.community.words import Words
from auscult.shared import audit, jobs
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.standing import Standing

_SALT = "community.unsubscribe"


class CannotSetWishes(Refused):
    """What was wished was not stored."""


class CannotUnsubscribe(NotFound):
    """The link is none of ours."""


# How a member wants to be told of a kind, and the default where the member said nothing.
_RHYTHM = "COALESCE(w.rhythms ->> {kind}, %(defaults)s::jsonb ->> {kind})"
#: Kind → rhythm of members who said nothing, as a parameter of statements.
DEFAULTS_JSON = json.dumps({kind.value: rhythm.value for kind, rhythm in rules.DEFAULTS.items()})

# What concerns a member most comes first. Each is told once, never the actor, nobody who muted actor or thread, and nobody
# who left. A mail is due unless the member wants none of that kind, or has no account to mail to.
_TELL = f"""
    WITH told AS (
        SELECT DISTINCT ON (who) who, kind FROM unnest(%(who)s::bigint[], %(kinds)s::text[]) WITH ORDINALITY AS n(who, kind, o)
        ORDER BY who, o)
    INSERT INTO community_notification (member_id, kind, posting_id, comment_id, actor_id, text, made_at, mail_due)
    SELECT t.who, t.kind, %(posting)s, %(comment)s, %(actor)s, '', %(at)s,
           m.account_id IS NOT NULL AND {_RHYTHM.format(kind="t.kind")} <> 'never'
    FROM told AS t JOIN members_member AS m ON m.id = t.who
    LEFT JOIN community_notificationwish AS w ON w.member_id = t.who
    WHERE t.who <> %(actor)s AND m.erased_at IS NULL
        AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = t.who AND x.muted_id = %(actor)s)
        AND NOT EXISTS (SELECT FROM community_reading AS y
                        WHERE y.member_id = t.who AND y.posting_id = %(posting)s AND y.is_muted)
"""  # noqa: S608 - constants of ours
# One row for each follower and thread, which is updated until the follower has seen it. Nobody is told of words that were
# taken down meanwhile, that the follower has read or written, that a muted colleague wrote, or that the follower was told
# of because they answer, mention, or quote the follower. Who wrote for an organization is not named.
_TELL_FOLLOWERS = f"""
    WITH new AS (
        SELECT id, number, author_id, representative_id, commented_at FROM community_comment
        WHERE posting_id = %(posting)s AND number > %(after)s AND number <= %(until)s AND state = 'published'),
    told AS (
        SELECT r.member_id, count(*) AS count, max(n.number) AS last
        FROM community_reading AS r JOIN new AS n ON n.number > r.read_comments AND n.author_id <> r.member_id
        WHERE r.posting_id = %(posting)s AND r.is_followed AND NOT r.is_muted
            AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = r.member_id AND x.muted_id = n.author_id)
            AND NOT EXISTS (SELECT FROM community_notification AS d
                            WHERE d.comment_id = n.id AND d.member_id = r.member_id AND d.kind <> 'comment')
        GROUP BY r.member_id)
    INSERT INTO community_notification AS o (member_id, kind, posting_id, comment_id, actor_id, text, made_at, mail_due, count)
    SELECT t.member_id, 'comment', %(posting)s, n.id, CASE WHEN n.representative_id IS NULL THEN n.author_id END, '',
           n.commented_at, m.account_id IS NOT NULL AND {_RHYTHM.format(kind="'comment'")} <> 'never', t.count
    FROM told AS t JOIN new AS n ON n.number = t.last
    JOIN members_member AS m ON m.id = t.member_id AND m.erased_at IS NULL
    LEFT JOIN community_notificationwish AS w ON w.member_id = t.member_id
    ON CONFLICT (member_id, posting_id) WHERE kind = 'comment' AND seen_at IS NULL DO UPDATE SET
        count = o.count + EXCLUDED.count, comment_id = EXCLUDED.comment_id, actor_id = EXCLUDED.actor_id,
        made_at = EXCLUDED.made_at, mail_due = EXCLUDED.mail_due
"""  # noqa: S608 - constants of ours
_FOLLOW = """
    INSERT INTO community_reading (member_id, posting_id, read_comments, is_followed, is_muted)
    VALUES (%s, %s, %s, true, false)
    ON CONFLICT (member_id, posting_id) DO UPDATE SET read_comments = GREATEST(community_reading.read_comments, %s),
        is_followed = NOT community_reading.is_muted
"""


def _tell(
    posting: Posting, comment: Comment | None, named: list[tuple[int, Kind]], *, actor: int, now: datetime
) -> None:
    if not named:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL,
            {
                "who": [who for who, _ in named],
                "kinds": [kind.value for _, kind in named],
                "posting": posting.pk,
                "comment": comment.pk if comment else None,
                "actor": actor,
                "at": now,
                "defaults": DEFAULTS_JSON,
            },
        )


def tell_mentioned(
    posting: Posting, comment: Comment | None, mentioned: Iterable[int], *, actor: int, now: datetime
) -> None:
    """Tell who is mentioned; and its author follows what was posted."""
    _tell(posting, comment, [(who, Kind.MENTION) for who in mentioned], actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [actor, posting.pk, posting.comments, posting.comments])


def tell_of_comment(
    posting: Posting, comment: Comment, *, answered: int | None, words: Words, actor: int, now: datetime
) -> None:
    """Tell whom a comment concerns, each once: who is answered, mentioned, quoted, the author; followers a minute later."""
    named = [(answered, Kind.ANSWER)] if answered is not None else []
    named += [(who, Kind.MENTION) for who in words.mentioned]
    if words.quoted:
        quoted = Comment.objects.filter(posting=posting, number__in=words.quoted).values_list("author_id", flat=True)
        named += [(who, Kind.QUOTE) for who in quoted]
    if answered is None:
        named.append((posting.author_id, Kind.ANSWER))
    _tell(posting, comment, named, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [actor, posting.pk, comment.number, comment.number])
    jobs.queue_once(
        "community.tell_followers",
        key=f"community.tell_followers:{posting.pk}",
        delay_seconds=rules.TELL_FOLLOWERS_AFTER_SECONDS,
        posting_id=posting.pk,
        after=comment.number - 1,
    )


def tell_followers(*, posting_id: int, after: int) -> int:
    """Tell the followers of a thread of its new comments, in one row for each; a second call tells nobody again.

    Who may: the worker.

    Args:
        posting_id: the thread.
        after: number of the comment before the first one to tell of, if nobody was told of this thread before.

    Returns:
        How many followers were told.
    """
    with transaction.atomic():
        # Whoever is commenting has seen this job wait and queued none; their comment is there when they let go of this row.
        posting = Posting.objects.select_for_update().filter(pk=posting_id).values_list("comments", flat=True).first()
    if posting is None:
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        # Passes over one thread go one after the other, and nobody who comments waits for them.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('community.tell_followers'), %s)", [posting_id])
        told = Posting.objects.values_list("told_comments", flat=True).get(pk=posting_id)
        values = {"posting": posting_id, "after": after if told is None else told, "until": posting}
        cursor.execute(_TELL_FOLLOWERS, values | {"defaults": DEFAULTS_JSON})
        count = cursor.rowcount
        Posting.objects.filter(pk=posting_id).update(told_comments=posting)
    return int(count)


def tell_of_posting(*, posting_id: int, now: datetime) -> int:
    """Tell the followers of a topic of a new posting; a second call tells nobody again. Returns how many were told.

    A posting of an organisation is told to nobody: it is there to be found, not to be sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO community_notification (member_id, kind, posting_id, actor_id, text, made_at, mail_due)
            SELECT f.member_id, 'posting', p.id, p.author_id, '', %s,
                   m.account_id IS NOT NULL AND COALESCE(r.rhythm, w.rhythms ->> 'posting', %s) <> 'never'
            FROM community_posting AS p
            JOIN community_topicfollow AS f ON f.topic_id = p.topic_id AND f.member_id <> p.author_id
            JOIN members_member AS m ON m.id = f.member_id
            LEFT JOIN community_notificationwish AS w ON w.member_id = f.member_id
            LEFT JOIN community_topicrhythm AS r ON r.member_id = f.member_id AND r.topic_id = p.topic_id
            WHERE p.id = %s AND p.representative_id IS NULL AND p.state = 'published'
                AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = f.member_id AND x.muted_id = p.author_id)
                AND NOT EXISTS (SELECT FROM community_notification AS n WHERE n.member_id = f.member_id
                                AND n.posting_id = p.id)
            """,
            [now, rules.DEFAULTS[Kind.POSTING].value, posting_id],
        )
        return int(cursor.rowcount)


def note_seen(*, member_id: int, posting_id: int | None, now: datetime) -> int:
    """Mark what a member was told of a posting as seen (of all postings, where None); its page calls it.

    Returns:
        How much was not seen before.
    """
    told = Notification.objects.filter(member_id=member_id, seen_at=None)
    if posting_id is not None:
        told = told.filter(posting_id=posting_id)
    return told.update(seen_at=now)


def set_wishes(
    *,
    standing: Standing,
    now: datetime,
    rhythms: dict[str, str],
    topics: dict[str, str],
    time_zone: str,
    quiet_from: int,
    quiet_until: int,
) -> None:
    """Say how one wants to be told.

    Who may: any member.

    Args:
        rhythms: kind → rhythm.
        topics: slug → rhythm for new postings; empty for as the kind.
        time_zone: name as in the IANA data base.
        quiet_from, quiet_until: local hours 0–23.

    Raises:
        NotAllowed: nobody is signed in.
        CannotSetWishes: a rhythm, zone or hour that is none.
    """
    member = standing.require_member()
    for kind, rhythm in rhythms.items():
        problem = rules.rhythm_problem(kind, rhythm)
        if problem:
            raise CannotSetWishes(problem)
    if any(rhythm not in {"", *Rhythm} for rhythm in topics.values()):
        raise CannotSetWishes("Choose one of the rhythms.")
    if time_zone not in available_timezones():
        raise CannotSetWishes("Choose a time zone of the list, for example America/New_York.")
    if quiet_from not in range(24) or quiet_until not in range(24):
        raise CannotSetWishes("Quiet hours are hours of the day, 0 to 23.")
    with transaction.atomic():
        NotificationWish.objects.update_or_create(
            member_id=member,
            defaults={
                "rhythms": rhythms,
                "time_zone": time_zone,
                "quiet_from": quiet_from,
                "quiet_until": quiet_until,
            },
        )
        TopicRhythm.objects.filter(member_id=member).delete()
        known = dict(Topic.objects.filter(slug__in=topics).values_list("slug", "pk"))
        TopicRhythm.objects.bulk_create(
            TopicRhythm(member_id=member, topic_id=known[slug], rhythm=rhythm)
            for slug, rhythm in topics.items()
            if rhythm and slug in known
        )
        audit.record("community.wishes.set", standing=standing, thing=f"member:{member}", now=now)


def unsubscribe_token(member_id: int) -> str:
    """What stands in the link that unsubscribes with one click: signed, and without a name."""
    return signing.dumps(member_id, salt=_SALT)


def unsubscribe(*, standing: Standing, now: datetime, token: str) -> None:
    """Want no more mails of the community, by the link in one, without signing in (RFC 8058).

    Decisions about one's own words are still told.

    Raises:
        CannotUnsubscribe: the link is not one of ours.
    """
    try:
        member = int(signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise CannotUnsubscribe(
            "This link is not complete. Change your settings in the application instead."
        ) from error
    with transaction.atomic():
        none = {kind.value: Rhythm.NEVER.value for kind in Kind if kind not in rules.ALWAYS_TOLD}
        wish, _ = NotificationWish.objects.get_or_create(member_id=member)
        wish.rhythms = wish.rhythms | none
        wish.save(update_fields=["rhythms"])
        TopicRhythm.objects.filter(member_id=member).delete()
        Notification.objects.filter(member_id=member, kind__in=none).update(mail_due=False)
        audit.record("community.mails.unsubscribe", standing=standing, thing=f"member:{member}", now=now)


def forget_seen(*, standing: Standing, now: datetime) -> int:
    """Delete what was seen long ago, and what nobody has looked at for long; returns how many.

    Decisions about a member's own words stay until they were seen.
    """
    with transaction.atomic():
        old = Q(seen_at__lt=now - timedelta(days=rules.KEPT_DAYS))
        unseen = Q(seen_at=None, made_at__lt=now - timedelta(days=rules.UNSEEN_KEPT_DAYS))
        count = Notification.objects.filter(old | unseen & ~Q(kind__in=rules.ALWAYS_TOLD)).delete()[0]
        audit.record("community.notifications.forget", standing=standing, thing="", now=now, count=count)
    return count
