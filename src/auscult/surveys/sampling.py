"""Stratified random samples from the members, and how sampled cases end (AAPOR)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from typing import Any

from auscult.statistics.rates import Dispositions, OutcomeRates, outcome_rates

#: Variables of the members' coarse strata by which a sample can be stratified.
VARIABLES = ("specialty", "region", "sex", "career")
#: Fewest drawn in a stratum: a variance needs two.
FEWEST_IN_STRATUM = 2
#: Standard deviation of a share that nobody knows anything about: that of one half.
UNKNOWN_SPREAD = 0.5


class CannotSample(ValueError):
    """The sample cannot be drawn; the text says why and what to do."""


class Allocation(StrEnum):
    """How a sample is spread over the strata."""

    PROPORTIONAL = "proportional"
    NEYMAN = "neyman"
    FIXED = "fixed"


@dataclass(frozen=True)
class SampleDesign:
    """How a sample is drawn.

    Attributes:
        by: one or two variables whose levels, crossed, are the strata.
        allocation: how the sample is spread over them.
        size: members drawn; of a fixed allocation the sum follows.
        fixed: stratum → members, of a fixed allocation.
        spread: stratum → expected standard deviation of the main share, of a Neyman allocation; 0.5 where not given.
    """

    by: tuple[str, ...]
    allocation: Allocation
    size: int
    fixed: Mapping[str, int] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it is stored and frozen."""
        return {
            "by": list(self.by),
            "allocation": self.allocation.value,
            "size": self.size,
            "fixed": dict(self.fixed),
            "spread": dict(self.spread),
        }


def read_design(value: Mapping[str, Any]) -> SampleDesign:
    """A design from its JSON.

    Raises:
        CannotSample: a field that will not do.
    """
    by = tuple(value.get("by", ()))
    if not 1 <= len(by) <= 2 or not set(by) <= set(VARIABLES) or len(set(by)) < len(by):
        raise CannotSample(f"A sample is stratified by one or two of: {', '.join(VARIABLES)}.")
    try:
        allocation = Allocation(value.get("allocation", ""))
    except ValueError as error:
        raise CannotSample(f"The allocation is one of: {', '.join(Allocation)}.") from error
    fixed = {str(key): int(count) for key, count in value.get("fixed", {}).items()}
    spread = {str(key): float(each) for key, each in value.get("spread", {}).items()}
    if any(not 0 < each <= UNKNOWN_SPREAD for each in spread.values()):
        raise CannotSample("The expected standard deviation of a share lies above 0 and is at most 0.5.")
    if any(count < 0 for count in fixed.values()) or (allocation == Allocation.FIXED and not fixed):
        raise CannotSample("A fixed allocation says for each stratum how many are drawn, none of them negative.")
    size = sum(fixed.values()) if allocation == Allocation.FIXED else int(value.get("size", 0))
    if size < FEWEST_IN_STRATUM:
        raise CannotSample("Say how many members are drawn.")
    return SampleDesign(by, allocation, size, fixed, spread)


def allocate(design: SampleDesign, sizes: Mapping[str, int]) -> dict[str, int]:
    """Members to draw in each stratum; they sum to the size asked for.

    Proportional: n ∝ N. Neyman: n ∝ N·S (Neyman 1934; Cochran 1977, equation 5.26), and where that asks for more than a
    stratum has, all of it, and the rest anew over the others (Cochran 1977, section 5.8). Each stratum gets at least two,
    or all that it has.

    Args:
        design: how.
        sizes: stratum → members there are.

    Raises:
        CannotSample: too many asked for, too few for the strata, or a stratum that does not exist.
    """
    strata = {name: size for name, size in sorted(sizes.items()) if size > 0}
    unknown = (set(design.fixed) | set(design.spread)) - set(strata)
    if unknown:
        raise CannotSample(f"There is no stratum “{min(unknown)}”. There are: {', '.join(strata)}.")
    if design.allocation == Allocation.FIXED:
        over = next((name for name, count in design.fixed.items() if count > strata[name]), None)
        if over:
            raise CannotSample(
                f"“{over}” has {strata[over]:,} members, fewer than the {design.fixed[over]:,} asked for."
            )
        return {name: design.fixed.get(name, 0) for name in strata}
    total = sum(strata.values())
    if design.size > total:
        raise CannotSample(f"There are {total:,} members, fewer than the {design.size:,} asked for.")
    least = {name: min(FEWEST_IN_STRATUM, size) for name, size in strata.items()}
    if design.size < sum(least.values()):
        raise CannotSample(
            f"{len(strata)} strata need at least {sum(least.values())} members, two in each. Draw more, or use fewer strata."
        )
    measure = {
        name: size * (design.spread.get(name, UNKNOWN_SPREAD) if design.allocation == Allocation.NEYMAN else 1.0)
        for name, size in strata.items()
    }
    return _spread_out(design.size, measure, least, strata)


