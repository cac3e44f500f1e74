"""Who may write now: sanctions, slow mode, limits of rate and of new members; and what looks like advertising."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils.timezone import localtime

from auscult.community.models import Flag, Posting
from auscult.community.rules import moderation as rules
from auscult.community.rules.moderation import FlagReason, SanctionKind
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


class CannotWrite(Refused):
    """A sanction or a limit is in force."""

    status = 429


# One query for all that limits a member: the sanction that ends last, how much was written, since when one is verified.
_STATE = """
    SELECT m.verified_at,
           (SELECT kind || '|' || to_char(ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') || '|' || decision_id
            FROM community_sanction WHERE member_id = m.id AND lifted_at IS NULL AND ends_at > %(now)s
            ORDER BY kind = 'silenced' DESC, ends_at DESC LIMIT 1),
           (SELECT count(*) FROM (SELECT FROM community_comment
                WHERE author_id = m.id AND commented_at > %(hour)s AND commented_at <= %(now)s LIMIT 100) AS c),
           (SELECT count(*) FROM (SELECT FROM community_comment
                WHERE author_id = m.id AND commented_at > %(day)s AND commented_at <= %(now)s LIMIT 100) AS c),
           (SELECT count(*) FROM (SELECT FROM community_posting
                WHERE author_id = m.id AND posted_at > %(day)s AND posted_at <= %(now)s LIMIT 100) AS p),
           (SELECT count(*) FROM (SELECT FROM community_comment WHERE author_id = m.id LIMIT %(few)s) AS c),
           (SELECT max(commented_at) FROM community_comment WHERE author_id = m.id AND posting_id = %(posting)s)
    FROM members_member AS m WHERE m.id = %(member)s
"""


def require_may_write(*, standing: Standing, now: datetime) -> None:
    """Refuse whoever a sanction silences.

    Raises:
        CannotWrite: the text says until when, and where to appeal.
    """
    _require(standing, now, None)


def require_may_post(*, standing: Standing, now: datetime, title: str, body: str) -> None:
    """Refuse a posting that is too much for now.

    Raises:
        CannotWrite: a sanction, or a limit of rate.
    """
    is_new, _, postings, _ = _require(standing, now, None)
    most = rules.NEW_POSTINGS_A_DAY if is_new else rules.POSTINGS_A_DAY
    if postings >= most:
        new = " In the first two weeks it is three." if is_new else ""
        raise CannotWrite(f"You posted {postings} times within a day; {most} are the most.{new} Try again tomorrow.")
    _require_few_links(is_new, f"{title}\n{body}")


def require_may_comment(*, standing: Standing, now: datetime, posting: Posting, body: str) -> None:
    """Refuse a comment that is too much for now.

    Raises:
        CannotWrite: a sanction, slow mode, or a limit of rate.
    """
    is_new, comments, _, last = _require(standing, now, posting.pk)
    most = rules.NEW_COMMENTS_AN_HOUR if is_new else rules.COMMENTS_AN_HOUR
    if comments >= most:
        raise CannotWrite(f"You wrote {comments} comments within an hour; {most} are the most. Try again later.")
    if posting.slow_seconds and last is not None and now - last < timedelta(seconds=posting.slow_seconds):
        wait = timedelta(seconds=posting.slow_seconds) - (now - last)
        raise CannotWrite(
            f"This thread is slowed: one comment in {posting.slow_seconds // 60} minutes. "
            f"Yours can come in {int(wait.total_seconds() // 60) + 1} minutes; it is kept as a draft."
        )
    _require_few_links(is_new, body)


def _require(standing: Standing, now: datetime, posting_id: int | None) -> tuple[bool, int, int, datetime | None]:
    """Whether the member is new; comments of an hour, postings of a day, the last comment there."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STATE,
            {
                "member": standing.require_member(),
                "now": now,
                "hour": now - timedelta(hours=1),
                "day": now - timedelta(days=1),
                "few": rules.NEW_BELOW,
                "posting": posting_id or 0,
            },
        )
        verified, held, an_hour, a_day, postings, ever, last = cursor.fetchone()
    if held:
        kind, until, decision = held.split("|")
        when = f"{localtime(datetime.fromisoformat(until)):%-d %B %Y, %H:%M %Z}"
        address = settings.SITE_URL + reverse("community:decision-read", args=[int(decision)])
        where = f"The decision, its reason and how to appeal: {address}"
        if kind == SanctionKind.SILENCED:
            raise CannotWrite(f"A moderator's decision lets you read, not write, until {when}. {where}")
        if kind == SanctionKind.SLOWED and a_day + postings >= rules.SLOWED_A_DAY:
            raise CannotWrite(f"Until {when} you write {rules.SLOWED_A_DAY} times a day. {where}")
    is_new = ever < rules.NEW_BELOW or (verified is not None and now - verified < rules.NEW_FOR)
    return is_new, an_hour, postings, last


def _require_few_links(is_new: bool, text: str) -> None:
    if is_new and rules.count_links(text) > rules.NEW_LINKS:
        raise CannotWrite(f"In your first two weeks a text has {rules.NEW_LINKS} links at most. Leave some out.")


def look_for_spam(*, posting: Posting, comment_id: int | None, member: int, text: str, now: datetime) -> None:
    """Flag, in the name of this place, what looks like advertising; the words stand, and a moderator looks."""
    if len(text) < 40:
        # Short words are repeated by everybody.
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT body FROM community_comment WHERE author_id = %s ORDER BY commented_at DESC LIMIT 6)"
            " AS c WHERE body = %s",
            [member, text],
        )
        again = cursor.fetchone()[0]
    score, reasons = rules.spam_reasons(text, is_repeated=again > (comment_id is not None))
    if score >= rules.SPAM_SCORE:
        Flag.objects.create(
            posting=posting,
            comment_id=comment_id,
            reason=FlagReason.SPAM,
            words=", ".join(reasons)[:500],
            flagged_at=now,
        )
