"""What may leave a survey: one table *stratum × answer → count* per item, without small groups, and the same strata in all.

Pooling each item by itself would not be enough. One item that shows A and pools B with C, and another that shows B and pools
A with C, give the number of people in C by subtraction, because the same people answered both. So there is one pool for the
whole survey: items that can be shown in the same strata are, all others are released without strata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.suppression import MINIMUM_CELL, share_rows, suppress_table

#: Stands in a file where an answer or a stratum is withheld.
WITHHELD = "withheld"
RARE_LABEL = "Choices of too few people, put together"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,40}")
_PUBLIC_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]{0,31}")
#: Our own columns, and words that a variable cannot be called in SPSS, Stata or R.
_RESERVED = frozenset(
    "item answer weight fpc design_stratum all and by eq ge gt le lt ne not or to with if in using byte int long float "
    "double strl else for next break function repeat while".split()
)


class CannotExport(ValueError):
    """The survey cannot be written to files; the text says why and what to do."""


@dataclass(frozen=True)
class ExportItem:
    """One single-choice measure.

    Attributes:
        code: ``q3`` or ``q3_a``, at most 41 characters.
        wording: as it was asked, with the part.
        part: label of the choice or row it stands for, or empty.
        choices: (code, label), in the order of the questionnaire.
        ordered: the choices are points of a scale.
    """

    code: str
    wording: str
    part: str
    choices: tuple[tuple[str, str], ...]
    ordered: bool


@dataclass(frozen=True)
class ExportSurvey:
    """A closed survey as counts.

    Attributes:
        public_id: names the files.
        freeze_hash: digest of the frozen questionnaire, for the citation.
        instrument: in words, for example "Sample survey".
        members: people who could have taken part.
        respondents: people who are counted.
        excluded: ballots left out by the declared rules.
        universe_words: of whom the survey speaks.
        sentence: the sentence that may be said about its precision.
        minimum: fewest people in a group, at least ``MINIMUM_CELL``.
        strata: none, one or two variables.
        stratum_labels: variable → level → label.
        design: how people were sampled: "srs" or "stratified" by the cells.
        cells: levels of the strata variables, length C; one empty tuple without strata.
        cell_population: persons of the sampling frame in each cell, shape (C,), for the finite population correction;
            None where there is no frame.
        weights: mean weight of a respondent of the cell, shape (C,), persons.
        counts: item → people by cell and choice, shape (C, A).

    Raises:
        CannotExport: something does not fit together.
    """

    title: str
    public_id: str
    freeze_hash: str
    instrument: str
    opened_on: date
    closed_on: date
    members: int
    respondents: int
    excluded: int
    universe_words: str
    method_version: str
    licence: str
    sentence: str
    minimum: int
    strata: tuple[str, ...]
    stratum_labels: Mapping[str, Mapping[str, str]]
    design: Literal["srs", "stratified"]
    items: tuple[ExportItem, ...]
    cells: tuple[tuple[str, ...], ...]
    cell_population: NDArray[np.int64] | None
    weights: NDArray[np.float64]
    counts: Mapping[str, NDArray[np.int64]]

    def __post_init__(self) -> None:
        _check_frame(self)
        _check_items(self)

    def stratum_levels(self, variable: str) -> tuple[tuple[str, str], ...]:
        """Levels that occur, with labels, in the order of ``stratum_labels``."""
        position = self.strata.index(variable)
        occurring = {cell[position] for cell in self.cells}
        return tuple((code, label) for code, label in self.stratum_labels[variable].items() if code in occurring)


def _check_frame(survey: ExportSurvey) -> None:
    if not _PUBLIC_ID.fullmatch(survey.public_id):
        raise CannotExport("The public id names the files: use letters, digits, “-” and “_” only.")
    if survey.minimum < MINIMUM_CELL:
        raise CannotExport(f"The minimum of a group is {survey.minimum}; it may not be less than {MINIMUM_CELL}.")
    if survey.closed_on < survey.opened_on:
        raise CannotExport("The survey closes before it opens; check its dates.")
    if len(survey.strata) > 2 or len(set(survey.strata)) < len(survey.strata):
        raise CannotExport("No table crosses more than two strata; choose at most two different variables.")
    for variable in survey.strata:
        if not _VARIABLE.fullmatch(variable) or variable in _RESERVED:
            raise CannotExport(f"“{variable}” cannot name a variable in every format; call it otherwise.")
    if not survey.cells or len(set(survey.cells)) < len(survey.cells):
        raise CannotExport("The cells must be at least one, and each stand once.")
    for cell in survey.cells:
        known = (level in survey.stratum_labels[v] for v, level in zip(survey.strata, cell, strict=False))
        if len(cell) != len(survey.strata) or WITHHELD in cell or not all(known):
            raise CannotExport(f"The cell {cell} does not name one labelled level of each of {survey.strata}.")
    if survey.design == "stratified" and (survey.cell_population is None or not survey.strata):
        raise CannotExport("A stratified design needs its strata and the persons of the frame in each cell.")
    shape = (len(survey.cells),)
    if survey.weights.shape != shape or not np.isfinite(survey.weights).all() or (survey.weights <= 0).any():
        raise CannotExport("Each cell needs one weight above zero.")
    if survey.cell_population is not None and survey.cell_population.shape != shape:
        raise CannotExport("Each cell needs its persons of the sampling frame.")


def _check_items(survey: ExportSurvey) -> None:
    codes = [item.code for item in survey.items]
    if not codes or len(set(codes)) < len(codes) or set(codes) != set(survey.counts):
        raise CannotExport("A survey needs at least one item, each code once, and counts of each item.")
    for item in survey.items:
        answers = [code for code, _ in item.choices]
        if not all(_CODE.fullmatch(code) for code in (item.code, *answers)):
            raise CannotExport(
                f"Codes of item “{item.code}” must be small letters, digits and “_”, beginning with a letter."
            )
        if len(set(answers)) < len(answers) or WITHHELD in answers:
            raise CannotExport(f"Choices of item “{item.code}” must have different codes, none of them “{WITHHELD}”.")
        counts = survey.counts[item.code]
        if counts.shape != (len(survey.cells), len(answers)) or (counts < 0).any() or (counts % 1).any():
            raise CannotExport(f"Item “{item.code}” needs whole counts, one for each cell and choice.")
        if counts.sum() > survey.respondents:
            raise CannotExport(f"Item “{item.code}” has more answers than the survey has respondents.")
        if survey.cell_population is not None and (counts.sum(axis=1) > survey.cell_population).any():
            raise CannotExport(f"Item “{item.code}” has more answers in a cell than the frame has persons.")


@dataclass(frozen=True)
class ReleasedTable:
    """One item as it may leave: every count, shown or derivable, is at least the minimum.

    Attributes:
        answers: (code, label) of each column; rare choices put together are the last, ``WITHHELD``.
        rare: codes that were put together.
        strata: levels of each row; ``WITHHELD`` in each variable where cells were put together, which is the last row.
        counts: shape (rows, answers), people. Without rows where the item is withheld as a whole.
        weights: of an answer of the row, shape (rows,), persons, to three significant digits.
        population: persons of the sampling frame in the row's stratum, shape (rows,), or None.
        held_back: of an item withheld as a whole: answers, or None where these are fewer than the minimum.
    """

    item: ExportItem
    answers: tuple[tuple[str, str], ...]
    rare: tuple[str, ...]
    strata: tuple[tuple[str, ...], ...]
    counts: NDArray[np.int64]
    weights: NDArray[np.float64]
    population: NDArray[np.int64] | None
    held_back: int | None = None

    @property
    def withheld(self) -> bool:
        """Nothing of the item is shown."""
        return not self.strata

    @property
    def without_stratum(self) -> int:
        """Answers whose stratum is withheld."""
        return int(sum(row.sum() for levels, row in zip(self.strata, self.counts, strict=True) if WITHHELD in levels))

    def groups(self) -> Iterator[tuple[int, int, int]]:
        """Every group that is shown: (row, column, people)."""
        for row, column in zip(*np.nonzero(self.counts), strict=True):
            yield int(row), int(column), int(self.counts[row, column])

    def totals(self) -> NDArray[np.int64]:
        """People by answer, shape (answers,)."""
        total: NDArray[np.int64] = self.counts.sum(axis=0)
        return total

    def weighted_totals(self) -> NDArray[np.float64]:
        """Sums of weights by answer, shape (answers,), persons."""
        total: NDArray[np.float64] = self.weights @ self.counts
        return total


@dataclass(frozen=True)
class _Columns:
    """An item after rare choices were put together; no answers where it is withheld."""

    answers: tuple[tuple[str, str], ...]
    rare: tuple[str, ...]
    counts: NDArray[np.int64]


def release_tables(survey: ExportSurvey) -> tuple[ReleasedTable, ...]:
    """What may leave, one table per item in the order of the survey.

    Choices of fewer people than the minimum are put together first, by ``suppress_table`` over the choices. Then one pool of
    cells is found, by ``suppress_table`` over the columns of all items that share it. The items that share it are those
    that together show the most *item × cell*; the others are released without strata.

    A pool has one weight, the mean over all answers of its cells to all items: a weight for each answer or item would tell
    how the pool's answers lie in its cells. It still tells whoever knows the weights of the hidden cells from elsewhere how
    many people each of two has; so those weights must not be published.
    """
    columns = {item.code: _put_rare_together(survey, item) for item in survey.items}
    sharing, groups = _share_strata(survey, columns)
    whole = [list(range(len(survey.cells)))]
    return tuple(
        _table(survey, item, columns[item.code], groups if item.code in sharing else whole) for item in survey.items
    )


def release_table(survey: ExportSurvey, item: ExportItem) -> ReleasedTable:
    """What may leave of one item; it depends on the others, see ``release_tables``.

    Raises:
        CannotExport: the item is not of this survey.
    """
    for table in release_tables(survey):
        if table.item == item:
            return table
    raise CannotExport(f"Item “{item.code}” is not in this survey.")


def _put_rare_together(survey: ExportSurvey, item: ExportItem) -> _Columns:
    counts = survey.counts[item.code].astype(np.int64)
    codes = [code for code, _ in item.choices]
    table = suppress_table(codes, counts.sum(axis=0)[:, None], minimum=survey.minimum)
    if table.withheld or (table.pooled and len(table.strata) == 1):
        return _Columns((), (), counts[:, :0])
    shown = [column for column, code in enumerate(codes) if code in table.strata]
    answers = tuple(item.choices[column] for column in shown)
    if not table.pooled:
        return _Columns(answers, (), counts[:, shown])
    rare = [column for column, code in enumerate(codes) if code in table.pooled]
    together = np.column_stack([counts[:, shown], counts[:, rare].sum(axis=1)])
    return _Columns((*answers, (WITHHELD, RARE_LABEL)), tuple(codes[column] for column in rare), together)


def _share_strata(survey: ExportSurvey, columns: Mapping[str, _Columns]) -> tuple[set[str], list[list[int]]]:
    """Items that share strata, and the cells of each row, the pool last."""
    large = {code: (c.counts >= survey.minimum).all(axis=1) for code, c in columns.items() if c.answers}
    sharing = share_rows(large)
    if not sharing:
        return set(), []
    stacked = np.hstack([columns[code].counts for code in sharing])
    table = suppress_table([str(cell) for cell in range(len(survey.cells))], stacked, minimum=survey.minimum)
    pooled = sorted(int(name) for name in table.pooled)
    groups = [[int(name)] for name in table.strata if name.isdecimal()]
    return set(sharing), [*groups, pooled] if pooled else groups


def _table(survey: ExportSurvey, item: ExportItem, columns: _Columns, groups: list[list[int]]) -> ReleasedTable:
    if not columns.answers:
        answers = int(survey.counts[item.code].sum())
        held_back = answers if answers >= survey.minimum else None
        return ReleasedTable(item, (), (), (), np.zeros((0, 0), np.int64), np.zeros(0), None, held_back)
    answered = np.sum([counts.sum(axis=1) for counts in survey.counts.values()], axis=0)
    population = survey.cell_population
    if population is not None and survey.design == "srs":
        persons = np.full(len(groups), population.sum())
    else:
        persons = np.array([0 if population is None else population[group].sum() for group in groups])
    return ReleasedTable(
        item,
        columns.answers,
        columns.rare,
        tuple(survey.cells[group[0]] if len(group) == 1 else (WITHHELD,) * len(survey.strata) for group in groups),
        np.array([columns.counts[group].sum(axis=0) for group in groups]),
        np.array([float(f"{np.average(survey.weights[g], weights=answered[g]):.3g}") for g in groups]),
        None if population is None else persons,
    )
