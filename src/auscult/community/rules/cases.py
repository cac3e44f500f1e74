"""Clinical cases: their states, and what must be settled before one is published."""

from __future__ import annotations

from enum import StrEnum


class CaseState(StrEnum):
    """What a case asks of its readers."""

    UNSOLVED = "unsolved"
    SOLVED = "solved"
    CASE_STUDY = "case study"


CASE_WORDS = {
    CaseState.UNSOLVED: "Unsolved: what would you think of, or do?",
    CaseState.SOLVED: "Solved: what it was, and what solved it.",
    CaseState.CASE_STUDY: "Case study: told for what it teaches.",
}
#: Characters that a reason for keeping a finding has at least; «ok» tells nobody anything.
SHORTEST_REASON = 8
MOST_PICTURES = 8
