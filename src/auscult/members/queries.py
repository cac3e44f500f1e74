"""Reads of the members' room."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Q

from auscult.members import access, rules
from auscult.members.models import Claim, Evidence, Member
from auscult.members.rules import EVIDENCE, ClaimState, Decision, EvidenceKind
from auscult.registry.rules import coarsen
from auscult.registry.taxonomy import group_label
from auscult.shared import crypto
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission, Role
from auscult.shared.standing import READER, Level, Standing, Stratum

_STANDING = """
    SELECT id, handle, level, specialty_group, state, sex, career, verified_until, suspended_at,
           active_on, ARRAY(SELECT role FROM members_rolegrant AS g WHERE g.member_id = m.id)
    FROM members_member AS m WHERE account_id = %s
"""


def get_standing(account_id: int, now: datetime) -> Standing:
    """Standing of a signed-in account, in one query.

    MEMBER is in force while the level is at least L2, the verification has not lapsed and nobody suspended it.
    """
    return read_visitor(account_id, now)[0]


def read_visitor(account_id: int, now: datetime) -> tuple[Standing, date | None]:
    """Standing of a signed-in account, and the day of its last request."""
    # Plain SQL: it runs in every request, and building it by the ORM cost four times the query itself.
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [account_id])
        row = cursor.fetchone()
    if row is None:
        return READER, None
    pk, handle, level, group, state, sex, career, until, suspended_at, active_on, granted = row
    roles = {Role(role) for role in granted}
    valid = level >= Level.L2 and until is not None and now < until and suspended_at is None
    if valid:
        roles.add(Role.MEMBER)
    standing = Standing(
        member_id=pk,
        handle=handle,
        level=Level(level),
        roles=frozenset(roles),
        stratum=coarsen(group, state, sex, career) if valid else None,
        specialty=group_label(group),
    )
    return standing, active_on


def count_verified(now: datetime) -> int:
    """Members at level L2 or higher whose verification is valid."""
    return Member.objects.filter(level__gte=Level.L2, verified_until__gt=now, suspended_at__isnull=True).count()


def count_registered() -> int:
    """All members, verified or not."""
    return Member.objects.count()


def list_active_counts(now: datetime, days: Sequence[int]) -> list[int]:
    """Valid verified members whose last request was within so many days, one count for each of ``days``."""
    valid = Q(level__gte=Level.L2, verified_until__gt=now, suspended_at__isnull=True)
    counts = Member.objects.aggregate(
        **{f"in_{n}": Count("pk", filter=valid & Q(active_on__gt=now.date() - timedelta(days=n))) for n in days}
    )
    return [counts[f"in_{n}"] for n in days]


def count_by_stratum(now: datetime) -> dict[Stratum, int]:
    """Valid verified members by coarse stratum."""
    rows = (
        Member.objects.filter(level__gte=Level.L2, verified_until__gt=now, suspended_at__isnull=True)
        .values_list("specialty_group", "state", "sex", "career")
        .annotate(members=Count("pk"))
    )
    counts: dict[Stratum, int] = {}
    for group, state, sex, career, members in rows:
        stratum = coarsen(group, state, sex, career)
        counts[stratum] = counts.get(stratum, 0) + members
    return counts


def median_decision_hours() -> float | None:
    """Published median of hours from claim to decision, or None with fewer than ten decisions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - submitted_at)) "
            "FROM members_claim WHERE decided_at IS NOT NULL AND state IN ('verified', 'rejected')"
        )
        count, seconds = cursor.fetchone()
    return float(seconds) / 3600 if count >= 10 else None


@dataclass(frozen=True)
class EvidenceLine:
    """One kind of evidence on the applicant's or verifier's page."""

    kind: EvidenceKind
    words: str
    points: int
    independent: bool
    state: str
    note: str = ""
    has_document: bool = False


@dataclass(frozen=True)
class VerificationPage:
    """Where an applicant stands, what is next, how long it takes."""

    level: Level
    state: ClaimState | None
    reason: str
    registered_name: str
    specialty: str
    evidence: list[EvidenceLine]
    points: int
    enough: bool
    code_is_awaited: bool
    queue_position: int | None
    target_days: int
    median_hours: float | None
    handle: str | None
    verified_until: datetime | None
    lapsed: bool
    submitted_at: datetime | None


def get_verification_page(standing: Standing, now: datetime) -> VerificationPage:
    """The applicant's own page.

    Raises:
        NotAllowed: nobody is signed in.
    """
    member = access.load_own_member(standing)
    claim = Claim.objects.filter(member=member).exclude(state=ClaimState.WITHDRAWN).order_by("-pk").first()
    lines, identity, position = [], {}, None
    if claim:
        identity = json.loads(crypto.unseal(claim.identity_sealed, "claim.identity"))
        lines = _evidence_lines(claim, with_notes=False)
        if claim.state == ClaimState.SUBMITTED:
            position = Claim.objects.filter(state=ClaimState.SUBMITTED, submitted_at__lte=claim.submitted_at).count()
    confirmed = [line for line in lines if line.state == Evidence.State.CONFIRMED]
    return VerificationPage(
        level=Level(member.level),
        state=ClaimState(claim.state) if claim else None,
        reason=rules.REASONS[claim.reason][1] if claim and claim.reason else "",
        registered_name=identity.get("registered_name", ""),
        specialty=identity.get("specialty", ""),
        evidence=lines,
        points=sum(line.points for line in confirmed),
        enough=rules.level_from(line.kind for line in confirmed) >= Level.L2,
        code_is_awaited=any(
            line.kind == EvidenceKind.INSTITUTIONAL_EMAIL and line.state == Evidence.State.OFFERED for line in lines
        ),
        queue_position=position,
        target_days=rules.TARGET.days,
        median_hours=median_decision_hours(),
        handle=member.handle,
        verified_until=member.verified_until,
        lapsed=member.verified_until is not None and now >= member.verified_until,
        submitted_at=claim.submitted_at if claim else None,
    )


