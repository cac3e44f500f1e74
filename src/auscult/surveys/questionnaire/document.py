"""The questionnaire as a document: frozen dataclasses and the JSON that is stored, copied, imported and frozen.

``reading.read_questionnaire`` makes one of its JSON and checks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

FORMAT = "auscult-questionnaire/1"
#: A code of a page, question, choice or row.
CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
#: Depth to which conditions are read; nobody means more.
MOST_NESTED = 10


class Kind(StrEnum):
    """Kinds of questions."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    LIKERT = "likert"
    RANKING = "ranking"
    NUMERIC = "numeric"
    DATE = "date"
    TEXT = "text"
    MATRIX = "matrix"


KIND_WORDS = {
    Kind.SINGLE: "One of several choices",
    Kind.MULTIPLE: "Several choices",
    Kind.LIKERT: "Agreement on a scale",
    Kind.RANKING: "Ranking",
    Kind.NUMERIC: "A number",
    Kind.DATE: "A date",
    Kind.TEXT: "Open text",
    Kind.MATRIX: "Matrix: one answer in each row",
}
#: Numbers that can be answered at all: from minus this to this.
LARGEST_NUMBER = 1e12
#: Kinds whose answer is one or several codes of ``choices``.
WITH_CHOICES = (Kind.SINGLE, Kind.MULTIPLE, Kind.LIKERT, Kind.RANKING, Kind.MATRIX)
#: The points that a new Likert question begins with, from disagreement to agreement.
LIKERT_POINTS = (
    ("disagree_strongly", "Strongly disagree"),
    ("disagree", "Disagree"),
    ("neither", "Neither agree nor disagree"),
    ("agree", "Agree"),
    ("agree_strongly", "Strongly agree"),
)


class FaultyQuestionnaire(ValueError):
    """The document is no questionnaire; the text says where and what to do."""


@dataclass(frozen=True)
class Choice:
    """One choice, point of a scale or column of a matrix.

    Attributes:
        exclusive: of a multiple question: chosen alone ("none of these").
        fixed: keeps its place where choices are shuffled.
        neutral: of a scale: outside it ("does not apply"); left out of the diverging chart.
    """

    code: str
    label: str
    exclusive: bool = False
    fixed: bool = False
    neutral: bool = False


@dataclass(frozen=True)
class Row:
    """One row of a matrix."""

    code: str
    label: str


class Test(StrEnum):
    """What a condition asks of an earlier answer."""

    IS = "is"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Asks:
    """A condition on one earlier answer.

    Attributes:
        question: code of an earlier question.
        test: what is asked of its answer.
        values: of IS: codes, any of which will do; of AT_LEAST and AT_MOST: one number or ISO date; of ANSWERED: none.
        row: row of a matrix, or empty.
    """

    question: str
    test: Test
    values: tuple[str | float, ...] = ()
    row: str = ""


@dataclass(frozen=True)
class All:
    """True where every part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any_:  # noqa: N801 - `Any` is a type of Python
    """True where any part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """True where the part is not."""

    part: Condition


