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
from auscult.surveys.questionnaire.view import PIPE

Document = dict[str, Any]
#: Kinds that have bounds and a unit, and kinds that can check attention; fields that are counts → kinds that have them.
BOUNDED, CHECKED = (Kind.NUMERIC, Kind.DATE), (Kind.SINGLE, Kind.LIKERT)
COUNTED = {"most": (Kind.MULTIPLE, Kind.RANKING, Kind.TEXT), "least": (Kind.MULTIPLE,)}
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
            twin = copy.deepcopy(question) | {"code": new}
            # A screener asks about itself; its twin asks about the twin.
            _rename_in_conditions(twin, code, new)
            questions.insert(place + 1, twin)
            return document, new
    raise FaultyQuestionnaire(f"There is no question “{code}” (any more). Reload the page.")


def remove_question(document: Document, code: str) -> Document:
    """Take a question out, with its translations."""
    document = copy.deepcopy(document)
    for section in document["sections"]:
        section["questions"] = [question for question in section["questions"] if question["code"] != code]
    return _without_lost_translations(document)


def remove_section(document: Document, code: str) -> Document:
    """Take a page out, with its questions and their translations.

    Raises:
        FaultyQuestionnaire: it is the only one.
    """
    document = copy.deepcopy(document)
    if len(document["sections"]) == 1:
        raise FaultyQuestionnaire("A questionnaire has at least one page.")
    document["sections"].pop(_find_section(document, code)[0])
    return _without_lost_translations(document)


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
    place, _ = _find_section(document, code)
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
    # A comma stands between thousands only: “12,5” may mean either twelve and a half or twelve and five.
    plain = text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text) else text
    if not re.fullmatch(r"[+-]?(\d{1,15}(\.\d*)?|\.\d+)", plain):
        raise FaultyQuestionnaire(
            f"“{text}” is not a number. Write it like 1200 or 12.5, and several with blanks between."
        )
    value = float(plain)
    return int(value) if value.is_integer() else value


def _count(text: str) -> int:
    value = _number(text.strip())
    if not isinstance(value, int) or value < 0:
        raise FaultyQuestionnaire(f"“{text.strip()}” is not a whole number from 0.")
    return value


def _bounds(text: str, kind: Kind) -> list[float | int | str]:
    parts = [part for part in re.split(r",?[;\s]+" if kind == Kind.NUMERIC else r"[,;\s]+", text) if part.strip(",")]
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
    for name in ("help", *(("unit",) if kind in BOUNDED else ()), *(("attention",) if kind in CHECKED else ())):
        if fields.get(name, "").strip():
            new[name] = fields[name].strip()
    new |= {name: True for name in ("required", "shuffle") if fields.get(name)}
    if kind in WITH_CHOICES:
        new["choices"] = read_lines(fields.get("choices", ""), "c")
    if kind == Kind.MATRIX:
        new["rows"] = read_lines(fields.get("rows", ""), "r")
    for name, kinds in COUNTED.items():
        if kind in kinds and fields.get(name, "").strip():
            new[name] = _count(fields[name])
    if kind in BOUNDED:
        new |= _bounds_of(kind, fields)
    for name in ("show_if", "screen_out_if"):
        condition = parse_condition(fields.get(name, ""))
        if condition:
            new[name] = condition
    question.clear()
    question.update(new)
    if new["code"] != code:
        _rename(document, code, new["code"])
    return _without_lost_translations(document), new["code"]


def _bounds_of(kind: Kind, fields: Mapping[str, str]) -> Document:
    found: Document = {"bands": _bounds(fields.get("bands", ""), kind)}
    for name, words in (("minimum", "smallest"), ("maximum", "largest")):
        values = _bounds(fields.get(name, ""), kind)
        if len(values) > 1:
            raise FaultyQuestionnaire(f"Write one {words} value, not “{fields[name].strip()}”.")
        if values:
            found[name] = values[0]
    return found


def _rename(document: Document, old: str, new: str) -> None:
    """Let conditions, piped answers and translations follow a question that got another code."""
    _rename_in_conditions(document, old, new)

    def renamed(text: str) -> str:
        return PIPE.sub(lambda match: f"{{{new}}}" if match.group(1) == old else match.group(), text)

    for section in document["sections"]:
        section.update({name: renamed(section[name]) for name in ("text",) if name in section})
        for question in section["questions"]:
            question.update({name: renamed(question[name]) for name in ("wording", "help") if name in question})
            for choice in question.get("choices", ()):
                choice["label"] = renamed(choice["label"])
    here = f"question.{old}"
    for texts in document.get("translations", {}).values():
        for path, text in list(texts.items()):
            del texts[path]
            rest = path.removeprefix(here) if path == here or path.startswith(f"{here}.") else None
            texts[path if rest is None else f"question.{new}{rest}"] = renamed(text)


def _rename_in_conditions(value: Any, old: str, new: str) -> None:
    if isinstance(value, dict):
        if value.get("question") == old:
            value["question"] = new
        for part in value.values():
            _rename_in_conditions(part, old, new)
    elif isinstance(value, list):
        for part in value:
            _rename_in_conditions(part, old, new)


def _texts(document: Document) -> set[str]:
    """Paths of the texts that there are, as ``view.text_paths`` calls them, of a document that may not be readable yet."""
    found = {name: document.get(name) for name in ("title", "introduction", "thanks")}
    for section in document["sections"]:
        place = f"section.{section['code']}"
        found |= {place: section.get("title"), f"{place}.text": section.get("text")}
    for _, _, question in _questions(document):
        place = f"question.{question['code']}"
        found |= {
            place: question["wording"],
            f"{place}.help": question.get("help"),
            f"{place}.unit": question.get("unit"),
        }
        for part in ("choice", "row"):
            found |= {f"{place}.{part}.{each['code']}": each["label"] for each in question.get(f"{part}s", ())}
    return {path for path, text in found.items() if text}


def _without_lost_translations(document: Document) -> Document:
    """Take out translations of texts that are no longer there: they would bar the opening."""
    here = _texts(document)
    kept = {
        language: {path: text for path, text in texts.items() if path in here}
        for language, texts in document.pop("translations", {}).items()
    }
    kept = {language: texts for language, texts in kept.items() if texts}
    return document | ({"translations": kept} if kept else {})


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
    return _without_lost_translations(document)


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
    return _without_lost_translations(document)


def _quota(number: int, line: str) -> Document:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3:
        raise FaultyQuestionnaire(
            f"Quota {number}: write “most | label | condition”, for example “200 | Surgeons | q1 is surgeon”."
        )
    condition = parse_condition(parts[2])
    if condition is None:
        raise FaultyQuestionnaire(f"Quota {number} needs a condition.")
    return {"code": f"quota{number}", "label": parts[1], "most": _count(parts[0]), "holds_if": condition}


def set_translation(document: Document, language: str, texts: Mapping[str, str]) -> Document:
    """Set the texts of one language; empty ones are taken out, and with the last one the language."""
    document = copy.deepcopy(document)
    document["translations"] = document.get("translations", {}) | {
        language: {path: text.strip() for path, text in texts.items() if text.strip()}
    }
    return _without_lost_translations(document)
