"""Shares and their variances from counts by cell, for all answers of many questions in many domains at once.

A respondent of cell c has for answer a the influence z = (1[answer = a] − p_a) ÷ W, W the weighted number who answered
in the domain, or 0 outside; calibration leaves the residual e = z − x'B, B = G⁺·Σx·z with G = Σx·x' over all
respondents (equal base weights). Everything the variance n ÷ (n − 1)·[Σw²e² − (Σwe)² ÷ n] needs are sums of counts by
level of each margin and domain, once plain and once times w². Two sparse products give them; after that nothing
depends on the number of cells.

Source: Deville and Särndal (1992), equation 3.4; Särndal, Swensson and Wretman (1992), section 10.3 for domains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.margins import Margin
from auscult.statistics.raking import Weights, require_convergence


@dataclass(frozen=True)
class ShareTable:
    """Shares of some answers in some domains, each of shape (D, K).

    Attributes:
        counts: respondents who gave the answer.
        bases: respondents of the domain who answered the question.
        shares: weighted, 0–1; NaN where nobody of the domain answered.
        variances: linearised, of the shares.
        kish: 1 + CV² of the weights of those who answered.
        covariances: of the answers of each question, one (D, A, A) for each question.
    """

    counts: NDArray[np.float64]
    bases: NDArray[np.float64]
    shares: NDArray[np.float64]
    variances: NDArray[np.float64]
    kish: NDArray[np.float64]
    covariances: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True)
class Linearisation:
    """What all questions of one survey have in common.

    Attributes:
        weights: raked weights by cell.
        respondents: people of each cell, shape (C,).
        domain_of_cell: domain of each cell, shape (C,), 0 … D−1.
        domains: D.
    """

    weights: Weights
    respondents: NDArray[np.float64]
    domain_of_cell: NDArray[np.intp]
    domains: int

    @property
    def n(self) -> float:
        """All respondents."""
        return float(self.respondents.sum())

    @cached_property
    def _levels(self) -> int:
        return sum(len(margin.levels) for margin in self.weights.margins)

    @cached_property
    def _groups(self) -> list[list[int]]:
        """Margins that are added up together: cells to the few combinations of small margins, those to the levels."""
        sizes = [len(margin.levels) for margin in self.weights.margins]
        groups: list[list[int]] = []
        joint = 0
        for position in sorted(range(len(sizes)), key=lambda each: sizes[each]):
            joint *= sizes[position]
            if groups and joint * self.domains <= self.respondents.size / 8:
                groups[-1].append(position)
            else:
                groups.append([position])
                joint = sizes[position]
        return groups

    @cached_property
    def _sums(self) -> tuple[sparse.csc_array, sparse.csr_array]:
        """Two matrices that add cells up to (domain, level) plain, the same times w², and to domain times w.

        The first, of shape (2J + D, C), adds cells up to the J combinations of domain and group of margins; the second,
        of shape (2DL + D, 2J + D), adds those up to levels.
        """
        margins, cells = self.weights.margins, self.respondents.size
        offsets = np.cumsum([0, *(len(margin.levels) for margin in margins)])
        per_cell = 2 * len(self._groups) + 1
        indices, values = np.empty((cells, per_cell), dtype=np.int32), np.empty((cells, per_cell))
        down, across = [], []
        start = 0
        for column, group in enumerate(self._groups):
            sizes = [len(margins[position].levels) for position in group]
            joint = self.domain_of_cell
            for position, size in zip(group, sizes, strict=True):
                joint = joint * size + margins[position].level_of_cell
            indices[:, column] = joint + start
            whole = self.domains * int(np.prod(sizes))
            rest = np.arange(whole)
            levels = []
            for position, size in zip(reversed(group), reversed(sizes), strict=True):
                rest, level = np.divmod(rest, size)
                levels.append(offsets[position] + level)
            for level in levels:  # what is left of ``rest`` is the domain
                down.append(rest * self._levels + level)
                across.append(np.arange(start, start + whole))
            start += whole
        half = len(self._groups)
        indices[:, half:-1] = indices[:, :half] + start
        indices[:, -1] = 2 * start + self.domain_of_cell
        values[:, :half] = 1.0
        values[:, half:-1] = (self.weights.weight**2)[:, None]
        values[:, -1] = self.weights.weight
        starts = np.arange(0, cells * per_cell + 1, per_cell, dtype=np.int32)
        first = sparse.csc_array(
            (values.reshape(-1), indices.reshape(-1), starts), shape=(2 * start + self.domains, cells)
        )
        rows, columns = np.concatenate(down), np.concatenate(across)
        block = self.domains * self._levels
        last = np.arange(self.domains)
        rows = np.concatenate([rows, rows + block, last + 2 * block])
        columns = np.concatenate([columns, columns + start, last + 2 * start])
        shape = (2 * block + self.domains, 2 * start + self.domains)
        return first, sparse.csr_array((np.ones(rows.size), (rows, columns)), shape=shape)

    def _add_up(
        self, counts: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Counts by cell, shape (C, K), to sums by domain and level plain and times w², and by domain times w."""
        first, second = self._sums
        summed = second @ (first @ counts)
        block, shape = self.domains * self._levels, (self.domains, self._levels, counts.shape[1])
        return summed[:block].reshape(shape), summed[block : 2 * block].reshape(shape), summed[2 * block :]

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        """A generalised inverse of G, shape (L, L): all of them give the same residuals.

        Indicators of several margins overlap in the grand total, so G is singular; without the first level of every
        margin but one it is not, unless one margin determines another.
        """
        plain = cross_sums(self.weights.margins, self.respondents)
        firsts = np.cumsum([len(margin.levels) for margin in self.weights.margins])[:-1]
        kept = np.setdiff1d(np.arange(plain.shape[0]), firsts)
        reduced = plain[np.ix_(kept, kept)]
        try:
            root = np.linalg.cholesky(reduced)
            regular = bool((np.diag(root) ** 2 > 1e-8 * np.diag(reduced)).all())
        except np.linalg.LinAlgError:
            regular = False
        if not regular:
            least: NDArray[np.float64] = np.linalg.pinv(plain, rcond=1e-12, hermitian=True)
            return least
        inverse = np.zeros(plain.shape)
        inverse[np.ix_(kept, kept)] = np.linalg.inv(reduced)
        return inverse

    @cached_property
    def _squared(self) -> NDArray[np.float64]:
        """Σw²·x·x', shape (L, L)."""
        return cross_sums(self.weights.margins, self.respondents * self.weights.weight**2)

    @cached_property
    def _weighted_levels(self) -> NDArray[np.float64]:
        """Σw·x, shape (L,)."""
        mass = self.respondents * self.weights.weight
        return np.concatenate([margin.counts(mass) for margin in self.weights.margins])

    def estimate(self, counts: NDArray[np.float64], questions: Sequence[int]) -> ShareTable:
        """Estimate the shares of the answers to some questions.

        Args:
            counts: respondents by cell and answer, the answers of a question side by side, shape (C, K); checked
                by ``margins.check_answers`` where they come from outside.
            questions: number of answers of each question, adding up to K. The questions of a multiple choice are
                questions of two answers each, chosen and not.

        Raises:
            InvalidCounts: shapes disagree or there are fewer than two respondents.
            RakingDidNotConverge: the weights do not meet their margins.
        """
        require_convergence(self.weights)
        if counts.shape != (self.respondents.size, sum(questions)) or self.weights.weight.size != counts.shape[0]:
            raise InvalidCounts("The table of answers, the cells and the weights have different shapes.")
        if self.n < 2:
            raise InvalidCounts("One respondent has no sampling variance; at least two are needed.")
        starts = np.concatenate([[0], np.cumsum(questions)[:-1]]).astype(np.intp)
        of_answer = np.repeat(np.arange(len(questions)), questions)

        def by_question(values: NDArray[np.float64]) -> NDArray[np.float64]:
            summed: NDArray[np.float64] = np.add.reduceat(values, starts, axis=-1)[..., of_answer]
            return summed

        domains, levels, answers = self.domains, self._levels, counts.shape[1]
        plain, squared, weighted = self._add_up(counts)
        first = len(self.weights.margins[0].levels)
        given, by_square = plain[:, :first].sum(axis=1), squared[:, :first].sum(axis=1)
        bases, total, square_total = by_question(given), by_question(weighted), by_question(by_square)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(total > 0, weighted / total, np.nan)
            inverse_total = np.where(total > 0, 1 / total, 0.0)
            kish = np.where(total > 0, bases * square_total / total**2, np.nan)
        known = np.nan_to_num(shares)
        # Sums of the influences by level, plain and times w², and their projection B.
        scores = (plain - known[:, None, :] * by_question(plain)) * inverse_total[:, None, :]
        scores_squared = (squared - known[:, None, :] * by_question(squared)) * inverse_total[:, None, :]
        flat = scores.transpose(1, 0, 2).reshape(levels, -1)
        fitted = self._inverse @ flat
        moved = (self._squared @ fitted).reshape(levels, domains, answers)
        left = -(self._weighted_levels @ fitted).reshape(domains, answers)
        fitted = fitted.reshape(levels, domains, answers)
        mixed = scores_squared.transpose(1, 0, 2)
        own = (by_square * (1 - 2 * known) + known**2 * square_total) * inverse_total**2
        correction = self.n / (self.n - 1)
        variances = correction * (own + np.einsum("ldk,ldk->dk", fitted, moved - 2 * mixed) - left**2 / self.n)
        covariances = []
        for start, size in zip(starts, questions, strict=True):
            part = slice(start, start + size)
            p, w2, inv = known[:, part], by_square[:, part], inverse_total[:, part][:, :, None]
            cross = w2[:, :, None] * p[:, None, :]
            own_block = (
                -cross - cross.transpose(0, 2, 1) + p[:, :, None] * p[:, None, :] * w2.sum(axis=1)[:, None, None]
            )
            own_block[:, np.arange(size), np.arange(size)] += w2
            b, m, s = fitted[:, :, part], mixed[:, :, part], left[:, part]
            between = np.einsum("lda,ldb->dab", b, m)
            covariances.append(
                correction
                * (
                    own_block * inv**2
                    - between
                    - between.transpose(0, 2, 1)
                    + np.einsum("lda,ldb->dab", b, moved[:, :, part])
                    - s[:, :, None] * s[:, None, :] / self.n
                )
            )
        # What calibration fixes has no variance; what rounding leaves of it would make an endlessly narrow interval.
        fixed = variances < 1e-12 * known * (1 - known) / np.maximum(bases, 1)
        return ShareTable(given, bases, shares, np.where(fixed, 0.0, variances), kish, tuple(covariances))

    def covariance_between_domains(
        self, counts: NDArray[np.integer | np.floating], answer: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Shares of one answer in every domain, shape (D,), and their covariance, shape (D, D).

        The same people weigh all domains, so the shares of two domains are not independent; a difference needs this.

        Args:
            counts: respondents by cell and answer of one question, shape (C, A).
            answer: column of the answer.
        """
        pair = np.column_stack([counts[:, answer], counts.sum(axis=1)]).astype(float)
        plain, squared, weighted = self._add_up(pair)
        if (weighted[:, 1] == 0).any():
            raise InvalidCounts("Nobody of some domain answered this question. Leave that domain out.")
        shares = weighted[:, 0] / weighted[:, 1]
        scores = ((plain[:, :, 0] - shares[:, None] * plain[:, :, 1]) / weighted[:, 1:]).T
        mixed = ((squared[:, :, 0] - shares[:, None] * squared[:, :, 1]) / weighted[:, 1:]).T
        first = len(self.weights.margins[0].levels)
        of_answer, of_all = squared[:, :first, 0].sum(axis=1), squared[:, :first, 1].sum(axis=1)
        own = (of_answer * (1 - 2 * shares) + shares**2 * of_all) / weighted[:, 1] ** 2
        fitted = self._inverse @ scores
        left = -(self._weighted_levels @ fitted)
        between = fitted.T @ mixed
        covariance = np.diag(own) - between - between.T + fitted.T @ self._squared @ fitted
        covariance = self.n / (self.n - 1) * (covariance - np.outer(left, left) / self.n)
        return shares, covariance


def cross_sums(margins: Sequence[Margin], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ mass·x·x' over cells, x the level indicators of all margins: shape (L, L).

    Args:
        margins: M margins with L₁ … L_M levels.
        mass: shape (C,).
    """
    starts = np.cumsum([0, *(len(margin.levels) for margin in margins)])
    sums = np.zeros((int(starts[-1]), int(starts[-1])))
    for i, one in enumerate(margins):
        here = slice(starts[i], starts[i + 1])
        np.fill_diagonal(sums[here, here], one.counts(mass))
        for j in range(i):
            other, there = margins[j], slice(starts[j], starts[j + 1])
            joint = one.level_of_cell * len(other.levels) + other.level_of_cell
            block = np.bincount(joint, weights=mass, minlength=len(one.levels) * len(other.levels))
            sums[here, there] = block.reshape(len(one.levels), -1)
            sums[there, here] = sums[here, there].T
    return sums
