"""Bootstrap of one question from counts, each replicate raked anew.

Drawing n people with replacement is drawing from the occupied pairs *cell × answer*, so no rows are needed; the raking
of a replicate costs the number of cells. Source: Efron (1979), n of n with replacement; Rubin (1981)
for Dirichlet weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate, EmptyDomain, RakingDidNotConverge
from auscult.statistics.margins import Margin, check_answers
from auscult.statistics.raking import fit_margins

#: Largest relative error of a margin in a replicate. Far below what 200 replicates can tell apart.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class BootstrapShares:
    """Shares of the answers in every replicate.

    Attributes:
        replicates: shape (R, A), 0–1.
        covariance: of the shares over the replicates, shape (A, A).
    """

    replicates: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Shape (A,)."""
        return np.sqrt(np.diag(self.covariance))

    def percentile_interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Percentiles of the replicates, shape (A, 2)."""
        tail = (1 - level) / 2
        interval: NDArray[np.float64] = np.quantile(self.replicates, [tail, 1 - tail], axis=0).T
        return interval


def bootstrap_shares(
    counts: NDArray[np.integer | np.floating],
    respondents: NDArray[np.float64],
    margins: Sequence[Margin],
    *,
    replicates: int = 200,
    draws: str = "multinomial",
    random: np.random.Generator,
) -> BootstrapShares:
    """Resample respondents, rake each replicate to the margins and compute its shares.

    Args:
        counts: respondents by cell and answer of one question, shape (C, A).
        respondents: all respondents by cell, shape (C,), at least the row sums of ``counts``.
        margins: over the same cells.
        replicates: R, ≥ 2.
        draws: ``"multinomial"``, ``"poisson"``, or ``"dirichlet"``, which never empties a margin level.
        random: generator; its seed makes the replicates reproducible.

    Raises:
        EmptyMarginLevel: a replicate has nobody in a level; use Dirichlet draws or collapse the level.
        RakingDidNotConverge: a replicate cannot meet the margins.
        CannotEstimate: nobody answered, fewer than two replicates, or unknown draws.
    """
    check_answers(np.asarray(counts, dtype=float), respondents)
    cells, answers = counts.shape
    silent = respondents - counts.sum(axis=1)
    outcome = np.column_stack([counts, silent]).astype(np.int64)
    flat = outcome.reshape(-1)
    n = int(flat.sum())
    if replicates < 2 or not counts.any() or draws not in {"multinomial", "poisson", "dirichlet"}:
        raise CannotEstimate(
            "A bootstrap needs somebody who answered, two replicates or more, and multinomial, poisson or dirichlet."
        )
    occupied = np.flatnonzero(flat)
    of_person = np.repeat(np.arange(flat.size, dtype=np.int32), flat) if draws == "multinomial" else None
    shares = np.empty((replicates, answers))
    for row in range(replicates):
        if of_person is not None:
            drawn = np.bincount(of_person[random.integers(0, n, n, dtype=np.int32)], minlength=flat.size).astype(float)
        else:
            drawn = np.zeros(flat.size)
            size = flat[occupied]
            drawn[occupied] = random.poisson(size) if draws == "poisson" else random.standard_gamma(size)
        table = drawn.reshape(cells, answers + 1)
        fit = fit_margins(table.sum(axis=1), margins, tolerance=TOLERANCE)
        if not fit.converged:
            raise RakingDidNotConverge(fit.iterations, fit.worst_relative_error)
        weighted = fit.factor @ table[:, :answers]
        if not weighted.any():
            raise EmptyDomain(
                "A replicate has nobody who answered this question. It is too rarely answered to bootstrap."
            )
        shares[row] = weighted / weighted.sum()
    return BootstrapShares(shares, np.atleast_2d(np.cov(shares.T)))
