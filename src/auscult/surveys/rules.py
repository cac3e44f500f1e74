"""Pure decisions about surveys and ballots."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from auscult.evidence.ballots import NONCE_LENGTH, is_nonce
from auscult.statistics.representativeness import Instrument
from auscult.statistics.suppression import MINIMUM_CELL

#: Live totals move in steps of this many ballots, so that no single ballot shows by subtraction (trust.md).
LIVE_STEP = 10
#: Fewest respondents for a weighted result: below 30 the NCHS presentation rule (Parker et al. 2017) calls a
#: proportion unreliable.
FEWEST_FOR_WEIGHTS = 30
MEMBER_WORDS = "verified members"
ELIGIBILITY = "members verified at level L2 or higher whose verification is valid when they answer"

INSTRUMENT_WORDS = {
    Instrument.STRAW_POLL: "Straw poll",
    Instrument.COMMUNITY_POLL: "Community poll",
    Instrument.SAMPLE_SURVEY: "Sample survey",
    Instrument.ATTEMPTED_CENSUS: "Attempted census",
}
INSTRUMENT_MEANING = {
    Instrument.STRAW_POLL: "whoever passes by answers; speaks of nobody else",
    Instrument.COMMUNITY_POLL: "open to every verified member; participants chose to take part",
    Instrument.SAMPLE_SURVEY: "a probability sample drawn from the frame was invited",
    Instrument.ATTEMPTED_CENSUS: "every member of the frame was asked",
}


class BallotMode(StrEnum):
    """How a ballot is kept. The unlinkable mode of trust.md has its place here and is not built yet."""

    DETACHED = "detached"


BALLOT_SENTENCE = {
    BallotMode.DETACHED: (
        "Your name is not on your ballot. While the poll is open you can change it; at close the key that finds it is "
        "destroyed, and only what was answered in which broad group of physicians remains. Where few answer, you may be "
        "the only one of your group."
    )
}


class SurveyState(StrEnum):
    """Where a survey stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class ChoiceDraft:
    """One choice of a question."""

    code: str
    label: str


@dataclass(frozen=True)
class QuestionDraft:
    """One single-choice question."""

    code: str
    wording: str
    choices: tuple[ChoiceDraft, ...]


_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")
MOST_QUESTIONS, MOST_CHOICES = 30, 12
LONGEST_WORDING, LONGEST_LABEL = 500, 200


def questionnaire_problem(questions: Sequence[QuestionDraft]) -> str | None:
    """Why a questionnaire cannot be opened, or None."""
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        return f"A questionnaire has 1 to {MOST_QUESTIONS} questions."
    if len({question.code for question in questions}) < len(questions):
        return "Two questions have the same code."
    for question in questions:
        if not _CODE.fullmatch(question.code) or not question.wording.strip():
            return "Every question needs a wording, and a code of lower-case letters and digits."
        if not 2 <= len(question.choices) <= MOST_CHOICES:
            return f"“{question.wording}” needs 2 to {MOST_CHOICES} choices."
        if len(question.wording) > LONGEST_WORDING or any(
            len(choice.label) > LONGEST_LABEL for choice in question.choices
        ):
            return f"A question has at most {LONGEST_WORDING} characters, a choice {LONGEST_LABEL}."
        labels = [choice.label.strip().casefold() for choice in question.choices]
        if not all(labels) or len(set(labels)) < len(labels):
            return f"“{question.wording}” has an empty choice, or two that read the same."
        if len({choice.code for choice in question.choices}) < len(question.choices) or not all(
            _CODE.fullmatch(choice.code) for choice in question.choices
        ):
            return f"“{question.wording}” has choices with unusable codes."
    return None


def answers_problem(answers: Mapping[str, str], choices: Mapping[str, Sequence[str]]) -> str | None:
    """Why a ballot cannot be cast, or None.

    Args:
        answers: question → choice; questions may be left out, not all of them.
        choices: question → its choices.
    """
    if not answers:
        return "Choose an answer first."
    for question, choice in answers.items():
        if question not in choices:
            return "The ballot answers a question that this poll does not ask. Reload the page."
        if choice not in choices[question]:
            return "The ballot names a choice that this question does not have. Reload the page."
    return None


