"""Moderation: rules, measures, sanctions, limits. Nothing is hidden without its author knowing, and knowing why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum


class WordsState(StrEnum):
    """What has become of words. There is no state that only their author does not see."""

    PUBLISHED = "published"
    # A case that somebody flagged as showing a patient, until a moderator has looked.
    HIDDEN = "hidden"
    # Taken down by a moderator, or taken back by the author: a tombstone with the reason.
    REMOVED = "removed"
    RETRACTED = "retracted"
    # As removed, and the words are gone from the database.
    PURGED = "purged"


#: What stands in the place of words that are not shown.
GONE_WORDS = {
    WordsState.HIDDEN: "A colleague flagged this as showing a patient. It is hidden until a moderator has looked.",
    WordsState.REMOVED: "A moderator took this down.",
    WordsState.RETRACTED: "Taken back by its author.",
    WordsState.PURGED: "Removed for good; its words are deleted.",
}


class FlagReason(StrEnum):
    """Why a member flags."""

    PATIENT = "patient"
    PERSON = "person"
    ABUSE = "abuse"
    SPAM = "spam"
    UNDISCLOSED = "undisclosed"
    OFF_TOPIC = "off topic"
    OTHER = "other"


class Rule(StrEnum):
    """The rules of this place, by which decisions are made."""

    PATIENTS = "patients"
    COLLEAGUES = "colleagues"
    RESPECT = "respect"
    ADVERTISING = "advertising"
    CONNECTIONS = "connections"
    TOPIC = "topic"
    LAW = "law"


class Measure(StrEnum):
    """What a moderator may decide."""

    KEEP = "keep"
    REMOVE = "remove"
    PURGE = "purge"
    LOCK = "lock"
    UNLOCK = "unlock"
    SLOW = "slow"
    MOVE = "move"
    SPLIT = "split"


class SanctionKind(StrEnum):
    """What a member may not do for a while."""

    WARNING = "warning"
    SLOWED = "slowed"
    SILENCED = "silenced"


class AppealOutcome(StrEnum):
    """How an appeal ended."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"


FLAG_WORDS = {
    FlagReason.PATIENT: "It may tell who a patient is",
    FlagReason.PERSON: "It tells who a colleague is",
    FlagReason.ABUSE: "It attacks a person",
    FlagReason.SPAM: "It advertises or repeats itself",
    FlagReason.UNDISCLOSED: "The author has a connection that is not stated",
    FlagReason.OFF_TOPIC: "It is in the wrong place",
    FlagReason.OTHER: "Something else",
}
RULE_WORDS = {
    Rule.PATIENTS: "No patient may be recognisable. No names, dates finer than a year, small places, numbers, faces.",
    Rule.COLLEAGUES: "No pseudonym is lifted: nobody says or hints who a colleague is.",
    Rule.RESPECT: "Argue with what was said, not with who said it. No abuse, no threats, no contempt for groups.",
    Rule.ADVERTISING: "No advertising, and nothing posted again and again. Organisations post under their label.",
    Rule.CONNECTIONS: "Whoever is employed or paid by those who gain from what is said states it.",
    Rule.TOPIC: "In the thread and topic where it belongs; moderators move what does not.",
    Rule.LAW: "Nothing that the law forbids to publish.",
}
MEASURE_WORDS = {
    Measure.KEEP: "Keep it",
    Measure.REMOVE: "Take it down",
    Measure.PURGE: "Delete it for good",
    Measure.LOCK: "Lock the thread",
    Measure.UNLOCK: "Unlock the thread",
    Measure.SLOW: "Slow the thread",
    Measure.MOVE: "Move it to another topic",
    Measure.SPLIT: "Make a thread of its own of it",
}
#: Measures that take words away; the others order a place and sanction nobody.
TAKING = frozenset({Measure.REMOVE, Measure.PURGE})
#: Rules whose breach is a matter of place, not of conduct.
HARMLESS = frozenset({Rule.TOPIC})
SESSION = timedelta(minutes=60)
SHORTEST_REASON = 15
#: Six months, as article 20 of the Digital Services Act gives at least.
APPEAL_DAYS = 183
#: What a member did so long ago does not weigh any more.
FORGOTTEN = timedelta(days=365)
#: Steps of sanctions: what the first, second … breach within a year means, and for how long.
STEPS = (
    (SanctionKind.WARNING, timedelta(days=0)),
    (SanctionKind.SLOWED, timedelta(days=7)),
    (SanctionKind.SILENCED, timedelta(days=7)),
    (SanctionKind.SILENCED, timedelta(days=30)),
)
#: Comments and postings a day of who is slowed.
SLOWED_A_DAY = 5
#: Hands type less than this; machines do not.
COMMENTS_AN_HOUR, POSTINGS_A_DAY = 60, 20
#: The first two weeks after verification, or fewer than five comments: an account that was taken over does little harm.
NEW_FOR, NEW_BELOW = timedelta(days=14), 5
NEW_COMMENTS_AN_HOUR, NEW_POSTINGS_A_DAY, NEW_LINKS = 20, 3, 2
#: Of the last six flags of a member, so many dismissed: the next one hides nothing by itself.
FLAGS_LOOKED_AT, FLAGS_DISMISSED = 6, 5


