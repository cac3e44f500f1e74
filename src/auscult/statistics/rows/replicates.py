"""Replicate weights: jackknife, balanced repeated replication, Fay's method, bootstrap.

Source: Wolter (2007), chapters 3 and 4; Fay (1989); Rao and Wu (1988) for the bootstrap within strata.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from auscult.statistics.errors import EmptyDomain, InvalidDesign, LonelyPsu
from auscult.statistics.rows.columns import Columns, number_of_rows
from auscult.statistics.rows.design import Stage, Statistic, SurveyDesign


@dataclass(frozen=True)
class ReplicateDesign:
    """A sample with replicate weights (R's ``svrepdesign``).

    Attributes:
        columns: the data.
        weights: persons per respondent, shape (n,).
        replicate_weights: shape (n, R), persons.
        scale: factor of the sum of squares.
        rscales: factor of each replicate, shape (R,).
        mse: whether squares are taken around the full estimate, not around the mean of the replicates.
    """

    columns: Columns
    weights: NDArray[np.float64]
    replicate_weights: NDArray[np.float64]
    scale: float
    rscales: NDArray[np.float64]
    mse: bool = False

    @property
    def degrees_of_freedom(self) -> int:
        """Rank of the replicate weights − 1."""
        scaled = self.replicate_weights / max(float(self.replicate_weights.max()), 1e-300)
        return int(np.linalg.matrix_rank(scaled, tol=1e-5)) - 1

    def covariance(self, statistic: Statistic) -> NDArray[np.float64]:
        """Covariance from the spread of the replicates, shape (K, K).

        Raises:
            EmptyDomain: the estimate does not exist in some replicate.
        """
        estimates = statistic.evaluate(self.replicate_weights).T
        if not np.isfinite(estimates).all():
            raise EmptyDomain(
                "The estimate does not exist in every replicate, because one of them leaves nobody in the domain. "
                "Take a wider domain, or bootstrap with Dirichlet weights, which are never zero."
            )
        centre = statistic.evaluate(self.weights) if self.mse else estimates[self.rscales > 0].mean(axis=0)
        deviation = estimates - centre
        return self.scale * (deviation * self.rscales[:, None]).T @ deviation

    def subset(self, rows: NDArray[np.bool_]) -> ReplicateDesign:
        """The domain of some rows: the others keep their place with weights of zero.

        Raises:
            EmptyDomain: no row with a weight is left.
        """
        weights = np.where(rows, self.weights, 0.0)
        if not weights.any():
            raise EmptyDomain("Nobody is in this domain. Take a wider one.")
        return replace(self, weights=weights, replicate_weights=np.where(rows[:, None], self.replicate_weights, 0.0))


def replicate_design(
    columns: Columns,
    weights: NDArray[np.float64],
    replicates: NDArray[np.float64],
    *,
    combined_weights: bool = True,
    scale: float = 1.0,
    rscales: NDArray[np.float64] | None = None,
    mse: bool = False,
) -> ReplicateDesign:
    """Take replicate weights that somebody else made (R's ``svrepdesign``).

    Args:
        columns: the data, n rows.
        weights: sampling weights, shape (n,), persons.
        replicates: shape (n, R).
        combined_weights: whether ``replicates`` hold whole weights, or factors of the sampling weights.
        scale: factor of the sum of squares; 1 ÷ R for BRR.
        rscales: factor of each replicate, shape (R,); 1 if not given.
        mse: squares around the full estimate.

    Raises:
        InvalidDesign: shapes disagree, or a weight is negative or not finite.
    """
    n, count = replicates.shape
    usable = all(np.isfinite(each).all() and (each >= 0).all() for each in (weights, replicates))
    if weights.shape != (n,) or number_of_rows(columns) != n or not usable or count < 2:
        raise InvalidDesign("Weights must be finite, at least zero, one row a respondent, with two replicates or more.")
    whole = replicates if combined_weights else replicates * weights[:, None]
    given = np.ones(count) if rscales is None else np.asarray(rscales, dtype=float)
    if given.shape != (count,):
        raise InvalidDesign(f"There are {count} replicates but {given.size} rscales.")
    return ReplicateDesign(columns, weights, whole, scale, given, mse)


def _first_stage(design: SurveyDesign) -> tuple[Stage, NDArray[np.intp], NDArray[np.intp]]:
    if design.projections:
        raise InvalidDesign("Make replicate weights before calibration, then calibrate the replicates.")
    stage = design.stages[0]
    units, first = np.unique(stage.units, return_index=True)
    return stage, units, first


def jackknife(design: SurveyDesign, *, mse: bool = False) -> ReplicateDesign:
    """Delete one primary sampling unit at a time: JK1 without strata, JKn with (R's ``as.svrepdesign``).

    Args:
        design: a design with stages, not calibrated yet.
        mse: squares around the full estimate.

    Returns:
        One replicate for each unit. Population sizes of the first stage enter the scales.

    Raises:
        LonelyPsu: a stratum has one unit.
    """
    stage, units, first = _first_stage(design)
    strata, sampled = stage.strata[first], stage.sampled[first]
    if (sampled == 1).any():
        raise LonelyPsu(str(int(strata[sampled == 1][0]) + 1), 1)
    correction = 1 - sampled / stage.population[first]
    factors = np.ones((stage.units.size, units.size))
    for column, unit in enumerate(units):
        inside = stage.strata == strata[column]
        factors[inside, column] = sampled[column] / (sampled[column] - 1)
        factors[stage.units == unit, column] = 0.0
    rscales = correction * (sampled - 1) / sampled
    scale = 1.0
    if np.unique(strata).size == 1:
        scale, rscales = float(rscales[0]), np.ones(units.size)
    return ReplicateDesign(design.columns, design.weights, factors * design.weights[:, None], scale, rscales, mse)


def balanced_repeated_replication(design: SurveyDesign, *, fay_rho: float = 0.0, mse: bool = False) -> ReplicateDesign:
    """Half-samples balanced by a Hadamard matrix, for two units in every stratum (R's types BRR and Fay).

    Args:
        design: a design with stages, two primary sampling units in each stratum, not calibrated yet.
        fay_rho: 0 drops one unit of each pair; 0 < ρ < 1 weights the pair by ρ and 2 − ρ instead.
        mse: squares around the full estimate.

    Raises:
        InvalidDesign: a stratum has another number of units, or ρ is out of range.
    """
    stage, _, first = _first_stage(design)
    if (stage.sampled[first] != 2).any():
        raise InvalidDesign("Balanced repeated replication needs two sampling units in every stratum.")
    if not 0 <= fay_rho < 1:
        raise InvalidDesign("Fay's rho must be at least 0 and below 1.")
    strata = np.unique(stage.strata)
    size = 4
    while size < strata.size + 1:
        size *= 2
    signs = hadamard(size)[:, 1 : strata.size + 1]
    which = np.zeros(stage.units.size, dtype=np.intp)
    for stratum in strata:
        inside = stage.strata == stratum
        which[inside] = np.searchsorted(np.unique(stage.units[inside]), stage.units[inside])
    chosen = (which == 0)[:, None] == (signs[:, np.searchsorted(strata, stage.strata)] > 0).T
    factors = np.where(chosen, 2 - fay_rho, fay_rho)
    scale = 1 / (size * (1 - fay_rho) ** 2)
    weights = factors * design.weights[:, None]
    return ReplicateDesign(design.columns, design.weights, weights, scale, np.ones(size), mse)


def bootstrap(
    design: SurveyDesign,
    *,
    replicates: int = 200,
    draws: str = "multinomial",
    random: np.random.Generator,
    mse: bool = False,
) -> ReplicateDesign:
    """Draw primary sampling units anew within each stratum.

    Args:
        design: a design with stages, not calibrated yet.
        replicates: R, ≥ 2.
        draws: ``"multinomial"`` (n − 1 of n units with replacement, times n ÷ (n − 1): Rao and Wu 1988),
            or ``"dirichlet"`` (three units a stratum at least), whose weights are never zero, so that no margin level
            can empty. Both have the variance of a total that each stratum has.
        random: generator; its seed makes the replicates reproducible.
        mse: squares around the full estimate.

    Raises:
        LonelyPsu: a stratum has one unit.
        InvalidDesign: fewer than two replicates, or unknown draws.
    """
    stage, units, first = _first_stage(design)
    if replicates < 2 or draws not in {"multinomial", "dirichlet"}:
        raise InvalidDesign("A bootstrap needs two replicates or more, and multinomial or dirichlet draws.")
    strata = stage.strata[first]
    factor_of_unit = np.empty((units.size, replicates))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        count = members.size
        if count == 1:
            raise LonelyPsu(str(int(stratum) + 1), 1)
        if draws == "multinomial":
            drawn = random.multinomial(count - 1, np.full(count, 1 / count), size=replicates).T
            factor_of_unit[members] = drawn * (count / (count - 1))
        else:
            if count == 2:
                raise InvalidDesign("Dirichlet weights need three sampling units in a stratum; draw multinomial ones.")
            # Gamma shapes of (n − 2) ÷ n give each weight the variance that the stratum's mean needs.
            gamma = random.standard_gamma((count - 2) / count, size=(count, replicates))
            factor_of_unit[members] = gamma / gamma.mean(axis=0)
    # Shrinking the deviations from 1 is the finite population correction.
    fraction = (stage.sampled[first] / stage.population[first])[:, None]
    factor_of_unit = 1 + np.sqrt(1 - fraction) * (factor_of_unit - 1)
    weights = factor_of_unit[stage.units] * design.weights[:, None]
    return ReplicateDesign(design.columns, design.weights, weights, 1 / (replicates - 1), np.ones(replicates), mse)
