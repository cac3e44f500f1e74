"""Pure decisions about mandates, appeals and issues."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from auscult.evidence.canonical import canonical_json, digest
from auscult.statistics.mandates import Stance

# Mandates

#: How long a statement lasts (voice.md: expires after 12 months).
MANDATE_LASTS = timedelta(days=365)
#: New figures are shown only when this many statements have changed, so that no single one can be had by subtraction.
FEWEST_CHANGES = 10
#: Who counts as recently joined beside the shares.
RECENTLY_JOINED = timedelta(days=60)
NOBODY, REVOKED = "nobody", "revoked"
#: What names beneath appeals are sealed for.
NAME_PURPOSE = "signature.name"
STANCE_WORDS = {
    Stance.SPEAKS: "speaks for me",
    Stance.PARTLY: "partly",
    Stance.DOES_NOT: "does not speak for me",
    Stance.NO_OPINION: "no opinion",
}
BADGE_WORDS = {
    "mandated": "Mandated",
    "contested": "Contested",
    "insufficient": "Insufficient",
}


@dataclass(frozen=True)
class StatementNow:
    """A statement in force at some instant: its row, what it says, when it was made."""

    row: int
    stance: str
    stated_at: datetime


def count_flows(
    before: Mapping[int, StatementNow], after: Mapping[int, StatementNow], revoked: Set[int]
) -> dict[str, int]:
    """What members did between two instants, each counted once.

    Args:
        before, after: member → what she says of one organisation, «nobody» counted as *does not*.
        revoked: members who took back what they said.

    Returns:
        new, renewed (said again), switched (said otherwise), revoked, expired (or the member lapsed).
    """
    flows = {"new": 0, "renewed": 0, "switched": 0, "revoked": 0, "expired": 0}
    for member, now in after.items():
        old = before.get(member)
        if old is None:
            flows["new"] += 1
        elif old.stance != now.stance:
            flows["switched"] += 1
        elif old.row != now.row:
            flows["renewed"] += 1
    for member in before.keys() - after.keys():
        flows["revoked" if member in revoked else "expired"] += 1
    return flows


def count_changes(flows: Mapping[str, int]) -> int:
    """Members of whom something else is published now than before; who only renews changes nothing."""
    return sum(count for name, count in flows.items() if name != "renewed")


def publishable_flows(flows: dict[str, int]) -> dict[str, int] | None:
    """Flows as published: None where one of them is of one to nine people, who could be had by subtraction."""
    return None if any(0 < count < FEWEST_CHANGES for count in flows.values()) else flows


def publishable_share(count: int, of: int) -> float | None:
    """A share of a group, or None where it or its rest is one to nine people."""
    small = 0 < count < FEWEST_CHANGES or 0 < of - count < FEWEST_CHANGES
    return None if small else count / of


# Appeals

COSIGNERS_NEEDED = 5
#: After so long without an answer, silence is the answer.
ANSWER_WITHIN = timedelta(days=30)
MOST_CLAUSES, LONGEST_CLAUSE, LONGEST_PREAMBLE, LONGEST_TITLE = 20, 1_000, 3_000, 160
LONGEST_ANSWER = 10_000


class AppealState(StrEnum):
    """Where an appeal stands; whether it is answered is computed for each addressee."""

    DRAFT = "draft"
    REVIEW = "review"
    REFUSED = "refused"
    OPEN = "open"
    CLOSED = "closed"
    DELIVERED = "delivered"


#: Steps that there are; nothing else can happen.
APPEAL_STEPS: dict[AppealState, frozenset[AppealState]] = {
    AppealState.DRAFT: frozenset({AppealState.REVIEW}),
    AppealState.REVIEW: frozenset({AppealState.OPEN, AppealState.REFUSED}),
    AppealState.REFUSED: frozenset(),
    AppealState.OPEN: frozenset({AppealState.CLOSED, AppealState.REFUSED}),
    AppealState.CLOSED: frozenset({AppealState.DELIVERED}),
    AppealState.DELIVERED: frozenset(),
}
#: Public reasons of moderation.
APPEAL_REASONS = {
    "in_order": "It says what is asked, of whom, and on what facts.",
    "names_a_patient": "It could let somebody know a patient.",
    "attacks_a_person": "It attacks a person instead of asking for something.",
    "not_an_appeal": "It asks nobody for anything.",
    "repeats": "The same is asked by an appeal that is open.",
}


class Display(StrEnum):
    """How a signature is shown."""

    NAME = "name"
    SPECIALTY = "specialty"
    COUNTED = "counted"


DISPLAY_WORDS = {
    Display.NAME: "my full name, specialty and state",
    Display.SPECIALTY: "my specialty and state",
    Display.COUNTED: "counted only",
}


class AddresseeState(StrEnum):
    """What an addressee has done."""

    NOT_ASKED = "not asked yet"
    AWAITED = "answer awaited"
    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"


def addressee_state(
    *, sent_at: datetime | None, answer: str, answered_at: datetime | None, now: datetime
) -> AddresseeState:
    """State of one addressee, from dates alone: silence needs no job to be true.

    Args:
        sent_at: when the appeal was delivered, or None.
        answer: ``"answered"``, ``"refused"`` or empty.
        answered_at: when the answer came.
    """
    if sent_at is None:
        return AddresseeState.NOT_ASKED
    if answered_at is not None and answered_at <= now:
        return AddresseeState(answer)
    return AddresseeState.SILENT if now >= sent_at + ANSWER_WITHIN else AddresseeState.AWAITED


@dataclass(frozen=True)
class AppealText:
    """What is signed: title, preamble and numbered clauses."""

    title: str
    preamble: str
    clauses: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The canonical text; its digest is what a signature is of."""
        return {
            "format": "auscult-appeal/1",
            "title": self.title,
            "preamble": self.preamble,
            "clauses": list(self.clauses),
        }

    def sha256(self) -> str:
        """SHA-256 of the canonical text, 64 hexadecimal digits."""
        return digest(self.as_json())

    def document(self) -> bytes:
        """The canonical text as bytes."""
        return canonical_json(self.as_json())


