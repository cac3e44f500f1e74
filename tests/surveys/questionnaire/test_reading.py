import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from auscult.surveys.questionnaire.document import (
    All,
    Asks,
    FaultyQuestionnaire,
    Not,
    condition_as_json,
    questionnaire_as_json,
)
from auscult.surveys.questionnaire.document import Test as Asked
from auscult.surveys.questionnaire.reading import read_condition, read_questionnaire, schema
from tests.properties import examples
from tests.surveys.questionnaire.documents import asks, day, document, number, questionnaires, ranking, single, text


def test_the_published_schema_is_valid_json_schema_of_draft_2020_12():
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema())


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(questionnaires())
def test_a_written_questionnaire_reads_back_the_same(questionnaire):
    through_text = json.loads(json.dumps(questionnaire_as_json(questionnaire)))
    assert read_questionnaire(through_text) == questionnaire


def test_a_condition_reads_as_it_is_written():
    written = {"all": [asks("q1", "a"), {"not": asks("q2", at_least=3)}, asks("q3", row="r")]}
    read = read_condition(written)
    assert read == All(
        (
            Asks("q1", Asked.IS, ("a",)),
            Not(Asks("q2", Asked.AT_LEAST, (3,))),
            Asks("q3", Asked.ANSWERED, (), "r"),
        )
    )
    assert condition_as_json(read) == written


def test_a_whole_number_written_with_a_point_is_a_whole_number():
    read = read_questionnaire(document(ranking("q", most=2.0))).find("q")
    assert read.most == 2
    assert isinstance(read.most, int)


def test_a_fault_of_shape_is_placed_by_counting_from_one():
    with pytest.raises(FaultyQuestionnaire, match=r"At sections\[1\]\.questions\[2\]: .*wording"):
        read_questionnaire(document(single("q1"), {"code": "q2", "kind": "text"}))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "one JSON object"),
        ({"title": "T"}, "field “format”"),
        (document(number("q", minimum=float("nan"))), "NaN"),
        (document(text("q", wording="half \ud800")), "JSON does not have"),
        (document(text("q", wording="nothing \x00")), "character 0"),
        (document(text("Q")), "“Q” will not do: codes are lower-case"),
        (document(text("q", color="red")), "color"),
        (document(single("q"), text("t", show_if={"question": "q"})), r"show_if: a condition is “all”"),
        (document(day("q", minimum="1.2.2026")), r"minimum: “1\.2\.2026” will not do: write a number, or a date like"),
        (document(text("q\n")), "codes are lower-case"),
        (document(text("q"), language="en\n"), "written like en"),
        (document(text("q"), language="English"), "language: .* written like en"),
        (document(text("q", most="5")), "most: '5' is not of type 'integer'"),
        (document(*(text(f"q{n}") for n in range(101))), r"sections\[1\]\.questions: there are 101; at most 100"),
        (document(text("q"), exclusions={"speeders": 0.9}), "exclusions"),
    ],
)
def test_what_is_no_questionnaire_is_refused(value, words):
    with pytest.raises(FaultyQuestionnaire, match=words):
        read_questionnaire(value)


def test_a_condition_without_end_is_refused():
    condition = asks("q")
    for _ in range(500):
        condition = {"not": condition}
    with pytest.raises(FaultyQuestionnaire, match="nested too deeply"):
        read_questionnaire(document(single("q"), text("t", show_if=condition)))
