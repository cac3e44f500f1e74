"""Skip logic: which questions a respondent sees, and whether every question can be reached at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auscult.surveys.questionnaire.document import (
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
    """Code of the first shown screener that ends the survey for its author, or None."""
    counted: dict[str, Any] = {}
    for question in shown_questions(questionnaire, answers):
        if question.code in answers:
            counted[question.code] = answers[question.code]
        if question.screen_out_if is not None and question.code in counted and holds(question.screen_out_if, counted):
            return question.code
    return None


@dataclass(frozen=True)
class Unreachable:
    """A question that nobody can be shown, and why."""

    code: str
    why: str


#: Branches that are looked at for one question before the check gives up; more is no questionnaire for people.
MOST_BRANCHES = 5000


@dataclass(frozen=True)
class _Place:
    """One answer that conditions ask about: of a question, of a row of a matrix, or whether one choice of several is chosen."""

    question: str
    part: str = ""


@dataclass(frozen=True)
class _Branch:
    """What one branch demands: of each place the codes that are allowed (None: answered not), and bounds of numbers."""

    allowed: Mapping[_Place, frozenset[str]] = field(default_factory=dict)
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)


_NONE = ""  # no code is empty: «not answered»


class _Reach:
    """Expands conditions of one questionnaire to branches."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questions = {question.code: question for question in questionnaire.questions()}
        self.section_of = {
            question.code: section for section in questionnaire.sections for question in section.questions
        }

    def demand(self, code: str) -> Condition:
        """What must hold for a question to be shown; its tests bring in what they hang on themselves."""
        conditions = (self.section_of[code].show_if, self.questions[code].show_if)
        return All(tuple(condition for condition in conditions if condition is not None))

    def branches(self, condition: Condition, *, wanted: bool = True) -> Iterator[_Branch]:
        match condition:
            case Not(part):
                yield from self.branches(part, wanted=not wanted)
            case All(parts) | Any_(parts):
                if isinstance(condition, All) is wanted:
                    yield from self._product([list(self.branches(part, wanted=wanted)) for part in parts])
                else:
                    for part in parts:
                        yield from self.branches(part, wanted=wanted)
            case Asks():
                yield from self._of_test(condition, wanted=wanted)

    def _product(self, choices: list[list[_Branch]]) -> Iterator[_Branch]:
        for combination in itertools.product(*choices):
            joined: _Branch | None = _Branch()
            for branch in combination:
                joined = self._join(joined, branch) if joined else None
            if joined:
                yield joined

    def _of_test(self, asks: Asks, *, wanted: bool) -> Iterator[_Branch]:
        question = self.questions[asks.question]
        if asks.test == Test.IS and question.kind in (Kind.MULTIPLE, Kind.RANKING):
            if wanted:
                for code in asks.values:
                    yield from self._shown(asks.question, {_Place(asks.question, str(code)): frozenset({"yes"})})
            else:
                yield _Branch({_Place(asks.question, str(code)): frozenset({"no", _NONE}) for code in asks.values})
            return
        place = _Place(asks.question, asks.row)
        if asks.test == Test.IS:
            codes = frozenset(map(str, asks.values))
            if wanted:
                yield from self._shown(asks.question, {place: codes})
            else:
                yield _Branch({place: self._codes(question) - codes | {_NONE}})
        elif asks.test == Test.ANSWERED:
            if wanted:
                yield from self._shown(asks.question, {place: self._codes(question)} if self._codes(question) else {})
            else:
                yield _Branch({place: frozenset({_NONE})})
        else:
            edge, step = as_comparable(asks.values[0]), 1e-9
            upward = (asks.test == Test.AT_LEAST) is wanted
            bound = edge if wanted else (edge + step if upward else edge - step)
            branch = {"low": {asks.question: bound}} if upward else {"high": {asks.question: bound}}
            for shown in self._shown(asks.question, {}):
                joined = self._join(shown, replace(_Branch(), **branch))
                if joined:
                    yield joined
            if not wanted:
                yield _Branch({place: frozenset({_NONE})})

    def _codes(self, question: Question) -> frozenset[str]:
        return frozenset(choice.code for choice in question.choices)

    def _shown(self, code: str, allowed: Mapping[_Place, frozenset[str]]) -> Iterator[_Branch]:
        """Branches in which a question is shown, and answered so: a hidden one has no answer."""
        for branch in self.branches(self.demand(code)):
            joined = self._join(branch, _Branch(allowed))
            if joined:
                yield joined

    def _join(self, one: _Branch, other: _Branch) -> _Branch | None:
        allowed = dict(one.allowed)
        for place, codes in other.allowed.items():
            allowed[place] = allowed[place] & codes if place in allowed else codes
            if not allowed[place]:
                return None
        low = {k: max(one.low.get(k, -1e300), other.low.get(k, -1e300)) for k in {**one.low, **other.low}}
        high = {k: min(one.high.get(k, 1e300), other.high.get(k, 1e300)) for k in {**one.high, **other.high}}
        joined = _Branch(allowed, low, high)
        return joined if self._is_possible(joined) else None

    def _is_possible(self, branch: _Branch) -> bool:
        for code in branch.low.keys() | branch.high.keys():
            question = self.questions[code]
            low, high = branch.low.get(code, -1e300), branch.high.get(code, 1e300)
            if question.minimum != "":
                low = max(low, as_comparable(question.minimum))
            if question.maximum != "":
                high = min(high, as_comparable(question.maximum))
            if low > high or branch.allowed.get(_Place(code)) == frozenset({_NONE}):
                return False
        chosen: dict[str, list[str]] = {}
        for place, codes in branch.allowed.items():
            if codes == frozenset({"yes"}):
                chosen.setdefault(place.question, []).append(place.part)
        for code, parts in chosen.items():
            question = self.questions[code]
            exclusive = {choice.code for choice in question.choices if choice.exclusive}
            if (question.most and len(parts) > question.most) or (len(parts) > 1 and exclusive & set(parts)):
                return False
            if branch.allowed.get(_Place(code)) == frozenset({_NONE}):
                return False
        return True


def find_unreachable(questionnaire: Questionnaire) -> tuple[Unreachable, ...]:
    """Questions that no valid answers lead to, proved over all branches.

    A question counts as reachable where the check would need more than MOST_BRANCHES; the dry run then says more.
    """
    reach = _Reach(questionnaire)
    found: list[Unreachable] = []
    before: list[Condition] = []
    for question in questionnaire.questions():
        conditions = (reach.section_of[question.code].show_if, question.show_if)
        if any(conditions) or before:
            demanded = [condition for condition in conditions if condition is not None]
            asked = {asks.question for condition in demanded for asks in asked_questions(condition)}
            # Only screeners that ask of the same answers can stand in the way.
            barriers = [Not(b) for b in before if asked & {asks.question for asks in asked_questions(b)}]
            branches = list(itertools.islice(reach.branches(All((*demanded, *barriers))), MOST_BRANCHES))
            if not branches:
                names = ", ".join(sorted(asked)) or "the screeners"
                why = f"no answers to {names} satisfy its conditions and those of what it hangs on."
                found.append(Unreachable(question.code, why))
        if question.screen_out_if is not None:
            before.append(question.screen_out_if)
    return tuple(found)
