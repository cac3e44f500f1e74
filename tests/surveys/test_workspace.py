from itertools import pairwise

import numpy as np
import pytest

from auscult.statistics import rows as svy
from auscult.statistics.disclosure import Sum, may_publish
from auscult.statistics.results import CellTable, estimate_survey
from auscult.statistics.rows.calibrate import margin_of_rows
from auscult.surveys.exports.tables import ExportItem
from auscult.surveys.workspace import Wave, allowed_tables, choose_weighting, crosstab, groups_of, trend
from tests.surveys.exports.sample import make_survey

CHOICES = ("agree", "disagree", "unsure")
LABELS = (("agree", "Agree"), ("disagree", "Disagree"), ("unsure", "Unsure"))
#: specialty, sex → answers agree, disagree, unsure; and how many answered nothing.
COUNTS = {
    ("cardiology", "F"): ((60, 30, 20), 4),
    ("cardiology", "M"): ((50, 45, 15), 0),
    ("surgery", "F"): ((30, 60, 20), 6),
    ("surgery", "M"): ((25, 80, 25), 0),
    ("family", "F"): ((90, 40, 30), 0),
    ("family", "M"): ((70, 35, 25), 10),
    ("urology", "F"): ((6, 5, 2), 0),
    ("urology", "M"): ((7, 9, 1), 0),
}
POPULATION = {
    "specialty": {"cardiology": 2500, "surgery": 3500, "family": 3500, "urology": 500},
    "sex": {"F": 4000, "M": 6000},
}


def make_table(counts=COUNTS, item="q1"):
    answers = np.array([given for given, _ in counts.values()], dtype=float)
    silent = np.array([nothing for _, nothing in counts.values()], dtype=float)
    return CellTable(
        ("specialty", "sex"), tuple(counts), answers.sum(axis=1) + silent, {item: CHOICES}, {item: answers}
    )


def export_of(table, by, item="q1"):
    levels, codes = groups_of(table, by)
    counts = np.zeros((len(levels), len(table.choices[item])), dtype=np.int64)
    np.add.at(counts, codes, table.answers[item].astype(np.int64))
    return make_survey(
        members=10_000,
        respondents=int(table.respondents.sum()),
        strata=tuple(by),
        stratum_labels={name: {level: level for level in set(table.values(name))} for name in by},
        design="srs",
        items=(
            ExportItem(item, "Do you?", "", tuple(pair for pair in LABELS if pair[0] in table.choices[item]), False),
        ),
        cells=tuple(levels),
        cell_population=None,
        weights=np.ones(len(levels)),
        counts={item: counts},
    )


def tabulate(by=("specialty",), table=None, population=POPULATION):
    table = table or make_table()
    return crosstab(table, export_of(table, by), "q1", by, population)


# Tables


def test_a_table_shows_counts_shares_and_intervals_of_each_stratum():
    found = tabulate()
    assert [line.levels for line in found.lines] == [("family",), ("surgery",), ()]
    family = found.lines[0]
    assert family.base == 290
    assert [cell.count for cell in family.cells] == [160, 75, 55]
    assert family.cells[0].raw_share == 160 / 290
    assert all(cell.low < cell.share < cell.high for line in found.lines for cell in line.cells)
    assert [sum(cell.share for cell in line.cells) for line in found.lines] == pytest.approx([1, 1, 1], abs=0.002)


def test_weighted_shares_are_those_of_the_same_rows():
    """Every respondent as a row of their own, weighted and estimated by the other program."""
    design = rows_of(make_table())
    wanted = svy.mean_by(design, ["q1"], ["group"], na_rm=True)
    strata = ("family", "surgery", "others")
    shares = dict(zip(((a, d) for a in CHOICES for d in sorted(strata)), wanted.values, strict=True))
    for name, line in zip(strata, tabulate().lines, strict=True):
        assert [cell.share for cell in line.cells] == [pytest.approx(shares[a, name], abs=0.0006) for a in CHOICES]


def rows_of(table):
    """The design of the rows; strata that a table by specialty puts together are "others"."""
    people, answers = [], []
    for place, cell in enumerate(table.cells):
        given = [a for a, count in enumerate(table.answers["q1"][place]) for _ in range(int(count))]
        given += [-1] * int(table.respondents[place] - len(given))
        people += [cell] * len(given)
        answers += given
    columns = {"q1": svy.Factor(np.array(answers), CHOICES), "all": np.ones(len(people))}
    for position, name in enumerate(table.variables):
        levels = tuple(POPULATION[name])
        columns[name] = svy.Factor(np.array([levels.index(cell[position]) for cell in people]), levels)
    shown = ("family", "others", "surgery")
    group = [cell[0] if cell[0] in shown else "others" for cell in people]
    columns["group"] = svy.Factor(np.array([shown.index(name) for name in group]), shown)
    margins = [margin_of_rows(columns, [name], POPULATION[name]) for name in table.variables]
    return svy.rake_rows(svy.survey_design(columns, weights="all"), margins, tolerance=1e-13)


