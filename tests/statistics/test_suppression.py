import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.suppression import POOLED, suppress_table

tables = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=9).map(
    lambda rows: np.array(rows, dtype=np.int64)
)


@given(tables)
def test_no_cell_below_ten_is_shown_or_can_be_had_by_subtraction(counts):
    table = suppress_table([f"s{row}" for row in range(len(counts))], counts)
    if table.withheld:
        assert table.counts.size == 0
        return
    assert (table.counts >= 10).all()
    # Totals are public; what the table hides is the difference, and it is a shown row of at least two groups or nothing.
    assert table.counts.sum(axis=0).tolist() == counts.sum(axis=0).tolist()
    assert len(table.pooled) != 1
    assert (POOLED in table.strata) == bool(table.pooled)


def test_rows_with_enough_people_are_shown_as_they_are():
    table = suppress_table(["a", "b"], np.array([[20, 30], [40, 50]]))
    assert table.strata == ("a", "b")
    assert table.pooled == ()


def test_a_small_row_takes_another_with_it():
    table = suppress_table(["a", "b", "c"], np.array([[20, 30], [40, 50], [3, 90]]))
    assert table.pooled == ("a", "c")
    assert table.counts.tolist() == [[40, 50], [23, 120]]


def test_a_zero_is_a_small_cell():
    table = suppress_table(["a", "b", "c"], np.array([[20, 30], [40, 50], [0, 90]]))
    assert "c" in table.pooled


def test_a_table_that_cannot_be_shown_is_withheld():
    assert suppress_table(["a", "b"], np.array([[1, 2], [2, 3]])).withheld


def test_negative_counts_are_refused():
    with pytest.raises(InvalidCounts):
        suppress_table(["a"], np.array([[-1, 20]]))
