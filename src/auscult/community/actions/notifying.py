"""Telling members: in the page in the transaction of what it is about, by mail in the rhythm that each chose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.urls import reverse

from auscult.community.models import Comment, Notification, NotificationWish, Posting, TopicRhythm
from auscult.community.rules import notifying as rules
from auscult.community.rules.notifying import Kind, Rhythm
from auscult.community.words import Words
from auscult.members.emails import Letter, mail_each
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.standing import Standing

_SALT = "community.unsubscribe"
#: Members whose mails one run of the job looks at.
MEMBERS_A_RUN = 2000
#: Lines of one mail; the rest is counted.
MOST_LINES = 20


class CannotSetWishes(Refused):
    """What was wished was not stored."""


class CannotUnsubscribe(NotFound):
    """The link is none of ours."""


# Named people first, in the order of what concerns them most; then followers. Each is told once, never the actor, nobody who
# muted actor or thread, and nobody who left. A mail is due unless the member wants none of that kind.
_TELL = """
    WITH named AS (
        SELECT DISTINCT ON (who) who, kind FROM unnest(%(who)s::bigint[], %(kinds)s::text[]) WITH ORDINALITY AS n(who, kind, o)
        ORDER BY who, o),
    told AS (
        SELECT who, kind FROM named
        UNION ALL
        SELECT r.member_id, 'comment' FROM community_reading AS r
        WHERE %(followers)s AND r.posting_id = %(posting)s AND r.is_followed AND r.member_id NOT IN (SELECT who FROM named))
    INSERT INTO community_notification (member_id, kind, posting_id, comment_id, actor_id, text, made_at, mail_due)
    SELECT t.who, t.kind, %(posting)s, %(comment)s, %(actor)s, '', %(at)s,
           COALESCE(w.rhythms ->> t.kind, 'daily') <> 'never'
    FROM told AS t JOIN members_member AS m ON m.id = t.who
    LEFT JOIN community_notificationwish AS w ON w.member_id = t.who
    WHERE t.who <> %(actor)s AND m.erased_at IS NULL
        AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = t.who AND x.muted_id = %(actor)s)
        AND NOT EXISTS (SELECT FROM community_reading AS y
                        WHERE y.member_id = t.who AND y.posting_id = %(posting)s AND y.is_muted)
"""
_FOLLOW = """
    INSERT INTO community_reading (member_id, posting_id, read_comments, is_followed, is_muted)
    VALUES (%s, %s, %s, true, false)
    ON CONFLICT (member_id, posting_id) DO UPDATE SET read_comments = GREATEST(community_reading.read_comments, %s),
        is_followed = NOT community_reading.is_muted
