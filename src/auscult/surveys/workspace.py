"""The analysis workspace's mathematics: tables by strata, choices of weighting, trends. Pure; nothing small leaves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.differences import Difference, compare_with_rest, difference_of_waves
from auscult.statistics.disclosure import Sum, may_publish
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.independence import ChiSquare, rao_scott_test
from auscult.statistics.linearisation import Linearisation
from auscult.statistics.presentation import FEWEST
from auscult.statistics.representativeness import standardised_difference
from auscult.statistics.results import CellTable, Population, estimate_survey, presentation_of, rake_table
from auscult.statistics.shares import ShareEstimate, estimate_domains, estimate_questions
from auscult.surveys.exports.tables import WITHHELD, ExportSurvey, ReleasedTable, release_tables

#: Most strata that a table crosses (trust.md).
MOST_STRATA = 2


def allowed_tables(table: CellTable, *, minimum: int) -> tuple[tuple[str, ...], ...]:
    """Strata by which tables may be shown.

    Each variable, and then, in a fixed order, each pair that together with everything before gives away no group of fewer
    than the minimum.

    The list follows from the counts alone, so it is the same for whoever asks, whenever, in whatever order.
    """
    allowed: list[tuple[str, ...]] = [(variable,) for variable in table.variables]
    published = [each for by in allowed for each in _sums(table, by, minimum)]
    for pair in combinations(table.variables, MOST_STRATA):
        new = _sums(table, pair, minimum)
        if new and may_publish(published, new, minimum=minimum) is None:
            allowed.append(pair)
            published += new
    return tuple(allowed)


def groups_of(table: CellTable, by: Sequence[str]) -> tuple[list[tuple[str, ...]], NDArray[np.intp]]:
    """Levels of the strata that occur, and the stratum of each cell, shape (C,)."""
    keys = list(zip(*(table.values(variable) for variable in by), strict=True)) if by else [()] * len(table.cells)
    levels = sorted(set(keys))
    index = {level: number for number, level in enumerate(levels)}
    return levels, np.array([index[key] for key in keys], dtype=np.intp)


def _sums(table: CellTable, by: Sequence[str], minimum: int) -> list[Sum]:
    """What a table by strata says of how many there are; the small strata as the one pool that they are shown as."""
    levels, codes = groups_of(table, by)
    people = np.bincount(codes, weights=table.respondents, minlength=len(levels))
    large = [number for number in range(len(levels)) if people[number] >= minimum]
    small = [number for number in range(len(levels)) if people[number] < minimum]
    found = [(" · ".join(levels[number]), [number]) for number in large] + ([("the others", small)] if small else [])
    return [
        Sum(name, frozenset(np.flatnonzero(np.isin(codes, numbers)).tolist()), int(people[numbers].sum()))
        for name, numbers in found
        if people[numbers].sum() > 0
    ]


@dataclass(frozen=True)
class Cell:
    """One answer in one stratum."""

    count: int
    raw_share: float
    share: float | None
    low: float | None
    high: float | None
    caution: str | None


@dataclass(frozen=True)
class Line:
    """One stratum; the pool of small ones has no levels."""

    levels: tuple[str, ...]
    base: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """One stratum against all the others, for one answer; p adjusted for looking at all strata (Holm)."""

    levels: tuple[str, ...]
    difference: Difference
    adjusted_p: float


@dataclass(frozen=True)
class Crosstab:
    """One item by strata.

    Attributes:
        answers: (code, label) of the columns; rare ones are put together.
        compared: label of the answer that is compared, the commonest.
        refusal: why nothing, nothing weighted, or no comparison is shown; empty where everything is.
        independence: whether the answer depends on the strata that are shown (Rao and Scott 1984, second order), or None.
    """

    item: str
    by: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    compared: str
    comparisons: tuple[Comparison, ...]
    refusal: str
    independence: ChiSquare | None = None


@dataclass(frozen=True)
class _Weighted:
    shares: list[list[ShareEstimate]]
    comparisons: tuple[Comparison, ...] = ()
    refusal: str = ""
    independence: ChiSquare | None = None


def crosstab(
    table: CellTable, survey: ExportSurvey, item: str, by: Sequence[str], population: Population | None
) -> Crosstab:
    """One item by strata, as it may be shown: exactly the groups that the exported files hold.

    Args:
        table: counts by cell.
        survey: the same survey as exports see it, by the same strata.
        item: code.
        by: one or two variables.
        population: margins that the weights are raked to, or None.

    Raises:
        ValueError: no strata or more than two, or not those of the survey.
    """
    if not 1 <= len(by) <= MOST_STRATA:
        raise ValueError(f"A table is by one or two strata, not by {len(by)}.")
    if tuple(by) != survey.strata:
        raise ValueError(f"The survey is laid out by {survey.strata}, not by {tuple(by)}.")
    released = next(each for each in release_tables(survey) if each.item.code == item)
    if released.withheld or all(WITHHELD in levels for levels in released.strata):
        why = f"Groups of fewer than {survey.minimum} would show, so no table of this question by these strata is made."
        return Crosstab(item, tuple(by), (), (), "", (), why)
    weighted = _weighted(table, released, by, population)
    lines = []
    for row, levels in enumerate(released.strata):
        base = int(released.counts[row].sum())
        cells = []
        for column in range(len(released.answers)):
            count = int(released.counts[row, column])
            share = weighted.shares[row][column] if weighted.shares else None
            cells.append(
                Cell(
                    count,
                    count / base if base else 0.0,
                    round(share.share, 3) if share else None,
                    round(share.interval.low, 3) if share else None,
                    round(share.interval.high, 3) if share else None,
                    presentation_of(share) if share else None,
                )
            )
        lines.append(Line(() if WITHHELD in levels else levels, base, tuple(cells)))
    leading = int(np.argmax(released.totals()))
    return Crosstab(
        item,
        tuple(by),
        released.answers,
        tuple(lines),
        released.answers[leading][1],
        weighted.comparisons,
        weighted.refusal,
        weighted.independence,
    )


def _weighted(table: CellTable, released: ReleasedTable, by: Sequence[str], population: Population | None) -> _Weighted:
    """Weighted shares in the strata that are shown, and each stratum against the rest for the commonest answer."""
    if population is None:
        return _Weighted([], refusal="There is no population to weight to; shares are of those who answered.")
    levels, codes = groups_of(table, by)
    place = {level: row for row, level in enumerate(released.strata)}
    pool = next((row for row, level in enumerate(released.strata) if WITHHELD in level), 0)
    rows = np.array([place.get(level, pool) for level in levels], dtype=np.intp)[codes]
    counts = _columns(table, released, released.item.code)
    try:
        weights = rake_table(table, population)[0]
    except CannotEstimate as error:
        return _Weighted([], refusal=str(error))
    common = Linearisation(weights, table.respondents, rows, len(released.strata))
    names = [code for code, _ in released.answers]
    found = estimate_domains([("", names, counts)], common)[""]
    shares = [list(found.of(row)) for row in range(common.domains)]
    if common.domains < 2:
        return _Weighted(shares)
    names_of = [() if WITHHELD in level else level for level in released.strata]
    few = [row for row in range(common.domains) if released.counts[row].sum() < FEWEST]
    if few:
        named = "; ".join(" · ".join(names_of[row]) or "the small strata together" for row in few)
        refusal = f"Comparisons need {FEWEST} answers in each stratum, so none is made. Fewer are in: {named}."
        return _Weighted(shares, refusal=refusal, independence=_independence(common, counts))
    comparisons = compare_with_rest(common, counts, int(np.argmax(counts.sum(axis=0))))
    return _Weighted(
        shares,
        tuple(Comparison(names_of[each.domain], each.difference, each.adjusted_p) for each in comparisons),
        independence=_independence(common, counts),
    )


def _independence(common: Linearisation, counts: NDArray[np.float64]) -> ChiSquare | None:
    """Test of the table *stratum × answer*, each pair of which is one answer of a question to everybody."""
    strata, answers = common.domains, counts.shape[1]
    if answers < 2:
        return None
    pairs = np.zeros((counts.shape[0], answers, strata))
    pairs[np.arange(counts.shape[0]), :, common.domain_of_cell] = counts
    everybody = replace(common, domain_of_cell=np.zeros_like(common.domain_of_cell), domains=1)
    codes = [str(number) for number in range(answers * strata)]
    found = estimate_questions([("", codes, pairs.reshape(counts.shape[0], -1))], everybody)[""]
    shares = np.array([share.share for share in found.shares])
    try:
        return rao_scott_test(
            shares, found.covariance, rows=strata, n=float(counts.sum()), degrees_of_freedom=common.n - 1
        )
    except CannotEstimate:
        return None


def _columns(table: CellTable, released: ReleasedTable, item: str) -> NDArray[np.float64]:
    """Counts by cell with the answers as released: rare ones in one column."""
    choices = list(table.choices[item])
    counts = table.answers[item]
    parts = [
        counts[:, [choices.index(rare) for rare in released.rare]].sum(axis=1)
        if code == WITHHELD
        else counts[:, choices.index(code)]
        for code, _ in released.answers
    ]
    return np.column_stack(parts)


@dataclass(frozen=True)
class WeightingChoice:
    """What one choice of margins does.

    Attributes:
        margins: raked to; empty is unweighted.
        design_effect: of the weights (Kish).
        n_effective: respondents ÷ design effect.
        shares: (item, answer) → share.
        largest_difference: largest absolute standardised difference over all margins, raked to or not.
        refusal: why there are no figures; empty where there are.
    """

    margins: tuple[str, ...]
    design_effect: float | None
    n_effective: float | None
    largest_difference: float | None
    shares: Mapping[tuple[str, str], float]
    refusal: str


def choose_weighting(table: CellTable, population: Population, margins: Sequence[str]) -> WeightingChoice:
    """Estimates under some of the margins, to set beside others.

    Args:
        population: margins that there are.
        margins: those that are raked to; none gives raw shares.

    Raises:
        ValueError: a margin that there is not.
    """
    if unknown := [name for name in margins if name not in population]:
        raise ValueError(f"There is no margin {unknown[0]!r}; there are {', '.join(population)}.")
    n = float(table.respondents.sum())
    if not margins:
        raw = {
            (item, choice): round(float(count / counts.sum()), 3)
            for item, counts in table.answers.items()
            if counts.sum()
            for choice, count in zip(table.choices[item], counts.sum(axis=0), strict=True)
        }
        return WeightingChoice((), 1.0, n, _largest_difference(table, population, table.respondents), raw, "")
    try:
        found = estimate_survey(table, {name: population[name] for name in margins})
    except CannotEstimate as error:
        return WeightingChoice(tuple(margins), None, None, None, {}, str(error))
    shares = {
        (item, share.answer): round(share.share, 3)
        for item, estimate in found.questions.items()
        for share in estimate.shares
    }
    weighted = table.respondents * found.weights.weight
    return WeightingChoice(
        tuple(margins),
        round(found.design_effect_of_weights, 2),
        round(found.n_effective),
        _largest_difference(table, population, weighted),
        shares,
        "",
    )


def _largest_difference(table: CellTable, population: Population, mass: NDArray[np.float64]) -> float:
    worst = 0.0
    for variable, levels in population.items():
        total = sum(levels.values())
        values = np.array(table.values(variable))
        for level, persons in levels.items():
            if persons:
                share = float(mass[values == level].sum() / mass.sum())
                difference = standardised_difference(share, persons / total)
                worst = max(worst, abs(difference)) if np.isfinite(difference) else worst
    return round(worst, 2)


@dataclass(frozen=True)
class Wave:
    """One survey of a series."""

    label: str
    wording: str
    choices: tuple[tuple[str, str], ...]
    shares: tuple[ShareEstimate, ...]


@dataclass(frozen=True)
class TrendCell:
    """One answer in one wave, and what changed since the wave before."""

    label: str
    share: float
    low: float
    high: float
    difference: Difference | None


@dataclass(frozen=True)
class TrendLine:
    """One wave; ``changed`` where wording or choices differ from the wave before."""

    label: str
    wording: str
    changed: bool
    cells: tuple[TrendCell, ...]


def trend(waves: Sequence[Wave]) -> tuple[TrendLine, ...]:
    """A question over waves, the oldest first; across a changed wording no difference is computed."""
    lines: list[TrendLine] = []
    before: Wave | None = None
    for wave in waves:
        changed = before is not None and (before.wording, before.choices) != (wave.wording, wave.choices)
        old = {} if before is None or changed else {share.answer: share for share in before.shares}
        labels = dict(wave.choices)
        lines.append(
            TrendLine(
                wave.label,
                wave.wording,
                changed,
                tuple(
                    TrendCell(
                        labels[share.answer],
                        round(share.share, 3),
                        round(share.interval.low, 3),
                        round(share.interval.high, 3),
                        difference_of_waves(share, old[share.answer]) if share.answer in old else None,
                    )
                    for share in wave.shares
                ),
            )
        )
        before = wave
    return tuple(lines)
