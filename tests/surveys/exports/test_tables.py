from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from auscult.statistics.disclosure import Sum, audit, derivable_groups
from auscult.statistics.suppression import POOLED, suppress_table
from auscult.surveys.exports.tables import WITHHELD, CannotExport, ExportItem, release_table, release_tables
from tests.properties import examples
from tests.surveys.exports.sample import YES_NO, make_survey


def survey_of(*counts, **changes):
    """A survey of one stratum variable and an item for each table of counts."""
    cells = len(counts[0])
    items = tuple(
        ExportItem(f"q{n}", "?", "", tuple((f"a{c}", f"A{c}") for c in range(np.shape(table)[1])), False)
        for n, table in enumerate(counts)
    )
    fields = {
        "strata": ("specialty",),
        "stratum_labels": {"specialty": {f"s{c}": f"S{c}" for c in range(cells)}},
        "cells": tuple((f"s{c}",) for c in range(cells)),
        "design": "srs",
        "cell_population": None,
        "weights": np.ones(cells),
        "items": items,
        "counts": {item.code: np.array(table) for item, table in zip(items, counts, strict=True)},
        "respondents": 10**6,
        "members": 10**6,
    }
    return make_survey(**(fields | changes))


def test_a_small_cell_takes_the_next_smallest_with_it_and_both_lose_their_stratum():
    q1, _, _ = release_tables(make_survey())
    assert q1.strata[:3] == (("cardiology", "west"), ("surgery", "west"), ("other", "west"))
    assert q1.strata[3] == (WITHHELD, WITHHELD)
    assert q1.counts.tolist() == [[40, 50], [30, 60], [45, 55], [24, 55]]
    assert q1.without_stratum == 79


def test_a_pool_has_the_mean_weight_of_all_its_answers_and_the_persons_of_its_cells():
    q1, _, _ = release_tables(make_survey())
    # (102 × 1.2345 + 135 × 2.25) ÷ 237 = 1.8129: the two cells gave 34 and 45 answers to each of three items.
    assert q1.weights.tolist() == [2.0, 3.5, 1.0, 1.81]
    assert q1.population.tolist() == [200, 150, 160, 190]


def test_in_a_simple_random_sample_every_row_has_the_whole_frame():
    q1, q2, _ = release_tables(make_survey(design="srs"))
    assert set(q1.population.tolist()) == set(q2.population.tolist()) == {700}


def test_rare_choices_are_put_together_and_their_item_is_shown_without_strata():
    _, q2, _ = release_tables(make_survey())
    assert q2.rare == ("high", "never")
    assert [code for code, _ in q2.answers] == ["low", "middle", WITHHELD]
    assert q2.counts.tolist() == [[179, 167, 13]]
    assert q2.strata == ((WITHHELD, WITHHELD),)


def test_an_item_in_which_only_one_answer_could_be_shown_is_withheld():
    _, _, q3 = release_tables(make_survey())
    assert q3.withheld
    assert q3.counts.size == 0
    assert q3.held_back == 359


def test_how_many_answers_are_held_back_is_not_said_where_these_are_few():
    (table,) = release_tables(survey_of([[3, 4], [1, 0]]))
    assert table.withheld
    assert table.held_back is None


def test_a_choice_that_nobody_took_is_no_column():
    (table,) = release_tables(survey_of([[20, 0, 30], [40, 0, 50]]))
    assert [code for code, _ in table.answers] == ["a0", "a2"]
    assert table.strata == (("s0",), ("s1",))


def test_a_survey_without_strata_shows_its_answers():
    survey = survey_of([[20, 30]], strata=(), cells=((),))
    (table,) = release_tables(survey)
    assert table.strata == ((),)
    assert table.counts.tolist() == [[20, 30]]


def test_all_items_that_have_strata_have_the_same_ones():
    # By itself the first would pool s2 with s0 and show s1, the second pool s2 with s1 and show s0.
    first, second = [[12, 20], [30, 40], [1, 2]], [[16, 16], [12, 58], [2, 1]]
    alone = [suppress_table(["s0", "s1", "s2"], np.array(table)).strata for table in (first, second)]
    assert alone == [("s1", POOLED), ("s0", POOLED)]
    # Then s2 would be the pool of the first, 35 people, less s0 of the second, 32: three people.
    tables = release_tables(survey_of(first, second))
    assert tables[0].strata == tables[1].strata


def test_an_item_that_would_cost_the_others_their_strata_is_shown_without():
    good = [[20, 30], [40, 50], [30, 30]]
    bad = [[5, 45], [3, 87], [4, 56]]
    tables = release_tables(survey_of(good, good, bad))
    assert tables[0].strata == tables[1].strata == (("s0",), ("s1",), ("s2",))
    assert tables[2].strata == ((WITHHELD,),)


def test_one_item_is_released_as_among_all():
    survey = make_survey()
    assert release_table(survey, survey.items[0]).counts.tolist() == release_tables(survey)[0].counts.tolist()
    with pytest.raises(CannotExport, match="not in this survey"):
        release_table(survey, replace(survey.items[0], code="other"))


