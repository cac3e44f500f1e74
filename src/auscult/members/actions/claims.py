"""Claims: to be the holder of a record, to be in training, to be assured; withdrawing and appealing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from auscult.members import access, casework, limits, rules
from auscult.members.models import Claim, Evidence, Member
from auscult.members.rules import ClaimKind, ClaimState, EvidenceKind, Flag
from auscult.registry.queries import find_record, match_record, names_fit, normalise_number
from auscult.registry.rules import CONTACT_AGE, RecordMatch, RecordStatus
from auscult.shared import audit, crypto, jobs
from auscult.shared.limits import Limit, take
from auscult.shared.refusals import Conflict, NotAllowed, Refused
from auscult.shared.standing import Level, MemberClass, Obstacle, Standing

#: One answer for «no such number», «another name», «another licence» and «not active»: none may be told from the other.
NO_MATCH = (
    "We could not match these details to an active register record. Check the number, the spelling of "
    "your name as registered, and the licence. If all is right, ask people to look at it, below."
)


class CannotSubmitClaim(Refused):
    """The claim was not taken."""


class CannotAppealDecision(Conflict):
    """There is no decision to appeal."""


def _limit(standing: Standing, now: datetime, number: str, origin: str) -> None:
    """Count a try by account, address and record. All three are counted before any refuses."""
    account, record = standing.require_member(), f"{settings.REGISTER}:{number}"
    refusal = _taken(limits.CLAIMS_BY_ACCOUNT, account, now)
    if origin:
        refusal = _taken(limits.CLAIMS_BY_ADDRESS, origin, now) or refusal
    # An account's first try at a record is never refused for what others tried: they would lock its holder out.
    if _taken(limits.FIRST_TRY, f"{account}:{record}", now):
        refusal = _taken(limits.CLAIMS_BY_RECORD, record, now) or refusal
    if refusal:
        raise refusal


def _taken(limit: Limit, key: str | int, now: datetime) -> Refused | None:
    try:
        take(limit, key, now)
    except Refused as refusal:
        return refusal
    return None


def _load_claimant(standing: Standing, now: datetime) -> Member:
    """The member who claims, locked; without an open claim, and not verified for long enough yet."""
    member = access.load_own_member(standing, lock=True)
    if Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).exists():
        raise Conflict("You have a claim already.")
    valid = member.level >= Level.L2 and member.verified_until is not None
    if valid and member.verified_until is not None and now < member.verified_until - rules.RENEWAL_OPENS:
        opens = member.verified_until - rules.RENEWAL_OPENS
        raise Conflict(f"You are verified already. A renewal may begin on {opens:%-d %B %Y}.")
    return member


def _flags(match: RecordMatch, now: datetime) -> list[Flag]:
    flags = []
    if match.updated_on is not None and now.date() - match.updated_on < CONTACT_AGE:
        flags.append(Flag.RECORD_CHANGED)
    if match.notes:
        flags.append(Flag.INEXACT)
    if match.shared_code:
        flags.append(Flag.SHARED_CODE)
    return flags


def _open(
    member: Member, *, kind: ClaimKind, typed: dict[str, str], match: RecordMatch | None, flags: list[Flag], now: datetime,
    **fields: Any,
) -> Claim:  # fmt: skip
    identity = {
        **typed,
        "registered_name": match.full_name if match else f"{typed['first_name']} {typed['last_name']}",
        "specialty": match.specialty if match else "",
        "notes": list(match.notes) if match else [],
    }
    record = {
        "specialty_group": match.specialty_group,
        "practice_state": match.state,
        "sex": match.sex,
        "career": match.career,
    } if match else {}  # fmt: skip
    number = typed.get("number", "")
    return Claim.objects.create(
        member=member,
        kind=kind,
        record_fingerprint=casework.record_mark(number) if number else None,
        identity_sealed=casework.seal_identity(identity),
        flags=[flag.value for flag in flags],
        submitted_at=now,
        **record,
        **fields,
    )


def submit_claim(
    *,
    standing: Standing,
    now: datetime,
    number: str,
    last_name: str,
    first_name: str,
    licence: str,
    licence_state: str,
    retired: bool = False,
    origin: str = "",
) -> Claim:
    """Claim a register record.

    Who may: a signed-in account without an open claim, whose verification is not valid (none yet, lapsed, or lapsing
    within 60 days). What changes: a claim is opened and the member becomes L1 (registered), who reads and does not vote.
    What follows: evidence.

    Args:
        number: of the record, for example an NPI.
        retired: whether the claimant has left practice; the record may be deactivated, and the member stays outside weights.
        origin: network address of the request, for its limit; empty for none.

    Raises:
        NotAllowed: nobody is signed in.
        TooMany: tried too often.
        Conflict: there is an open claim, or a verification that is still valid.
        CannotSubmitClaim: no match, in the same words for every reason.
    """
    number = normalise_number(number)
    _limit(standing, now, number, origin)
    with transaction.atomic():
        member = _load_claimant(standing, now)
        facts = {
            "number": number, "last_name": last_name, "first_name": first_name, "licence": licence,
            "licence_state": licence_state,
        }  # fmt: skip
        statuses = (RecordStatus.ACTIVE, RecordStatus.DEACTIVATED) if retired else (RecordStatus.ACTIVE,)
        match = match_record(
            number=number,
            last_name=last_name,
            first_name=first_name,
            licence=licence,
            licence_state=licence_state,
            on=now.date(),
            statuses=statuses,
        )
        # A record that somebody holds is claimed like any other, and goes to two verifiers: a refusal would tell whoever
        # knows the public facts of a colleague that the colleague is a member.
        if match is None:
            raise CannotSubmitClaim(NO_MATCH)
        claim = _open(
            member,
            kind=ClaimKind.RETIRED if retired else ClaimKind.RECORD,
            typed={key: value.strip() for key, value in facts.items()} | {"licence_state": licence_state.upper()},
            match=match,
            flags=_flags(match, now),
            now=now,
            member_class=MemberClass.RETIRED if retired else MemberClass.PHYSICIAN,
        )
        member.level = max(member.level, Level.L1)
        member.save(update_fields=["level"])
        audit.record("members.claim.submit", standing=standing, thing=f"claim:{claim.pk}", now=now)
        jobs.queue("members.check_freshness", claim_id=claim.pk)
    return claim


def ask_review(
    *,
    standing: Standing,
    now: datetime,
    number: str,
    last_name: str,
    first_name: str,
    licence: str,
    licence_state: str,
    origin: str = "",
) -> Claim:
    """Ask people to look at a claim that did not match.

    Another name since, a misspelt register, or a record that somebody else holds.

    Who may: as for a claim. What changes: a claim is opened; its author stays L0 and learns nothing of the record. What
    follows: evidence; where another account is verified for the record and the evidence is independent, a dispute.

    Raises:
        NotAllowed: nobody is signed in.
        TooMany: tried too often.
        Conflict: there is an open claim, or a verification that is still valid.
        CannotSubmitClaim: a name or the number is missing.
    """
    number = normalise_number(number)
    _limit(standing, now, number, origin)
    if not number or not last_name.strip() or not first_name.strip():
        raise CannotSubmitClaim("Give the number, and your first and last name.")
    with transaction.atomic():
        member = _load_claimant(standing, now)
        found = find_record(number, now.date())
        match, status = found or (None, None)
        if status != RecordStatus.ACTIVE:
            match = None
        typed = {
            "number": number, "last_name": last_name.strip(), "first_name": first_name.strip(),
            "licence": licence.strip(), "licence_state": licence_state.strip().upper(),
        }  # fmt: skip
        flags = _flags(match, now) if match else [Flag.NO_RECORD]
        if match and not names_fit(number, last_name, first_name):
            flags.append(Flag.ANOTHER_NAME)
        claim = _open(member, kind=ClaimKind.REVIEW, typed=typed, match=match, flags=flags, now=now)
        audit.record("members.review.ask", standing=standing, thing=f"claim:{claim.pk}", now=now)
        jobs.queue("members.check_freshness", claim_id=claim.pk)
    return claim


def claim_training(
    *, standing: Standing, now: datetime, member_class: MemberClass, last_name: str, first_name: str, programme: str
) -> Claim:
    """Claim to be a resident or a student, who stand in no register of physicians; shown by evidence alone.

    Who may: as for a claim. What changes: a claim is opened and the member becomes L1. What follows: evidence; verified,
    the member speaks and stays outside weights and counts of physicians, for a year.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: there is an open claim, or a verification that is still valid.
        CannotSubmitClaim: a name or the programme is missing.
    """
    if member_class not in {MemberClass.RESIDENT, MemberClass.STUDENT}:
        raise CannotSubmitClaim("Choose resident or student.")
    if not last_name.strip() or not first_name.strip() or not programme.strip():
        raise CannotSubmitClaim("Give your first and last name, and your hospital or school.")
    with transaction.atomic():
        member = _load_claimant(standing, now)
        typed = {"last_name": last_name.strip(), "first_name": first_name.strip(), "programme": programme.strip()}
        claim = _open(
            member, kind=ClaimKind.TRAINING, typed=typed, match=None, flags=[], now=now, member_class=member_class
        )
        member.level = max(member.level, Level.L1)
        member.save(update_fields=["level"])
        audit.record("members.training.claim", standing=standing, thing=f"claim:{claim.pk}", now=now)
    return claim


def ask_assurance(*, standing: Standing, now: datetime) -> Claim:
    """Ask for level L3, for officers and verifiers: more evidence, among it video or proofing, and two verifiers.

    Who may: a member verified for a record. What changes: a claim on the own record is opened; L2 stays as it is.

    Raises:
        NotAllowed: not verified for a record.
        Conflict: there is an open claim, or L3 already.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        held = Claim.objects.filter(member=member, state=ClaimState.VERIFIED).first()
        if member.level < Level.L2 or held is None or held.member_class != MemberClass.PHYSICIAN:
            raise NotAllowed("Assurance is for members who are verified for a register record.")
        if standing.obstacle not in {Obstacle.NONE, Obstacle.SECOND_FACTOR}:
            raise NotAllowed("Assurance is for members whose verification is in force.")
        lapsing = member.verified_until is None or now >= member.verified_until - rules.RENEWAL_OPENS
        if member.level >= Level.L3 and not lapsing:
            raise Conflict("You are assured already.")
        if Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).exists():
            raise Conflict("You have a claim already.")
        claim = casework.open_on_record_of(held, kind=ClaimKind.ASSURANCE, wanted=Level.L3, now=now)
        # What was shown for L2 within its time counts on; being seen is shown anew each time.
        shown = held.evidence.filter(state=Evidence.State.CONFIRMED, settled_at__gt=now - rules.LASTS[Level.L2])
        for evidence in shown.exclude(kind__in=[EvidenceKind.VIDEO, EvidenceKind.PROOFING]):
            Evidence.objects.create(
                claim=claim,
                kind=evidence.kind,
                state=evidence.state,
                points=evidence.points,
                via=evidence.via,
                document_hash=evidence.document_hash,
                offered_at=evidence.offered_at,
                settled_at=evidence.settled_at,
            )
        audit.record("members.assurance.ask", standing=standing, thing=f"claim:{claim.pk}", now=now)
    return claim