"""


def _tell(
    posting: Posting,
    comment: Comment | None,
    named: list[tuple[int, Kind]],
    *,
    followers: bool,
    actor: int,
    now: datetime,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL,
            {
                "who": [who for who, _ in named],
                "kinds": [kind.value for _, kind in named],
                "followers": followers,
                "posting": posting.pk,
                "comment": comment.pk if comment else None,
                "actor": actor,
                "at": now,
            },
        )


def tell_mentioned(
    posting: Posting, comment: Comment | None, mentioned: Iterable[int], *, actor: int, now: datetime
) -> None:
    """Tell who is mentioned; and its author follows what was posted."""
    named = [(who, Kind.MENTION) for who in mentioned]
    if named:
        _tell(posting, comment, named, followers=False, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [actor, posting.pk, posting.comments, posting.comments])


def tell_of_comment(
    posting: Posting, comment: Comment, *, answered: int | None, words: Words, actor: int, now: datetime
) -> None:
    """Tell whom a comment concerns, each once: who is answered, mentioned, quoted, the author, followers."""
    named = [(answered, Kind.ANSWER)] if answered is not None else []
    named += [(who, Kind.MENTION) for who in words.mentioned]
    if words.quoted:
        quoted = Comment.objects.filter(posting=posting, number__in=words.quoted).values_list("author_id", flat=True)
        named += [(who, Kind.QUOTE) for who in quoted]
    if answered is None:
        named.append((posting.author_id, Kind.ANSWER))
    _tell(posting, comment, named, followers=True, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [actor, posting.pk, comment.number, comment.number])


def tell_of_posting(*, posting_id: int, now: datetime) -> int:
    """Tell the followers of a topic of a new posting; a second call tells nobody again. Returns how many were told.

    A posting of an organisation is told to nobody: it is there to be found, not to be sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO community_notification (member_id, kind, posting_id, actor_id, text, made_at, mail_due)
            SELECT f.member_id, 'posting', p.id, p.author_id, '', %s,
                   COALESCE(r.rhythm, w.rhythms ->> 'posting', 'weekly') <> 'never'
            FROM community_posting AS p
            JOIN community_topicfollow AS f ON f.topic_id = p.topic_id AND f.member_id <> p.author_id
            LEFT JOIN community_notificationwish AS w ON w.member_id = f.member_id
            LEFT JOIN community_topicrhythm AS r ON r.member_id = f.member_id AND r.topic_id = p.topic_id
            WHERE p.id = %s AND p.representative_id IS NULL AND p.state = 'published'
                AND NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = f.member_id AND x.muted_id = p.author_id)
                AND NOT EXISTS (SELECT FROM community_notification AS n WHERE n.member_id = f.member_id
                                AND n.posting_id = p.id)
            """,
            [now, posting_id],
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


def send_due_mails(*, standing: Standing, now: datetime) -> int:
    """Send what is due to be told by mail, one mail for each member; returns how many mails.

    Who may: the worker. What is marked and what is queued stands in one transaction for each member, so a run that is killed
    neither loses nor repeats a mail.
    """
    sent, after = 0, 0
    while True:
        members = list(
            Notification.objects.filter(mail_due=True, member_id__gt=after)
            .order_by("member_id")
            .values_list("member_id", flat=True)
            .distinct()[:MEMBERS_A_RUN]
        )
        if not members:
            break
        wishes = NotificationWish.objects.in_bulk(members)
        for member in members:
            wish = wishes.get(member) or NotificationWish(
                member_id=member,
                quiet_from=rules.QUIET_FROM,
                quiet_until=rules.QUIET_UNTIL,
                time_zone=settings.TIME_ZONE,
            )
            due = rules.due_rhythms(now, ZoneInfo(wish.time_zone), wish.quiet_from, wish.quiet_until, wish.digested_at)
            if due:
                sent += _mail(standing, now, wish, due)
        after = members[-1]
    return sent


def _mail(standing: Standing, now: datetime, wish: NotificationWish, due: frozenset[Rhythm]) -> int:
    with transaction.atomic():
        topics = dict(TopicRhythm.objects.filter(member_id=wish.member_id).values_list("topic_id", "rhythm"))
        waiting = (
            Notification.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(member_id=wish.member_id, mail_due=True)
            .select_related("posting", "actor")
            .defer("posting__body", "posting__html")
            .order_by("pk")
        )
        chosen = []
        digest = False
        for told in waiting:
            rhythm = rules.rhythm_of(told.kind, wish.rhythms)
            if told.kind == Kind.POSTING and told.posting and told.posting.topic_id in topics:
                rhythm = Rhythm(topics[told.posting.topic_id])
            if rhythm in due:
                chosen.append(told)
                digest = digest or rhythm != Rhythm.INSTANT
        if not chosen:
            return 0
        Notification.objects.filter(pk__in=[told.pk for told in chosen]).update(mail_due=False)
        if digest:
            NotificationWish.objects.update_or_create(
                member_id=wish.member_id,
                defaults={"digested_at": now},
                create_defaults={"digested_at": now, "time_zone": wish.time_zone},
            )
        # Whoever has read it in the page needs no mail of it.
        lines = [_line(told) for told in chosen if told.seen_at is None]
        if lines:
            stop = settings.SITE_URL + reverse("community:unsubscribe", args=[unsubscribe_token(wish.member_id)])
            mail_each(
                [
                    Letter(
                        member_id=wish.member_id,
                        subject=_subject(len(lines)),
                        text=_text(lines, stop),
                        unsubscribe=stop,
                    )
                ]
            )
        audit.record(
            "community.mails.send", standing=standing, thing=f"member:{wish.member_id}", now=now, lines=len(lines)
        )
    return 1 if lines else 0


def _subject(count: int) -> str:
    return f"{settings.INSTANCE_NAME}: {count} notification{'s' if count > 1 else ''}"


def _text(lines: list[str], stop: str) -> str:
    # A mail lies on servers of others: no words of colleagues stand in it.
    shown = lines[:MOST_LINES]
    more = f"\n… and {len(lines) - MOST_LINES} more.\n" if len(lines) > MOST_LINES else ""
    site = settings.SITE_URL
    return (
        "\n".join(shown)
        + f"\n{more}\nAll of them: {site}{reverse('community:notification-list')}\n"
        + f"Fewer or other mails: {site}{reverse('community:wishes-set')}\n"
        + f"None of these (one click): {stop}\n"
    )


_WORDS = {
    Kind.ANSWER: "answered you",
    Kind.MENTION: "mentioned you",
    Kind.QUOTE: "quoted you",
    Kind.COMMENT: "commented",
    Kind.POSTING: "posted",
    Kind.SOLVED: "says that you solved the case",
}


def _line(told: Notification) -> str:
    link = settings.SITE_URL + reverse("community:notification-open", args=[told.pk])
    if told.kind in {Kind.DECISION, Kind.APPEAL}:
        return f"- A moderator has decided about words of yours. What, why, and how to appeal: {link}"
    who = (told.actor.handle if told.actor else None) or "A colleague"
    title = f"“{told.posting.title}”" if told.posting and told.posting.state == "published" else "a thread"
    return f"- {who} {_WORDS[Kind(told.kind)]}: {title}\n  {link}"


def forget_seen(*, standing: Standing, now: datetime) -> int:
    """Delete what was seen long ago; returns how many."""
    with transaction.atomic():
        count = Notification.objects.filter(seen_at__lt=now - timedelta(days=rules.KEPT_DAYS)).delete()[0]
        audit.record("community.notifications.forget", standing=standing, thing="", now=now, count=count)
    return count
