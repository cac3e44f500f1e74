import pytest

from auscult.surveys.questionnaire.checking import MOST_ITEMS, MOST_QUESTIONS
from auscult.surveys.questionnaire.document import FaultyQuestionnaire
from auscult.surveys.questionnaire.reading import read_questionnaire
from tests.surveys.questionnaire.documents import (
    asks,
    day,
    document,
    matrix,
    number,
    page,
    parts,
    ranking,
    several,
    single,
    text,
)


def refuse(words, *questions_or_pages, complete=False, **fields):
    with pytest.raises(FaultyQuestionnaire, match=words):
        read_questionnaire(document(*questions_or_pages, **fields), complete=complete)


def accept(*questions_or_pages, complete=True, **fields):
    return read_questionnaire(document(*questions_or_pages, **fields), complete=complete)


def test_codes_that_stand_twice_are_refused():
    refuse("page code “s1” stands twice", page("s1", text("a")), page("s1", text("b")))
    refuse("question code “q” stands twice", page("s1", text("q")), page("s2", text("q")))
    refuse(r"choice \(in q\) code “a”", single("q", "a", "a"))
    refuse(r"row \(in q\) code “r”", matrix("q", "r", "r"))
    quota = {"code": "k", "label": "K", "holds_if": asks("q", "a"), "most": 5}
    refuse("quota code “k”", single("q"), quotas=[quota, quota])
    accept(single("q1", "a", "b"), single("q2", "a", "b"))


def test_measures_of_two_questions_that_would_be_counted_as_one_are_refused():
    refuse("measure code “q_a”", several("q"), single("q_a"))
    refuse("measure code “q_r”", matrix("q", "r"), single("q_r"))
    refuse("measure code “q_a”", several("q"), text("q_a"))
    refuse("q__r has the code of a row of “q”", matrix("q", "r"), single("q__r"))


@pytest.mark.parametrize("place", ["show_if", "screen_out_if"])
def test_a_condition_asks_only_about_what_was_answered_before(place):
    refuse("Question q1: .*“q9”, which is no earlier", single("q1", **{place: asks("q9")}))
    refuse("“q2”, which is no earlier", single("q1", **{place: asks("q2")}), single("q2"))
    accept(single("q1"), single("q2", **{place: asks("q1")}))


def test_a_question_may_screen_out_by_its_own_answer_but_not_hide_by_it():
    accept(single("q", screen_out_if=asks("q", "a")))
    refuse("no earlier", single("q", show_if=asks("q", "a")))


def test_a_page_asks_only_about_pages_before_it():
    refuse("Page s1: .*“q1”", page("s1", single("q1"), show_if=asks("q1")))
    accept(page("s1", single("q1")), page("s2", text("t"), show_if=asks("q1")))


def test_no_question_of_a_shuffled_page_hangs_on_another_of_it():
    questions = (single("q1"), text("q2", show_if=asks("q1")))
    refuse("“q1”, which is no earlier", page("s1", *questions, shuffle=True))
    accept(page("s1", single("q1"), shuffle=True), page("s2", text("q2", show_if=asks("q1")), shuffle=True))
    accept(page("s1", single("q1", screen_out_if=asks("q1", "a")), text("q2"), shuffle=True))


@pytest.mark.parametrize(
    ("asked", "condition", "words"),
    [
        (single("q"), asks("q", "z"), "no choice “z”"),
        (single("q"), asks("q", at_least=3), "neither a number nor a date"),
        (single("q"), asks("q", "a", row="r"), "no row “r”"),
        (matrix("q"), asks("q", "yes"), "names the row: “q.r"),
        (matrix("q"), asks("q", "yes", row="z"), "names the row"),
        (matrix("q"), asks("q", row="z"), "no row “z”"),
        (number("q"), asks("q", "a"), "no choices"),
        (number("q"), asks("q", at_least="2026-01-01"), "asks for a number"),
        (number("q"), asks("q", at_most=1e15), "a number lies between"),
        (day("q"), asks("q", at_most=3), "asks for a date"),
        (day("q"), asks("q", at_least="2026-02-30"), "no day of the calendar"),
        (text("q"), asks("q", "a"), "no choices"),
        (text("q"), asks("q", at_least=3), "neither"),
    ],
)
def test_a_test_that_does_not_fit_the_question_is_refused(asked, condition, words):
    refuse(words, asked, text("t", show_if={"not": {"any": [condition]}}))
    refuse(words, asked, quotas=[{"code": "k", "label": "K", "holds_if": condition, "most": 5}])


@pytest.mark.parametrize(
    "asked", [single("q"), several("q"), ranking("q"), matrix("q"), number("q"), day("q"), text("q")]
)
def test_whether_it_was_answered_can_be_asked_of_every_kind(asked):
    accept(asked, text("t", show_if=asks("q")))


