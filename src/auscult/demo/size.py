"""How large a demonstration is, and when its story begins. No Django here: settings follow from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

#: When the survey of the story opens.
BEGINS = datetime(2009, 7, 1, 14, 0, tzinfo=UTC)
#: Where the clock of a demonstration stands when it starts.
STORY_NOW = datetime(2009, 10, 19, 9, 0, tzinfo=UTC)


#: Code of the benchmark of 2009, about which the letter of 2009 spoke; and of a small demonstration's share of it.
HISTORY, SCALED = "us-physicians-2009", "us-physicians-2009-scaled"
PHYSICIANS_2009 = 954_000


@dataclass(frozen=True)
class Size:
    """Numbers of one demonstration.

    Attributes:
        register: invented physicians in the register.
        members: of them, verified members.
        universe: physicians of the universe that polls speak about (954,000 in 2009).
        universe_code: benchmark of that universe.
        ballots: ballots of the survey of July 2009 (4,156).
        live_ballots: ballots of the poll that is still open.
        postings: postings with comments, besides those with polls.
        compared_ballots: ballots of the poll that compares members of the association with others.
        signatures: signatures of the appeal of September 2009 (more than 10,000).
        sampled: members drawn into the sample survey.
        letter_signatures: signatures of the open letter that can be signed now.
        bulk_postings, bulk_comments: what is written besides, as rows.
    """

    register: int
    members: int
    universe: int
    ballots: int
    live_ballots: int
    postings: int
    compared_ballots: int
    signatures: int
    sampled: int
    universe_code: str = HISTORY
    letter_signatures: int = 1_240
    bulk_postings: int = 0
    bulk_comments: int = 0


_FULL = Size(120_000, 100_000, PHYSICIANS_2009, 4_156, 264, 326, 1_480, 10_000, 600)
SIZES = {
    "full": _FULL,
    "100k": replace(_FULL, bulk_postings=100_000, bulk_comments=1_000_000),
    "small": Size(3_600, 3_000, 28_620, 420, 44, 30, 380, 300, 240, SCALED, 62),
}
