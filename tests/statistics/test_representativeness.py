"""The figures that mission.md draws from the survey of July 2009, and the sentences they permit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.statistics.errors import CannotEstimate
from auscult.statistics.intervals import IntervalMethod, share_interval, simple_random_half_width, wilson_interval
from auscult.statistics.representativeness import (
    Diagnostics,
    Instrument,
    data_defect_correlation,
    equivalent_sample_size,
    make_card,
    margin_balance,
    overlap_bounds,
    partial_r_indicators,
    permitted_sentence,
    r_indicator,
    standardised_difference,
    tipping_data_defect_correlation,
    tipping_odds,
    worst_case_bounds,
)

CARD = make_card(respondents=4156, members=100_000, universe=954_000)


def test_participation_and_coverage_of_2009():
    assert f"{CARD.participation:.1%} {CARD.coverage:.1%}" == "4.2% 10.5%"


@pytest.mark.parametrize(("share", "odds"), [(0.89, "8.1"), (0.91, "10.1"), (0.75, "3.0"), (0.25, "3.0")])
def test_tipping_odds(share, odds):
    assert f"{tipping_odds(share):.1f}" == odds


def test_unanimity_has_infinite_odds():
    assert tipping_odds(1) == math.inf


def test_worst_case_bounds_of_the_89_percent():
    bounds = worst_case_bounds(3699, 4156, 954_000)
    assert f"{bounds.low:.2%} {bounds.high:.2%}" == "0.39% 99.95%"


def test_at_least_56_percent_of_the_members_who_answered_agreed():
    assert f"{overlap_bounds(0.89, 0.25).low / 0.25:.0%}" == "56%"


def test_half_widths_that_were_quoted_as_margins():
    assert f"{simple_random_half_width(0.89, 4156):.4f}" == "0.0095"
    assert f"{simple_random_half_width(0.5, 12_339):.4f}" == "0.0088"


def test_a_tiny_correlation_is_enough_to_tip_the_result():
    rho = tipping_data_defect_correlation(0.89, 4156, 954_000)
    assert 0.04 < rho < 0.06
    assert equivalent_sample_size(4156, 954_000) == pytest.approx(175, abs=1)


def test_participation_that_is_the_same_everywhere_is_perfectly_even():
    people = np.array([100.0, 200, 300])
    assert r_indicator(people, people / 10) == pytest.approx(1)
    assert r_indicator(people, np.array([50.0, 0, 0])) < 0.7


@pytest.mark.parametrize("instrument", [Instrument.STRAW_POLL, Instrument.COMMUNITY_POLL])
def test_an_opt_in_poll_speaks_of_its_respondents_even_when_everybody_answered(instrument):
    everybody = make_card(respondents=1000, members=1000, universe=1000)
    assert permitted_sentence(instrument, everybody).speaks_of == "respondents"
    sentence = permitted_sentence(instrument, CARD, universe_words="US physicians")
    assert sentence.subject == "Of the 4,156 who answered"
    assert "US physicians" not in sentence.subject


def test_a_sample_survey_reaches_as_far_as_response_and_coverage():
    def speaks_of(respondents, members, universe):
        card = make_card(respondents=respondents, members=members, universe=universe)
        return permitted_sentence(Instrument.SAMPLE_SURVEY, card).speaks_of

    assert speaks_of(400, 1000, 1000) == "respondents"
    assert speaks_of(600, 1000, 9000) == "members"
    assert speaks_of(600, 1000, 1040) == "universe"


@pytest.mark.parametrize(("r", "m", "u"), [(0, 10, 10), (11, 10, 20), (5, 20, 10)])
def test_impossible_cards_are_refused(r, m, u):
    with pytest.raises(CannotEstimate):
        make_card(respondents=r, members=m, universe=u)


@pytest.mark.parametrize(
    "call", [lambda: worst_case_bounds(5, 4, 10), lambda: tipping_odds(1.1), lambda: overlap_bounds(2, 0)]
)
def test_impossible_arguments_are_refused(call):
    with pytest.raises(CannotEstimate):
        call()


def test_wilson_interval_by_hand():
    # Newcombe (1998), table I, method 3: 81 of 263.
    interval = wilson_interval(81 / 263, 263)
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


def test_logit_interval_stays_inside_zero_and_one():
    interval = share_interval(IntervalMethod.LOGIT, 0.001, 0.01, 50, n=51, n_effective=50)
    assert 0 < interval.low < 0.001 < interval.high < 1
    with pytest.raises(CannotEstimate):
        share_interval(IntervalMethod.LOGIT, 0.5, -1, 50, n=51, n_effective=50)


def test_diagnostics_can_only_narrow_the_sentence():
    card = make_card(respondents=900, members=1000, universe=1000)
    good = Diagnostics(n_effective=700, largest_difference=0.01)
    assert permitted_sentence(Instrument.SAMPLE_SURVEY, card, diagnostics=good).speaks_of == "universe"
    few = Diagnostics(n_effective=29, largest_difference=0.01)
    found = permitted_sentence(Instrument.SAMPLE_SURVEY, card, diagnostics=few)
    assert found.speaks_of == "respondents"
    assert "29 effective respondents" in found.because
    far = Diagnostics(n_effective=700, largest_difference=0.11)
    assert permitted_sentence(Instrument.ATTEMPTED_CENSUS, card, diagnostics=far).speaks_of == "respondents"
    for diagnostics in (good, few, far, None):
        for instrument in (Instrument.STRAW_POLL, Instrument.COMMUNITY_POLL):
            assert permitted_sentence(instrument, card, diagnostics=diagnostics).speaks_of == "respondents"


REACH = {"respondents": 0, "members": 1, "universe": 2}


@given(
    st.sampled_from(list(Instrument)),
    st.integers(1, 1000),
    st.integers(1000, 2000),
    st.integers(2000, 4000),
    st.floats(1, 2000),
    st.floats(0, 0.5),
)
def test_more_answers_never_weaken_the_sentence_and_diagnostics_never_widen_it(i, n, members, universe, n_eff, d):
    card = make_card(respondents=n, members=members, universe=universe)
    more = make_card(respondents=members, members=members, universe=universe)
    plain = permitted_sentence(i, card)
    assert REACH[plain.speaks_of] <= REACH[permitted_sentence(i, more).speaks_of]
    narrowed = permitted_sentence(i, card, diagnostics=Diagnostics(n_eff, d))
    assert REACH[narrowed.speaks_of] <= REACH[plain.speaks_of]


def test_data_defect_correlation_is_the_error_over_its_scale():
    # Meng's identity: the error is ρ·√((1 − f) ÷ f)·σ.
    rho = data_defect_correlation(0.55, 0.5, 1000, 101_000)
    assert rho * np.sqrt(100_000 / 1000) * 0.5 == pytest.approx(0.05)
    assert rho == pytest.approx(tipping_data_defect_correlation(0.55, 1000, 101_000))
    with pytest.raises(CannotEstimate, match="true share inside"):
        data_defect_correlation(0.5, 1.0, 10, 100)


def test_partial_r_indicators_name_the_uneven_variable():
    found = partial_r_indicators(
        [
            ("even", np.array([100.0, 200]), np.array([10.0, 20])),
            ("uneven", np.array([100.0, 200]), np.array([20.0, 10])),
        ]
    )
    assert found["even"] == pytest.approx(0)
    assert found["uneven"] == pytest.approx(np.sqrt((100 * 0.1**2 + 200 * 0.05**2) / 300))
    with pytest.raises(CannotEstimate, match="people at every level"):
        partial_r_indicators([("bad", np.array([0.0, 1]), np.array([0.0, 1]))])


def test_standardised_differences_before_and_after():
    (row,) = margin_balance("m", ["a"], np.array([50.0]), np.array([60.0]), np.array([50.0]))
    assert (row.raw_difference, row.weighted_difference) == (0, 0)
    assert standardised_difference(0.6, 0.5) == pytest.approx(0.2)
    assert standardised_difference(0.1, 0.0) == np.inf
