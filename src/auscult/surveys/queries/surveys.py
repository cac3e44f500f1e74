"""Pages of surveys: the list, the landing page, the page one answers on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.shared.refusals import Conflict, NotAllowed
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Obstacle, Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access, rules
from auscult.surveys.access import SurveyToAnswer, frozen_questionnaire
from auscult.surveys.keys import find_key
from auscult.surveys.models import Ballot, BallotDraft, LiveResult, Survey
from auscult.surveys.queries.ballots import QuestionBox, question_boxes
from auscult.surveys.queries.fieldwork import find_outcome, find_wish, is_invited
from auscult.surveys.queries.lengths import expect_seconds
from auscult.surveys.questionnaire.items import Answers
from auscult.surveys.questionnaire.length import words_of
from auscult.surveys.questionnaire.quality import rules_in_words
from auscult.surveys.questionnaire.view import Arranged, arrange, languages
from auscult.surveys.rules import (
    BALLOT_MODE_WORDS,
    INSTRUMENT_MEANING,
    INSTRUMENT_WORDS,
    INVITED,
    BallotMode,
    Outcome,
    SurveyState,
)


@dataclass(frozen=True)
class SurveyLine:
    """One survey in a list."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    state: str
    closes_at: datetime
    is_own: bool
    is_answered: bool
    is_invited: bool
    honorarium: str
    is_template: bool


@dataclass(frozen=True)
class SurveyList:
    """Surveys one can answer, those one runs, and templates."""

    to_answer: list[SurveyLine]
    answered: list[SurveyLine]
    running: list[SurveyLine]
    closed: list[SurveyLine]
    drafts: list[SurveyLine]
    templates: list[SurveyLine]
    may_draft: bool
    most_a_month: int


#: Surveys in a list at most; older ones are found under Results.
MOST_IN_LIST = 60
_LIST = """
    SELECT s.id, s.public_id, s.title, s.instrument, s.state, s.closes_at, s.author_id = %(member)s, t.outcome IS NOT NULL,
           i.member_id IS NOT NULL, s.honorarium, s.is_template
    FROM surveys_survey AS s
    LEFT JOIN surveys_turnout AS t ON t.survey_id = s.id AND t.member_id = %(member)s
    LEFT JOIN surveys_invitation AS i ON i.survey_id = s.id AND i.member_id = %(member)s
    WHERE s.state <> 'draft' OR s.author_id = %(member)s OR s.is_template OR %(all)s
    ORDER BY s.id DESC LIMIT %(most)s
"""


def get_survey_list(standing: Standing, now: datetime) -> SurveyList:
    """Lists of surveys, in one query.

    Raises:
        NotAllowed: not registered.
    """
    if standing.level < Level.L1 and not standing.can(Permission.SURVEY_FIELD):
        raise NotAllowed("Registered physicians and researchers see surveys.")
    fields = {
        "member": standing.member_id,
        "all": standing.can(Permission.SURVEY_FIELD),
        "most": MOST_IN_LIST * 4,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LIST, fields)
        lines = [
            SurveyLine(
                pk, str(public_id), title, INSTRUMENT_WORDS[Instrument(instrument)], state, closes_at, bool(own),
                answered, invited, honorarium_words(json.loads(honorarium) if honorarium else None), template,
            )
            for pk, public_id, title, instrument, state, closes_at, own, answered, invited, honorarium, template
            in cursor.fetchall()
        ]  # fmt: skip
    sampled = {INSTRUMENT_WORDS[each] for each in INVITED}
    open_now = [line for line in lines if line.state == SurveyState.OPEN and now < line.closes_at]
    mine = [line for line in open_now if line.is_invited or line.instrument not in sampled]
    drafts = [line for line in lines if line.state == SurveyState.DRAFT and not line.is_template]
    return SurveyList(
        to_answer=[line for line in mine if not line.is_answered][:MOST_IN_LIST],
        answered=[line for line in mine if line.is_answered][:MOST_IN_LIST],
        running=[line for line in open_now if line.is_own or fields["all"]][:MOST_IN_LIST],
        closed=[line for line in lines if line.state == SurveyState.CLOSED and (line.is_own or fields["all"])][
            :MOST_IN_LIST
        ],
        drafts=[line for line in drafts if line.is_own or fields["all"]][:MOST_IN_LIST],
        templates=[line for line in lines if line.is_template][:MOST_IN_LIST]
        if standing.can(Permission.SURVEY_DRAFT)
        else [],
        may_draft=standing.can(Permission.SURVEY_DRAFT),
        most_a_month=find_wish(standing.member_id) if standing.member_id else 0,
    )