def test_at_most_five_questions_screen_out():
    questions = [single(f"q{n}", screen_out_if=asks(f"q{n}", "a")) for n in range(6)]
    accept(*questions[:5])
    refuse("At most 5 questions screen out", *questions)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (number("q", minimum=50, maximum=10), "smallest value is above"),
        (number("q", minimum="2026-01-01"), "asks for a number"),
        (number("q", bands=[20, 20]), "must rise"),
        (number("q", bands=[40, 20]), "must rise"),
        (number("q", minimum=20), "inside its bounds"),
        (number("q", maximum=30), "inside its bounds"),
        (number("q", maximum=10**400), "a number lies between"),
        (day("q", minimum=3), "asks for a date"),
        (day("q", bands=["2026-02-29"]), "no day of the calendar"),
        (day("q", bands=["2026-02-01", "2026-01-01"]), "must rise"),
        (single("q", attention="z"), "attention check names “z”"),
        (several("q", attention="a"), "attention check"),
        (single("q", choices=parts("a", "b", exclusive="b")), "stands alone"),
        (several("q", most=4), "there are 3 choices"),
        (ranking("q", most=4), "there are 3 choices"),
        (several("q", most=1, least=2), "more than may be"),
        (several("q", least=3, exclusive="c"), "more than may be"),
        (single("q", *"abcdefghijkl", kind="likert"), "2 to 11 points"),
    ],
)
def test_limits_that_nobody_could_meet_are_refused_by_name(question, words):
    refuse(f"Question q: .*{words}", question)


def test_a_band_may_begin_at_the_largest_value():
    accept(number("q", minimum=0, maximum=40))
    accept(single("q", attention="a"), single("l", *"abcdefghijk", kind="likert", attention="k"))


def test_too_many_questions_or_measures_are_refused():
    refuse(
        f"at most {MOST_QUESTIONS} questions",
        *(page(f"s{s}", *(text(f"q{s}x{n}") for n in range(67))) for s in range(3)),
    )
    wide = [several(f"q{n}", *(f"c{c}" for c in range(40))) for n in range(16)]
    refuse(f"give 640 measures .*{MOST_ITEMS}", *wide)
    accept(*wide[:15])


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (text("q", wording="  "), "q has no wording"),
        (single("q", "a"), "at least two choices"),
        (single("q", "a", kind="likert"), "at least two choices"),
        (ranking("q", "a"), "at least two choices"),
        (matrix("q", rows=[]), "at least one row"),
        (number("q", bands=[]), "edges of the bands"),
        (day("q", bands=[]), "single values of single people are never shown"),
        (
            single("q", choices=[{"code": "a", "label": "Yes"}, {"code": "b", "label": " yes "}]),
            "two that read the same",
        ),
        (single("q", choices=[{"code": "a", "label": "Yes"}, {"code": "b", "label": " "}]), "empty label"),
        (matrix("q", rows=[{"code": "r", "label": ""}]), "empty label"),
    ],
)
def test_what_is_fine_in_a_draft_is_refused_of_what_is_opened(question, words):
    accept(question, complete=False)
    refuse(words, question, complete=True)


def test_an_empty_questionnaire_is_a_draft():
    accept(page("s1"), complete=False)
    refuse("Add a question first", page("s1"), complete=True)
    refuse("a title", text("q"), complete=True, title=" ")


def test_translations_translate_places_that_exist_to_other_languages():
    accept(single("q"), translations={"de": {"question.q": "Wie?", "question.q.choice.a": "Ja", "section.s1": "Seite"}})
    refuse("“question.z”, which is no place", single("q"), complete=True, translations={"de": {"question.z": "Wie?"}})
    refuse("are in en already", single("q"), complete=True, translations={"en": {"question.q": "How?"}})


@pytest.mark.parametrize(
    "fields",
    [
        {"wording": "After {t}?"},
        {"help": "{t}"},
        {"choices": [{"code": "a", "label": "{t}"}, {"code": "b", "label": "B"}]},
    ],
)
def test_only_answers_to_earlier_questions_are_piped(fields):
    refuse(r"Question q: \{t\} stands for the answer", single("q", **fields), text("t"))
    accept(text("t"), single("q", **fields))
    refuse(r"\{t\}", page("s1", text("t"), single("q", **fields), shuffle=True))


def test_piping_is_checked_in_texts_of_pages_and_in_translations():
    refuse(r"Page s1: \{t\}", page("s1", text("t"), text="{t}"))
    accept(page("s1", text("t")), page("s2", text("u"), text="You said {t}."))
    refuse(r"\{z\}", text("t"), text("u"), translations={"de": {"question.u": "{z}"}})


def test_a_matrix_is_not_piped():
    refuse("fit into no sentence", matrix("m"), text("t", wording="{m}"))


def test_doubled_braces_are_braces():
    accept(text("q", wording="A set {{t}} of {{}}"))


def test_the_rule_on_fast_ballots_is_a_part_of_the_median():
    accept(text("q"), exclusions={"speeders": 0.5})
    refuse("exclusions.speeders", text("q"), exclusions={"speeders": 0.51})
