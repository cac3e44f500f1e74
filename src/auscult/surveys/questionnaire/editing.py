"""Edits of a questionnaire's document, one for each thing that the designer can do. What goes in is not changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from auscult.surveys.questionnaire.conditions import parse_condition
from auscult.surveys.questionnaire.document import (
    FORMAT,
    LIKERT_POINTS,
    WITH_CHOICES,
    FaultyQuestionnaire,
    Kind,
)

Document = dict[str, Any]
_MARKS = ("exclusive", "fixed", "neutral")
_MARK = re.compile(r"\s*\[(exclusive|fixed|neutral)\]\s*$")
_CODED = re.compile(r"([a-z][a-z0-9_]{0,19})\s*\|\s*(.*)")


def empty_document(title: str) -> Document:
    """A questionnaire with one page and no question."""
    return {
        "format": FORMAT,
        "title": title,
        "language": "en",
        "sections": [{"code": "s1", "title": "", "questions": []}],
    }


def _questions(document: Document) -> Iterator[tuple[list[Document], int, Document]]:
    for section in document["sections"]:
        for place, question in enumerate(section["questions"]):
            yield section["questions"], place, question


def find_question(document: Document, code: str) -> Document:
    """A question of the document.

    Raises:
        FaultyQuestionnaire: none of this code.
    """
    for _, _, question in _questions(document):
        if question["code"] == code:
            return question
    raise FaultyQuestionnaire(f"There is no question “{code}” (any more). Reload the page.")


def _find_section(document: Document, code: str) -> tuple[int, Document]:
    for place, section in enumerate(document["sections"]):
        if section["code"] == code:
            return place, section
    raise FaultyQuestionnaire(f"There is no page “{code}” (any more). Reload the page.")


def _fresh(prefix: str, taken: set[str]) -> str:
    number = 1
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"


def add_section(document: Document) -> Document:
    """Add a page at the end."""
    document = copy.deepcopy(document)
    code = _fresh("s", {section["code"] for section in document["sections"]})
    document["sections"].append({"code": code, "title": "", "questions": []})
    return document


def add_question(document: Document, section: str, kind: Kind) -> tuple[Document, str]:
    """Add a question at the end of a page; returns its code as well."""
    document = copy.deepcopy(document)
    code = _fresh("q", {question["code"] for _, _, question in _questions(document)})
    question: Document = {"code": code, "kind": kind.value, "wording": ""}
    if kind == Kind.LIKERT:
        question["choices"] = [{"code": point, "label": label} for point, label in LIKERT_POINTS]
    elif kind == Kind.MATRIX:
        question |= {
            "choices": [{"code": point, "label": label} for point, label in LIKERT_POINTS],
            "rows": [{"code": "r1", "label": ""}, {"code": "r2", "label": ""}],
        }
    elif kind in WITH_CHOICES:
        question["choices"] = [{"code": "c1", "label": ""}, {"code": "c2", "label": ""}]
    _find_section(document, section)[1]["questions"].append(question)
    return document, code


def copy_question(document: Document, code: str) -> tuple[Document, str]:
    """Put a copy of a question behind it; returns the copy's code as well."""
    document = copy.deepcopy(document)
    taken = {question["code"] for _, _, question in _questions(document)}
    for questions, place, question in _questions(document):
        if question["code"] == code:
            new = _fresh("q", taken)
            questions.insert(place + 1, copy.deepcopy(question) | {"code": new})
            return document, new
    raise FaultyQuestionnaire(f"There is no question “{code}” (any more). Reload the page.")


def remove_question(document: Document, code: str) -> Document:
    """Take a question out."""
    document = copy.deepcopy(document)
    for section in document["sections"]:
        section["questions"] = [question for question in section["questions"] if question["code"] != code]
    return document


def remove_section(document: Document, code: str) -> Document:
    """Take a page out, with its questions.

    Raises:
        FaultyQuestionnaire: it is the only one.
    """
    document = copy.deepcopy(document)
    if len(document["sections"]) == 1:
        raise FaultyQuestionnaire("A questionnaire has at least one page.")
    document["sections"].pop(_find_section(document, code)[0])
    return document


