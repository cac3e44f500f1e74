"""Confidence intervals of a share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from auscult.statistics.errors import CannotEstimate


@dataclass(frozen=True)
class Interval:
    """Lower and upper end of a share, both 0 to 1, and the method that gave them."""

    low: float
    high: float
    method: str


def logit_interval(
    share: float, standard_error: float, degrees_of_freedom: float, *, n_effective: float, level: float = 0.95
) -> Interval:
    """Interval on the logit scale with Student's t; at 0 and 1, Clopper–Pearson on the effective n.

    Args:
        share: estimate, 0 to 1.
        standard_error: of the share, ≥ 0.
        degrees_of_freedom: of the design (sampling units minus strata), > 0.
        n_effective: respondents ÷ design effect, for a share of exactly 0 or 1, > 0.
        level: confidence, between 0 and 1.

    Returns:
        The interval, inside 0 to 1.

    Raises:
        CannotEstimate: an argument is out of its domain.

    Source: Korn and Graubard (1998), Survey Methodology 24, 193–201; R ``survey::svyciprop(method = "logit")``.
    """
    if not (0 <= share <= 1 and standard_error >= 0 and degrees_of_freedom > 0 and 0 < level < 1):
        raise CannotEstimate("An interval needs a share in 0–1, a standard error ≥ 0 and degrees of freedom > 0.")
    if share in (0.0, 1.0) or standard_error == 0:
        return clopper_pearson_interval(share, n_effective, level=level)
    logit = math.log(share / (1 - share))
    half = float(special.stdtrit(degrees_of_freedom, 0.5 + level / 2)) * standard_error / (share * (1 - share))
    return Interval(_expit(logit - half), _expit(logit + half), "logit")


def clopper_pearson_interval(share: float, n: float, *, level: float = 0.95) -> Interval:
    """Exact binomial interval, for a fractional n by the beta distribution (Clopper and Pearson 1934).

    Args:
        share: 0 to 1.
        n: number of (effective) respondents, > 0.
        level: confidence, between 0 and 1.

    Raises:
        CannotEstimate: n is not positive.
    """
    if not n > 0:
        raise CannotEstimate("An exact interval needs at least one respondent.")
    successes, tail = share * n, (1 - level) / 2
    low = 0.0 if successes <= 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes >= n else float(special.betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high, "clopper-pearson")


def wilson_interval(share: float, n: float, *, level: float = 0.95) -> Interval:
    """Wilson's score interval (Wilson 1927).

    Args:
        share: 0 to 1.
        n: respondents, > 0.
        level: confidence, between 0 and 1.

    Raises:
        CannotEstimate: n is not positive.
    """
    if not n > 0:
        raise CannotEstimate("A Wilson interval needs at least one respondent.")
    z = float(special.ndtri(0.5 + level / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half), "wilson")


def simple_random_half_width(share: float, n: float, *, level: float = 0.95) -> float:
    """Half-width that a simple random sample of n would have had; never to be printed for opt-in polls."""
    return float(special.ndtri(0.5 + level / 2)) * math.sqrt(share * (1 - share) / n)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
