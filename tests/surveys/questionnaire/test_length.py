import pytest

from auscult.surveys.questionnaire.document import Kind
from auscult.surveys.questionnaire.length import SECONDS, WORDS_A_SECOND, estimate_seconds, seconds_of, words_of
from auscult.surveys.questionnaire.reading import read_questionnaire
from tests.surveys.questionnaire.documents import asks, document, matrix, page, ranking, single, text


def length(*questions_or_pages, **fields):
    return estimate_seconds(read_questionnaire(document(*questions_or_pages, **fields))).seconds


def test_every_kind_has_a_time():
    assert set(SECONDS) == set(Kind)


def test_a_question_takes_reading_and_deciding():
    question = read_questionnaire(document(single("q", wording="one two three four five", help="six"))).find("q")
    # Six words and the labels of two choices.
    assert seconds_of(question) == pytest.approx(8 / WORDS_A_SECOND + 4.0)


def test_a_matrix_takes_its_time_for_each_row_and_a_ranking_for_its_choices():
    survey = read_questionnaire(
        document(matrix("m", *"abcd"), ranking("r", *"abcdef"), ranking("s", *"abcdef", most=3))
    )
    assert seconds_of(survey.find("m")) == pytest.approx(7 / WORDS_A_SECOND + 4 * 3.0)
    assert seconds_of(survey.find("r")) == pytest.approx(7 / WORDS_A_SECOND + 2 * 12.0)
    assert seconds_of(survey.find("s")) == pytest.approx(7 / WORDS_A_SECOND + 12.0)


def test_a_question_that_hangs_on_a_condition_counts_half():
    whole = length(single("q1"), text("q2"))
    half = length(single("q1"), text("q2", show_if=asks("q1", "a")))
    by_page = length(page("s1", single("q1")), page("s2", text("q2"), show_if=asks("q1", "a")))
    text_alone = 1 / WORDS_A_SECOND + 40.0
    assert whole - half == pytest.approx(text_alone / 2)
    # The second title is one word more.
    assert by_page == pytest.approx(half + 1 / WORDS_A_SECOND)


def test_introduction_and_texts_of_pages_are_read():
    more = length(page("s1", single("q1"), text="one two three"), introduction="four five six seven")
    assert more - length(single("q1")) == pytest.approx(7 / WORDS_A_SECOND)


def test_an_empty_draft_takes_a_second_and_not_none():
    assert estimate_seconds(read_questionnaire(document(page("s1", title="")), complete=False)).seconds == 1.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (10, "less than a minute"),
        (44, "less than a minute"),
        (45, "about a minute"),
        (80, "about a minute"),
        (100, "about 2 minutes"),
        (250, "about 4 minutes"),
        (3600, "about 60 minutes"),
    ],
)
def test_a_time_is_said_in_minutes(seconds, words):
    assert words_of(seconds) == words
