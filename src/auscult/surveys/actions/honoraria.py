"""Honoraria: a double-entry book in which an amount moves from *budget* over *offered*, *earned* and *approved* to *paid*."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from auscult.members.emails import list_addresses, mail_members
from auscult.shared import audit
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys import access
from auscult.surveys.models import HonorariumLine, HonorariumTransaction, Survey, Turnout
from auscult.surveys.plan import read_honorarium
from auscult.surveys.rules import HonorariumAccount, HonorariumStep, Outcome, SurveyState

A, S = HonorariumAccount, HonorariumStep
#: From which account to which an amount moves at each step.
MOVES: dict[HonorariumStep, tuple[HonorariumAccount, HonorariumAccount]] = {
    S.OFFER: (A.BUDGET, A.OFFERED),
    S.EARN: (A.OFFERED, A.EARNED),
    S.APPROVE: (A.EARNED, A.APPROVED),
    S.REFUSE: (A.EARNED, A.BUDGET),
    S.PAY: (A.APPROVED, A.PAID),
    S.LAPSE: (A.OFFERED, A.BUDGET),
}


class CannotChangeHonorarium(Conflict):
    """The honorarium is not in the state that this step needs."""


def book(
    survey: Survey,
    step: HonorariumStep,
    amounts: Iterable[tuple[int, int]],
    *,
    at: datetime,
    due_on: date | None = None,
    note: str = "",
) -> int:
    """Write one step of several members, two lines each that sum to zero. A step of actions; call it in their transaction.

    Args:
        amounts: (member, cents), cents above zero.

    Returns:
        How many were booked.
    """
    source, target = MOVES[step]
    amounts = [(member, cents) for member, cents in amounts if cents]
    made = HonorariumTransaction.objects.bulk_create(
        [
            HonorariumTransaction(survey=survey, member_id=member, step=step, booked_at=at, due_on=due_on, note=note)
            for member, cents in amounts
        ],
        batch_size=2000,
    )
    HonorariumLine.objects.bulk_create(
        [
            line
            for transaction_, (_, cents) in zip(made, amounts, strict=True)
            for line in (
                HonorariumLine(transaction=transaction_, account=source, cents=-cents),
                HonorariumLine(transaction=transaction_, account=target, cents=cents),
            )
        ],
        batch_size=4000,
    )
    return len(made)


def earn_honoraria(*, standing: Standing, now: datetime, survey_id: int) -> int:
    """Book what every respondent has earned; a step of closing a survey.

    All at once and in the order of members: a time of each would tell when each answered.

    Who may: who may close the survey. Returns how many earned something.
    """
    with transaction.atomic():
        survey = access.load_survey_to_run(standing, survey_id)
        assert survey.honorarium is not None
        offer = read_honorarium(survey.honorarium)
        due_on = (now + timedelta(days=offer.due_days)).date()
        rows = Turnout.objects.filter(survey_id=survey.pk).order_by("member_id").values_list("member_id", "outcome")
        amounts = [(member, offer.amount(complete=outcome == Outcome.COMPLETE)) for member, outcome in rows]
        book(survey, S.OFFER, amounts, at=now, due_on=due_on)
        earned = book(survey, S.EARN, amounts, at=now, due_on=due_on)
        audit.record("surveys.honoraria.earn", standing=standing, thing=f"survey:{survey.pk}", now=now, members=earned)
    return earned


def _waiting(survey: Survey, step: HonorariumStep, unless: Sequence[HonorariumStep]) -> list[tuple[int, int]]:
    """(member, cents) of those at a step whom no later one has moved on, in the order of members; locks the survey."""
    Survey.objects.select_for_update().get(pk=survey.pk)
    later = HonorariumTransaction.objects.filter(survey=survey, member=OuterRef("transaction__member"), step__in=unless)
    target = MOVES[step][1]
    rows = (
        HonorariumLine.objects.filter(transaction__survey=survey, transaction__step=step, account=target)
        .filter(~Exists(later))
        .order_by("transaction__member_id")
        .values_list("transaction__member_id", "cents")
    )
    return list(rows)


def approve_honoraria(*, standing: Standing, now: datetime, survey_id: int) -> int:
    """Approve everything that is earned and not decided yet.

    Who may: a researcher. What changes: the amounts stand as approved, with their due date. What follows: an operator pays.

    Returns:
        How many.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeHonorarium: nothing is waiting.
    """
    with transaction.atomic():
        survey = access.load_survey_to_field(standing, survey_id)
        standing.require(Permission.HONORARIUM_APPROVE, "Researchers approve honoraria.")
        waiting = _waiting(survey, S.EARN, (S.APPROVE, S.REFUSE))
        if not waiting:
            raise CannotChangeHonorarium("No honorarium waits for approval.")
        due_on = (
            HonorariumTransaction.objects.filter(survey=survey, step=S.EARN).values_list("due_on", flat=True).first()
        )
        count = book(survey, S.APPROVE, waiting, at=now, due_on=due_on)
        audit.record(
            "surveys.honoraria.approve", standing=standing, thing=f"survey:{survey.pk}", now=now, members=count
        )
    return count


def refuse_honorarium(*, standing: Standing, now: datetime, survey_id: int, member_id: int, reason: str) -> None:
    """Refuse one honorarium that was earned and not approved, with a reason that the physician reads.

    Who may: a researcher. What changes: the amount goes back. What follows: a mail with the reason.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeHonorarium: no reason, or it is not waiting.
    """
    with transaction.atomic():
        survey = access.load_survey_to_field(standing, survey_id)
        standing.require(Permission.HONORARIUM_APPROVE, "Researchers approve honoraria.")
        if len(reason.strip()) < 10:
            raise CannotChangeHonorarium("Write the reason: the physician reads it.")
        waiting = dict(_waiting(survey, S.EARN, (S.APPROVE, S.REFUSE)))
        if member_id not in waiting:
            raise CannotChangeHonorarium("This honorarium does not wait for approval.")
        book(survey, S.REFUSE, [(member_id, waiting[member_id])], at=now, note=reason.strip()[:300])
        mail_members(
            [member_id],
            f"An honorarium was refused: {survey.title}",
            f"Your honorarium for “{survey.title}” was refused: {reason.strip()}\n\nAnswer this mail if that is wrong.",
        )
        audit.record("surveys.honorarium.refuse", standing=standing, thing=f"survey:{survey.pk}", now=now)


def pay_honoraria(
    *, standing: Standing, now: datetime, survey_id: int, reference: str, numbers: Sequence[int] | None = None
) -> int:
    """Record that approved honoraria were paid.

    Who may: an operator, who is not the researcher that approved them. What follows: a mail to each that it was paid.

    Args:
        reference: number of the payment run, as the bank has it.
        numbers: members; None for all that are approved.

    Returns:
        How many.

    Raises:
        NotAllowed: no operator.
        NotFound: no such survey.
        CannotChangeHonorarium: no reference, nothing is approved, or a member is named who does not wait for payment.
    """
    standing.require(Permission.HONORARIUM_PAY, "Operators record payments.")
    if not reference.strip():
        raise CannotChangeHonorarium("Give the reference of the payment run, as it stands on the bank statement.")
    with transaction.atomic():
        survey = Survey.objects.select_for_update().filter(pk=survey_id, state=SurveyState.CLOSED).first()
        if survey is None:
            raise NotFound
        waiting = dict(_waiting(survey, S.APPROVE, (S.PAY,)))
        chosen = waiting if numbers is None else {number: waiting.get(number, 0) for number in numbers}
        if not chosen or not all(chosen.values()):
            raise CannotChangeHonorarium("Nothing is approved and not yet paid, or a number in the list does not wait.")
        count = book(survey, S.PAY, chosen.items(), at=now, note=reference.strip()[:300])
        mail_members(
            list(chosen),
            f"Your honorarium was paid: {survey.title}",
            f"Your honorarium for “{survey.title}” was paid. Your statement shows it under Mine.",
        )
        audit.record("surveys.honoraria.pay", standing=standing, thing=f"survey:{survey.pk}", now=now, members=count)
    return count


def list_payouts(*, standing: Standing, now: datetime, survey_id: int) -> list[tuple[str, str, str, str, str]]:
    """What is approved and not paid, with the addresses of those it is owed to.

    Who may: an operator. What follows: an event on the trail, because the list says who took part.

    Returns:
        Rows of reference, e-mail, currency, amount, due day.

    Raises:
        NotAllowed: no operator.
        NotFound: no such survey.
        CannotChangeHonorarium: nothing waits for payment.
    """
    standing.require(Permission.HONORARIUM_PAY, "Operators record payments.")
    with transaction.atomic():
        survey = Survey.objects.select_for_update().filter(pk=survey_id, honorarium__isnull=False).first()
        if survey is None or survey.honorarium is None:
            raise NotFound
        waiting = _waiting(survey, S.APPROVE, (S.PAY,))
        if not waiting:
            raise CannotChangeHonorarium("Nothing is approved and not yet paid.")
        due_on = (
            HonorariumTransaction.objects.filter(survey=survey, step=S.APPROVE).values_list("due_on", flat=True).first()
        )
        addresses = list_addresses([member for member, _ in waiting])
        audit.record(
            "surveys.payouts.list", standing=standing, thing=f"survey:{survey.pk}", now=now, members=len(waiting)
        )
    return [
        (
            f"{survey.pk}-{member}",
            addresses.get(member, ""),
            survey.honorarium["currency"],
            f"{cents / 100:.2f}",
            due_on.isoformat() if due_on else "",
        )
        for member, cents in waiting
    ]