def honorarium_words(value: Mapping[str, Any] | None) -> str:
    """An honorarium as one reads it: ``USD 40.00``; empty for none."""
    return f"{value['currency']} {value['complete_cents'] / 100:,.2f}" if value else ""


@dataclass(frozen=True)
class SurveyPage:
    """The landing page of a survey."""

    survey_id: int
    public_id: str
    title: str
    introduction: str
    instrument: str
    instrument_meaning: str
    ballot_mode: str
    ballot_sentence: str
    state: SurveyState
    is_open: bool
    is_paused: bool
    closes_at: datetime
    length: str
    questions: int
    honorarium: str
    screened_out_honorarium: str
    due_days: int
    outcome: Outcome | None
    is_begun: bool
    is_invited: bool
    needs_invitation: bool
    may_answer: bool
    obstacle: Obstacle
    plan: Mapping[str, str]
    rules: list[str]
    events: list[Any]
    freeze_hash: str
    languages: tuple[str, ...]
    may_run: bool
    may_field: bool
    sample: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    boxes: list[QuestionBox]


def get_survey_page(standing: Standing, public_id: uuid.UUID, now: datetime) -> SurveyPage:
    """The landing page.

    Raises:
        NotFound: no such survey, a draft, or not this standing's to read.
    """
    survey = access.load_survey_to_read(standing, public_id)
    if survey.freeze is None:
        raise Conflict("This survey is not open yet.")
    freeze = survey.freeze
    questionnaire = frozen_questionnaire(survey.freeze_hash, freeze)
    needs_invitation = survey.instrument in INVITED
    invited = needs_invitation and is_invited(survey.pk, standing.member_id)
    is_open = survey.state == SurveyState.OPEN and now < survey.closes_at
    honorarium = survey.honorarium or {}
    outcome = find_outcome(survey.pk, standing.member_id)
    result = None
    if survey.state == SurveyState.CLOSED and outcome == Outcome.COMPLETE:
        # Whoever answered sees the result from the close on: before it is published, and so before anybody outside.
        result = LiveResult.objects.filter(survey_id=survey.pk).values_list("result", flat=True).first()
    return SurveyPage(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        introduction=questionnaire.introduction,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        instrument_meaning=INSTRUMENT_MEANING[Instrument(survey.instrument)],
        ballot_mode=BALLOT_MODE_WORDS[BallotMode(survey.ballot_mode)],
        ballot_sentence=_ballot_sentence(survey),
        state=SurveyState(survey.state),
        is_open=is_open,
        is_paused=survey.paused_at is not None,
        closes_at=survey.closes_at,
        length=words_of(expect_seconds(questionnaire)[0]),
        questions=sum(1 for _ in questionnaire.questions()),
        honorarium=honorarium_words(survey.honorarium),
        screened_out_honorarium=honorarium_words(honorarium | {"complete_cents": honorarium["screened_out_cents"]})
        if honorarium.get("screened_out_cents")
        else "",
        due_days=honorarium.get("due_days", 0),
        outcome=outcome,
        is_begun=_find_draft(survey, standing) is not None,
        is_invited=invited,
        needs_invitation=needs_invitation,
        may_answer=is_open and standing.can(Permission.BALLOT_CAST) and (invited or not needs_invitation),
        obstacle=standing.obstacle,
        plan=freeze["plan"],
        rules=list(rules_in_words(questionnaire)),
        events=list(survey.events.all()),
        freeze_hash=survey.freeze_hash,
        languages=languages(questionnaire),
        may_run=access.can_run_survey(standing, survey),
        may_field=standing.can(Permission.SURVEY_FIELD),
        sample=freeze["sample"],
        result=result,
        boxes=[box for box in question_boxes(freeze, result, {}) if box.base] if result else [],
    )


