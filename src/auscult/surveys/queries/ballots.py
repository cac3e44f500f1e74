"""Polls and one's own ballot."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auscult.evidence.ballots import BallotLeaf
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys import rules
from auscult.surveys.access import find_survey_to_answer, frozen_questionnaire
from auscult.surveys.keys import find_key
from auscult.surveys.models import Ballot, LiveResult
from auscult.surveys.questionnaire.document import Kind
from auscult.surveys.questionnaire.items import CHOSEN, count_answers
from auscult.surveys.rules import (
    INSTRUMENT_MEANING,
    INSTRUMENT_WORDS,
    BallotMode,
    Receipt,
    SurveyState,
)


def receipt_of(freeze: str, title: str, answers: Mapping[str, str], nonces: Mapping[str, str]) -> Receipt:
    """The receipt of a ballot."""
    leaves = [BallotLeaf(freeze, question, choice, nonces[question]) for question, choice in answers.items()]
    return Receipt(freeze, title, tuple((x.question, x.choice, x.nonce, x.hash().hex()) for x in leaves))


@dataclass(frozen=True)
class ChoiceLine:
    """One choice with its figures, where a result is shown."""

    code: str
    label: str
    chosen: bool
    count: int | None
    raw_share: float | None
    share: float | None
    low: float | None
    high: float | None
    caution: str | None


@dataclass(frozen=True)
class QuestionBox:
    """One question as shown: choices, base, figures."""

    code: str
    wording: str
    choices: list[ChoiceLine]
    base: int | None
    design_effect: float | None
    n_effective: float | None

    @property
    def has_majority(self) -> bool:
        """Whether one choice has more than half of the answers."""
        return any(choice.raw_share is not None and choice.raw_share > 0.5 for choice in self.choices)


@dataclass(frozen=True)
class PollBox:
    """The poll under a posting: state, questions, own answers, live result."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    instrument_meaning: str
    ballot_sentence: str
    state: SurveyState
    closes_at: datetime
    is_open: bool
    has_voted: bool
    may_vote: bool
    result: dict[str, Any] | None
    shown_ballots: int
    is_held_back: bool
    questions: list[QuestionBox]
    freeze_hash: str
    live_step: int = rules.LIVE_STEP
    minimum_cell: int = MINIMUM_CELL


def get_poll_box(standing: Standing, survey_id: int, now: datetime) -> PollBox | None:
    """What is shown of a poll, in at most three queries; None for a draft."""
    live = LiveResult.objects.select_related("survey").defer("pending").filter(survey_id=survey_id).first()
    if live is None or live.survey.freeze is None:
        return None
    survey = live.survey
    is_open = survey.state == SurveyState.OPEN and now < survey.closes_at
    own: dict[str, str] = {}
    if is_open and standing.member_id is not None:
        ballot = find_own_ballot(survey.pk, standing.member_id)
        if ballot:
            own = count_answers(frozen_questionnaire(survey.freeze_hash, survey.freeze or {}), ballot.answers)
    return PollBox(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        instrument_meaning=INSTRUMENT_MEANING[Instrument(survey.instrument)],
        ballot_sentence=rules.ballot_sentence(
            BallotMode(survey.ballot_mode), live.survey.freeze["compared_with"], closes_at=survey.closes_at
        ),
        state=SurveyState(survey.state),
        closes_at=survey.closes_at,
        is_open=is_open,
        has_voted=bool(own),
        may_vote=is_open and standing.can(Permission.BALLOT_CAST),
        result=live.result,
        shown_ballots=live.shown_ballots,
        is_held_back=survey.is_held_back,
        questions=question_boxes(live.survey.freeze, live.result, own),
        freeze_hash=survey.freeze_hash,
    )


def question_boxes(
    freeze: Mapping[str, Any], result: Mapping[str, Any] | None, own: Mapping[str, str]
) -> list[QuestionBox]:
    """Arrange the questions of a freeze with the figures of a result, if there is one."""
    figures = {q["question"]: q for q in result["questions"]} if result else {}
    boxes: dict[str, QuestionBox] = {}
    for item in freeze["questions"]:
        found = figures.get(item["code"])
        answers = {answer["answer"]: answer for answer in found["answers"]} if found else {}
        leading = answers.get(found["leading"]["answer"]) if found else None
        several = item["kind"] == Kind.MULTIPLE
        lines = [
            _choice_line(choice["code"], choice["label"], own.get(item["code"]) == choice["code"], answers)
            for choice in item["choices"]
        ]
        if several:
            # Of several choices only that each was chosen is shown, all of them under one question.
            line = replace(lines[[c["code"] for c in item["choices"]].index(CHOSEN)], label=item["part"])
            if item["question"] in boxes:
                boxes[item["question"]].choices.append(line)
                continue
            lines = [line]
        wording = item["wording"].removesuffix(f" {item['part']}") if several else item["wording"]
        code = item["question"] if several else item["code"]
        boxes[code] = QuestionBox(
            code,
            wording,
            lines,
            found["base"] if found else None,
            leading["design_effect"] if leading and not several else None,
            leading["n_effective"] if leading and not several else None,
        )
    return list(boxes.values())


def _choice_line(code: str, label: str, chosen: bool, answers: Mapping[str, Any]) -> ChoiceLine:
    answer = answers.get(code, {})
    return ChoiceLine(
        code,
        label,
        chosen,
        answer.get("count"),
        answer.get("raw_share"),
        answer.get("share"),
        answer.get("low"),
        answer.get("high"),
        answer.get("caution"),
    )


def find_own_ballot(survey_id: int, member_id: int) -> Ballot | None:
    """The ballot of a member, while the survey's key exists."""
    key = find_key(survey_id)
    return Ballot.objects.filter(pk=rules.locator(key, member_id)).first() if key else None


@dataclass(frozen=True)
class BallotPage:
    """The receipt of one's ballot, and what happens next."""

    public_id: str
    title: str
    ballot_sentence: str
    honorarium: Mapping[str, Any] | None
    receipt: Receipt


def get_ballot_page(standing: Standing, public_id: uuid.UUID) -> BallotPage:
    """The own ballot, while the survey is open, in two queries.

    Raises:
        NotFound: no such survey, or no ballot of one's own.
        Conflict: closed; the key that found the ballot is destroyed.
    """
    survey = find_survey_to_answer(standing, public_id)
    if survey.state == SurveyState.CLOSED:
        raise Conflict(
            "This poll is closed and the key that found your ballot is destroyed. If you downloaded your receipt, "
            "it is your proof."
        )
    place = rules.locator(survey.key, standing.require_member())
    ballot = Ballot.objects.filter(pk=place).values_list("answers", "nonces").first()
    if ballot is None:
        raise NotFound("You have not answered this poll.")
    counted = count_answers(survey.questionnaire, ballot[0])
    return BallotPage(
        str(public_id),
        survey.title,
        rules.ballot_sentence(
            BallotMode(survey.ballot_mode),
            survey.compared_name,
            closes_at=survey.closes_at,
            invited=survey.instrument in rules.INVITED,
        ),
        survey.honorarium,
        receipt_of(survey.freeze_hash, survey.title, counted, ballot[1]),
    )