def test_the_test_of_independence_is_that_of_the_same_rows():
    whole = {cell: (given, 0) for cell, (given, _) in COUNTS.items()}
    table = make_table(whole)
    wanted = svy.chisq_test(rows_of(table), "q1", "group")
    found = tabulate(table=table).independence
    assert found.method == "Rao–Scott, second order"
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-6)
    assert found.p_value == pytest.approx(wanted.p_value, rel=1e-5)
    assert found.p_value < 0.001


def test_answers_that_are_spread_alike_are_not_called_dependent():
    same = dict.fromkeys(COUNTS, ((40, 40, 20), 0))
    found = tabulate(table=make_table(same))
    assert found.independence.p_value == pytest.approx(1)
    assert all(abs(each.difference.difference) < 1e-12 for each in found.comparisons)


def test_each_stratum_is_compared_with_the_rest_on_the_commonest_answer():
    found = tabulate()
    assert found.compared == "Agree"
    assert [each.levels for each in found.comparisons] == [("family",), ("surgery",), ()]
    family, surgery, _ = found.comparisons
    assert family.difference.difference > 0.1
    assert surgery.difference.difference < -0.2
    # Holm: the smallest of three p-values is multiplied by three, and none is made smaller.
    smallest = min(found.comparisons, key=lambda each: each.difference.p_value)
    assert smallest.adjusted_p == pytest.approx(3 * smallest.difference.p_value)
    assert all(each.adjusted_p >= each.difference.p_value for each in found.comparisons)
    assert found.refusal == ""


@pytest.mark.parametrize("by", [("specialty",), ("sex",), ("specialty", "sex")])
def test_no_count_that_is_shown_or_follows_is_small(by):
    table = make_table()
    found = tabulate(by, table)
    shown = np.array([[cell.count for cell in line.cells] for line in found.lines])
    assert shown.min() >= 10
    # Whoever knows the answers of everybody subtracts the lines that are shown.
    assert (shown.sum(axis=0) == table.answers["q1"].sum(axis=0)).all()
    levels, _ = groups_of(table, by)
    named = [line.levels for line in found.lines if line.levels]
    published = []
    for column in range(len(CHOICES)):
        for levels_, row in zip([line.levels for line in found.lines], shown, strict=True):
            atoms = {(level, column) for level in levels if (level == levels_ if levels_ else level not in named)}
            published.append(Sum(f"{levels_} {column}", frozenset(atoms), int(row[column])))
        everybody = frozenset((level, column) for level in levels)
        published.append(Sum(f"all {column}", everybody, int(shown[:, column].sum())))
    assert may_publish([], published, minimum=10) is None


def test_a_table_that_would_show_small_groups_is_refused_in_words():
    few = {("surgery", "F"): ((40, 9, 20), 0), ("surgery", "M"): ((40, 8, 20), 0)}
    found = tabulate(("sex",), make_table(few))
    # Two strata of which one answer is small can only be shown together.
    assert found.lines == ()
    assert "Groups of fewer than 10 would show" in found.refusal


def test_without_a_population_the_shares_are_raw_and_it_says_so():
    found = tabulate(population=None)
    assert found.refusal == "There is no population to weight to; shares are of those who answered."
    assert {cell.share for line in found.lines for cell in line.cells} == {None}
    assert found.lines[0].cells[0].raw_share == 160 / 290
    assert found.comparisons == ()
    assert found.independence is None


def test_weights_that_cannot_be_made_leave_raw_shares_and_the_reason():
    found = tabulate(population={"sex": {"F": 4000}})
    assert "the population does not know" in found.refusal
    assert found.lines
    assert found.lines[0].cells[0].share is None


def test_a_stratum_too_small_to_compare_keeps_its_shares_and_is_named():
    counts = COUNTS | {("pathology", "F"): ((10, 8, 2), 0), ("pathology", "M"): ((1, 2, 0), 0)}
    del counts["urology", "F"], counts["urology", "M"]
    counts = {cell: ((agree, other + unsure, 0), silent) for cell, ((agree, other, unsure), silent) in counts.items()}
    table = make_table(counts)
    two = CellTable(
        table.variables, table.cells, table.respondents, {"q1": CHOICES[:2]}, {"q1": table.answers["q1"][:, :2]}
    )
    found = tabulate(table=two, population={"sex": POPULATION["sex"]})
    small = next(line for line in found.lines if line.levels == ("pathology",))
    assert small.base == 23
    assert small.cells[0].share is not None
    assert small.cells[0].caution == "fewer than 30 respondents"
    assert found.comparisons == ()
    assert found.refusal == "Comparisons need 30 answers in each stratum, so none is made. Fewer are in: pathology."
    assert found.independence is not None


