import pytest

from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.questionnaire.view import arrange, languages, text_paths
from tests.surveys.questionnaire.documents import (
    asks,
    day,
    document,
    matrix,
    number,
    page,
    parts,
    several,
    single,
    text,
)


def questions_of(arranged):
    return {each.question.code: each for section in arranged.sections for each in section.questions}


def wording(survey, code, answers, language=""):
    return questions_of(arrange(survey, seed=1, answers=answers, language=language))[code].wording


def test_every_text_has_a_path_and_empty_ones_have_none():
    survey = read_questionnaire(
        document(
            page("s1", matrix("q1", "r1", help="Help"), number("q2", unit="hours"), text="Text"),
            introduction="Hello",
        )
    )
    assert text_paths(survey) == {
        "title": "A survey",
        "introduction": "Hello",
        "section.s1": "S1",
        "section.s1.text": "Text",
        "question.q1": "q1?",
        "question.q1.help": "Help",
        "question.q1.choice.no": "NO",
        "question.q1.choice.yes": "YES",
        "question.q1.row.r1": "R1",
        "question.q2": "q2?",
        "question.q2.unit": "hours",
    }


PIPED = read_questionnaire(
    document(
        single("one"),
        several("many"),
        number("hours", unit="hours"),
        day("since"),
        text("words"),
        text("last", wording="{one} | {many} | {hours} | {since} | {words}", help="In {{words}}: {words}"),
        translations={
            "de": {
                "question.last": "Auf Deutsch: {many}, {hours}",
                "question.many.choice.a": "Erstens",
                "question.hours.unit": "Stunden",
                "question.one": " ".strip(),
            }
        },
    )
)
GIVEN = {"one": "b", "many": ["a", "c"], "hours": 1234567.5, "since": "2026-01-31", "words": "<b>{one}</b>"}


def test_answers_are_piped_by_their_labels():
    assert wording(PIPED, "last", GIVEN) == "B | A, C | 1,234,567.5 hours | 2026-01-31 | <b>{one}</b>"


def test_what_was_not_answered_is_piped_as_an_ellipsis():
    assert wording(PIPED, "last", {}) == "… | … | … | … | …"


def test_doubled_braces_are_printed_once():
    assert questions_of(arrange(PIPED, seed=1, answers={"words": "x"}))["last"].help == "In {words}: x"


def test_choices_and_texts_of_pages_are_piped_and_a_piped_label_pipes_on():
    survey = read_questionnaire(
        document(
            page("s1", text("t")),
            page("s2", single("q", choices=[{"code": "a", "label": "More {t}"}, {"code": "b", "label": "{{none}}"}])),
            page("s3", text("u", wording="You chose {q}"), text="About {t}"),
        )
    )
    seen = arrange(survey, seed=1, answers={"t": "tea", "q": "a"})
    assert [choice.label for choice in questions_of(seen)["q"].choices] == ["More tea", "{none}"]
    assert questions_of(seen)["u"].wording == "You chose More tea"
    assert seen.sections[2].text == "About tea"
    assert wording(survey, "u", {"q": "b"}) == "You chose {none}"


def test_a_hidden_answer_is_not_piped():
    survey = read_questionnaire(
        document(single("q1"), text("q2", show_if=asks("q1", "a")), text("q3", wording="{q2}!"))
    )
    assert wording(survey, "q3", {"q1": "a", "q2": "seen"}) == "seen!"
    assert wording(survey, "q3", {"q1": "b", "q2": "seen"}) == "…!"


def test_a_translation_falls_back_to_the_source_where_it_has_no_text():
    german = arrange(PIPED, seed=1, answers=GIVEN, language="de")
    assert german.language == "de"
    assert questions_of(german)["one"].wording == "one?"
    assert questions_of(german)["hours"].question.unit == "Stunden"
    assert [choice.label for choice in questions_of(german)["many"].choices] == ["Erstens", "B", "C"]
    assert wording(PIPED, "last", GIVEN, "de") == "Auf Deutsch: Erstens, C, 1,234,567.5 Stunden"


def test_an_unknown_language_shows_the_source():
    seen = arrange(PIPED, seed=1, language="fr")
    assert (seen.language, seen.title) == ("en", "A survey")


