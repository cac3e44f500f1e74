from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from auscult.statistics.errors import InvalidCounts
from auscult.surveys.sampling import (
    DISPOSITION_WORDS,
    Allocation,
    CannotSample,
    Disposition,
    SampleDesign,
    allocate,
    draw,
    rates_of,
    read_design,
)


def proportional(size):
    return SampleDesign(("specialty",), Allocation.PROPORTIONAL, size)


def neyman(size, **spread):
    return SampleDesign(("specialty",), Allocation.NEYMAN, size, spread=spread)


def fixed(**counts):
    return SampleDesign(("specialty",), Allocation.FIXED, sum(counts.values()), fixed=counts)


# Allocation


def test_proportional_allocation_rounds_by_largest_remainders():
    # Ideal 46.2, 30.8 and 23: the one place left goes to the greatest remainder.
    assert allocate(proportional(100), {"a": 462, "b": 308, "c": 230}) == {"a": 46, "b": 31, "c": 23}


def test_ties_of_remainders_go_by_name_and_not_by_the_order_given():
    assert (
        allocate(proportional(7), {"b": 50, "a": 50})
        == allocate(proportional(7), {"a": 50, "b": 50})
        == {"a": 4, "b": 3}
    )


def test_neyman_allocation_follows_size_times_standard_deviation():
    # N·S = 100, 150 and 250: 20, 30 and 50 of a hundred.
    spread = {"a": 0.5, "b": 0.25, "c": 0.3125}
    assert allocate(neyman(100, **spread), {"a": 200, "b": 600, "c": 800}) == {"a": 20, "b": 30, "c": 50}


def test_neyman_allocation_takes_one_half_where_nothing_is_expected():
    sizes = {"a": 100, "b": 300}
    assert allocate(neyman(40), sizes) == allocate(proportional(40), sizes) == {"a": 10, "b": 30}


def test_a_stratum_that_should_give_more_than_it_has_gives_all_and_the_rest_is_shared_anew():
    # N·S = 50, 10 and 10: in proportion, 160 would take 114 of the hundred in a.
    spread = {"a": 0.5, "b": 0.02, "c": 0.02}
    assert allocate(neyman(160, **spread), {"a": 100, "b": 500, "c": 500}) == {"a": 100, "b": 30, "c": 30}


def test_a_stratum_is_not_emptied_for_a_share_that_others_need_for_their_least():
    # At first sight "full" should give 10.3 of its 10. But the five tiny strata need two each, and what is left is 21 for
    # "full" and "large", whose N·S are 5 and 10: seven and fourteen.
    spread = {"full": 0.5, "large": 0.01} | {f"tiny{i}": 0.0001 for i in range(5)}
    sizes = {"full": 10, "large": 1000} | {f"tiny{i}": 100 for i in range(5)}
    assert allocate(neyman(31, **spread), sizes) == {"full": 7, "large": 14} | {f"tiny{i}": 2 for i in range(5)}


def test_every_stratum_gets_two_and_a_stratum_of_one_gives_that_one():
    assert allocate(proportional(10), {"a": 10_000, "b": 3, "c": 1}) == {"a": 7, "b": 2, "c": 1}


def test_a_stratum_without_members_is_left_out():
    assert allocate(proportional(4), {"a": 10, "b": 0}) == {"a": 4}


def test_everybody_can_be_asked_for():
    assert allocate(proportional(14), {"a": 10, "b": 3, "c": 1}) == {"a": 10, "b": 3, "c": 1}


strata = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 400), min_size=1, max_size=12)


@given(strata, st.data())
def test_an_allocation_sums_to_the_size_within_its_bounds_and_in_proportion_between(sizes, data):
    least = {name: min(2, size) for name, size in sizes.items()}
    size = data.draw(st.integers(sum(least.values()), sum(sizes.values())))
    spread = data.draw(st.fixed_dictionaries({name: st.sampled_from([0.01, 0.1, 0.3, 0.5]) for name in sizes}))
    found = allocate(SampleDesign(("sex",), Allocation.NEYMAN, size, spread=spread), sizes)
    assert sum(found.values()) == size
    assert all(least[name] <= found[name] <= sizes[name] for name in sizes)
    # Between the bounds all have one factor of proportion, but for the rounding of less than one person.
    measure = {name: sizes[name] * Fraction(spread[name]) for name in sizes}
    low = max(((found[n] - 1) / measure[n] for n in sizes if found[n] > least[n]), default=None)
    high = min(((found[n] + 1) / measure[n] for n in sizes if found[n] < sizes[n]), default=None)
    assert low is None or high is None or low < high


