"""Pure decisions about organisations: powers of representatives, membership claims and the shares they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Power(StrEnum):
    """What a representative may do in the name of the organisation."""

    REPLY = "reply"
    CLAIM = "claim"
    POSITION = "position"
    ANSWER = "answer"
    AGREEMENT = "agreement"
    ACCESS = "access"
    POST = "post"


POWER_WORDS = {
    Power.REPLY: "reply under what is published about it",
    Power.CLAIM: "publish its membership figures",
    Power.POSITION: "state its positions",
    Power.ANSWER: "answer appeals addressed to it",
    Power.AGREEMENT: "act under its agreements",
    Power.ACCESS: "read aggregates under a grant",
    Power.POST: "post and answer in the community in its name",
}


class Grade(StrEnum):
    """How good the evidence for a figure is, weakest first."""

    ASSERTED = "asserted"
    PUBLISHED = "published"
    ATTESTED = "attested"
    AUDITED = "audited"
    MEASURED = "measured"


GRADE_WORDS = {
    Grade.ASSERTED: "somebody said so",
    Grade.PUBLISHED: "stands in a publication",
    Grade.ATTESTED: "an officer of the organisation signed for it",
    Grade.AUDITED: "an outside auditor checked it",
    Grade.MEASURED: "counted by this place itself",
}


class Category(StrEnum):
    """Kinds of members that a claim counts. ALL contains every other one."""

    ALL = "all"
    STUDENT = "student"
    RESIDENT = "resident"
    RETIRED = "retired"
    REDUCED = "reduced"


CATEGORY_WORDS = {
    Category.ALL: "all members",
    Category.STUDENT: "medical students",
    Category.RESIDENT: "residents and fellows",
    Category.RETIRED: "retired members",
    Category.REDUCED: "members with reduced, group or no dues",
}
#: Numerators that are read off a claim: what is taken away from all members. Each needs its categories to be known.
NUMERATORS: tuple[frozenset[Category], ...] = (
    frozenset(),
    frozenset({Category.STUDENT}),
    frozenset({Category.STUDENT, Category.RESIDENT}),
    frozenset({Category.STUDENT, Category.RESIDENT, Category.RETIRED}),
    frozenset({Category.REDUCED}),
)


@dataclass(frozen=True)
class Numerator:
    """Members counted in one way."""

    persons: int
    words: str
    as_of: date
    source: str
    grade: Grade
    claim_id: int


@dataclass(frozen=True)
class Denominator:
    """Physicians counted in one way."""

    code: str
    persons: int
    words: str
    definition: str
    as_of: date
    source: str


@dataclass(frozen=True)
class MembershipShare:
    """One share with both of its definitions; without them it means nothing, so it is never passed on alone."""

    numerator: Numerator
    denominator: Denominator

    @property
    def share(self) -> float:
        """Numerator ÷ denominator."""
        return self.numerator.persons / self.denominator.persons

    @property
    def years_apart(self) -> int:
        """By how many years the two dates differ."""
        return abs(self.numerator.as_of.year - self.denominator.as_of.year)


@dataclass(frozen=True)
class Quote:
    """A share that somebody quoted without a definition.

    Attributes:
        words: as quoted, for example ``"15%"``.
        low, high: what the words may mean, as shares: rounded or cut off.
        said_by: who.
        said_on: when.
        source: where it can be read.
    """

    words: str
    low: float
    high: float
    said_by: str
    said_on: date
    source: str


def read_numerators(
    counts: Mapping[Category, int], *, as_of: date, source: str, grade: Grade, claim_id: int
) -> list[Numerator]:
    """Every numerator that a claim's counts allow, largest first.

    Args:
        counts: members by category; ALL must be there.
    """
    found = []
    for without in NUMERATORS:
        if without - counts.keys():
            continue
        persons = counts[Category.ALL] - sum(counts[category] for category in without)
        names = " and ".join(CATEGORY_WORDS[category] for category in sorted(without, key=list(Category).index))
        words = f"members without {names}" if without else "all members"
        if without == {Category.REDUCED}:
            words = "members who pay full dues"
        found.append(Numerator(persons, words, as_of, source, grade, claim_id))
    return found


def claim_problem(counts: Mapping[Category, int], source: str, grade: Grade) -> str | None:
    """Why a membership claim cannot be taken, or None."""
    if Category.ALL not in counts:
        return "A claim needs the number of all members."
    if min(counts.values()) < 0:
        return "Numbers of members are not negative."
    parts = {category: persons for category, persons in counts.items() if category != Category.ALL}
    if any(persons > counts[Category.ALL] for persons in parts.values()):
        return "One kind of members is larger than all members together."
    exclusive = sum(parts.get(c, 0) for c in (Category.STUDENT, Category.RESIDENT, Category.RETIRED))
    if exclusive > counts[Category.ALL]:
        return "Students, residents and retired members together are more than all members."
    if not source.strip():
        return "Say where the figures stand: a report, its date, an address."
    if grade == Grade.MEASURED:
        return "Only this place's own counts are called measured."
    return None


def trace_quote(quote: Quote, shares: Iterable[MembershipShare]) -> list[MembershipShare]:
    """The shares that a quoted figure can have meant.

    First come those whose members were counted before it was said, then those whose two counts lie closest to each other
    and to the day on which it was said.
    """
    fitting = [share for share in shares if quote.low <= share.share < quote.high]

    def distance(share: MembershipShare) -> tuple[bool, int, int]:
        counted = share.numerator.as_of
        return counted > quote.said_on, quote.said_on.year - counted.year + share.years_apart, -counted.toordinal()

    return sorted(fitting, key=distance)


def every_share(numerators: Sequence[Numerator], denominators: Sequence[Denominator]) -> list[MembershipShare]:
    """The share under every numerator and denominator."""
    return [MembershipShare(n, d) for n in numerators for d in denominators if d.persons > 0]
