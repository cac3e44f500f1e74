"""Skip logic: which questions a respondent sees, and whether every question can be reached at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from auscult.surveys.questionnaire.document import (
    LARGEST_NUMBER,
    All,
    Any_,
    Asks,
    Condition,
    Kind,
    Not,
    Question,
    Questionnaire,
    Test,
    as_comparable,
    asked_questions,
)
from auscult.surveys.questionnaire.items import Answers


def holds(condition: Condition | None, answers: Mapping[str, Any]) -> bool:
    """Whether a condition holds of some answers; of what was not answered only a negation holds.

    Args:
        condition: None always holds.
        answers: question → valid answer.
    """
    match condition:
        case None:
            return True
        case All(parts):
            return all(holds(part, answers) for part in parts)
        case Any_(parts):
            return any(holds(part, answers) for part in parts)
        case Not(part):
            return not holds(part, answers)
        case Asks():
            return _asks_holds(condition, answers)


def _asks_holds(asks: Asks, answers: Mapping[str, Any]) -> bool:
    if asks.question not in answers:
        return False
    answer = answers[asks.question]
    if asks.row:
        if asks.row not in answer:
            return False
        answer = answer[asks.row]
    match asks.test:
        case Test.ANSWERED:
            return True
        case Test.IS:
            return any(code in asks.values for code in (answer if isinstance(answer, list) else (answer,)))
        case Test.AT_LEAST:
            return as_comparable(answer) >= as_comparable(asks.values[0])
        case Test.AT_MOST:
            return as_comparable(answer) <= as_comparable(asks.values[0])


def shown_questions(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> tuple[Question, ...]:
    """Questions that are shown, in the order of the document; an answer to a hidden question counts as none."""
    shown: list[Question] = []
    counted: dict[str, Any] = {}
    for section in questionnaire.sections:
        if not holds(section.show_if, counted):
            continue
        for question in section.questions:
            if holds(question.show_if, counted):
                shown.append(question)
                if question.code in answers:
                    counted[question.code] = answers[question.code]
    return tuple(shown)


def screened_out_at(questionnaire: Questionnaire, answers: Answers) -> str | None:
    """Code of the first shown screener that ends the survey for its author, or None.

    A screener that was not answered (yet) ends nothing: its page may lie ahead.
    """
    counted: dict[str, Any] = {}
    for question in shown_questions(questionnaire, answers):
        if question.code in answers:
            counted[question.code] = answers[question.code]
        if question.screen_out_if is not None and question.code in counted and holds(question.screen_out_if, counted):
            return question.code
    return None


@dataclass(frozen=True)
class Unreachable:
    """A question that stands in no complete ballot, and why."""

    code: str
    why: str


#: Steps that the search takes for one question before it gives up; honest ones need some hundreds.
MOST_STEPS = 10_000


class _TooManyBranches(Exception):
    """The search has used up its steps."""


@dataclass(frozen=True)
class _Facts:
    """What is demanded of one answer (of a matrix: of one row), should there be one.

    Attributes:
        answered: whether there is one; None while both will do.
        codes: of single, Likert and rows: those that will do; None for all.
        chosen, left_out: of multiple and ranking.
        low, high: of numbers and dates: the edge, and whether it is itself outside.
    """

    answered: bool | None = None
    codes: frozenset[str] | None = None
    chosen: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    low: tuple[float, bool] = (-math.inf, False)
    high: tuple[float, bool] = (math.inf, False)

    def joined(self, other: _Facts) -> _Facts | None:
        """Both demands, or None where they disagree on whether there is an answer."""
        if self.answered is not None and other.answered is not None and self.answered is not other.answered:
            return None
        return _Facts(
            self.answered if other.answered is None else other.answered,
            other.codes if self.codes is None else self.codes if other.codes is None else self.codes & other.codes,
            self.chosen | other.chosen,
            self.left_out | other.left_out,
            max(self.low, other.low),
            min(self.high, other.high, key=lambda edge: (edge[0], not edge[1])),
        )


def _is_possible(question: Question, facts: _Facts) -> bool:
    """Whether an answer that ``clean_answer`` takes meets the demands; none at all may, unless one is demanded."""
    if not facts.answered:
        return True
    match question.kind:
        case Kind.SINGLE | Kind.LIKERT | Kind.MATRIX:
            codes = frozenset(choice.code for choice in question.choices)
            return bool(codes if facts.codes is None else codes & facts.codes)
        case Kind.MULTIPLE | Kind.RANKING:
            alone = {choice.code for choice in question.choices if choice.exclusive} - facts.left_out
            free = {choice.code for choice in question.choices if not choice.exclusive} - facts.left_out
            if facts.chosen & facts.left_out:
                return False
            if facts.chosen <= alone and len(facts.chosen) <= 1 and alone:
                return True
            most = min(question.most or len(free), len(free))
            return facts.chosen <= free and max(len(facts.chosen), question.least, 1) <= most
        case Kind.NUMERIC | Kind.DATE:
            return _has_value(question, facts)
        case Kind.TEXT:
            return True


def _has_value(question: Question, facts: _Facts) -> bool:
    (low, above), (high, below) = facts.low, facts.high
    least, most = -LARGEST_NUMBER, LARGEST_NUMBER
    if question.kind == Kind.DATE:
        least, most = float(date.min.toordinal()), float(date.max.toordinal())
        # Between two days there is none.
        low, above, high, below = low + above, False, high - below, False
    least = as_comparable(question.minimum) if question.minimum != "" else least
    most = as_comparable(question.maximum) if question.maximum != "" else most
    low, above = max((low, above), (least, False))
    high, below = min((high, below), (most, False), key=lambda edge: (edge[0], not edge[1]))
    return low < high or (low == high and not above and not below)


#: Something to be made true or false: a condition, or (as its code) that a question is shown.
_Goal = tuple[Condition | str, bool]
#: A question, and of a matrix the row.
_Place = tuple[str, str]


@dataclass(frozen=True)
class _Way:
    """One way to reach a goal: other goals, and demands on one answer."""

    goals: tuple[_Goal, ...]
    place: _Place | None = None
    facts: _Facts = _Facts()


@dataclass
class _Branch:
    """What was settled on the way, goals still to be reached, and forks: goals with several ways, put off for later."""

    goals: list[_Goal]
    facts: dict[_Place, _Facts]
    shown: dict[str, bool]
    forks: list[list[_Way]]


class _Search:
    """Whether goals can be reached together: a tableau, depth first, whose forks come last and the narrowest first."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questions = {question.code: question for question in questionnaire.questions()}
        self.shown_if = {
            question.code: All(tuple(each for each in (section.show_if, question.show_if) if each is not None))
            for section in questionnaire.sections
            for question in section.questions
        }

    def finds(self, goals: Sequence[_Goal]) -> bool:
        """Whether some complete ballot reaches all goals.

        Raises:
            _TooManyBranches: not known.
        """
        self.steps = 0
        open_branches = [_Branch(list(goals), {}, {}, [])]
        while open_branches:
            branch = open_branches.pop()
            if not self._settle(branch):
                continue
            if not branch.forks:
                return True
            fork = min(branch.forks, key=len)
            others = [each for each in branch.forks if each is not fork]
            for way in reversed(fork):
                there = _Branch([], dict(branch.facts), dict(branch.shown), list(others))
                if self._take(there, way):
                    open_branches.append(there)
        return False

    def _settle(self, branch: _Branch) -> bool:
        """Reach every goal that has one way only; False where one has none."""
        while branch.goals:
            goal, wanted = branch.goals.pop()
            if isinstance(goal, str):
                if branch.shown.setdefault(goal, wanted) is not wanted:
                    return False
                goal = self.shown_if[goal]
            ways = self._ways(goal, wanted)
            if len(ways) > 1:
                branch.forks.append(ways)
            elif not ways or not self._take(branch, ways[0]):
                return False
        return True

    def _take(self, branch: _Branch, way: _Way) -> bool:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _TooManyBranches
        if way.place is not None:
            facts = branch.facts.get(way.place, _Facts()).joined(way.facts)
            if facts is None or not _is_possible(self.questions[way.place[0]], facts):
                return False
            branch.facts[way.place] = facts
        branch.goals.extend(way.goals)
        return True

    def _ways(self, goal: Condition, wanted: bool) -> list[_Way]:
        match goal:
            case Not(part):
                return [_Way(((part, not wanted),))]
            case All(parts) | Any_(parts):
                goals: list[_Goal] = [(part, wanted) for part in parts]
                return [_Way(tuple(goals))] if isinstance(goal, All) is wanted else [_Way((each,)) for each in goals]
            case Asks():
                return self._ways_of_test(goal, wanted)

    def _ways_of_test(self, asks: Asks, wanted: bool) -> list[_Way]:
        question, place = self.questions[asks.question], (asks.question, asks.row)
        if question.kind == Kind.MATRIX and not asks.row:
            # A matrix is answered where any of its rows is.
            return self._ways(Any_(tuple(replace(asks, row=row.code) for row in question.rows)), wanted)
        if wanted:
            return [_Way(((question.code, True),), place, facts) for facts in _demands(question, asks)]
        refusal = _refusal(question, asks)
        if not question.required:
            return [_Way((), place, refusal)]
        # No complete ballot leaves it out, unless it is hidden.
        ways = [_Way(((question.code, False),), place, _Facts(answered=False))]
        if asks.test != Test.ANSWERED:
            ways.append(_Way(((question.code, True),), place, replace(refusal, answered=True)))
        return ways


