"""What a schema cannot say of a questionnaire: codes, conditions, bounds and texts that fit each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise

from auscult.surveys.questionnaire.document import (
    LARGEST_NUMBER,
    WITH_CHOICES,
    Asks,
    Condition,
    FaultyQuestionnaire,
    Kind,
    Question,
    Questionnaire,
    Test,
    as_comparable,
    asked_questions,
)
from auscult.surveys.questionnaire.items import items_of
from auscult.surveys.questionnaire.view import piped_codes, text_paths

MOST_QUESTIONS, MOST_ITEMS, MOST_SCREENERS = 200, 600, 5
_BOUNDED = (Kind.NUMERIC, Kind.DATE)


def check_questionnaire(questionnaire: Questionnaire, *, complete: bool) -> None:
    """Check what hangs together in a questionnaire.

    Args:
        complete: also refuse what is fine in a draft only.

    Raises:
        FaultyQuestionnaire: names the place and says what to do.
    """
    questions = list(questionnaire.questions())
    _require_distinct("page", [section.code for section in questionnaire.sections])
    _require_distinct("question", [question.code for question in questions])
    # The form calls its fields so.
    rows = {f"{question.code}__{row.code}": question.code for question in questions for row in question.rows}
    for question in questions:
        if question.code in rows:
            _refuse(f"Question {question.code} has the code of a row of “{rows[question.code]}”. Give it another one.")
    if len(questions) > MOST_QUESTIONS:
        _refuse(f"A questionnaire has at most {MOST_QUESTIONS} questions; this one has {len(questions)}.")
    for question in questions:
        _check_question(question)
    items = items_of(questionnaire)
    if len(items) > MOST_ITEMS:
        _refuse(f"The questions give {len(items)} measures (rows and choices count); {MOST_ITEMS} are the most.")
    # Open text becomes a measure of its question's code once it is sorted into codes.
    texts = [question.code for question in questions if question.kind == Kind.TEXT]
    _require_distinct("measure", [*(item.code for item in items), *texts])
    _check_conditions(questionnaire)
    if sum(question.screen_out_if is not None for question in questions) > MOST_SCREENERS:
        _refuse(f"At most {MOST_SCREENERS} questions screen out.")
    for quota in questionnaire.quotas:
        _check_condition(f"Quota “{quota.label}”", quota.holds_if, {q.code: q for q in questions})
    _require_distinct("quota", [quota.code for quota in questionnaire.quotas])
    if not 0 <= questionnaire.exclusions.speeders <= 0.5:
        _refuse("The rule on fast ballots is a part of the median time from 0 (no rule) to 0.5.")
    if complete:
        _check_complete(questionnaire, questions)


def _refuse(text: str) -> None:
    raise FaultyQuestionnaire(text)


def _require_distinct(what: str, codes: Iterable[str]) -> None:
    twice = [code for code, count in Counter(codes).items() if count > 1]
    if twice:
        _refuse(f"The {what} code “{twice[0]}” stands twice. Every {what} needs a code of its own.")


def _check_question(question: Question) -> None:
    here = f"Question {question.code}"
    _require_distinct(f"choice (in {question.code})", [choice.code for choice in question.choices])
    _require_distinct(f"row (in {question.code})", [row.code for row in question.rows])
    codes = {choice.code for choice in question.choices}
    if question.attention and (question.kind not in (Kind.SINGLE, Kind.LIKERT) or question.attention not in codes):
        _refuse(f"{here}: the attention check names “{question.attention}”, which is none of its choices.")
    if any(choice.exclusive for choice in question.choices) and question.kind != Kind.MULTIPLE:
        _refuse(f"{here}: only a question with several choices can have one that stands alone.")
    if question.kind == Kind.LIKERT and len(question.choices) > 11:
        _refuse(f"{here}: a scale has 2 to 11 points.")
    if question.kind in (Kind.MULTIPLE, Kind.RANKING) and question.choices:
        together = sum(not choice.exclusive for choice in question.choices)
        if question.most > len(question.choices):
            _refuse(f"{here}: at most {question.most} may be chosen, but there are {len(question.choices)} choices.")
        if question.least > min(question.most or together, together):
            _refuse(f"{here}: at least {question.least} must be chosen, which is more than may be.")
    if question.kind in _BOUNDED:
        _check_bounds(question, here)


def _check_bounds(question: Question, here: str) -> None:
    for value in (question.minimum, question.maximum, *question.bands):
        if value == "":
            continue
        _require_kind(here, question, value)
    low = as_comparable(question.minimum) if question.minimum != "" else None
    high = as_comparable(question.maximum) if question.maximum != "" else None
    if low is not None and high is not None and low > high:
        _refuse(f"{here}: the smallest value is above the largest.")
    edges = [as_comparable(edge) for edge in question.bands]
    if any(a >= b for a, b in pairwise(edges)):
        _refuse(f"{here}: the edges of its bands must rise.")
    if edges and ((low is not None and edges[0] <= low) or (high is not None and edges[-1] > high)):
        _refuse(f"{here}: every edge of its bands must lie inside its bounds, or a band would be empty for ever.")


def _require_kind(here: str, question: Question, value: str | float) -> None:
    """Refuse what cannot be compared with a question's answers."""
    if isinstance(value, str) is not (question.kind == Kind.DATE):
        kind = "a date: write it like 2026-01-31" if question.kind == Kind.DATE else "a number"
        _refuse(f"{here}: “{value}” does not fit “{question.code}”, which asks for {kind}.")
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            _refuse(f"{here}: “{value}” is no day of the calendar. Write it like 2026-01-31.")
    elif not abs(value) <= LARGEST_NUMBER:
        _refuse(f"{here}: a number lies between −{LARGEST_NUMBER:,.0f} and {LARGEST_NUMBER:,.0f}.")


