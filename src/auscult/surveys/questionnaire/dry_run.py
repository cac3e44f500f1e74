"""A dry run: simulated respondents answer at random and follow the logic, to find what nobody reaches and what stays empty."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys.questionnaire.document import Kind, Question, Questionnaire, as_comparable
from auscult.surveys.questionnaire.items import Answer, count_answers, items_of
from auscult.surveys.questionnaire.length import seconds_of
from auscult.surveys.questionnaire.logic import Unreachable, find_unreachable, holds

#: Share of questions that a simulated respondent leaves out.
SKIPPED = 0.03


@dataclass(frozen=True)
class DryRun:
    """What simulated respondents found.

    Attributes:
        reached: question → how many were shown it.
        never_reached: questions that nobody was shown; where ``unreachable`` names them too, nobody can be.
        empty_choices: (item, choice) that nobody gave.
        thin_tables: (item, cell) where fewer than the minimum answered: such tables would be withheld.
        median_seconds: expected time of the paths taken.
    """

    respondents: int
    completed: int
    screened_out: dict[str, int]
    quota_full: dict[str, int]
    reached: dict[str, int]
    never_reached: tuple[str, ...]
    empty_choices: tuple[tuple[str, str], ...]
    thin_tables: tuple[tuple[str, str], ...]
    unreachable: tuple[Unreachable, ...]
    median_seconds: float


def _answer(question: Question, dice: random.Random) -> Answer:
    codes = [choice.code for choice in question.choices]
    match question.kind:
        case Kind.SINGLE | Kind.LIKERT:
            return question.attention if question.attention and dice.random() < 0.95 else dice.choice(codes)
        case Kind.MULTIPLE:
            alone = [choice.code for choice in question.choices if choice.exclusive]
            free = [code for code in codes if code not in alone]
            if alone and (not free or dice.random() < 1 / len(codes)):
                return [dice.choice(alone)]
            most = min(question.most or len(free), len(free))
            chosen = dice.sample(free, dice.randint(min(max(question.least, 1), most), most))
            return [code for code in codes if code in chosen]
        case Kind.RANKING:
            return dice.sample(codes, question.most or len(codes))
        case Kind.MATRIX:
            return {row.code: dice.choice(codes) for row in question.rows}
        case Kind.NUMERIC | Kind.DATE:
            return _value(question, dice)
        case Kind.TEXT:
            return "An answer in words."


def _value(question: Question, dice: random.Random) -> float | str:
    """A value from a band chosen at random, so that every band is tried."""
    edges = [as_comparable(edge) for edge in question.bands]
    low = as_comparable(question.minimum) if question.minimum != "" else edges[0] - 10
    high = as_comparable(question.maximum) if question.maximum != "" else edges[-1] + 10
    bounds = [low, *edges, high]
    band = dice.randrange(len(bounds) - 1)
    value = dice.uniform(bounds[band], bounds[band + 1])
    if question.kind == Kind.NUMERIC:
        return value
    return date.fromordinal(min(max(int(value), 1), date.max.toordinal())).isoformat()


def dry_run(
    questionnaire: Questionnaire, *, respondents: int = 1000, seed: int = 1, cells: Sequence[tuple[str, ...]] = ()
) -> DryRun:
    """Let simulated respondents answer a complete questionnaire.

    Args:
        respondents: how many.
        seed: the same seed gives the same run.
        cells: strata among which they are spread evenly; without any, no tables are looked at.
    """
    dice = random.Random(seed)  # noqa: S311 - a simulation, no secret
    reached: Counter[str] = Counter()
    screened: Counter[str] = Counter()
    full: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    in_cell: Counter[tuple[str, tuple[str, ...]]] = Counter()
    seconds: list[float] = []
    for _ in range(respondents):
        answers, spent, out = _walk(questionnaire, dice, reached)
        if out:
            screened[out] += 1
            continue
        quotas = [quota for quota in questionnaire.quotas if holds(quota.holds_if, answers)]
        over = next((quota for quota in quotas if taken[quota.code] >= quota.most), None)
        if over:
            full[over.code] += 1
            continue
        taken.update(quota.code for quota in quotas)
        seconds.append(spent)
        found = count_answers(questionnaire, answers)
        counted.update(found.items())
        if cells:
            cell = dice.choice(cells)
            in_cell.update((item, cell) for item in found)
    items = items_of(questionnaire)
    return DryRun(
        respondents=respondents,
        completed=len(seconds),
        screened_out=dict(screened),
        quota_full=dict(full),
        reached={question.code: reached[question.code] for question in questionnaire.questions()},
        never_reached=tuple(q.code for q in questionnaire.questions() if not reached[q.code]),
        empty_choices=tuple(
            (item.code, choice.code) for item in items for choice in item.choices if not counted[item.code, choice.code]
        ),
        thin_tables=tuple(
            (item.code, " · ".join(cell)) for item in items for cell in cells if in_cell[item.code, cell] < MINIMUM_CELL
        ),
        unreachable=find_unreachable(questionnaire),
        median_seconds=sorted(seconds)[len(seconds) // 2] if seconds else 0.0,
    )


def _walk(
    questionnaire: Questionnaire, dice: random.Random, reached: Counter[str]
) -> tuple[dict[str, Answer], float, str]:
    """One respondent: answers, seconds, and the screener that ended it, or empty."""
    answers: dict[str, Answer] = {}
    spent = 0.0
    for section in questionnaire.sections:
        if not holds(section.show_if, answers):
            continue
        for question in section.questions:
            if not holds(question.show_if, answers):
                continue
            reached[question.code] += 1
            spent += seconds_of(question)
            if question.required or dice.random() >= SKIPPED:
                answers[question.code] = _answer(question, dice)
            if (
                question.screen_out_if is not None
                and question.code in answers
                and holds(question.screen_out_if, answers)
            ):
                return answers, spent, question.code
    return answers, spent, ""