def test_languages_begin_with_that_of_the_wordings():
    survey = read_questionnaire(
        document(text("q"), language="fr", translations={"en": {"title": "T"}, "de": {"title": "T"}})
    )
    assert languages(survey) == ("fr", "de", "en")


def test_only_what_the_answers_show_is_seen_and_previews_see_everything():
    survey = read_questionnaire(
        document(
            page("s1", single("q1"), text("q2", show_if=asks("q1", "a"))),
            page("s2", text("q3"), show_if=asks("q1", "a")),
        )
    )
    assert [section.code for section in arrange(survey, seed=1).sections] == ["s1"]
    assert list(questions_of(arrange(survey, seed=1, answers={"q1": "a"}))) == ["q1", "q2", "q3"]
    assert list(questions_of(arrange(survey, seed=1, everything=True))) == ["q1", "q2", "q3"]


@pytest.mark.parametrize("entered", ["many", None, [], {"r": "x"}])
def test_an_answer_that_does_not_fit_counts_as_none(entered):
    survey = read_questionnaire(
        document(number("n"), text("t", show_if=asks("n", at_least=5)), text("u", wording="{n}"))
    )
    seen = questions_of(arrange(survey, seed=1, answers={"n": entered}))
    assert list(seen) == ["n", "u"]
    assert seen["u"].wording == "…"


LETTERS = "abcdefgh"


def order(arranged, code, part="choices"):
    return [each.code for each in getattr(questions_of(arranged)[code], part)]


def test_an_order_follows_from_seed_and_question_alone():
    alone = read_questionnaire(document(single("q", *LETTERS, shuffle=True)))
    among = read_questionnaire(document(single("p", *LETTERS, shuffle=True), single("q", *LETTERS, shuffle=True)))
    assert order(arrange(alone, seed=7), "q") == order(arrange(among, seed=7), "q")
    assert order(arrange(among, seed=7), "q") != order(arrange(among, seed=7), "p")
    assert order(arrange(alone, seed=7), "q") != order(arrange(alone, seed=8), "q")
    # As it was drawn when surveys were opened: respondents who come back find their own order.
    assert "".join(order(arrange(alone, seed=7), "q")) == "hcdgebaf"


def test_every_choice_stands_in_every_place_about_equally_often():
    survey = read_questionnaire(document(single("q", "a", "b", "c", shuffle=True)))
    first = [order(arrange(survey, seed=seed), "q")[0] for seed in range(600)]
    # Standard deviation of each count: 11.5.
    assert all(150 < first.count(code) < 250 for code in "abc")


def test_fixed_choices_keep_their_place():
    survey = read_questionnaire(document(single("q", shuffle=True, choices=parts(*LETTERS, fixed="h"))))
    orders = [order(arrange(survey, seed=seed), "q") for seed in range(20)]
    assert all(each[-1] == "h" and sorted(each) == list(LETTERS) for each in orders)
    assert len({tuple(each) for each in orders}) > 10


def test_a_shuffled_matrix_shuffles_rows_and_keeps_columns():
    survey = read_questionnaire(document(matrix("q", *LETTERS, shuffle=True)))
    assert order(arrange(survey, seed=1), "q") == ["no", "yes"]
    assert len({tuple(order(arrange(survey, seed=seed), "q", "rows")) for seed in range(20)}) > 10


def test_a_shuffled_page_shuffles_its_questions_and_hiding_one_leaves_the_others():
    survey = read_questionnaire(
        document(
            page("s1", single("first")),
            page("s2", *(text(f"q{n}") for n in range(6)), text("q6", show_if=asks("first", "a")), shuffle=True),
        )
    )
    with_it = [code for code in questions_of(arrange(survey, seed=3, answers={"first": "a"})) if code != "first"]
    without = [code for code in questions_of(arrange(survey, seed=3)) if code != "first"]
    assert [code for code in with_it if code != "q6"] == without
    assert without != sorted(without)


def test_nothing_is_shuffled_unasked():
    survey = read_questionnaire(document(single("q", *LETTERS)))
    assert order(arrange(survey, seed=5), "q") == list(LETTERS)
