"""Writes about agreements: proposal, ratification, notices, replies, steps of occurrences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from auscult.evidence.bundle import sha256
from auscult.evidence.canonical import canonical_json
from auscult.organisations.access import load_organisation, load_representative
from auscult.organisations.emails import tell_representatives
from auscult.organisations.rules import Power
from auscult.partnerships import access, rules
from auscult.partnerships.models import Agreement, Grant, Notice, Obligation, Occurrence, OccurrenceStep
from auscult.partnerships.queries.agreements import facts_of, step_facts
from auscult.partnerships.rules import AgreementState, NoticeKind, ObligationDraft, Side, StepKind
from auscult.publishing import record
from auscult.publishing.models import Reply
from auscult.publishing.replies import add_reply
from auscult.shared import audit
from auscult.shared.refusals import Conflict, NotAllowed, Refused
from auscult.shared.standing import Standing


class CannotProposeAgreement(Refused):
    """The proposal was not taken."""


class CannotRatifyAgreement(Conflict):
    """The agreement was not ratified."""


class CannotGiveNotice(Refused):
    """The notice was not given."""


class CannotTakeStep(Conflict):
    """The step is not open to this side now."""


@dataclass(frozen=True)
class GrantDraft:
    """What one party may read: which, what, for which purpose."""

    beneficiary: Side
    scope: str
    purpose: str


def propose_agreement(
    *,
    standing: Standing,
    now: datetime,
    title: str,
    subject: str,
    party_a: str,
    party_b: str,
    starts_on: date,
    ends_on: date,
    terms: str,
    obligations: Sequence[ObligationDraft],
    grants: Sequence[GrantDraft] = (),
) -> Agreement:
    """Propose an agreement; the proposal is the proposer's ratification.

    Who may: a representative of party A with the power. What follows: the whole text is in the record; the other party
    ratifies it, or does nothing.

    Args:
        party_a, party_b: slugs; A proposes.
        starts_on, ends_on: first day of the term, first day after it.

    Raises:
        NotFound: no such organisation.
        NotAllowed: no representative of party A with the power.
        CannotProposeAgreement: the same party twice, or a text that will not do.
    """
    first, second = load_organisation(party_a), load_organisation(party_b)
    load_representative(standing, first.pk, Power.AGREEMENT)
    if first.pk == second.pk:
        raise CannotProposeAgreement("An agreement has two parties.")
    if not title.strip() or not subject.strip():
        raise CannotProposeAgreement("An agreement has a title and a subject.")
    problem = rules.proposal_problem(starts_on, ends_on, obligations, terms)
    if problem:
        raise CannotProposeAgreement(problem)
    document = canonical_json(
        {
            "format": "auscult-agreement/1",
            "title": title.strip(),
            "subject": subject.strip(),
            "parties": {"a": first.name, "b": second.name},
            "term": {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()},
            "terms": terms.strip(),
            # Days of the term begin and end in this time zone.
            "zone": settings.TIME_ZONE,
            "obligations": [
                {
                    "code": o.code,
                    "debtor": o.debtor.value,
                    "words": o.words.strip(),
                    "measure": o.measure.strip(),
                    "due_on": [due.isoformat() for due in sorted(o.due_on)],
                }
                for o in obligations
            ],
            "grants": [{"to": g.beneficiary.value, "scope": g.scope, "purpose": g.purpose} for g in grants],
        }
    )
    with transaction.atomic():
        agreement = Agreement.objects.create(
            title=title.strip()[:160],
            subject=subject.strip()[:80],
            party_a=first,
            party_b=second,
            starts_on=starts_on,
            ends_on=ends_on,
            terms=terms.strip(),
            terms_sha256=sha256(document),
            proposed_at=now,
            ratified_a_at=now,
        )
        for o in obligations:
            obligation = Obligation.objects.create(
                agreement=agreement, code=o.code, debtor=o.debtor, words=o.words.strip(), measure=o.measure.strip()
            )
            Occurrence.objects.bulk_create(
                Occurrence(obligation=obligation, number=number, due_on=due)
                for number, due in enumerate(sorted(o.due_on), start=1)
            )
        for g in grants:
            Grant.objects.create(
                agreement=agreement,
                beneficiary=first if g.beneficiary == Side.A else second,
                scope=g.scope,
                purpose=g.purpose,
                starts_on=starts_on,
                ends_on=ends_on,
            )
        record.append_and_sign(
            "agreement.proposed",
            {"thing": f"agreement:{agreement.pk}", "title": agreement.title, "by": first.name, "to": second.name},
            at=now,
            documents={"terms": document},
        )
        _tell_other(
            agreement,
            Side.A,
            "An agreement was proposed",
            f"{first.name} proposes it. Ratify or decline it, or do nothing.",
        )
        audit.record("partnerships.agreement.propose", standing=standing, thing=f"agreement:{agreement.pk}", now=now)
    return agreement


def ratify_agreement(*, standing: Standing, now: datetime, agreement_id: int) -> Agreement:
    """Ratify a proposed agreement: it is in force for its term.

    Who may: a representative of party B with the power.

    Raises:
        NotFound: no such agreement.
        NotAllowed: not of party B.
        CannotRatifyAgreement: ratified already, its term is over, or it overlaps another of the same parties and subject.
    """
    with transaction.atomic():
        agreement, side, _ = access.load_agreement_as_party(standing, agreement_id)
        if side != Side.B:
            raise NotAllowed("Your side has proposed it; the other side ratifies.")
        if agreement.ratified_b_at is not None:
            raise CannotRatifyAgreement("Both sides have ratified this agreement.")
        if agreement.declined_at is not None:
            raise CannotRatifyAgreement("This proposal was declined or withdrawn.")
        if rules.day_of(now, timezone.get_default_timezone()) >= agreement.ends_on:
            raise CannotRatifyAgreement("The proposed term is over.")
        try:
            with transaction.atomic():
                agreement.ratified_b_at = now
                agreement.save(update_fields=["ratified_b_at"])
        except IntegrityError as error:
            raise CannotRatifyAgreement(
                "Its term overlaps that of another agreement of the same parties on the same subject."
            ) from error
        record.append_and_sign(
            "agreement.ratified",
            {
                "thing": f"agreement:{agreement.pk}",
                "by": agreement.party_b.name,
                "terms_sha256": agreement.terms_sha256,
            },
            at=now,
        )
        _tell_other(agreement, side, "Ratified", f"{agreement.party_b.name} has ratified it.")
        audit.record("partnerships.agreement.ratify", standing=standing, thing=f"agreement:{agreement.pk}", now=now)
    return agreement


def decline_agreement(*, standing: Standing, now: datetime, agreement_id: int) -> Agreement:
    """Decline a proposal, or withdraw the own one.

    Who may: a representative of either party with the power, before it is ratified. What follows: an entry in the record.

    Raises:
        NotFound: no such agreement.
        NotAllowed: of neither party.
        CannotRatifyAgreement: ratified or declined already.
    """
    with transaction.atomic():
        agreement, side, _ = access.load_agreement_as_party(standing, agreement_id)
        if agreement.ratified_b_at is not None or agreement.declined_at is not None:
            raise CannotRatifyAgreement("This is no proposal any more.")
        agreement.declined_at = now
        agreement.save(update_fields=["declined_at"])
        party = agreement.party_a if side == Side.A else agreement.party_b
        record.append_and_sign("agreement.declined", {"thing": f"agreement:{agreement.pk}", "by": party.name}, at=now)
        _tell_other(agreement, side, "A proposal was declined or withdrawn", f"{party.name} ended the proposal.")
        audit.record("partnerships.agreement.decline", standing=standing, thing=f"agreement:{agreement.pk}", now=now)
    return agreement


def _tell_other(agreement: Agreement, side: Side, subject: str, text: str) -> None:
    """Mail to whoever acts for the other side, or for both where the arbiter spoke."""
    others = {
        Side.A: [agreement.party_b_id],
        Side.B: [agreement.party_a_id],
        Side.ARBITER: [agreement.party_a_id, agreement.party_b_id],
    }[side]
    address = settings.SITE_URL + reverse("partnerships:agreement-read", args=[agreement.pk])
    for organisation in others:
        tell_representatives(organisation, Power.AGREEMENT, f"{subject}: {agreement.title}", f"{text}\n\nSee {address}")


def give_notice(
    *,
    standing: Standing,
    now: datetime,
    agreement_id: int,
    kind: NoticeKind,
    text: str,
    cites: str = "",
    effective_on: date | None = None,
) -> Notice:
    """Tell the other party something that changes the agreement's fate.

    Who may: a representative of a party with the power. What follows: the notice is in the record with its date; the state
    of the agreement and every grant under it follow from the dates.

    Args:
        cites: for what reason: obligations, a clause.
        effective_on: first day without the agreement (termination), first day of a suspension or resumption.

    Raises:
        NotFound: no such agreement.
        NotAllowed: no party's representative.
        CannotGiveNotice: no text, a date missing or in the past, or nothing to refuse, suspend or resume.
    """
    with transaction.atomic():
        agreement, side, representative = access.load_agreement_as_party(standing, agreement_id)
        zone = timezone.get_default_timezone()
        facts = facts_of(agreement)
        state = rules.agreement_state(facts, now, zone)
        words = text.strip()
        if not words or len(words) > rules.LONGEST_TEXT:
            raise CannotGiveNotice(f"A notice has 1 to {rules.LONGEST_TEXT:,} characters.")
        if state not in {AgreementState.ACTIVE, AgreementState.SUSPENDED, AgreementState.RATIFIED}:
            raise CannotGiveNotice("Notices are given while an agreement is in force.")
        dated = kind in {NoticeKind.TERMINATION, NoticeKind.SUSPENSION, NoticeKind.RESUMPTION}
        if dated and (effective_on is None or effective_on < rules.day_of(now, zone)):
            raise CannotGiveNotice("Say from which day on; it cannot lie in the past.")
        if kind == NoticeKind.TERMINATION and effective_on is not None and effective_on >= agreement.ends_on:
            raise CannotGiveNotice("It ends with its term before that day; give notice that you will not renew it.")
        offered = [n.by for n in facts.notices if n.kind == NoticeKind.RENEWAL_OFFERED]
        if kind == NoticeKind.RENEWAL_REFUSED and (not offered or offered[-1] == side):
            raise CannotGiveNotice("The other side has offered no new terms.")
        if kind == NoticeKind.RESUMPTION:
            holds = rules.last_suspension(facts, rules.day_of(now, zone))
            if state != AgreementState.SUSPENDED or holds is None:
                raise CannotGiveNotice("The agreement is not suspended.")
            if holds.by != side:
                raise CannotGiveNotice("The side that suspended the agreement resumes it.")
        party = agreement.party_a if side == Side.A else agreement.party_b
        entry = record.append_and_sign(
            "agreement.noticed",
            {
                "thing": f"agreement:{agreement.pk}",
                "notice": kind.value,
                "by": party.name,
                "cites": cites.strip()[:300],
                "effective_on": effective_on.isoformat() if dated and effective_on else None,
            },
            at=now,
            documents={"text": words.encode()},
        )
        notice = Notice.objects.create(
            agreement=agreement,
            kind=kind,
            side=side,
            representative=representative,
            text=words,
            cites=cites.strip()[:300],
            effective_on=effective_on if dated else None,
            given_at=now,
            record_index=entry.index,
        )
        _tell_other(agreement, side, "Notice", f"{party.name} {rules.NOTICE_WORDS[kind]}:\n\n{words}")
        audit.record(
            "partnerships.notice.give", standing=standing, thing=f"agreement:{agreement.pk}", now=now, kind=kind.value
        )
    return notice


def take_step(
    *, standing: Standing, now: datetime, occurrence_id: int, kind: StepKind, text: str = "", evidence: str = ""
) -> OccurrenceStep:
    """Take a step about one occurrence: submit, confirm, return, allege, answer, accept, rule, waive.

    Who may: the side to which the step is open (``rules.steps_open_to``); an arbiter of neither side rules, and only after
    the other side has answered or had 14 days to answer.

    Args:
        text: what happened, in words; needed for everything but a confirmation.
        evidence: SHA-256 of a file, an address, or a count, as the measure of the obligation asks.

    Raises:
        NotFound: no such occurrence.
        NotAllowed: of neither side.
        CannotTakeStep: not open to this side now, or without words.
    """
    with transaction.atomic():
        occurrence, agreement, side, representative = access.load_occurrence_to_step(standing, occurrence_id)
        obligation, zone = occurrence.obligation, timezone.get_default_timezone()
        if agreement.ratified_b_at is None:
            raise CannotTakeStep("Nothing is owed before both sides have ratified.")
        steps = step_facts(occurrence.steps.all())
        in_force = rules.days_in_force(facts_of(agreement), now, zone)
        open_now = rules.steps_open_to(side, Side(obligation.debtor), occurrence.due_on, steps, now, zone, in_force)
        if kind not in open_now:
            state = rules.occurrence_state(occurrence.due_on, steps, now, zone, in_force)
            raise CannotTakeStep(f"This occurrence is {state.value}; that step is not open to you now.")
        words = text.strip()
        if (not words and kind != StepKind.CONFIRM) or len(words) > rules.LONGEST_TEXT:
            raise CannotTakeStep("Say what happened, in words.")
        names = {Side.A: agreement.party_a.name, Side.B: agreement.party_b.name, Side.ARBITER: "arbiter"}
        entry = record.append_and_sign(
            f"obligation.{_PAST[kind]}",
            {
                "thing": f"agreement:{agreement.pk}",
                "obligation": obligation.code,
                "occurrence": occurrence.number,
                "due_on": occurrence.due_on.isoformat(),
                "by": names[side],
                "side": side.value,
                "evidence": evidence.strip()[:300],
            },
            at=now,
            documents={"text": words.encode()} if words else None,
        )
        step = OccurrenceStep.objects.create(
            occurrence=occurrence,
            kind=kind,
            side=side,
            representative=representative,
            text=words,
            evidence=evidence.strip()[:300],
            taken_at=now,
            record_index=entry.index,
        )
        text_of_mail = f"{names[side]} {rules.STEP_WORDS[kind]}: {obligation.words}, due {occurrence.due_on:%-d %B %Y}."
        if kind == StepKind.ALLEGE:
            text_of_mail += f" You have until {now + rules.REPLY_WINDOW:%-d %B %Y} to answer; then an arbiter may rule."
        _tell_other(agreement, side, "An obligation", f"{text_of_mail}\n\n{words}")
        audit.record(
            "partnerships.occurrence.step",
            standing=standing,
            thing=f"agreement:{agreement.pk}",
            now=now,
            kind=kind.value,
        )
    return step


_PAST = {
    StepKind.SUBMIT: "submitted",
    StepKind.CONFIRM: "confirmed",
    StepKind.RETURN: "returned",
    StepKind.ALLEGE: "alleged",
    StepKind.ANSWER: "answered",
    StepKind.CURE: "cured",
    StepKind.EXCUSE: "excused",
    StepKind.BREACH: "breached",
    StepKind.REMEDY: "remedied",
    StepKind.WAIVE: "waived",
}


def reply_to_agreement(
    *, standing: Standing, now: datetime, agreement_id: int, organisation_id: int, text: str
) -> Reply:
    """State one's own view of an agreement, beside that of the other party.

    Who may: a representative of a party.

    Raises:
        NotFound: no such agreement.
        NotAllowed: of neither party.
        CannotReply: empty, too long, or stated already.
    """
    with transaction.atomic():
        agreement = access.load_agreement(agreement_id, lock=True)
        if organisation_id not in {agreement.party_a_id, agreement.party_b_id}:
            raise NotAllowed("Only the parties state their view of an agreement here.")
        reply = add_reply(
            standing=standing, now=now, thing=f"agreement:{agreement_id}", organisation_id=organisation_id, text=text
        )
        audit.record("partnerships.agreement.reply", standing=standing, thing=f"agreement:{agreement_id}", now=now)
    return reply
