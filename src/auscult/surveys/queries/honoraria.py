"""Reads of the honoraria's book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys.models import Survey
from auscult.surveys.rules import HonorariumAccount, HonorariumStep


@dataclass(frozen=True)
class HonorariumLineOfMember:
    """What one survey owes, or paid, one member: where the amount stands now.

    Attributes:
        number: of the member, opaque to researchers.
        state: step that was booked last.
    """

    survey_id: int
    title: str
    number: int
    currency: str
    cents: int
    state: HonorariumStep
    booked_on: date
    due_on: date | None
    note: str


_LAST = """
    SELECT DISTINCT ON (t.survey_id, t.member_id) t.survey_id, s.title, t.member_id, s.honorarium->>'currency', l.cents,
           t.step, t.booked_at::date, t.due_on, t.note
    FROM surveys_honorariumtransaction AS t
    JOIN surveys_honorariumline AS l ON l.transaction_id = t.id AND l.cents > 0
    JOIN surveys_survey AS s ON s.id = t.survey_id
    WHERE {condition} ORDER BY t.survey_id DESC, t.member_id, t.id DESC
"""


def _lines(condition: str, parameters: list[Any]) -> list[HonorariumLineOfMember]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST.format(condition=condition), parameters)
        return [
            HonorariumLineOfMember(
                survey_id, title, number, currency, cents, HonorariumStep(step), booked_on, due_on, note
            )
            for survey_id, title, number, currency, cents, step, booked_on, due_on, note in cursor.fetchall()
        ]


def list_own_honoraria(standing: Standing) -> list[HonorariumLineOfMember]:
    """One's own statement, newest survey first."""
    return _lines("t.member_id = %s", [standing.require_member()])


@dataclass(frozen=True)
class Ledger:
    """The book of one survey.

    Attributes:
        balances: account → cents; they sum to zero.
        members: account → members whose amount stands there now.
        waiting: those that are earned and not decided, or approved and not paid.
    """

    survey_id: int
    public_id: str
    title: str
    currency: str
    balances: Mapping[str, int]
    states: Mapping[str, int]
    due_on: date | None
    lines: list[HonorariumLineOfMember]
    may_approve: bool
    may_pay: bool


#: Lines on the page of a book; the csv has all.
MOST_LINES = 200


def get_ledger(standing: Standing, survey_id: int, *, everything: bool = False) -> Ledger:
    """The book of a survey.

    Raises:
        NotFound: no such survey, none with honoraria, or neither a researcher nor an operator.
    """
    may_approve, may_pay = standing.can(Permission.HONORARIUM_APPROVE), standing.can(Permission.HONORARIUM_PAY)
    survey = Survey.objects.filter(pk=survey_id, honorarium__isnull=False).first()
    if survey is None or survey.honorarium is None or not (may_approve or may_pay):
        raise NotFound
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.account, sum(l.cents) FROM surveys_honorariumline AS l "
            "JOIN surveys_honorariumtransaction AS t ON t.id = l.transaction_id WHERE t.survey_id = %s GROUP BY l.account",
            [survey.pk],
        )
        balances = {account.value: 0 for account in HonorariumAccount} | {k: int(v) for k, v in cursor.fetchall()}
    lines = _lines("t.survey_id = %s", [survey.pk])
    states: dict[str, int] = {}
    for line in lines:
        states[line.state] = states.get(line.state, 0) + 1
    return Ledger(
        survey.pk,
        str(survey.public_id),
        survey.title,
        survey.honorarium["currency"],
        balances,
        states,
        lines[0].due_on if lines else None,
        lines if everything else lines[:MOST_LINES],
        may_approve,
        may_pay,
    )
