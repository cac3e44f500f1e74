"""How long a questionnaire takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auscult.surveys.questionnaire.document import Kind, Question, Questionnaire

#: Reading, words a second: 200 to 240 a minute for adults reading a second time what they act on (Brysbaert 2019 finds 238).
WORDS_A_SECOND = 3.5
#: Seconds to decide and to touch, besides reading. Assumptions, until real times correct them (``queries.lengths``).
SECONDS: Mapping[Kind, float] = {
    Kind.SINGLE: 4.0,
    Kind.LIKERT: 3.5,
    Kind.MULTIPLE: 6.0,
    Kind.RANKING: 12.0,
    Kind.NUMERIC: 7.0,
    Kind.DATE: 8.0,
    Kind.TEXT: 40.0,
    Kind.MATRIX: 3.0,
}


@dataclass(frozen=True)
class Length:
    """Expected time of a complete answer."""

    seconds: float


def _words(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


def seconds_of(question: Question) -> float:
    """Expected seconds of one question: reading it, and deciding; of a matrix for each row, of a ranking for each choice."""
    reading = _words(
        question.wording, question.help, *(c.label for c in question.choices), *(r.label for r in question.rows)
    )
    times = 1.0
    if question.kind == Kind.MATRIX:
        times = float(len(question.rows))
    elif question.kind == Kind.RANKING:
        times = max((question.most or len(question.choices)) / 3, 1.0)
    return reading / WORDS_A_SECOND + SECONDS[question.kind] * times


def estimate_seconds(questionnaire: Questionnaire) -> Length:
    """Expected time; a question that hangs on a condition counts half."""
    seconds = _words(questionnaire.introduction) / WORDS_A_SECOND
    for section in questionnaire.sections:
        seconds += _words(section.title, section.text) / WORDS_A_SECOND
        for question in section.questions:
            conditional = question.show_if is not None or section.show_if is not None
            seconds += seconds_of(question) * (0.5 if conditional else 1.0)
    return Length(max(seconds, 1.0))


def words_of(seconds: float) -> str:
    """A time as one says it: never more exact than it is known."""
    if seconds < 45:
        return "less than a minute"
    minutes = round(seconds / 60)
    return "about a minute" if minutes <= 1 else f"about {minutes} minutes"
