"""Edits of the designer: each does its own thing, and leaves what it was given alone."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.surveys.questionnaire import editing
from auscult.surveys.questionnaire.document import FaultyQuestionnaire, Kind, questionnaire_as_json
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.questionnaire.view import text_paths
from tests.surveys.questionnaire.samples import questionnaires

DOCUMENT = {
    "format": "auscult-questionnaire/1",
    "title": "Nights",
    "language": "en",
    "introduction": "Hello.",
    "sections": [
        {
            "code": "s1",
            "title": "You",
            "questions": [
                {
                    "code": "q1",
                    "kind": "single",
                    "wording": "Nights?",
                    "help": "At all.",
                    "choices": [{"code": "yes", "label": "Yes"}, {"code": "no", "label": "No"}],
                    "screen_out_if": {"question": "q1", "is": ["no"]},
                },
                {"code": "q10", "kind": "text", "wording": "Why {q1}, not {{q1}}?", "help": "{q1}"},
            ],
        },
        {
            "code": "s2",
            "title": "Views",
            "text": "You said {q1}.",
            "show_if": {"any": [{"question": "q1", "is": ["yes"]}, {"question": "q10", "answered": True}]},
            "questions": [
                {
                    "code": "q2",
                    "kind": "single",
                    "wording": "Which?",
                    "choices": [{"code": "a", "label": "{q1}"}, {"code": "b", "label": "B"}],
                    "show_if": {"not": {"question": "q1", "is": ["no"]}},
                }
            ],
        },
    ],
    "quotas": [{"code": "k", "label": "K", "most": 5, "holds_if": {"question": "q1", "is": ["yes"]}}],
    "translations": {
        "de": {
            "title": "Nächte",
            "introduction": "Hallo.",
            "question.q1": "Nächte?",
            "question.q1.help": "Überhaupt.",
            "question.q1.choice.yes": "Ja",
            "question.q10": "Warum {q1}?",
            "section.s2.text": "Sie sagten {q1}.",
        }
    },
}
AS_IT_IS = {"code": "q1", "kind": "single", "wording": "Nights?", "help": "At all.", "choices": "yes | Yes\nno | No"}
AS_IT_IS |= {"screen_out_if": "q1 is no"}


def codes(document):
    return [[question["code"] for question in section["questions"]] for section in document["sections"]]


EDITS = {
    "add_section": lambda d: editing.add_section(d),
    "add_question": lambda d: editing.add_question(d, "s1", Kind.MATRIX),
    "copy_question": lambda d: editing.copy_question(d, "q1"),
    "remove_question": lambda d: editing.remove_question(d, "q1"),
    "remove_section": lambda d: editing.remove_section(d, "s1"),
    "move_question": lambda d: editing.move_question(d, "q1", 1),
    "move_section": lambda d: editing.move_section(d, "s1", 1),
    "save_question": lambda d: editing.save_question(d, "q1", AS_IT_IS | {"code": "nights", "help": ""}),
    "save_section": lambda d: editing.save_section(d, "s2", {"title": "New"}),
    "save_frame": lambda d: editing.save_frame(d, {"title": "New", "quotas": "5 | X | q1 is yes"}),
    "set_translation": lambda d: editing.set_translation(d, "de", {"title": "x"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_leaves_its_input_alone_and_shares_nothing_with_it(name):
    value = copy.deepcopy(DOCUMENT)
    edited = EDITS[name](value)
    edited = edited[0] if isinstance(edited, tuple) else edited
    assert value == DOCUMENT
    assert edited != DOCUMENT

    def lists_and_objects(part):
        if isinstance(part, dict | list):
            yield id(part)
            for inner in part.values() if isinstance(part, dict) else part:
                yield from lists_and_objects(inner)

    assert not set(lists_and_objects(edited)) & set(lists_and_objects(value))


def test_an_empty_document_is_a_draft():
    assert not list(read_questionnaire(editing.empty_document("T"), complete=False).questions())


@pytest.mark.parametrize("kind", Kind)
def test_a_new_question_of_each_kind_can_be_stored_as_a_draft_and_is_named_where_it_is_incomplete(kind):
    document, code = editing.add_question(editing.empty_document("T"), "s1", kind)
    assert read_questionnaire(document, complete=False).find(code).kind == kind
    with pytest.raises(FaultyQuestionnaire, match=r"Question q1 has no wording\."):
        read_questionnaire(document)


def test_new_codes_are_the_first_free_ones():
    document, code = editing.add_question(DOCUMENT, "s2", Kind.TEXT)
    assert code == "q3"
    assert codes(document) == [["q1", "q10"], ["q2", "q3"]]
    assert editing.add_section(document)["sections"][-1] == {"code": "s3", "title": "", "questions": []}


def test_a_copy_stands_behind_and_its_screener_asks_about_the_copy():
    document, code = editing.copy_question(DOCUMENT, "q1")
    assert codes(document) == [["q1", code, "q10"], ["q2"]]
    assert editing.find_question(document, code)["screen_out_if"] == {"question": code, "is": ["no"]}
    assert editing.find_question(document, "q1")["screen_out_if"] == {"question": "q1", "is": ["no"]}
    read_questionnaire(document)


def test_whatever_names_a_question_follows_its_new_code():
    document, code = editing.save_question(DOCUMENT, "q1", AS_IT_IS | {"code": "nights"})
    assert code == "nights"
    found = read_questionnaire(document)
    assert codes(document) == [["nights", "q10"], ["q2"]]
    # The screener was typed with the old code.
    assert editing.find_question(document, "nights")["screen_out_if"] == {"question": "nights", "is": ["no"]}
    assert editing.find_question(document, "q2")["show_if"] == {"not": {"question": "nights", "is": ["no"]}}
    assert document["sections"][1]["show_if"]["any"][0]["question"] == "nights"
    assert document["sections"][1]["show_if"]["any"][1]["question"] == "q10"
    assert document["quotas"][0]["holds_if"]["question"] == "nights"
    assert found.find("q10").wording == "Why {nights}, not {{q1}}?"
    assert found.find("q10").help == "{nights}"
    assert found.find("q2").choices[0].label == "{nights}"
    assert found.sections[1].text == "You said {nights}."
    assert found.translations["de"] == {
        "title": "Nächte",
        "introduction": "Hallo.",
        "question.nights": "Nächte?",
        "question.nights.help": "Überhaupt.",
        "question.nights.choice.yes": "Ja",
        "question.q10": "Warum {nights}?",
        "section.s2.text": "Sie sagten {nights}.",
    }


@pytest.mark.parametrize("code", ["q2", "Q 1", r"\g<9>"])
def test_a_code_that_will_not_do_is_refused_on_reading(code):
    document, _ = editing.save_question(DOCUMENT, "q1", AS_IT_IS | {"code": code})
    with pytest.raises(FaultyQuestionnaire):
        read_questionnaire(document, complete=False)


def test_without_a_question_that_conditions_name_the_document_is_refused_by_their_place():
    document = editing.remove_question(DOCUMENT, "q1")
    with pytest.raises(FaultyQuestionnaire, match="Question q10: {q1} stands for the answer to an earlier question"):
        read_questionnaire(document, complete=False)
    document = editing.remove_question(document, "q10")
    with pytest.raises(
        FaultyQuestionnaire, match="Page s2: its condition asks about “q1”, which is no earlier question"
    ):
        read_questionnaire(document, complete=False)


def test_translations_of_what_was_taken_out_go_with_it():
    assert set(editing.remove_question(DOCUMENT, "q1")["translations"]["de"]) == {
        "title",
        "introduction",
        "question.q10",
        "section.s2.text",
    }
    document, _ = editing.save_question(DOCUMENT, "q1", AS_IT_IS | {"help": "", "choices": "c | Yes\nno | No"})
    assert "question.q1" in document["translations"]["de"]
    assert "question.q1.help" not in document["translations"]["de"]
    assert "question.q1.choice.yes" not in document["translations"]["de"]
    assert "section.s2.text" not in editing.save_section(DOCUMENT, "s2", {"title": "Views"})["translations"]["de"]
    assert "introduction" not in editing.save_frame(DOCUMENT, {})["translations"]["de"]
    assert "translations" not in editing.set_translation(DOCUMENT, "de", {"title": " "})


@given(questionnaires)
def test_the_texts_of_a_document_are_those_that_its_questionnaire_has(questionnaire):
    assert editing._texts(questionnaire_as_json(questionnaire)) == set(text_paths(questionnaire))


def test_a_question_moves_within_its_page_and_over_its_edges():
    down = editing.move_question(DOCUMENT, "q1", 1)
    assert codes(down) == [["q10", "q1"], ["q2"]]
    over = editing.move_question(down, "q1", 1)
    assert codes(over) == [["q10"], ["q1", "q2"]]
    assert codes(editing.move_question(over, "q1", -1)) == [["q10", "q1"], ["q2"]]
    assert codes(editing.move_question(DOCUMENT, "q1", -1)) == codes(DOCUMENT)
    assert codes(editing.move_question(DOCUMENT, "q2", 1)) == codes(DOCUMENT)


def test_a_page_moves_and_stops_at_the_ends():
    assert codes(editing.move_section(DOCUMENT, "s1", 1)) == [["q2"], ["q1", "q10"]]
    assert editing.move_section(DOCUMENT, "s1", -1) == DOCUMENT


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: editing.copy_question(d, "q9"),
        lambda d: editing.move_question(d, "q9", 1),
        lambda d: editing.move_section(d, "s9", 1),
        lambda d: editing.remove_section(d, "s9"),
        lambda d: editing.add_question(d, "s9", Kind.TEXT),
        lambda d: editing.save_question(d, "q9", {}),
        lambda d: editing.save_section(d, "s9", {}),
    ],
)
def test_what_is_not_there_any_more_says_so(edit):
    with pytest.raises(FaultyQuestionnaire, match=r"“[qs]9” \(any more\)\. Reload the page\."):
        edit(DOCUMENT)


def test_the_only_page_stays():
    with pytest.raises(FaultyQuestionnaire, match="at least one page"):
        editing.remove_section(editing.empty_document("T"), "s1")


def test_lines_get_codes_and_marks():
    assert editing.read_lines("yes | Yes\n\n  No way\nNone of these [exclusive] [fixed]\nc1 | One", "c") == [
        {"code": "yes", "label": "Yes"},
        {"code": "c2", "label": "No way"},
        {"code": "c3", "label": "None of these", "exclusive": True, "fixed": True},
        {"code": "c1", "label": "One"},
    ]


labels = st.text("aB |[x]é", min_size=1, max_size=8).map(str.strip)


@given(st.lists(st.tuples(labels, st.sets(st.sampled_from(("exclusive", "fixed", "neutral")))), max_size=5))
def test_lines_that_are_written_read_the_same(parts):
    made = [{"code": f"c{n}", "label": label} | dict.fromkeys(marks, True) for n, (label, marks) in enumerate(parts)]
    assert editing.read_lines(editing.write_lines(made), "c") == made


@given(questionnaires)
def test_any_question_of_a_form_that_was_not_touched_stays_as_it_is(questionnaire):
    document = questionnaire_as_json(questionnaire)
    for question in questionnaire.questions():
        old = editing.find_question(document, question.code)
        if any(
            "\n" in each["label"] or "[" in each["label"] for name in ("choices", "rows") for each in old.get(name, ())
        ):
            continue
        old = {name: value for name, value in old.items() if not name.endswith("_if")}
        form = {name: "on" if value is True else str(value) for name, value in old.items()}
        form |= {name: editing.write_lines(old[name]) for name in ("choices", "rows") if name in old}
        form["bands"] = " ".join(map(str, old.get("bands", ())))
        saved, _ = editing.save_question(document, question.code, form)
        kept = {name: value.strip() if isinstance(value, str) else value for name, value in old.items() if value != []}
        new = {name: value for name, value in editing.find_question(saved, question.code).items() if value != []}
        for name in ("choices", "rows"):
            kept |= {name: [each | {"label": each["label"].strip()} for each in kept[name]]} if name in kept else {}
        assert new == {name: value for name, value in kept.items() if value != ""}


FORM = {"kind": "numeric", "wording": "How many?"}


def test_numbers_are_read_as_people_write_them():
    document, _ = editing.save_question(
        DOCUMENT, "q10", FORM | {"bands": "10, 20; 1,000 1500.5", "minimum": "-5", "maximum": "1,234,567"}
    )
    question = editing.find_question(document, "q10")
    assert question["bands"] == [10, 20, 1000, 1500.5]
    assert (question["minimum"], question["maximum"]) == (-5, 1234567)
    document, _ = editing.save_question(DOCUMENT, "q10", FORM | {"kind": "date", "bands": "2009-01-01, 2010-01-01"})
    assert editing.find_question(document, "q10")["bands"] == ["2009-01-01", "2010-01-01"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bands": "10,20,30"}, "“10,20,30” is not a number"),
        ({"bands": "12,5"}, "“12,5” is not a number"),
        ({"minimum": "nan"}, "“nan” is not a number"),
        ({"minimum": "1e999"}, "“1e999” is not a number"),
        ({"minimum": "1 2"}, "Write one smallest value, not “1 2”"),
        ({"kind": "multiple", "most": "1e999"}, "“1e999” is not a number"),
        ({"kind": "multiple", "most": "nan"}, "“nan” is not a number"),
        ({"kind": "multiple", "most": "1.5"}, "“1.5” is not a whole number from 0"),
        ({"kind": "multiple", "least": "-1"}, "“-1” is not a whole number from 0"),
        ({"kind": "slider"}, "Choose a kind of question"),
        ({"show_if": "q1 is"}, "After “is”"),
    ],
)
def test_a_field_that_cannot_be_understood_is_refused(fields, words):
    with pytest.raises(FaultyQuestionnaire) as refused:
        editing.save_question(DOCUMENT, "q10", FORM | fields)
    assert words in str(refused.value)


@given(st.dictionaries(st.sampled_from("code wording choices rows most least minimum maximum bands unit attention".split()),
                       st.text(max_size=12) | st.sampled_from(("1", "a | b", "[fixed]", "2009-01-01", "1e400"))),
       st.sampled_from(Kind))  # fmt: skip
def test_any_form_is_saved_or_refused_in_words(fields, kind):
    try:
        document, _ = editing.save_question(DOCUMENT, "q10", {"kind": kind.value, **fields})
        read_questionnaire(document, complete=False)
    except FaultyQuestionnaire:
        pass


def test_what_a_kind_does_not_have_is_left_out():
    fields = {"kind": "text", "wording": "x", "choices": "a\nb", "rows": "r", "bands": "1 2", "unit": "h", "most": "80"}
    document, _ = editing.save_question(DOCUMENT, "q10", fields | {"least": "1", "attention": "a", "required": "on"})
    assert editing.find_question(document, "q10") == {
        "code": "q10",
        "kind": "text",
        "wording": "x",
        "required": True,
        "most": 80,
    }


def test_frame_and_quotas():
    document = editing.save_frame(
        DOCUMENT,
        {"title": " ", "thanks": "Bye.", "speeders": "30", "attention": "on", "quotas": "1,200 | Yes | q1 is yes\n\n"},
    )
    assert document["title"] == "Nights"
    assert "introduction" not in document
    assert document["exclusions"] == {
        "speeders": 0.3,
        "straightliners": False,
        "attention": True,
        "duplicates": False,
    }
    assert document["quotas"] == [
        {"code": "quota1", "label": "Yes", "most": 1200, "holds_if": {"question": "q1", "is": ["yes"]}}
    ]
    read_questionnaire(document)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quotas": "200 surgeons"}, "Quota 1: write “most | label | condition”"),
        ({"quotas": "200 | Surgeons | "}, "Quota 1 needs a condition"),
        ({"quotas": "many | Surgeons | q1 is yes"}, "“many” is not a number"),
        ({"quotas": "0.5 | Surgeons | q1 is yes"}, "“0.5” is not a whole number"),
        ({"speeders": "nan"}, "“nan” is not a number"),
    ],
)
def test_a_frame_is_refused(fields, words):
    with pytest.raises(FaultyQuestionnaire) as refused:
        editing.save_frame(DOCUMENT, fields)
    assert words in str(refused.value)
