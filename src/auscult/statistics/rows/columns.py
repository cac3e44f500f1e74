"""Columns of a data set: numbers, or factors with named levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate, InvalidDesign, MissingValues, UnknownVariable

#: What an empty cell of a file may hold.
MISSING = frozenset({"", "NA"})


@dataclass(frozen=True)
class Factor:
    """A variable with named levels.

    Attributes:
        codes: index of the level of each row, shape (n,), −1 where missing.
        levels: names, length L.
    """

    codes: NDArray[np.intp]
    levels: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.size and not (self.codes.min() >= -1 and self.codes.max() < len(self.levels)):
            raise UnknownVariable("A code of a factor points to a level that does not exist.")


type Column = NDArray[np.float64] | Factor
type Columns = Mapping[str, Column]


def make_factor(values: Sequence[str], levels: Sequence[str] | None = None) -> Factor:
    """Build a factor; levels are sorted unless given. An empty value, NA or a value outside ``levels`` is missing."""
    known = tuple(levels) if levels is not None else tuple(sorted({v for v in values if v not in MISSING}))
    index = {level: code for code, level in enumerate(known)}
    return Factor(np.array([index.get(value, -1) for value in values], dtype=np.intp), known)


def parse_column(values: Sequence[str]) -> Column:
    """Numbers where every value that is not missing is one, otherwise a factor."""
    try:
        return np.array([math.nan if value in MISSING else float(value) for value in values])
    except ValueError:
        return make_factor(values)


def parse_columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Column]:
    """Turn the rows of a csv file into columns."""
    return {name: parse_column([row[i] for row in rows]) for i, name in enumerate(names)}


def get_column(columns: Columns, name: str) -> Column:
    """One column.

    Raises:
        UnknownVariable: naming what there is.
    """
    try:
        return columns[name]
    except KeyError:
        raise UnknownVariable(f"There is no variable {name!r}. There are: {', '.join(sorted(columns))}.") from None


def as_factor(columns: Columns, name: str) -> Factor:
    """A column as a factor; numbers become levels in numerical order."""
    column = get_column(columns, name)
    if isinstance(column, Factor):
        return column
    present = np.unique(column[~np.isnan(column)])
    codes = np.searchsorted(present, column).astype(np.intp)
    codes[np.isnan(column)] = -1
    return Factor(codes, tuple(np.format_float_positional(value, trim="-") for value in present))


def as_numbers(columns: Columns, name: str) -> NDArray[np.float64]:
    """A numerical column, shape (n,).

    Raises:
        UnknownVariable: the column is a factor.
    """
    column = get_column(columns, name)
    if isinstance(column, Factor):
        raise UnknownVariable(f"{name!r} has levels ({', '.join(column.levels[:4])} …), not numbers.")
    return column


def indicator(columns: Columns, name: str, value: str | float) -> NDArray[np.float64]:
    """1 where the variable has the value, 0 where it has another, NaN where it is missing; shape (n,)."""
    column = get_column(columns, name)
    if isinstance(column, Factor):
        if value not in column.levels:
            raise UnknownVariable(f"{name!r} has no level {value!r}. It has: {', '.join(column.levels)}.")
        return np.where(column.codes < 0, np.nan, column.codes == column.levels.index(str(value)))
    try:
        wanted = float(value)
    except ValueError:
        raise UnknownVariable(f"{name!r} is a number, so it is never {value!r}.") from None
    return np.where(np.isnan(column), np.nan, column == wanted)


def outcome_matrix(columns: Columns, names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Outcomes side by side, a factor as one indicator for each level: names, and values of shape (n, K)."""
    titles: list[str] = []
    parts: list[NDArray[np.float64]] = []
    for name in names:
        column = get_column(columns, name)
        if isinstance(column, Factor) and not column.levels:
            raise MissingValues(f"Every value of {name!r} is missing: it")
        if isinstance(column, Factor):
            titles += [name + level for level in column.levels]
            parts += [indicator(columns, name, level) for level in column.levels]
        else:
            titles.append(name)
            parts.append(column)
    return tuple(titles), np.column_stack(parts)


def joint_factor(columns: Columns, names: Sequence[str], separator: str = ".") -> Factor:
    """The combinations of several factors, the first running fastest, without those that nobody has."""
    factors = [as_factor(columns, name) for name in names]
    codes = np.zeros(factors[0].codes.shape, dtype=np.intp)
    missing = np.zeros(codes.shape, dtype=bool)
    step = 1
    for factor in factors:
        codes = codes + step * factor.codes
        missing |= factor.codes < 0
        step *= len(factor.levels)
    codes[missing] = -1
    present = np.unique(codes[~missing])
    levels = []
    for code in present:
        rest, parts = int(code), []
        for factor in factors:
            rest, position = divmod(rest, len(factor.levels))
            parts.append(factor.levels[position])
        levels.append(separator.join(parts))
    compact = np.searchsorted(present, codes).astype(np.intp)
    compact[missing] = -1
    return Factor(compact, tuple(levels))


def model_matrix(columns: Columns, terms: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Intercept and terms, a factor as indicators of all levels but the first (R's treatment contrasts).

    Args:
        columns: the data.
        terms: names of variables.

    Returns:
        Names, the intercept as R writes it, and the matrix of shape (n, p).

    Raises:
        UnknownVariable: a term is not among the columns.
    """
    names, parts = ["(Intercept)"], [np.ones(number_of_rows(columns))]
    for term in terms:
        column = get_column(columns, term)
        if isinstance(column, Factor):
            names += [term + level for level in column.levels[1:]]
            parts += [indicator(columns, term, level) for level in column.levels[1:]]
        else:
            names.append(term)
            parts.append(column)
    return tuple(names), np.column_stack(parts)


def number_of_rows(columns: Columns) -> int:
    """Rows of a data set.

    Raises:
        InvalidDesign: there are no columns, no rows, or columns of different length.
    """
    lengths = {len(column.codes) if isinstance(column, Factor) else len(column) for column in columns.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise InvalidDesign("Every column must have the same number of rows, and there must be at least one of each.")
    return lengths.pop()


def complete_rows(matrix: NDArray[np.float64], names: Sequence[str], *, na_rm: bool) -> NDArray[np.bool_]:
    """Rows without a missing value, shape (n,).

    Raises:
        MissingValues: some are missing and ``na_rm`` is false.
        CannotEstimate: a value is infinite.
    """
    if np.isinf(matrix).any():
        bad = [name for name, infinite in zip(names, np.isinf(matrix).any(axis=0), strict=True) if infinite]
        raise CannotEstimate(f"{', '.join(bad)} has infinite values. Correct them, or make them missing.")
    complete = ~np.isnan(matrix).any(axis=1)
    if not na_rm and not complete.all():
        lacking = [name for name, bad in zip(names, np.isnan(matrix).any(axis=0), strict=True) if bad]
        raise MissingValues(", ".join(lacking))
    return complete
