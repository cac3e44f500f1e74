"""Moderation: rules, measures, sanctions. Nothing is hidden without its author knowing, and knowing why."""

from __future__ import annotations

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