def _demands(question: Question, asks: Asks) -> list[_Facts]:
    """Demands, any of which makes a test true."""
    match asks.test:
        case Test.ANSWERED:
            return [_Facts(True)]
        case Test.IS:
            codes = [str(value) for value in asks.values]
            if question.kind in (Kind.MULTIPLE, Kind.RANKING):
                return [_Facts(True, chosen=frozenset({code})) for code in codes]
            return [_Facts(True, codes=frozenset(codes))]
        case Test.AT_LEAST:
            return [_Facts(True, low=(as_comparable(asks.values[0]), False))]
        case Test.AT_MOST:
            return [_Facts(True, high=(as_comparable(asks.values[0]), False))]


def _refusal(question: Question, asks: Asks) -> _Facts:
    """The demand that makes a test false."""
    match asks.test:
        case Test.ANSWERED:
            return _Facts(False)
        case Test.IS:
            codes = frozenset(str(value) for value in asks.values)
            if question.kind in (Kind.MULTIPLE, Kind.RANKING):
                return _Facts(left_out=codes)
            return _Facts(codes=frozenset(choice.code for choice in question.choices) - codes)
        case Test.AT_LEAST:
            return _Facts(high=(as_comparable(asks.values[0]), True))
        case Test.AT_MOST:
            return _Facts(low=(as_comparable(asks.values[0]), True))


