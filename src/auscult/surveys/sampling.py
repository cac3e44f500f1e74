"""Stratified random samples from the members, and how sampled cases end (AAPOR)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
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
    named = value.get("by")
    by = tuple(named) if isinstance(named, list | tuple) else ()
    if not 1 <= len(by) <= 2 or any(each not in VARIABLES for each in by) or by[0] in by[1:]:
        raise CannotSample(f"A sample is stratified by one or two of: {', '.join(VARIABLES)}.")
    try:
        allocation = Allocation(value.get("allocation", ""))
    except ValueError as error:
        raise CannotSample(f"The allocation is one of: {', '.join(Allocation)}.") from error
    fixed = _numbers(value.get("fixed", {}), "The members drawn", _whole)
    spread = _numbers(value.get("spread", {}), "The expected standard deviation", float)
    if any(not 0 < each <= UNKNOWN_SPREAD for each in spread.values()):
        raise CannotSample("The expected standard deviation of a share lies above 0 and is at most 0.5.")
    if any(count < 0 for count in fixed.values()) or (allocation == Allocation.FIXED and not fixed):
        raise CannotSample("A fixed allocation says for each stratum how many are drawn, none of them negative.")
    size = sum(fixed.values())
    if allocation != Allocation.FIXED:
        size = _numbers({"the sample": value.get("size", 0)}, "The size", _whole)["the sample"]
    if size < FEWEST_IN_STRATUM:
        raise CannotSample("Say how many members are drawn, at least two.")
    return SampleDesign(by, allocation, size, fixed, spread)


def _whole(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _numbers[N: (int, float)](value: object, what: str, read: Callable[[Any], N]) -> dict[str, N]:
    if not isinstance(value, Mapping):
        raise CannotSample(f"{what} must be given stratum by stratum.")
    found: dict[str, N] = {}
    for name, each in value.items():
        try:
            found[str(name)] = read(each)
        except (TypeError, ValueError, OverflowError) as error:
            kind = "whole number" if read is _whole else "number"
            raise CannotSample(f"{what} of “{name}” must be a {kind}, not “{each}”.") from error
    return found


def allocate(design: SampleDesign, sizes: Mapping[str, int]) -> dict[str, int]:
    """Members to draw in each stratum; they sum to the size asked for.

    Proportional: n ∝ N. Neyman: n ∝ N·S (Neyman 1934; Cochran 1977, equation 5.26), and where that asks for more than a
    stratum has, all of it, and the rest anew over the others (Cochran 1977, section 5.8). Each stratum gets at least two,
    or all that it has: a variance needs two. Fractions are rounded by largest remainders.

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
    least = {name: min(FEWEST_IN_STRATUM, size) for name, size in strata.items()}
    if design.allocation == Allocation.FIXED:
        return _check_fixed(design.fixed, strata, least)
    total = sum(strata.values())
    if design.size > total:
        raise CannotSample(f"There are {total:,} members, fewer than the {design.size:,} asked for.")
    if design.size < sum(least.values()):
        raise CannotSample(
            f"{len(strata)} strata need at least {sum(least.values())} members, two in each. Draw more, or use fewer strata."
        )
    spread = design.spread if design.allocation == Allocation.NEYMAN else {}
    # In fractions, so that the same design gives the same sample on every machine.
    measure = {name: size * Fraction(spread.get(name, UNKNOWN_SPREAD)) for name, size in strata.items()}
    return _in_proportion(design.size, measure, least, strata)


def _check_fixed(fixed: Mapping[str, int], strata: Mapping[str, int], least: Mapping[str, int]) -> dict[str, int]:
    for name, there_are in strata.items():
        asked_for = fixed.get(name, 0)
        if asked_for > there_are:
            raise CannotSample(f"“{name}” has {there_are:,} members, fewer than the {asked_for:,} asked for.")
        if asked_for < least[name]:
            raise CannotSample(
                f"“{name}” gets {asked_for} of the sample; it needs {least[name]}, or nothing could be said of the "
                "precision. Draw more of it, or stratify more coarsely."
            )
    return {name: fixed[name] for name in strata}


def _in_proportion(
    size: int, measure: Mapping[str, Fraction], least: Mapping[str, int], most: Mapping[str, int]
) -> dict[str, int]:
    """Whole numbers in proportion to a measure but within bounds, rounded by largest remainders; they sum to the size.

    The factor of proportion is where the numbers, each cut to its bounds, reach the size. Settling strata at their bounds one
    after the other would not do: who is full at first may not be once others were raised to their least.
    """

    def within(name: str, factor: Fraction) -> Fraction:
        return min(max(factor * measure[name], Fraction(least[name])), Fraction(most[name]))

    def reached(factor: Fraction) -> Fraction:
        return sum((within(name, factor) for name in measure), Fraction())

    bends = sorted({bound / each for name, each in measure.items() for bound in (least[name], most[name])})
    last = bisect_right(bends, Fraction(size), key=reached) - 1
    free = [name for name, each in measure.items() if least[name] <= bends[last] * each < most[name]]
    factor = bends[last]
    if free:
        factor += (size - reached(factor)) / sum((measure[name] for name in free), Fraction())
    ideal = {name: within(name, factor) for name in measure}
    whole = {name: floor(each) for name, each in ideal.items()}
    by_remainder = sorted(measure, key=lambda name: (whole[name] - ideal[name], name))
    for name in by_remainder[: size - sum(whole.values())]:
        whole[name] += 1
    return whole


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
    """How a sampled case ended: codes for internet surveys of specifically named persons (AAPOR, Standard Definitions).

    Whoever was written to and sent nothing back has 2.20 and not 3.19, "nothing ever returned", which is for people of whom
    nothing is known: members are verified before they are drawn, so they are eligible. That makes rates lower, never higher.
    """

    COMPLETE = "1.1"
    PARTIAL = "1.2"
    REFUSAL = "2.11"
    BREAK_OFF = "2.12"
    NO_REPLY = "2.20"
    NOT_SENT = "3.11"
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

    Codes 1 are interviews, 2.1 refusals, 2.2 non-contacts, 3 of unknown eligibility and 4 not eligible.

    Args:
        counts: cases by code; a code that is not there has none.

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
