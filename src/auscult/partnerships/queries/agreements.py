"""Reads about agreements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.partnerships import access, rules
from auscult.partnerships.models import Agreement, Grant, Notice, Occurrence, OccurrenceStep
from auscult.partnerships.rules import (
    AgreementFacts,
    AgreementState,
    GrantFacts,
    NoticeFact,
    NoticeKind,
    OccurrenceState,
    Side,
    StepFact,
    StepKind,
)
from auscult.publishing.replies import ReplyBox, get_reply_box
from auscult.shared.standing import Standing


def facts_of(agreement: Agreement, notices: Iterable[Notice] | None = None) -> AgreementFacts:
    """The dated facts of an agreement."""
    rows = agreement.notices.all() if notices is None else notices
    return AgreementFacts(
        agreement.starts_on,
        agreement.ends_on,
        agreement.ratified_a_at,
        agreement.ratified_b_at,
        tuple(NoticeFact(NoticeKind(n.kind), Side(n.side), n.given_at, n.effective_on, n.cites) for n in rows),
        agreement.declined_at,
    )


def step_facts(steps: Iterable[OccurrenceStep]) -> list[StepFact]:
    """The dated facts of an occurrence."""
    return [StepFact(StepKind(step.kind), step.taken_at) for step in steps]


@dataclass(frozen=True)
class AgreementLine:
    """One agreement in a list."""

    agreement_id: int
    title: str
    party_a: str
    party_b: str
    starts_on: date
    last_day: date
    state: AgreementState
    ending: str
    parties: frozenset[int]


def list_agreements(now: datetime, *, organisation_id: int | None = None, limit: int = 50) -> list[AgreementLine]:
    """Agreements, the newest term first, in two queries."""
    rows = Agreement.objects.select_related("party_a", "party_b").prefetch_related("notices")
    if organisation_id is not None:
        rows = rows.filter(party_a=organisation_id) | rows.filter(party_b=organisation_id)
    zone = timezone.get_default_timezone()
    lines = []
    for agreement in rows[:limit]:
        facts = facts_of(agreement)
        lines.append(
            AgreementLine(
                agreement.pk,
                agreement.title,
                agreement.party_a.name,
                agreement.party_b.name,
                agreement.starts_on,
                rules.last_day(facts) - timedelta(days=1),
                rules.agreement_state(facts, now, zone),
                rules.ending_sentence(facts, _names(agreement), now, zone),
                frozenset({agreement.party_a_id, agreement.party_b_id}),
            )
        )
    return lines


def _names(agreement: Agreement) -> dict[Side, str]:
    return {Side.A: agreement.party_a.name, Side.B: agreement.party_b.name, Side.ARBITER: "The arbiter"}


@dataclass(frozen=True)
class StepLine:
    """One step of an occurrence."""

    words: str
    by: str
    text: str
    evidence: str
    taken_at: datetime
    record_index: int


@dataclass(frozen=True)
class OccurrenceBox:
    """One occurrence with its steps and what whoever asks may do."""

    occurrence_id: int
    number: int
    due_on: date
    state: OccurrenceState
    steps: list[StepLine]
    window_until: datetime | None
    open_steps: list[tuple[StepKind, str]]


@dataclass(frozen=True)
class ObligationBox:
    """One promise with its occurrences."""

    code: str
    words: str
    measure: str
    occurrences: list[OccurrenceBox]


@dataclass(frozen=True)
class LedgerColumn:
    """What one side promised, and how it went.

    Attributes:
        due: occurrences whose date has come.
        on_time: of these, submitted by their date and confirmed.
        open_allegations: alleged and not settled.
        states: how many occurrences stand where, most first.
        ruled: how often the arbiter spoke.
    """

    side: Side
    organisation: str
    slug: str
    obligations: list[ObligationBox]
    due: int
    confirmed: int
    on_time: int
    open_allegations: int
    states: list[tuple[str, int]]
    ruled: int


@dataclass(frozen=True)
class NoticeLine:
    """One notice."""

    words: str
    by: str
    public_name: str
    text: str
    cites: str
    effective_on: date | None
    given_at: datetime
    record_index: int


@dataclass(frozen=True)
class GrantBox:
    """One grant: whether it is in force now, and its receipts."""

    grant_id: int
    beneficiary: str
    scope: str
    purpose: str
    starts_on: date
    last_day: date
    problem: str
    may_read: bool
    reads: int
    refusals: int


@dataclass(frozen=True)
class AgreementPage:
    """An agreement as a two-column ledger."""

    agreement_id: int
    title: str
    subject: str
    state: AgreementState
    ending: str
    starts_on: date
    last_day: date
    days_left: int
    terms: str
    terms_sha256: str
    proposed_at: datetime
    ratified_at: datetime | None
    columns: list[LedgerColumn]
    notices: list[NoticeLine]
    grants: list[GrantBox]
    reply_box: ReplyBox
    side: Side | None
    may_ratify: bool
    may_decline: bool
    may_notice: bool
    may_refuse_terms: bool


def get_agreement_page(standing: Standing, agreement_id: int, now: datetime) -> AgreementPage:
    """One agreement, in at most ten queries.

    Raises:
        NotFound: no such agreement.
    """
    agreement = access.load_agreement(agreement_id)
    zone = timezone.get_default_timezone()
    notices = list(agreement.notices.select_related("representative"))
    facts, names = facts_of(agreement, notices), _names(agreement)
    state, side = rules.agreement_state(facts, now, zone), access.side_of(standing, agreement)
    offered = [n.by for n in facts.notices if n.kind == NoticeKind.RENEWAL_OFFERED]
    in_force = state in {AgreementState.ACTIVE, AgreementState.SUSPENDED, AgreementState.RATIFIED}
    party = side in {Side.A, Side.B}
    return AgreementPage(
        agreement.pk,
        agreement.title,
        agreement.subject,
        state,
        rules.ending_sentence(facts, names, now, zone),
        agreement.starts_on,
        rules.last_day(facts) - timedelta(days=1),
        (rules.last_day(facts) - rules.day_of(now, zone)).days,
        agreement.terms,
        agreement.terms_sha256,
        agreement.proposed_at,
        agreement.ratified_b_at,
        _columns(agreement, facts, side, now),
        [
            NoticeLine(
                rules.NOTICE_WORDS[NoticeKind(n.kind)],
                names[Side(n.side)],
                n.representative.public_name,
                n.text,
                n.cites,
                n.effective_on,
                n.given_at,
                n.record_index,
            )
            for n in notices
        ],
        list_grants(standing, agreement, facts, now),
        get_reply_box(
            standing,
            f"agreement:{agreement.pk}",
            organisations=frozenset({agreement.party_a_id, agreement.party_b_id}),
        ),
        side,
        side == Side.B and state == AgreementState.PROPOSED,
        party and state == AgreementState.PROPOSED,
        party and in_force,
        party and in_force and bool(offered) and offered[-1] != side,
    )


def _columns(agreement: Agreement, facts: AgreementFacts, side: Side | None, now: datetime) -> list[LedgerColumn]:
    zone = timezone.get_default_timezone()
    names, in_force = _names(agreement), rules.days_in_force(facts, now, zone)
    obligations = list(agreement.obligations.prefetch_related("occurrences__steps"))
    columns = []
    for debtor, party in ((Side.A, agreement.party_a), (Side.B, agreement.party_b)):
        boxes, due, confirmed, on_time, alleged = [], 0, 0, 0, 0
        for obligation in obligations:
            if obligation.debtor != debtor:
                continue
            occurrences = []
            for occurrence in obligation.occurrences.all():
                box = _occurrence(occurrence, debtor, side, names, now, in_force)
                occurrences.append(box)
                counts = rules.day_of(now, zone) > occurrence.due_on and box.state not in rules.NOT_DUE
                due += counts
                confirmed += counts and box.state in rules.DELIVERED
                on_time += counts and box.state in rules.DELIVERED and _in_time(occurrence)
                alleged += box.state in rules.OPEN_ALLEGATIONS
            boxes.append(ObligationBox(obligation.code, obligation.words, obligation.measure, occurrences))
        every = [box for each in boxes for box in each.occurrences]
        states = Counter(box.state.value for box in every)
        ruled = sum(step.by == names[Side.ARBITER] for box in every for step in box.steps)
        columns.append(
            LedgerColumn(
                debtor, party.name, party.slug, boxes, due, confirmed, on_time, alleged, states.most_common(), ruled
            )
        )
    return columns


def _in_time(occurrence: Occurrence) -> bool:
    zone = timezone.get_default_timezone()
    submitted = [step.taken_at for step in occurrence.steps.all() if step.kind == StepKind.SUBMIT]
    return bool(submitted) and rules.day_of(submitted[-1], zone) <= occurrence.due_on


def _occurrence(
    occurrence: Occurrence,
    debtor: Side,
    side: Side | None,
    names: dict[Side, str],
    now: datetime,
    in_force: tuple[date, date] | None,
) -> OccurrenceBox:
    zone = timezone.get_default_timezone()
    steps = list(occurrence.steps.all())
    facts = step_facts(steps)
    state = rules.occurrence_state(occurrence.due_on, facts, now, zone, in_force)
    window = steps[-1].taken_at + rules.REPLY_WINDOW if state == OccurrenceState.ALLEGED else None
    return OccurrenceBox(
        occurrence.pk,
        occurrence.number,
        occurrence.due_on,
        state,
        [
            StepLine(
                rules.STEP_WORDS[StepKind(step.kind)],
                names[Side(step.side)],
                step.text,
                step.evidence,
                step.taken_at,
                step.record_index,
            )
            for step in steps
        ],
        window,
        [
            (kind, rules.STEP_VERBS[kind])
            for kind in (
                []  # nothing is owed before both sides have ratified
                if in_force is None
                else rules.steps_open_to(side, debtor, occurrence.due_on, facts, now, zone, in_force)
            )
        ],
    )


def list_grants(standing: Standing, agreement: Agreement, facts: AgreementFacts, now: datetime) -> list[GrantBox]:
    """Grants under an agreement, in two queries."""
    zone = timezone.get_default_timezone()
    readers = {badge.organisation_id for badge in list_badges(standing, Power.ACCESS)}
    boxes = []
    for grant in Grant.objects.filter(agreement=agreement).select_related("beneficiary").prefetch_related("receipts"):
        receipts = list(grant.receipts.all())
        refusals = sum(bool(receipt.refused) for receipt in receipts)
        problem = rules.grant_problem(GrantFacts(grant.starts_on, grant.ends_on), facts, now, zone)
        boxes.append(
            GrantBox(
                grant.pk,
                grant.beneficiary.name,
                grant.scope,
                grant.purpose,
                grant.starts_on,
                min(grant.ends_on, rules.last_day(facts)) - timedelta(days=1),
                problem or "",
                grant.beneficiary_id in readers,
                len(receipts) - refusals,
                refusals,
            )
        )
    return boxes