def move_question(document: Document, code: str, by: int) -> Document:
    """Move a question up (−1) or down (+1); over the edge of its page onto the next."""
    document = copy.deepcopy(document)
    for number, section in enumerate(document["sections"]):
        questions = section["questions"]
        for place, question in enumerate(questions):
            if question["code"] != code:
                continue
            there = place + by
            if 0 <= there < len(questions):
                questions.insert(there, questions.pop(place))
            elif 0 <= number + by < len(document["sections"]):
                target = document["sections"][number + by]["questions"]
                target.insert(len(target) if by < 0 else 0, questions.pop(place))
            return document
    raise FaultyQuestionnaire(f"There is no question “{code}” (any more). Reload the page.")


def move_section(document: Document, code: str, by: int) -> Document:
    """Move a page up or down."""
    document = copy.deepcopy(document)
    place = _find_section(document, code)[0]
    there = min(max(place + by, 0), len(document["sections"]) - 1)
    document["sections"].insert(there, document["sections"].pop(place))
    return document


def write_lines(parts: list[Document]) -> str:
    """Choices or rows as lines ``code | label [mark]``."""
    return "\n".join(
        f"{part['code']} | {part['label']}" + "".join(f" [{mark}]" for mark in _MARKS if part.get(mark))
        for part in parts
    )


