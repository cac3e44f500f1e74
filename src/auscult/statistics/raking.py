"""Raking (iterative proportional fitting) of cell weights to margins.

Source: Deming and Stephan (1940); Deville, Särndal and Sautory (1993), equation 2.10 (the multiplicative method).
A raked weight depends only on the cell, so the work is proportional to the number of cells, not of respondents.
Not valid where a population level has no respondent: no weight can reach its total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import EmptyMarginLevel, InvalidCounts, InvalidMargin, RakingDidNotConverge
from auscult.statistics.margins import Margin, check_counts


@dataclass(frozen=True)
class Weights:
    """Weights by cell.

    Attributes:
        weight: persons per respondent, shape (C,).
        base_weight: the weight before raking (population ÷ respondents), persons per respondent.
        margins: the margins that were met, for the projection of the variance.
        iterations: sweeps over all margins.
        converged: whether every margin was met within ``tolerance``.
        worst_relative_error: largest |sum of weights ÷ total − 1| over all levels.
    """

    weight: NDArray[np.float64]
    base_weight: float
    margins: tuple[Margin, ...]
    iterations: int
    converged: bool
    worst_relative_error: float

    def design_effect_of_weights(self, cell_counts: NDArray[np.float64]) -> float:
        """Kish's 1 + CV²: n·Σw² ÷ (Σw)² (Kish 1965, section 11.7)."""
        total = float(cell_counts @ self.weight)
        return float(cell_counts.sum() * (cell_counts @ self.weight**2) / total**2)


def rake(
    cell_counts: Sequence[float] | NDArray[np.float64],
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-10,
    most_iterations: int = 500,
) -> Weights:
    """Rake equal base weights to the margins.

    Args:
        cell_counts: respondents of each cell, shape (C,), counts.
        margins: one or more margins with the same grand total.
        tolerance: largest relative error of a level that counts as met.
        most_iterations: sweeps after which raking stops; ``converged`` is then false.

    Returns:
        Weights with the diagnostics of the iteration.

    Raises:
        InvalidCounts: no respondents, or counts that are not whole and non-negative.
        InvalidMargin: no margin, or grand totals that differ by more than one in a million.
        EmptyMarginLevel: a population level without respondents.
    """
    counts = np.asarray(cell_counts, dtype=float)
    check_counts(counts, "Counts of respondents by cell")
    n = float(counts.sum())
    if n == 0:
        raise InvalidCounts("There are no respondents, so there is nothing to weight.")
    if not margins:
        raise InvalidMargin("Raking needs at least one margin.")
    for margin in margins:
        if margin.level_of_cell.shape != counts.shape:
            raise InvalidMargin(f"Margin {margin.name!r} is for another number of cells than there are counts.")
    base_weight = float(margins[0].totals.sum()) / n
    fit = fit_margins(counts * base_weight, margins, tolerance=tolerance, most_iterations=most_iterations)
    return Weights(
        base_weight * fit.factor, base_weight, tuple(margins), fit.iterations, fit.converged, fit.worst_relative_error
    )


@dataclass(frozen=True)
class MarginFit:
    """Factors by which masses must be multiplied, and how far the iteration came.

    Attributes:
        factor: shape (C,); 1 where there is no mass.
        iterations: sweeps over all margins.
        converged: whether every margin was met.
        worst_relative_error: largest |sum ÷ total − 1| over all levels.
    """

    factor: NDArray[np.float64]
    iterations: int
    converged: bool
    worst_relative_error: float


def fit_margins(
    mass: NDArray[np.float64],
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-10,
    most_iterations: int = 500,
) -> MarginFit:
    """Iterative proportional fitting of any non-negative masses: of cells, of rows, of one replicate.

    Args:
        mass: weighted people of each cell before fitting, shape (C,), ≥ 0.
        margins: one or more margins with the same grand total.
        tolerance: largest relative error of a level that counts as met.
        most_iterations: sweeps after which fitting stops; ``converged`` is then false.

    Raises:
        InvalidMargin: no margin, or grand totals that differ by more than one in a million.
        EmptyMarginLevel: a population level without mass.
    """
    if not margins:
        raise InvalidMargin("Raking needs at least one margin.")
    population = float(margins[0].totals.sum())
    for margin in margins:
        if abs(margin.totals.sum() / population - 1) > 1e-6:
            raise InvalidMargin(
                f"Margin {margin.name!r} adds up to {margin.totals.sum():,.0f}, {margins[0].name!r} to "
                f"{population:,.0f}. Margins of one population must have the same total."
            )
    fitted = mass.copy()
    worst, sweeps = np.inf, 0
    while worst > tolerance and sweeps < most_iterations:
        sweeps += 1
        worst = 0.0
        for margin in margins:
            reached = margin.counts(fitted)
            if sweeps == 1 and not reached.all():
                raise EmptyMarginLevel(margin.name, margin.levels[int(np.argmin(reached))])
            step = margin.totals / reached
            # How far each margin had moved since it was last met; one margin alone stays met.
            worst = max(worst, float(np.abs(1 / step - 1).max())) if len(margins) > 1 else 0.0
            fitted *= step[margin.level_of_cell]
    factor = np.divide(fitted, mass, out=np.ones(mass.shape), where=mass > 0)
    return MarginFit(factor, sweeps, worst <= tolerance, worst)


def require_convergence(weights: Weights) -> Weights:
    """Return the weights, or refuse them where raking did not converge.

    Raises:
        RakingDidNotConverge: the margins were not met.
    """
    if not weights.converged:
        raise RakingDidNotConverge(weights.iterations, weights.worst_relative_error)
    return weights
