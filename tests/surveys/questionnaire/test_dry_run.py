import random
from collections import Counter
from itertools import cycle, islice

import pytest
from hypothesis import HealthCheck, given, settings

from auscult.surveys.questionnaire.answers import clean_answers
from auscult.surveys.questionnaire.dry_run import _walk, dry_run
from auscult.surveys.questionnaire.reading import read_questionnaire
from tests.properties import examples
from tests.surveys.questionnaire.documents import (
    asks,
    day,
    document,
    matrix,
    number,
    page,
    questionnaires,
    ranking,
    several,
    single,
    text,
)


def run(*questions_or_pages, respondents=400, seed=1, cells=(), **fields):
    survey = read_questionnaire(document(*questions_or_pages, **fields))
    return dry_run(survey, respondents=respondents, seed=seed, cells=cells)


def test_every_respondent_is_complete_screened_out_or_finds_a_quota_full():
    quota = {"code": "k", "label": "K", "holds_if": asks("q2", "a"), "most": 50}
    found = run(single("q1", required=True, screen_out_if=asks("q1", "a")), single("q2"), quotas=[quota])
    assert set(found.screened_out) == {"q1"}
    assert set(found.quota_full) == {"k"}
    assert found.completed + found.screened_out["q1"] + found.quota_full["k"] == found.respondents == 400
    # Half are screened out; of the other 200 about 97 would belong to the quota of 50.
    assert 160 < found.screened_out["q1"] < 240
    assert 20 < found.quota_full["k"] < 75


def test_the_logic_is_followed():
    found = run(single("q1", required=True), text("q2", show_if=asks("q1", "a")), text("q3"))
    assert found.reached["q1"] == found.reached["q3"] == 400
    assert 160 < found.reached["q2"] < 240
    assert found.never_reached == ()


def test_what_nobody_can_reach_is_said_twice_and_what_is_rare_once():
    rare = [asks(f"q{n}", "a") for n in range(8)]
    found = run(
        page("s1", *(single(f"q{n}", *"abcdef") for n in range(8))),
        page("s2", text("rare", show_if={"all": rare}), text("never", show_if={"all": [rare[0], asks("q0", "b")]})),
    )
    assert found.never_reached == ("rare", "never")
    assert [each.code for each in found.unreachable] == ["never"]


def test_choices_that_nobody_gave_are_named():
    found = run(single("q1"), single("q2", show_if={"all": [asks("q1", "a"), asks("q1", "b")]}))
    assert found.empty_choices == (("q2", "a"), ("q2", "b"))


@pytest.mark.parametrize(
    "question",
    [
        single("q", *"abcdefgh"),
        single("q", attention="a"),
        several("q", exclusive="c"),
        several("q", "a", "b", "c", least=2, most=2),
        several("q", choices=[{"code": c, "label": c, "exclusive": True} for c in "ab"]),
        ranking("q", most=2),
        matrix("q"),
        number("q"),
        number("q", minimum=0.001, maximum=0.004, bands=[0.002, 0.003]),
        day("q"),
        day("q", minimum="2025-12-31", maximum="2026-01-01"),
        day("q", bands=["0001-01-02", "9999-12-31"]),
    ],
)
def test_every_choice_and_band_of_every_kind_is_tried(question):
    assert run(question, respondents=1000).empty_choices == ()


def test_three_in_a_hundred_skip_what_is_not_required():
    found = run(single("q1"), single("q2", required=True), text("q3", show_if={"not": asks("q1")}), respondents=5000)
    # 150 are expected, with a standard deviation of 12.
    assert 100 < found.reached["q3"] < 200
    none = run(single("q1", required=True), text("q3", show_if={"any": [asks("q1"), asks("q1")]}), respondents=200)
    assert none.reached["q3"] == 200


def test_tables_below_ten_are_named_by_item_and_cell():
    cells = [("surgery", "NY"), ("surgery", "CA")]
    many = run(single("q1"), respondents=400, cells=cells)
    few = run(single("q1"), several("q2", "a", "b"), respondents=10, cells=cells)
    assert many.thin_tables == ()
    assert ("q2_b", "surgery · CA") in few.thin_tables
    assert {cell for _, cell in few.thin_tables} == {"surgery · NY", "surgery · CA"}
    assert run(single("q1"), respondents=10).thin_tables == ()


def test_the_same_seed_gives_the_same_run():
    questions = single("q1"), number("q2"), text("q3", show_if=asks("q1", "a"))
    assert run(*questions, seed=4) == run(*questions, seed=4)
    assert run(*questions, seed=4) != run(*questions, seed=5)


def test_when_everybody_is_screened_out_there_is_no_median():
    found = run(single("q1", required=True, screen_out_if=asks("q1")), text("q2"))
    assert (found.completed, found.median_seconds, found.never_reached) == (0, 0.0, ("q2",))


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(questionnaires())
def test_simulated_answers_are_answers_that_could_be_cast(questionnaire):
    for seed in range(5):
        answers, _, screened = _walk(questionnaire, random.Random(seed), Counter())
        # A screened-out respondent may stop before what is required.
        assert clean_answers(questionnaire, answers, final=bool(answers) and not screened).keys() == answers.keys()


def test_a_thousand_respondents_of_sixty_questions_take_less_than_three_seconds():
    kinds = cycle([single, several, ranking, matrix, number, day])
    questions = [make(f"q{n}") for n, make in enumerate(islice(kinds, 60))]
    for n in range(10, 60, 7):
        questions[n]["show_if"] = {"any": [asks(f"q{n - 6}"), asks("q0", "a")]}
    found = run(*questions, respondents=1000, cells=[(f"c{n}",) for n in range(40)])
    assert found.completed == 1000
