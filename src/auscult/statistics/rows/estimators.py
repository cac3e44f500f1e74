"""Means, totals, ratios and variances, over the sample or by domains, and contrasts between them.

Source: Särndal, Swensson and Wretman (1992), sections 5.5 to 5.7 and 10.3. Everything here is a total or a ratio of
totals, so one linearisation serves: of Σwy ÷ Σwx it is (y − R·x) ÷ Σwx.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate, EmptyDomain, UnknownVariable
from auscult.statistics.intervals import critical_value
from auscult.statistics.rows.columns import (
    as_factor,
    as_numbers,
    complete_rows,
    indicator,
    joint_factor,
    outcome_matrix,
)
from auscult.statistics.rows.design import Design

#: Of what a design effect is a multiple: a simple random sample without replacement, or ``"replace"`` with.
type DesignEffect = Literal["without", "replace"] | None


@dataclass(frozen=True)
class Totals:
    """Weighted totals of some columns.

    Attributes:
        names: length K.
        values: shape (n, K), zero outside the domain.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    def evaluate(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Totals under the weights."""
        return self.values.T @ weights

    def influence(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """A total is its own linearisation."""
        return self.values


@dataclass(frozen=True)
class Ratios:
    """Ratios of weighted totals; a mean is one whose denominator is 1.

    Attributes:
        names: length K.
        numerators: shape (n, K), zero outside the domain.
        denominators: shape (n, K), zero outside the domain.
    """

    names: tuple[str, ...]
    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]

    def evaluate(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ratios under the weights; not a number where a replicate leaves nobody in a domain."""
        below = self.denominators.T @ weights
        if weights.ndim == 1 and (below == 0).any():
            empty = [name for name, total in zip(self.names, below, strict=True) if total == 0]
            raise EmptyDomain(f"Nobody with a weight stands behind {', '.join(empty)}. Leave out that domain.")
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.numerators.T @ weights) / below

    def influence(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(y − R·x) ÷ Σwx."""
        below = self.denominators.T @ weights
        return (self.numerators - self.evaluate(weights) * self.denominators) / below


@dataclass(frozen=True)
class Estimates:
    """Estimates and their covariance.

    Attributes:
        names: length K.
        values: shape (K,).
        covariance: shape (K, K).
        degrees_of_freedom: of the design.
        design_effects: variance ÷ that of a simple random sample of the same size, shape (K,), where asked for.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees_of_freedom: int
    design_effects: NDArray[np.float64] | None = None

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Square roots of the variances, shape (K,)."""
        return np.sqrt(np.clip(np.diag(self.covariance), 0, None))

    def interval(self, level: float = 0.95, *, df: float | None = None) -> NDArray[np.float64]:
        """Wald intervals, shape (K, 2).

        Args:
            level: confidence, between 0 and 1.
            df: degrees of freedom of Student's t; those of the design if not given, infinite for the normal.
        """
        freedom = self.degrees_of_freedom if df is None else df
        half = critical_value(freedom, level) * self.standard_errors
        return np.column_stack([self.values - half, self.values + half])


def _outcomes(
    design: Design, names: Sequence[str], na_rm: bool
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Names, values with 0 for what is missing, and 1 where nothing is missing, shape (n, 1)."""
    titles, matrix = outcome_matrix(design.columns, names)
    complete = complete_rows(matrix, titles, na_rm=na_rm)
    return titles, np.where(complete[:, None], matrix, 0.0), complete.astype(float)[:, None]


def _estimates(design: Design, statistic: Totals | Ratios) -> Estimates:
    values = statistic.evaluate(design.weights)
    return Estimates(statistic.names, values, design.covariance(statistic), design.degrees_of_freedom)


def mean(design: Design, names: Sequence[str], *, na_rm: bool = False, deff: DesignEffect = None) -> Estimates:
    """Means of numbers and shares of the levels of factors (R's ``svymean``).

    Args:
        design: any design.
        names: variables.
        na_rm: leave out rows where any of them is missing; the rest is a domain.
        deff: design effects against a simple random sample ``"without"`` replacement or with (``"replace"``).

    Raises:
        UnknownVariable, MissingValues, EmptyDomain, LonelyPsu: as their names say.
    """
    titles, values, inside = _outcomes(design, names, na_rm)
    result = _estimates(design, Ratios(titles, values, np.broadcast_to(inside, values.shape)))
    effects = _design_effects(design, values, inside, result, deff, of_total=False)
    return Estimates(titles, result.values, result.covariance, result.degrees_of_freedom, effects)


def total(design: Design, names: Sequence[str], *, na_rm: bool = False, deff: DesignEffect = None) -> Estimates:
    """Totals of numbers and sizes of the levels of factors (R's ``svytotal``).

    Args and errors: as ``mean``.
    """
    titles, values, inside = _outcomes(design, names, na_rm)
    result = _estimates(design, Totals(titles, values))
    effects = _design_effects(design, values, inside, result, deff, of_total=True)
    return Estimates(titles, result.values, result.covariance, result.degrees_of_freedom, effects)


def _design_effects(
    design: Design,
    values: NDArray[np.float64],
    inside: NDArray[np.float64],
    result: Estimates,
    deff: DesignEffect,
    *,
    of_total: bool,
) -> NDArray[np.float64] | None:
    if deff is None:
        return None
    weights = design.weights * inside[:, 0]
    count, population = float((weights != 0).sum()), float(weights.sum())
    centred = values - (values.T @ weights) / population
    simple = (centred**2).T @ weights / population / (count - 1)
    if deff == "without":
        simple = simple * (1 - count / population)
    if of_total:
        simple = simple * population**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.diag(result.covariance) / simple


def variance(design: Design, names: Sequence[str], *, na_rm: bool = False) -> Estimates:
    """Population variances and covariances (R's ``svyvar``), K·K of them in the order of the columns.

    Args and errors: as ``mean``; the standard error takes the means as known.
    """
    titles, values, inside = _outcomes(design, names, na_rm)
    weights = design.weights * inside[:, 0]
    count = float((weights != 0).sum())
    if count < 2:
        raise CannotEstimate("A variance needs at least two respondents.")
    centred = (values - (values.T @ weights) / weights.sum()) * inside
    products = (centred[:, :, None] * centred[:, None, :]).reshape(values.shape[0], -1) * (count / (count - 1))
    labels = tuple(f"{a}:{b}" for a in titles for b in titles)
    return _estimates(design, Ratios(labels, products, np.broadcast_to(inside, products.shape)))


def _ratio_statistic(design: Design, numerator: str, denominator: str, na_rm: bool) -> Ratios:
    pair = np.column_stack([as_numbers(design.columns, numerator), as_numbers(design.columns, denominator)])
    complete = complete_rows(pair, (numerator, denominator), na_rm=na_rm)
    kept = np.where(complete[:, None], pair, 0.0)
    return Ratios((f"{numerator}/{denominator}",), kept[:, :1], kept[:, 1:])


def ratio(
    design: Design, numerator: str, denominator: str, *, na_rm: bool = False, deff: DesignEffect = None
) -> Estimates:
    """Ratio of two totals (R's ``svyratio``).

    Args:
        design: any design.
        numerator: numerical variable.
        denominator: numerical variable.
        na_rm: leave out rows where either is missing.
        deff: design effect of the ratio.

    Raises:
        UnknownVariable, MissingValues, EmptyDomain, LonelyPsu: as their names say.
    """
    statistic = _ratio_statistic(design, numerator, denominator, na_rm)
    result = _estimates(design, statistic)
    residual = statistic.numerators - result.values * statistic.denominators
    below = float(statistic.denominators[:, 0] @ design.weights) / float(design.weights.sum())
    inside = np.ones((residual.shape[0], 1))
    effects = _design_effects(design, residual / below, inside, result, deff, of_total=False)
    return Estimates(result.names, result.values, result.covariance, result.degrees_of_freedom, effects)


def _domains(
    design: Design, by: Sequence[str], inside: NDArray[np.bool_]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Names and indicators, shape (n, G), of the domains in which somebody has a weight and no value is missing."""
    names = list(by)
    factor = joint_factor(design.columns, names) if len(names) > 1 else as_factor(design.columns, names[0])
    codes = factor.codes
    occupied = [g for g in range(len(factor.levels)) if design.weights[inside & (codes == g)].any()]
    if not occupied:
        raise EmptyDomain(f"Nobody with a value is in any domain of {', '.join(by)}.")
    return tuple(factor.levels[g] for g in occupied), (codes[:, None] == np.array(occupied)).astype(float)


def _across(titles: Sequence[str], groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(groups) if len(titles) == 1 else tuple(f"{group}:{title}" for title in titles for group in groups)


def _spread(values: NDArray[np.float64], domains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column within each domain, domains running fastest: shape (n, K·G)."""
    return (values[:, :, None] * domains[:, None, :]).reshape(values.shape[0], -1)


def mean_by(design: Design, names: Sequence[str], by: Sequence[str], *, na_rm: bool = False) -> Estimates:
    """Means within domains, with the covariance between them (R's ``svyby(…, svymean, covmat = TRUE)``).

    Args:
        design: any design.
        names: variables.
        by: one factor, or several whose combinations are the domains.
        na_rm: leave out rows where any variable is missing.

    Returns:
        Estimates in R's order: domains run fastest. A row without a domain is in none.

    Raises:
        UnknownVariable, MissingValues, EmptyDomain, LonelyPsu: as their names say.
    """
    titles, values, inside = _outcomes(design, names, na_rm)
    groups, domains = _domains(design, by, inside[:, 0] > 0)
    above = _spread(values, domains)
    below = _spread(np.broadcast_to(inside, values.shape), domains)
    return _estimates(design, Ratios(_across(titles, groups), above, below))


def total_by(design: Design, names: Sequence[str], by: Sequence[str], *, na_rm: bool = False) -> Estimates:
    """Totals within domains. Args, returns and errors: as ``mean_by``."""
    titles, values, inside = _outcomes(design, names, na_rm)
    groups, domains = _domains(design, by, inside[:, 0] > 0)
    return _estimates(design, Totals(_across(titles, groups), _spread(values, domains)))


def ratio_by(design: Design, numerator: str, denominator: str, by: Sequence[str], *, na_rm: bool = False) -> Estimates:
    """Ratios of totals within domains. Args, returns and errors: as ``ratio`` and ``mean_by``."""
    statistic = _ratio_statistic(design, numerator, denominator, na_rm)
    groups, domains = _domains(design, by, statistic.denominators[:, 0] != 0)
    return _estimates(
        design, Ratios(groups, _spread(statistic.numerators, domains), _spread(statistic.denominators, domains))
    )


def share_statistic(design: Design, name: str, value: str | float, *, na_rm: bool) -> Ratios:
    """The share that has one value, as a statistic."""
    found = indicator(design.columns, name, value)[:, None]
    complete = complete_rows(found, (name,), na_rm=na_rm).astype(float)[:, None]
    return Ratios((f"{name} = {value}",), np.where(complete > 0, found, 0.0), complete)


def contrast(estimates: Estimates, coefficients: Mapping[str, float]) -> Estimates:
    """A linear combination, for example the difference of two domains (R's ``svycontrast``).

    Args:
        estimates: with their covariance.
        coefficients: name → factor.

    Raises:
        UnknownVariable: a name is not among the estimates.
    """
    unknown = sorted(set(coefficients) - set(estimates.names))
    if unknown:
        raise UnknownVariable(f"No estimate is called {', '.join(unknown)}. There are: {', '.join(estimates.names)}.")
    factors = np.array([coefficients.get(name, 0.0) for name in estimates.names])
    return Estimates(
        ("contrast",),
        np.array([factors @ estimates.values]),
        np.array([[factors @ estimates.covariance @ factors]]),
        estimates.degrees_of_freedom,
    )