def test_more_than_there_are_is_refused_with_both_numbers():
    with pytest.raises(CannotSample, match="There are 13 members, fewer than the 14 asked for"):
        allocate(proportional(14), {"a": 10, "b": 3})


def test_too_few_for_two_in_each_stratum_is_refused():
    with pytest.raises(CannotSample, match="3 strata need at least 5 members, two in each"):
        allocate(proportional(4), {"a": 10, "b": 3, "c": 1})


def test_an_unknown_stratum_is_refused_by_name():
    with pytest.raises(CannotSample, match="no stratum “Surgeons”. There are: Surgery"):
        allocate(fixed(Surgeons=4), {"Surgery": 10})
    with pytest.raises(CannotSample, match="no stratum “Surgeons”"):
        allocate(neyman(4, Surgeons=0.2), {"Surgery": 10})


def test_a_fixed_allocation_is_taken_as_it_is():
    assert allocate(fixed(a=5, b=2, c=1), {"a": 10, "b": 30, "c": 1}) == {"a": 5, "b": 2, "c": 1}


def test_a_fixed_allocation_of_more_than_a_stratum_has_is_refused():
    with pytest.raises(CannotSample, match="“b” has 3 members, fewer than the 4 asked for"):
        allocate(fixed(a=5, b=4), {"a": 10, "b": 3})


@pytest.mark.parametrize("counts", [{"a": 5}, {"a": 5, "b": 0}, {"a": 5, "b": 1}])
def test_a_fixed_allocation_that_gives_a_stratum_fewer_than_two_is_refused(counts):
    with pytest.raises(CannotSample, match="“b” gets [01] of the sample; it needs 2"):
        allocate(fixed(**counts), {"a": 10, "b": 3})


# The design as JSON


def test_a_design_survives_its_json():
    for design in (
        proportional(300),
        SampleDesign(("region", "sex"), Allocation.NEYMAN, 300, spread={"TX|F": 0.4}),
        fixed(a=5, b=7),
    ):
        assert read_design(design.as_json()) == design


def test_a_design_reads_what_a_form_sends():
    found = read_design({"by": ["sex"], "allocation": "fixed", "size": 0, "fixed": {"F": "5", "M": " 6 "}})
    assert found.fixed == {"F": 5, "M": 6}
    assert found.size == 11


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"by": []}, "one or two of: specialty, region, sex, career"),
        ({"by": ["sex", "region", "career"]}, "one or two of"),
        ({"by": ["sex", "sex"]}, "one or two of"),
        ({"by": ["income"]}, "one or two of"),
        ({"by": "sex"}, "one or two of"),
        ({"by": 7}, "one or two of"),
        ({"allocation": "optimal"}, "proportional, neyman, fixed"),
        ({"allocation": None}, "proportional, neyman, fixed"),
        ({"size": 1}, "Say how many members are drawn"),
        ({"size": "many"}, "The size of “the sample” must be a whole number, not “many”"),
        ({"size": 2.5}, "must be a whole number, not “2.5”"),
        ({"size": None}, "must be a whole number"),
        ({"spread": {"a": 0.6}}, "above 0 and is at most 0.5"),
        ({"spread": {"a": 0}}, "above 0"),
        ({"spread": {"a": "nan"}}, "above 0"),
        ({"spread": {"a": "wide"}}, "standard deviation of “a” must be a number, not “wide”"),
        ({"spread": [1]}, "stratum by stratum"),
        ({"allocation": "fixed"}, "A fixed allocation says for each stratum"),
        ({"allocation": "fixed", "fixed": {"a": -1, "b": 9}}, "none of them negative"),
        ({"allocation": "fixed", "fixed": {"a": "all"}}, "drawn of “a” must be a whole number, not “all”"),
    ],
)
def test_a_faulty_design_is_refused_with_what_is_wrong(changes, words):
    design = {"by": ["sex"], "allocation": "neyman", "size": 100} | changes
    with pytest.raises(CannotSample, match=words):
        read_design(design)


# Drawing

MEMBERS = {"a": list(range(100, 150)), "b": list(range(7))}


def test_the_seed_alone_gives_the_sample_again():
    once = draw(MEMBERS, {"a": 10, "b": 3}, "5f2c")
    assert once == draw(MEMBERS, {"a": 10, "b": 3}, "5f2c")
    assert once != draw(MEMBERS, {"a": 10, "b": 3}, "5f2d")


def test_a_recorded_sample_is_drawn_the_same_by_every_version():
    # By hand: printf '5f2c:0' | sha256sum and so on; the three smallest digests.
    assert draw({"b": list(range(7))}, {"b": 3}, "5f2c") == {"b": [2, 3, 4]}


