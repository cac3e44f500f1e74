"""Quantiles and Woodruff's intervals (R's ``svyquantile``).

Source: Woodruff (1952): an interval of the share below the quantile, read back through the distribution. Rules: Hyndman
and Fan (1996); ``math`` and ``school`` are the usual definitions of a median of even n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate
from auscult.statistics.intervals import IntervalMethod, critical_value, share_interval
from auscult.statistics.options import Option
from auscult.statistics.rows.columns import as_numbers, complete_rows
from auscult.statistics.rows.design import Design, SurveyDesign
from auscult.statistics.rows.estimators import Ratios


class QuantileRule(Option):
    """What lies between two observations."""

    MATH = "math"
    SCHOOL = "school"
    HF4 = "hf4"
    HF7 = "hf7"


@dataclass(frozen=True)
class Quantiles:
    """Quantiles of one variable.

    Attributes:
        probabilities: shape (P,).
        values: shape (P,).
        low: lower ends, shape (P,); NaN where the interval of the share leaves 0 to 1.
        high: upper ends, shape (P,).
        standard_errors: width ÷ twice the critical value, shape (P,).
    """

    probabilities: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    standard_errors: NDArray[np.float64]


def weighted_quantile(
    values: NDArray[np.float64], weights: NDArray[np.float64], probability: float, rule: QuantileRule
) -> float:
    """One quantile.

    Args:
        values: shape (n,), without missing values.
        weights: shape (n,), ≥ 0.
        probability: 0 to 1.
        rule: how to interpolate.

    Raises:
        CannotEstimate: the probability is outside 0–1 or nobody has a weight.
    """
    kept = weights > 0
    values, weights = values[kept], weights[kept]
    if not values.size or not 0 <= probability <= 1:
        raise CannotEstimate("A quantile needs a probability between 0 and 1 and at least one respondent.")
    order = np.argsort(values, kind="stable")
    values, cumulated = values[order], np.cumsum(weights[order])
    if rule is QuantileRule.HF7:
        if values.size == 1:
            return float(values[0])
        return float(np.interp(probability, np.concatenate([[0.0], cumulated[:-1]]) / cumulated[-2], values))
    target = probability * cumulated[-1]
    # Sums of weights carry rounding; a target that meets a step to within it is on the step.
    position = int(np.searchsorted(cumulated, target * (1 + 1e-13), side="right")) - 1
    if position < 0:
        return float(values[0])
    following = min(position + 1, values.size - 1)
    below = target - cumulated[position]
    on_step = abs(below) <= 1e-13 * cumulated[-1]
    if rule is QuantileRule.HF4:
        share = 0.0 if following == position else below / (cumulated[following] - cumulated[position])
        return float(values[position] * (1 - share) + values[following] * share)
    if not on_step:
        return float(values[following])
    return float(values[position] if rule is QuantileRule.MATH else (values[position] + values[following]) / 2)


def quantiles(
    design: Design,
    name: str,
    probabilities: Sequence[float],
    *,
    level: float = 0.95,
    rule: QuantileRule | str = QuantileRule.MATH,
    method: IntervalMethod | str = IntervalMethod.MEAN,
    na_rm: bool = False,
) -> Quantiles:
    """Quantiles with intervals.

    Args:
        design: any design; with replicates the spread of the quantile over them gives the interval.
        name: numerical variable.
        probabilities: each 0 to 1.
        level: confidence, between 0 and 1.
        rule: math, school, hf4 or hf7.
        method: interval of the share below the quantile: mean, xlogit, beta or asin.
        na_rm: leave out rows where the variable is missing.

    Raises:
        UnknownVariable, MissingValues, CannotEstimate: as their names say.
    """
    rule = QuantileRule(rule)
    values = as_numbers(design.columns, name)
    complete = complete_rows(values[:, None], (name,), na_rm=na_rm)
    values = np.where(complete, values, 0.0)
    weights = np.where(complete, design.weights, 0.0)
    asked = np.array(probabilities, dtype=float)
    points = np.array([weighted_quantile(values, weights, p, rule) for p in asked])
    if isinstance(design, SurveyDesign):
        # R leaves missing rows out of the design here, and with them their degrees of freedom.
        design = design if complete.all() else design.subset(complete)
        critical = critical_value(design.degrees_of_freedom, level)
        ends = np.array([_woodruff(design, values, weights, complete, q, rule, IntervalMethod(method), level)
                         for q in points])  # fmt: skip
        low, high = ends[:, 0], ends[:, 1]
        return Quantiles(asked, points, low, high, (high - low) / (2 * critical))
    statistic = _QuantileStatistic(values, complete, asked, rule)
    errors = np.sqrt(np.diag(design.covariance(statistic)))
    half = critical_value(design.degrees_of_freedom, level) * errors
    return Quantiles(asked, points, points - half, points + half, errors)


def _woodruff(
    design: SurveyDesign,
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    complete: NDArray[np.bool_],
    point: float,
    rule: QuantileRule,
    method: IntervalMethod,
    level: float,
) -> tuple[float, float]:
    inside = complete.astype(float)[:, None]
    statistic = Ratios(("below",), ((values <= point) * complete).astype(float)[:, None], inside)
    share = float(np.clip(statistic.evaluate(design.weights)[0], 0.0, 1.0))
    error = float(np.sqrt(max(design.covariance(statistic)[0, 0], 0.0)))
    interval = share_interval(
        method, share, error, design.degrees_of_freedom, n=float((weights > 0).sum()), level=level,
        n_effective=float(weights.sum() ** 2 / (weights @ weights)),
    )  # fmt: skip
    low = weighted_quantile(values, weights, interval.low, rule) if interval.low >= 0 else np.nan
    high = weighted_quantile(values, weights, interval.high, rule) if interval.high <= 1 else np.nan
    return low, high


@dataclass(frozen=True)
class _QuantileStatistic:
    values: NDArray[np.float64]
    complete: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    rule: QuantileRule

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{p:g}" for p in self.probabilities)

    def evaluate(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = np.where(self.complete if weights.ndim == 1 else self.complete[:, None], weights, 0.0)
        columns = kept[:, None] if weights.ndim == 1 else kept
        found = np.array(
            [[weighted_quantile(self.values, w, p, self.rule) for w in columns.T] for p in self.probabilities]
        )
        return found[:, 0] if weights.ndim == 1 else found

    def influence(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        raise CannotEstimate("A quantile has no linearisation; Woodruff's interval is used instead.")
