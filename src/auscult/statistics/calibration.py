"""Calibration by Newton's method on its dual: ratios g of weights so that Σ d·g·x equals known totals.

Source: Deville and Särndal (1992), equations 2.4 to 2.7; Deville, Särndal and Sautory (1993). The dual is convex, so a
step that makes the equations worse is halved: plain Newton diverges for the multiplicative distance when the totals
are far from the sample's, for example from weights of 1 to a whole population.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CalibrationDidNotConverge, InvalidMargin
from auscult.statistics.options import Option


class CalibrationFunction(Option):
    """Distance between weights before and after, by the form of the ratio g as a function of u = x'λ."""

    LINEAR = "linear"
    RAKING = "raking"
    LOGIT = "logit"


def calibration_factors(
    matrix: NDArray[np.float64],
    weights: NDArray[np.float64],
    totals: NDArray[np.float64],
    calfun: CalibrationFunction,
    *,
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-10,
    most_iterations: int = 200,
) -> NDArray[np.float64]:
    """Find the ratios.

    Args:
        matrix: calibration variables X, shape (n, p), without missing values.
        weights: base weights d, shape (n,), persons, ≥ 0.
        totals: population totals of the columns, shape (p,).
        calfun: linear 1 + u, raking exp(u), or logit between the bounds.
        bounds: least and greatest ratio, L < 1 < U; required for logit.
        tolerance: largest relative error of a total.
        most_iterations: Newton steps.

    Returns:
        Ratios g, shape (n,), each within the bounds.

    Raises:
        InvalidMargin: totals are not finite, or bounds do not lie around 1.
        CalibrationDidNotConverge: the totals were not met.
    """
    if not np.isfinite(totals).all():
        raise InvalidMargin("Every population total must be a finite number.")
    if calfun is CalibrationFunction.LOGIT and bounds is None:
        raise InvalidMargin("Logit calibration needs bounds, for example (0.5, 2).")
    if bounds is not None and not bounds[0] < 1 < bounds[1]:
        raise InvalidMargin("Bounds of calibration must lie around 1: lower < 1 < upper.")
    scale = np.where(totals != 0, np.abs(totals), np.maximum(np.abs(weights @ matrix), 1.0))
    scaled, target = matrix / scale, totals / scale
    # A common factor is not what the distance is about: begin where the sum of weights is already right.
    start = 1.0
    if calfun is CalibrationFunction.RAKING and bounds is None and target[0] > 0 and (weights @ scaled)[0] > 0:
        start = target[0] / (weights @ scaled)[0]
    base = weights * start
    multipliers = np.zeros(totals.size)
    ratio, slope = _ratio_and_slope(np.zeros(weights.size), calfun, bounds)
    error = target - (base * ratio) @ scaled
    worst = float(np.abs(error).max())
    for _iteration in range(most_iterations):
        if worst <= tolerance:
            return ratio * start
        normal = (scaled * (base * slope)[:, None]).T @ scaled
        step = np.linalg.lstsq(normal, error, rcond=1e-13)[0]
        length = 1.0
        while length > 1e-10:
            trial = multipliers + length * step
            # Far along an exponential a trial may overflow; the check below then shortens the step.
            with np.errstate(over="ignore", invalid="ignore"):
                new_ratio, new_slope = _ratio_and_slope(scaled @ trial, calfun, bounds)
                new_error = target - (base * new_ratio) @ scaled
            if np.linalg.norm(new_error) < np.linalg.norm(error):
                break
            length /= 2
        else:
            raise CalibrationDidNotConverge(_iteration + 1, worst)
        multipliers, ratio, slope, error = trial, new_ratio, new_slope, new_error
        worst = float(np.abs(error).max())
    raise CalibrationDidNotConverge(most_iterations, worst)


def _ratio_and_slope(
    u: NDArray[np.float64], calfun: CalibrationFunction, bounds: tuple[float, float] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if calfun is CalibrationFunction.LOGIT and bounds is not None:
        low, high = bounds
        rate = (high - low) / ((1 - low) * (high - 1))
        growth = np.exp(np.clip(rate * u, -700, 700))
        ratio = (low * (high - 1) + high * (1 - low) * growth) / ((high - 1) + (1 - low) * growth)
        return ratio, (ratio - low) * (high - ratio) / ((1 - low) * (high - 1))
    ratio, slope = (1 + u, np.ones(u.shape)) if calfun is CalibrationFunction.LINEAR else (np.exp(u), np.exp(u))
    if bounds is None:
        return ratio, slope
    inside = (ratio > bounds[0]) & (ratio < bounds[1])
    return np.clip(ratio, *bounds), np.where(inside, slope, 0.0)


def redistribute_trimmed(
    ratio: NDArray[np.float64], weights: NDArray[np.float64], lower: float, upper: float
) -> NDArray[np.float64]:
    """Cut ratios to a range and spread the excess weight over the others, so that the sum of weights stays.

    Args:
        ratio: shape (n,).
        weights: base weights, shape (n,), persons.
        lower: least ratio.
        upper: greatest ratio.
    """
    outside = (ratio < lower) | (ratio > upper)
    cut = np.clip(ratio, lower, upper)
    if outside.any() and not outside.all():
        cut[~outside] += ((ratio - cut) * weights).sum() / weights[~outside].sum()
    return cut
