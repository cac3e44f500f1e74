"""Doors of the members' room."""

from __future__ import annotations

from datetime import datetime

from auscult.members.models import Claim, Evidence, Member, Unmasking
from auscult.members.rules import OPEN_STATES, READ_AFTER_DECISION, ClaimState, EvidenceKind
from auscult.shared import crypto
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing


def load_own_member(standing: Standing, *, lock: bool = False) -> Member:
    """The member who acts.

    Raises:
        NotAllowed: nobody is signed in.
    """
    members = Member.objects.select_for_update() if lock else Member.objects
    return members.get(pk=standing.require_member())


def load_own_open_claim(standing: Standing) -> Claim:
    """The open claim of the member who acts, locked.

    Raises:
        NotFound: there is none.
    """
    claim = Claim.objects.select_for_update().filter(member_id=standing.member_id or 0, state__in=OPEN_STATES).first()
    if claim is None:
        raise NotFound("You have no open claim. Claim your register record first.")
    return claim


def load_claim_to_decide(standing: Standing, claim_id: int, *, lock: bool = False) -> Claim:
    """A claim, for a verifier; never the own one, one on a record that the verifier claims or holds, or one vouched for.

    Raises:
        NotFound: no such claim, no verifier, or one with a stake in it.
    """
    claims = Claim.objects.select_for_update() if lock else Claim.objects
    claim = claims.filter(pk=claim_id).exclude(state=ClaimState.WITHDRAWN).first()
    if claim is None or not standing.can(Permission.CLAIM_DECIDE) or claim.member_id == standing.member_id:
        raise NotFound
    own = Claim.objects.filter(member_id=standing.require_member()).exclude(state=ClaimState.WITHDRAWN)
    if claim.record_fingerprint is not None and own.filter(record_fingerprint=claim.record_fingerprint).exists():
        raise NotFound
    if claim.vouches.filter(voucher_id=standing.member_id).exists():
        raise NotFound
    return claim


def load_claim_to_read(standing: Standing, claim_id: int, now: datetime) -> Claim:
    """A claim that is open or was decided in the last 30 days, for a verifier without a stake in it.

    Raises:
        NotFound: none such for this standing.
    """
    claim = load_claim_to_decide(standing, claim_id)
    if claim.decided_at is not None and now > claim.decided_at + READ_AFTER_DECISION:
        raise NotFound
    return claim


def load_claim_to_vouch(standing: Standing, code: str, *, lock: bool = False) -> Claim:
    """The claim whose applicant handed out a code, for a verified member; never the own one.

    Raises:
        NotFound: no such code, no verified member, or the own claim. The three look alike.
    """
    mark = crypto.fingerprint(code, "vouch")
    found = Evidence.objects.filter(kind=EvidenceKind.VOUCHES, code_fingerprint=mark).values_list("claim_id", flat=True)
    claims = Claim.objects.select_for_update() if lock else Claim.objects
    claim = claims.filter(pk__in=list(found)).first()
    if (
        claim is None
        or not standing.can(Permission.APPLICANT_VOUCH)
        or standing.level < Level.L2
        or claim.member_id == standing.member_id
        or claim.state not in OPEN_STATES
    ):
        raise NotFound("There is no applicant with that code, or it has expired. Ask your colleague to look again.")
    return claim


def load_unmasking(standing: Standing, unmasking_id: int, *, lock: bool = False) -> Unmasking:
    """An unmasking, for a custodian.

    Raises:
        NotFound: no such thing, or no custodian.
    """
    unmaskings = Unmasking.objects.select_for_update() if lock else Unmasking.objects
    unmasking = unmaskings.filter(pk=unmasking_id).first()
    if unmasking is None or not standing.can(Permission.UNMASKING_ASK):
        raise NotFound
    return unmasking