def locator(key: bytes, member_id: int) -> bytes:
    """By what the ballot of a member is found again while the survey's key exists: HMAC-SHA-256, 32 bytes."""
    return hmac.digest(key, str(member_id).encode(), "sha256")


def make_nonce(from_browser: str, fresh: str) -> str:
    """Nonce of one leaf: half from the voter's browser, half made here.

    The voter's half keeps the server from giving two voters the same leaf; ours keeps two voters from making the same
    leaf, which would be counted once.

    Args:
        from_browser: 16 hexadecimal digits, or anything else where the browser made none.
        fresh: 32 random hexadecimal digits.
    """
    return from_browser + fresh[NONCE_HALF:] if is_half_nonce(from_browser) else fresh


NONCE_HALF = NONCE_LENGTH // 2


def is_half_nonce(text: str) -> bool:
    """Whether the text is a browser's half: 16 lower-case hexadecimal digits."""
    return len(text) == NONCE_HALF and is_nonce(text + "0" * NONCE_HALF)


def keep_or_make_nonces(
    old_answers: Mapping[str, str],
    old_nonces: Mapping[str, str],
    answers: Mapping[str, str],
    halves: Mapping[str, str],
    fresh: Mapping[str, str],
) -> dict[str, str]:
    """Nonces of a ballot; an answer sent again by the same form keeps its leaf, so the receipt stays true."""
    nonces = {}
    for question, choice in answers.items():
        half, old = halves.get(question, ""), old_nonces.get(question, "")
        same = old_answers.get(question) == choice and (not half or old.startswith(half))
        nonces[question] = old if same else make_nonce(half, fresh[question])
    return nonces


def freeze_document(
    *,
    title: str,
    instrument: Instrument,
    mode: BallotMode,
    questions: Sequence[QuestionDraft],
    opens_at: datetime,
    closes_at: datetime,
    eligible: int,
    universe: Mapping[str, Any],
    frame: Mapping[str, Any],
    variables: Sequence[str],
    compared_with: str | None,
) -> dict[str, Any]:
    """Everything that may not change after opening, as JSON; its digest goes into the record.

    Args:
        compared_with: organisation whose members' ballots are counted beside those of others, or None.
    """
    return {
        "format": "auscult-freeze/1",
        "title": title,
        "instrument": instrument.value,
        "ballot_mode": mode.value,
        "questions": [
            {
                "code": question.code,
                "wording": question.wording,
                "choices": [{"code": choice.code, "label": choice.label} for choice in question.choices],
            }
            for question in questions
        ],
        "eligibility": ELIGIBILITY,
        "eligible_at_freeze": eligible,
        "opens_at": opens_at.isoformat(),
        "closes_at": closes_at.isoformat(),
        "live_step": LIVE_STEP,
        "minimum_cell": MINIMUM_CELL,
        "member_words": MEMBER_WORDS,
        "universe": dict(universe),
        "frame": dict(frame),
        "weighting_variables": list(variables),
        "compared_with": compared_with,
    }


def ballot_sentence(mode: BallotMode, compared_with: str | None) -> str:
    """What a voter is told of the ballot before casting it."""
    said = BALLOT_SENTENCE[mode]
    if compared_with:
        said += (
            f" This poll also keeps whether you state to be a member of {compared_with}, to compare them with others."
        )
    return said


@dataclass(frozen=True)
class Receipt:
    """What a voter keeps: the freeze, and for each question the choice and nonce of the leaf."""

    freeze: str
    title: str
    answers: tuple[tuple[str, str, str, str], ...]  # question, choice, nonce, leaf hash

    def as_json(self) -> dict[str, Any]:
        """What is downloaded and given to ``auscult verify --receipt``."""
        return {
            "format": "auscult-receipt/1",
            "freeze": self.freeze,
            "title": self.title,
            "answers": [
                {"question": question, "choice": choice, "nonce": nonce, "leaf": leaf}
                for question, choice, nonce, leaf in self.answers
            ],
        }
