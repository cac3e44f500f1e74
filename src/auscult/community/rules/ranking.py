"""Where a posting stands in the ranked feed, and why; everything is counted in hours.

A posting stands at the hour at which it was written, moved up by what colleagues did with it:

    rank = hour written + 12 · log2(1 + voices + useful)

``voices`` are distinct members other than the author who commented, ``useful`` are ratings «useful» and «very useful». So
each doubling of either is worth twelve hours. For one reader, a followed topic is worth 12 hours more and the own specialty
6. Nothing else enters: no payment, no organisation, no standing of the author, nothing that the reader did not choose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

#: Hours that a doubling of voices and useful ratings is worth.
HOURS_A_DOUBLING = 12.0
#: Hours that a followed topic is worth to its follower, and the own specialty.
FOLLOWED_HOURS, SPECIALTY_HOURS = 12.0, 6.0
#: Of twenty postings of a page, at most so many may be those of organisations.
MOST_OF_ORGANISATIONS = 2
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def hours_of(at: datetime) -> float:
    """Hours from the beginning of 2000 to an instant."""
    return (at - _EPOCH).total_seconds() / 3600


def lift_hours(voices: int, useful: int) -> float:
    """Hours by which the acts of colleagues move a posting up."""
    return HOURS_A_DOUBLING * math.log2(1 + voices + useful)


def rank_hours(posted_at: datetime, voices: int, useful: int) -> float:
    """Where a posting stands for a reader who follows nothing, in hours."""
    return hours_of(posted_at) + lift_hours(voices, useful)


@dataclass(frozen=True)
class Why:
    """Why a posting stands where it stands.

    Attributes:
        voices: members other than the author who commented.
        useful: ratings «useful» and «very useful».
        lift: hours these two are worth.
        is_followed: whether the reader follows its topic.
        is_own_specialty: whether its author's specialty is the reader's.
    """

    voices: int
    useful: int
    lift: float
    is_followed: bool
    is_own_specialty: bool

    @property
    def sentence(self) -> str:
        """One sentence for the reader."""
        parts = []
        if self.voices or self.useful:
            by = [
                *([f"{self.voices} colleague{'s' if self.voices > 1 else ''} commented"] if self.voices else []),
                *([f"{self.useful} found it useful"] if self.useful else []),
            ]
            parts.append(f"{' and '.join(by)} (+{self.lift:.0f} h)")
        if self.is_followed:
            parts.append(f"you follow its topic (+{FOLLOWED_HOURS:.0f} h)")
        if self.is_own_specialty:
            parts.append(f"its author is of your specialty (+{SPECIALTY_HOURS:.0f} h)")
        return "When it was written" + ("" if not parts else "; " + "; ".join(parts)) + "."


def why(voices: int, useful: int, *, is_followed: bool, is_own_specialty: bool) -> Why:
    """Why a posting stands where it stands for one reader."""
    return Why(voices, useful, lift_hours(voices, useful), is_followed, is_own_specialty)
