"""What this room holds of a member, for the member's own eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from auscult.members import access, casework, rules
from auscult.members.models import Claim, Evidence, Member, RoleGrant, Unmasking, Vouch
from auscult.members.rules import EVIDENCE, ClaimKind, ClaimState, EvidenceKind
from auscult.shared import crypto
from auscult.shared.personal import rows_of
from auscult.shared.standing import Level, Standing


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """What this room holds of a member, names included, to take away."""
    member = access.load_own_member(standing)
    account = member.account
    kept = set(
        Evidence.objects.filter(claim__member=member, document_sealed__isnull=False).values_list("pk", flat=True)
    )
    claims = [
        {
            "kind": claim.kind, "state": claim.state, "reason": rules.reason_words(claim.reason),
            "begun_at": claim.submitted_at, "decided_at": claim.decided_at, **_own_identity(claim),
            "appeal": crypto.unseal(claim.appeal_sealed, "claim.appeal").decode() if claim.appeal_sealed else "",
            "noted_for_verifiers": list(claim.flags) if claim.kind != ClaimKind.REVIEW else [],
            "evidence": [
                {
                    "kind": EVIDENCE[EvidenceKind(e.kind)].words, "state": e.state, "points": e.points,
                    "offered_at": e.offered_at,
                    "note": crypto.unseal(e.note_sealed, "evidence.note").decode() if e.note_sealed else "",
                    "document_sha256": bytes(e.document_hash or b"").hex(),
                    "document_is_kept": e.pk in kept,
                }
                for e in claim.evidence.defer("document_sealed").order_by("pk")
            ],
        }
        for claim in Claim.objects.filter(member=member).order_by("pk")
    ]  # fmt: skip
    return {
        "Account": [{"email": account.email, "joined_at": account.joined_at, "last_login": account.last_login}]
        if account
        else [],
        "Addresses": rows_of(EmailAddress.objects.filter(user=account), address="email", confirmed="verified"),
        "Second factors": rows_of(
            Authenticator.objects.filter(user=account), kind="type", made_at="created_at", used_at="last_used_at"
        ),
        "Sessions": rows_of(
            UserSession.objects.filter(user=account), network_address="ip", browser="user_agent", begun_at="created_at"
        ),
        "Membership": [
            {
                "handle": member.handle, "level": Level(member.level).name, "class": member.member_class,
                "specialty_group": member.specialty_group, "state": member.state, "sex": member.sex,
                "years_in_practice": member.career, "verified_at": member.verified_at,
                "valid_until": member.verified_until, "last_visit_on": member.active_on,
                "suspended_for": member.suspended_for, "suspended_at": member.suspended_at,
                "suspends_at": member.suspends_at,
            }
        ],
        "Roles": rows_of(RoleGrant.objects.filter(member=member), role="role", granted_at="granted_at"),
        "Claims": claims,
        "Vouched for colleagues": rows_of(Vouch.objects.filter(voucher=member), at="vouched_at"),
        "Times your name was opened": rows_of(
            Unmasking.objects.filter(member=member, approved=True, noticed_at__isnull=False),
            reason="reason", legal_order="legal_order", decided_at="decided_at", told_at="noticed_at",
        ),
    }  # fmt: skip


def _own_identity(claim: Claim) -> dict[str, Any]:
    """What a claim says of its author; of a review without what was found in the register."""
    identity = casework.read_identity(claim)
    if claim.kind == ClaimKind.REVIEW and claim.state != ClaimState.VERIFIED:
        return {key: value for key, value in identity.items() if key not in {"registered_name", "specialty", "notes"}}
    return identity


@dataclass(frozen=True)
class DataPage:
    """What a member sees under “Your data” that can be corrected."""

    identity: dict[str, Any]
    may_correct: bool
    is_verified: bool
    is_disputed: bool


def get_data_page(standing: Standing) -> DataPage:
    """The own identity as held, for correcting it.

    Raises:
        NotAllowed: nobody is signed in.
    """
    member = access.load_own_member(standing)
    claim = Claim.objects.filter(member=member, state=ClaimState.VERIFIED).first()
    identity = casework.read_identity(claim) if claim else {}
    return DataPage(
        identity,
        may_correct=bool(identity.get("number")) and member.level >= Level.L2,
        is_verified=member.level >= Level.L2,
        is_disputed=member.suspended_for == Member.Suspension.DISPUTE,
    )
