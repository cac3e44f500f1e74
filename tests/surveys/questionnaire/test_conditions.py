"""Conditions as one types them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.surveys.questionnaire.conditions import parse_condition, write_condition
from auscult.surveys.questionnaire.document import FaultyQuestionnaire, condition_as_json
from auscult.surveys.questionnaire.logic import holds
from auscult.surveys.questionnaire.reading import read_condition
from tests.surveys.questionnaire.samples import (
    day,
    make_condition,
    matrix,
    multiple,
    numeric,
    read,
    single,
)

KNOWN = (single("q1", "a", "b", "not", "or", "at", "is", "and", "answered"), multiple("q2"), numeric("q3"), day("q4"))
KNOWN += (matrix("q5", columns=("a", "not", "or")),)


def test_the_words_are_understood():
    assert parse_condition("q1 is a or b and q3 at least 40 and not q2 answered") == {
        "all": [
            {"question": "q1", "is": ["a", "b"]},
            {"question": "q3", "at_least": 40},
            {"not": {"question": "q2", "answered": True}},
        ]
    }
    assert parse_condition("q1 is a or q2 is b or c") == {
        "any": [{"question": "q1", "is": ["a"]}, {"question": "q2", "is": ["b", "c"]}]
    }
    assert parse_condition(" (q1.r1 is a) or (q4 at most 2009-07-02)") == {
        "any": [{"question": "q1", "row": "r1", "is": ["a"]}, {"question": "q4", "at_most": "2009-07-02"}]
    }
    assert parse_condition("  ") is None
    assert write_condition(None) == ""


def test_and_binds_stronger_than_or_unless_there_are_parentheses():
    a, b, c = ({"question": f"q{n}", "answered": True} for n in (1, 2, 3))
    assert parse_condition("q1 answered or q2 answered and q3 answered") == {"any": [a, {"all": [b, c]}]}
    assert parse_condition("(q1 answered or q2 answered) and q3 answered") == {"all": [{"any": [a, b]}, c]}
    assert parse_condition("not (q1 answered or q2 answered)") == {"not": {"any": [a, b]}}


def test_choices_may_be_called_by_words_of_conditions():
    assert parse_condition("state is or") == {"question": "state", "is": ["or"]}
    assert parse_condition("state is ca or or and not q2 is at") == {
        "all": [{"question": "state", "is": ["ca", "or"]}, {"not": {"question": "q2", "is": ["at"]}}]
    }
    assert parse_condition("q1 is a or not and q2 answered")["all"][0]["is"] == ["a", "not"]


def simplest(value):
    """“all” and “any” of one part are that part; codes have no order."""
    if "not" in value:
        return {"not": simplest(value["not"])}
    for name in ("all", "any"):
        if name in value:
            parts = [simplest(part) for part in value[name]]
            return parts[0] if len(parts) == 1 else {name: parts}
    return value | ({"is": sorted(value["is"])} if "is" in value else {})


@given(st.integers(0, 2**32))
def test_what_is_written_is_parsed_to_the_same(seed):
    value = condition_as_json(make_condition(Random(seed), KNOWN, depth=3))
    text = write_condition(value)
    assert simplest(parse_condition(text)) == simplest(value)
    assert parse_condition(write_condition(parse_condition(text))) == parse_condition(text)


tokens = st.sampled_from(
    "q1 q2 q3 a b or and not is at least most answered ( ) 3 -1.5 nan 1e999 2009-01-01 2009-99-99 . q1. q1.r1 Q".split()
)


def said(call):
    """What a call returns, or the words of the refusal."""
    try:
        return call()
    except FaultyQuestionnaire as fault:
        return str(fault)


@given(st.text(max_size=40) | st.lists(tokens, max_size=12).map(" ".join))
def test_any_text_is_parsed_or_refused_in_words(text):
    found = said(lambda: parse_condition(text))
    assert found is not None or not text.strip()
    if isinstance(found, dict):
        # What is parsed has the shape of the schema; whether it fits the questions is said by name.
        last = {"code": "last", "kind": "text", "wording": "?", "show_if": found}
        assert "no earlier question" in said(lambda: read(last))
        holds(read_condition(found), {})


REFUSED = {
    "q1": "After “q1” write “is …”",
    "q1 at 3": "After “q1” write “is …”",
    "is a": "A condition names a question",
    "(q1 is a": "A parenthesis is not closed",
    "q1 is a)": "goes on after its end, at “)”",
    "q1 is a b": "goes on after its end, at “b”",
    "q1 is": "After “is” write one or more codes",
    "q1 is (a)": "After “is” write one or more codes",
    "q1 is not a": "“not” stands before the question: “not q1 is a”",
    "q1 is A": "“A” is no code of a choice",
    "Q1 is a": "“Q1” is no code of a question",
    "q1. is a": "“” is no code of a row",
    "q1.r1 at least 3": "rows have no numbers",
    "q3 at least": "write a number, or a date",
    "q3 at least many": "write a number, or a date",
    "q3 at least nan": "write a number, or a date",
    "q3 at most 1e999": "write a number, or a date",
    "not " * 11 + "q1 is a": "nested more than 10 deep",
    "(" * 5000: "nested more than 10 deep",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_condition_is_refused(text):
    with pytest.raises(FaultyQuestionnaire) as refused:
        parse_condition(text)
    assert REFUSED[text] in str(refused.value)