def sanction(before: Sequence[datetime], now: datetime) -> tuple[int, SanctionKind, datetime]:
    """What a breach means for its author.

    Args:
        before: when earlier sanctions began that were not lifted.
        now: instant of the decision.

    Returns:
        Number of the step from 1 on, the kind, and until when it holds.
    """
    counting = sum(1 for at in before if now - at < FORGOTTEN)
    step = min(counting, len(STEPS) - 1)
    kind, span = STEPS[step]
    return step + 1, kind, now + span


def hides_at_once(reason: str, is_case: bool, dismissed: Sequence[bool]) -> bool:
    """Whether a flag hides words before a moderator has looked.

    Args:
        reason: of the flag.
        is_case: whether it is a clinical case.
        dismissed: of the member's last flags, newest first, which were decided «keep».
    """
    trusted = sum(dismissed[:FLAGS_LOOKED_AT]) < FLAGS_DISMISSED
    return reason == FlagReason.PATIENT and is_case and trusted


_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_SHORTENERS = re.compile(r"\b(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|is\.gd|ow\.ly|cutt\.ly)/", re.IGNORECASE)
_SALES = re.compile(
    r"\b(?:buy now|order (?:now|today)|limited offer|click here|free trial|best price|act now|money[- ]back|discount code|"
    r"earn \$|work from home|100% guaranteed)\b",
    re.IGNORECASE,
)
#: A score from which on this place flags by itself: the words stand, and a moderator looks.
SPAM_SCORE = 3


def spam_reasons(text: str, *, is_repeated: bool) -> tuple[int, list[str]]:
    """How much a text looks like advertising, and why.

    Args:
        text: Markdown.
        is_repeated: whether its author posted the same before.

    Returns:
        A score and its reasons; from ``SPAM_SCORE`` on it is flagged.
    """
    score = 0
    reasons: list[str] = []
    links = len(_LINK.findall(text))
    if links > 4:
        score, reasons = score + 2, [*reasons, f"{links} links"]
    if _SHORTENERS.search(text):
        score, reasons = score + 2, [*reasons, "a link that hides where it leads"]
    phrases = len(_SALES.findall(text))
    if phrases:
        score, reasons = score + min(2, phrases), [*reasons, "phrases of sellers"]
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) > 60 and sum(map(str.isupper, letters)) > 0.7 * len(letters):
        score, reasons = score + 1, [*reasons, "capitals throughout"]
    if is_repeated:
        score, reasons = score + 3, [*reasons, "the same text again"]
    return score, reasons


def count_links(text: str) -> int:
    """Links in a text."""
    return len(_LINK.findall(text))