def _spread_out(
    size: int, measure: Mapping[str, float], least: Mapping[str, int], most: Mapping[str, int]
) -> dict[str, int]:
    """Whole numbers in proportion to a measure, within bounds, by largest remainders."""
    settled: dict[str, int] = {}
    while True:
        free = [name for name in measure if name not in settled]
        left = size - sum(settled.values())
        total = sum(measure[name] for name in free)
        ideal = {name: left * measure[name] / total for name in free} if total else {}
        # Above first: what overflows there may lift others over their least.
        bound = {name: most[name] for name in free if ideal[name] > most[name]}
        bound = bound or {name: least[name] for name in free if ideal[name] < least[name]}
        if not bound:
            break
        settled |= bound
    whole = {name: floor(ideal[name]) for name in free}
    by_remainder = sorted(free, key=lambda name: (whole[name] - ideal[name], name))
    for name in by_remainder[: left - sum(whole.values())]:
        whole[name] += 1
    return {name: settled.get(name, whole.get(name, 0)) for name in measure}


def draw(members: Mapping[str, Sequence[int]], allocation: Mapping[str, int], seed: str) -> dict[str, list[int]]:
    """Draw without replacement, so that whoever holds the list of members and the seed draws the same.

    Members are put in the order of SHA-256 of seed and number, and the first ones are taken: no generator of a library
    version stands between the recorded seed and the sample, and the order of the list does not matter.

    Args:
        members: stratum → numbers of its members, each once.
        allocation: stratum → how many.
        seed: recorded before the drawing.

    Returns:
        Stratum → numbers drawn, rising.

    Raises:
        CannotSample: more asked for than there are.
    """
    drawn = {}
    for name, count in allocation.items():
        numbers = members.get(name, ())
        if count > len(numbers):
            raise CannotSample(f"“{name}” has {len(numbers):,} members, fewer than the {count:,} asked for.")
        order = sorted(numbers, key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).digest())
        drawn[name] = sorted(order[:count])
    return drawn


class Disposition(StrEnum):
    """How a sampled case ended: codes for internet surveys of specifically named persons (AAPOR, Standard Definitions)."""

    COMPLETE = "1.1"
    PARTIAL = "1.2"
    REFUSAL = "2.11"
    BREAK_OFF = "2.12"
    NO_REPLY = "2.20"
    NOT_SENT = "3.10"
    UNDELIVERABLE = "3.30"
    SCREENED_OUT = "4.10"
    QUOTA_FULL = "4.80"


DISPOSITION_WORDS = {
    Disposition.COMPLETE: "complete",
    Disposition.PARTIAL: "partial",
    Disposition.REFUSAL: "declined",
    Disposition.BREAK_OFF: "begun and not submitted",
    Disposition.NO_REPLY: "invited, no reply",
    Disposition.NOT_SENT: "never written to",
    Disposition.UNDELIVERABLE: "mail came back",
    Disposition.SCREENED_OUT: "screened out",
    Disposition.QUOTA_FULL: "quota full",
}


def rates_of(counts: Mapping[Disposition, int]) -> OutcomeRates:
    """AAPOR rates of sampled cases.

    Sampled members are known to be eligible (they were drawn from a list of verified physicians) unless screened out; whose
    mail came back or was never sent is of unknown eligibility only as to a screener, so they count as not reached.

    Raises:
        InvalidCounts: nobody was eligible or reached.
    """

    def of(*codes: Disposition) -> int:
        return sum(counts.get(code, 0) for code in codes)

    D = Disposition  # noqa: N806
    return outcome_rates(
        Dispositions(
            complete=of(D.COMPLETE),
            partial=of(D.PARTIAL),
            refusal=of(D.REFUSAL, D.BREAK_OFF),
            non_contact=of(D.NO_REPLY),
            other=0,
            unknown=of(D.NOT_SENT, D.UNDELIVERABLE),
            not_eligible=of(D.SCREENED_OUT, D.QUOTA_FULL),
        )
    )
