"""Tests of independence in a weighted two-way table, from its shares and their covariance.

Source: Rao and Scott (1981, 1984); Koch, Freeman and Freeman (1975) for Wald; Kuonen (1999) for the saddlepoint. The
row path and the cell path both end here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from auscult.statistics.errors import CannotEstimate


@dataclass(frozen=True)
class ChiSquare:
    """A test of independence.

    Attributes:
        statistic: F, or Pearson's X² where the method is Chisq or saddlepoint.
        degrees_of_freedom: numerator and denominator of F; one number for Chisq; none for saddlepoint.
        p_value: 0–1.
        method: which of the five.
    """

    statistic: float
    degrees_of_freedom: tuple[float, ...]
    p_value: float
    method: str


def rao_scott_test(
    shares: NDArray[np.float64],
    covariance: NDArray[np.float64],
    *,
    rows: int,
    n: float,
    degrees_of_freedom: float,
    statistic: str = "F",
    r_compatible: bool = False,
) -> ChiSquare:
    """Test independence by Pearson's X², corrected by the design effects of the interactions.

    Args:
        shares: of the cells, shape (R·C,), rows running fastest, sum 1.
        covariance: of the shares, shape (R·C, R·C).
        rows: R, ≥ 2.
        n: respondents.
        degrees_of_freedom: of the design.
        statistic: ``"F"`` (second order), ``"Chisq"`` (first order) or ``"saddlepoint"``.
        r_compatible: cut the degrees of freedom below the saddlepoint to a whole number, as R does.

    Raises:
        CannotEstimate: fewer than two rows or columns, an empty row or column, or an unknown statistic.
    """
    columns = shares.size // rows
    if rows < 2 or columns < 2:
        raise CannotEstimate("A test of independence needs at least two levels of each variable.")
    table = shares.reshape(columns, rows).T
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    if (expected <= 0).any():
        raise CannotEstimate("A level has nobody in it. Leave it out of the table.")
    pearson = float(n * ((table - expected) ** 2 / expected).sum())
    delta = _generalised_design_effects(shares, covariance, rows, columns, n)
    trace, square = float(np.trace(delta)), float(np.trace(delta @ delta))
    if not trace > 0:
        raise CannotEstimate("The table has no sampling variance: its cells are fixed by the weighting.")
    below = trace**2 / square * degrees_of_freedom
    if statistic == "F":
        value, above = pearson / trace, trace**2 / square
        return ChiSquare(value, (above, below), upper_f(value, above, below), "Rao–Scott, second order")
    if statistic == "Chisq":
        size = float(delta.shape[0])
        tail = float(special.chdtrc(size, pearson * size / trace))
        return ChiSquare(pearson, (size,), tail, "Rao–Scott, first order")
    if statistic == "saddlepoint":
        terms = float(np.floor(below)) if r_compatible else below
        tail = saddlepoint_tail(pearson, np.linalg.eigvals(delta).real, below, terms=terms)
        return ChiSquare(pearson, (), tail, "Rao–Scott, saddlepoint")
    raise CannotEstimate(f"Unknown statistic {statistic!r}: choose F, Chisq, Wald, adjWald or saddlepoint.")


def _generalised_design_effects(
    shares: NDArray[np.float64], covariance: NDArray[np.float64], rows: int, columns: int, n: float
) -> NDArray[np.float64]:
    """Design effects of the interactions as a matrix, shape ((R−1)(C−1), (R−1)(C−1))."""
    row, column = np.arange(rows * columns) % rows, np.arange(rows * columns) // rows
    one = np.ones(rows * columns)
    main = np.column_stack([one, *(row == r for r in range(1, rows)), *(column == c for c in range(1, columns))])
    interaction = np.column_stack(
        [((row == r) & (column == c)).astype(float) for c in range(1, columns) for r in range(1, rows)]
    )
    contrasts = interaction - main @ np.linalg.lstsq(main, interaction, rcond=None)[0]
    inverse = np.divide(1.0, shares, out=np.zeros(shares.shape), where=shares > 0)
    scaled = contrasts * inverse[:, None]
    solved: NDArray[np.float64] = np.linalg.solve((scaled / n).T @ contrasts, scaled.T @ covariance @ scaled)
    return solved


def wald_test(
    totals: NDArray[np.float64],
    covariance: NDArray[np.float64],
    *,
    rows: int,
    degrees_of_freedom: float,
    adjusted: bool = True,
) -> ChiSquare:
    """Test that every cell is row × column ÷ total.

    Args:
        totals: weighted people of the cells, shape (R·C,), rows running fastest.
        covariance: of the totals, shape (R·C, R·C).
        rows: R, ≥ 2.
        degrees_of_freedom: of the design.
        adjusted: correct F for estimating the covariance from few sampling units.

    Raises:
        CannotEstimate: too few degrees of freedom.
    """
    columns = totals.size // rows
    grand = totals.sum()
    row, column = np.arange(totals.size) % rows, np.arange(totals.size) // rows
    of_row, of_column = np.bincount(row, weights=totals), np.bincount(column, weights=totals)
    residual = totals - of_row[row] * of_column[column] / grand
    jacobian = (
        np.eye(totals.size)
        - (row[:, None] == row) * of_column[column][:, None] / grand
        - (column[:, None] == column) * of_row[row][:, None] / grand
        + (of_row[row] * of_column[column])[:, None] / grand**2
    )
    size = float((rows - 1) * (columns - 1))
    below = degrees_of_freedom - size + 1 if adjusted else degrees_of_freedom
    if below <= 0:
        raise CannotEstimate("The Wald test needs more degrees of freedom than cells; use the Rao–Scott F.")
    free = (row > 0) & (column > 0)
    spread = (jacobian @ covariance @ jacobian.T)[np.ix_(free, free)]
    deviation = np.sqrt(np.clip(np.diag(spread), 0, None))
    scaled = spread / np.outer(deviation, deviation) if (deviation > 0).all() else np.zeros(spread.shape)
    if np.linalg.matrix_rank(scaled, tol=1e-10) < int(size):
        raise CannotEstimate(
            "The cells of the table determine each other, so Wald's test has no value; use Rao–Scott F."
        )
    quadratic = float(residual[free] @ np.linalg.solve(spread, residual[free]))
    value = quadratic / size * below / degrees_of_freedom
    return ChiSquare(value, (size, below), upper_f(value, size, below), "adjWald" if adjusted else "Wald")


def upper_f(value: float, above: float, below: float) -> float:
    """P(F > value) with the given degrees of freedom."""
    return float(special.fdtrc(above, below, value))


def saddlepoint_tail(
    value: float, eigenvalues: NDArray[np.float64], denominator: float, *, terms: float | None = None
) -> float:
    """P(Σ λ_i·χ²_1 > value·χ²_d ÷ d), by Lugannani and Rice's formula.

    Args:
        value: Pearson's X², ≥ 0.
        eigenvalues: λ, shape (k,), > 0.
        denominator: d, > 0.
        terms: degrees of freedom of the χ² below, if they differ from d (R cuts them to a whole number).

    Source: Kuonen (1999), applied to Σ λ_i·χ²_1 − (value ÷ d)·χ²_d, whose tail at zero it is.
    """
    eigenvalues = eigenvalues[eigenvalues > 0]
    if value <= 0 or not eigenvalues.size:
        return 1.0
    weights = np.concatenate([eigenvalues, [-value / denominator]])
    freedom = np.concatenate([np.ones(eigenvalues.size), [denominator if terms is None else terms]])
    weights = weights / np.abs(weights).max()

    def cumulant(t: float) -> float:
        return float(-0.5 * (freedom * np.log1p(-2 * t * weights)).sum())

    def slope(t: float) -> float:
        return float((freedom * weights / (1 - 2 * t * weights)).sum())

    def curvature(t: float) -> float:
        return float((2 * freedom * weights**2 / (1 - 2 * t * weights) ** 2).sum())

    inside = 1 - 1e-9
    point = float(optimize.brentq(slope, inside / (2 * weights.min()), inside / (2 * weights.max()), xtol=1e-14))
    if abs(point) < 1e-8:
        return 0.5
    w = float(np.sign(point) * np.sqrt(max(-2 * cumulant(point), 0.0)))
    v = point * float(np.sqrt(curvature(point)))
    return float(special.ndtr(-(w + np.log(v / w) / w)))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values for looking at many domains at once (Holm 1979): shape (K,) to shape (K,), each 0 to 1.

    Raises:
        CannotEstimate: a p-value is not between 0 and 1.
    """
    values = np.asarray(p_values, dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise CannotEstimate("Every p-value must lie between 0 and 1.")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
