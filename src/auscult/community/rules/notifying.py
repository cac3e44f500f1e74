"""What members are told of, and in which rhythm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo


class Kind(StrEnum):
    """What a notification is about."""

    ANSWER = "answer"
    MENTION = "mention"
    QUOTE = "quote"
    COMMENT = "comment"
    POSTING = "posting"
    SOLVED = "solved"
    DECISION = "decision"
    APPEAL = "appeal"


class Rhythm(StrEnum):
    """How soon a mail tells it."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


KIND_WORDS = {
    Kind.ANSWER: "Answers to what you wrote",
    Kind.MENTION: "Mentions of your handle",
    Kind.QUOTE: "Quotations of your words",
    Kind.COMMENT: "Comments in threads that you follow",
    Kind.POSTING: "New postings on topics that you follow",
    Kind.SOLVED: "A case that you solved",
    Kind.DECISION: "Decisions of moderators on your words",
    Kind.APPEAL: "Answers to your appeals",
}
RHYTHM_WORDS = {
    Rhythm.INSTANT: "At once",
    Rhythm.DAILY: "Once a day",
    Rhythm.WEEKLY: "On Mondays",
    Rhythm.NEVER: "Never",
}
#: Mails interrupt people who see patients: what can wait comes once a day. What was decided about one's words cannot wait.
DEFAULTS = {
    Kind.ANSWER: Rhythm.DAILY,
    Kind.MENTION: Rhythm.DAILY,
    Kind.QUOTE: Rhythm.DAILY,
    Kind.COMMENT: Rhythm.DAILY,
    Kind.POSTING: Rhythm.WEEKLY,
    Kind.SOLVED: Rhythm.DAILY,
    Kind.DECISION: Rhythm.INSTANT,
    Kind.APPEAL: Rhythm.INSTANT,
}
#: Whoever is judged is told: these can be slowed to a day, not stopped.
ALWAYS_TOLD = frozenset({Kind.DECISION, Kind.APPEAL})
#: Local hour from which on digests go out, and the hours without mail of who said nothing.
DIGEST_HOUR, QUIET_FROM, QUIET_UNTIL = 7, 22, 7
#: Days for which what was seen is kept.
KEPT_DAYS = 90
#: Days after which what nobody has looked at is deleted too. It was also mailed, and the thread itself is still there; a
#: list that grows for members who have stopped coming was the largest table. Decisions about a member's own words are kept
#: until the member has seen them.
UNSEEN_KEPT_DAYS = 90
#: Seconds from a comment until the followers of its thread are told: a discussion that goes on is one pass, not one for
#: each comment. Who is answered, mentioned, or quoted is told at once.
TELL_FOLLOWERS_AFTER_SECONDS = 60


def rhythm_problem(kind: str, rhythm: str) -> str | None:
    """Why a rhythm cannot be chosen for a kind, or None."""
    if kind not in set(Kind) or rhythm not in set(Rhythm):
        return "Choose one of the rhythms."
    if Kind(kind) in ALWAYS_TOLD and rhythm not in {Rhythm.INSTANT, Rhythm.DAILY}:
        return "What moderators decide about your words is told within a day."
    return None


def rhythm_of(kind: str, rhythms: Mapping[str, str]) -> Rhythm:
    """The rhythm of a kind: as chosen, or the default."""
    return Rhythm(rhythms.get(kind, DEFAULTS[Kind(kind)]))


def is_quiet(local_hour: int, quiet_from: int, quiet_until: int) -> bool:
    """Whether no mail is sent at a local hour.

    Args:
        local_hour: 0–23.
        quiet_from, quiet_until: hours 0–23, from inclusive, until exclusive, across midnight where from is the larger; equal
            for no quiet hours.
    """
    if quiet_from <= quiet_until:
        return quiet_from <= local_hour < quiet_until
    return local_hour >= quiet_from or local_hour < quiet_until


def day_began(now: datetime, zone: ZoneInfo) -> datetime:
    """When the local day began; a digest that went before it leaves room for another."""
    return datetime.combine(now.astimezone(zone).date(), time.min, zone)


def due_rhythms(
    now: datetime, zone: ZoneInfo, quiet_from: int, quiet_until: int, digested_at: datetime | None
) -> frozenset[Rhythm]:
    """Which rhythms a mail may serve at an instant.

    Args:
        now: the instant.
        zone: the member's time zone.
        quiet_from, quiet_until: the member's quiet hours.
        digested_at: when the last digest went.

    Returns:
        ``INSTANT`` outside of quiet hours; ``DAILY`` once a local day from seven on, outside of quiet hours; with it on
        Mondays ``WEEKLY``.
    """
    local = now.astimezone(zone)
    if is_quiet(local.hour, quiet_from, quiet_until):
        return frozenset()
    found = {Rhythm.INSTANT}
    if local.hour >= DIGEST_HOUR and (digested_at is None or digested_at < day_began(now, zone)):
        found.add(Rhythm.DAILY)
        if local.weekday() == 0:
            found.add(Rhythm.WEEKLY)
    return frozenset(found)
