import itertools

import pytest
from hypothesis import HealthCheck, given, settings

from auscult.surveys.questionnaire.answers import FaultyAnswer, clean_answers
from auscult.surveys.questionnaire.document import Kind
from auscult.surveys.questionnaire.logic import find_unreachable, holds, screened_out_at, shown_questions
from auscult.surveys.questionnaire.reading import read_condition, read_questionnaire
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


@pytest.mark.parametrize(
    ("condition", "answers", "expected"),
    [
        (asks("q", "a", "b"), {"q": "b"}, True),
        (asks("q", "a", "b"), {"q": "c"}, False),
        (asks("q", "a"), {}, False),
        ({"not": asks("q", "a")}, {}, True),
        (asks("q", "a"), {"q": ["c", "a"]}, True),
        (asks("q", "a", "b"), {"q": ["c"]}, False),
        (asks("q"), {"q": "x"}, True),
        (asks("q"), {}, False),
        (asks("q", at_least=3), {"q": 3}, True),
        (asks("q", at_least=3), {"q": 2.9}, False),
        (asks("q", at_most=3), {"q": 3}, True),
        (asks("q", at_most=3), {}, False),
        (asks("q", at_least="2026-01-31"), {"q": "2026-02-01"}, True),
        (asks("q", at_most="2026-01-31"), {"q": "2026-02-01"}, False),
        (asks("q", "a", row="r"), {"q": {"r": "a"}}, True),
        (asks("q", "a", row="r"), {"q": {"s": "a"}}, False),
        (asks("q", row="r"), {"q": {"s": "a"}}, False),
        (asks("q"), {"q": {"s": "a"}}, True),
        ({"all": [asks("q", "a"), asks("p", "b")]}, {"q": "a", "p": "b"}, True),
        ({"all": [asks("q", "a"), asks("p", "b")]}, {"q": "a"}, False),
        ({"any": [asks("q", "a"), asks("p", "b")]}, {"p": "b"}, True),
        ({"any": [asks("q", "a"), asks("p", "b")]}, {"p": "a"}, False),
    ],
)
def test_a_condition_holds_of_some_answers_and_not_of_others(condition, answers, expected):
    assert holds(read_condition(condition), answers) is expected


def test_no_condition_always_holds():
    assert holds(None, {})


def shown(questionnaire, answers):
    return [question.code for question in shown_questions(questionnaire, answers)]


def test_an_answer_to_a_hidden_question_counts_as_none():
    chain = read_questionnaire(
        document(single("q1"), single("q2", show_if=asks("q1", "a")), text("q3", show_if=asks("q2", "a")))
    )
    assert shown(chain, {"q1": "a", "q2": "a"}) == ["q1", "q2", "q3"]
    assert shown(chain, {"q1": "b", "q2": "a"}) == ["q1"]
    assert shown(chain, {}) == ["q1"]


def test_a_hidden_page_hides_its_questions():
    pages = read_questionnaire(
        document(
            page("s1", single("q1")),
            page("s2", single("q2"), show_if=asks("q1", "a")),
            page("s3", text("q3"), show_if={"not": asks("q2")}),
        )
    )
    assert shown(pages, {"q1": "a"}) == ["q1", "q2", "q3"]
    assert shown(pages, {"q1": "b", "q2": "a"}) == ["q1", "q3"]
    assert shown(pages, {"q1": "a", "q2": "a"}) == ["q1", "q2"]


def test_the_first_shown_screener_that_holds_ends_the_survey():
    screeners = read_questionnaire(
        document(
            single("q1", screen_out_if=asks("q1", "a")),
            single("q2", show_if=asks("q1"), screen_out_if={"any": [asks("q2", "a"), {"not": asks("q1", "b")}]}),
        )
    )
    assert screened_out_at(screeners, {"q1": "a", "q2": "a"}) == "q1"
    assert screened_out_at(screeners, {"q1": "b", "q2": "a"}) == "q2"
    assert screened_out_at(screeners, {"q1": "b", "q2": "b"}) is None
    # Hidden, and not answered yet.
    assert screened_out_at(screeners, {"q2": "a"}) is None
    assert screened_out_at(screeners, {"q1": "b"}) is None


def unreachable(*questions_or_pages):
    found = find_unreachable(read_questionnaire(document(*questions_or_pages)))
    return {each.code: each.why for each in found}


