"""Design-based regression: Gaussian, logistic, Poisson (R's ``svyglm``), tests of terms, t test.

Source: Binder (1983); Lumley (2010), chapters 5 and 6. Coefficients solve the weighted score equations; their
linearisation is the score times the inverse of the information.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from auscult.statistics.errors import CannotEstimate, RegressionDidNotConverge, UnknownVariable
from auscult.statistics.rows.columns import Column, Columns, Factor, complete_rows, get_column, indicator, model_matrix
from auscult.statistics.rows.design import Design
from auscult.statistics.rows.estimators import Estimates


@dataclass(frozen=True)
class _Scores:
    """Coefficients of a generalised linear model with its canonical link, as a function of the weights."""

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    outcome: NDArray[np.float64]
    family: str

    def fit(self, weights: NDArray[np.float64], start: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Iteratively reweighted least squares, shape (p,); steps that worsen the likelihood are halved."""
        coefficients = np.zeros(self.matrix.shape[1]) if start is None else start
        if start is None and self.family != "gaussian":
            coefficients[0] = self._link(float(weights @ self.outcome / weights.sum()))
        for iteration in range(100):
            mean, slope = self._mean(self.matrix @ coefficients)
            score = self.matrix.T @ (weights * (self.outcome - mean))
            information = self.matrix.T @ (self.matrix * (weights * slope)[:, None])
            try:
                step = np.linalg.solve(information, score)
            except np.linalg.LinAlgError:
                raise CannotEstimate("The terms of the model determine each other; leave one out.") from None
            if not np.isfinite(step).all() or np.abs(coefficients).max() > 1e8:
                raise RegressionDidNotConverge(iteration + 1)
            length, before = 1.0, self._deviance(coefficients, weights)
            while length > 1e-6 and not self._deviance(coefficients + length * step, weights) <= before * (1 + 1e-12):
                length /= 2
            coefficients = coefficients + length * step
            if float(score @ step) <= 1e-24 * weights.sum() or np.abs(step).max() <= 1e-13 * np.abs(coefficients).max():
                return coefficients
        raise RegressionDidNotConverge(100)

    def _link(self, mean: float) -> float:
        if self.family == "binomial":
            if not 0 < mean < 1:
                raise CannotEstimate("Everybody gave the same answer, so there is nothing to explain.")
            return float(np.log(mean / (1 - mean)))
        if mean <= 0:
            raise CannotEstimate("A Poisson model needs an outcome above zero somewhere.")
        return float(np.log(mean))

    def _mean(self, predictor: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.family == "gaussian":
            return predictor, np.ones(predictor.shape)
        if self.family == "binomial":
            mean = special.expit(predictor)
            return mean, mean * (1 - mean)
        mean = np.exp(np.minimum(predictor, 700))
        return mean, mean

    def _deviance(self, coefficients: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
        """Minus twice the log likelihood up to a constant, plus that constant's size so that it stays positive."""
        predictor = self.matrix @ coefficients
        if self.family == "gaussian":
            return float(weights @ (self.outcome - predictor) ** 2)
        if self.family == "binomial":
            return float(2 * weights @ (np.logaddexp(0, predictor) - self.outcome * predictor))
        mean = np.exp(np.minimum(predictor, 700))
        return float(2 * weights @ (special.xlogy(self.outcome, self.outcome / mean) - self.outcome + mean))

    def evaluate(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        if weights.ndim == 1:
            return self.fit(weights)
        start = self.fit(weights.mean(axis=1))
        return np.column_stack([self.fit(column, start) for column in weights.T])

    def influence(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        mean, slope = self._mean(self.matrix @ self.fit(weights))
        information = self.matrix.T @ (self.matrix * (weights * slope)[:, None])
        return (self.matrix * (self.outcome - mean)[:, None]) @ np.linalg.inv(information)


@dataclass(frozen=True)
class Regression:
    """A fitted model.

    Attributes:
        coefficients: estimates with covariance; ``degrees_of_freedom`` are those left after the model.
        dispersion: Pearson's, of the weighted residuals.
        t_values: shape (p,).
        p_values: two-sided, shape (p,).
        terms: name of the term of each coefficient, length p.
    """

    coefficients: Estimates
    dispersion: float
    t_values: NDArray[np.float64]
    p_values: NDArray[np.float64]
    terms: tuple[str, ...]


@dataclass(frozen=True)
class TermTest:
    """Wald test that all coefficients of a term are zero."""

    f: float
    numerator: int
    denominator: int
    p_value: float


@dataclass(frozen=True)
class TTest:
    """Difference of the means of two groups: t, its degrees of freedom, p, and the difference with its interval."""

    t: float
    degrees_of_freedom: int
    p_value: float
    difference: float
    interval: tuple[float, float]


def _outcome(columns: Columns, name: str, family: str) -> NDArray[np.float64]:
    """Numbers, or for a factor in a binomial model 0 for its first level and 1 for the others (as R does)."""
    column = get_column(columns, name)
    if not isinstance(column, Factor):
        if family == "binomial" and not np.isin(column[~np.isnan(column)], [0, 1]).all():
            raise CannotEstimate(f"A logistic model needs {name!r} to be 0 or 1, or a factor.")
        return column
    if family != "binomial":
        raise UnknownVariable(f"{name!r} has levels, not numbers; use the binomial family.")
    if not column.levels:
        raise UnknownVariable(f"{name!r} has no levels: every value is missing.")
    return 1 - indicator(columns, name, column.levels[0])


def _occupied(column: Column, weights: NDArray[np.float64]) -> Column:
    """A factor without the levels that nobody with a weight has, so that its first level is one that somebody has."""
    if not isinstance(column, Factor):
        return column
    used = [code for code in range(len(column.levels)) if weights[column.codes == code].any()]
    position = np.full(len(column.levels) + 1, -1, dtype=np.intp)
    position[used] = np.arange(len(used))
    return Factor(position[column.codes], tuple(column.levels[code] for code in used))


def _require_rank(matrix: NDArray[np.float64]) -> None:
    norm = np.linalg.norm(matrix, axis=0)
    if not norm.all() or np.linalg.matrix_rank(matrix / norm, tol=1e-9) < matrix.shape[1]:
        raise CannotEstimate("The terms of the model determine each other; leave one out.")


def glm(
    design: Design, response: str, terms: Sequence[str], *, family: str = "gaussian", na_rm: bool = False
) -> Regression:
    """Fit ``response ~ terms`` (R's ``svyglm`` with the quasi families and canonical links).

    Args:
        design: any design.
        response: numerical variable; for the binomial family 0 or 1, or a factor whose first level is 0.
        terms: variables; factors by treatment contrasts.
        family: ``"gaussian"``, ``"binomial"`` or ``"poisson"``.
        na_rm: leave out rows where a variable is missing.

    Raises:
        RegressionDidNotConverge: a term separates the answers, or the likelihood has no maximum.
        CannotEstimate: terms determine each other, or no degrees of freedom are left.
        UnknownVariable, MissingValues, LonelyPsu: as their names say.
    """
    if family not in {"gaussian", "binomial", "poisson"}:
        raise CannotEstimate(f"Unknown family {family!r}: choose gaussian, binomial or poisson.")
    columns = {term: _occupied(get_column(design.columns, term), design.weights) for term in terms}
    names, matrix = model_matrix(columns, terms) if terms else (("(Intercept)",), np.ones((design.weights.size, 1)))
    outcome = _outcome(design.columns, response, family)
    without = design.weights == 0
    matrix, outcome = np.where(without[:, None], 0.0, matrix), np.where(without, 0.0, outcome)
    complete = complete_rows(np.column_stack([matrix, outcome]), (*names, response), na_rm=na_rm)
    if not complete.all():
        design = design.subset(complete)
        matrix, outcome = np.where(complete[:, None], matrix, 0.0), np.where(complete, outcome, 0.0)
    _require_rank(matrix[design.weights > 0])
    statistic = _Scores(names, matrix, outcome, family)
    values = statistic.evaluate(design.weights)
    freedom = design.degrees_of_freedom + 1 - values.size
    if freedom <= 0:
        raise CannotEstimate(
            "The model has as many coefficients as the design has degrees of freedom. Use fewer terms."
        )
    covariance = design.covariance(statistic)
    estimates = Estimates(names, values, covariance, freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = values / estimates.standard_errors
    p_values = 2 * special.stdtr(freedom, -np.abs(t_values))
    owners = ["(Intercept)"]
    for term in terms:
        column = columns[term]
        owners += [term] * (len(column.levels) - 1 if isinstance(column, Factor) else 1)
    return Regression(estimates, _dispersion(statistic, values, design.weights), t_values, p_values, tuple(owners))


def _dispersion(statistic: _Scores, values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    mean, slope = statistic._mean(statistic.matrix @ values)
    pearson = (statistic.outcome - mean) / np.sqrt(np.maximum(slope, 1e-300))
    count, total = float((weights != 0).sum()), weights.sum()
    centre = float(weights @ pearson / total)
    return float(weights @ (pearson - centre) ** 2 / total * count / (count - 1))


def term_test(model: Regression, term: str) -> TermTest:
    """Wald's F that a term has no effect (R's ``regTermTest(method = "Wald")``).

    Raises:
        UnknownVariable: the model has no such term.
    """
    chosen = np.array([owner == term for owner in model.terms])
    if not chosen.any():
        raise UnknownVariable(f"The model has no term {term!r}. It has: {', '.join(dict.fromkeys(model.terms))}.")
    values = model.coefficients.values[chosen]
    covariance = model.coefficients.covariance[np.ix_(chosen, chosen)]
    f = float(values @ np.linalg.solve(covariance, values)) / values.size
    below = model.coefficients.degrees_of_freedom
    return TermTest(f, int(values.size), below, float(special.fdtrc(values.size, below, f)))


def t_test(design: Design, response: str, group: str, *, na_rm: bool = False) -> TTest:
    """Compare the means of two groups (R's ``svyttest``).

    Raises:
        CannotEstimate: there are not exactly two groups.
        UnknownVariable, MissingValues, LonelyPsu: as their names say.
    """
    model = glm(design, response, [group], na_rm=na_rm)
    if model.coefficients.values.size != 2:
        raise CannotEstimate(f"A t test needs exactly two groups, {group!r} has another number.")
    low, high = model.coefficients.interval()[1]
    freedom = model.coefficients.degrees_of_freedom
    difference, t = float(model.coefficients.values[1]), float(model.t_values[1])
    return TTest(t, freedom, float(model.p_values[1]), difference, (float(low), float(high)))