def find_unreachable(questionnaire: Questionnaire) -> tuple[Unreachable, ...]:
    """Questions that stand in no complete ballot, proved over all answers that can be given.

    A complete ballot holds every required answer and was not ended by a screener. Each question's conditions, those of
    what they ask about and the screeners before it are expanded like a semantic tableau (Beth 1955) whose leaves are sets
    of codes and intervals. Where that takes more than MOST_STEPS the question is reported as not proved, and the search
    ends there: it may be reachable.
    """
    search = _Search(questionnaire)
    found: list[Unreachable] = []
    barriers: list[_Goal] = []
    screeners: list[str] = []
    for question in questionnaire.questions():
        code, goal = question.code, (question.code, True)
        try:
            if not search.finds([goal, *barriers]):
                if barriers and search.finds([goal]):
                    why = f"whoever could see it is screened out before, by {', '.join(screeners)}."
                else:
                    asked = sorted({asks.question for asks in asked_questions(search.shown_if[code])})
                    why = f"no answers to {', '.join(asked)} satisfy its conditions and those of what it hangs on."
                found.append(Unreachable(code, why))
        except _TooManyBranches:
            why = "its conditions have too many branches to prove that anybody gets there. Simplify them."
            return (*found, Unreachable(code, why))
        if question.screen_out_if is not None:
            barriers.append((All((Asks(code, Test.ANSWERED), question.screen_out_if)), False))
            screeners.append(code)
    return tuple(found)