@pytest.mark.parametrize("by", [(), ("specialty", "sex", "region")])
def test_a_table_is_by_one_or_two_strata(by):
    table = make_table()
    with pytest.raises(ValueError, match=f"by one or two strata, not by {len(by)}"):
        crosstab(table, export_of(table, ("sex",)), "q1", by, POPULATION)


def test_a_survey_laid_out_by_other_strata_is_refused():
    table = make_table()
    with pytest.raises(ValueError, match="laid out by"):
        crosstab(table, export_of(table, ("sex",)), "q1", ("specialty",), POPULATION)


# Which tables there are


def test_a_crossing_that_singles_out_a_small_group_is_not_offered():
    # Nine women in urology: by specialty × sex they would be the only small stratum.
    counts = COUNTS | {("urology", "F"): ((3, 3, 3), 0), ("urology", "M"): ((20, 20, 20), 0)}
    assert allowed_tables(make_table(counts), minimum=10) == (("specialty",), ("sex",))


def test_a_crossing_of_large_groups_is_offered():
    assert allowed_tables(make_table(), minimum=10) == (("specialty",), ("sex",), ("specialty", "sex"))


def test_the_offer_does_not_depend_on_the_order_of_the_cells():
    reversed_ = make_table(dict(reversed(COUNTS.items())))
    assert allowed_tables(reversed_, minimum=10) == allowed_tables(make_table(), minimum=10)


# Weighting


def test_no_margin_gives_raw_shares_and_no_design_effect():
    found = choose_weighting(make_table(), POPULATION, ())
    assert found.shares["q1", "agree"] == round(338 / 780, 3)
    assert found.design_effect == 1
    assert found.n_effective == 800
    assert found.largest_difference > 0.1


def test_each_margin_more_balances_more_and_costs_precision():
    table = make_table()
    none, sex, both = (choose_weighting(table, POPULATION, names) for names in ((), ("sex",), ("sex", "specialty")))
    assert none.design_effect < sex.design_effect < both.design_effect
    assert none.n_effective > sex.n_effective > both.n_effective
    assert both.largest_difference < sex.largest_difference
    assert both.largest_difference == 0
    assert both.refusal == ""


def test_all_margins_give_the_published_figures():
    table = make_table()
    published = estimate_survey(table, POPULATION)
    found = choose_weighting(table, POPULATION, ("specialty", "sex"))
    assert found.shares == {("q1", s.answer): round(s.share, 3) for s in published.questions["q1"].shares}
    assert found.design_effect == round(published.design_effect_of_weights, 2)


def test_weighting_that_cannot_be_done_says_why():
    found = choose_weighting(make_table(), {"sex": {"F": 4000}}, ("sex",))
    assert "the population does not know" in found.refusal
    assert found.shares == {}
    assert found.n_effective is None


def test_a_margin_that_there_is_not_is_refused_by_name():
    with pytest.raises(ValueError, match="no margin 'income'; there are specialty, sex"):
        choose_weighting(make_table(), POPULATION, ("sex", "income"))


# Waves


def wave(label, *, shift=0, wording="Do you agree?", choices=LABELS):
    counts = {cell: ((a + shift, d, u), silent) for cell, ((a, d, u), silent) in COUNTS.items()}
    estimate = estimate_survey(make_table(counts), POPULATION)
    return Wave(label, wording, choices, tuple(estimate.questions["q1"].shares))


def test_a_trend_has_the_share_of_each_answer_and_its_change():
    waves = [wave("2024"), wave("2025", shift=30)]
    first, second = trend(waves)
    assert [cell.label for cell in first.cells] == ["Agree", "Disagree", "Unsure"]
    assert [cell.difference for cell in first.cells] == [None, None, None]
    one, other = waves[1].shares[0], waves[0].shares[0]
    change = second.cells[0].difference
    assert change.difference == pytest.approx(one.share - other.share)
    assert change.standard_error == pytest.approx(np.hypot(one.standard_error, other.standard_error))
    assert change.low > 0
    assert sum(cell.difference.difference for cell in second.cells) == pytest.approx(0)
    assert second.cells[0].low < second.cells[0].share < second.cells[0].high


OTHER_LABELS = (("agree", "I agree"), *LABELS[1:])


@pytest.mark.parametrize("change", [{"wording": "Do you agree strongly?"}, {"choices": OTHER_LABELS}])
def test_across_a_change_of_wording_or_labels_there_is_no_difference(change):
    lines = trend([wave("2023"), wave("2024"), wave("2025", **change), wave("2026", **change)])
    assert [line.changed for line in lines] == [False, False, True, False]
    assert [line.cells[0].difference is None for line in lines] == [True, False, True, False]


def test_waves_keep_their_order():
    lines = trend([wave(str(year)) for year in range(2020, 2026)])
    assert all(one.label < other.label for one, other in pairwise(lines))
    assert trend([]) == ()