def read_lines(text: str, prefix: str) -> list[Document]:
    """Choices or rows from lines; a line without a code gets one.

    Args:
        text: lines ``label``, or ``code | label``, each perhaps with ``[exclusive]``, ``[fixed]`` or ``[neutral]``.
        prefix: of codes that are made.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    coded = [_CODED.fullmatch(line) for line in lines]
    taken = {match.group(1) for match in coded if match}
    parts = []
    for line, match in zip(lines, coded, strict=True):
        label, marks = (match.group(2) if match else line), {}
        while mark := _MARK.search(label):
            marks[mark.group(1)] = True
            label = label[: mark.start()]
        if match:
            code = match.group(1)
        else:
            code = _fresh(prefix, taken)
            taken.add(code)
        parts.append({"code": code, "label": label.strip()} | marks)
    return parts


def _number(text: str) -> float | int:
    try:
        value = float(text.replace(",", ""))
    except ValueError as error:
        raise FaultyQuestionnaire(f"“{text}” is not a number.") from error
    return int(value) if value.is_integer() else value


def _bounds(text: str, kind: Kind) -> list[float | int | str]:
    parts = [part.strip() for part in re.split(r"[;\s]+" if kind == Kind.NUMERIC else r"[,;\s]+", text) if part.strip()]
    return list(parts) if kind == Kind.DATE else [_number(part) for part in parts]


def save_question(document: Document, code: str, fields: Mapping[str, str]) -> tuple[Document, str]:
    """Set everything of a question from the designer's form; returns its code, which may be a new one.

    Args:
        fields: code, kind, wording, help, choices and rows (lines), required, shuffle, most, least, minimum, maximum, unit,
            bands, show_if, screen_out_if (as typed), attention. What its kind does not have is left out.

    Raises:
        FaultyQuestionnaire: a field that cannot be understood.
    """
    document = copy.deepcopy(document)
    question = find_question(document, code)
    try:
        kind = Kind(fields.get("kind", question["kind"]))
    except ValueError as error:
        raise FaultyQuestionnaire("Choose a kind of question.") from error
    new: Document = {
        "code": fields.get("code", "").strip() or code,
        "kind": kind.value,
        "wording": fields.get("wording", "").strip(),
    }
    if fields.get("help", "").strip():
        new["help"] = fields["help"].strip()
    new |= {name: True for name in ("required", "shuffle") if fields.get(name)}
    new |= _parts_of_kind(kind, fields)
    for name in ("show_if", "screen_out_if"):
        condition = parse_condition(fields.get(name, ""))
        if condition:
            new[name] = condition
    if kind in (Kind.SINGLE, Kind.LIKERT) and fields.get("attention", "").strip():
        new["attention"] = fields["attention"].strip()
    question.clear()
    question.update(new)
    if new["code"] != code:
        _rename(document, code, new["code"])
    return document, new["code"]


def _parts_of_kind(kind: Kind, fields: Mapping[str, str]) -> Document:
    """What only questions of this kind have."""
    new: Document = {}
    if kind in WITH_CHOICES:
        new["choices"] = read_lines(fields.get("choices", ""), "c")
    if kind == Kind.MATRIX:
        new["rows"] = read_lines(fields.get("rows", ""), "r")
    if kind in (Kind.MULTIPLE, Kind.RANKING, Kind.TEXT) and fields.get("most", "").strip():
        new["most"] = int(_number(fields["most"]))
    if kind == Kind.MULTIPLE and fields.get("least", "").strip():
        new["least"] = int(_number(fields["least"]))
    if kind in (Kind.NUMERIC, Kind.DATE):
        for name in ("minimum", "maximum"):
            found = _bounds(fields.get(name, ""), kind)
            if found:
                new[name] = found[0]
        new["bands"] = _bounds(fields.get("bands", ""), kind)
        if fields.get("unit", "").strip():
            new["unit"] = fields["unit"].strip()
    return new


def _rename(value: Any, old: str, new: str) -> None:
    """Let conditions follow a question that got another code."""
    if isinstance(value, dict):
        if value.get("question") == old:
            value["question"] = new
        for part in value.values():
            _rename(part, old, new)
    elif isinstance(value, list):
        for part in value:
            _rename(part, old, new)


def save_section(document: Document, code: str, fields: Mapping[str, str]) -> Document:
    """Set title, text, order and condition of a page."""
    document = copy.deepcopy(document)
    section = _find_section(document, code)[1]
    section["title"] = fields.get("title", "").strip()
    for name in ("text", "shuffle", "show_if"):
        section.pop(name, None)
    if fields.get("text", "").strip():
        section["text"] = fields["text"].strip()
    if fields.get("shuffle"):
        section["shuffle"] = True
    condition = parse_condition(fields.get("show_if", ""))
    if condition:
        section["show_if"] = condition
    return document


def save_frame(document: Document, fields: Mapping[str, str]) -> Document:
    """Set title, introduction, thanks, rules of exclusion and quotas (lines ``most | label | condition``)."""
    document = copy.deepcopy(document)
    document["title"] = fields.get("title", "").strip() or document["title"]
    for name in ("introduction", "thanks"):
        document.pop(name, None)
        if fields.get(name, "").strip():
            document[name] = fields[name].strip()
    percent = fields.get("speeders", "").strip()
    document["exclusions"] = {
        "speeders": float(_number(percent)) / 100 if percent else 0.0,
        "straightliners": bool(fields.get("straightliners")),
        "attention": bool(fields.get("attention")),
        "duplicates": bool(fields.get("duplicates")),
    }
    document["quotas"] = [
        _quota(number, line)
        for number, line in enumerate(filter(str.strip, fields.get("quotas", "").splitlines()), start=1)
    ]
    return document


def _quota(number: int, line: str) -> Document:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3:
        raise FaultyQuestionnaire(
            f"Quota {number}: write “most | label | condition”, for example “200 | Surgeons | q1 is surgeon”."
        )
    condition = parse_condition(parts[2])
    if condition is None:
        raise FaultyQuestionnaire(f"Quota {number} needs a condition.")
    return {"code": f"quota{number}", "label": parts[1], "most": int(_number(parts[0])), "holds_if": condition}


def set_translation(document: Document, language: str, texts: Mapping[str, str]) -> Document:
    """Set the texts of one language; empty ones are taken out, and with the last one the language."""
    document = copy.deepcopy(document)
    kept = {path: text.strip() for path, text in texts.items() if text.strip()}
    translations = document.setdefault("translations", {})
    translations.pop(language, None)
    if kept:
        translations[language] = kept
    if not translations:
        document.pop("translations")
    return document