def _check_conditions(questionnaire: Questionnaire) -> None:
    before: dict[str, Question] = {}
    for section in questionnaire.sections:
        _check_condition(f"Page {section.code}", section.show_if, before)
        _check_piping(f"Page {section.code}", questionnaire, {f"section.{section.code}.text": section.text}, before)
        known = dict(before)
        for question in section.questions:
            # Where questions are shuffled, none of the same page is sure to come earlier.
            earlier = before if section.shuffle else known
            _check_condition(f"Question {question.code}", question.show_if, earlier)
            _check_condition(f"Question {question.code}", question.screen_out_if, {**earlier, question.code: question})
            place = f"question.{question.code}"
            texts = {place: question.wording, f"{place}.help": question.help}
            texts |= {f"{place}.choice.{choice.code}": choice.label for choice in question.choices}
            _check_piping(f"Question {question.code}", questionnaire, texts, earlier)
            known[question.code] = question
        before = known


def _check_piping(
    here: str, questionnaire: Questionnaire, texts: Mapping[str, str], known: Mapping[str, Question]
) -> None:
    translations = questionnaire.translations.values()
    for path, text in texts.items():
        for code in (code for each in (text, *(t.get(path, "") for t in translations)) for code in piped_codes(each)):
            if code not in known:
                _refuse(
                    f"{here}: {{{code}}} stands for the answer to an earlier question, and there is none of this code "
                    "before it. Write {{ and }} for braces."
                )
            if known[code].kind == Kind.MATRIX:
                _refuse(f"{here}: {{{code}}} is a matrix, whose many answers fit into no sentence. Ask it apart.")


def _check_condition(here: str, condition: Condition | None, known: Mapping[str, Question]) -> None:
    for asks in asked_questions(condition):
        if asks.question not in known:
            _refuse(f"{here}: its condition asks about “{asks.question}”, which is no earlier question.")
        _check_test(here, asks, known[asks.question])


def _check_test(here: str, asks: Asks, question: Question) -> None:
    rows = {row.code for row in question.rows}
    if question.kind == Kind.MATRIX and asks.test == Test.IS and asks.row not in rows:
        _refuse(f"{here}: of a matrix a condition names the row: “{question.code}.{next(iter(rows), 'r1')} is …”.")
    if asks.row and asks.row not in rows:
        _refuse(f"{here}: “{question.code}” has no row “{asks.row}”.")
    if asks.test == Test.IS:
        codes = {choice.code for choice in question.choices}
        wrong = [value for value in asks.values if value not in codes]
        if question.kind not in WITH_CHOICES:
            _refuse(f"{here}: “{question.code}” has no choices. Ask whether it is at least or at most something.")
        if wrong:
            _refuse(f"{here}: “{question.code}” has no choice “{wrong[0]}”.")
    elif asks.test in (Test.AT_LEAST, Test.AT_MOST):
        if question.kind not in _BOUNDED:
            _refuse(f"{here}: “{question.code}” is neither a number nor a date.")
        _require_kind(here, question, asks.values[0])


def _check_complete(questionnaire: Questionnaire, questions: Sequence[Question]) -> None:
    if not questions:
        _refuse("Add a question first.")
    for question in questions:
        here = f"Question {question.code}"
        if not question.wording.strip():
            _refuse(f"{here} has no wording.")
        if question.kind in WITH_CHOICES and len(question.choices) < 2:
            _refuse(f"{here} needs at least two choices.")
        if question.kind == Kind.MATRIX and not question.rows:
            _refuse(f"{here} needs at least one row.")
        for labels in ([c.label for c in question.choices], [r.label for r in question.rows]):
            folded = [label.strip().casefold() for label in labels]
            if not all(folded) or len(set(folded)) < len(folded):
                _refuse(f"{here} has an empty label, or two that read the same.")
        if question.kind in _BOUNDED and not question.bands:
            _refuse(
                f"{here} needs the edges of the bands in which its answers are published, for example 20 40 60: single values "
                "of single people are never shown."
            )
    if questionnaire.language in questionnaire.translations:
        _refuse(f"The wordings are in {questionnaire.language} already: take out the translation to it.")
    paths = text_paths(questionnaire)
    for language, texts in questionnaire.translations.items():
        unknown = next((path for path in texts if path not in paths), None)
        if unknown:
            _refuse(
                f"The translation to {language} has a text for “{unknown}”, which is no place of this questionnaire."
            )
    if not re.search(r"\S", questionnaire.title):
        _refuse("Give the survey a title.")
