"""Survey designs: weights, strata, clusters in stages, finite populations; and the variance of a total under them.

Source: Särndal, Swensson and Wretman (1992), sections 4.3 and 11.5; Lumley (2010), chapter 2. The variance is that of
the ultimate clusters where no population sizes are given, and of every stage where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import EmptyDomain, InvalidDesign, LonelyPsu, MissingValues
from auscult.statistics.options import Option
from auscult.statistics.projection import Projection
from auscult.statistics.rows.columns import Columns, as_factor, as_numbers, number_of_rows


class LonelyPsuRule(Option):
    """What a stratum with one sampling unit contributes to the variance (R's ``survey.lonely.psu``)."""

    FAIL = "fail"
    REMOVE = "remove"
    CERTAINTY = "certainty"
    ADJUST = "adjust"
    AVERAGE = "average"


class Statistic(Protocol):
    """An estimate as a function of the weights, with its linearisation."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the estimates, length K."""

    def evaluate(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Estimates, shape (K,), or (K, R) for weights of shape (n, R)."""

    def influence(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Linearised variables z, shape (n, K): the estimate varies like the weighted total of z."""


class Design(Protocol):
    """What every estimator needs: columns, weights, and the covariance of a statistic."""

    @property
    def columns(self) -> Columns:
        """The data."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """Persons per respondent, shape (n,)."""

    @property
    def degrees_of_freedom(self) -> int:
        """What is left to estimate a variance from."""

    def covariance(self, statistic: Statistic) -> NDArray[np.float64]:
        """Covariance of a statistic, shape (K, K)."""

    def subset(self, rows: NDArray[np.bool_]) -> Self:
        """The domain of some rows, shape (n,)."""


@dataclass(frozen=True)
class Stage:
    """One stage of sampling, row by row, each of shape (n,).

    Attributes:
        units: code of the sampling unit; units of different strata have different codes.
        strata: code of the stratum (within the unit of the stage before).
        sampled: units sampled in the stratum, count.
        population: units of the stratum in the population, count; infinite where not known.
    """

    units: NDArray[np.intp]
    strata: NDArray[np.intp]
    sampled: NDArray[np.float64]
    population: NDArray[np.float64]


@dataclass(frozen=True)
class SurveyDesign:
    """A sample with its stages, linearised by Taylor's method (R's ``svydesign``).

    Attributes:
        columns: the data.
        weights: persons per respondent, shape (n,), ≥ 0; zero outside a domain.
        stages: at least one.
        lonely_psu: rule for strata with one unit.
        projections: calibrations, in the order in which they were made.
    """

    columns: Columns
    weights: NDArray[np.float64]
    stages: tuple[Stage, ...]
    lonely_psu: LonelyPsuRule = LonelyPsuRule.FAIL
    projections: tuple[Projection, ...] = field(default=())

    @property
    def degrees_of_freedom(self) -> int:
        """Primary sampling units − strata, among rows with a weight."""
        inside = self.weights != 0
        first = self.stages[0]
        return int(np.unique(first.units[inside]).size - np.unique(first.strata[inside]).size)

    def covariance(self, statistic: Statistic) -> NDArray[np.float64]:
        """Taylor covariance of a statistic, shape (K, K).

        Raises:
            LonelyPsu: a stratum has one unit and the rule is to fail.
        """
        scores = statistic.influence(self.weights) * self.weights[:, None]
        for projection in self.projections:
            scores = projection.residual_scores(scores)
        return _covariance_of_total(scores, self.stages, self.lonely_psu)

    def subset(self, rows: NDArray[np.bool_]) -> SurveyDesign:
        """The domain of some rows: the others stay in the design with a weight of zero (R's ``subset``).

        Raises:
            EmptyDomain: no row with a weight is left.
        """
        weights = np.where(rows, self.weights, 0.0)
        if not weights.any():
            raise EmptyDomain("Nobody is in this domain. Take a wider one.")
        return replace(self, weights=weights)


def survey_design(
    columns: Columns,
    *,
    ids: Sequence[str] = (),
    strata: Sequence[str] = (),
    weights: str | NDArray[np.float64] | None = None,
    fpc: Sequence[str] = (),
    nest: bool = False,
    lonely_psu: LonelyPsuRule | str = LonelyPsuRule.FAIL,
) -> SurveyDesign:
    """Describe how a sample was drawn.

    Args:
        columns: the data, n rows.
        ids: variables of the sampling units, outermost first; none means that each row is a unit.
        strata: variables of the strata by stage; fewer than stages means no strata below.
        weights: variable, or array of shape (n,), of persons per respondent, ≥ 0. Without it the population sizes
            give the weights, and without those every weight is 1.
        fpc: variables of the population size by stage (units in the stratum) or, all ≤ 1, of the sampling fraction.
        nest: units are numbered anew in each stratum.
        lonely_psu: what a stratum with one unit contributes.

    Returns:
        The design.

    Raises:
        InvalidDesign: weights are negative or not finite, all are zero, a unit lies in two strata, a population is
            smaller than its sample.
        MissingValues: a design variable has missing values.
    """
    n = number_of_rows(columns)
    stages: list[Stage] = []
    parent = np.zeros(n, dtype=np.intp)
    for number in range(max(len(ids), 1)):
        stratum = _codes(columns, strata[number]) if number < len(strata) else np.zeros(n, dtype=np.intp)
        within = _pair(parent, stratum)
        unit = _codes(columns, ids[number]) if number < len(ids) else np.arange(n)
        units = _pair(within if nest or number else np.zeros(n, dtype=np.intp), unit)
        _check_nesting(units, within, ids[number] if ids else "row")
        sampled = _units_by_stratum(units, within)[within].astype(float)
        stages.append(Stage(units, within, sampled, _population(columns, fpc, number, sampled, within)))
        parent = units
    given = _weights(columns, weights, stages, n)
    return SurveyDesign(columns, given, tuple(stages), LonelyPsuRule(lonely_psu))


def _codes(columns: Columns, name: str) -> NDArray[np.intp]:
    codes = as_factor(columns, name).codes
    if (codes < 0).any():
        raise MissingValues(f"The design variable {name!r}")
    return codes


def _pair(outer: NDArray[np.intp], inner: NDArray[np.intp]) -> NDArray[np.intp]:
    """Codes 0 … K−1 of the pairs that occur."""
    joint = outer.astype(np.int64) * (int(inner.max()) + 1) + inner
    codes: NDArray[np.intp] = np.unique(joint, return_inverse=True)[1].reshape(-1)
    return codes


def _check_nesting(units: NDArray[np.intp], strata: NDArray[np.intp], name: str) -> None:
    if np.unique(_pair(units, strata)).size != np.unique(units).size:
        raise InvalidDesign(
            f"A unit of {name!r} lies in two strata. If units are numbered anew in each stratum, say nest=True."
        )


def _units_by_stratum(units: NDArray[np.intp], strata: NDArray[np.intp]) -> NDArray[np.intp]:
    first = np.unique(units, return_index=True)[1]
    return np.bincount(strata[first], minlength=int(strata.max()) + 1)


def _population(
    columns: Columns, fpc: Sequence[str], number: int, sampled: NDArray[np.float64], strata: NDArray[np.intp]
) -> NDArray[np.float64]:
    if number >= len(fpc):
        return np.full(sampled.shape, np.inf)
    given = as_numbers(columns, fpc[number])
    if not (given > 0).all():
        raise InvalidDesign(f"Every population size or sampling fraction in {fpc[number]!r} must be above zero.")
    population = sampled / given if (given <= 1).all() else given
    low, high = np.full(int(strata.max()) + 1, np.inf), np.zeros(int(strata.max()) + 1)
    np.minimum.at(low, strata, population)
    np.maximum.at(high, strata, population)
    if not np.allclose(low, high, rtol=1e-9):
        raise InvalidDesign(f"{fpc[number]!r} differs within a stratum; a stratum has one population size.")
    if (population < sampled * (1 - 1e-9)).any():
        raise InvalidDesign(f"{fpc[number]!r} gives a population smaller than its sample. Check the column.")
    return population


def _weights(
    columns: Columns, weights: str | NDArray[np.float64] | None, stages: Sequence[Stage], n: int
) -> NDArray[np.float64]:
    if weights is None:
        known = all(np.isfinite(stage.population).all() for stage in stages)
        given = np.prod([s.population / s.sampled for s in stages], axis=0) if known else np.ones(n)
    else:
        given = as_numbers(columns, weights) if isinstance(weights, str) else np.asarray(weights, dtype=float)
    if given.shape != (n,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise InvalidDesign("Weights must be finite numbers of at least zero, one a row, and not all zero.")
    return given


def _sum_by(values: NDArray[np.float64], codes: NDArray[np.intp], groups: int) -> NDArray[np.float64]:
    """Column sums by group: shapes (n, K), (n,) to (G, K)."""
    return np.column_stack([np.bincount(codes, weights=column, minlength=groups) for column in values.T])


def _covariance_of_total(
    scores: NDArray[np.float64], stages: Sequence[Stage], rule: LonelyPsuRule
) -> NDArray[np.float64]:
    """Covariance of the column sums of weighted scores, shape (K, K)."""
    covariance = np.zeros((scores.shape[1], scores.shape[1]))
    fraction = np.ones(scores.shape[0])
    for number, stage in enumerate(stages, start=1):
        if not fraction.any():
            break
        covariance += _covariance_of_stage(scores, stage, fraction, rule, number)
        fraction = fraction * stage.sampled / stage.population
    return covariance


def _covariance_of_stage(
    scores: NDArray[np.float64], stage: Stage, fraction: NDArray[np.float64], rule: LonelyPsuRule, number: int
) -> NDArray[np.float64]:
    units, first = np.unique(stage.units, return_index=True)
    totals = _sum_by(scores, stage.units, int(units[-1]) + 1)
    strata, sampled, population = stage.strata[first], stage.sampled[first], stage.population[first]
    correction = 1 - sampled / population
    sampled_of = np.bincount(strata)
    means = _sum_by(totals, strata, sampled_of.size) / np.maximum(sampled_of, 1)[:, None]
    deviation = totals - means[strata]
    scale = fraction[first] * correction * np.where(sampled > 1, sampled / np.maximum(sampled - 1, 1), 1.0)
    lonely = (sampled == 1) & (correction > 1e-7)
    if lonely.any():
        if rule is LonelyPsuRule.FAIL or (rule is LonelyPsuRule.AVERAGE and lonely.all()):
            raise LonelyPsu(str(int(strata[lonely][0]) + 1), number)
        if rule is LonelyPsuRule.ADJUST:
            # Centred at the mean of all units, not at its own: the difference to the others stands for its variance.
            deviation[lonely] = totals[lonely] - totals.mean(axis=0)
        elif rule is LonelyPsuRule.AVERAGE:
            scale = scale * np.unique(strata).size / np.unique(strata[~lonely]).size
    return (deviation * scale[:, None]).T @ deviation
