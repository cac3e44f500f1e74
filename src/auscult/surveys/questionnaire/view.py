"""What one respondent sees: the questionnaire translated, in an order of the respondent's own, with answers piped in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from auscult.surveys.questionnaire.answers import valid_answers
from auscult.surveys.questionnaire.document import Choice, Question, Questionnaire, Row, Section, write_number
from auscult.surveys.questionnaire.logic import holds, shown_questions

PIPE = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]{0,19})\}")
#: What stands for an answer that was not given.
UNANSWERED = "…"


@dataclass(frozen=True)
class ArrangedQuestion:
    """One question as shown."""

    question: Question
    wording: str
    help: str
    choices: tuple[Choice, ...]
    rows: tuple[Row, ...]
    required: bool


@dataclass(frozen=True)
class ArrangedSection:
    """One page as shown."""

    code: str
    title: str
    text: str
    questions: tuple[ArrangedQuestion, ...]


@dataclass(frozen=True)
class Arranged:
    """A questionnaire as shown to one respondent."""

    title: str
    introduction: str
    thanks: str
    language: str
    sections: tuple[ArrangedSection, ...]


def text_paths(questionnaire: Questionnaire) -> dict[str, str]:
    """Every text that can be translated: path → text, in the order of the document; empty texts are left out."""
    found = {
        "title": questionnaire.title,
        "introduction": questionnaire.introduction,
        "thanks": questionnaire.thanks,
    }
    for section in questionnaire.sections:
        found[f"section.{section.code}"] = section.title
        found[f"section.{section.code}.text"] = section.text
        for question in section.questions:
            place = f"question.{question.code}"
            found |= {place: question.wording, f"{place}.help": question.help, f"{place}.unit": question.unit}
            found |= {f"{place}.choice.{choice.code}": choice.label for choice in question.choices}
            found |= {f"{place}.row.{row.code}": row.label for row in question.rows}
    return {path: text for path, text in found.items() if text}


def languages(questionnaire: Questionnaire) -> tuple[str, ...]:
    """Languages there are, that of the wordings first."""
    return (questionnaire.language, *sorted(set(questionnaire.translations) - {questionnaire.language}))


def piped_codes(text: str) -> Iterator[str]:
    """Codes of the questions whose answers are piped into a text."""
    for match in PIPE.finditer(text):
        if match.group(1):
            yield match.group(1)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...


def _shuffled[Part: _Coded](parts: Sequence[Part], seed: int, place: str) -> list[Part]:
    """An order that follows from seed and place alone, the same in every version of Python."""

    def key(part: Part) -> bytes:
        return hashlib.sha256(f"{seed}:{place}:{part.code}".encode()).digest()

    free = iter(sorted((part for part in parts if not getattr(part, "fixed", False)), key=key))
    return [part if getattr(part, "fixed", False) else next(free) for part in parts]


def _words(question: Question, answer: Any, translate: Callable[[str, str], str]) -> str:
    place = f"question.{question.code}"
    labels = {choice.code: translate(f"{place}.choice.{choice.code}", choice.label) for choice in question.choices}
    if isinstance(answer, list):
        return ", ".join(labels[code] for code in answer)
    if isinstance(answer, dict):
        return UNANSWERED
    if isinstance(answer, str):
        return labels.get(answer, answer)
    return f"{write_number(answer)} {translate(f'{place}.unit', question.unit)}".strip()


def arrange(
    questionnaire: Questionnaire,
    *,
    seed: int,
    language: str = "",
    answers: Mapping[str, Any] | None = None,
    everything: bool = False,
) -> Arranged:
    """The questionnaire as one respondent sees it.

    Args:
        seed: from which every random order follows.
        language: one of ``languages``; another one, or none, gives the language of the wordings.
        answers: so far: they decide what is shown and what is piped in; what does not fit its question counts as none.
        everything: show also what hangs on answers (previews).
    """
    answers = valid_answers(questionnaire, answers or {})
    texts: Mapping[str, str] = questionnaire.translations.get(language, {})
    chosen = language if texts else questionnaire.language

    def translate(path: str, text: str) -> str:
        return texts.get(path) or text

    by_code = {question.code: question for question in questionnaire.questions()}
    shown = set(by_code) if everything else {q.code for q in shown_questions(questionnaire, answers)}
    counted = {code: answer for code, answer in answers.items() if code in shown}

    def pipe(text: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            code = match.group(1)
            if code is None:
                return match.group(0)[0]
            if code not in counted or code not in by_code:
                return UNANSWERED
            # A label may itself hold an answer to a question before it; an answer in words is put in as it is.
            return _words(by_code[code], counted[code], lambda path, text: pipe(translate(path, text)))

        return PIPE.sub(replaced, text)

    def question_view(question: Question) -> ArrangedQuestion:
        place = f"question.{question.code}"
        choices: Sequence[Choice] = question.choices
        rows: Sequence[Row] = question.rows
        if question.shuffle:
            choices = choices if rows else _shuffled(choices, seed, question.code)
            rows = _shuffled(rows, seed, question.code)
        return ArrangedQuestion(
            replace(question, unit=translate(f"{place}.unit", question.unit)),
            pipe(translate(place, question.wording)),
            pipe(translate(f"{place}.help", question.help)),
            tuple(replace(c, label=pipe(translate(f"{place}.choice.{c.code}", c.label))) for c in choices),
            tuple(replace(r, label=translate(f"{place}.row.{r.code}", r.label)) for r in rows),
            question.required,
        )

    def section_view(section: Section) -> ArrangedSection:
        questions = [question for question in section.questions if question.code in shown]
        if section.shuffle:
            questions = _shuffled(questions, seed, section.code)
        return ArrangedSection(
            section.code,
            translate(f"section.{section.code}", section.title),
            pipe(translate(f"section.{section.code}.text", section.text)),
            tuple(question_view(question) for question in questions),
        )

    visible = [
        section
        for section in questionnaire.sections
        if everything
        or any(question.code in shown for question in section.questions)
        or (not section.questions and holds(section.show_if, counted))
    ]
    return Arranged(
        translate("title", questionnaire.title),
        translate("introduction", questionnaire.introduction),
        translate("thanks", questionnaire.thanks),
        chosen,
        tuple(section_view(section) for section in visible),
    )