def withdraw_claim(*, standing: Standing, now: datetime) -> None:
    """Withdraw the own open claim; its documents are deleted at once.

    Raises:
        NotFound: no open claim.
        Conflict: an answer to a dispute, which ends with it.
    """
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        if claim.kind == ClaimKind.DEFENCE:
            raise Conflict("This is your answer to a dispute; it ends with the dispute.")
        claim.state, claim.decided_at = ClaimState.WITHDRAWN, now
        claim.save(update_fields=["state", "decided_at"])
        if claim.contested_id:
            casework.free_holders([claim], now=now)
        claim.evidence.update(
            document_sealed=None, note_sealed=None, code_sealed=None, code_fingerprint=None, code_until=None
        )
        Member.objects.filter(pk=claim.member_id, level=Level.L1).update(level=Level.L0)
        audit.record("members.claim.withdraw", standing=standing, thing=f"claim:{claim.pk}", now=now)


def appeal_decision(*, standing: Standing, now: datetime, text: str) -> None:
    """Appeal against a rejection within 30 days; two verifiers who did not decide before look at it.

    Raises:
        NotAllowed: nobody is signed in.
        CannotAppealDecision: nothing was rejected, it is too late, or it was appealed before.
        Refused: no text.
    """
    if not text.strip():
        raise Refused("Write why the decision is wrong.")
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        cases = Claim.objects.select_for_update().filter(member=member).exclude(state=ClaimState.WITHDRAWN)
        claim = cases.exclude(kind=ClaimKind.DEFENCE).order_by("pk").last()
        if claim is None or claim.state != ClaimState.REJECTED or claim.decided_at is None:
            raise CannotAppealDecision("There is no rejection to appeal against.")
        if claim.appealed_at is not None:
            raise CannotAppealDecision("This was appealed before. You may claim again with other evidence.")
        if now > claim.decided_at + rules.APPEAL_WITHIN:
            raise CannotAppealDecision("The 30 days for an appeal are over. You may claim again with other evidence.")
        if Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).exists():
            raise CannotAppealDecision("You have another claim open. Withdraw it first.")
        # The other side is whoever holds the record now. An appeal freezes nobody and ends only by its two verifiers.
        claim.deadline_at = None
        claim.contested = (
            Claim.objects.filter(record_fingerprint=claim.record_fingerprint, state=ClaimState.VERIFIED)
            .exclude(member=member)
            .first()
            if claim.record_fingerprint
            else None
        )
        claim.state, claim.reason, claim.decided_at = ClaimState.IN_REVIEW, "", None
        claim.appealed_at, claim.review_at = now, now
        claim.appeal_sealed = crypto.seal(text.strip(), "claim.appeal")
        claim.save()
        if claim.kind != ClaimKind.REVIEW:
            Member.objects.filter(pk=member.pk, level=Level.L0).update(level=Level.L1)
        audit.record("members.decision.appeal", standing=standing, thing=f"claim:{claim.pk}", now=now)
