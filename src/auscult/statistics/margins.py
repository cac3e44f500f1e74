"""Margins: population totals by the levels of one variable, and the collapse of sparse levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import EmptyMarginLevel, InvalidCounts, InvalidMargin

#: Fewest respondents a margin level may have before it is collapsed. Battaglia, Hoaglin and Frankel (2009),
#: "Practical considerations in raking survey data", advise 20 to 30.
FEWEST_IN_MARGIN_LEVEL = 25


@dataclass(frozen=True)
class Margin:
    """Population totals of one variable, and the level of every cell.

    Args:
        name: variable, for example ``"specialty"``.
        levels: names of the levels, length L.
        totals: population total of each level, shape (L,), persons, all > 0.
        level_of_cell: index of the level each cell belongs to, shape (C,), domain 0 … L−1.
    """

    name: str
    levels: tuple[str, ...]
    totals: NDArray[np.float64]
    level_of_cell: NDArray[np.intp]

    def __post_init__(self) -> None:
        if self.totals.shape != (len(self.levels),):
            raise InvalidMargin(f"Margin {self.name!r} has {len(self.levels)} levels but {self.totals.shape} totals.")
        if not np.isfinite(self.totals).all() or (self.totals <= 0).any():
            raise InvalidMargin(f"Every total of margin {self.name!r} must be a finite number above zero.")
        if self.level_of_cell.size and not (
            self.level_of_cell.min() >= 0 and self.level_of_cell.max() < len(self.levels)
        ):
            raise InvalidMargin(f"A cell of margin {self.name!r} points to a level that does not exist.")

    def counts(self, cell_counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum cell counts to the levels: shape (C,) to shape (L,)."""
        return np.bincount(self.level_of_cell, weights=cell_counts, minlength=len(self.levels))


def make_margin(
    name: str,
    population: Mapping[str, float],
    cell_values: Sequence[str],
    *,
    cell_counts: Sequence[float] | None = None,
) -> Margin:
    """Build a margin from a population table and the value of each cell.

    Args:
        name: variable.
        population: level → persons. Levels with a total of zero are dropped.
        cell_values: the level of each cell, length C.
        cell_counts: respondents of each cell; where given, a level without respondents is refused at once.

    Raises:
        InvalidMargin: a cell has a level that the population lacks.
        EmptyMarginLevel: a population level has no respondent (only with ``cell_counts``).
    """
    levels = tuple(level for level, total in population.items() if total != 0)
    index = {level: position for position, level in enumerate(levels)}
    unknown = sorted({value for value in cell_values if value not in index})
    if unknown:
        raise InvalidMargin(
            f"Respondents have {name} = {', '.join(map(repr, unknown))}, which the population does not know. "
            "Correct the level or load a population that counts it."
        )
    margin = Margin(
        name,
        levels,
        np.array([population[level] for level in levels], dtype=float),
        np.array([index[value] for value in cell_values], dtype=np.intp),
    )
    if cell_counts is not None:
        empty = np.flatnonzero(margin.counts(np.asarray(cell_counts, dtype=float)) == 0)
        if empty.size:
            raise EmptyMarginLevel(name, levels[int(empty[0])])
    return margin


@dataclass(frozen=True)
class Collapse:
    """One merger of sparse levels: which levels became which."""

    margin: str
    levels: tuple[str, ...]
    into: str


def collapse_sparse_levels(
    name: str,
    population: Mapping[str, float],
    cell_values: Sequence[str],
    cell_counts: Sequence[float] | NDArray[np.float64],
    *,
    fewest: int = FEWEST_IN_MARGIN_LEVEL,
) -> tuple[Margin, Collapse | None]:
    """Merge every level with fewer than ``fewest`` respondents into one pooled level.

    The pool takes the next smallest level until it reaches ``fewest`` itself. With all levels sparse the margin
    has one level and constrains only the total.

    Args:
        name: variable.
        population: level → persons; a level with total 0 is dropped unless respondents have it.
        cell_values: level of each cell, length C.
        cell_counts: respondents of each cell, shape (C,), counts.
        fewest: smallest number of respondents a level may keep, count.

    Returns:
        The margin after collapse and a note of what was merged, or None where nothing was.

    Raises:
        InvalidMargin: respondents have a level that the population does not know.
    """
    counts = np.asarray(cell_counts, dtype=float)
    nobody = sorted({value for value in cell_values if population.get(value) == 0})
    if nobody:
        raise InvalidMargin(
            f"Respondents have {name} = {', '.join(map(repr, nobody))}, of whom the population counts 0. "
            "Correct the total or the level."
        )
    unknown = sorted({value for value in cell_values if population.get(value, -1) < 0})
    if unknown:
        raise InvalidMargin(
            f"Respondents have {name} = {', '.join(map(repr, unknown))}, which the population does not know. "
            "Correct the level or load a population that counts it."
        )
    respondents = dict.fromkeys((level for level, total in population.items() if total > 0), 0.0)
    for value, count in zip(cell_values, counts, strict=True):
        respondents[value] += float(count)
    by_size = sorted(respondents, key=lambda level: (respondents[level], level))
    pooled = [level for level in by_size if respondents[level] < fewest]
    if pooled:
        for level in by_size[len(pooled) :]:
            if sum(respondents[each] for each in pooled) >= fewest and len(pooled) > 1:
                break
            pooled.append(level)
    if not pooled:
        return make_margin(name, population, cell_values), None
    into = " + ".join(sorted(pooled)) if len(pooled) <= 4 else f"{len(pooled)} small levels"
    merged: dict[str, float] = {}
    for level, total in population.items():
        if total > 0:
            key = into if level in pooled else level
            merged[key] = merged.get(key, 0.0) + total
    values = [into if value in pooled else value for value in cell_values]
    return make_margin(name, merged, values), Collapse(name, tuple(sorted(pooled)), into)


def check_counts(counts: NDArray[np.float64], what: str) -> None:
    """Refuse counts that are negative, fractional or not finite.

    Raises:
        InvalidCounts: naming ``what``.
    """
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise InvalidCounts(f"{what} must be whole numbers of at least zero.")


def check_answers(counts: NDArray[np.float64], respondents: NDArray[np.float64]) -> None:
    """Refuse a table of answers that its cells cannot hold.

    Args:
        counts: respondents by cell and answer of one question, shape (C, A).
        respondents: all respondents by cell, shape (C,).

    Raises:
        InvalidCounts: counts are not whole and non-negative, or a cell has more answers than people.
    """
    if counts.ndim != 2 or counts.shape[0] != respondents.size:
        raise InvalidCounts("The table of answers, the cells and the weights have different shapes.")
    check_counts(counts, "Counts of answers by cell")
    if (counts.sum(axis=1) > respondents).any():
        raise InvalidCounts("A cell has more answers than respondents; a single-choice question allows one each.")