def _ballot_sentence(survey: Survey) -> str:
    assert survey.freeze is not None
    return rules.ballot_sentence(
        BallotMode(survey.ballot_mode),
        survey.freeze["compared_with"],
        closes_at=survey.closes_at,
        invited=survey.instrument in INVITED,
    )


def _find_draft(survey: Survey, standing: Standing) -> BallotDraft | None:
    if standing.member_id is None or survey.state != SurveyState.OPEN:
        return None
    key = find_key(survey.pk)
    return BallotDraft.objects.filter(pk=rules.locator(key, standing.member_id)).first() if key else None


@dataclass(frozen=True)
class AnsweringPage:
    """The page one answers on: one section, in the respondent's own order."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    ballot_sentence: str
    closes_at: datetime
    arranged: Arranged
    answers: Answers
    position: int
    total: int
    has_ballot: bool
    languages: tuple[str, ...]
    language: str


def get_answering_page(
    standing: Standing,
    public_id: uuid.UUID,
    now: datetime,
    *,
    section: str,
    language: str,
    entered: Answers | None = None,
) -> AnsweringPage:
    """What is answered next, in three queries.

    Args:
        section: code of the section; the first one where empty or not shown (any more).
        entered: what was just typed, where it could not be saved.

    Raises:
        NotFound: no such survey, or not this standing's to read.
        NotAllowed: not verified, or not in the sample.
        Conflict: not open.
    """
    survey, saved, has_ballot = find_own_answers(standing, public_id, now)
    # What was emptied on this page comes as None.
    answers = {code: answer for code, answer in {**saved, **(entered or {})}.items() if answer is not None}
    seed = rules.order_seed(survey.key, standing.require_member())
    arranged = arrange(survey.questionnaire, seed=seed, language=language, answers=answers)
    codes = [each.code for each in arranged.sections]
    return AnsweringPage(
        survey_id=survey.pk,
        public_id=str(public_id),
        title=arranged.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        ballot_sentence=rules.ballot_sentence(
            BallotMode(survey.ballot_mode),
            survey.compared_name,
            closes_at=survey.closes_at,
            invited=survey.instrument in INVITED,
        ),
        closes_at=survey.closes_at,
        arranged=arranged,
        answers=answers,
        position=codes.index(section) if section in codes else 0,
        total=len(codes),
        has_ballot=has_ballot,
        languages=languages(survey.questionnaire),
        language=arranged.language,
    )


def find_own_answers(standing: Standing, public_id: uuid.UUID, now: datetime) -> tuple[SurveyToAnswer, Answers, bool]:
    """A survey to answer, one's own answers so far, and whether a ballot is in.

    Raises:
        NotFound, NotAllowed, Conflict: as for ``get_answering_page``.
    """
    survey = access.find_survey_to_answer(standing, public_id)
    standing.require(
        Permission.BALLOT_CAST, "Only members whose verification is valid answer. Public facts alone are no proof."
    )
    member_id = standing.require_member()
    if survey.state != SurveyState.OPEN or now >= survey.closes_at:
        raise Conflict("This survey is closed. Answers are not taken any more.")
    if survey.paused:
        raise Conflict("This survey is paused. What you saved is kept; come back when it goes on.")
    if survey.instrument in INVITED and not survey.is_invited:
        raise NotAllowed("This survey asks a sample that was drawn, and you are not in it. Nobody can join by choice.")
    if survey.outcome in (Outcome.SCREENED_OUT, Outcome.QUOTA_FULL):
        raise Conflict("Your part is done: this survey was not for you, or your group was full.")
    place = rules.locator(survey.key, member_id)
    draft = BallotDraft.objects.filter(pk=place).values_list("answers", flat=True).first()
    ballot = Ballot.objects.filter(pk=place).values_list("answers", flat=True).first() if survey.outcome else None
    return survey, draft if draft is not None else (ballot or {}), ballot is not None
