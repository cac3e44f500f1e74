"""Figures and badge of a mandate: who of the members here says that an organisation speaks for them on a topic.

The badge rule is published and has a version; the offline verifier applies it anew to the published counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.intervals import wilson_interval

#: Changes whenever a published figure or badge would come out differently.
MANDATE_METHOD = "auscult-mandates-1"
#: Fewest statements about an organisation for anything to be shown.
FEWEST_STATEMENTS = 10
#: The badge rule.
LEAST_COVERAGE, LEAST_RESPONDENTS, LEAST_NAMED, CONTESTED_FROM = 0.20, 200, 0.50, 0.30


class Stance(StrEnum):
    """What a member says of an organisation on a topic."""

    SPEAKS = "speaks"
    PARTLY = "partly"
    DOES_NOT = "does_not"
    NO_OPINION = "no_opinion"


class MandateBadge(StrEnum):
    """What the published rule makes of the figures."""

    MANDATED = "mandated"
    CONTESTED = "contested"
    INSUFFICIENT = "insufficient"


def badge_of(counts: Mapping[str, int], eligible: int) -> MandateBadge:
    """The badge that the rule gives to these counts.

    *mandated*: coverage ≥ 20 %, at least 200 statements, named ≥ 50 %, and the lower end of named above the upper end of
    disavowed; else *contested*: disavowed ≥ 30 %; else *insufficient*.

    Args:
        counts: stance → statements.
        eligible: members who could have made one.

    Raises:
        InvalidCounts: no statement, or more statements than members.
    """
    n = _respondents(counts, eligible)
    named, disavowed = counts.get(Stance.SPEAKS, 0) / n, counts.get(Stance.DOES_NOT, 0) / n
    if (
        n / eligible >= LEAST_COVERAGE
        and n >= LEAST_RESPONDENTS
        and named >= LEAST_NAMED
        and wilson_interval(named, n).low > wilson_interval(disavowed, n).high
    ):
        return MandateBadge.MANDATED
    return MandateBadge.CONTESTED if disavowed >= CONTESTED_FROM else MandateBadge.INSUFFICIENT


def mandate_figures(counts: Mapping[str, int], eligible: int, *, met_before: bool) -> dict[str, Any]:
    """What is published of one organisation on one topic, without its weighted shares.

    Args:
        counts: stance → statements, of members whose verification is valid.
        eligible: members who could have made one.
        met_before: whether the rule gave *mandated* a month before; until it does so twice, the badge waits.

    Returns:
        Counts, coverage, shares with Wilson's 95 % intervals, the rule's verdict and the badge.

    Raises:
        InvalidCounts: fewer statements than may be shown, or more statements than members.
    """
    n = _respondents(counts, eligible)
    if n < FEWEST_STATEMENTS:
        raise InvalidCounts(f"Fewer than {FEWEST_STATEMENTS} statements; nothing is shown.")
    shares = []
    for stance in Stance:
        count = counts.get(stance, 0)
        interval = wilson_interval(count / n, n)
        shares.append(
            {"stance": stance.value, "count": count, "share": count / n, "low": interval.low, "high": interval.high}
        )
    verdict = badge_of(counts, eligible)
    waits = verdict == MandateBadge.MANDATED and not met_before
    return {
        "method": MANDATE_METHOD,
        "eligible": eligible,
        "respondents": n,
        "coverage": n / eligible,
        "shares": shares,
        "verdict": verdict.value,
        "badge": (MandateBadge.INSUFFICIENT if waits else verdict).value,
        "waits": waits,
    }


def _respondents(counts: Mapping[str, int], eligible: int) -> int:
    n = sum(counts.values())
    if not 0 < n <= eligible or min(counts.values()) < 0:
        raise InvalidCounts(f"{n:,} statements of {eligible:,} members cannot be.")
    return n
