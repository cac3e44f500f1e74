"""What applicants and members see of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from auscult.members import access, casework, rules
from auscult.members.models import Claim, Evidence
from auscult.members.queries.standing import count_by_class
from auscult.members.rules import EVIDENCE, ClaimKind, ClaimState, EvidenceKind, Via
from auscult.registry.queries import find_contacts
from auscult.registry.rules import Contacts
from auscult.shared import crypto
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Level, MemberClass, Obstacle, Standing

#: What the number of a register is called.
NUMBER_NAMES = {"nppes": ("NPI", "Ten digits."), "rpps": ("RPPS number", "Eleven digits.")}


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
    """One kind of evidence on the applicant's or verifier's page.

    Attributes:
        points: what it is worth, or would be, for this claim.
        waits_for: the way by which a code goes; empty for none.
        sent_at: when the code was sent.
        note: what a verifier wrote, or the address; for verifiers alone.
    """

    kind: EvidenceKind
    words: str
    how: str
    points: int
    independent: bool
    state: str
    waits_for: str = ""
    sent_at: datetime | None = None
    code_until: datetime | None = None
    note: str = ""
    has_document: bool = False


def list_evidence(claim: Claim, *, with_notes: bool) -> list[EvidenceLine]:
    """Every kind of evidence, with where it stands for a claim."""
    stored = {EvidenceKind(e.kind): e for e in claim.evidence.defer("document_sealed")}
    documents = set(claim.evidence.filter(document_sealed__isnull=False).values_list("kind", flat=True))
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
                rule.how,
                found.points if found else rule.points,
                rule.independent,
                found.state if found else "",
                found.via if found and found.code_sealed else "",
                found.sent_at if found else None,
                found.code_until if found else None,
                note,
                kind in documents,
            )
        )
    return lines


@dataclass(frozen=True)
class Channel:
    """A way by which a code can go to the registered practice.

    Attributes:
        shown: where it would go, with most of it hidden: the register is public, this page need not repeat it.
        why: what makes it worth less than two points; empty for nothing.
    """

    via: Via
    points: int
    shown: str
    why: str


def _channels(contacts: Contacts | None, now: datetime) -> list[Channel]:
    if contacts is None:
        return []
    found = []
    for via, contact in (
        (Via.TELEPHONE, contacts.phone),
        (Via.FAX, contacts.fax),
        (Via.POST, contacts.address),
    ):
        points = contact.points(now.date())
        if points:
            shown = contact.value.splitlines()[-1] if via == Via.POST else f"…{contact.value[-4:]}"
            why = "" if points == 2 else "shared by many, or changed in the last 60 days"
            found.append(Channel(via, points, shown, why))
    return found


@dataclass(frozen=True)
class VerificationPage:
    """Where an applicant stands, what is next, how long it takes."""

    level: Level
    member_class: MemberClass
    obstacle: Obstacle
    needs_factor: bool
    suspends_at: datetime | None
    claim_id: int | None
    kind: ClaimKind | None
    state: ClaimState | None
    reason: str
    registered_name: str
    specialty: str
    evidence: list[EvidenceLine]
    channels: list[Channel]
    points: int
    needed_points: int
    enough: bool
    two_verifiers: bool
    email_code_awaited: bool
    practice_codes: list[EvidenceLine]
    vouch_code: str
    vouches: int
    queue_position: int | None
    deadline_at: datetime | None
    target_days: int
    median_hours: float | None
    handle: str | None
    verified_until: datetime | None
    may_renew: bool
    may_appeal: bool
    appealed: bool
    submitted_at: datetime | None
    number_name: str
    number_hint: str


def get_verification_page(standing: Standing, now: datetime, *, recovering: bool = False) -> VerificationPage:
    """The applicant's own page.

    Args:
        recovering: whether a password alone opened it; then it says nothing of who the account's holder is.

    Raises:
        NotAllowed: nobody is signed in.
    """
    member = access.load_own_member(standing)
    claim = Claim.objects.filter(member=member).exclude(state=ClaimState.WITHDRAWN).order_by("-pk").first()
    is_open = claim is not None and claim.state in rules.OPEN_STATES
    lines, identity, position, contacts, flags = [], {}, None, None, set()
    if claim:
        identity = casework.read_identity(claim)
        lines = list_evidence(claim, with_notes=False)
        flags = casework.flags_of(claim)
        if claim.state == ClaimState.IN_REVIEW:
            position = Claim.objects.filter(state=ClaimState.IN_REVIEW, review_at__lte=claim.review_at).count()
        if is_open and not recovering and claim.kind != ClaimKind.REVIEW and identity.get("number"):
            contacts = find_contacts(identity["number"])
    confirmed = [(line.kind, line.points) for line in lines if line.state == Evidence.State.CONFIRMED]
    vouching = claim.evidence.filter(kind=EvidenceKind.VOUCHES).first() if claim and is_open else None
    vouch_code = ""
    if vouching and vouching.code_sealed and vouching.code_until and now <= vouching.code_until:
        code = crypto.unseal(vouching.code_sealed, "evidence.code").decode()
        vouch_code = "-".join(code[i : i + 4] for i in range(0, len(code), 4))
    wanted = Level(claim.wanted) if claim else Level.L2
    is_review = claim is not None and claim.kind == ClaimKind.REVIEW and claim.state != ClaimState.VERIFIED
    lapsing = member.verified_until is not None and now >= member.verified_until - rules.RENEWAL_OPENS
    number_name, number_hint = NUMBER_NAMES.get(settings.REGISTER, ("Register number", "As on your certificate."))
    rejected = claim is not None and claim.state == ClaimState.REJECTED
    return VerificationPage(
        level=Level(member.level),
        member_class=MemberClass(member.member_class),
        obstacle=standing.obstacle,
        needs_factor=standing.obstacle == Obstacle.SECOND_FACTOR,
        suspends_at=member.suspends_at,
        claim_id=claim.pk if claim else None,
        kind=ClaimKind(claim.kind) if claim else None,
        state=ClaimState(claim.state) if claim else None,
        reason=rules.reason_words(claim.reason) if claim else "",
        # Whoever asked for a review learns nothing of the record, and whoever recovers an account nothing of its holder.
        registered_name=""
        if recovering
        else _typed_name(identity)
        if is_review
        else identity.get("registered_name", ""),
        specialty="" if recovering or is_review else identity.get("specialty") or identity.get("programme", ""),
        evidence=lines,
        channels=_channels(contacts, now),
        points=sum(points for _, points in confirmed),
        needed_points=rules.L3_POINTS if wanted == Level.L3 else rules.L2_POINTS,
        enough=rules.level_from(confirmed) >= wanted,
        two_verifiers=claim is not None
        and rules.verifiers_needed(
            ClaimKind(claim.kind),
            wanted,
            contested=claim.contested_id is not None,
            appealed=claim.appealed_at is not None,
            # That somebody else holds the record is not for the applicant to know.
            flags=flags - {rules.Flag.VERIFIED_ELSEWHERE},
        )
        == 2,
        email_code_awaited=any(
            line.kind == EvidenceKind.INSTITUTIONAL_EMAIL and line.state == Evidence.State.OFFERED for line in lines
        ),
        practice_codes=[line for line in lines if line.waits_for and line.kind != EvidenceKind.VOUCHES],
        vouch_code=vouch_code,
        vouches=claim.vouches.count() if claim else 0,
        queue_position=position,
        deadline_at=claim.deadline_at if claim and is_open else None,
        target_days=rules.TARGET.days,
        median_hours=median_decision_hours(),
        handle=member.handle,
        verified_until=member.verified_until,
        may_renew=member.level >= Level.L2 and lapsing,
        may_appeal=rejected
        and claim is not None
        and claim.appealed_at is None
        and claim.decided_at is not None
        and now <= claim.decided_at + rules.APPEAL_WITHIN,
        appealed=claim is not None and claim.appealed_at is not None,
        submitted_at=claim.submitted_at if claim else None,
        number_name=number_name,
        number_hint=number_hint,
    )


def _typed_name(identity: dict[str, Any]) -> str:
    return f"{identity.get('first_name', '')} {identity.get('last_name', '')}".strip()


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
    identity = casework.read_identity(claim)
    return Signatory(identity["registered_name"], identity.get("licence_state", ""), identity["specialty"])


@dataclass(frozen=True)
class ApplicantToVouch:
    """What a colleague sees before vouching: a name, never a handle."""

    registered_name: str
    specialty: str
    programme: str


def get_applicant_to_vouch(standing: Standing, code: str) -> ApplicantToVouch:
    """Who handed out a vouching code.

    Raises:
        NotFound: no applicant with that code, for this standing.
    """
    claim = access.load_claim_to_vouch(standing, code)
    identity = casework.read_identity(claim)
    return ApplicantToVouch(identity["registered_name"], identity["specialty"], identity.get("programme", ""))


@dataclass(frozen=True)
class VerificationFigures:
    """What anybody may know of how members are verified here.

    Attributes:
        by_class: valid members by class.
        unmasked: names that were ever opened by two custodians.
    """

    by_class: list[tuple[str, int]]
    by_level: list[tuple[str, int]]
    median_hours: float | None
    target_days: int
    rejected_percent: float | None
    unmasked: int


def get_verification_figures(now: datetime) -> VerificationFigures:
    """Counts and clocks of verification, for the public page."""
    by_class = count_by_class(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'rejected'), count(*) FROM members_claim "
            "WHERE decided_at IS NOT NULL AND state IN ('verified', 'rejected')"
        )
        rejected, decided = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM members_unmasking WHERE approved")
        (unmasked,) = cursor.fetchone()
        cursor.execute(
            "SELECT level, count(*) FROM members_member WHERE level >= 2 AND verified_until > %s AND suspended_at IS NULL "
            "GROUP BY level ORDER BY level",
            [now],
        )
        levels = cursor.fetchall()
    words = {2: "L2, verified", 3: "L3, assured"}
    return VerificationFigures(
        by_class=[(each.value, by_class.get(each, 0)) for each in MemberClass],
        by_level=[(words[level], members) for level, members in levels],
        median_hours=median_decision_hours(),
        target_days=rules.TARGET.days,
        rejected_percent=100 * rejected / decided if decided >= 10 else None,
        unmasked=unmasked,
    )


def find_recovery_standing(claim_id: int) -> Standing | None:
    """Standing of whoever recovers an account: nothing but the own case; None where it is closed."""
    claim = Claim.objects.filter(
        pk=claim_id, kind__in=[ClaimKind.RECOVERY, ClaimKind.DEFENCE], state__in=rules.OPEN_STATES
    ).first()
    return Standing(member_id=claim.member_id) if claim else None
