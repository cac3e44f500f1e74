"""Fieldwork: inviting, reminding, pausing, extending; and what members wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from auscult.members.emails import Letter, mail_each
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict, NotFound, Refused
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access, rules
from auscult.surveys.models import FieldworkEvent, Invitation, InvitationWish, Survey, Turnout
from auscult.surveys.rules import (
    INSTRUMENT_WORDS,
    INVITED,
    MOST_INVITATIONS_A_MONTH,
    FieldworkEventKind,
    InvitationState,
    SurveyState,
)

#: Mails that one job queues; several jobs follow each other, so that no transaction is long.
MAILS_A_JOB = 500
_SALT = "surveys.unsubscribe"


class CannotInvite(Conflict):
    """No invitation can be sent now."""


class CannotChangeFieldwork(Refused):
    """The fieldwork cannot be changed so."""


class CannotSetWish(Refused):
    """The wish was not understood."""


@dataclass(frozen=True)
class MailRun:
    """What one run of mails did.

    Attributes:
        sent: mails queued.
        held: members who have had their maximum this month, or want none.
        left: members still to be looked at.
    """

    sent: int
    held: int
    left: int


def send_invitations(*, standing: Standing, now: datetime, survey_id: int) -> int:
    """Begin to invite everybody who was sampled and not written to yet; the worker sends in portions.

    Who may: a researcher. What follows: mails, at most the monthly maximum for each member; who has had it waits.

    Returns:
        How many wait to be written to.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotInvite: no invitations in this instrument, not open, or paused.
    """
    with transaction.atomic():
        survey = _load_to_mail(standing, now, survey_id)
        # Who had had enough invitations this month is looked at again.
        Invitation.objects.filter(survey=survey, state=InvitationState.HELD).update(state=InvitationState.WAITING)
        waiting = Invitation.objects.filter(survey=survey, state=InvitationState.WAITING).count()
        if not waiting:
            raise CannotInvite("Everybody in the sample has been written to.")
        jobs.queue("surveys.send_mails", survey_id=survey.pk, reminder=False)
        audit.record(
            "surveys.invitations.send", standing=standing, thing=f"survey:{survey.pk}", now=now, waiting=waiting
        )
    return waiting


def send_reminders(*, standing: Standing, now: datetime, survey_id: int) -> int:
    """Begin to remind everybody who was invited, has not answered and may be reminded now.

    Who may: a researcher. What follows: mails; at most two reminders, three days apart.

    Returns:
        How many will be reminded.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotInvite: nobody can be reminded now; says when the next can.
    """
    with transaction.atomic():
        survey = _load_to_mail(standing, now, survey_id)
        due = _reminders_due(survey, now.date()).count()
        if not due:
            raise CannotInvite(
                f"Nobody can be reminded now: everybody answered, declined, had {rules.MOST_REMINDERS} reminders, or was "
                f"written to less than {rules.DAYS_BETWEEN_MAILS} days ago."
            )
        jobs.queue("surveys.send_mails", survey_id=survey.pk, reminder=True)
        audit.record("surveys.reminders.send", standing=standing, thing=f"survey:{survey.pk}", now=now, due=due)
    return due


def _load_to_mail(standing: Standing, now: datetime, survey_id: int) -> Survey:
    survey = access.load_survey_to_field(standing, survey_id)
    if survey.instrument not in INVITED:
        raise CannotInvite("Polls have no invitations: whoever comes by answers.")
    if survey.state != SurveyState.OPEN or now >= survey.closes_at:
        raise CannotInvite("Only an open survey invites.")
    if survey.paused_at is not None:
        raise CannotInvite("The survey is paused. Let it go on first.")
    return survey


def _reminders_due(survey: Survey, today: date) -> QuerySet[Invitation]:
    """Invitations that may be followed by a reminder now, in the order of members."""
    answered = Turnout.objects.filter(survey_id=survey.pk, member_id=OuterRef("member_id"))
    return (
        Invitation.objects.filter(survey=survey, state=InvitationState.SENT, reminders__lt=rules.MOST_REMINDERS)
        .annotate(last_on=Coalesce("reminded_on", "sent_on"))
        .filter(~Exists(answered), last_on__lte=rules.last_day_before_reminder(today))
        .order_by("member_id")
    )


def send_mails(*, standing: Standing, now: datetime, survey_id: int, reminder: bool) -> MailRun:
    """Queue one portion of invitations or reminders; a job, which queues itself again while some are left.

    Who may: the worker. A second run of the same job writes to nobody twice: who was written to is marked in the same
    transaction that queues the mail.
    """
    with transaction.atomic():
        survey = Survey.objects.select_for_update().get(pk=survey_id)
        if survey.state != SurveyState.OPEN or survey.paused_at is not None or now >= survey.closes_at:
            return MailRun(0, 0, 0)
        today = now.date()
        waiting = (
            _reminders_due(survey, today)
            if reminder
            else Invitation.objects.filter(survey=survey, state=InvitationState.WAITING).order_by("member_id")
        )
        numbers = list(waiting.values_list("member_id", flat=True)[: MAILS_A_JOB + 1])
        portion = numbers[:MAILS_A_JOB]
        held = [] if reminder else _over_their_maximum(portion, today)
        unwanted = _who_wants_none(portion) if reminder else set()
        chosen = [number for number in portion if number not in held and number not in unwanted]
        own = Invitation.objects.filter(survey=survey)
        own.filter(member_id__in=held).update(state=InvitationState.HELD)
        own.filter(member_id__in=unwanted).update(state=InvitationState.DECLINED)
        if reminder:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE surveys_invitation SET reminders = reminders + 1, reminded_on = %s WHERE survey_id = %s "
                    "AND member_id = ANY(%s) AND (reminded_on IS NULL OR reminded_on < %s)",
                    [today, survey.pk, chosen, today],
                )
        else:
            own.filter(member_id__in=chosen).update(state=InvitationState.SENT, sent_on=today)
        _mail(survey, chosen, reminder=reminder)
        left = max(len(numbers) - len(portion), 0)
        if left:
            jobs.queue("surveys.send_mails", survey_id=survey.pk, reminder=reminder)
        audit.record(
            "surveys.mails.send",
            standing=standing,
            thing=f"survey:{survey.pk}",
            now=now,
            sent=len(chosen),
            held=len(held),
            reminder=reminder,
        )
    return MailRun(len(chosen), len(held), left)


def _over_their_maximum(numbers: Sequence[int], today: date) -> set[int]:
    recent: dict[int, list[date]] = {}
    rows = Invitation.objects.filter(
        member_id__in=numbers, sent_on__gt=today - timedelta(days=30), sent_on__lte=today
    ).values_list("member_id", "sent_on")
    for number, day in rows:
        if day:
            recent.setdefault(number, []).append(day)
    wishes = dict(InvitationWish.objects.filter(member_id__in=numbers).values_list("member_id", "most_a_month"))
    return {
        number
        for number in numbers
        if not rules.may_mail(recent.get(number, ()), wishes.get(number, MOST_INVITATIONS_A_MONTH), today)
    }


def _who_wants_none(numbers: Sequence[int]) -> set[int]:
    return set(InvitationWish.objects.filter(member_id__in=numbers, most_a_month=0).values_list("member_id", flat=True))


def unsubscribe_token(member_id: int) -> str:
    """What stands in the link that unsubscribes with one click: signed, and without a name."""
    return signing.dumps(member_id, salt=_SALT)


def _mail(survey: Survey, members: Sequence[int], *, reminder: bool) -> None:
    site = settings.SITE_URL
    instrument = INSTRUMENT_WORDS[Instrument(survey.instrument)].lower()
    subject = f"{'Reminder: ' if reminder else ''}You are asked: {survey.title}"
    honorarium = ""
    if survey.honorarium:
        honorarium = (
            f"Honorarium: {survey.honorarium['currency']} {survey.honorarium['complete_cents'] / 100:,.2f}, paid within "
            f"{survey.honorarium['due_days']} days after the close.\n"
        )
    text = (
        f"You were drawn into the sample of a {instrument}: “{survey.title}”.\n\n"
        "Because it is a random sample, nobody can answer in your place.\n"
        f"{honorarium}It closes on {survey.closes_at:%d %B %Y, %H:%M} UTC.\n\n"
        f"Answer: {site}{reverse('surveys:survey-read', args=[survey.public_id])}\n\n"
    )
    stops = {member: site + reverse("surveys:unsubscribe", args=[unsubscribe_token(member)]) for member in members}
    mail_each(
        [
            Letter(
                member_id=member,
                subject=subject,
                text=f"{text}Fewer such mails, or none (one click): {stop}\n",
                unsubscribe=stop,
                if_bounced="surveys.note_bounce",
            )
            for member, stop in stops.items()
        ]
    )


def set_wish(*, standing: Standing, now: datetime, most_a_month: int) -> None:
    """Say how many invitations a month one wants at most.

    Who may: any member. What changes: mails that are sent from now on; 0 is none.

    Raises:
        NotAllowed: nobody is signed in.
        CannotSetWish: not 0 to 31.
    """
    member_id = standing.require_member()
    if not 0 <= most_a_month <= 31:
        raise CannotSetWish("Choose a number from 0 (none) to 31 a month.")
    with transaction.atomic():
        InvitationWish.objects.update_or_create(member_id=member_id, defaults={"most_a_month": most_a_month})
        audit.record("surveys.wish.set", standing=standing, thing=f"member:{member_id}", now=now)


def unsubscribe(*, standing: Standing, now: datetime, token: str) -> None:
    """Want no more invitations, by the link in a mail, without signing in (RFC 8058).

    Raises:
        NotFound: the link is not one of ours.
    """
    try:
        member_id = int(signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound("This link is not complete. Set your wish on your own page instead.") from error
    with transaction.atomic():
        changed = InvitationWish.objects.filter(member_id=member_id).update(most_a_month=0)
        if not changed:
            InvitationWish.objects.create(member_id=member_id, most_a_month=0)
        audit.record("surveys.invitations.unsubscribe", standing=standing, thing=f"member:{member_id}", now=now)


def note_bounce(*, standing: Standing, now: datetime, member_id: int) -> int:
    """Note that mail to a member comes back: its open invitations are undeliverable. Returns how many.

    Who may: the worker, and the operator's command that reads bounces.
    """
    with transaction.atomic():
        changed = Invitation.objects.filter(
            member_id=member_id, state=InvitationState.SENT, survey__state=SurveyState.OPEN
        ).update(state=InvitationState.UNDELIVERABLE)
        audit.record(
            "surveys.bounce.note", standing=standing, thing=f"member:{member_id}", now=now, invitations=changed
        )
    return changed


def pause_survey(*, standing: Standing, now: datetime, survey_id: int, reason: str) -> Survey:
    """Stop taking answers for a while; what was saved is kept.

    Who may: a researcher. What changes: nobody can answer; the pause is listed beside the result and on record.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeFieldwork: not open, paused already, or no reason.
    """
    with transaction.atomic():
        survey = _load_open(standing, now, survey_id)
        if survey.paused_at is not None:
            raise CannotChangeFieldwork("The survey is paused already.")
        survey.paused_at = now
        survey.save(update_fields=["paused_at"])
        _note(survey, FieldworkEventKind.PAUSE, reason, now)
        audit.record("surveys.survey.pause", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def resume_survey(*, standing: Standing, now: datetime, survey_id: int, reason: str) -> Survey:
    """Let a paused survey go on.

    Who may: a researcher.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeFieldwork: not paused, or no reason.
    """
    with transaction.atomic():
        survey = _load_open(standing, now, survey_id)
        if survey.paused_at is None:
            raise CannotChangeFieldwork("The survey is not paused.")
        survey.paused_at = None
        survey.save(update_fields=["paused_at"])
        _note(survey, FieldworkEventKind.RESUMPTION, reason, now)
        audit.record("surveys.survey.resume", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def extend_survey(*, standing: Standing, now: datetime, survey_id: int, closes_at: datetime, reason: str) -> Survey:
    """Move the closing date of an open survey to a later one; an earlier one is refused by the database itself.

    Who may: a researcher. What changes: the date; the extension stands beside the result and on record, with its reason.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeFieldwork: not open, not later, more than a year, or no reason.
    """
    with transaction.atomic():
        survey = _load_open(standing, now, survey_id)
        if not survey.closes_at < closes_at <= now + timedelta(days=366):
            raise CannotChangeFieldwork(
                f"It closes on {survey.closes_at:%d %B %Y %H:%M} UTC. A new date must be later, and within a year."
            )
        before = survey.closes_at
        survey.closes_at = closes_at
        survey.save(update_fields=["closes_at"])
        text = f"Extended from {before:%d %B %Y %H:%M} to {closes_at:%d %B %Y %H:%M} UTC: {reason.strip()}"
        _note(survey, FieldworkEventKind.EXTENSION, text if reason.strip() else "", now)
        audit.record("surveys.survey.extend", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return survey


def note_deviation(*, standing: Standing, now: datetime, survey_id: int, text: str) -> FieldworkEvent:
    """Say what was, or will be, done otherwise than the pre-registration says.

    Who may: a researcher, from the opening on until the result is published. What changes: it is listed beside the result
    and on record.

    Raises:
        NotFound: no such survey, or no researcher.
        CannotChangeFieldwork: a draft, which can still be edited, or no text.
    """
    with transaction.atomic():
        survey = access.load_survey_to_field(standing, survey_id)
        if survey.state == SurveyState.DRAFT:
            raise CannotChangeFieldwork("A draft has nothing to deviate from. Edit its plan.")
        event = _note(survey, FieldworkEventKind.DEVIATION, text, now)
        audit.record("surveys.deviation.note", standing=standing, thing=f"survey:{survey.pk}", now=now)
    return event


def _load_open(standing: Standing, now: datetime, survey_id: int) -> Survey:
    survey = access.load_survey_to_field(standing, survey_id)
    if survey.state != SurveyState.OPEN or now >= survey.closes_at:
        raise CannotChangeFieldwork("Only an open survey is paused or extended.")
    return survey


def _note(survey: Survey, kind: FieldworkEventKind, text: str, now: datetime) -> FieldworkEvent:
    if len(text.strip()) < 10:
        raise CannotChangeFieldwork("Write the reason in a sentence: it stands beside the result.")
    event = FieldworkEvent.objects.create(survey=survey, kind=kind, text=text.strip()[:1000], noted_at=now)
    content: Mapping[str, Any] = {
        "thing": f"survey:{survey.public_id}",
        "freeze": survey.freeze_hash,
        "what": kind.value,
        "text": event.text,
    }
    jobs.queue("publishing.append_record", kind="survey.deviated", content=content, at=now.isoformat())
    return event