Condition = Asks | All | Any_ | Not


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        choices: of single, multiple, Likert and ranking the choices; of a matrix its columns.
        rows: of a matrix.
        required: cannot be left out. Honest surveys rarely force an answer.
        shuffle: choices (of a matrix: rows) are shown in an order of the respondent's own.
        most: of multiple and ranking: how many may be chosen or ranked; of text: characters. 0: no limit of its own.
        least: of multiple and ranking: how few.
        minimum, maximum: of a number or a date, as number or ISO date; empty: none.
        unit: of a number ("hours a week").
        bands: edges between the bands that are published of a number or date, rising.
        show_if: shown only where this holds; always where None.
        screen_out_if: where this holds of the answers so far, the respondent is screened out after this question.
        attention: code that whoever reads chooses; others fail the attention check. Empty: no check.
    """

    code: str
    kind: Kind
    wording: str
    help: str = ""
    choices: tuple[Choice, ...] = ()
    rows: tuple[Row, ...] = ()
    required: bool = False
    shuffle: bool = False
    most: int = 0
    least: int = 0
    minimum: str | float = ""
    maximum: str | float = ""
    unit: str = ""
    bands: tuple[str | float, ...] = ()
    show_if: Condition | None = None
    screen_out_if: Condition | None = None
    attention: str = ""


@dataclass(frozen=True)
class Section:
    """One page of questions.

    Attributes:
        shuffle: its questions are shown in an order of the respondent's own.
    """

    code: str
    title: str
    text: str = ""
    questions: tuple[Question, ...] = ()
    shuffle: bool = False
    show_if: Condition | None = None


@dataclass(frozen=True)
class Quota:
    """At most so many respondents of whom the condition holds; whoever comes later is told that the group is full."""

    code: str
    label: str
    holds_if: Condition
    most: int


@dataclass(frozen=True)
class Exclusions:
    """Rules that leave a ballot out of the count; declared before opening, applied at close.

    Attributes:
        speeders: left out below this part of the median time, 0 (none) to 0.5.
        straightliners: left out where every row of each matrix has the same answer.
        attention: left out where an attention check was failed.
        duplicates: left out where all answers of a long questionnaire equal those of another ballot.
    """

    speeders: float = 0.0
    straightliners: bool = False
    attention: bool = True
    duplicates: bool = False


@dataclass(frozen=True)
class Questionnaire:
    """Everything that is asked.

    Attributes:
        language: language of the wordings, a BCP 47 tag.
        translations: language → path → text; paths as ``text_paths`` gives them.
    """

    title: str
    sections: tuple[Section, ...]
    language: str = "en"
    introduction: str = ""
    thanks: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    exclusions: Exclusions = Exclusions()

    def questions(self) -> Iterator[Question]:
        """All questions in the order of the document."""
        for section in self.sections:
            yield from section.questions

    def find(self, code: str) -> Question:
        """A question by its code.

        Raises:
            KeyError: there is none.
        """
        for question in self.questions():
            if question.code == code:
                return question
        raise KeyError(code)


def condition_as_json(condition: Condition) -> dict[str, Any]:
    """A condition as it stands in the document."""
    match condition:
        case All(parts):
            return {"all": [condition_as_json(part) for part in parts]}
        case Any_(parts):
            return {"any": [condition_as_json(part) for part in parts]}
        case Not(part):
            return {"not": condition_as_json(part)}
        case Asks(question, test, values, row):
            value: Any = True
            if test == Test.IS:
                value = list(values)
            elif test != Test.ANSWERED:
                value = values[0]
            return {"question": question, test.value: value} | ({"row": row} if row else {})


def _without_defaults(instance: Any) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, spec in type(instance).__dataclass_fields__.items()
        if (value := getattr(instance, name)) != spec.default
    }


def question_as_json(question: Question) -> dict[str, Any]:
    """A question as it stands in the document."""
    written = _without_defaults(question) | {"kind": question.kind.value}
    for name in ("choices", "rows"):
        if name in written:
            written[name] = [_without_defaults(part) for part in written[name]]
    for name in ("show_if", "screen_out_if"):
        if name in written:
            written[name] = condition_as_json(written[name])
    return written


def questionnaire_as_json(questionnaire: Questionnaire) -> dict[str, Any]:
    """The document; ``read_questionnaire`` of it gives the same questionnaire."""
    written: dict[str, Any] = {
        "format": FORMAT,
        "title": questionnaire.title,
        "language": questionnaire.language,
        "sections": [],
    }
    for name in ("introduction", "thanks"):
        if getattr(questionnaire, name):
            written[name] = getattr(questionnaire, name)
    for section in questionnaire.sections:
        one: dict[str, Any] = {"code": section.code, "title": section.title}
        if section.text:
            one["text"] = section.text
        if section.shuffle:
            one["shuffle"] = True
        if section.show_if:
            one["show_if"] = condition_as_json(section.show_if)
        written["sections"].append(one | {"questions": [question_as_json(q) for q in section.questions]})
    if questionnaire.translations:
        written["translations"] = {k: dict(v) for k, v in questionnaire.translations.items()}
    if questionnaire.quotas:
        written["quotas"] = [
            {"code": q.code, "label": q.label, "holds_if": condition_as_json(q.holds_if), "most": q.most}
            for q in questionnaire.quotas
        ]
    written["exclusions"] = {
        "speeders": questionnaire.exclusions.speeders,
        "straightliners": questionnaire.exclusions.straightliners,
        "attention": questionnaire.exclusions.attention,
        "duplicates": questionnaire.exclusions.duplicates,
    }
    return written


def asked_questions(condition: Condition | None) -> Iterator[Asks]:
    """Every test of one answer within a condition."""
    match condition:
        case Asks():
            yield condition
        case Not(part):
            yield from asked_questions(part)
        case All(parts) | Any_(parts):
            for part in parts:
                yield from asked_questions(part)
        case None:
            return


def as_comparable(value: str | float) -> float:
    """A number, or a date as its day number, for comparisons.

    Raises:
        ValueError: neither.
    """
    return float(date.fromisoformat(value).toordinal()) if isinstance(value, str) else float(value)


def write_number(value: float) -> str:
    """A number in full, thousands apart: ``1,234,567.5``."""
    return f"{int(value) if float(value).is_integer() else value:,}"
