"""Doors of the surveys' room."""

from __future__ import annotations

import uuid

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


def load_survey_to_answer(standing: Standing, survey_id: int) -> Survey:
    """A survey to cast a ballot in, held open (FOR SHARE) until the transaction ends.

    Raises:
        NotFound: no such survey, or not this standing's to read.
    """
    # Django has no FOR SHARE; an exclusive lock would make voters wait for each other.
    survey = next(iter(Survey.objects.raw("SELECT * FROM surveys_survey WHERE id = %s FOR SHARE", [survey_id])), None)
    if survey is None or not can_read_survey(standing, survey):
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
