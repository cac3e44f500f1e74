"""The badge rule, at its edges, and the figures that are published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.intervals import wilson_interval
from auscult.statistics.mandates import MandateBadge, badge_of, mandate_figures


def counts(speaks, partly, does_not, no_opinion=0):
    return {"speaks": speaks, "partly": partly, "does_not": does_not, "no_opinion": no_opinion}


@pytest.mark.parametrize(
    ("stances", "eligible", "badge"),
    [
        (counts(150, 20, 30), 1000, "mandated"),  # coverage exactly 20 %, 200 statements
        (counts(150, 20, 30), 1001, "insufficient"),  # coverage just below
        (counts(149, 20, 30), 500, "insufficient"),  # 199 statements
        (counts(100, 50, 50), 1000, "mandated"),  # named exactly one half
        (counts(99, 51, 50), 1000, "insufficient"),  # below one half
        (counts(101, 0, 99), 1000, "contested"),  # the intervals overlap
        (counts(10, 130, 60), 1000, "contested"),  # disavowed exactly 30 %
        (counts(10, 131, 59), 1000, "insufficient"),
        (counts(7, 0, 3), 1_000_000, "contested"),  # no coverage is needed to be contested
    ],
)
def test_the_badge_rule_at_its_edges(stances, eligible, badge):
    assert badge_of(stances, eligible) == badge


def test_the_badge_waits_for_a_second_count():
    first = mandate_figures(counts(180, 10, 10), 1000, met_before=False)
    assert (first["verdict"], first["badge"], first["waits"]) == ("mandated", "insufficient", True)
    second = mandate_figures(counts(180, 10, 10), 1000, met_before=True)
    assert (second["badge"], second["waits"]) == ("mandated", False)


def test_below_ten_nothing_is_shown_and_impossible_counts_are_refused():
    with pytest.raises(InvalidCounts, match="nothing is shown"):
        mandate_figures(counts(9, 0, 0), 100, met_before=False)
    for stances, eligible in ((counts(0, 0, 0), 10), (counts(11, 0, 0), 10), (counts(-1, 5, 6), 100)):
        with pytest.raises(InvalidCounts):
            badge_of(stances, eligible)


def test_intervals_are_wilsons():
    """R: binom::binom.wilson(81, 263), Newcombe (1998), table I: 0.2553 to 0.3662."""
    share = mandate_figures(counts(81, 182, 0), 1000, met_before=False)["shares"][0]
    assert (round(share["low"], 4), round(share["high"], 4)) == (0.2553, 0.3662)
    assert share["low"] == wilson_interval(81 / 263, 263).low


@given(st.lists(st.integers(0, 5000), min_size=4, max_size=4).filter(lambda n: sum(n) >= 10), st.integers(0, 100_000))
def test_shares_add_up_and_lie_in_their_intervals(numbers, more):
    figures = mandate_figures(counts(*numbers), sum(numbers) + more, met_before=True)
    assert sum(share["share"] for share in figures["shares"]) == pytest.approx(1)
    for share in figures["shares"]:
        assert 0 <= share["low"] <= share["share"] + 1e-12
        assert share["share"] <= share["high"] + 1e-12 <= 1 + 1e-11
    if figures["badge"] == MandateBadge.MANDATED:
        assert numbers[0] > numbers[2]
        assert figures["coverage"] >= 0.2
