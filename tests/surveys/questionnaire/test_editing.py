"""What the designer does to a document: every edit leaves what it was given as it was."""

import copy

import pytest

from auscult.surveys.questionnaire import editing
from auscult.surveys.questionnaire.document import FaultyQuestionnaire, Kind
from auscult.surveys.questionnaire.reading import read_questionnaire

FIELDS = {"kind": "single", "wording": "One?", "choices": "a | A\nb | B [fixed]\nNone of these"}


@pytest.fixture
def document():
    found = editing.empty_document("Title")
    found, _ = editing.add_question(found, "s1", Kind.SINGLE)
    found, _ = editing.save_question(found, "q1", FIELDS)
    return found


def codes(document):
    return [[question["code"] for question in section["questions"]] for section in document["sections"]]


def edits():
    yield lambda d: editing.add_section(d)
    yield lambda d: editing.add_question(d, "s1", Kind.MATRIX)[0]
    yield lambda d: editing.copy_question(d, "q1")[0]
    yield lambda d: editing.remove_question(d, "q1")
    yield lambda d: editing.save_question(d, "q1", FIELDS | {"code": "other"})[0]
    yield lambda d: editing.save_section(d, "s1", {"title": "Page", "shuffle": "1"})
    yield lambda d: editing.save_frame(d, {"title": "New", "speeders": "30", "quotas": "5 | Those of a | q1 is a"})
    yield lambda d: editing.set_translation(d, "fr", {"title": "Titre"})


@pytest.mark.parametrize("edit", list(edits()))
def test_an_edit_gives_a_new_document_that_can_be_read(document, edit):
    before = copy.deepcopy(document)
    after = edit(document)
    assert document == before != after
    read_questionnaire(after, complete=False)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_question_can_be_begun(document, kind):
    found, code = editing.add_question(document, "s1", kind)
    assert code == "q2"
    assert read_questionnaire(found, complete=False).find("q2").kind == kind


def test_lines_are_choices_and_back(document):
    choices = editing.find_question(document, "q1")["choices"]
    assert choices == [
        {"code": "a", "label": "A"},
        {"code": "b", "label": "B", "fixed": True},
        {"code": "c1", "label": "None of these"},
    ]
    assert editing.read_lines(editing.write_lines(choices), "c") == choices


def test_a_new_code_is_followed_by_the_conditions(document):
    found, code = editing.add_question(document, "s1", Kind.TEXT)
    found, _ = editing.save_question(found, code, {"kind": "text", "wording": "Why?", "show_if": "q1 is a or b"})
    found = editing.save_frame(found, {"title": "T", "quotas": "5 | Those of a | not q1 is b"})
    found, new = editing.save_question(found, "q1", FIELDS | {"code": "first"})
    assert new == "first"
    assert editing.find_question(found, "q2")["show_if"] == {"question": "first", "is": ["a", "b"]}
    assert found["quotas"][0]["holds_if"] == {"not": {"question": "first", "is": ["b"]}}
    read_questionnaire(found)


def test_questions_move_within_and_over_pages(document):
    found, _ = editing.copy_question(document, "q1")
    found = editing.add_section(found)
    assert codes(editing.move_question(found, "q2", -1)) == [["q2", "q1"], []]
    assert codes(editing.move_question(found, "q2", +1)) == [["q1"], ["q2"]]
    assert codes(editing.move_question(found, "q1", -1)) == [["q1", "q2"], []]
    assert [s["code"] for s in editing.move_section(found, "s2", -1)["sections"]] == ["s2", "s1"]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: editing.remove_section(d, "s1"), "at least one page"),
        (lambda d: editing.save_question(d, "q9", FIELDS), "no question “q9”"),
        (lambda d: editing.save_question(d, "q1", FIELDS | {"kind": "other"}), "kind of question"),
        (lambda d: editing.save_question(d, "q1", FIELDS | {"show_if": "q1 was a"}), "is …"),
        (lambda d: editing.save_frame(d, {"quotas": "5 | Those of a"}), "most | label | condition"),
        (lambda d: editing.save_frame(d, {"quotas": "many | Those of a | q1 is a"}), "not a number"),
    ],
)
def test_edits_that_are_refused(document, edit, words):
    with pytest.raises(FaultyQuestionnaire, match=words):
        edit(document)


def test_removing_a_question_that_others_ask_about_is_told_when_it_is_read(document):
    found, code = editing.add_question(document, "s1", Kind.TEXT)
    found, _ = editing.save_question(found, code, {"kind": "text", "wording": "Why?", "show_if": "q1 is a"})
    with pytest.raises(FaultyQuestionnaire, match="no earlier question"):
        read_questionnaire(editing.remove_question(found, "q1"), complete=False)
