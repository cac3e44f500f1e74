"""Reads of fieldwork: dispositions, rates, progress by stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing, Stratum
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.rates import OutcomeRates, participation_rate
from auscult.statistics.representativeness import Instrument
from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys import rules, tallies
from auscult.surveys.access import frozen_questionnaire
from auscult.surveys.models import (
    BallotDraft,
    FieldworkEvent,
    Invitation,
    InvitationWish,
    LiveResult,
    QuotaCount,
    Survey,
    Turnout,
)
from auscult.surveys.rules import INSTRUMENT_WORDS, INVITED, InvitationState, Outcome, SurveyState
from auscult.surveys.sampling import Disposition, rates_of


def count_dispositions(survey_id: int) -> dict[Disposition, int]:
    """Invitations of a closed survey by disposition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT disposition, count(*) FROM surveys_invitation WHERE survey_id = %s AND disposition <> '' "
            "GROUP BY disposition ORDER BY disposition",
            [survey_id],
        )
        return {Disposition(code): count for code, count in cursor.fetchall()}


def count_invited_by_stratum(survey_id: int) -> dict[Stratum, int]:
    """Sampled members by the stratum in which they were drawn."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stratum, count(*) FROM surveys_invitation WHERE survey_id = %s GROUP BY stratum", [survey_id]
        )
        return {Stratum(*key.split(tallies.SEPARATOR)): count for key, count in cursor.fetchall()}


@dataclass(frozen=True, kw_only=True)
class StratumLine:
    """Fieldwork in one stratum of the sampling design.

    ``complete`` and ``screened_out`` are None where there are some, but fewer than ten.
    """

    name: str
    sampled: int
    sent: int
    declined: int
    complete: int | None
    screened_out: int | None

    @property
    def rate(self) -> float | None:
        """Complete answers ÷ members written to, 0–1; None where complete answers are not shown."""
        if self.complete is None:
            return None
        return self.complete / self.sent if self.sent else 0.0


@dataclass(frozen=True, kw_only=True)
class QuotaLine:
    """One quota; ``count`` is None where there are some, but fewer than ten."""

    label: str
    count: int | None
    most: int


def shown_count(count: int) -> int | None:
    """A count of members as a page of fieldwork shows it: none of 1 to 9, which could be one person's answer."""
    return None if 0 < count < MINIMUM_CELL else count


@dataclass(frozen=True)
class FieldworkPage:
    """Everything the fieldwork page shows."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    is_invited: bool
    state: SurveyState
    is_open: bool
    paused_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime
    states: Mapping[str, int]
    outcomes: Mapping[str, int]
    begun: int
    strata: list[StratumLine]
    quotas: list[QuotaLine]
    rates: OutcomeRates | None
    participation: float | None
    asked: int
    reminders: Mapping[int, int]
    next_reminder_on: date | None
    events: list[FieldworkEvent]
    honorarium: Mapping[str, Any] | None
    fieldwork: Mapping[str, Any] | None


_STRATUM = "CASE WHEN i.design_stratum = '' THEN split_part(i.stratum, '|', 1) ELSE i.design_stratum END"
_INVITED_BY_STRATUM = f"""
    SELECT {_STRATUM} AS name, count(*), count(*) FILTER (WHERE i.state IN ('sent', 'declined', 'undeliverable')),
           count(*) FILTER (WHERE i.state = 'declined')
    FROM surveys_invitation AS i WHERE i.survey_id = %s GROUP BY name ORDER BY name
"""  # noqa: S608 - only our own expression is put in
_ANSWERED_BY_STRATUM = f"""
    SELECT {_STRATUM} AS name, count(*) FILTER (WHERE t.outcome = 'complete'),
           count(*) FILTER (WHERE t.outcome IN ('screened_out', 'quota_full'))
    FROM surveys_invitation AS i
    JOIN surveys_turnout AS t ON t.survey_id = i.survey_id AND t.member_id = i.member_id
    WHERE i.survey_id = %s GROUP BY name ORDER BY name
"""  # noqa: S608 - only our own expression is put in
_STATES = """
    SELECT state, reminders, count(*), max(coalesce(reminded_on, sent_on)) FROM surveys_invitation WHERE survey_id = %s
    GROUP BY state, reminders
"""


def read_progress(survey: Survey) -> dict[str, Any]:
    """What answering has changed so far: outcomes, drafts, strata, and quotas, as JSON.

    Exact, so it is shown only at the pace of live figures while the survey is open.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM surveys_turnout WHERE survey_id = %s GROUP BY outcome", [survey.pk]
        )
        outcomes = dict(cursor.fetchall())
        cursor.execute(_ANSWERED_BY_STRATUM, [survey.pk])
        strata = {name: [complete, screened_out] for name, complete, screened_out in cursor.fetchall()}
    return {
        "outcomes": {outcome.value: outcomes.get(outcome.value, 0) for outcome in Outcome},
        "begun": BallotDraft.objects.filter(survey=survey).count(),
        "strata": strata,
        "quotas": dict(QuotaCount.objects.filter(survey_id=survey.pk).values_list("code", "count")),
    }


