"""Doors of the surveys' room."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing
from auscult.surveys.models import Survey
from auscult.surveys.rules import SurveyState


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
    """What casting a ballot needs of a survey, and its key; held open until the transaction ends."""

    pk: int
    state: str
    closes_at: datetime
    freeze: dict[str, Any]
    freeze_hash: str
    title: str
    compared_with: int | None
    key: bytes


def load_survey_to_answer(standing: Standing, survey_id: int) -> SurveyToAnswer:
    """A survey to cast a ballot in, locked against closing (FOR SHARE, so voters do not wait for each other).

    Raises:
        NotFound: no such survey, not opened yet, or not this standing's to read.
    """
    # Plain SQL: Django has no FOR SHARE, and this stands in the way of every ballot.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, s.state, s.closes_at, s.freeze::text, s.freeze_hash, s.title, s.compared_with_id, k.key "
            "FROM surveys_survey AS s LEFT JOIN surveys_ballotkey AS k ON k.survey_id = s.id "
            "WHERE s.id = %s AND s.state <> 'draft' FOR SHARE OF s",
            [survey_id],
        )
        row = cursor.fetchone()
    if row is None or standing.level < Level.L1:
        raise NotFound
    pk, state, closes_at, freeze, freeze_hash, title, compared_with, key = row
    return SurveyToAnswer(
        pk, state, closes_at, json.loads(freeze), freeze_hash, title, compared_with, bytes(key or b"")
    )


def load_survey_to_read(standing: Standing, public_id: uuid.UUID) -> Survey:
    """A survey by its public number.

    Raises:
        NotFound: no such survey, or not this standing's to read.
    """
    survey = Survey.objects.filter(public_id=public_id).first()
    if survey is None or not can_read_survey(standing, survey):
        raise NotFound
    return survey
