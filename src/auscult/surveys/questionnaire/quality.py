"""Signs of careless answers, and what the declared rules leave out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from auscult.surveys.questionnaire.document import Exclusions, Kind, Questionnaire
from auscult.surveys.questionnaire.items import Answers

SPEEDER, STRAIGHTLINER, ATTENTION, DUPLICATE = "speeder", "straightliner", "attention", "duplicate"
#: Part of the median time below which a ballot is reported as fast where no rule was declared (Greszki, Meyer and Schoen 2015
#: use 30 to 50 %).
REPORTED_SPEED = 0.3
#: Rows of a matrix from which on the same answer in each says something.
FEWEST_ROWS = 4
#: Answers from which on two equal ballots are no chance.
FEWEST_ANSWERS = 8


@dataclass(frozen=True)
class BallotFacts:
    """What quality checks look at.

    Attributes:
        seconds: time of answering; 0 where not known.
        answers: question → valid answer.
    """

    seconds: int
    answers: Answers


@dataclass(frozen=True)
class Quality:
    """What was found.

    Attributes:
        reasons: of each ballot, in the order given.
        excluded: of each ballot, the declared rules that leave it out.
        counts: reason → ballots, whether left out or only reported.
        rule_texts: the declared rules as sentences.
        median_seconds: of ballots with a known time; 0 without any.
    """

    reasons: tuple[frozenset[str], ...]
    excluded: tuple[frozenset[str], ...]
    counts: dict[str, int]
    rule_texts: tuple[str, ...]
    median_seconds: float


def _is_straight(questionnaire: Questionnaire, answers: Answers) -> bool:
    """Whether every matrix of four rows or more that was answered has one and the same column throughout."""
    found = False
    for question in questionnaire.questions():
        answer = answers.get(question.code)
        if question.kind == Kind.MATRIX and isinstance(answer, dict) and len(answer) >= FEWEST_ROWS:
            if len(set(answer.values())) > 1:
                return False
            found = True
    return found


def _failed_attention(questionnaire: Questionnaire, answers: Answers) -> bool:
    return any(
        question.attention and question.code in answers and answers[question.code] != question.attention
        for question in questionnaire.questions()
    )


def assess(questionnaire: Questionnaire, ballots: Sequence[BallotFacts]) -> Quality:
    """Look at every ballot, and apply the rules that were declared before opening.

    Of ballots that equal each other the first in the order given counts; which one it is makes no difference to any count.
    """
    rules = questionnaire.exclusions
    times = [ballot.seconds for ballot in ballots if ballot.seconds > 0]
    middle = float(median(times)) if times else 0.0
    fast = middle * (rules.speeders or REPORTED_SPEED)
    checks_attention = any(question.attention for question in questionnaire.questions())
    seen: set[str] = set()
    reasons: list[frozenset[str]] = []
    for ballot in ballots:
        found = set()
        if 0 < ballot.seconds < fast:
            found.add(SPEEDER)
        if _is_straight(questionnaire, ballot.answers):
            found.add(STRAIGHTLINER)
        if checks_attention and _failed_attention(questionnaire, ballot.answers):
            found.add(ATTENTION)
        if len(ballot.answers) >= FEWEST_ANSWERS:
            text = json.dumps(ballot.answers, sort_keys=True)
            if text in seen:
                found.add(DUPLICATE)
            seen.add(text)
        reasons.append(frozenset(found))
    applied = declared_reasons(rules)
    return Quality(
        tuple(reasons),
        tuple(found & applied for found in reasons),
        dict(Counter(name for found in reasons for name in found)),
        rules_in_words(questionnaire),
        middle,
    )


def declared_reasons(rules: Exclusions) -> frozenset[str]:
    """Reasons that leave a ballot out under these rules."""
    declared = {
        SPEEDER: rules.speeders > 0,
        STRAIGHTLINER: rules.straightliners,
        ATTENTION: rules.attention,
        DUPLICATE: rules.duplicates,
    }
    return frozenset(name for name, is_declared in declared.items() if is_declared)


def rules_in_words(questionnaire: Questionnaire) -> tuple[str, ...]:
    """The declared rules as sentences."""
    rules, found = questionnaire.exclusions, []
    if rules.speeders:
        found.append(f"Ballots answered in less than {rules.speeders:.0%} of the median time are left out.")
    if rules.straightliners:
        found.append("Ballots with one and the same answer in every row of every matrix are left out.")
    if rules.attention and any(question.attention for question in questionnaire.questions()):
        found.append("Ballots that fail an attention check are left out.")
    if rules.duplicates:
        found.append("Ballots whose every answer equals another's are counted once.")
    found.extend(f"At most {quota.most:,} of: {quota.label}." for quota in questionnaire.quotas)
    return tuple(found)
