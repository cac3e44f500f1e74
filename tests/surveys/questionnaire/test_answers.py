import math

import pytest

from auscult.surveys.questionnaire.answers import FaultyAnswer, clean_answer, clean_answers, read_form, valid_answers
from auscult.surveys.questionnaire.items import count_answers, items_of
from auscult.surveys.questionnaire.reading import read_questionnaire
from tests.surveys.questionnaire.documents import (
    asks,
    day,
    document,
    matrix,
    number,
    ranking,
    several,
    single,
    text,
)


def question_of(written):
    return read_questionnaire(document(written)).find(written["code"])


@pytest.mark.parametrize("value", [None, "", "  ", [], {}])
@pytest.mark.parametrize(
    "written", [single("q"), several("q"), ranking("q"), matrix("q"), number("q"), day("q"), text("q")]
)
def test_an_empty_answer_is_none(written, value):
    assert clean_answer(question_of(written), value) is None


@pytest.mark.parametrize(
    ("written", "value", "stored"),
    [
        (single("q"), "a", "a"),
        (several("q"), ["c", "a"], ["a", "c"]),
        (several("q", exclusive="c"), ["c"], ["c"]),
        (several("q", exclusive="c", least=2), ["c"], ["c"]),
        (several("q", most=2, least=2), ["a", "b"], ["a", "b"]),
        (ranking("q"), ["c", "a", "b"], ["c", "a", "b"]),
        (ranking("q", most=2), ["c"], ["c"]),
        (matrix("q"), {"s": "yes"}, {"s": "yes"}),
        (matrix("q"), {"s": "yes", "r": "no"}, {"r": "no", "s": "yes"}),
        (number("q"), "12", 12),
        (number("q"), " 12.50 ", 12.5),
        (number("q"), "1,234,567", 1_234_567),
        (number("q"), "1 234.5", 1234.5),
        (number("q"), "12\u202f345", 12345),
        (number("q"), "1'000", 1000),
        (number("q"), "-.5", -0.5),
        (number("q"), 40.0, 40),
        (number("q"), 0, 0),
        (number("q", minimum=0, maximum=50), "50", 50),
        (day("q"), "2026-02-28", "2026-02-28"),
        (day("q", minimum="2026-01-01", bands=["2026-02-01"]), "2026-01-01", "2026-01-01"),
        (text("q"), "  two\r\nlines \x00 ", "two\nlines"),
        (text("q", most=3), " abc ", "abc"),
    ],
)
def test_an_answer_that_fits_is_stored_in_one_form_only(written, value, stored):
    cleaned = clean_answer(question_of(written), value)
    assert cleaned == stored
    assert type(cleaned) is type(stored)
    if isinstance(stored, dict):
        assert list(cleaned) == list(stored)


