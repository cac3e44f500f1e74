"""Reads of the surveys' room."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db.models import Max

from auscult.evidence.ballots import BallotLeaf
from auscult.registry.models import Frame
from auscult.registry.queries import STRATUM_VARIABLES
from auscult.shared.personal import rows_of
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing, Stratum
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import Instrument, r_indicator
from auscult.statistics.results import CellTable, cell_rows, estimate_survey
from auscult.statistics.suppression import MINIMUM_CELL, SuppressedTable, suppress_table
from auscult.surveys import rules, tallies
from auscult.surveys.models import Ballot, BallotKey, BallotTally, CountedBallot, LiveResult, Survey, Turnout
from auscult.surveys.rules import (
    INSTRUMENT_MEANING,
    INSTRUMENT_WORDS,
    BallotMode,
    Receipt,
    SurveyState,
)


def get_cell_table(survey: Survey) -> CellTable:
    """The stored tallies of a frozen survey as a cell table."""
    assert survey.freeze is not None
    choices = {q["code"]: tuple(c["code"] for c in q["choices"]) for q in survey.freeze["questions"]}
    rows = BallotTally.objects.filter(survey_id=survey.pk).values_list("stratum", "question", "choice", "count")
    return tallies.cell_table(cell_variables(survey.freeze), choices, list(rows))


def cell_variables(freeze: Mapping[str, Any]) -> tuple[str, ...]:
    """Variables of a cell: those that are weighted to, and the affiliation where the poll compares by it."""
    return (*STRATUM_VARIABLES, tallies.AFFILIATION) if freeze["compared_with"] else STRATUM_VARIABLES


def measure_evenness(survey: Survey, members: Mapping[Stratum, int]) -> float | None:
    """R-indicator of participation over the coarse strata, or None without members."""
    rows = BallotTally.objects.filter(survey_id=survey.pk, question="", count__gt=0).values_list("stratum", "count")
    answered: dict[str, int] = {}
    for key, count in rows:
        cell = tallies.weighting_cell(key)
        answered[cell] = answered.get(cell, 0) + count
    population = {tallies.stratum_key(stratum): count for stratum, count in members.items()}
    if not population:
        return None
    keys = sorted(population.keys() | answered.keys())
    respondents = np.array([answered.get(key, 0) for key in keys], dtype=float)
    # A member may have lapsed between voting and close.
    people = np.maximum(np.array([population.get(key, 0) for key in keys], dtype=float), np.maximum(respondents, 1))
    return r_indicator(people, respondents)


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
        ballot = _find_own_ballot(survey.pk, standing.member_id)
        own = ballot.answers if ballot else {}
    return PollBox(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        instrument_meaning=INSTRUMENT_MEANING[Instrument(survey.instrument)],
        ballot_sentence=rules.ballot_sentence(BallotMode(survey.ballot_mode), live.survey.freeze["compared_with"]),
        state=SurveyState(survey.state),
        closes_at=survey.closes_at,
        is_open=is_open,
        has_voted=bool(own),
        may_vote=is_open and standing.can(Permission.BALLOT_CAST),
        result=live.result,
        shown_ballots=live.shown_ballots,
        questions=question_boxes(live.survey.freeze, live.result, own),
        freeze_hash=survey.freeze_hash,
    )


def question_boxes(
    freeze: Mapping[str, Any], result: Mapping[str, Any] | None, own: Mapping[str, str]
) -> list[QuestionBox]:
    """Arrange the questions of a freeze with the figures of a result, if there is one."""
    figures = {q["question"]: q for q in result["questions"]} if result else {}
    boxes = []
    for question in freeze["questions"]:
        found = figures.get(question["code"])
        answers = {answer["answer"]: answer for answer in found["answers"]} if found else {}
        lines = []
        for choice in question["choices"]:
            answer = answers.get(choice["code"], {})
            lines.append(
                ChoiceLine(
                    choice["code"],
                    choice["label"],
                    own.get(question["code"]) == choice["code"],
                    answer.get("count"),
                    answer.get("raw_share"),
                    answer.get("share"),
                    answer.get("low"),
                    answer.get("high"),
                    answer.get("caution"),
                )
            )
        leading = answers.get(found["leading"]["answer"]) if found else None
        boxes.append(
            QuestionBox(
                question["code"],
                question["wording"],
                lines,
                found["base"] if found else None,
                leading["design_effect"] if leading else None,
                leading["n_effective"] if leading else None,
            )
        )
    return boxes


def _find_own_ballot(survey_id: int, member_id: int) -> Ballot | None:
    key = BallotKey.objects.filter(survey_id=survey_id).values_list("key", flat=True).first()
    return Ballot.objects.filter(pk=rules.locator(bytes(key), member_id)).first() if key else None


def get_receipt(standing: Standing, survey: Survey) -> Receipt:
    """The own receipt, while the survey is open.

    Raises:
        NotFound: no ballot of one's own.
        Conflict: closed; the key that found the ballot is destroyed.
    """
    if survey.state == SurveyState.CLOSED:
        raise Conflict(
            "This poll is closed and the key that found your ballot is destroyed. Your browser has the receipt."
        )
    ballot = _find_own_ballot(survey.pk, standing.member_id) if standing.member_id else None
    if ballot is None:
        raise NotFound("You have not answered this poll.")
    return receipt_of(survey.freeze_hash, survey.title, ballot.answers, ballot.nonces)


@dataclass(frozen=True)
class ResultSheet:
    """What ``publishing`` gets of a closed survey: figures and leaves, never microdata.

    Attributes:
        freeze: the frozen document, and its digest in ``freeze_hash``.
        results: card, weighting and questions as JSON.
        turnout: members who took part.
        eligible: members who could have.
        strata: (variable, question) → suppressed table.
        population: variable → level → persons.
        cells_csv: the full cell table, for an auditor only.
    """

    survey_id: int
    public_id: str
    title: str
    freeze: dict[str, Any]
    freeze_hash: str
    opened_at: datetime
    closed_at: datetime
    turnout: int
    eligible: int
    results: dict[str, Any]
    strata: dict[tuple[str, str], SuppressedTable]
    population: dict[str, dict[str, int]]
    cells_csv: bytes


def get_result_sheet(survey_id: int) -> ResultSheet:
    """The sheet of a closed survey.

    Raises:
        NotFound: no such survey.
        Conflict: not closed, or fewer than ten people took part.
    """
    survey = Survey.objects.select_related("frame").filter(pk=survey_id).first()
    if survey is None:
        raise NotFound
    if survey.state != SurveyState.CLOSED or survey.freeze is None or survey.opened_at is None:
        raise Conflict("A result is published once its poll is closed.")
    if survey.respondents < survey.freeze["minimum_cell"]:
        raise Conflict(f"Fewer than {survey.freeze['minimum_cell']} members took part; nothing may be published.")
    table = get_cell_table(survey)
    population = survey.frame.margins if survey.frame else {}
    results = tallies.make_result(
        table, population or None, freeze=survey.freeze, members=survey.eligible, evenness=survey.r_indicator
    )
    minimum = survey.freeze["minimum_cell"]
    if survey.freeze["compared_with"]:
        domains, refused = tallies.compare_domains(table, population or None, minimum=minimum)
        results |= {"domains": domains, "domains_refused": refused}
    strata = {
        (variable, question): suppress_table(*table.by_stratum(variable, question), minimum=minimum)
        for variable in cell_variables(survey.freeze)
        for question, counts in table.answers.items()
        if counts.sum() >= minimum
    }
    text = io.StringIO()
    text.write(f"# salt {survey.cells_salt}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.variables, "question", "choice", "count"])
    writer.writerows(cell_rows(table))
    assert survey.closed_at is not None
    return ResultSheet(
        survey.pk,
        str(survey.public_id),
        survey.title,
        survey.freeze,
        survey.freeze_hash,
        survey.opened_at,
        survey.closed_at,
        survey.respondents,
        survey.eligible,
        results,
        strata,
        population,
        text.getvalue().encode(),
    )


@dataclass(frozen=True)
class FrameShares:
    """Weighted shares of a closed survey under one frame of its register.

    Attributes:
        shares: (question, choice) → weighted share; empty where no valid weights exist under this frame.
    """

    definition: str
    as_of: date
    total: int
    is_own: bool
    shares: dict[tuple[str, str], float]


def list_frame_shares(survey_id: int) -> list[FrameShares]:
    """What a closed survey says weighted to each frame of the load that it was weighted to: the choice of a denominator shown.

    Only frames of the same load are compared, so that nothing but the definition differs.
    """
    survey = Survey.objects.select_related("frame").filter(pk=survey_id, state=SurveyState.CLOSED).first()
    if survey is None or survey.frame is None or survey.freeze is None:
        return []
    table = get_cell_table(survey)
    if table.respondents.sum() < survey.freeze["minimum_cell"]:
        return []
    found = []
    for frame in Frame.objects.filter(load_id=survey.frame.load_id).order_by("kind"):
        try:
            estimates = estimate_survey(table, frame.margins)
            shares = {
                (question, share.answer): share.share
                for question, estimate in estimates.questions.items()
                for share in estimate.shares
            }
        except CannotEstimate:
            shares = {}
        found.append(FrameShares(frame.definition, frame.as_of, frame.total, frame.pk == survey.frame.pk, shares))
    return found


def find_last_close(now: datetime) -> datetime | None:
    """When the last of the polls that are open now closes, or None."""
    open_now = Survey.objects.filter(state=SurveyState.OPEN, closes_at__gt=now)
    last: datetime | None = open_now.aggregate(last=Max("closes_at"))["last"]
    return last


def iterate_leaves(survey_id: int, question: str) -> Iterator[tuple[bytes, str, str]]:
    """Counted leaves of one question in the order of their hashes: (leaf hash, choice, nonce)."""
    rows = CountedBallot.objects.filter(survey_id=survey_id, question=question).order_by("leaf")
    for leaf, choice, nonce in rows.values_list("leaf", "choice", "nonce").iterator(chunk_size=5000):
        yield bytes(leaf), choice, nonce


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """Which surveys a member took part in, and drafted, to take away; which answers, no table says."""
    member = standing.require_member()
    return {
        "Surveys answered (the answers hang on nobody; your receipts hold them)": [
            {"survey": title, "closes_at": closes_at}
            for title, closes_at in Turnout.objects.filter(member_id=member)
            .order_by("survey_id")
            .values_list("survey__title", "survey__closes_at")
        ],
        "Surveys drafted": rows_of(
            Survey.objects.filter(author_id=member), title="title", instrument="instrument", drafted_at="drafted_at"
        ),
    }
