import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.statistics.errors import (
    CannotEstimate,
    EmptyMarginLevel,
    InvalidCounts,
    InvalidMargin,
    RakingDidNotConverge,
)
from auscult.statistics.margins import collapse_sparse_levels, make_margin
from auscult.statistics.raking import rake, require_convergence
from auscult.statistics.shares import estimate_shares

CELLS = ["a", "a", "b", "b"]
SEX = ["F", "M", "F", "M"]


def margins():
    return [make_margin("group", {"a": 60, "b": 40}, CELLS), make_margin("sex", {"F": 30, "M": 70}, SEX)]


def test_raked_weights_meet_every_margin():
    counts = np.array([10.0, 5, 3, 12])
    weights = rake(counts, margins())
    assert weights.converged
    weighted = counts * weights.weight
    assert weighted[:2].sum() == pytest.approx(60)
    assert weighted[[0, 2]].sum() == pytest.approx(30)


def test_one_margin_is_post_stratification_by_hand():
    weights = rake([10, 10, 5, 5], [make_margin("group", {"a": 60, "b": 40}, CELLS)])
    assert weights.weight == pytest.approx([3, 3, 4, 4])
    # n·Σw² ÷ (Σw)² = 30·(20·9 + 10·16) ÷ 100²
    assert weights.design_effect_of_weights(np.array([10, 10, 5, 5])) == pytest.approx(30 * 340 / 10_000)


def test_a_level_without_respondents_is_refused_by_name():
    with pytest.raises(EmptyMarginLevel, match="sex = 'X'"):
        rake([10, 5, 3, 12], [make_margin("sex", {"F": 30, "M": 69, "X": 1}, SEX)])


def test_margins_of_different_populations_are_refused():
    with pytest.raises(InvalidMargin, match="same total"):
        rake([10, 5, 3, 12], [margins()[0], make_margin("sex", {"F": 30, "M": 90}, SEX)])


def test_a_respondent_outside_the_population_is_refused():
    with pytest.raises(InvalidMargin, match="'b'"):
        make_margin("group", {"a": 60}, CELLS)


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [-1, 5, 5, 5], [1.5, 1, 1, 1], [np.nan, 1, 1, 1]])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(InvalidCounts):
        rake(counts, margins())


@pytest.mark.parametrize("total", [np.nan, np.inf, -3])
def test_impossible_totals_are_refused(total):
    with pytest.raises(InvalidMargin):
        rake([10, 5, 3, 12], [make_margin("group", {"a": total, "b": 40}, CELLS)])


def test_raking_that_cannot_meet_its_margins_says_so_and_is_not_used():
    counts = np.array([10.0, 0, 0, 10])  # group and sex coincide, their totals do not
    weights = rake(counts, margins(), most_iterations=50)
    assert not weights.converged
    with pytest.raises(RakingDidNotConverge, match="50 iterations"):
        require_convergence(weights)
    with pytest.raises(RakingDidNotConverge):
        estimate_shares(["y"], np.array([[10], [0], [0], [10]]), counts, weights)


def test_sparse_levels_are_pooled_and_reported():
    margin, note = collapse_sparse_levels(
        "state", {"NY": 50, "VT": 3, "WY": 2, "CA": 60}, ["NY", "VT", "WY", "CA"], [40, 2, 1, 60], fewest=25
    )
    assert note is not None
    assert note.levels == ("NY", "VT", "WY")  # VT and WY together are still sparse, so the next smallest joins
    assert margin.totals.tolist() == [55, 60]


def test_nothing_is_pooled_where_every_level_has_enough():
    margin, note = collapse_sparse_levels("sex", {"F": 3, "M": 7}, ["F", "M"], [30, 30])
    assert note is None
    assert margin.levels == ("F", "M")


def test_pooling_refuses_a_level_that_the_population_lacks():
    with pytest.raises(InvalidMargin):
        collapse_sparse_levels("sex", {"F": 3}, ["F", "M"], [30, 30])


@given(st.lists(st.integers(1, 200), min_size=4, max_size=4), st.integers(1, 99), st.integers(1, 99))
def test_weights_are_positive_and_add_up_whatever_the_counts(counts, group, sex):
    built = [
        make_margin("group", {"a": group, "b": 100 - group}, CELLS),
        make_margin("sex", {"F": sex, "M": 100 - sex}, SEX),
    ]
    weights = rake(counts, built, most_iterations=5000)
    assert (weights.weight > 0).all()
    assert np.array(counts) @ weights.weight == pytest.approx(100)


def test_shares_without_weighting_are_those_of_a_simple_random_sample():
    counts = np.array([[30.0, 70.0]])
    weights = rake([100], [make_margin("all", {"x": 1000}, ["x"])])
    yes, no = estimate_shares(["yes", "no"], counts, np.array([100.0]), weights).shares
    assert yes.share == pytest.approx(0.3)
    assert yes.standard_error == pytest.approx((0.3 * 0.7 / 99) ** 0.5)
    assert yes.design_effect == pytest.approx(1)
    assert yes.share + no.share == pytest.approx(1)


def test_a_unanimous_answer_gets_an_exact_interval_not_a_point():
    weights = rake([100], [make_margin("all", {"x": 1000}, ["x"])])
    yes, no = estimate_shares(["yes", "no"], np.array([[100.0, 0.0]]), np.array([100.0]), weights).shares
    assert yes.interval.method == "clopper-pearson"
    assert 0.95 < yes.interval.low < 1 == yes.interval.high
    assert no.interval.low == 0 < no.interval.high < 0.05


def test_item_nonresponse_leaves_the_base():
    weights = rake([100], [make_margin("all", {"x": 1000}, ["x"])])
    (yes, _) = estimate_shares(["yes", "no"], np.array([[20.0, 20.0]]), np.array([100.0]), weights).shares
    assert (yes.base, yes.share) == (40, 0.5)


@pytest.mark.parametrize(
    ("counts", "cells", "why"),
    [([[0, 0]], [10], "Nobody"), ([[20, 0]], [10], "more answers"), ([[1, 0]], [1], "One respondent")],
)
def test_impossible_questions_are_refused(counts, cells, why):
    weights = rake([10], [make_margin("all", {"x": 1000}, ["x"])])
    with pytest.raises(CannotEstimate, match=why):
        estimate_shares(["yes", "no"], np.array(counts, dtype=float), np.array(cells, dtype=float), weights)