@given(st.permutations(range(100, 130)))
def test_the_order_of_the_list_does_not_matter(shuffled):
    assert draw({"a": shuffled}, {"a": 8}, "seed") == draw({"a": range(100, 130)}, {"a": 8}, "seed")


def test_nobody_is_drawn_twice_or_from_another_stratum():
    found = draw(MEMBERS, {"a": 50, "b": 5}, "seed")
    assert found["a"] == MEMBERS["a"]
    assert len(set(found["b"])) == 5
    assert set(found["b"]) <= set(MEMBERS["b"])


def test_a_larger_sample_holds_the_smaller_one():
    few, more = (set(draw(MEMBERS, {"a": n}, "seed")["a"]) for n in (10, 20))
    assert few < more


def test_every_member_and_every_pair_is_equally_likely():
    seeds, people, size = 4000, 12, 4
    drawn = np.zeros((seeds, people))
    for seed in range(seeds):
        drawn[seed, draw({"a": range(people)}, {"a": size}, f"{seed:x}")["a"]] = 1
    # Of a simple random sample without replacement the inclusion counts vary by less than independent ones: the
    # sum of squares over their variance n·f·(1 - f)·N/(N - 1) is chi-square with N - 1 degrees of freedom.
    f = size / people
    singles = ((drawn.sum(axis=0) - seeds * f) ** 2).sum() / (seeds * f * (1 - f)) * (people - 1) / people
    assert chi2.sf(singles, people - 1) > 0.001
    together = (drawn.T @ drawn)[np.triu_indices(people, 1)]
    pair = f * (size - 1) / (people - 1)
    assert np.abs(together - seeds * pair).max() < 4.5 * np.sqrt(seeds * pair * (1 - pair))


def test_drawing_more_than_there_are_is_refused():
    with pytest.raises(CannotSample, match="“b” has 7 members, fewer than the 8"):
        draw(MEMBERS, {"b": 8}, "seed")
    with pytest.raises(CannotSample, match="“c” has 0 members"):
        draw(MEMBERS, {"c": 1}, "seed")


# Dispositions


def test_every_disposition_has_words():
    assert set(DISPOSITION_WORDS) == set(Disposition)


def test_rates_of_dispositions_by_hand():
    rates = rates_of(
        {
            Disposition.COMPLETE: 400,
            Disposition.PARTIAL: 50,
            Disposition.REFUSAL: 120,
            Disposition.BREAK_OFF: 80,
            Disposition.NO_REPLY: 175,
            Disposition.NOT_SENT: 100,
            Disposition.UNDELIVERABLE: 200,
            Disposition.SCREENED_OUT: 150,
            Disposition.QUOTA_FULL: 25,
        }
    )
    assert rates.rr1 == pytest.approx(400 / 1125)
    assert rates.rr2 == pytest.approx(450 / 1125)
    assert rates.eligibility == pytest.approx(825 / 1000)
    assert rates.rr3 == pytest.approx(400 / (825 + 0.825 * 300))
    assert rates.rr5 == pytest.approx(400 / 825)
    assert rates.coop1 == pytest.approx(400 / 650)
    assert rates.ref1 == pytest.approx(200 / 1125)
    assert rates.con1 == pytest.approx(650 / 1125)


def test_without_screening_everybody_verified_is_taken_as_eligible():
    rates = rates_of({Disposition.COMPLETE: 30, Disposition.NO_REPLY: 60, Disposition.UNDELIVERABLE: 10})
    assert rates.eligibility == 1
    assert rates.rr1 == rates.rr3 == pytest.approx(0.3)


@given(st.fixed_dictionaries({code: st.integers(0, 500) for code in Disposition}))
def test_rates_keep_their_order_and_lie_between_0_and_1(counts):
    try:
        rates = rates_of(counts)
    except InvalidCounts:
        answered = (Disposition.COMPLETE, Disposition.PARTIAL, Disposition.REFUSAL, Disposition.BREAK_OFF)
        assert not any(counts[code] for code in answered)
        return
    assert 0 <= rates.rr1 <= rates.rr3 <= rates.rr5 <= 1
    assert rates.rr2 <= rates.rr4 <= rates.rr6 <= 1
    assert rates.rr1 <= rates.rr2
    assert rates.rr2 == pytest.approx(rates.con1 * rates.coop2)


def test_rates_of_nobody_are_refused():
    with pytest.raises(InvalidCounts, match="at least one eligible person"):
        rates_of({Disposition.NO_REPLY: 10})
