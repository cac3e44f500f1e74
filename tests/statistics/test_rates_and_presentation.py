"""AAPOR's outcome rates by hand and by their invariants; the presentation rule of NCHS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.statistics.errors import CannotEstimate, InvalidCounts
from auscult.statistics.presentation import may_present
from auscult.statistics.rates import Dispositions, outcome_rates, participation_rate


def test_rates_by_hand():
    # 400 complete, 50 partial, 200 refused, 150 never reached, 25 otherwise, 300 unknown, 175 not eligible.
    rates = outcome_rates(Dispositions(400, 50, 200, 150, 25, 300, 175))
    assert rates.eligibility == pytest.approx(825 / 1000)
    assert rates.rr1 == pytest.approx(400 / 1125)
    assert rates.rr2 == pytest.approx(450 / 1125)
    assert rates.rr3 == pytest.approx(400 / (825 + 0.825 * 300))
    assert rates.rr4 == pytest.approx(450 / (825 + 0.825 * 300))
    assert rates.rr5 == pytest.approx(400 / 825)
    assert rates.rr6 == pytest.approx(450 / 825)
    assert rates.coop1 == pytest.approx(400 / 675)
    assert rates.coop2 == pytest.approx(450 / 675)
    assert rates.coop3 == pytest.approx(400 / 650)
    assert rates.coop4 == pytest.approx(450 / 650)
    assert rates.ref1 == pytest.approx(200 / 1125)
    assert rates.ref2 == pytest.approx(200 / 1072.5)
    assert rates.ref3 == pytest.approx(200 / 825)
    assert rates.con1 == pytest.approx(675 / 1125)
    assert rates.con2 == pytest.approx(675 / 1072.5)
    assert rates.con3 == pytest.approx(675 / 825)


counts = st.integers(0, 5000)


@given(st.builds(Dispositions, st.integers(1, 5000), counts, counts, counts, counts, counts, counts))
def test_invariants(cases):
    rates = outcome_rates(cases)
    assert rates.rr1 <= rates.rr3 <= rates.rr5 <= 1
    assert rates.rr2 <= rates.rr4 <= rates.rr6 <= 1
    assert rates.rr1 <= rates.rr2
    assert rates.rr3 <= rates.rr4
    assert rates.rr5 <= rates.rr6
    assert rates.coop1 <= rates.coop2 <= rates.coop4 <= 1
    assert rates.coop1 <= rates.coop3
    assert rates.ref1 <= rates.ref2 <= rates.ref3
    assert rates.con1 <= rates.con2 <= rates.con3
    # A response is a contact that cooperated.
    assert rates.rr2 == pytest.approx(rates.con1 * rates.coop2)
    assert rates.rr6 == pytest.approx(rates.con3 * rates.coop2)


@given(st.builds(Dispositions, st.integers(1, 500), counts, counts, counts, counts, counts), st.floats(0, 1))
def test_with_no_or_all_unknown_cases_eligible_the_middle_rates_are_the_outer_ones(cases, e):
    assert outcome_rates(cases, eligibility=1.0).rr3 == pytest.approx(outcome_rates(cases).rr1)
    assert outcome_rates(cases, eligibility=0.0).rr4 == pytest.approx(outcome_rates(cases).rr6)
    assert outcome_rates(cases, eligibility=e).eligibility == e


def test_an_opt_in_poll_has_a_participation_rate():
    assert participation_rate(4156, 100_000) == pytest.approx(0.04156)
    with pytest.raises(InvalidCounts, match="usable responses ≤ people invited"):
        participation_rate(5, 4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Dispositions(-1, 0, 0, 0, 0, 0), "cases complete must be a whole number"),
        (lambda: outcome_rates(Dispositions(0, 0, 0, 5, 0, 5)), "at least one eligible person who was reached"),
        (lambda: outcome_rates(Dispositions(0, 0, 0, 0, 0, 5)), "e cannot be estimated"),
        (lambda: outcome_rates(Dispositions(1, 0, 0, 0, 0, 5), eligibility=2), "between 0 and 1"),
    ],
)
def test_impossible_cases_are_refused(call, words):
    with pytest.raises(InvalidCounts, match=words):
        call()


@pytest.mark.parametrize(
    ("share", "error", "n", "df", "show", "reason"),
    [
        (0.5, 0.02, 600, 599, True, ""),
        (0.5, 0.09, 29, 28, False, "fewer than 30 respondents"),
        (0.5, 0.1, 200, 199, False, "fewer than 30 effective respondents"),
        (0.5, 0.085, 40, 39, False, "wide"),  # 0.30 or more
        (0.05, 0.02, 119, 118, False, "of the share"),  # width above 0.05 and above 130 % of 5 %
        (0.01, 0.004, 620, 619, True, ""),  # width up to 0.05 is shown whatever its relative width
        (0.95, 0.02, 119, 118, True, "complement is too uncertain"),
    ],
)
def test_presentation_rule(share, error, n, df, show, reason):
    found = may_present(share, error, n=n, degrees_of_freedom=df)
    assert found.show is show
    assert reason in found.reason
    assert bool(reason) == bool(found.reason)


def test_few_degrees_of_freedom_and_certainty_want_a_statistician():
    assert may_present(0.5, 0.02, n=600, degrees_of_freedom=7).review
    certain = may_present(0.0, 0.0, n=600, degrees_of_freedom=599)
    assert certain.show
    assert certain.review
    assert not may_present(0.0, 0.0, n=40, degrees_of_freedom=39).show
    assert not may_present(0.5, 0.02, n=600, degrees_of_freedom=8).review


def test_presentation_refuses_what_is_no_share():
    with pytest.raises(CannotEstimate, match="share in 0–1"):
        may_present(1.5, 0.1, n=50, degrees_of_freedom=49)