def get_fieldwork_page(standing: Standing, survey_id: int, now: datetime) -> FieldworkPage:
    """The fieldwork page, in a fixed number of queries.

    Raises:
        NotFound: no such survey, not opened yet, or no researcher.
    """
    survey = Survey.objects.filter(pk=survey_id).exclude(state=SurveyState.DRAFT).first()
    if survey is None or survey.freeze is None or not standing.can(Permission.SURVEY_FIELD):
        raise NotFound
    invited = survey.instrument in INVITED
    is_open = survey.state == SurveyState.OPEN and now < survey.closes_at
    if survey.state == SurveyState.OPEN or survey.is_held_back:
        shown = LiveResult.objects.filter(survey=survey).values_list("progress", flat=True).first()
        progress = shown or {
            "outcomes": {outcome.value: 0 for outcome in Outcome},
            "begun": 0,
            "strata": {},
            "quotas": {},
        }
    else:
        progress = read_progress(survey)
    outcomes, begun, counts = progress["outcomes"], progress["begun"], progress["quotas"]
    states = {state.value: 0 for state in InvitationState}
    reminders: dict[int, int] = {}
    last: date | None = None
    strata: list[StratumLine] = []
    if invited:
        with connection.cursor() as cursor:
            cursor.execute(_STATES, [survey.pk])
            for state, number, count, day in cursor.fetchall():
                states[state] += count
                if state == InvitationState.SENT:
                    reminders[number] = reminders.get(number, 0) + count
                    last = max(filter(None, (last, day)), default=None)
            cursor.execute(_INVITED_BY_STRATUM, [survey.pk])
            for name, sampled, sent, declined in cursor.fetchall():
                complete, screened_out = progress["strata"].get(name, (0, 0))
                strata.append(
                    StratumLine(
                        name=name,
                        sampled=sampled,
                        sent=sent,
                        declined=declined,
                        complete=shown_count(complete),
                        screened_out=shown_count(screened_out),
                    )
                )
    quotas = frozen_questionnaire(survey.freeze_hash, survey.freeze).quotas
    asked = sum(states.values()) if invited else survey.eligible
    rates: OutcomeRates | None = None
    if survey.instrument == Instrument.SAMPLE_SURVEY:
        try:
            found = (
                count_dispositions(survey.pk)
                if survey.state == SurveyState.CLOSED
                else rules.dispositions_so_far(states, outcomes, begun=begun)
            )
            rates = rates_of(found)
        except CannotEstimate:
            rates = None
    return FieldworkPage(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        is_invited=invited,
        state=SurveyState(survey.state),
        is_open=is_open,
        paused_at=survey.paused_at,
        opened_at=survey.opened_at,
        closes_at=survey.closes_at,
        states=states,
        outcomes=outcomes,
        begun=begun,
        strata=strata,
        quotas=[
            QuotaLine(label=quota.label, count=shown_count(counts.get(quota.code, 0)), most=quota.most)
            for quota in quotas
        ],
        rates=rates,
        participation=participation_rate(min(outcomes[Outcome.COMPLETE], asked), asked) if asked else None,
        asked=asked,
        reminders=reminders,
        next_reminder_on=last + timedelta(days=rules.DAYS_BETWEEN_MAILS) if last and is_open else None,
        events=list(survey.events.all()),
        honorarium=survey.honorarium,
        fieldwork=survey.fieldwork,
    )


def find_wish(member_id: int) -> int:
    """How many invitations a month a member wants at most."""
    found = InvitationWish.objects.filter(member_id=member_id).values_list("most_a_month", flat=True).first()
    return rules.MOST_INVITATIONS_A_MONTH if found is None else found


def is_invited(survey_id: int, member_id: int | None) -> bool:
    """Whether a member is in the sample."""
    return member_id is not None and Invitation.objects.filter(survey_id=survey_id, member_id=member_id).exists()


def find_outcome(survey_id: int, member_id: int | None) -> Outcome | None:
    """How a member's part in a survey ended, or None."""
    if member_id is None:
        return None
    found = Turnout.objects.filter(survey_id=survey_id, member_id=member_id).values_list("outcome", flat=True).first()
    return Outcome(found) if found else None


def list_respondents(survey_id: int) -> list[int]:
    """Numbers of the members who took part, whatever became of it."""
    return list(Turnout.objects.filter(survey_id=survey_id).values_list("member_id", flat=True))
