"""What verifiers and custodians see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, OuterRef, Q

from auscult.members import access, casework, rules
from auscult.members.models import Claim, Evidence, Unmasking
from auscult.members.queries.applicants import EvidenceLine, list_evidence
from auscult.members.rules import (
    FLAG_WORDS,
    KIND_WORDS,
    SETTLED_BY_VERIFIERS,
    ClaimKind,
    ClaimState,
    EvidenceKind,
    Flag,
    Via,
)
from auscult.registry.queries import find_contacts, find_freshness
from auscult.registry.rules import Contacts
from auscult.registry.taxonomy import group_label
from auscult.shared import crypto
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing


@dataclass(frozen=True)
class QueueLine:
    """One case in the verifier's queue, without a name until it is opened.

    Attributes:
        due_at: when it should be decided.
        opinions: how many have given theirs, of ``needed``.
    """

    claim_id: int
    kind: str
    specialty: str
    practice_state: str
    state: str
    submitted_at: datetime
    due_at: datetime | None
    overdue: bool
    points: int
    flags: int
    needed: int
    opinions: int
    mine: bool


@dataclass(frozen=True)
class CodeToSend:
    """A code that waits to be said, faxed or posted."""

    claim_id: int
    kind: EvidenceKind
    via: Via
    asked_at: datetime
    overdue: bool


@dataclass(frozen=True)
class QueuePage:
    """The verifier's desk: cases to decide, codes to send, cases that wait for their applicants."""

    to_decide: list[QueueLine]
    to_send: list[CodeToSend]
    waiting: list[QueueLine]
    waiting_in_all: int
    target_days: int


def _require_verifier(standing: Standing) -> int:
    if not standing.can(Permission.CLAIM_DECIDE):
        raise NotFound
    return standing.require_member()


def get_queue_page(standing: Standing, now: datetime) -> QueuePage:
    """Open cases, those nearest to their deadline first.

    Raises:
        NotFound: no verifier.
    """
    own = _require_verifier(standing)
    claims = Claim.objects.filter(state__in=rules.OPEN_STATES).exclude(member_id=own)
    rivals = Claim.objects.filter(record_fingerprint=OuterRef("record_fingerprint")).exclude(
        member_id=OuterRef("member_id")
    )
    annotated = claims.annotate(
        held=Exists(rivals.filter(state=ClaimState.VERIFIED)),
        rivalled=Exists(rivals.filter(state__in=rules.OPEN_STATES)),
        confirmed=ArrayAgg(
            "evidence__points", filter=Q(evidence__state=Evidence.State.CONFIRMED), default=[], distinct=False
        ),
    )
    review = list(annotated.filter(state=ClaimState.IN_REVIEW).order_by("review_at")[:200])
    waiting = list(annotated.exclude(state=ClaimState.IN_REVIEW).order_by("submitted_at")[:50])
    opinions: dict[int, list[int | None]] = {}
    for claim_id, verifier_id, on_appeal, appealed_at in Claim.objects.filter(
        pk__in=[c.pk for c in review]
    ).values_list("pk", "opinions__verifier_id", "opinions__on_appeal", "appealed_at"):
        if verifier_id is not None and on_appeal == (appealed_at is not None):
            opinions.setdefault(claim_id, []).append(verifier_id)
    codes = (
        Evidence.objects.filter(claim__in=claims, state=Evidence.State.OFFERED, code_sealed__isnull=False, sent_at=None)
        .exclude(kind=EvidenceKind.VOUCHES)
        .order_by("offered_at")
        .values_list("claim_id", "kind", "via", "offered_at")
    )
    return QueuePage(
        to_decide=[_line(claim, opinions.get(claim.pk, []), own, now) for claim in review],
        to_send=[
            CodeToSend(claim_id, EvidenceKind(kind), Via(via), asked, now - asked > timedelta(days=2))
            for claim_id, kind, via, asked in codes[:200]
        ],
        waiting=[_line(claim, [], own, now) for claim in waiting],
        waiting_in_all=claims.exclude(state=ClaimState.IN_REVIEW).count(),
        target_days=rules.TARGET.days,
    )