def tidy(text: str) -> str:
    """Text with single spaces; blank lines between paragraphs stay."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return "\n\n".join(part for part in paragraphs if part)


def appeal_problem(text: AppealText) -> str | None:
    """Why a text cannot be an appeal, or None."""
    if not text.title or len(text.title) > LONGEST_TITLE:
        return f"An appeal has a title of at most {LONGEST_TITLE} characters."
    if len(text.preamble) > LONGEST_PREAMBLE:
        return f"The preamble has at most {LONGEST_PREAMBLE:,} characters."
    if not 1 <= len(text.clauses) <= MOST_CLAUSES or not all(text.clauses):
        return f"An appeal asks for something: write 1 to {MOST_CLAUSES} clauses, one in each line."
    if any(len(clause) > LONGEST_CLAUSE for clause in text.clauses):
        return f"A clause has at most {LONGEST_CLAUSE:,} characters."
    if len(set(text.clauses)) < len(text.clauses):
        return "Two clauses read the same."
    return None


def clauses_changed(old: Sequence[str], new: Sequence[str]) -> int:
    """How many clauses of the old text do not stand word for word in the new one."""
    return sum((Counter(old) - Counter(new)).values())


@dataclass(frozen=True)
class DiffPart:
    """A run of words that both texts have (``same``), or only the old (``gone``) or the new one (``come``)."""

    kind: str
    text: str


#: Texts that share less than this are shown as one that went and one that came: words that agree by chance tell nothing.
_ALIKE = 0.5


def word_diff(old: str, new: str) -> list[DiffPart]:
    """Differences of two texts, word by word; the old text is what is not ``come``, the new one what is not ``gone``."""
    a, b = re.findall(r"\S+\s*", old), re.findall(r"\S+\s*", new)
    words = difflib.SequenceMatcher(None, [w.strip() for w in a], [w.strip() for w in b], autojunk=False)
    if words.ratio() < _ALIKE:
        return [DiffPart(kind, text) for kind, text in (("gone", old), ("come", new)) if text]
    parts: list[DiffPart] = []
    for tag, a_from, a_to, b_from, b_to in words.get_opcodes():
        gone, come = "".join(a[a_from:a_to]), "".join(b[b_from:b_to])
        if tag == "equal":
            parts.append(DiffPart("same", come))
            continue
        if gone:
            parts.append(DiffPart("gone", gone))
        if come:
            parts.append(DiffPart("come", come))
    return parts


def pair_clauses(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """Clauses of two texts beside each other, in their order; empty where one has none."""
    length = max(len(old), len(new))
    return [(old[i] if i < len(old) else "", new[i] if i < len(new) else "") for i in range(length)]


def appeal_sentence(
    *, signed: int, signed_version: int, delivered_version: int | None, reaffirmed: int, changed: int, clauses: int
) -> str:
    """What happened between signing and delivery, in one sentence.

    Args:
        signed: valid signatures of the version that most signed.
        delivered_version: number of the version that was delivered, or None.
        reaffirmed: of the signers of ``signed_version``, those who signed the delivered one too.
        changed: clauses of ``signed_version`` that do not stand in the delivered one, of ``clauses``.
    """
    said = f"{signed:,} signed version {signed_version}"
    if delivered_version is None:
        return said
    if delivered_version == signed_version:
        return f"{said}; version {delivered_version} delivered, the text that was signed"
    return (
        f"{said}; version {delivered_version} delivered; {reaffirmed:,} re-affirmed; "
        f"{changed} of {clauses} clauses changed"
    )


@dataclass(frozen=True)
class Scorecard:
    """What an addressee made of appeals; shown from five on."""

    asked: int
    answered: int
    median_days: float | None


FEWEST_FOR_SCORECARD = 5


# Issues


class StepKind(StrEnum):
    """Kinds of steps in the life of an issue, in their order."""

    POSTING = "posting"
    RESULT = "result"
    POSITION = "position"
    APPEAL = "appeal"
    DELIVERY = "delivery"
    ANSWER = "answer"
    SILENCE = "silence"
    OUTCOME = "outcome"


@dataclass(frozen=True)
class Clock:
    """Something that is due.

    Attributes:
        words: what is due.
        due_at: when.
        done_at: when it was done, or None.
    """

    words: str
    due_at: datetime
    done_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it is late: not done in time, or done too late."""
        return (self.done_at or now) > self.due_at

    def days(self, now: datetime) -> int:
        """Calendar days left, or over."""
        return abs(((self.done_at or now).date() - self.due_at.date()).days)


def issue_problem(title: str, summary: str) -> str | None:
    """Why an issue cannot be opened, or None."""
    if not title.strip() or len(title) > LONGEST_TITLE:
        return f"An issue has a title of at most {LONGEST_TITLE} characters."
    if len(summary) > LONGEST_PREAMBLE:
        return f"The summary has at most {LONGEST_PREAMBLE:,} characters."
    return None
