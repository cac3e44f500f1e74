"""From rows to the table *cell × answer → count*: the only step that costs the number of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import InvalidCounts, InvalidMargin
from auscult.statistics.margins import Margin

#: Most cells that a cross of variables may have before it is counted by sorting instead of by a table.
LARGEST_GRID = 5_000_000


@dataclass(frozen=True)
class Cells:
    """The occupied combinations of some variables.

    Attributes:
        variables: names, length V.
        levels: level names of each variable, length V.
        codes: level of each variable for each cell, shape (C, V).
        respondents: people of each cell, shape (C,).
        of_row: cell of each row, shape (n,).
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.intp]
    respondents: NDArray[np.float64]
    of_row: NDArray[np.int64]

    def margin(self, variable: str, totals: Mapping[str, float]) -> Margin:
        """The margin of one variable over these cells.

        Args:
            variable: one of ``variables``.
            totals: population by level, persons, all > 0.

        Raises:
            InvalidMargin: the variable is unknown, or respondents have a level that the population lacks.
        """
        if variable not in self.variables:
            raise InvalidMargin(f"There is no weighting variable {variable!r}; there are {', '.join(self.variables)}.")
        position = self.variables.index(variable)
        known = {level: code for code, level in enumerate(totals)}
        of_level = np.array([known.get(level, -1) for level in self.levels[position]], dtype=np.intp)
        level_of_cell = of_level[self.codes[:, position]]
        if (level_of_cell < 0).any():
            missing = self.levels[position][int(self.codes[level_of_cell < 0, position][0])]
            raise InvalidMargin(f"Respondents have {variable} = {missing!r}, which the population does not know.")
        return Margin(variable, tuple(totals), np.array(list(totals.values()), dtype=float), level_of_cell)

    def tabulate(self, answers: NDArray[np.integer], choices: int) -> NDArray[np.int64]:
        """Count the answers to one question.

        Args:
            answers: code of each row's answer, shape (n,), 0 … A−1; any other value is no answer.
            choices: A.

        Returns:
            Counts, shape (C, A).
        """
        cells = self.respondents.size
        if answers.shape != self.of_row.shape:
            raise InvalidCounts("There must be one answer code for each row.")
        index = np.multiply(self.of_row, choices, out=self._scratch)
        index += answers
        if answers.size and not (int(answers.max()) < choices and int(answers.min()) >= 0):
            index = index[(answers >= 0) & (answers < choices)]
        counted: NDArray[np.int64] = np.bincount(index, minlength=cells * choices)
        return counted.reshape(cells, choices)

    @cached_property
    def _scratch(self) -> NDArray[np.int64]:
        """Room for one index, used again for each question: fresh memory would cost more than the counting."""
        return np.empty(self.of_row.size, dtype=np.int64)


def count_cells(
    variables: Sequence[str], levels: Sequence[Sequence[str]], columns: Sequence[NDArray[np.integer]]
) -> Cells:
    """Find the occupied cells.

    Args:
        variables: names, length V.
        levels: level names of each variable, length V.
        columns: level of each row on each variable, V arrays of shape (n,), 0 … L−1.

    Returns:
        Cells in the order of their codes, the last variable running fastest.

    Raises:
        InvalidCounts: there are no rows, or a code is outside its levels.
    """
    if not columns or columns[0].size == 0:
        raise InvalidCounts("There are no respondents, so there is nothing to count.")
    for name, names, column in zip(variables, levels, columns, strict=True):
        if column.shape != columns[0].shape:
            raise InvalidCounts("Every variable must have a level for every row.")
        if int(column.min()) < 0 or int(column.max()) >= len(names):
            raise InvalidCounts(f"A row has no valid level of {name!r}. Leave it out or give it a level.")
    sizes = [len(names) for names in levels]
    grid = int(np.prod(np.array(sizes, dtype=object)))
    joint: NDArray[np.int32 | np.int64] = columns[0].astype(np.int32 if grid < 2**31 else np.int64)
    for size, column in zip(sizes[1:], columns[1:], strict=True):
        joint = joint * joint.dtype.type(size) + column
    if grid <= LARGEST_GRID:
        counted = np.bincount(joint, minlength=grid)
        occupied = np.flatnonzero(counted)
        position = np.zeros(grid, dtype=np.int64)
        position[occupied] = np.arange(occupied.size)
        of_row, respondents = position[joint], counted[occupied]
    else:
        occupied, inverse, respondents = np.unique(joint, return_inverse=True, return_counts=True)
        of_row = inverse.astype(np.int64).reshape(-1)
    codes = np.empty((occupied.size, len(sizes)), dtype=np.intp)
    rest = occupied.astype(np.int64)
    for index in range(len(sizes) - 1, -1, -1):
        rest, codes[:, index] = np.divmod(rest, sizes[index])
    return Cells(tuple(variables), tuple(tuple(names) for names in levels), codes, respondents.astype(float), of_row)