def _line(claim: Any, opinions: list[int | None], own: int, now: datetime) -> QueueLine:
    flags = {Flag(flag) for flag in claim.flags}
    if claim.held:
        flags.add(Flag.VERIFIED_ELSEWHERE)
    if claim.rivalled:
        flags.add(Flag.OTHER_CLAIMS)
    due = claim.deadline_at or (claim.review_at + rules.TARGET if claim.review_at else None)
    return QueueLine(
        claim_id=claim.pk,
        kind=KIND_WORDS[ClaimKind(claim.kind)],
        specialty=group_label(claim.specialty_group) or claim.member_class,
        practice_state=claim.practice_state,
        state=claim.state,
        submitted_at=claim.submitted_at,
        due_at=due,
        overdue=due is not None and now > due,
        points=sum(points or 0 for points in claim.confirmed),
        flags=len(flags),
        needed=rules.verifiers_needed(
            ClaimKind(claim.kind),
            Level(claim.wanted),
            contested=claim.contested_id is not None,
            appealed=claim.appealed_at is not None,
            flags=flags,
        ),
        opinions=len(opinions),
        mine=own in opinions,
    )


@dataclass(frozen=True)
class OpinionLine:
    """What another verifier thinks; whose it is stays out of the page."""

    words: str
    mine: bool
    given_at: datetime


@dataclass(frozen=True)
class ClaimPage:
    """What a verifier sees of one case: name and evidence, never a handle."""

    claim_id: int
    kind: ClaimKind
    kind_words: str
    state: ClaimState
    identity: dict[str, Any]
    contacts: Contacts | None
    flags: list[str]
    freshness: str
    evidence: list[EvidenceLine]
    to_send: list[EvidenceLine]
    settles: list[tuple[EvidenceKind, str]]
    points: int
    enough: bool
    wanted: Level
    needed: int
    opinions: list[OpinionLine]
    decided_before: bool
    appeal: str
    deadline_at: datetime | None
    due_at: datetime | None
    reasons: list[tuple[str, str, str]]
    reason: str
    submitted_at: datetime
    is_open: bool


def get_claim_page(standing: Standing, claim_id: int, now: datetime) -> ClaimPage:
    """One case, for a verifier.

    Raises:
        NotFound: no such claim for this standing.
    """
    claim = access.load_claim_to_read(standing, claim_id, now)
    lines = list_evidence(claim, with_notes=True)
    confirmed = [(line.kind, line.points) for line in lines if line.state == Evidence.State.CONFIRMED]
    identity = casework.read_identity(claim)
    number = identity.get("number", "")
    flags = casework.flags_of(claim)
    appealed = claim.appealed_at is not None
    fresh = find_freshness(number) if number else None
    opinions = list(claim.opinions.filter(on_appeal=appealed).order_by("given_at"))
    wanted = Level(claim.wanted)
    return ClaimPage(
        claim_id=claim.pk,
        kind=ClaimKind(claim.kind),
        kind_words=KIND_WORDS[ClaimKind(claim.kind)],
        state=ClaimState(claim.state),
        identity=identity,
        contacts=find_contacts(number) if number else None,
        flags=[
            FLAG_WORDS[flag] + (f" {', '.join(identity.get('notes', []))}." if flag == Flag.INEXACT else "")
            for flag in Flag
            if flag in flags
        ],
        freshness=f"{fresh.outcome}, asked {fresh.checked_at:%-d %B %Y %H:%M}" if fresh else "",
        evidence=lines,
        to_send=[
            line
            for line in lines
            if line.waits_for and line.kind != EvidenceKind.VOUCHES and line.state == Evidence.State.OFFERED
        ],
        settles=[
            (line.kind, line.words)
            for line in lines
            if line.kind in SETTLED_BY_VERIFIERS and (line.state or line.kind == EvidenceKind.BOARD_LOOKUP)
        ],
        points=sum(points for _, points in confirmed),
        enough=rules.level_from(confirmed) >= wanted,
        wanted=wanted,
        needed=rules.verifiers_needed(
            ClaimKind(claim.kind), wanted, contested=claim.contested_id is not None, appealed=appealed, flags=flags
        ),
        opinions=[
            OpinionLine(
                f"{opinion.decision}: {rules.reason_words(opinion.reason)}",
                opinion.verifier_id == standing.member_id,
                opinion.given_at,
            )
            for opinion in opinions
        ],
        decided_before=appealed and claim.opinions.filter(verifier_id=standing.member_id, on_appeal=False).exists(),
        appeal=crypto.unseal(claim.appeal_sealed, "claim.appeal").decode() if claim.appeal_sealed else "",
        deadline_at=claim.deadline_at,
        due_at=claim.review_at + rules.TARGET if claim.review_at else None,
        reasons=[(decision.value, code, words) for decision, code, words in rules.reasons_for(ClaimKind(claim.kind))],
        reason=rules.reason_words(claim.reason),
        submitted_at=claim.submitted_at,
        is_open=claim.state in rules.OPEN_STATES,
    )


