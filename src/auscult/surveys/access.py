"""Doors of the surveys' room."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing
from auscult.surveys.keys import open_key
from auscult.surveys.models import Survey
from auscult.surveys.questionnaire.document import Questionnaire
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.rules import Outcome, SurveyState


def can_read_survey(standing: Standing, survey: Survey) -> bool:
    """Drafts are their author's and researchers'; others are read by registered members."""
    if survey.state == SurveyState.DRAFT:
        return can_run_survey(standing, survey)
    return standing.level >= Level.L1 or standing.can(Permission.SURVEY_CLOSE)


def can_run_survey(standing: Standing, survey: Survey) -> bool:
    """The author, while allowed to open surveys, or a researcher."""
    if standing.can(Permission.SURVEY_CLOSE):
        return True
    return standing.can(Permission.SURVEY_OPEN) and survey.author_id == standing.member_id is not None


def load_survey_to_run(standing: Standing, survey_id: int) -> Survey:
    """A survey to open or close, locked.

    Raises:
        NotFound: no such survey, or not this standing's to run.
    """
    survey = Survey.objects.select_for_update().filter(pk=survey_id).first()
    if survey is None or not can_run_survey(standing, survey):
        raise NotFound
    return survey


@dataclass(frozen=True)
class SurveyToAnswer:
    """What answering needs of a survey, its key, and how the member's part in it stands."""

    pk: int
    public_id: uuid.UUID
    state: str
    instrument: str
    ballot_mode: str
    paused: bool
    closes_at: datetime
    honorarium: Mapping[str, Any] | None
    freeze_hash: str
    title: str
    compared_with: int | None
    compared_name: str | None
    key: bytes
    is_invited: bool
    outcome: Outcome | None

    @property
    def questionnaire(self) -> Questionnaire:
        """The frozen questionnaire, parsed once in each process."""
        return frozen_questionnaire(self.freeze_hash)


# Plain SQL: Django has no FOR SHARE, and this stands in the way of every ballot.
_TO_ANSWER = """
    SELECT s.id, s.public_id, s.state, s.instrument, s.ballot_mode, s.paused_at IS NOT NULL, s.closes_at, s.honorarium,
           s.freeze_hash, s.title, s.compared_with_id, o.name, k.sealed,
           EXISTS(SELECT FROM surveys_invitation AS i WHERE i.survey_id = s.id AND i.member_id = %(member)s),
           (SELECT outcome FROM surveys_turnout AS t WHERE t.survey_id = s.id AND t.member_id = %(member)s)
    FROM surveys_survey AS s
    LEFT JOIN surveys_ballotkey AS k ON k.survey_id = s.id
    LEFT JOIN organisations_organisation AS o ON o.id = s.compared_with_id
"""


def load_survey_to_answer(standing: Standing, survey_id: int) -> SurveyToAnswer:
    """A survey to cast a ballot in, locked against closing (FOR SHARE, so voters do not wait for each other).

    Raises:
        NotFound: no such survey, not opened yet, or not this standing's to read.
    """
    return _read_to_answer(standing, "WHERE s.id = %(survey)s AND s.state <> 'draft' FOR SHARE OF s", survey_id)


def find_survey_to_answer(standing: Standing, public_id: uuid.UUID) -> SurveyToAnswer:
    """A survey to show to whoever answers it, not locked.

    Raises:
        NotFound: no such survey, not opened yet, or not this standing's to read.
    """
    return _read_to_answer(standing, "WHERE s.public_id = %(survey)s AND s.state <> 'draft'", public_id)


def _read_to_answer(standing: Standing, condition: str, survey: int | uuid.UUID) -> SurveyToAnswer:
    with connection.cursor() as cursor:
        cursor.execute(_TO_ANSWER + condition, {"member": standing.member_id, "survey": survey})
        row = cursor.fetchone()
    if row is None or standing.level < Level.L1:
        raise NotFound
    (
        pk, public_id, state, instrument, mode, paused, closes_at, honorarium, freeze_hash, title, compared_with,
        compared_name, sealed, invited, outcome,
    ) = row  # fmt: skip
    return SurveyToAnswer(
        pk=pk,
        public_id=public_id,
        state=state,
        instrument=instrument,
        ballot_mode=mode,
        paused=paused,
        closes_at=closes_at,
        honorarium=json.loads(honorarium) if honorarium else None,
        freeze_hash=freeze_hash,
        title=title,
        compared_with=compared_with,
        compared_name=compared_name,
        key=open_key(sealed),
        is_invited=invited,
        outcome=Outcome(outcome) if outcome else None,
    )


#: Parsed questionnaires by the hash of their freeze, so that not every ballot parses one.
_FROZEN: dict[str, Questionnaire] = {}


def frozen_questionnaire(freeze_hash: str, freeze: Mapping[str, Any] | None = None) -> Questionnaire:
    """The questionnaire of a freeze, remembered by its hash.

    Args:
        freeze: the frozen document, where it is at hand; it is fetched if it is needed and not given.
    """
    found = _FROZEN.get(freeze_hash)
    if found is None:
        if freeze is None:
            freeze = Survey.objects.filter(freeze_hash=freeze_hash).values_list("freeze", flat=True).first()
        assert freeze is not None
        found = read_questionnaire(freeze["questionnaire"])
        if len(_FROZEN) >= 100:
            _FROZEN.clear()
        _FROZEN[freeze_hash] = found
    return found


def load_survey_to_copy(standing: Standing, survey_id: int) -> Survey:
    """A survey to copy: one's own, a template, or one that was published by opening it.

    Raises:
        NotFound: no such survey, or a draft of somebody else.
    """
    survey = Survey.objects.filter(pk=survey_id).first()
    if survey is None or not (can_read_survey(standing, survey) or survey.is_template):
        raise NotFound
    return survey


def load_survey_to_field(standing: Standing, survey_id: int) -> Survey:
    """A survey whose fieldwork or analysis is a researcher's, locked.

    Raises:
        NotFound: no such survey, or no researcher.
    """
    survey = Survey.objects.select_for_update().filter(pk=survey_id).first()
    if survey is None or not standing.can(Permission.SURVEY_FIELD):
        raise NotFound
    return survey


def load_survey_to_read(standing: Standing, public_id: uuid.UUID) -> Survey:
    """A survey by its public number.

    Raises:
        NotFound: no such survey, or not this standing's to read.
    """
    survey = Survey.objects.filter(public_id=public_id).first()
    if survey is None or not can_read_survey(standing, survey):
        raise NotFound
    return survey
