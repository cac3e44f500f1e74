"""Nothing hidden can be found: tables, filters and releases are attacked by linear programming."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.statistics.disclosure import Sum, audit, may_publish, small_differences, suppress_cells, table_sums
from auscult.statistics.errors import CannotEstimate, InvalidCounts
from auscult.statistics.suppression import suppress_table, suppress_together
from tests.properties import examples


def bounds_by_hand(counts, shown):
    published, hidden = table_sums(counts, shown)
    return audit(published, hidden, protection=10)


def test_a_single_hidden_cell_is_found_by_subtraction_and_a_rectangle_protects_it():
    counts = np.array([[4, 40, 60], [50, 30, 70], [80, 90, 20]])
    alone = np.ones((3, 3), dtype=bool)
    alone[0, 0] = False
    (exposure,) = bounds_by_hand(counts, alone)
    assert (exposure.low, exposure.high) == (4, 4)
    assert str(exposure) == "row 1, column 1 would be known exactly"
    table = suppress_cells(counts)
    assert not table.shown[0, 0]
    assert table.primary.sum() == 1
    assert table.complementary.sum() == 3
    # The cheapest partners: the 40 beside it, the 50 below it and their corner of 30.
    assert not table.shown[0, 1]
    assert not table.shown[1, 0]
    assert not table.shown[1, 1]
    assert not bounds_by_hand(counts, table.shown)


tables = st.integers(2, 6).flatmap(
    lambda rows: st.integers(2, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.integers(0, 60), min_size=columns, max_size=columns), min_size=rows, max_size=rows
        )
    )
)


@settings(max_examples=examples(80))
@given(tables)
def test_no_small_cell_can_be_bounded_within_the_protection_distance(rows):
    counts = np.array(rows)
    table = suppress_cells(counts)
    assert not (table.shown & (counts < 10)).any()
    if not table.shown.any():
        return  # nothing of the table is shown
    published, _ = table_sums(counts, table.shown)
    small = [Sum("small", frozenset({(int(r), int(c))}), int(counts[r, c])) for r, c in np.argwhere(counts < 10)]
    assert audit(published, small, protection=10) == []


@settings(max_examples=examples(60))
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=8))
def test_pooled_tables_give_no_small_cell_away_either(rows):
    """The pooling that releases use, attacked with everything a reader knows: pooled rows, totals of the question."""
    counts = np.array(rows)
    names = [f"s{i}" for i in range(len(rows))]
    table = suppress_table(names, counts)
    if table.withheld:
        return
    published = [
        Sum(f"{name}", frozenset((s, a) for s in (table.pooled if name not in names else [name])), int(count))
        for name, row in zip(table.strata, table.counts, strict=True)
        for a, count in enumerate(row)
    ]
    published += [Sum("total", frozenset((s, a) for s in names), int(counts[:, a].sum())) for a in range(3)]
    shown = set(table.strata)
    small = [
        Sum(f"{name} {a}", frozenset({(name, a)}), int(counts[i, a]))
        for i, name in enumerate(names)
        for a in range(3)
        if name not in shown and counts[i].sum() > 0 and counts[i, a] < 10
    ]
    assert audit(published, small, protection=10) == []


def test_a_table_that_cannot_be_protected_is_withheld():
    table = suppress_cells(np.array([[1, 200], [300, 2]]))
    assert not table.shown.any()


def test_nested_filters_that_differ_by_few_are_refused():
    women = frozenset((i, "f") for i in range(3))
    everybody = women | {(i, "m") for i in range(3)}
    published = [Sum("yes among all cardiologists", everybody, 48)]
    refusal = may_publish(published, [Sum("yes among women", women, 41)])
    assert refusal is not None
    assert str(refusal) == "“yes among all cardiologists” without “yes among women” has fewer than 10 people"
    assert may_publish(published, [Sum("yes among women", women, 30)]) is None


def test_a_later_release_that_differs_by_few_is_refused():
    first = frozenset({("cardiology", "yes", "July")})
    later = first | {("cardiology", "yes", "August")}
    published = [Sum("July", first, 120)]
    assert [each.count for each in small_differences(published, Sum("August", later, 123))] == [3]
    assert may_publish(published, [Sum("August", later, 131)]) is None


def test_a_difference_of_nobody_is_a_statement_about_each():
    inner, outer = frozenset({1}), frozenset({1, 2})
    assert small_differences([Sum("outer", outer, 50)], Sum("inner", inner, 50))[0].count == 0
    assert small_differences([], Sum("few", inner, 9))[0].name == "few"


def test_three_overlapping_filters_give_away_what_no_two_do():
    """A ∪ B, A and B are each large; together they give A ∩ B, which only the linear programme sees."""
    a, b, both, neither = "only a", "only b", "both", "neither"
    published = [
        Sum("a", frozenset({a, both}), 60), Sum("b", frozenset({b, both}), 55), Sum("a or b", frozenset({a, b, both}), 111),
    ]  # fmt: skip
    hidden = [Sum("both", frozenset({both}), 4)]
    assert may_publish(published[:1], published[1:2]) is None
    refusal = may_publish(published[:2], published[2:])
    assert "those who stand in “a” and “b” and “a or b” would be known to be fewer than 10" in str(refusal)
    (exposure,) = audit(published, hidden)
    assert exposure.low == exposure.high == 4
    assert audit([*published[:2], Sum("all", frozenset({a, b, both, neither}), 300)], hidden) == []


def test_contradictions_are_refused():
    with pytest.raises(CannotEstimate, match="contradict each other"):
        audit([Sum("one", frozenset({1}), 5), Sum("again", frozenset({1}), 6)], [Sum("two", frozenset({1, 2}), 7)])
    with pytest.raises(InvalidCounts, match="two rows and two columns"):
        suppress_cells(np.array([[1, 2, 3]]))
    with pytest.raises(InvalidCounts, match="whole numbers"):
        suppress_cells(np.array([[1, -2], [3, 4]]))


def test_what_three_sums_leave_over_is_found():
    a, b, rest = frozenset({"a"}), frozenset({"b"}), frozenset({"c"})
    published = [Sum("A", a, 50), Sum("B", b, 45)]
    refusal = may_publish(published, [Sum("all", a | b | rest, 100)])
    assert str(refusal) == "those who stand in “all” would be known to be fewer than 10"
    assert may_publish(published, [Sum("all", a | b | rest, 105)]) is None


def test_the_same_people_cannot_be_counted_twice():
    with pytest.raises(CannotEstimate, match="atoms of their own"):
        may_publish([Sum("x", frozenset({1}), 40)], [Sum("x later", frozenset({1}), 43)])


def test_tables_of_the_same_people_pool_the_same_rows():
    """Pooled by themselves, the first would show s1 and hide s0 with s2, the second show s0 and hide s1 with s2."""
    one = np.array([[3, 40], [30, 30], [25, 3]])
    other = np.array([[20, 23], [57, 3], [14, 14]])
    assert suppress_table(["s0", "s1", "s2"], one).strata != suppress_table(["s0", "s1", "s2"], other).strata
    together = suppress_together(["s0", "s1", "s2"], {"one": one, "other": other})
    shown = {table.strata for table in together.values() if not table.withheld}
    assert len(shown) <= 1


@given(st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=3, max_size=6))
@settings(max_examples=examples(60))
def test_shared_pools_add_up_and_hold_nothing_small(rows):
    counts = np.array(rows)
    names = [f"s{number}" for number in range(len(rows))]
    tables = {"one": counts[:, :2], "other": counts[:, 2:]}
    for name, table in suppress_together(names, tables).items():
        if not table.withheld:
            assert table.counts.min() >= 10
            assert (table.counts.sum(axis=0) == tables[name].sum(axis=0)).all()
