"""Conditions as one types them: ``q1 is a or b and q3 at least 40 and not q2 answered``.

*or* between codes belongs to *is*; between conditions it is written with parentheses or on a side of its own:
``(q1 is a) or (q2 is b)``. *and* binds stronger than *or*.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from auscult.surveys.questionnaire.document import CODE, MOST_NESTED, FaultyQuestionnaire

_TOKEN = re.compile(r"\s*(?:(\()|(\))|([^\s()]+))")
#: Words of conditions, by which no question can be called; choices can ("or" is Oregon).
WORDS = frozenset({"and", "or", "not", "is", "at", "answered"})
_TESTS = ("is", "at", "answered")
_AFTER_A_CODE = ("and", "or", ")", "")


def _tokens(text: str) -> Iterator[str]:
    for match in _TOKEN.finditer(text):
        yield match.group(match.lastindex or 3)


def _code(text: str, what: str) -> str:
    if not CODE.fullmatch(text):
        raise FaultyQuestionnaire(
            f"“{text[:60]}” is no code of a {what}: codes are lower-case letters, digits and _, beginning with a letter."
        )
    return text


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens, self.at, self.depth = list(_tokens(text)), 0, 0

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
        if token in ("not", "("):
            self.depth += 1
            if self.depth > MOST_NESTED:
                raise FaultyQuestionnaire(
                    f"The condition is nested more than {MOST_NESTED} deep. Use fewer parentheses and “not”."
                )
            inner = {"not": self.one()} if token == "not" else self.either()  # noqa: S105 - a word of the language
            if token == "(" and self.take() != ")":  # noqa: S105
                raise FaultyQuestionnaire("A parenthesis is not closed.")
            self.depth -= 1
            return inner
        if not token or token in WORDS or token == ")":  # noqa: S105
            raise FaultyQuestionnaire("A condition names a question: “q1 is a”, “q3 at least 40”, “q2 answered”.")
        return self.test(token)

    def test(self, token: str) -> dict[str, Any]:
        question, dot, row = token.partition(".")
        asked = {"question": _code(question, "question")} | ({"row": _code(row, "row")} if dot else {})
        word = self.take()
        if word == "is":
            return asked | {"is": self.codes(token)}
        if word == "answered":
            return asked | {"answered": True}
        if word == "at" and self.peek() in ("least", "most"):
            if dot:
                raise FaultyQuestionnaire(f"“{token}” is a row, and rows have no numbers. Write “{token} is …”.")
            return asked | {f"at_{self.take()}": _bound(self.take())}
        raise FaultyQuestionnaire(f"After “{token}” write “is …”, “at least …”, “at most …” or “answered”.")

    def codes(self, token: str) -> list[str]:
        if self.peek() == "not" and self.peek(1) not in _AFTER_A_CODE:
            raise FaultyQuestionnaire(f"“not” stands before the question: “not {token} is {self.peek(1)}”.")
        if self.peek() in ("", "(", ")"):
            raise FaultyQuestionnaire("After “is” write one or more codes: “q1 is a or b”.")
        codes = [_code(self.take(), "choice")]
        while self.peek() == "or" and self._is_code(self.peek(1), self.peek(2)):
            self.take()
            codes.append(_code(self.take(), "choice"))
        return codes

    @staticmethod
    def _is_code(token: str, after: str) -> bool:
        """Whether what follows «or» is one more code, and not a condition of its own."""
        if token == "not":  # noqa: S105
            return after in _AFTER_A_CODE
        return token not in ("", "(", ")") and after not in _TESTS


def _bound(text: str) -> float | str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return text
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FaultyQuestionnaire("After “at least” or “at most” write a number, or a date like 2026-01-31.")
    return int(value) if value.is_integer() else value


def parse_condition(text: str) -> dict[str, Any] | None:
    """A condition as JSON, or None for an empty text.

    Raises:
        FaultyQuestionnaire: says what is not understood.
    """
    if not text.strip():
        return None
    reader = _Reader(text.strip())
    found = reader.either()
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
        # After «or» «not» would begin a condition.
        return f"{name} is {' or '.join(sorted(value['is'], key=lambda code: code != 'not'))}"
    if "at_least" in value:
        return f"{name} at least {value['at_least']}"
    if "at_most" in value:
        return f"{name} at most {value['at_most']}"
    return f"{name} answered"


def _inner(value: dict[str, Any]) -> str:
    text = write_condition(value)
    return f"({text})" if "all" in value or "any" in value else text