def _evidence_lines(claim: Claim, *, with_notes: bool) -> list[EvidenceLine]:
    stored = {
        EvidenceKind(e.kind): e for e in claim.evidence.defer("document_sealed").annotate(
            documents=Count("pk", filter=Q(document_sealed__isnull=False))
        )
    }  # fmt: skip
    lines = []
    for kind, rule in EVIDENCE.items():
        found = stored.get(kind)
        note = ""
        if found and with_notes and found.note_sealed:
            note = crypto.unseal(found.note_sealed, "evidence.note").decode()
        lines.append(
            EvidenceLine(
                kind,
                rule.words,
                rule.points,
                rule.independent,
                found.state if found else "",
                note,
                bool(found and found.documents),
            )
        )
    return lines


@dataclass(frozen=True)
class QueueLine:
    """One open claim in the verifier's queue."""

    claim_id: int
    specialty: str
    practice_state: str
    state: str
    submitted_at: datetime
    overdue: bool
    points: int


def list_open_claims(standing: Standing, now: datetime) -> list[QueueLine]:
    """Open claims, oldest first, for a verifier; without names until one is opened.

    Raises:
        NotFound: no verifier.
    """
    if not standing.can(Permission.CLAIM_DECIDE):
        raise NotFound
    claims = (
        Claim.objects.filter(state__in=rules.OPEN_STATES)
        .exclude(member_id=standing.require_member())
        .order_by("submitted_at")
        .annotate(kinds=ArrayAgg("evidence__kind", filter=Q(evidence__state=Evidence.State.CONFIRMED), default=[]))
    )
    return [
        QueueLine(
            claim.pk,
            group_label(claim.specialty_group),
            claim.practice_state,
            claim.state,
            claim.submitted_at,
            now - claim.submitted_at > rules.TARGET,
            sum(EVIDENCE[EvidenceKind(kind)].points for kind in claim.kinds),
        )
        for claim in claims[:200]
    ]


@dataclass(frozen=True)
class ClaimPage:
    """What a verifier sees of one claim: name and evidence, never a handle."""

    claim_id: int
    state: ClaimState
    identity: dict[str, str]
    evidence: list[EvidenceLine]
    points: int
    enough: bool
    reasons: list[tuple[str, str, str]]
    submitted_at: datetime
    is_open: bool


def get_claim_page(standing: Standing, claim_id: int) -> ClaimPage:
    """One claim, for a verifier.

    Raises:
        NotFound: no such claim for this standing.
    """
    claim = access.load_claim_to_decide(standing, claim_id)
    lines = _evidence_lines(claim, with_notes=True)
    confirmed = [line for line in lines if line.state == Evidence.State.CONFIRMED]
    return ClaimPage(
        claim.pk,
        ClaimState(claim.state),
        json.loads(crypto.unseal(claim.identity_sealed, "claim.identity")),
        lines,
        sum(line.points for line in confirmed),
        rules.level_from(line.kind for line in confirmed) >= Level.L2,
        [
            (d.value, code, words)
            for code, (decisions, words) in rules.REASONS.items()
            for d in Decision
            if d in decisions
        ],
        claim.submitted_at,
        claim.state in rules.OPEN_STATES,
    )


def get_document(standing: Standing, claim_id: int) -> tuple[bytes, str]:
    """The document of a claim and its media type, for a verifier.

    Raises:
        NotFound: no such claim for this standing, or no document.
    """
    claim = access.load_claim_to_decide(standing, claim_id)
    evidence = claim.evidence.filter(kind=EvidenceKind.DOCUMENT, document_sealed__isnull=False).first()
    if evidence is None:
        raise NotFound
    data = crypto.unseal(bytes(evidence.document_sealed or b""), "evidence.document")
    return data, rules.document_type(data) or "application/octet-stream"


def find_member_id(email: str) -> int | None:
    """The member of an account address, for operators who give roles; or None."""
    return Member.objects.filter(account__email=email.strip().lower()).values_list("pk", flat=True).first()


@dataclass(frozen=True)
class Signatory:
    """How a member signs in the open: name and licence state of the verified claim, specialty."""

    name: str
    state: str
    specialty: str


def get_signatory(standing: Standing) -> Signatory:
    """Name, licence state and specialty of whoever acts, for a signature that this very person wants to be seen.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: no verified claim.
    """
    member = access.load_own_member(standing)
    claim = Claim.objects.filter(member=member, state=ClaimState.VERIFIED).first()
    if claim is None:
        raise NotFound("You have no verified claim to sign with.")
    identity = json.loads(crypto.unseal(claim.identity_sealed, "claim.identity"))
    return Signatory(identity["registered_name"], identity["licence_state"], identity["specialty"])
