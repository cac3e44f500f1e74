"""Doors of the members' room."""

from __future__ import annotations

from auscult.members.models import Claim, Evidence, Member, Unmasking
from auscult.members.rules import OPEN_STATES, ClaimState, EvidenceKind
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
    """A claim, for a verifier; never the own one.

    Raises:
        NotFound: no such claim, no verifier, or the verifier's own claim.
    """
    claims = Claim.objects.select_for_update() if lock else Claim.objects
    claim = claims.filter(pk=claim_id).exclude(state=ClaimState.WITHDRAWN).first()
    if claim is None or not standing.can(Permission.CLAIM_DECIDE) or claim.member_id == standing.member_id:
        raise NotFound
    return claim


def load_claim_to_vouch(standing: Standing, code: str) -> Claim:
    """The claim whose applicant handed out a code, for a verified member; never the own one.

    Raises:
        NotFound: no such code, no verified member, or the own claim. The three look alike.
    """
    mark = crypto.fingerprint(code, "vouch")
    evidence = Evidence.objects.filter(kind=EvidenceKind.VOUCHES, code_fingerprint=mark).select_related("claim").first()
    claim = evidence.claim if evidence else None
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
