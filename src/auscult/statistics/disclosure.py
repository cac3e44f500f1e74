"""What published counts give away: bounds of everything that was not published, by linear programming.

A reader of several tables knows sums of people over sets of the finest groups ("atoms"): a count by specialty, the
total, last month's total, the same with one filter more. The bounds of a hidden sum are the smallest and greatest value
that it can have without contradicting any of them. Source: Fischetti and Salazar (2000); Hundepool et al. (2012),
chapter 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from auscult.statistics.errors import CannotEstimate, InvalidCounts
from auscult.statistics.margins import check_counts
from auscult.statistics.suppression import MINIMUM_CELL


@dataclass(frozen=True)
class Sum:
    """A number of people over a set of atoms.

    Attributes:
        name: for messages, for example ``"Cardiology, yes"``.
        atoms: the finest groups it adds up.
        count: people.
    """

    name: str
    atoms: frozenset[Hashable]
    count: int


@dataclass(frozen=True)
class Exposure:
    """A hidden number that the published ones bound too closely.

    Attributes:
        hidden: what was hidden.
        low: the smallest value it can have, people.
        high: the greatest.
    """

    hidden: Sum
    low: float
    high: float

    def __str__(self) -> str:
        if self.high - self.low < 0.5:
            return f"{self.hidden.name} would be known exactly"
        return f"{self.hidden.name} would be known to lie between {self.low:.0f} and {self.high:.0f}"


def audit(published: Sequence[Sum], hidden: Iterable[Sum], *, protection: int = MINIMUM_CELL) -> list[Exposure]:
    """Find hidden sums that published ones bound to within the protection distance.

    Args:
        published: everything a reader can know.
        hidden: what must not be known.
        protection: least distance between the bounds, people.

    Returns:
        One entry for each hidden sum whose bounds are closer together; empty where all are safe.

    Raises:
        CannotEstimate: the published sums contradict each other.
    """
    hidden = list(hidden)
    atoms = sorted({atom for each in [*published, *hidden] for atom in each.atoms}, key=repr)
    index = {atom: position for position, atom in enumerate(atoms)}
    known = _incidence(published, index)
    right = np.array([each.count for each in published], dtype=float)
    exposed = []
    for each, row in zip(hidden, _incidence(hidden, index).toarray(), strict=True):
        low, high = _bound(row, known, right, 1), _bound(row, known, right, -1)
        if high - low < protection - 1e-6:
            exposed.append(Exposure(each, low, high))
    return exposed


def _incidence(sums: Sequence[Sum], index: dict[Hashable, int]) -> sparse.csr_array:
    rows = [row for row, each in enumerate(sums) for _ in each.atoms]
    columns = [index[atom] for each in sums for atom in each.atoms]
    return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(sums), len(index)))


def _bound(row: NDArray[np.float64], known: sparse.csr_array, right: NDArray[np.float64], sign: int) -> float:
    """Smallest (sign 1) or greatest (sign −1) value of a sum of atoms, given what is known."""
    # HiGHS takes sparse matrices; the type stubs of SciPy do not know that.
    found = optimize.linprog(sign * row, A_eq=known, b_eq=right, bounds=(0, None), method="highs")  # type: ignore[call-overload]
    if found.status == 3:
        return float("inf")
    if found.status != 0:
        raise CannotEstimate("The published sums contradict each other, so nothing can be said about hidden ones.")
    return float(sign * found.fun)


def small_differences(earlier: Sequence[Sum], new: Sum, *, minimum: int = MINIMUM_CELL) -> list[Sum]:
    """What a reader gets by subtracting nested sums: differences of fewer people than the minimum.

    Args:
        earlier: what is published already, for example the release before, or the table without a filter.
        new: what is about to be published.
        minimum: fewest people in a number that may be known.

    Returns:
        The small differences, the new sum itself among them where it is small. A difference of zero people over atoms
        that exist is small too: "none of them" is a statement about each.
    """
    found = [new] if new.count < minimum else []
    for old in earlier:
        if old.atoms == new.atoms and old.count != new.count:
            raise CannotEstimate(
                f"“{new.name}” adds up the same people as “{old.name}” and finds {new.count} instead of {old.count}. "
                "Give people who joined later atoms of their own."
            )
        for larger, smaller in ((old, new), (new, old)):
            if smaller.atoms < larger.atoms and larger.count - smaller.count < minimum:
                name = f"“{larger.name}” without “{smaller.name}”"
                found.append(Sum(name, larger.atoms - smaller.atoms, larger.count - smaller.count))
    return found


def derivable_groups(published: Sequence[Sum], *, minimum: int = MINIMUM_CELL) -> list[str]:
    """Groups of people whom published sums, taken together, show to be fewer than the minimum.

    Atoms that stand in the same sums cannot be told apart, so their sum is the finest a reader can ask for. Whatever
    small number can be derived from any combination of sums bounds every such group inside it from above.

    Args:
        published: everything a reader can know.
        minimum: fewest people in a number that may be known.

    Returns:
        Words for each such group: in which sums it stands.

    Raises:
        CannotEstimate: the published sums contradict each other.
    """
    standing: dict[Hashable, list[int]] = {}
    for position, each in enumerate(published):
        for atom in each.atoms:
            standing.setdefault(atom, []).append(position)
    groups: dict[tuple[int, ...], list[Hashable]] = {}
    for atom, places in standing.items():
        groups.setdefault(tuple(places), []).append(atom)
    index: dict[Hashable, int] = {positions: column for column, positions in enumerate(groups)}
    of_group = [
        Sum(each.name, frozenset(key for key in groups if position in key), each.count)
        for position, each in enumerate(published)
    ]
    known, right = _incidence(of_group, index), np.array([each.count for each in published], dtype=float)
    words: list[str] = []
    for positions, row in zip(groups, np.eye(len(groups)), strict=True):
        if _bound(row, known, right, -1) < minimum - 1e-6:
            words.append("those who stand in " + " and ".join(f"“{published[p].name}”" for p in positions))
    return words


@dataclass(frozen=True)
class Refusal:
    """Why something may not be published, in words for the person who tried."""

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.reasons)


def may_publish(
    earlier: Sequence[Sum], new: Sequence[Sum], *, minimum: int = MINIMUM_CELL, hidden: Sequence[Sum] = ()
) -> Refusal | None:
    """Decide whether some sums may join what is published already.

    Args:
        earlier: everything published about the same people: other tables, other filters, earlier releases.
        new: what is about to be published.
        minimum: fewest people in a number that may be known, and least distance of bounds.
        hidden: sums that were held back and stay protected.

    Returns:
        None, or the reasons.
    """
    reasons = []
    before = list(earlier)
    for each in new:
        found = small_differences(before, each, minimum=minimum)
        reasons += [f"{small.name} has fewer than {minimum} people" for small in found]
        before.append(each)
    if not reasons:
        reasons = [
            f"{group} would be known to be fewer than {minimum}" for group in derivable_groups(before, minimum=minimum)
        ]
    if not reasons:
        reasons = [str(exposure) for exposure in audit(before, hidden, protection=minimum)]
    return Refusal(tuple(dict.fromkeys(reasons))) if reasons else None


@dataclass(frozen=True)
class SuppressedCells:
    """A table with some cells hidden and all totals shown.

    Attributes:
        shown: where a cell may be shown, shape (R, A).
        primary: where a cell is hidden because it is small, shape (R, A).
    """

    shown: NDArray[np.bool_]
    primary: NDArray[np.bool_]

    @property
    def complementary(self) -> NDArray[np.bool_]:
        """Where a cell is hidden only so that another cannot be found by subtraction."""
        return ~self.shown & ~self.primary


def suppress_cells(
    counts: NDArray[np.int64], *, minimum: int = MINIMUM_CELL, protection: int = MINIMUM_CELL
) -> SuppressedCells:
    """Hide small cells of a table whose row and column totals are public, and as many others as that needs.

    A small cell is protected by a rectangle of hidden cells: along it people can be moved without changing any total, up
    by the smaller of two opposite corners and down by the smaller of the other two. Rectangles that hide the fewest
    people are taken; a linear programme then checks the whole.

    Args:
        counts: people by row and column, shape (R, A), counts.
        minimum: fewest people in a cell that is shown; zero is small too.
        protection: least distance between the bounds of a hidden cell.

    Returns:
        What may be shown. Where nothing protects a small cell, nothing is shown.

    Raises:
        InvalidCounts: counts are negative or not whole, or there are fewer than two rows or columns.
    """
    counts = np.asarray(counts)
    check_counts(counts.astype(float), "Counts of the table")
    if counts.ndim != 2 or min(counts.shape) < 2:
        raise InvalidCounts("Hiding single cells needs a table of at least two rows and two columns.")
    primary = counts < minimum
    hidden = primary.copy()
    for row, column in zip(*np.nonzero(primary), strict=True):
        corners = _cheapest_rectangle(counts, hidden, int(row), int(column), protection)
        if corners is None:
            return SuppressedCells(np.zeros(counts.shape, dtype=bool), primary)
        for corner in corners:
            hidden[corner] = True
    while exposed := _exposed_cells(counts, hidden, primary, protection):
        row, column = exposed[0]
        open_cells = np.argwhere(~hidden)
        if not open_cells.size:
            return SuppressedCells(np.zeros(counts.shape, dtype=bool), primary)
        # Bounds can still be too close where corners were shared: open the row or column further.
        near = [cell for cell in open_cells if cell[0] == row or cell[1] == column]
        chosen = min(near or list(open_cells), key=lambda cell: int(counts[tuple(cell)]))
        hidden[tuple(chosen)] = True
    return SuppressedCells(~hidden, primary)


def _cheapest_rectangle(
    counts: NDArray[np.int64], hidden: NDArray[np.bool_], row: int, column: int, protection: int
) -> list[tuple[int, int]] | None:
    best: tuple[int, list[tuple[int, int]]] | None = None
    for other_row in range(counts.shape[0]):
        for other_column in range(counts.shape[1]):
            if other_row == row or other_column == column:
                continue
            corners = [(row, other_column), (other_row, column), (other_row, other_column)]
            room = min(counts[row, column], counts[other_row, other_column])
            room += min(counts[row, other_column], counts[other_row, column])
            if room < protection:
                continue
            cost = int(sum(counts[corner] for corner in corners if not hidden[corner]))
            if best is None or cost < best[0]:
                best = cost, corners
    return best and best[1]


def table_sums(counts: NDArray[np.int64], shown: NDArray[np.bool_]) -> tuple[list[Sum], list[Sum]]:
    """What a table with public totals publishes, and what it hides: (published, hidden)."""
    rows, columns = counts.shape
    every = [(row, column) for row in range(rows) for column in range(columns)]
    one = [Sum(f"row {r + 1}, column {c + 1}", frozenset({(r, c)}), int(counts[r, c])) for r, c in every]
    published = [each for each, place in zip(one, every, strict=True) if shown[place]]
    for row in range(rows):
        atoms = frozenset((row, column) for column in range(columns))
        published.append(Sum(f"row {row + 1}", atoms, int(counts[row].sum())))
    for column in range(columns):
        atoms = frozenset((row, column) for row in range(rows))
        published.append(Sum(f"column {column + 1}", atoms, int(counts[:, column].sum())))
    return published, [each for each, place in zip(one, every, strict=True) if not shown[place]]


def _exposed_cells(
    counts: NDArray[np.int64], hidden: NDArray[np.bool_], primary: NDArray[np.bool_], protection: int
) -> list[tuple[int, int]]:
    published, _ = table_sums(counts, ~hidden)
    places = [(int(row), int(column)) for row, column in np.argwhere(primary)]
    small = [Sum(str(place), frozenset({place}), int(counts[place])) for place in places]
    exposed = {each.hidden.name for each in audit(published, small, protection=protection)}
    return [place for place in places if str(place) in exposed]
