"""Items: every question taken apart into single-choice measures, which is what is counted, published and checked.

A multiple question gives one item for each choice (chosen or not), a matrix one for each row, a ranking one for each choice
(its rank), a number or date one (its band), open text none until it is coded. So whatever the kind, a ballot becomes leaves
``item → choice`` that are unlinked across items, and the table *cell × item × choice → count* holds all that is estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from auscult.surveys.questionnaire.document import (
    Choice,
    Kind,
    Question,
    Questionnaire,
    as_comparable,
    write_number,
)

#: An answer: a code; codes in order; a number; an ISO date or text; row → code.
Answer = str | float | list[str] | dict[str, str]
Answers = Mapping[str, Answer]

CHOSEN, NOT_CHOSEN, NOT_RANKED = "yes", "no", "unranked"


@dataclass(frozen=True)
class Item:
    """One single-choice measure.

    Attributes:
        code: the question's code, or that and the choice's or row's: ``q3_a``. At most 41 characters.
        question: code of the question it is taken from.
        wording: wording of the question, and of the part.
        choices: what can be counted, with labels.
        part: label of the choice or row it stands for, or empty.
    """

    code: str
    question: str
    kind: Kind
    wording: str
    choices: tuple[Choice, ...]
    part: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it stands in a freeze."""
        return {
            "code": self.code,
            "wording": self.wording,
            "choices": [{"code": choice.code, "label": choice.label} for choice in self.choices],
        }


_YES_NO = (Choice(CHOSEN, "Chosen"), Choice(NOT_CHOSEN, "Not chosen"))


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else write_number(value)


def bands_of(question: Question) -> tuple[Choice, ...]:
    """The bands in which a number or date is published; a value on an edge belongs to the band above."""
    edges, unit = question.bands, f" {question.unit}" if question.unit else ""
    if not edges:
        return ()
    under = "before" if question.kind == Kind.DATE else "under"
    last = "or later" if question.kind == Kind.DATE else "or more"
    return (
        Choice("b0", f"{under} {_number(edges[0])}{unit}"),
        *(
            Choice(f"b{i}", f"{_number(low)} to {under} {_number(high)}{unit}")
            for i, (low, high) in enumerate(pairwise(edges), start=1)
        ),
        Choice(f"b{len(edges)}", f"{_number(edges[-1])} {last}{unit}"),
    )


def items_of_question(question: Question) -> tuple[Item, ...]:
    """Items of one question."""
    code, wording = question.code, question.wording
    match question.kind:
        case Kind.SINGLE | Kind.LIKERT:
            return (Item(code, code, question.kind, wording, question.choices),)
        case Kind.MULTIPLE:
            return tuple(
                Item(f"{code}_{c.code}", code, question.kind, f"{wording} {c.label}", _YES_NO, c.label)
                for c in question.choices
            )
        case Kind.MATRIX:
            return tuple(
                Item(f"{code}_{r.code}", code, question.kind, f"{wording} {r.label}", question.choices, r.label)
                for r in question.rows
            )
        case Kind.RANKING:
            most = question.most or len(question.choices)
            ranks = tuple(Choice(f"r{rank}", f"Rank {rank}") for rank in range(1, most + 1))
            if most < len(question.choices):
                ranks += (Choice(NOT_RANKED, "Not ranked"),)
            return tuple(
                Item(f"{code}_{c.code}", code, question.kind, f"{wording} {c.label}", ranks, c.label)
                for c in question.choices
            )
        case Kind.NUMERIC | Kind.DATE:
            bands = bands_of(question)
            return (Item(code, code, question.kind, wording, bands),) if bands else ()
        case Kind.TEXT:
            return ()


def items_of(questionnaire: Questionnaire) -> tuple[Item, ...]:
    """All items in the order of the document."""
    return tuple(item for question in questionnaire.questions() for item in items_of_question(question))


def count_answer(question: Question, answer: Answer) -> dict[str, str]:
    """What one valid answer adds to the count: item → choice."""
    code = question.code
    match question.kind:
        case Kind.SINGLE | Kind.LIKERT:
            return {code: str(answer)}
        case Kind.MULTIPLE:
            assert isinstance(answer, list)
            return {f"{code}_{c.code}": CHOSEN if c.code in answer else NOT_CHOSEN for c in question.choices}
        case Kind.MATRIX:
            assert isinstance(answer, dict)
            return {f"{code}_{row}": choice for row, choice in answer.items()}
        case Kind.RANKING:
            assert isinstance(answer, list)
            return {
                f"{code}_{c.code}": f"r{answer.index(c.code) + 1}" if c.code in answer else NOT_RANKED
                for c in question.choices
            }
        case Kind.NUMERIC | Kind.DATE:
            assert isinstance(answer, str | int | float)
            if not question.bands:
                return {}
            value = as_comparable(answer)
            return {code: f"b{sum(value >= as_comparable(edge) for edge in question.bands)}"}
        case Kind.TEXT:
            return {}


def count_answers(questionnaire: Questionnaire, answers: Answers) -> dict[str, str]:
    """What valid answers add to the count: item → choice, in the order of the document."""
    counted: dict[str, str] = {}
    for question in questionnaire.questions():
        if question.code in answers:
            counted |= count_answer(question, answers[question.code])
    return counted