def get_document(standing: Standing, claim_id: int, now: datetime) -> tuple[bytes, str]:
    """The document of a claim and its media type, for a verifier.

    Raises:
        NotFound: no such claim for this standing, or no document.
    """
    claim = access.load_claim_to_read(standing, claim_id, now)
    evidence = claim.evidence.filter(kind=EvidenceKind.DOCUMENT, document_sealed__isnull=False).first()
    if evidence is None:
        raise NotFound
    data = crypto.unseal(bytes(evidence.document_sealed or b""), "evidence.document")
    return data, rules.document_type(data) or "application/octet-stream"


@dataclass(frozen=True)
class CodeSheet:
    """What is said, faxed or posted to the registered practice."""

    via: Via
    code: str
    name: str
    value: str
    until: datetime


def get_code_sheet(standing: Standing, claim_id: int, kind: EvidenceKind, now: datetime) -> CodeSheet:
    """The code of a claim with where it goes, for a verifier.

    Raises:
        NotFound: no such claim for this standing, no code that waits, or the register has no such contact.
    """
    claim = access.load_claim_to_decide(standing, claim_id)
    evidence = claim.evidence.filter(kind=kind, state=Evidence.State.OFFERED, code_sealed__isnull=False).first()
    if evidence is None or evidence.code_sealed is None or not evidence.via:
        raise NotFound
    identity = casework.read_identity(claim)
    contacts = find_contacts(identity["number"])
    via = Via(evidence.via)
    if contacts is None:
        raise NotFound("The register has no such contact.")
    contact = {Via.TELEPHONE: contacts.phone, Via.FAX: contacts.fax, Via.POST: contacts.address}[via]
    if not contact.value:
        raise NotFound("The register has no such contact.")
    return CodeSheet(
        via,
        crypto.unseal(evidence.code_sealed, "evidence.code").decode(),
        identity["registered_name"],
        contact.value,
        evidence.code_until or now + rules.SENT_CODE_LASTS[via],
    )


@dataclass(frozen=True)
class UnmaskingLine:
    """One unmasking, for custodians: a handle and a reason, never a name."""

    unmasking_id: int
    handle: str
    reason: str
    legal_order: str
    asked_at: datetime
    mine: bool
    approved: bool | None
    decided_at: datetime | None
    notice_at: datetime | None
    noticed_at: datetime | None
    may_see: bool


def list_unmaskings(standing: Standing, now: datetime) -> list[UnmaskingLine]:
    """Unmaskings, the newest first, for a custodian.

    Raises:
        NotFound: no custodian.
    """
    if not standing.can(Permission.UNMASKING_ASK):
        raise NotFound
    return [
        UnmaskingLine(
            row.pk,
            row.member.handle or "erased",
            row.reason,
            row.legal_order,
            row.asked_at,
            row.asked_by_id == standing.member_id,
            row.approved,
            row.decided_at,
            row.notice_at,
            row.noticed_at,
            bool(row.approved)
            and row.decided_at is not None
            and now <= row.decided_at + rules.UNMASKING_SHOWN
            and standing.member_id in {row.asked_by_id, row.decided_by_id},
        )
        for row in Unmasking.objects.select_related("member")[:100]
    ]


def count_waiting(standing: Standing) -> tuple[int, int]:
    """Cases to decide and codes to send, for a verifier's own page; zeros for anybody else."""
    if not standing.can(Permission.CLAIM_DECIDE):
        return 0, 0
    claims = Claim.objects.exclude(member_id=standing.member_id or 0)
    codes = Evidence.objects.filter(
        claim__in=claims.filter(state__in=rules.OPEN_STATES),
        state=Evidence.State.OFFERED,
        code_sealed__isnull=False,
        sent_at=None,
    ).exclude(kind=EvidenceKind.VOUCHES)
    return claims.filter(state=ClaimState.IN_REVIEW).count(), codes.count()


def count_unmaskings_to_decide(standing: Standing) -> int:
    """Unmaskings that wait for this custodian's word; zero for anybody else."""
    if not standing.can(Permission.UNMASKING_DECIDE):
        return 0
    return Unmasking.objects.filter(approved=None).exclude(asked_by_id=standing.member_id).count()