def both(*conditions):
    return {"all": list(conditions)}


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (single("q"), both(asks("q", "a"), asks("q", "b"))),
        (single("q"), both(asks("q"), {"not": asks("q", "a", "b")})),
        (single("q"), both(asks("q", "a"), {"not": asks("q")})),
        (single("q", required=True), {"not": asks("q")}),
        (single("q", required=True), {"not": asks("q", "a", "b")}),
        (several("q", exclusive="c"), both(asks("q", "a"), asks("q", "c"))),
        (several("q", most=1), both(asks("q", "a"), asks("q", "b"))),
        (several("q", least=3), both(asks("q", "a"), {"not": asks("q", "b")})),
        (several("q"), both(asks("q"), {"not": asks("q", "a", "b", "c")})),
        (ranking("q", most=1), both(asks("q", "a"), asks("q", "b"))),
        (matrix("q"), both(asks("q", "yes", row="r"), asks("q", "no", row="r"))),
        (matrix("q"), both(asks("q", "yes", row="r"), {"not": asks("q")})),
        (matrix("q"), both(asks("q"), {"not": asks("q", row="r")}, {"not": asks("q", row="s")})),
        (matrix("q", required=True), both(asks("q", row="r"), {"not": asks("q", row="s")})),
        (number("q", minimum=0, maximum=60), asks("q", at_least=61)),
        (number("q"), both(asks("q", at_least=30), {"not": asks("q", at_least=30)})),
        (number("q"), both(asks("q"), {"not": asks("q", at_least=30)}, {"not": asks("q", at_most=30)})),
        (
            day("q"),
            both(asks("q"), {"not": asks("q", at_most="2026-01-01")}, {"not": asks("q", at_least="2026-01-02")}),
        ),
        (text("q"), both(asks("q"), {"not": asks("q")})),
    ],
)
def test_conditions_that_contradict_each_other_hide_a_question_from_everybody(asked, condition):
    assert list(unreachable(asked, text("t", show_if=condition))) == ["t"]


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (single("q"), {"not": asks("q")}),
        (several("q"), both(asks("q", "a"), asks("q", "c"))),
        (several("q", exclusive="c"), both(asks("q", "c"), {"not": asks("q", "a")})),
        (several("q", least=2, exclusive="c"), both(asks("q"), {"not": asks("q", "a")})),
        (ranking("q", most=2), both(asks("q", "a"), asks("q", "b"))),
        (matrix("q"), both(asks("q", "yes", row="r"), {"not": asks("q", row="s")})),
        (number("q", minimum=0, maximum=60), both(asks("q", at_least=60), asks("q", at_most=60))),
        (number("q"), both({"not": asks("q", at_most=30)}, {"not": asks("q", at_least=30.5)})),
        (number("q"), both({"not": asks("q", at_least=30)}, {"not": asks("q", at_most=30)})),
        (day("q"), both(asks("q", at_least="2026-01-02"), {"not": asks("q", at_least="2026-01-03")})),
    ],
)
def test_conditions_that_somebody_can_meet_are_not_reported(asked, condition):
    assert unreachable(asked, text("t", show_if=condition)) == {}


def test_what_a_condition_hangs_on_counts_too():
    found = unreachable(
        page("s1", single("q1"), single("q2", show_if=asks("q1", "a"))),
        page("s2", text("q3", show_if=asks("q2", "a")), show_if=asks("q1", "b")),
    )
    assert found == {"q3": "no answers to q1, q2 satisfy its conditions and those of what it hangs on."}


def test_a_question_behind_screeners_that_let_nobody_pass_is_reported():
    first = single("q1", screen_out_if=asks("q1", "a"), required=True)
    assert unreachable(first, text("t")) == {}
    assert unreachable(first, text("t", show_if=asks("q1", "a"))) == {
        "t": "whoever could see it is screened out before, by q1."
    }
    assert list(unreachable(first, single("q2", screen_out_if=asks("q1", "b"), required=True), text("t"))) == ["t"]


def test_whoever_skips_a_screener_is_not_screened_out():
    skipped = single("q1", screen_out_if={"not": asks("q1", "a")})
    assert unreachable(skipped, text("t", show_if={"not": asks("q1")})) == {}


#: Every answer that tells conditions apart in questionnaires at random.
DOMAINS = {
    Kind.SINGLE: [None, "a", "b", "c"],
    Kind.MULTIPLE: [list(c) for n in range(4) for c in itertools.combinations("abc", n)],
    Kind.NUMERIC: [None, *(half / 2 for half in range(-1, 10))],
    Kind.DATE: [None, "2026-01-01", "2026-01-02", "2026-01-03"],
    Kind.TEXT: [None, "x"],
    Kind.MATRIX: [
        {row: code for row, code in zip("rs", codes, strict=True) if code}
        for codes in itertools.product(["", "a", "b"], repeat=2)
    ],
}


def reachable_by_trying(questionnaire):
    """Codes that stand in a complete ballot, by trying every one."""
    questions = list(questionnaire.questions())
    order = [question.code for question in questions]
    found = set()
    for values in itertools.product(*(DOMAINS[question.kind] for question in questions)):
        try:
            given = clean_answers(questionnaire, dict(zip(order, values, strict=True)), final=True)
        except FaultyAnswer:
            continue
        end = screened_out_at(questionnaire, given)
        last = order.index(end) if end else len(order)
        found |= {code for code in shown(questionnaire, given) if order.index(code) <= last}
    return found


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(questionnaires(kinds=tuple(DOMAINS), most=3))
def test_what_is_reported_is_exactly_what_no_ballot_of_all_that_are_possible_holds(questionnaire):
    never = {question.code for question in questionnaire.questions()} - reachable_by_trying(questionnaire)
    assert {each.code for each in find_unreachable(questionnaire)} == never


def test_a_condition_of_a_million_branches_is_settled_at_once():
    condition = both(*({"any": [asks("q", "a", "b")] * 20} for _ in range(19)), {"not": asks("q")})
    assert list(unreachable(single("q"), text("t", show_if=condition))) == ["t"]


def test_what_takes_too_many_branches_is_said_and_not_guessed():
    # Ten pigeons in nine holes, each alone: it cannot be, which takes long to prove.
    pigeons = [single(f"p{n}", *(f"h{h}" for h in range(9))) for n in range(10)]
    apart = [
        {"not": both(asks(f"p{a}", f"h{h}"), asks(f"p{b}", f"h{h}"))}
        for a, b in itertools.combinations(range(10), 2)
        for h in range(9)
    ]
    groups = [both(*apart[at : at + 20]) for at in range(0, len(apart), 20)]
    condition = both(both(*(asks(f"p{n}") for n in range(10))), both(*groups[:12]), both(*groups[12:]))
    found = unreachable(*pigeons, text("t", show_if=condition))
    assert found == {"t": "its conditions have too many branches to prove that anybody gets there. Simplify them."}


def test_a_long_chain_is_proved():
    chain = [single("q0"), *(single(f"q{n}", show_if=asks(f"q{n - 1}", "a")) for n in range(1, 200))]
    assert unreachable(page("s1", *chain[:100]), page("s2", *chain[100:])) == {}