@pytest.mark.parametrize(
    ("written", "value", "words"),
    [
        (single("q"), "z", "does not have"),
        (single("q"), ["a"], "does not have"),
        (several("q"), "a", "as a list"),
        (several("q"), ["a", "z"], "does not have"),
        (several("q"), ["a", "a"], "stands twice"),
        (several("q", exclusive="c"), ["a", "c"], "“C” stands alone"),
        (several("q", most=1), ["a", "b"], "at most 1; you chose 2"),
        (several("q", least=2), ["a"], "at least 2; you chose 1"),
        (ranking("q"), ["a", "a"], "stands twice"),
        (ranking("q", most=1), ["a", "b"], "at most 1; you ranked 2"),
        (ranking("q", least=2), ["a"], "at least 2; you ranked 1"),
        (matrix("q"), ["yes"], "does not have"),
        (matrix("q"), {"z": "yes"}, "a row that"),
        (matrix("q"), {"r": "z"}, "a choice that"),
        (number("q"), "twelve", "“twelve” is no number. Write it like 12 or 12.5."),
        (number("q"), "12,5", "is no number"),
        (number("q"), "5 10", "is no number"),
        (number("q"), "1e3", "is no number"),
        (number("q"), True, "is no number"),
        (number("q"), math.nan, "out of every range"),
        (number("q"), math.inf, "out of every range"),
        (number("q"), 10**400, "out of every range"),
        (number("q", minimum=0), -1, "-1 is below 0"),
        (number("q", maximum=2_000_000), 3_000_000, "3,000,000 is above 2,000,000"),
        (day("q"), "2026-02-30", "is no date. Write it like 2026-01-31"),
        (day("q"), 20260101, "is no date"),
        (day("q", maximum="2026-06-30"), "2026-07-01", "2026-07-01 is above 2026-06-30"),
        (text("q"), 5, "no text"),
        (text("q", most=3), "abcd", "4 characters; 3 are the most"),
        (text("q"), "x" * 2001, "2,001 characters; 2,000 are the most"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_its_question(written, value, words):
    with pytest.raises(FaultyAnswer) as refusal:
        clean_answer(question_of(written), value)
    assert refusal.value.question == "q"
    assert words in refusal.value.text
    assert str(refusal.value) == refusal.value.text


SURVEY = read_questionnaire(
    document(
        single("nights", required=True),
        number("hours", show_if=asks("nights", "a"), required=True, minimum=0, maximum=100),
        matrix("views", required=True),
        text("words"),
    )
)
WHOLE = {"nights": "a", "hours": "40", "views": {"r": "yes", "s": "no"}}


def refuse_ballot(answers, *, final=True):
    with pytest.raises(FaultyAnswer) as refusal:
        clean_answers(SURVEY, answers, final=final)
    return refusal.value.question, refusal.value.text


def test_a_whole_ballot_is_stored_in_the_order_of_the_document():
    stored = clean_answers(SURVEY, dict(reversed(WHOLE.items())) | {"words": " "}, final=True)
    assert list(stored.items()) == [("nights", "a"), ("hours", 40), ("views", {"r": "yes", "s": "no"})]


def test_answers_to_hidden_questions_are_dropped_and_not_demanded():
    assert "hours" not in clean_answers(SURVEY, WHOLE | {"nights": "b"}, final=True)


def test_a_faulty_answer_to_a_hidden_question_is_dropped_too():
    assert "hours" not in clean_answers(SURVEY, WHOLE | {"nights": "b", "hours": "many"}, final=True)
    assert refuse_ballot(WHOLE | {"hours": "many"})[0] == "hours"


def test_a_ballot_that_leaves_out_what_is_required_is_refused():
    assert refuse_ballot({"views": WHOLE["views"]}) == ("nights", "“nights?” needs an answer.")
    assert refuse_ballot(WHOLE | {"hours": None})[0] == "hours"
    assert refuse_ballot(WHOLE | {"views": {"r": "yes"}}) == ("views", "“views?” needs an answer in the row “S”.")


def test_an_empty_ballot_is_refused_without_naming_a_question():
    assert refuse_ballot({}) == ("", "Choose an answer first.")
    assert refuse_ballot({"words": "  ", "nights": None}) == ("", "Choose an answer first.")


def test_an_answer_to_no_question_is_refused():
    assert refuse_ballot(WHOLE | {"other": "a"})[1].startswith(
        "The ballot answers a question that this poll does not ask"
    )


def test_on_the_way_nothing_is_demanded_but_everything_must_fit():
    assert clean_answers(SURVEY, {}, final=False) == {}
    assert clean_answers(SURVEY, {"views": {"s": "yes"}}, final=False) == {"views": {"s": "yes"}}
    assert refuse_ballot({"nights": "z"}, final=False)[0] == "nights"


def test_of_answers_as_entered_those_that_fit_can_be_kept():
    assert valid_answers(SURVEY, {"nights": "a", "hours": "many", "words": None, "other": "x"}) == {"nights": "a"}


def test_forms_are_read_as_they_are_named():
    fields = {
        "answer_one": ["a"],
        "answer_many": ["c", "", "a"],
        "answer_grid__r": ["yes"],
        "answer_grid__s": [""],
        "rank_order__a": ["2"],
        "rank_order__b": [""],
        "rank_order__c": [" 1 "],
        "answer_words": ["  said "],
    }
    assert read_form(question_of(single("one")), fields) == "a"
    assert read_form(question_of(several("many")), fields) == ["c", "a"]
    assert read_form(question_of(matrix("grid")), fields) == {"r": "yes"}
    assert read_form(question_of(ranking("order")), fields) == ["c", "a"]
    assert read_form(question_of(text("words")), fields) == "said"


@pytest.mark.parametrize(
    "written", [single("q"), several("q"), ranking("q"), matrix("q"), number("q"), day("q"), text("q")]
)
def test_a_form_without_the_question_gives_none(written):
    assert read_form(question_of(written), {}) is None
    assert read_form(question_of(written), {"answer_q": [""], "answer_q__r": [""], "rank_q__a": [""]}) is None


@pytest.mark.parametrize(
    ("ranks", "words"),
    [
        ({"a": "1", "b": "1"}, "Rank 1 is given twice: to “A” and “B”"),
        ({"a": "1", "b": "3"}, "Rank 2 is missing"),
        ({"a": "2"}, "Rank 1 is missing"),
        ({"a": "0"}, "Rank 1 is missing"),
        ({"a": "-1"}, "is no rank"),
        ({"a": "first"}, "“first” is no rank. Choose whole numbers from 1."),
        ({"a": "²"}, "is no rank"),
    ],
)
def test_ranks_are_distinct_and_leave_none_out(ranks, words):
    with pytest.raises(FaultyAnswer, match=words) as refusal:
        read_form(question_of(ranking("q")), {f"rank_q__{code}": [rank] for code, rank in ranks.items()})
    assert refusal.value.question == "q"


def test_choices_that_read_the_same_in_a_draft_keep_their_ranks_apart():
    draft = ranking("q", choices=[{"code": "a", "label": "Same"}, {"code": "b", "label": "Same"}])
    question = read_questionnaire(document(draft), complete=False).find("q")
    assert read_form(question, {"rank_q__a": ["2"], "rank_q__b": ["1"]}) == ["b", "a"]


def test_answers_are_counted_under_the_measures_that_there_are():
    survey = read_questionnaire(
        document(several("m"), ranking("r", most=1), matrix("x"), number("n", bands=[20, 1_500_000]), text("t"))
    )
    given = {"m": ["a"], "r": ["b"], "x": {"r": "yes"}, "n": "20", "t": "words"}
    counted = count_answers(survey, clean_answers(survey, given, final=True))
    assert counted == {
        "m_a": "yes", "m_b": "no", "m_c": "no",
        "r_a": "unranked", "r_b": "r1", "r_c": "unranked",
        "x_r": "yes", "n": "b1",
    }  # fmt: skip
    choices = {item.code: {choice.code for choice in item.choices} for item in items_of(survey)}
    assert all(choice in choices[item] for item, choice in counted.items())


def test_bands_are_named_in_full_numbers():
    (item,) = items_of(read_questionnaire(document(number("n", bands=[2.5, 1_500_000], unit="USD"))))
    assert [choice.label for choice in item.choices] == [
        "under 2.5 USD",
        "2.5 to under 1,500,000 USD",
        "1,500,000 or more USD",
    ]
