"""Answers: from a form or JSON to what is stored, and every way in which they do not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from auscult.surveys.questionnaire.document import (
    LARGEST_NUMBER,
    Choice,
    Kind,
    Question,
    Questionnaire,
    as_comparable,
    write_number,
)
from auscult.surveys.questionnaire.items import Answer
from auscult.surveys.questionnaire.logic import shown_questions

_GROUPED = re.compile(r"[+-]?\d{1,3}([,'’\s]\d{3})+(\.\d+)?")
#: Longest open answer where the question says nothing.
LONGEST_TEXT = 2000


class FaultyAnswer(ValueError):
    """An answer that cannot be taken.

    Attributes:
        question: code of the question; empty where it is about the whole ballot.
        text: what is wrong and what to do.
    """

    def __init__(self, question: str, text: str) -> None:
        super().__init__(text)
        self.question, self.text = question, text


def read_form(question: Question, fields: Mapping[str, Sequence[str]]) -> Any:
    """The raw answer to a question from a form; None where nothing was entered.

    Args:
        fields: name → values: ``answer_q1``; of a matrix ``answer_q1__row``; of a ranking ``rank_q1__choice`` with ranks.

    Raises:
        FaultyAnswer: ranks that stand twice or leave one out.
    """
    name = f"answer_{question.code}"
    match question.kind:
        case Kind.MULTIPLE:
            return [value for value in fields.get(name, ()) if value] or None
        case Kind.MATRIX:
            rows = {row.code: fields.get(f"{name}__{row.code}", ("",))[-1] for row in question.rows}
            return {row: value for row, value in rows.items() if value} or None
        case Kind.RANKING:
            return _read_ranks(question, fields)
        case _:
            values = fields.get(name, ())
            return values[-1].strip() or None if values else None


def _read_ranks(question: Question, fields: Mapping[str, Sequence[str]]) -> list[str] | None:
    ranks: dict[int, Choice] = {}
    for choice in question.choices:
        text = fields.get(f"rank_{question.code}__{choice.code}", ("",))[-1].strip()
        if not text:
            continue
        if not text.isascii() or not text.isdecimal() or len(text) > 3:
            raise FaultyAnswer(question.code, f"“{text}” is no rank. Choose whole numbers from 1.")
        if int(text) in ranks:
            raise FaultyAnswer(
                question.code, f"Rank {text} is given twice: to “{ranks[int(text)].label}” and “{choice.label}”."
            )
        ranks[int(text)] = choice
    order = sorted(ranks)
    if order != list(range(1, len(order) + 1)):
        missing = next(n for n in range(1, len(order) + 1) if n not in ranks)
        raise FaultyAnswer(question.code, f"Rank {missing} is missing. Ranks begin with 1 and leave none out.")
    return [ranks[rank].code for rank in order] or None


def _refuse(question: Question, text: str) -> FaultyAnswer:
    return FaultyAnswer(question.code, text)


def clean_answer(question: Question, value: Any) -> Answer | None:
    """One answer as it is stored, or None for an empty one.

    Raises:
        FaultyAnswer: it does not fit the question.
    """
    if value is None or value in ([], {}) or (isinstance(value, str) and not value.strip()):
        return None
    match question.kind:
        case Kind.SINGLE | Kind.LIKERT:
            return _code(question, value)
        case Kind.MULTIPLE:
            return _several(question, value)
        case Kind.RANKING:
            return _ranking(question, value)
        case Kind.MATRIX:
            return _matrix(question, value)
        case Kind.NUMERIC:
            return _number(question, value)
        case Kind.DATE:
            return _date(question, value)
        case Kind.TEXT:
            return _text(question, value)


def _code(question: Question, value: Any) -> str:
    if not isinstance(value, str) or value not in {choice.code for choice in question.choices}:
        raise _refuse(question, "The ballot names a choice that this question does not have. Reload the page.")
    return value


def _codes(question: Question, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise _refuse(question, "Several choices come as a list. Reload the page.")
    codes = [_code(question, each) for each in value]
    if len(set(codes)) < len(codes):
        raise _refuse(question, "A choice stands twice. Reload the page.")
    return codes


def _several(question: Question, value: Any) -> list[str]:
    codes = _codes(question, value)
    alone = next((c for c in question.choices if c.exclusive and c.code in codes), None)
    if alone and len(codes) > 1:
        raise _refuse(question, f"“{alone.label}” stands alone: choose it, or the others.")
    if question.most and len(codes) > question.most:
        raise _refuse(question, f"Choose at most {question.most}; you chose {len(codes)}.")
    if len(codes) < question.least and not alone:
        raise _refuse(question, f"Choose at least {question.least}; you chose {len(codes)}.")
    # In the order of the document: the order of clicking says nothing.
    return [choice.code for choice in question.choices if choice.code in codes]


def _ranking(question: Question, value: Any) -> list[str]:
    codes = _codes(question, value)
    most = question.most or len(question.choices)
    if len(codes) > most:
        raise _refuse(question, f"Rank at most {most}; you ranked {len(codes)}.")
    if len(codes) < question.least:
        raise _refuse(question, f"Rank at least {question.least}; you ranked {len(codes)}.")
    return codes


def _matrix(question: Question, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not set(value) <= {row.code for row in question.rows}:
        raise _refuse(question, "The ballot answers a row that this question does not have. Reload the page.")
    return {row.code: _code(question, value[row.code]) for row in question.rows if row.code in value}


def _number(question: Question, value: Any) -> float | int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str):
        # Only whole thousands are joined: “5 10” is no number.
        if _GROUPED.fullmatch(text):
            text = re.sub(r"[,'’\s]", "", text)
        if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text):
            raise _refuse(question, f"“{str(value)[:40]}” is no number. Write it like 12 or 12.5.")
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise _refuse(question, "That is no number. Write it like 12 or 12.5.")
    try:
        number = float(text)
    except OverflowError:
        number = math.inf
    # NaN is not within either.
    if not abs(number) <= LARGEST_NUMBER:
        raise _refuse(question, "That number is out of every range.")
    _require_within(question, number, write_number(number))
    return int(number) if number.is_integer() else number


def _date(question: Question, value: Any) -> str:
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _refuse(question, f"“{str(value)[:40]}” is no date. Write it like 2026-01-31.") from error
    _require_within(question, float(found.toordinal()), found.isoformat())
    return found.isoformat()


def _require_within(question: Question, value: float, shown: str) -> None:
    if question.minimum != "" and value < as_comparable(question.minimum):
        raise _refuse(question, f"{shown} is below {_bound(question.minimum)}, the smallest that can be answered.")
    if question.maximum != "" and value > as_comparable(question.maximum):
        raise _refuse(question, f"{shown} is above {_bound(question.maximum)}, the largest that can be answered.")


def _bound(value: str | float) -> str:
    return value if isinstance(value, str) else write_number(value)


def _text(question: Question, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _refuse(question, "That is no text.")
    text = value.replace("\r\n", "\n").replace("\x00", "").strip()
    most = question.most or LONGEST_TEXT
    if len(text) > most:
        raise _refuse(question, f"The answer has {len(text):,} characters; {most:,} are the most.")
    return text or None


def valid_answers(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Answer]:
    """Of answers just as they were entered those that fit their questions, as they are stored."""
    return _clean_each(questionnaire, answers)[0]


def _clean_each(
    questionnaire: Questionnaire, answers: Mapping[str, Any]
) -> tuple[dict[str, Answer], dict[str, FaultyAnswer]]:
    cleaned: dict[str, Answer] = {}
    faults: dict[str, FaultyAnswer] = {}
    for question in questionnaire.questions():
        try:
            answer = clean_answer(question, answers.get(question.code))
        except FaultyAnswer as fault:
            faults[question.code] = fault
            continue
        if answer is not None:
            cleaned[question.code] = answer
    return cleaned, faults


def clean_answers(questionnaire: Questionnaire, answers: Mapping[str, Any], *, final: bool) -> dict[str, Answer]:
    """A whole ballot as it is stored: valid answers to questions that are shown, in the order of the document.

    Args:
        answers: question → answer; None and empty ones are left out.
        final: also refuse what is missing.

    Raises:
        FaultyAnswer: names the question.
    """
    known = {question.code for question in questionnaire.questions()}
    unknown = next((code for code in answers if code not in known), None)
    if unknown is not None:
        raise FaultyAnswer("", "The ballot answers a question that this poll does not ask. Reload the page.")
    cleaned, faults = _clean_each(questionnaire, answers)
    shown = shown_questions(questionnaire, cleaned)
    # What is wrong in a hidden question its author could not put right: it is dropped with the question.
    for question in shown:
        if question.code in faults:
            raise faults[question.code]
    kept = {question.code: cleaned[question.code] for question in shown if question.code in cleaned}
    if final:
        if not kept:
            raise FaultyAnswer("", "Choose an answer first.")
        for question in shown:
            _require_answer(question, kept.get(question.code))
    return kept


def _require_answer(question: Question, answer: Answer | None) -> None:
    if not question.required:
        return
    if answer is None:
        raise _refuse(question, f"“{question.wording}” needs an answer.")
    if isinstance(answer, dict):
        missing = next((row for row in question.rows if row.code not in answer), None)
        if missing:
            raise _refuse(question, f"“{question.wording}” needs an answer in the row “{missing.label}”.")