people = st.sampled_from([0, 0, 1, 3, 8, 12, 15, 25, 40])
joints = st.tuples(st.integers(2, 4), st.integers(2, 3), st.integers(2, 3)).flatmap(
    lambda shape: st.lists(people, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
        lambda values: np.array(values).reshape(shape)
    )
)


def sums_of(survey, joint):
    """What a reader knows, and what is hidden, over the groups *cell × answer to q0 × answer to q1*."""
    known = [Sum("all", frozenset(np.ndindex(joint.shape)), int(joint.sum()))]
    hidden = []
    for axis, table in enumerate(release_tables(survey), start=1):
        codes = [code for code, _ in table.item.choices]
        counts = survey.counts[table.item.code]
        shown_cells = [survey.cells.index(levels) for levels in table.strata if WITHHELD not in levels]
        pool = [cell for cell in range(len(survey.cells)) if cell not in shown_cells]
        for row, column, count in table.groups():
            code = table.answers[column][0]
            cells = pool if WITHHELD in table.strata[row] else [survey.cells.index(table.strata[row])]
            answers = {codes.index(a) for a in (table.rare if code == WITHHELD else [code])}
            atoms = frozenset(a for a in np.ndindex(joint.shape) if a[0] in cells and a[axis] in answers)
            known.append(Sum(f"{table.item.code} {table.strata[row]} {code}", atoms, count))
        offered = [code for code, _ in table.answers] if not table.withheld else codes
        for cell, answer in np.ndindex(counts.shape):
            code, occupied = codes[answer], counts.any(axis=1)[cell]
            if (cell in shown_cells and code in offered) or (code not in offered and code not in table.rare):
                continue  # shown, or a choice that nobody took
            if not occupied and not any(WITHHELD in levels for levels in table.strata):
                continue  # nobody of the group answered, and there is no pool to hide it in
            atoms = frozenset(a for a in np.ndindex(joint.shape) if a[0] == cell and a[axis] == answer)
            hidden.append(Sum(f"{table.item.code} {survey.cells[cell]} {code}", atoms, int(counts[cell, answer])))
    return known, hidden


@given(joints)
@settings(max_examples=examples(20))
def test_nothing_hidden_is_bounded_within_ten_by_all_tables_together(joint):
    counts = joint.sum(axis=2), joint.sum(axis=1)
    assume(joint.sum() > 0 and all((table.sum(axis=0) > 0).sum() > 1 for table in counts))
    survey = survey_of(*counts)
    tables = release_tables(survey)
    # With nothing shown a reader knows the number of respondents only, and that may itself be small.
    assume(not all(table.withheld for table in tables))
    known, hidden = sums_of(survey, joint)
    assert audit(known, hidden) == []
    # Without a pool it shows that nobody answered of a group, or that nobody took a choice; suppress_table allows both.
    if all(table.any(axis=axis).all() for table in counts for axis in (0, 1)):
        assert derivable_groups(known) == []


@given(st.lists(joints, min_size=1, max_size=3), st.integers(10, 15))
@settings(max_examples=examples(60))
def test_every_group_shown_has_at_least_the_minimum_and_no_answer_is_lost(joint, minimum):
    cells = min(len(each) for each in joint)
    survey = survey_of(*(each.sum(axis=2)[:cells] for each in joint), minimum=minimum)
    for table in release_tables(survey):
        assert all(count >= minimum for _, _, count in table.groups())
        assert (table.counts >= minimum).all()
        assert table.withheld or table.counts.sum() == survey.counts[table.item.code].sum()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"public_id": "../x"}, "public id"),
        ({"minimum": 9}, "may not be less than 10"),
        ({"closed_on": date(2008, 1, 1)}, "closes before it opens"),
        ({"strata": ("a", "b", "c")}, "at most two"),
        ({"strata": ("weight", "region")}, "cannot name a variable"),
        ({"strata": ("specialty", "region of work")}, "cannot name a variable"),
        ({"cells": (("cardiology", "west"),) * 5}, "each stand once"),
        ({"cells": (("cardiology", "north"), *make_survey().cells[1:])}, "does not name one labelled level"),
        ({"cells": (("cardiology",), *make_survey().cells[1:])}, "does not name one labelled level"),
        ({"cell_population": None}, "stratified design needs"),
        ({"cell_population": np.array([1, 2])}, "persons of the sampling frame"),
        ({"cell_population": np.array([80, 100, 150, 90, 160])}, "more answers in a cell than the frame"),
        ({"weights": np.array([1.0, 0, 1, 1, 1])}, "weight above zero"),
        ({"weights": np.array([1.0, np.nan, 1, 1, 1])}, "weight above zero"),
        ({"counts": {}}, "counts of each item"),
        ({"respondents": 300}, "more answers than the survey has respondents"),
        ({"items": (ExportItem("q1;", "?", "", YES_NO, False),), "counts": {"q1;": np.zeros((5, 2))}}, "small letters"),
        (
            {"items": (ExportItem("q1", "?", "", YES_NO * 2, False),), "counts": {"q1": np.zeros((5, 4))}},
            "different codes",
        ),
        (
            {"items": (ExportItem("q1", "?", "", YES_NO, False),), "counts": {"q1": np.full((5, 2), 1.5)}},
            "whole counts",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(changes, words):
    with pytest.raises(CannotExport, match=words):
        make_survey(**changes)
