"""What members are told of by mail, in the rhythm that each chose; a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from auscult.community.actions.notifying import DEFAULTS_JSON, unsubscribe_token
from auscult.community.models import Notification, NotificationWish
from auscult.community.rules import notifying as rules
from auscult.community.rules.notifying import Kind
from auscult.members.emails import Letter, mail_each
from auscult.shared import audit
from auscult.shared.standing import Standing

#: Members whose mails one transaction of the job queues.
MEMBERS_A_RUN = 1000
#: Lines of one mail; the rest is counted.
MOST_LINES = 20

# What is due to be told by mail in the windows of time that are open now (``_open_windows``).
_DUE = """
    FROM community_notification AS n
    JOIN members_member AS m ON m.id = n.member_id AND m.account_id IS NOT NULL
    LEFT JOIN community_notificationwish AS w ON w.member_id = n.member_id
    LEFT JOIN community_posting AS p ON p.id = n.posting_id
    LEFT JOIN community_topicrhythm AS r
        ON r.member_id = n.member_id AND r.topic_id = p.topic_id AND n.kind = 'posting'
    LEFT JOIN members_member AS a ON a.id = n.actor_id
    JOIN unnest(%(zones)s::text[], %(quiet_from)s::integer[], %(quiet_until)s::integer[], %(rhythms)s::text[],
                %(days)s::timestamptz[]) AS o(zone, quiet_from, quiet_until, rhythms, day_began)
        ON o.zone = COALESCE(w.time_zone, %(zone)s) AND o.quiet_from = COALESCE(w.quiet_from, %(from)s)
        AND o.quiet_until = COALESCE(w.quiet_until, %(until)s)
    CROSS JOIN LATERAL (SELECT COALESCE(r.rhythm, w.rhythms ->> n.kind, %(defaults)s::jsonb ->> n.kind) AS rhythm) AS c
    WHERE n.mail_due AND (c.rhythm = 'instant' OR c.rhythm = ANY(string_to_array(o.rhythms, ' '))
                          AND (w.digested_at IS NULL OR w.digested_at < o.day_began))
"""
_DUE_MEMBERS = f"""
    SELECT DISTINCT n.member_id {_DUE} AND n.member_id > %(after)s ORDER BY n.member_id LIMIT {MEMBERS_A_RUN}
"""
_CLAIM = f"""
    SELECT n.member_id, n.id, n.kind, n.count, n.seen_at IS NULL, COALESCE(a.handle, ''),
           CASE WHEN p.state = 'published' THEN p.title ELSE '' END, c.rhythm <> 'instant'
    {_DUE} AND n.member_id = ANY(%(members)s) ORDER BY n.member_id, n.id FOR UPDATE OF n SKIP LOCKED
"""
_NOTE_DIGEST = """
    INSERT INTO community_notificationwish (member_id, rhythms, time_zone, quiet_from, quiet_until, digested_at)
    SELECT member, '{}', %s, %s, %s, %s FROM unnest(%s::bigint[]) AS member
    ON CONFLICT (member_id) DO UPDATE SET digested_at = EXCLUDED.digested_at
"""


class _Told(NamedTuple):
    """A notification that is due by mail."""

    member_id: int
    notification_id: int
    kind: str
    comments: int
    is_unseen: bool
    handle: str
    title: str
    is_digest: bool


def send_due_mails(*, standing: Standing, now: datetime) -> int:
    """Send what is due to be told by mail, one mail for each member; returns how many mails.

    Who may: the worker. What is marked and what is queued stands in one transaction for each ``MEMBERS_A_RUN`` members, so a
    run that is killed neither loses nor repeats a mail. Members to whom nothing is due now cost nothing.
    """
    windows = _open_windows(now)
    sent, after = 0, 0
    while windows["zones"]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_DUE_MEMBERS, windows | {"after": after})
            members = [member for (member,) in cursor.fetchall()]
            if not members:
                break
            cursor.execute(_CLAIM, windows | {"members": members})
            told = [_Told(*row) for row in cursor.fetchall()]
            sent += _mail(standing, now, told)
        after = members[-1]
    return sent


def _open_windows(now: datetime) -> dict[str, Any]:
    """Time zones with quiet hours in which a mail may be sent now: which rhythms it may serve, and when the day began."""
    default = (settings.TIME_ZONE, rules.QUIET_FROM, rules.QUIET_UNTIL)
    chosen = NotificationWish.objects.order_by().values_list("time_zone", "quiet_from", "quiet_until").distinct()
    found = []
    for zone, quiet_from, quiet_until in {default, *chosen}:
        rhythms = rules.due_rhythms(now, ZoneInfo(zone), quiet_from, quiet_until, None)
        if rhythms:
            day = rules.day_began(now, ZoneInfo(zone))
            found.append((zone, quiet_from, quiet_until, " ".join(sorted(rhythms)), day))
    columns = ("zones", "quiet_from", "quiet_until", "rhythms", "days")
    return {
        **{column: [row[place] for row in found] for place, column in enumerate(columns)},
        "zone": default[0], "from": default[1], "until": default[2], "defaults": DEFAULTS_JSON,
    }  # fmt: skip


def _mail(standing: Standing, now: datetime, told: Sequence[_Told]) -> int:
    """Queue the mails of one batch, in the transaction that claimed the notifications; returns how many."""
    if not told:
        return 0
    Notification.objects.filter(pk__in=[each.notification_id for each in told]).update(mail_due=False)
    digests = sorted({each.member_id for each in told if each.is_digest})
    if digests:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE_DIGEST, [settings.TIME_ZONE, rules.QUIET_FROM, rules.QUIET_UNTIL, now, digests])
    lines: dict[int, list[str]] = {}
    for each in told:
        own = lines.setdefault(each.member_id, [])
        # Whoever has read it in the page needs no mail of it.
        if each.is_unseen:
            own.append(_line(each))
    letters = []
    for member, own in lines.items():
        if own:
            stop = settings.SITE_URL + reverse("community:unsubscribe", args=[unsubscribe_token(member)])
            letters.append(
                Letter(member_id=member, subject=_subject(len(own)), text=_text(own, stop), unsubscribe=stop)
            )
    mail_each(letters)
    audit.record_each(
        "community.mails.send",
        [(f"member:{member}", {"lines": len(own)}) for member, own in lines.items()],
        standing=standing,
        now=now,
    )
    return len(letters)


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


def _line(told: _Told) -> str:
    link = settings.SITE_URL + reverse("community:notification-open", args=[told.notification_id])
    if told.kind in {Kind.DECISION, Kind.APPEAL}:
        return f"- A moderator has decided about words of yours. What, why, and how to appeal: {link}"
    who = told.handle or "A colleague"
    title = f"“{told.title}”" if told.title else "a thread"
    if told.comments > 1:
        return f"- {told.comments} new comments, the last by {who}: {title}\n  {link}"
    return f"- {who} {_WORDS[Kind(told.kind)]}: {title}\n  {link}"
