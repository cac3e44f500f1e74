"""Shares of the answers to one question, from the table *cell × answer → count*.

The variance is Taylor-linearised with the residuals of the calibration (the exact base-weighted projection):
Deville and Särndal (1992), equation 3.4; the same as R ``calibrate(calfun = "raking")`` followed by ``svymean``.
R's ``rake()`` uses ten sweeps of unweighted margin means instead; see docs/method/weighted-shares.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.intervals import Interval, IntervalMethod, share_interval
from auscult.statistics.margins import check_counts
from auscult.statistics.raking import Weights, require_convergence


@dataclass(frozen=True)
class ShareEstimate:
    """One answer's share.

    Attributes:
        answer: code of the choice.
        count: respondents who chose it.
        base: respondents who answered the question.
        raw_share: count ÷ base, 0–1.
        share: weighted share, 0–1.
        standard_error: linearised, of the weighted share.
        interval: 95 % interval of the weighted share.
        design_effect: variance ÷ variance of a simple random sample with replacement of the same size.
        n_effective: base ÷ design effect.
    """

    answer: str
    count: int
    base: int
    raw_share: float
    share: float
    standard_error: float
    interval: Interval
    design_effect: float
    n_effective: float


@dataclass(frozen=True)
class QuestionEstimate:
    """All shares of one question and their covariance, shape (A, A), in the order of ``shares``."""

    shares: tuple[ShareEstimate, ...]
    covariance: NDArray[np.float64]


def estimate_shares(
    answers: Sequence[str],
    counts: NDArray[np.float64],
    cell_counts: NDArray[np.float64],
    weights: Weights,
    *,
    level: float = 0.95,
) -> QuestionEstimate:
    """Estimate the share of every answer to one question.

    Args:
        answers: codes of the choices, length A.
        counts: respondents by cell and answer, shape (C, A), counts.
        cell_counts: all respondents of the survey by cell, shape (C,); at least the row sums of ``counts``.
        weights: raked weights of the same cells.
        level: confidence of the intervals, between 0 and 1.

    Returns:
        Shares among those who answered the question, with their covariance.

    Raises:
        InvalidCounts: shapes disagree, nobody answered, fewer than two respondents, or more answers than people.
        RakingDidNotConverge: the weights do not meet their margins.
    """
    require_convergence(weights)
    counts = np.asarray(counts, dtype=float)
    cell_counts = np.asarray(cell_counts, dtype=float)
    if counts.shape != (cell_counts.size, len(answers)) or weights.weight.shape != cell_counts.shape:
        raise InvalidCounts("The table of answers, the cells and the weights have different shapes.")
    check_counts(counts, "Counts of answers by cell")
    answered = counts.sum(axis=1)
    if (answered > cell_counts).any():
        raise InvalidCounts("A cell has more answers than respondents; a single-choice question allows one each.")
    n, base = float(cell_counts.sum()), float(answered.sum())
    if base == 0:
        raise InvalidCounts("Nobody answered this question.")
    if n < 2:
        raise InvalidCounts("One respondent has no sampling variance; at least two are needed.")
    weight = weights.weight
    total = float(answered @ weight)
    share = (weight @ counts) / total
    covariance = _linearised_covariance(counts, answered, cell_counts, weights, share, total)
    variance = np.clip(np.diag(covariance), 0, None)
    kish = float(base * (answered @ weight**2) / total**2)
    estimates = []
    for a, answer in enumerate(answers):
        p, se = float(np.clip(share[a], 0, 1)), float(np.sqrt(variance[a]))
        simple = p * (1 - p) / (base - 1) if base > 1 else 0.0
        effect = float(variance[a] / simple) if simple > 0 and variance[a] > 0 else kish
        estimates.append(
            ShareEstimate(
                answer=answer,
                count=int(counts[:, a].sum()),
                base=int(base),
                raw_share=float(counts[:, a].sum() / base),
                share=p,
                standard_error=se,
                interval=share_interval(
                    IntervalMethod.LOGIT, p, se, n - 1, n=base, n_effective=base / effect, level=level
                ),
                design_effect=effect,
                n_effective=base / effect,
            )
        )
    return QuestionEstimate(tuple(estimates), covariance)


def _linearised_covariance(
    counts: NDArray[np.float64],
    answered: NDArray[np.float64],
    cell_counts: NDArray[np.float64],
    weights: Weights,
    share: NDArray[np.float64],
    total: float,
) -> NDArray[np.float64]:
    """Covariance of the shares, shape (A, A).

    A respondent of cell c has the influence z = (1[answer = a] − p_a) ÷ W, or 0 without an answer, and the
    residual e = z − f_c, where f is the projection of z on the margin indicators. Sums over the people of a cell
    need only its counts.
    """
    weight = weights.weight
    influence_sums = (counts - np.outer(answered, share)) / total  # (C, A): sum of z over the people of the cell
    fitted = _project(influence_sums, cell_counts, weights)  # (C, A)
    squares = weight**2
    # Sum over people of w²·e_a·e_b, expanded: Σ z_a z_b − f_b Σ z_a − f_a Σ z_b + n f_a f_b.
    by_answer = squares @ counts
    cross = np.outer(by_answer, share)
    products = (np.diag(by_answer) - cross - cross.T + np.outer(share, share) * float(squares @ answered)) / total**2
    mixed = (influence_sums * squares[:, None]).T @ fitted
    products = products - mixed - mixed.T + (fitted * (squares * cell_counts)[:, None]).T @ fitted
    sums = weight @ (influence_sums - cell_counts[:, None] * fitted)
    n = float(cell_counts.sum())
    result: NDArray[np.float64] = n / (n - 1) * (products - np.outer(sums, sums) / n)
    return result


def _project(
    influence_sums: NDArray[np.float64], cell_counts: NDArray[np.float64], weights: Weights
) -> NDArray[np.float64]:
    """Fitted values of the influence on the margin indicators, by least squares with the (equal) base weights."""
    indicators = np.hstack([np.eye(len(m.levels))[m.level_of_cell] for m in weights.margins])
    gram = indicators.T @ (indicators * cell_counts[:, None])
    # The indicators of several margins are collinear; the pseudo-inverse gives the unique fitted values.
    coefficients = np.linalg.pinv(gram, rcond=1e-12, hermitian=True) @ (indicators.T @ influence_sums)
    fitted: NDArray[np.float64] = indicators @ coefficients
    return fitted
