"""Weights that meet known totals: post-stratification, raking, calibration with bounds, trimming.

Source: Deville and Särndal (1992); Deville, Särndal and Sautory (1993). Every function returns a new design that
remembers the calibration, so that variances are those of the residuals; on replicate designs it weights each replicate
anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from auscult.statistics.calibration import CalibrationFunction, calibration_factors, redistribute_trimmed
from auscult.statistics.errors import (
    CalibrationDidNotConverge,
    InvalidDesign,
    InvalidMargin,
    MissingValues,
    RakingDidNotConverge,
)
from auscult.statistics.margins import Margin, make_margin
from auscult.statistics.projection import Matrix, Projection
from auscult.statistics.raking import fit_margins
from auscult.statistics.rows.columns import Columns, as_factor, joint_factor, model_matrix
from auscult.statistics.rows.design import SurveyDesign
from auscult.statistics.rows.replicates import ReplicateDesign

#: Rounds of strict trimming; weights that cannot come inside go up and down for ever.
MOST_TRIMMINGS = 1000

type Rule = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def margin_of_rows(columns: Columns, variables: Sequence[str], population: Mapping[str, float]) -> Margin:
    """A margin over rows.

    Args:
        columns: the data, n rows.
        variables: one variable, or several whose combinations are the levels.
        population: level → persons; levels of several variables are joined with ``"|"``.

    Raises:
        MissingValues: a row has no level.
        InvalidMargin: a row has a level that the population does not know.
    """
    name = "*".join(variables)
    factor = joint_factor(columns, variables, "|") if len(variables) > 1 else as_factor(columns, variables[0])
    if (factor.codes < 0).any():
        raise MissingValues(f"The weighting variable {name!r}")
    return make_margin(name, population, [factor.levels[code] for code in factor.codes])


def dummies(margins: Sequence[Margin]) -> sparse.csr_array:
    """Indicators of all levels of all margins, shape (n, L₁ + L₂ + …), sparse."""
    n, offset, columns = margins[0].level_of_cell.size, 0, []
    for margin in margins:
        columns.append(margin.level_of_cell + offset)
        offset += len(margin.levels)
    indices = np.column_stack(columns).reshape(-1)
    starts = np.arange(0, indices.size + 1, len(margins))
    return sparse.csr_array((np.ones(indices.size), indices, starts), shape=(n, offset))


def _reweighted[AnyDesign: (SurveyDesign, ReplicateDesign)](
    design: AnyDesign, rule: Rule, matrix: Matrix, sweeps: tuple[NDArray[np.intp], ...] | None = None
) -> AnyDesign:
    after = rule(design.weights)
    if isinstance(design, ReplicateDesign):
        replicates = np.column_stack([rule(column) for column in design.replicate_weights.T])
        return replace(design, weights=after, replicate_weights=replicates)
    projection = Projection(matrix, design.weights, after, sweeps)
    return replace(design, weights=after, projections=(*design.projections, projection))


def post_stratify[AnyDesign: (SurveyDesign, ReplicateDesign)](
    design: AnyDesign, variables: Sequence[str], population: Mapping[str, float]
) -> AnyDesign:
    """Weights that meet the population total of every combination of some variables (R's ``postStratify``).

    Args:
        design: any design.
        variables: post-stratification variables.
        population: combination → persons, joined with ``"|"``.

    Raises:
        InvalidMargin, EmptyMarginLevel, MissingValues: the tables do not fit the data.
    """
    return rake_rows(design, [margin_of_rows(design.columns, variables, population)])


def rake_rows[AnyDesign: (SurveyDesign, ReplicateDesign)](
    design: AnyDesign,
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-12,
    most_iterations: int = 500,
    linearisation: str = "exact",
) -> AnyDesign:
    """Weights that meet several margins at once (R's ``rake``).

    Args:
        design: any design.
        margins: from ``margin_of_rows``, with the same grand total.
        tolerance: largest relative error of a level.
        most_iterations: sweeps over all margins.
        linearisation: ``"exact"`` projection, or ``"sweeps"`` as R's ``rake()`` approximates it.

    Raises:
        RakingDidNotConverge: the margins contradict each other on these rows.
        EmptyMarginLevel: a level has no respondent, in the sample or in one replicate.
    """

    def rule(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        fit = fit_margins(weights, margins, tolerance=tolerance, most_iterations=most_iterations)
        if not fit.converged:
            raise RakingDidNotConverge(fit.iterations, fit.worst_relative_error)
        return weights * fit.factor

    sweeps = tuple(margin.level_of_cell for margin in margins) if linearisation == "sweeps" else None
    return _reweighted(design, rule, dummies(margins), sweeps)


def calibrate[AnyDesign: (SurveyDesign, ReplicateDesign)](
    design: AnyDesign,
    terms: Sequence[str],
    population: Mapping[str, float],
    *,
    calfun: CalibrationFunction | str = CalibrationFunction.LINEAR,
    bounds: tuple[float, float] | None = None,
    trim: tuple[float, float] | None = None,
    aggregate_stage: int | None = None,
    tolerance: float = 1e-10,
    most_iterations: int = 200,
) -> AnyDesign:
    """Weights that meet the totals of a model's variables (R's ``calibrate``; the linear one is GREG).

    Args:
        design: any design.
        terms: variables of the model ``~ terms``; a factor gives all its levels but the first.
        population: total of each column of the model, ``"(Intercept)"`` (persons) among them.
        calfun: distance between the weights before and after: linear, raking or logit (which needs bounds).
        bounds: least and greatest ratio of a weight to what it was before, around 1.
        trim: cut ratios to this range afterwards and spread the excess; the totals are then met only nearly.
        aggregate_stage: 1 for equal ratios within each primary sampling unit.
        tolerance: largest relative error of a total.
        most_iterations: Newton steps.

    Raises:
        InvalidMargin: totals for other columns than the model has.
        CalibrationDidNotConverge: no such weights, or bounds too narrow.
        MissingValues: a variable of the model is missing in a row with a weight.
    """
    names, matrix = model_matrix(design.columns, terms)
    if set(names) != set(population):
        raise InvalidMargin(f"Give one population total for each of: {', '.join(names)}.")
    if np.isnan(matrix).any():
        raise MissingValues(f"A calibration variable ({', '.join(terms)})")
    totals = np.array([population[name] for name in names], dtype=float)
    if aggregate_stage is not None:
        if not isinstance(design, SurveyDesign) or not 1 <= aggregate_stage <= len(design.stages):
            raise InvalidDesign("aggregate_stage must be a stage of a design with stages, counted from 1.")
        units = design.stages[aggregate_stage - 1].units
        sizes = np.bincount(units).astype(float)
        # Rows of one unit with the same variables get the same ratio.
        matrix = np.column_stack([(np.bincount(units, weights=column) / sizes)[units] for column in matrix.T])

    def rule(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        ratio = calibration_factors(
            matrix, weights, totals, CalibrationFunction(calfun), bounds=bounds, tolerance=tolerance,
            most_iterations=most_iterations,
        )  # fmt: skip
        return weights * (ratio if trim is None else redistribute_trimmed(ratio, weights, *trim))

    return _reweighted(design, rule, matrix)


def trim_weights(
    design: SurveyDesign, *, lower: float = 0.0, upper: float = np.inf, strict: bool = False
) -> SurveyDesign:
    """Cut weights to a range and spread the excess equally over those that were inside (R's ``trimWeights``).

    Args:
        design: a design with stages; its calibrations stay, the margins are met only nearly afterwards.
        lower: least weight, persons.
        upper: greatest weight, persons.
        strict: repeat until no weight is outside; once, the spreading may push some out again.

    Raises:
        InvalidDesign: the range is empty, or cannot hold the sum of the weights.
        CalibrationDidNotConverge: strict trimming found no end, or every weight was outside.
    """
    weights = design.weights.copy()
    inside = weights > 0
    if not lower < upper:
        raise InvalidDesign("The lower limit of weights must be below the upper limit.")
    if not lower * inside.sum() <= weights.sum() <= upper * inside.sum():
        raise InvalidDesign("The mean weight lies outside the limits, so no trimming can keep the sum. Widen them.")
    for _ in range(MOST_TRIMMINGS):
        outside = inside & ((weights < lower) | (weights > upper))
        if not outside.any():
            return replace(design, weights=weights)
        free = inside & ~outside
        if not free.any():
            break
        cut = np.where(outside, np.clip(weights, lower, upper), weights)
        cut[free] += (weights - cut).sum() / free.sum()
        weights = cut
        if not strict:
            return replace(design, weights=weights)
    raise CalibrationDidNotConverge(MOST_TRIMMINGS, float(np.abs(np.clip(weights, lower, upper) / weights - 1).max()))
