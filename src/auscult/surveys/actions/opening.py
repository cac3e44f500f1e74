"""Opening: freezing wording, rules and sample."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from auscult.evidence.canonical import digest
from auscult.members.queries.standing import count_verified, list_by_stratum
from auscult.registry.models import Frame
from auscult.registry.queries import STRATUM_VARIABLES, find_benchmark, find_frame
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing, Stratum
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access, rules, tallies
from auscult.surveys.keys import store_key
from auscult.surveys.models import Invitation, LiveResult, QuotaCount, Survey, SurveyRevision
from auscult.surveys.plan import PLAN_FIELDS, REQUIRED_OF_INVITED
from auscult.surveys.questionnaire.document import FaultyQuestionnaire, Questionnaire
from auscult.surveys.questionnaire.logic import find_unreachable
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.rules import INVITED, BallotMode, SurveyState
from auscult.surveys.sampling import CannotSample, allocate, draw, read_design


class CannotOpenSurvey(Conflict):
    """The survey cannot be opened."""


def open_survey(*, standing: Standing, now: datetime, survey_id: int, sample_seed: str = "") -> Survey:
    """Freeze a draft and open it.

    Who may: its author, or a researcher. What changes: wording, rules, plan and sample are fixed by hash. What follows:
    the hash goes into the record; invitations go out when the researcher sends them.

    Args:
        sample_seed: seed of the draw, for the demonstration; otherwise a fresh one. It is recorded either way.

    Raises:
        NotFound: not this standing's survey.
        CannotOpenSurvey: not a draft, its closing date has passed, its questionnaire or plan is not complete, a question
            cannot be reached, the sample cannot be drawn, or nobody could answer.
    """
    with transaction.atomic():
        survey = access.load_survey_to_run(standing, survey_id)
        standing.require(Permission.SURVEY_OPEN, "Your verification must be valid to open a poll.")
        instrument, mode = Instrument(survey.instrument), BallotMode(survey.ballot_mode)
        questionnaire = _require_ready(survey, now)
        eligible = count_verified(now)
        if eligible == 0:
            raise CannotOpenSurvey("There is no verified member who could answer.")
        frame = find_frame()
        sample: dict[str, Any] | None = None
        variables: tuple[str, ...] = STRATUM_VARIABLES
        if instrument in INVITED:
            members = list_by_stratum(now)
            survey.population = _margins(members)
            sample, drawn = _draw_sample(survey, members, sample_seed or secrets.token_hex(16))
            Invitation.objects.bulk_create(drawn, batch_size=5000)
            variables = tallies.sampled_variables(STRATUM_VARIABLES, sample["by"])
            if len(sample["by"]) > 1:
                survey.population[tallies.SAMPLING_STRATUM] = sample["sizes"]
        survey.freeze = rules.freeze_document(
            questionnaire=questionnaire,
            instrument=instrument,
            mode=mode,
            plan=survey.plan,
            sample=sample,
            honorarium=survey.honorarium,
            opens_at=now,
            closes_at=survey.closes_at,
            eligible=eligible,
            universe=_universe(survey.universe, frame, eligible, now),
            frame=_frame(frame, sample, eligible, now),
            variables=variables,
            compared_with=survey.compared_with.name if survey.compared_with else None,
        )
        survey.freeze_hash = digest(survey.freeze)
        survey.frame, survey.eligible = (None if sample else frame), eligible
        survey.state, survey.opened_at = SurveyState.OPEN, now
        survey.save()
        SurveyRevision.objects.filter(survey=survey).delete()
        store_key(survey, secrets.token_bytes(32))
        LiveResult.objects.create(survey=survey)
        QuotaCount.objects.bulk_create(QuotaCount(survey=survey, code=quota.code) for quota in questionnaire.quotas)
        jobs.queue(
            "publishing.append_record",
            kind="survey.frozen",
            content={
                "thing": f"survey:{survey.public_id}",
                "freeze": survey.freeze_hash,
                "title": survey.title,
                "instrument": survey.instrument,
            },
            at=now.isoformat(),
        )
        audit.record("surveys.survey.open", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def _require_ready(survey: Survey, now: datetime) -> Questionnaire:
    if survey.state != SurveyState.DRAFT:
        raise CannotOpenSurvey("This poll is open or closed already.")
    if survey.is_template:
        raise CannotOpenSurvey("This is a template. Copy it, and open the copy.")
    if survey.closes_at <= now:
        raise CannotOpenSurvey("Its closing date has passed. Set a later one.")
    try:
        questionnaire = read_questionnaire(survey.questionnaire)
    except FaultyQuestionnaire as error:
        raise CannotOpenSurvey(str(error)) from error
    unreachable = find_unreachable(questionnaire)
    if unreachable:
        raise CannotOpenSurvey(f"The logic before “{unreachable[0].code}” does not hold up: {unreachable[0].why}")
    if survey.instrument in INVITED:
        missing = [PLAN_FIELDS[code][0] for code in REQUIRED_OF_INVITED if not survey.plan.get(code)]
        if missing:
            raise CannotOpenSurvey(f"The pre-registration lacks: {', '.join(missing)}.")
    return questionnaire


def _margins(members: Mapping[Stratum, list[int]]) -> dict[str, dict[str, int]]:
    """Members by level of each weighting variable."""
    margins: dict[str, dict[str, int]] = {variable: {} for variable in STRATUM_VARIABLES}
    for stratum, numbers in members.items():
        for variable in STRATUM_VARIABLES:
            level = getattr(stratum, variable)
            margins[variable][level] = margins[variable].get(level, 0) + len(numbers)
    return margins


def _draw_sample(
    survey: Survey, members: Mapping[Stratum, list[int]], seed: str
) -> tuple[dict[str, Any], list[Invitation]]:
    """What is frozen of the sample, and the invitations. A census invites everybody."""
    if survey.instrument == Instrument.ATTEMPTED_CENSUS:
        everybody = [
            Invitation(survey=survey, member_id=number, stratum=tallies.stratum_key(stratum))
            for stratum, numbers in members.items()
            for number in numbers
        ]
        return {"design": None, "by": [], "invited": len(everybody)}, everybody
    if survey.sample_design is None:
        raise CannotOpenSurvey(
            "A sample survey needs a sample. Say on the plan how many are drawn, and by which strata."
        )
    try:
        design = read_design(survey.sample_design)
        in_stratum: dict[str, list[tuple[int, str]]] = {}
        for stratum, numbers in members.items():
            name = tallies.SEPARATOR.join(getattr(stratum, variable) for variable in design.by)
            in_stratum.setdefault(name, []).extend((number, tallies.stratum_key(stratum)) for number in numbers)
        sizes = {name: len(found) for name, found in sorted(in_stratum.items())}
        allocation = allocate(design, sizes)
        drawn = draw({name: [n for n, _ in found] for name, found in in_stratum.items()}, allocation, seed)
    except CannotSample as error:
        raise CannotOpenSurvey(str(error)) from error
    cells = {number: key for found in in_stratum.values() for number, key in found}
    invitations = [
        Invitation(survey=survey, member_id=number, stratum=cells[number], design_stratum=name)
        for name, numbers in drawn.items()
        for number in numbers
    ]
    frozen = {
        "design": design.as_json(),
        "by": list(design.by),
        "sizes": sizes,
        "allocation": allocation,
        "seed": seed,
        "invited": len(invitations),
    }
    return frozen, invitations


def _universe(code: str, frame: Frame | None, eligible: int, now: datetime) -> dict[str, Any]:
    benchmark = find_benchmark(code) if code else None
    if benchmark:
        return {
            "code": benchmark.code,
            "words": benchmark.words,
            "size": benchmark.persons,
            "as_of": benchmark.as_of.isoformat(),
            "definition": benchmark.definition,
            "source": benchmark.source,
        }
    return {
        "code": "",
        "words": "physicians of the register" if frame else "our verified members",
        "size": frame.total if frame else eligible,
        "as_of": frame.as_of.isoformat() if frame else now.date().isoformat(),
        "definition": frame.definition if frame else "verified members of this instance",
        "source": frame.load.filename if frame else "this instance",
    }


def _frame(frame: Frame | None, sample: Mapping[str, Any] | None, eligible: int, now: datetime) -> dict[str, Any]:
    """The population that is weighted to: of a sample the members it was drawn from, else the register."""
    if sample:
        return {
            "definition": "verified members of this instance at the opening",
            "as_of": now.date().isoformat(),
            "persons": eligible,
            "register_sha256": None,
        }
    return {
        "definition": frame.definition if frame else "none loaded",
        "as_of": frame.as_of.isoformat() if frame else None,
        "persons": frame.total if frame else 0,
        "register_sha256": frame.load.sha256 if frame else None,
    }
