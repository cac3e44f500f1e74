"""Suppression of small cells by pooling, so that nothing hidden can be found by subtraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.margins import check_counts

#: Fewest people in any published cell. CMS and NCHS use 11 and 10; mission.md sets 10.
MINIMUM_CELL = 10


@dataclass(frozen=True)
class SuppressedTable:
    """A table of counts by stratum and answer in which every cell, shown or derivable, has enough people.

    Attributes:
        strata: names of the rows that are shown.
        counts: shape (rows, answers).
        pooled: strata that were put together into the last row, ``POOLED``, or () where none were.
        withheld: true where no table can be shown at all; ``strata`` and ``counts`` are then empty.
    """

    strata: tuple[str, ...]
    counts: NDArray[np.int64]
    pooled: tuple[str, ...]
    withheld: bool


POOLED = "all others together"


def suppress_table(strata: Sequence[str], counts: NDArray[np.int64], *, minimum: int = MINIMUM_CELL) -> SuppressedTable:
    """Pool every row that has a cell below the minimum.

    Row and column totals are public, so hiding single cells would let a reader subtract. Whole rows are pooled
    instead; the pool takes further rows, smallest first, until each of its cells reaches the minimum and it holds
    at least two rows. Counts of zero are small cells too: "none of them" is a statement about each of them.

    Args:
        strata: row names, length R.
        counts: people by stratum and answer, shape (R, A), counts.
        minimum: fewest people in a published cell.

    Returns:
        The table that may be shown; ``withheld`` where even all rows together fall short.

    Raises:
        InvalidCounts: counts are negative.
    """
    counts = np.asarray(counts)
    check_counts(counts.astype(float), "Counts by stratum and answer")
    empty = np.zeros((0, counts.shape[1]), dtype=np.int64)
    occupied = [row for row in range(len(strata)) if counts[row].sum() > 0]
    order = sorted(occupied, key=lambda row: (int(counts[row].min()), int(counts[row].sum())))
    pool = [row for row in order if counts[row].min() < minimum]
    rest = [row for row in order if row not in pool]
    while pool and rest and (len(pool) < 2 or counts[pool].sum(axis=0).min() < minimum):
        pool.append(rest.pop(0))
    if pool and (len(pool) < 2 or counts[pool].sum(axis=0).min() < minimum):
        return SuppressedTable((), empty, (), True)
    # That nobody of a group answered is a small number too; where there is a pool, the group hides in it.
    silent = [row for row in range(len(strata)) if row not in occupied] if pool else []
    shown = sorted(rest)
    names = [strata[row] for row in shown]
    rows = [counts[row] for row in shown]
    if pool:
        names.append(POOLED)
        rows.append(counts[pool].sum(axis=0))
    table = np.array(rows, dtype=np.int64) if rows else empty
    return SuppressedTable(tuple(names), table, tuple(sorted(strata[row] for row in [*pool, *silent])), not rows)


def share_rows(large: Mapping[str, NDArray[np.bool_]]) -> list[str]:
    """Which tables pool the same rows: those that together show the most *table × row*.

    Args:
        large: table → whether each row has no small cell, shape (R,).

    Returns:
        Names of the tables; none where no table has such a row.
    """
    order = sorted(large, key=lambda name: -int(large[name].sum()))
    most, taken = 0, 0
    together: NDArray[np.bool_] | None = None
    for number, name in enumerate(order, start=1):
        together = large[name] if together is None else together & large[name]
        if (shown := number * int(together.sum())) and shown >= most:
            most, taken = shown, number
    return order[:taken]


def suppress_together(
    strata: Sequence[str], tables: Mapping[str, NDArray[np.int64]], *, minimum: int = MINIMUM_CELL
) -> dict[str, SuppressedTable]:
    """Pool the same rows in several tables of the same people.

    Were each table pooled by itself, one could show a row that another hides in its pool, and the difference would give
    the size of what is hidden beside it. Tables that cannot share rows with the others are withheld.

    Args:
        strata: row names, length R, the same for all tables.
        tables: name → people by stratum and answer, shape (R, A).
        minimum: fewest people in a published cell.
    """
    sharing = share_rows({name: (counts >= minimum).all(axis=1) for name, counts in tables.items()})
    found = {
        name: SuppressedTable((), np.zeros((0, counts.shape[1]), np.int64), (), True) for name, counts in tables.items()
    }
    if sharing:
        whole = suppress_table(strata, np.hstack([tables[name] for name in sharing]), minimum=minimum)
        start = 0
        for name in sharing:
            part = slice(start, start + tables[name].shape[1])
            start = part.stop
            if not whole.withheld:
                found[name] = SuppressedTable(whole.strata, whole.counts[:, part], whole.pooled, False)
    return found
