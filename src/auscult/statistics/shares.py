"""Shares of the answers to questions, from the table *cell × answer → count*, with intervals and design effects.

The variance is Taylor-linearised with the residuals of the calibration (the exact base-weighted projection):
Deville and Särndal (1992), equation 3.4; the same as R ``calibrate(calfun = "raking")`` followed by ``svymean``.
R's ``rake()`` uses ten sweeps of unweighted margin means instead; see docs/method/variance.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.intervals import Interval, logit_intervals
from auscult.statistics.linearisation import Linearisation, ShareTable
from auscult.statistics.margins import check_answers
from auscult.statistics.raking import Weights

#: Answers that are estimated together. More make tables that leave the processor's cache, fewer cost calls.
ANSWERS_AT_ONCE = 12


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


#: One question: its code, the codes of its answers, and counts by cell and answer, shape (C, A).
type QuestionTable = tuple[str, Sequence[str], NDArray[np.integer | np.floating]]


def estimate_shares(
    answers: Sequence[str],
    counts: NDArray[np.floating | np.integer],
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
    cell_counts = np.asarray(cell_counts, dtype=float)
    check_answers(np.asarray(counts, dtype=float), cell_counts)
    common = Linearisation(weights, cell_counts, np.zeros(cell_counts.size, dtype=np.intp), 1)
    (found,) = estimate_questions([("", answers, counts)], common, level=level).values()
    return found


def estimate_questions(
    questions: Iterable[QuestionTable], common: Linearisation, *, level: float = 0.95
) -> dict[str, QuestionEstimate]:
    """Estimate all questions of a survey.

    Args:
        questions: code, answers and counts of each; may be a generator, so that no more than a few tables are in
            memory at a time.
        common: weights and cells, with a single domain.
        level: confidence of the intervals, between 0 and 1.

    Raises:
        InvalidCounts: see ``estimate_shares``.
    """
    estimates = {}
    for chunk, table in _estimates(questions, common):
        start = 0
        for (code, answers, _), covariance in zip(chunk, table.covariances, strict=True):
            part = slice(start, start + len(answers))
            start += len(answers)
            if table.bases[0, part.start] == 0:
                raise InvalidCounts("Nobody answered this question.")
            one = _one(table, part)
            estimates[code] = QuestionEstimate(tuple(_share_estimates(answers, one, common.n, level)), covariance[0])
    return estimates


@dataclass(frozen=True)
class DomainEstimates:
    """Shares of the answers to one question within domains, each of shape (D, A).

    Attributes:
        answers: codes of the choices, length A.
        counts: respondents who chose the answer.
        bases: respondents of the domain who answered.
        shares: weighted, 0–1; NaN where nobody of the domain answered.
        standard_errors: linearised.
        low: lower ends of the intervals.
        high: upper ends.
        design_effects: variance ÷ that of a simple random sample of the same size.
    """

    answers: tuple[str, ...]
    counts: NDArray[np.float64]
    bases: NDArray[np.float64]
    shares: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    design_effects: NDArray[np.float64]

    def of(self, domain: int) -> tuple[ShareEstimate, ...]:
        """The shares of one domain, or () where nobody of it answered."""
        if self.bases[domain, 0] == 0:
            return ()
        return tuple(
            ShareEstimate(
                answer=answer,
                count=int(self.counts[domain, a]),
                base=int(self.bases[domain, a]),
                raw_share=float(self.counts[domain, a] / self.bases[domain, a]),
                share=float(self.shares[domain, a]),
                standard_error=float(self.standard_errors[domain, a]),
                interval=_interval(self.low[domain, a], self.high[domain, a], self.shares[domain, a],
                                   self.standard_errors[domain, a]),
                design_effect=float(self.design_effects[domain, a]),
                n_effective=float(self.bases[domain, a] / self.design_effects[domain, a]),
            )
            for a, answer in enumerate(self.answers)
        )  # fmt: skip


def estimate_domains(
    questions: Iterable[QuestionTable], common: Linearisation, *, level: float = 0.95
) -> dict[str, DomainEstimates]:
    """Estimate all questions within every domain of ``common``.

    The weights are those of the whole survey; a domain's share is a ratio of weighted counts, and its variance counts
    everybody outside as not having answered: the same as R's ``svyby(~answer, ~domain, design, svymean)``.

    Args and errors: as ``estimate_questions``.
    """
    estimates = {}
    for chunk, table in _estimates(questions, common):
        start = 0
        for code, answers, _ in chunk:
            part = slice(start, start + len(answers))
            start += len(answers)
            shares, errors = table.shares[:, part], np.sqrt(table.variances[:, part])
            effects = _design_effects(table, part)
            with np.errstate(invalid="ignore"):
                low, high = logit_intervals(
                    shares, errors, common.n - 1, n_effective=table.bases[:, part] / effects, level=level
                )
            estimates[code] = DomainEstimates(
                tuple(answers), table.counts[:, part], table.bases[:, part], shares, errors, low, high, effects
            )
    return estimates


def _chunks(questions: Iterable[QuestionTable]) -> Iterator[list[QuestionTable]]:
    chunk: list[QuestionTable] = []
    width = 0
    for question in questions:
        if chunk and width + len(question[1]) > ANSWERS_AT_ONCE:
            yield chunk
            chunk, width = [], 0
        chunk.append(question)
        width += len(question[1])
    if chunk:
        yield chunk


def _estimates(
    questions: Iterable[QuestionTable], common: Linearisation
) -> Iterator[tuple[list[QuestionTable], ShareTable]]:
    room = np.empty(0)
    for chunk in _chunks(questions):
        needed = common.respondents.size * sum(len(answers) for _, answers, _ in chunk)
        if room.size < needed:
            room = np.empty(needed)
        yield chunk, _estimate(chunk, common, room)


def _estimate(chunk: Sequence[QuestionTable], common: Linearisation, room: NDArray[np.float64]) -> ShareTable:
    """Estimate some questions, side by side in ``room``: fresh memory for each would cost more than the sums."""
    sizes = [len(answers) for _, answers, _ in chunk]
    for _, answers, counts in chunk:
        if counts.shape != (common.respondents.size, len(answers)):
            raise InvalidCounts("The table of answers, the cells and the weights have different shapes.")
    side_by_side = room[: common.respondents.size * sum(sizes)].reshape(-1, sum(sizes))
    np.concatenate([table for _, _, table in chunk], axis=1, out=side_by_side)
    return common.estimate(side_by_side, sizes)


def _one(table: ShareTable, part: slice) -> ShareTable:
    return ShareTable(
        table.counts[:, part], table.bases[:, part], table.shares[:, part], table.variances[:, part],
        table.kish[:, part], (),
    )  # fmt: skip


def _design_effects(table: ShareTable, part: slice) -> NDArray[np.float64]:
    """Variance over p(1 − p) ÷ (n − 1); Kish's where the variance is zero and the ratio would say nothing."""
    p, variance, base = table.shares[:, part], table.variances[:, part], table.bases[:, part]
    simple = np.divide(p * (1 - p), base - 1, out=np.zeros(p.shape), where=base > 1)
    with np.errstate(invalid="ignore"):
        usable = (simple > 0) & (variance > 0)
    effects: NDArray[np.float64] = np.divide(variance, simple, out=table.kish[:, part].copy(), where=usable)
    return effects


def _share_estimates(answers: Sequence[str], table: ShareTable, n: float, level: float) -> Iterator[ShareEstimate]:
    effects = _design_effects(table, slice(None))[0]
    shares, base = np.clip(table.shares[0], 0, 1), table.bases[0]
    errors = np.sqrt(table.variances[0])
    low, high = logit_intervals(shares, errors, n - 1, n_effective=base / effects, level=level)
    for a, answer in enumerate(answers):
        yield ShareEstimate(
            answer=answer,
            count=int(table.counts[0, a]),
            base=int(base[a]),
            raw_share=float(table.counts[0, a] / base[a]),
            share=float(shares[a]),
            standard_error=float(errors[a]),
            interval=_interval(low[a], high[a], shares[a], errors[a]),
            design_effect=float(effects[a]),
            n_effective=float(base[a] / effects[a]),
        )


def _interval(low: float, high: float, share: float, error: float) -> Interval:
    exact = share in {0.0, 1.0} or error == 0
    return Interval(float(low), float(high), "clopper-pearson" if exact else "logit")


__all__ = [
    "DomainEstimates", "QuestionEstimate", "QuestionTable", "ShareEstimate", "estimate_domains", "estimate_questions",
    "estimate_shares",
]  # fmt: skip
