"""Confidence intervals of a share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from auscult.statistics.errors import CannotEstimate
from auscult.statistics.options import Option

#: Effective respondents beyond which a standard error is what rounding left of zero: after weighting to the answer
#: itself, or where every group happens to be of one mind. The exact interval is given then, as at 0 and 1.
LARGEST_EFFECTIVE = 1e12


class IntervalMethod(Option):
    """How an interval of a share is made; the names are those of R's ``svyciprop``."""

    LOGIT = "logit"
    LIKELIHOOD = "likelihood"
    ASIN = "asin"
    BETA = "beta"
    MEAN = "mean"
    XLOGIT = "xlogit"
    WILSON = "wilson"


@dataclass(frozen=True)
class Interval:
    """Lower and upper end of a share, both 0 to 1, and the method that gave them."""

    low: float
    high: float
    method: str


@cache
def critical_value(df: float, level: float) -> float:
    """Two-sided critical value of Student's t, of the normal distribution where ``df`` is infinite.

    Args:
        df: degrees of freedom, > 0.
        level: confidence, between 0 and 1.

    Raises:
        CannotEstimate: no degrees of freedom are left.
    """
    if not 0 < level < 1:
        raise CannotEstimate(f"A confidence level lies between 0 and 1, for example 0.95; {level} was given.")
    if not df > 0:
        raise CannotEstimate("No degrees of freedom are left: there are no more sampling units than strata.")
    return float(special.ndtri(0.5 + level / 2) if math.isinf(df) else special.stdtrit(df, 0.5 + level / 2))


def share_interval(
    method: IntervalMethod,
    share: float,
    standard_error: float,
    degrees_of_freedom: float,
    *,
    n: float,
    n_effective: float,
    level: float = 0.95,
) -> Interval:
    """Interval of a share by any of the seven methods.

    Args:
        method: see ``IntervalMethod``. ``mean`` may leave 0 to 1; the others stay inside.
        share: estimate, 0 to 1.
        standard_error: of the share, ≥ 0.
        degrees_of_freedom: of the design (sampling units minus strata), > 0.
        n: respondents, > 0; ``beta`` corrects the effective n for the degrees of freedom.
        n_effective: respondents ÷ design effect of the weights, > 0: for a share of exactly 0 or 1, where the
            standard error is 0 and every method would claim certainty, Clopper–Pearson on this n answers.
        level: confidence, between 0 and 1.

    Raises:
        CannotEstimate: an argument is out of its domain.

    Source: Korn and Graubard (1998) for logit and beta; Dean and Pagano (2015) for a comparison of all.
    """
    if not (0 <= share <= 1 and standard_error >= 0 and degrees_of_freedom > 0 and 0 < level < 1):
        raise CannotEstimate("An interval needs a share in 0–1, a standard error ≥ 0 and degrees of freedom > 0.")
    if share in (0.0, 1.0) or standard_error**2 * LARGEST_EFFECTIVE < share * (1 - share):
        return clopper_pearson_interval(share, n_effective, level=level)
    critical = critical_value(degrees_of_freedom, level)
    simple = share * (1 - share)
    if method in {IntervalMethod.LOGIT, IntervalMethod.XLOGIT}:
        logit, half = math.log(share / (1 - share)), critical * standard_error / simple
        return Interval(float(special.expit(logit - half)), float(special.expit(logit + half)), method.value)
    if method is IntervalMethod.ASIN:
        angle, half = math.asin(math.sqrt(share)), critical * standard_error / (2 * math.sqrt(simple))
        low, high = max(angle - half, 0.0), min(angle + half, math.pi / 2)
        return Interval(math.sin(low) ** 2, math.sin(high) ** 2, method.value)
    if method is IntervalMethod.MEAN:
        half = critical * standard_error
        return Interval(share - half, share + half, method.value)
    effective = simple / standard_error**2
    if method is IntervalMethod.LIKELIHOOD:
        # The quasi-binomial dispersion of one share is n ÷ (n − 1).
        return _likelihood_interval(share, effective * (n - 1) / n, critical)
    if method is IntervalMethod.WILSON:
        return wilson_interval(share, effective, critical=critical)
    # Student's t in place of the normal, for designs with few sampling units.
    corrected = effective * (critical_value(n - 1, level) / critical) ** 2 if n > 1 else effective
    exact = clopper_pearson_interval(share, corrected, level=level)
    return Interval(exact.low, exact.high, IntervalMethod.BETA.value)


def logit_intervals(
    shares: NDArray[np.float64],
    standard_errors: NDArray[np.float64],
    degrees_of_freedom: float,
    *,
    n_effective: NDArray[np.float64],
    level: float = 0.95,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``share_interval`` by the logit method for many shares at once.

    Args:
        shares: 0 to 1, any shape; NaN gives NaN.
        standard_errors: same shape.
        degrees_of_freedom: > 0.
        n_effective: same shape, for shares of exactly 0 or 1.
        level: confidence, between 0 and 1.

    Returns:
        Lower and upper ends, of the same shape.
    """
    critical = critical_value(degrees_of_freedom, level)
    simple = shares * (1 - shares)
    usual = (simple > 0) & (standard_errors**2 * LARGEST_EFFECTIVE >= simple)
    logit = special.logit(np.where(usual, shares, 0.5))
    half = critical * np.divide(standard_errors, simple, out=np.zeros(shares.shape), where=usual)
    low, high = special.expit(logit - half), special.expit(logit + half)
    for place in zip(*np.nonzero(~usual & ~np.isnan(shares)), strict=True):
        exact = clopper_pearson_interval(float(shares[place]), float(n_effective[place]), level=level)
        low[place], high[place] = exact.low, exact.high
    low[np.isnan(shares)] = high[np.isnan(shares)] = np.nan
    return low, high


def _likelihood_interval(share: float, effective: float, critical: float) -> Interval:
    """Shares whose deviance, scaled to the effective n, stays below the squared critical value."""

    def excess(value: float) -> float:
        deviance = share * math.log(share / value) + (1 - share) * math.log((1 - share) / (1 - value))
        return 2 * effective * deviance - critical**2

    # With next to no effective respondents even the ends of the range are not excluded.
    least, greatest = 1e-300, 1 - 1e-16
    low = float(optimize.brentq(excess, least, share, xtol=1e-14)) if excess(least) > 0 else 0.0
    high = float(optimize.brentq(excess, share, greatest, xtol=1e-14)) if excess(greatest) > 0 else 1.0
    return Interval(low, high, IntervalMethod.LIKELIHOOD.value)


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


def wilson_interval(share: float, n: float, *, level: float = 0.95, critical: float | None = None) -> Interval:
    """Wilson's score interval (Wilson 1927).

    Args:
        share: 0 to 1.
        n: (effective) respondents, > 0.
        level: confidence, between 0 and 1.
        critical: critical value to use in place of the normal one, > 0.

    Raises:
        CannotEstimate: n is not positive.
    """
    if not n > 0:
        raise CannotEstimate("A Wilson interval needs at least one respondent.")
    z = float(special.ndtri(0.5 + level / 2)) if critical is None else critical
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, centre - half), min(1.0, centre + half), "wilson")


def simple_random_half_width(share: float, n: float, *, level: float = 0.95) -> float:
    """Half-width that a simple random sample of n would have had; never to be printed for opt-in polls."""
    return float(special.ndtri(0.5 + level / 2)) * math.sqrt(share * (1 - share) / n)
