"""What members are told of, and in which rhythm."""

from __future__ import annotations

from enum import StrEnum


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
