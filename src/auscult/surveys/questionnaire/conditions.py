"""Conditions as one types them: ``q1 is a or b and q3 at least 40 and not q2 answered``.

*or* between codes belongs to *is*; between conditions it is written with parentheses or on a side of its own:
``(q1 is a) or (q2 is b)``. *and* binds stronger than *or*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auscult.surveys.questionnaire.document import FaultyQuestionnaire

_TOKEN = re.compile(r"\s*(?:(\()|(\))|([^\s()]+))")
_WORDS = {"and", "or", "not", "is", "at", "answered"}


def _tokens(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        yield match.group(match.lastindex or 3)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens, self.at = list(_tokens(text)), 0

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ""

    def either(self) -> dict[str, Any]:
        parts = [self.both()]
        while self.peek() == "or":
            self.take()
            parts.append(self.both())
        return {"any": parts} if len(parts) > 1 else parts[0]

    def both(self) -> dict[str, Any]:
        parts = [self.one()]
        while self.peek() == "and":
            self.take()
            parts.append(self.one())
        return {"all": parts} if len(parts) > 1 else parts[0]

    def one(self) -> dict[str, Any]:
        token = self.take()
        if token == "not":  # noqa: S105 - a word of the language
            return {"not": self.one()}
        if token == "(":  # noqa: S105
            inner = self.either()
            if self.take() != ")":
                raise FaultyQuestionnaire("A parenthesis is not closed.")
            return inner
        if not token or token in _WORDS or token == ")":  # noqa: S105
            raise FaultyQuestionnaire("A condition names a question: “q1 is a”, “q3 at least 40”, “q2 answered”.")
        question, _, row = token.partition(".")
        asked: dict[str, Any] = {"question": question} | ({"row": row} if row else {})
        word = self.take()
        if word == "is":
            return asked | {"is": self.codes()}
        if word == "answered":
            return asked | {"answered": True}
        if word == "at" and self.peek() in ("least", "most"):
            return asked | {f"at_{self.take()}": _bound(self.take())}
        raise FaultyQuestionnaire(f"After “{token}” write “is …”, “at least …”, “at most …” or “answered”.")

    def codes(self) -> list[str]:
        codes = [self.take()]
        # «or» goes on with codes unless what follows it is a condition of its own.
        while (
            self.peek() == "or"
            and self.peek(1) not in ("", "(", "not")
            and self.peek(2) not in ("is", "at", "answered")
        ):
            self.take()
            codes.append(self.take())
        if any(not code or code in _WORDS or code in "()" for code in codes):
            raise FaultyQuestionnaire("After “is” write one or more codes: “q1 is a or b”.")
        return codes


def _bound(text: str) -> float | str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return text
    try:
        value = float(text)
    except ValueError as error:
        raise FaultyQuestionnaire("After “at least” or “at most” write a number, or a date like 2026-01-31.") from error
    return int(value) if value.is_integer() else value


def parse_condition(text: str) -> dict[str, Any] | None:
    """A condition as JSON, or None for an empty text.

    Raises:
        FaultyQuestionnaire: says what is not understood.
    """
    if not text.strip():
        return None
    reader = _Reader(text.strip())
    try:
        found = reader.either()
    except RecursionError as error:
        raise FaultyQuestionnaire("The condition is nested too deeply.") from error
    if reader.peek():
        raise FaultyQuestionnaire(
            f"The condition goes on after its end, at “{reader.peek()}”. Join with “and” or “or”."
        )
    return found


def write_condition(value: dict[str, Any] | None) -> str:
    """A condition's JSON as one types it."""
    if value is None:
        return ""
    if "all" in value:
        return " and ".join(_inner(part) for part in value["all"])
    if "any" in value:
        return " or ".join(f"({write_condition(part)})" for part in value["any"])
    if "not" in value:
        return f"not {_inner(value['not'])}"
    name = value["question"] + (f".{value['row']}" if value.get("row") else "")
    if "is" in value:
        return f"{name} is {' or '.join(value['is'])}"
    if "at_least" in value:
        return f"{name} at least {value['at_least']}"
    if "at_most" in value:
        return f"{name} at most {value['at_most']}"
    return f"{name} answered"


def _inner(value: dict[str, Any]) -> str:
    text = write_condition(value)
    return f"({text})" if "all" in value or "any" in value else text
