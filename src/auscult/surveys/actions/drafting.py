"""Drafts: making, editing, copying and discarding what is not open yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from auscult.organisations.access import load_organisation
from auscult.registry.queries import find_benchmark
from auscult.shared import audit
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access
from auscult.surveys.models import Survey, SurveyRevision
from auscult.surveys.plan import FaultyPlan, read_honorarium, read_plan
from auscult.surveys.questionnaire.document import (
    FaultyQuestionnaire,
    Questionnaire,
    questionnaire_as_json,
)
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.rules import INVITED, BallotMode, SurveyState
from auscult.surveys.sampling import CannotSample, read_design


class CannotDraftSurvey(Refused):
    """The draft is not complete or not coherent."""


class CannotEditSurvey(Conflict):
    """The survey cannot be edited, or somebody else edited it meanwhile."""


#: Past states of a draft that can be gone back to.
MOST_REVISIONS = 200


def draft_survey(
    *,
    standing: Standing,
    now: datetime,
    questionnaire: Questionnaire,
    instrument: Instrument,
    closes_at: datetime,
    mode: BallotMode = BallotMode.DETACHED,
    universe: str = "",
    compared_with: str = "",
    complete: bool = True,
) -> Survey:
    """Draft a survey.

    Who may: a verified member (community and straw polls with detached ballots) or a researcher (everything).

    Args:
        universe: code of a benchmark about which one would like to speak; empty for the frame itself.
        compared_with: slug of an organisation whose members' answers are counted beside those of others, or empty.
        complete: false where the questionnaire is only begun.

    Raises:
        NotFound: no such organisation.
        NotAllowed: neither member nor researcher, or an instrument or mode that needs a researcher.
        CannotDraftSurvey: no title, an impossible closing date, an unknown universe or a faulty questionnaire.
    """
    standing.require(Permission.SURVEY_DRAFT, "Verified members and researchers draft polls.")
    _require_researcher_for(standing, instrument, mode)
    _require_possible(now, closes_at, universe)
    document = _document(questionnaire_as_json(questionnaire), complete=complete)
    organisation = load_organisation(compared_with) if compared_with else None
    with transaction.atomic():
        survey = Survey.objects.create(
            title=questionnaire.title,
            author_id=standing.member_id,
            instrument=instrument,
            ballot_mode=mode,
            closes_at=closes_at,
            universe=universe,
            compared_with=organisation,
            questionnaire=document,
        )
        audit.record("surveys.survey.draft", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def _require_researcher_for(standing: Standing, instrument: Instrument, mode: BallotMode) -> None:
    if instrument in INVITED:
        standing.require(Permission.SURVEY_FIELD, "Sample surveys and censuses are fielded by researchers.")
    if mode != BallotMode.DETACHED:
        standing.require(Permission.SURVEY_FIELD, "Surveys with linked ballots are fielded by researchers.")


def _require_possible(now: datetime, closes_at: datetime, universe: str) -> None:
    if closes_at <= now:
        raise CannotDraftSurvey("The closing date must lie in the future.")
    if universe and find_benchmark(universe) is None:
        raise CannotDraftSurvey("That universe is not known. Load its benchmark first.")


def _document(value: Any, *, complete: bool) -> dict[str, Any]:
    """The canonical document of a questionnaire that came from outside."""
    try:
        return questionnaire_as_json(read_questionnaire(value, complete=complete))
    except FaultyQuestionnaire as error:
        raise CannotDraftSurvey(str(error)) from error


def _load_draft(standing: Standing, survey_id: int) -> Survey:
    survey = access.load_survey_to_run(standing, survey_id)
    if survey.state != SurveyState.DRAFT:
        raise CannotEditSurvey("This survey is open: its wording and rules are frozen. Copy it to change something.")
    return survey


def edit_questionnaire(
    *, standing: Standing, now: datetime, survey_id: int, revision: int, document: Any, complete: bool = False
) -> Survey:
    """Replace the questionnaire of a draft; the state before can be gone back to.

    Who may: who may run the survey.

    Args:
        revision: of the draft that was edited; another one means that somebody else saved meanwhile.
        document: JSON of a questionnaire, perhaps not complete.

    Raises:
        NotFound: not this standing's survey.
        CannotEditSurvey: not a draft, or edited by somebody else meanwhile.
        CannotDraftSurvey: no questionnaire; says where.
    """
    with transaction.atomic():
        survey = _load_draft(standing, survey_id)
        if survey.revision != revision:
            raise CannotEditSurvey(
                "Somebody else saved this draft meanwhile (perhaps you, in another window). Reload the page; what you "
                "typed is still in this one."
            )
        new = _document(document, complete=complete)
        if new != survey.questionnaire:
            SurveyRevision.objects.update_or_create(
                survey=survey,
                revision=survey.revision,
                defaults={"questionnaire": survey.questionnaire, "saved_at": now},
            )
            SurveyRevision.objects.filter(survey=survey, revision__lt=survey.revision - MOST_REVISIONS).delete()
            survey.questionnaire, survey.title = new, new["title"]
            survey.revision += 1
            survey.save(update_fields=["questionnaire", "title", "revision"])
            audit.record("surveys.questionnaire.edit", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def undo_edit(*, standing: Standing, now: datetime, survey_id: int) -> Survey:
    """Take the last edit of a questionnaire back.

    Who may: who may run the survey.

    Raises:
        NotFound: not this standing's survey.
        CannotEditSurvey: not a draft, or nothing to take back.
    """
    with transaction.atomic():
        survey = _load_draft(standing, survey_id)
        last = SurveyRevision.objects.filter(survey=survey).order_by("-revision").first()
        if last is None:
            raise CannotEditSurvey("There is nothing to undo.")
        survey.questionnaire, survey.title = last.questionnaire, last.questionnaire["title"]
        survey.revision += 1
        last.delete()
        survey.save(update_fields=["questionnaire", "title", "revision"])
        audit.record("surveys.edit.undo", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def edit_plan(
    *,
    standing: Standing,
    now: datetime,
    survey_id: int,
    instrument: Instrument,
    mode: BallotMode,
    closes_at: datetime,
    plan: Mapping[str, str],
    universe: str = "",
    compared_with: str = "",
    sample_design: Mapping[str, Any] | None = None,
    honorarium: Mapping[str, Any] | None = None,
) -> Survey:
    """Set everything about a draft that is not a question: instrument, ballots, dates, pre-registration, sample, honorarium.

    Who may: who may run the survey; what concerns invitations, linked ballots and money, a researcher.

    Raises:
        NotFound: not this standing's survey, or no such organisation.
        NotAllowed: an instrument, a mode or an honorarium that needs a researcher.
        CannotEditSurvey: not a draft.
        CannotDraftSurvey: something does not fit; says what.
    """
    _require_researcher_for(standing, instrument, mode)
    if honorarium is not None:
        standing.require(Permission.SURVEY_FIELD, "Honoraria are offered by researchers.")
    with transaction.atomic():
        survey = _load_draft(standing, survey_id)
        _require_possible(now, closes_at, universe)
        try:
            survey.plan = read_plan(plan)
            survey.honorarium = read_honorarium(honorarium).as_json() if honorarium is not None else None
            survey.sample_design = None
            if instrument == Instrument.SAMPLE_SURVEY and sample_design is not None:
                survey.sample_design = read_design(sample_design).as_json()
        except (FaultyPlan, CannotSample) as error:
            raise CannotDraftSurvey(str(error)) from error
        survey.instrument, survey.ballot_mode, survey.closes_at, survey.universe = instrument, mode, closes_at, universe
        survey.compared_with = load_organisation(compared_with) if compared_with else None
        survey.save()
        audit.record("surveys.plan.edit", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def copy_survey(
    *,
    standing: Standing,
    now: datetime,
    survey_id: int,
    closes_at: datetime,
    as_wave: bool = False,
    as_template: bool = False,
) -> Survey:
    """Copy a survey into a new draft of one's own.

    Who may: who may read it and draft one like it.

    Args:
        as_wave: the copy asks the same again; trends compare the two.
        as_template: the copy is kept to be copied from.

    Raises:
        NotFound: no such survey, or not for this standing.
        NotAllowed: an instrument or mode that needs a researcher.
    """
    standing.require(Permission.SURVEY_DRAFT, "Verified members and researchers draft polls.")
    with transaction.atomic():
        source = access.load_survey_to_copy(standing, survey_id)
        _require_researcher_for(standing, Instrument(source.instrument), BallotMode(source.ballot_mode))
        document = source.freeze["questionnaire"] if source.freeze else source.questionnaire
        copy = Survey.objects.create(
            title=source.title,
            author_id=standing.member_id,
            instrument=source.instrument,
            ballot_mode=source.ballot_mode,
            closes_at=closes_at,
            universe=source.universe,
            compared_with=source.compared_with,
            questionnaire=document,
            plan=source.plan,
            sample_design=source.sample_design,
            honorarium=source.honorarium,
            wave_of=source if as_wave else None,
            is_template=as_template,
        )
        audit.record("surveys.survey.copy", standing=standing, thing=f"survey:{copy.pk}", now=now, source=source.pk)
    return copy


def discard_draft(*, standing: Standing, now: datetime, survey_id: int) -> None:
    """Throw a draft away.

    Who may: who may run the survey.

    Raises:
        NotFound: not this standing's survey.
        CannotEditSurvey: opened already; what was opened stays.
    """
    with transaction.atomic():
        survey = _load_draft(standing, survey_id)
        audit.record("surveys.draft.discard", standing=standing, thing=f"survey:{survey.pk}", now=now)
        survey.delete()
