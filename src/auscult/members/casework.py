"""The work on a case that several actions share; each calls it inside its own transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from auscult.members import rules
from auscult.members.emails import Letter, mail_each
from auscult.members.models import Claim, Evidence, LeftRecord, Member
from auscult.members.rules import EVIDENCE, ClaimKind, ClaimState, EvidenceKind, Flag
from auscult.registry.queries import find_record
from auscult.registry.rules import RecordStatus
from auscult.shared import audit, crypto
from auscult.shared.refusals import Conflict
from auscult.shared.standing import Level, MemberClass, Standing


class CannotDecideClaim(Conflict):
    """The decision does not fit the claim."""


def read_identity(claim: Claim) -> dict[str, Any]:
    """What a claim says of a person."""
    identity: dict[str, Any] = json.loads(crypto.unseal(claim.identity_sealed, "claim.identity"))
    return identity


def seal_identity(identity: dict[str, Any]) -> bytes:
    """What a claim says of a person, sealed."""
    return crypto.seal(json.dumps(identity), "claim.identity")


def record_mark(number: str) -> bytes:
    """Keyed hash by which claims on one record are found."""
    return record_marks([number])[0]


def record_marks(numbers: Sequence[str]) -> list[bytes]:
    """Keyed hashes, 32 bytes each, by which claims on these records are found."""
    return crypto.fingerprints(numbers, f"record:{settings.REGISTER}")


def list_confirmed(claim: Claim) -> list[tuple[EvidenceKind, int]]:
    """Confirmed evidence of a claim: kind and points."""
    rows = claim.evidence.filter(state=Evidence.State.CONFIRMED).values_list("kind", "points")
    return [(EvidenceKind(kind), points) for kind, points in rows]


def list_confirmed_of(claim_ids: Sequence[int]) -> dict[int, list[tuple[EvidenceKind, int]]]:
    """Confirmed evidence of several claims, in one query: claim → kind and points; empty for all others."""
    found: dict[int, list[tuple[EvidenceKind, int]]] = defaultdict(list)
    rows = Evidence.objects.filter(claim_id__in=claim_ids, state=Evidence.State.CONFIRMED)
    for claim_id, kind, points in rows.values_list("claim_id", "kind", "points"):
        found[claim_id].append((EvidenceKind(kind), points))
    return found


def reached_level(claim: Claim) -> Level:
    """Level that the confirmed evidence of a claim reaches."""
    return rules.level_from(list_confirmed(claim))


def flags_of(claim: Claim) -> set[Flag]:
    """What a verifier should look at: what was noted when the claim came, and what is so now."""
    flags = {Flag(flag) for flag in claim.flags}
    if claim.record_fingerprint is not None:
        others = Claim.objects.filter(record_fingerprint=claim.record_fingerprint).exclude(member_id=claim.member_id)
        states = set(others.values_list("state", flat=True))
        if ClaimState.VERIFIED in states:
            flags.add(Flag.VERIFIED_ELSEWHERE)
        if states & set(rules.OPEN_STATES):
            flags.add(Flag.OTHER_CLAIMS)
    return flags


def tell(member_id: int, subject: str, text: str) -> None:
    """Queue a mail to a member, if there is an account still."""
    tell_each([(member_id, subject, text)])


def tell_each(letters: Sequence[tuple[int, str, str]]) -> None:
    """Queue a mail to each of some members who have an account still: member, subject, text."""
    mail_each(
        [
            Letter(member_id=member_id, subject=f"{settings.INSTANCE_NAME}: {subject}", text=text)
            for member_id, subject, text in letters
        ]
    )


#: Claims that can dispute a record which another account holds.
_DISPUTING = (ClaimKind.RECORD, ClaimKind.REVIEW, ClaimKind.RETIRED)
#: Evidence that freezes a holder: over what the register has of the record itself, or in person. Anybody has a mailbox.
_FREEZING = (EvidenceKind.CALL_BACK, EvidenceKind.POST_CARD, EvidenceKind.VIDEO, EvidenceKind.PROOFING)


def open_on_record_of(
    held: Claim, *, kind: ClaimKind, wanted: Level, now: datetime, deadline_at: datetime | None = None
) -> Claim:
    """Open another case of the member who holds a verified claim, on the same record and identity."""
    return Claim.objects.create(
        member_id=held.member_id,
        kind=kind,
        wanted=wanted,
        member_class=held.member_class,
        record_fingerprint=held.record_fingerprint,
        identity_sealed=held.identity_sealed,
        specialty_group=held.specialty_group,
        practice_state=held.practice_state,
        sex=held.sex,
        career=held.career,
        deadline_at=deadline_at,
        submitted_at=now,
    )


def advance(claim: Claim, *, standing: Standing | None, now: datetime) -> None:
    """Go on after evidence came in: verify by itself what needs no person, open a dispute, or put the claim in the queue.

    Args:
        standing: who gave the evidence; None for a colleague who vouched, whom the trail must not name.
    """
    reached = reached_level(claim)
    flags = flags_of(claim)
    if claim.contested_id is None and Flag.VERIFIED_ELSEWHERE in flags and claim.kind in _DISPUTING:
        _begin_dispute(claim, standing=standing, now=now)
    if rules.is_automatic(ClaimKind(claim.kind), Level(claim.wanted), list_confirmed(claim), flags):
        member = Member.objects.select_for_update().get(pk=claim.member_id)
        claim.automatic, claim.reason = True, "evidence_complete"
        verify(claim, member, now=now)
        claim.save()
        audit.record("members.claim.verify", standing=standing, thing=f"claim:{claim.pk}", now=now, automatic=True)
        tell(
            claim.member_id,
            "you are verified",
            f"{rules.reason_words(claim.reason)}\n\nSign in to choose your handle.\n",
        )
        return
    shown = claim.evidence.filter(kind__in=rules.SETTLED_BY_VERIFIERS, state=Evidence.State.OFFERED).exists()
    if claim.state != ClaimState.IN_REVIEW and (reached >= min(claim.wanted, Level.L2) or shown):
        claim.state, claim.reason = ClaimState.IN_REVIEW, ""
        claim.review_at = claim.review_at or now
        claim.save(update_fields=["state", "reason", "review_at"])


def verify(claim: Claim, member: Member, *, now: datetime) -> None:
    """Make the claim the member's verification. The caller saves the claim.

    Raises:
        CannotDecideClaim: too little evidence, or no record to take a stratum from.
    """
    confirmed = list_confirmed(claim)
    reached = rules.level_from(confirmed)
    if reached < claim.wanted:
        have = ", ".join(f"{EVIDENCE[kind].words} ({points})" for kind, points in confirmed) or "nothing confirmed"
        needs = (
            f"{rules.L3_POINTS} points with video or proofing"
            if claim.wanted == Level.L3
            else f"{rules.L2_POINTS} points over {rules.L2_CHANNELS} kinds, one independent"
        )
        raise CannotDecideClaim(f"Verification needs {needs}; so far: {have}.")
    physician = claim.member_class == MemberClass.PHYSICIAN
    if physician:
        found = find_record(read_identity(claim).get("number", ""), now.date())
        if found is None or found[1] != RecordStatus.ACTIVE or not claim.specialty_group:
            raise CannotDecideClaim(
                "The register has no active record of that number, so there is nothing to verify against."
            )
    if (
        LeftRecord.objects.filter(record_fingerprint=claim.record_fingerprint, until__gt=now)
        .exclude(member=member)
        .exists()
    ):
        raise CannotDecideClaim(
            "Whoever held this record left while polls were open that may hold a ballot of theirs. It can be verified again "
            "once they are closed."
        )
    # A renewal takes the place of the claim that lapsed.
    Claim.objects.filter(member=member, state=ClaimState.VERIFIED).exclude(pk=claim.pk).update(
        state=ClaimState.WITHDRAWN
    )
    claim.state, claim.decided_at = ClaimState.VERIFIED, now
    member.level = Level(claim.wanted)
    member.member_class = claim.member_class
    member.specialty_group = claim.specialty_group
    if physician:
        member.state, member.sex, member.career = claim.practice_state, claim.sex, claim.career
    else:
        member.state = member.sex = member.career = ""
    member.verified_at = now
    member.verified_until = rules.valid_until(Level(claim.wanted), MemberClass(claim.member_class), now)
    member.lapse_notice = ""
    member.suspends_at = member.suspended_at = None
    member.suspended_for = ""
    member.save()
    if claim.contested_id:
        _lose(claim.contested_id, now)
    if claim.kind == ClaimKind.DEFENCE:
        rivals = Claim.objects.filter(contested__member=member, state__in=rules.OPEN_STATES)
        reject_all(list(rivals), reason="not_the_holder", now=now)


def reject(claim: Claim, *, reason: str, now: datetime) -> None:
    """Reject a claim, and end its dispute for the holder. The caller saves the claim."""
    claim.state, claim.reason, claim.decided_at = ClaimState.REJECTED, reason, now
    # Who was rejected no longer reads what physicians write; a member whose renewal fails keeps L2 until it lapses.
    Member.objects.filter(pk=claim.member_id, level=Level.L1).update(level=Level.L0)
    free_holders([claim], now=now)


def reject_all(claims: Sequence[Claim], *, reason: str, now: datetime) -> None:
    """Reject and save several claims, as ``reject`` does one, and tell their members why; a few queries in all."""
    if not claims:
        return
    Member.objects.filter(pk__in=[claim.member_id for claim in claims], level=Level.L1).update(level=Level.L0)
    Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(
        state=ClaimState.REJECTED, reason=reason, decided_at=now
    )
    free_holders(claims, now=now)
    tell_each([(claim.member_id, "your claim", f"{rules.reason_words(reason)}\n") for claim in claims])


def free_holders(claims: Sequence[Claim], *, now: datetime) -> None:
    """End disputes, which these claims began, for the members who held the records before them.

    A member whose record is disputed by another open claim too stays frozen.
    """
    contested = [claim.contested_id for claim in claims if claim.contested_id]
    if not contested:
        return
    holders = set(Claim.objects.filter(pk__in=contested).values_list("member_id", flat=True))
    others = Claim.objects.filter(contested__member_id__in=holders, state__in=rules.OPEN_STATES)
    still = set(others.exclude(pk__in=[claim.pk for claim in claims]).values_list("contested__member_id", flat=True))
    free = list(holders - still)
    if not free:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_member SET suspended_at = NULL, suspended_for = '' WHERE id = ANY(%s) AND suspended_for = %s "
            "RETURNING id",
            [free, Member.Suspension.DISPUTE.value],
        )
        freed = [member for (member,) in cursor.fetchall()]
    withdraw_defences(free, now=now)
    words = "The dispute over your register record has ended in your favour. You speak and vote as before it.\n"
    tell_each([(member, "the dispute is over", words) for member in freed])


def lapse_holders(members: Sequence[int], *, now: datetime) -> None:
    """End the verification of members who did not answer a dispute in time."""
    if not members:
        return
    members = list(dict.fromkeys(members))
    Member.objects.filter(pk__in=members).update(verified_until=now, suspended_at=None, suspended_for="")
    withdraw_defences(members, now=now)
    words = (
        "Fourteen days are over without new proof from you, and the other side has shown theirs. Your verification has "
        "lapsed; verify anew under “Your standing”.\n"
    )
    tell_each([(member, "the dispute over your record", words) for member in members])


def withdraw_defences(members: Sequence[int], *, now: datetime) -> None:
    """End the answers of holders to disputes, however the disputes ended."""
    Claim.objects.filter(member_id__in=members, kind=ClaimKind.DEFENCE, state__in=rules.OPEN_STATES).update(
        state=ClaimState.WITHDRAWN, decided_at=now
    )


def leave_disputes(member: Member, *, now: datetime) -> None:
    """Free whom a member disputes, before the member's claims are deleted."""
    disputing = Claim.objects.filter(member=member, state__in=rules.OPEN_STATES, contested__isnull=False)
    free_holders(list(disputing), now=now)


def keep_record(member: Member, *, until: datetime) -> None:
    """Remember, as a keyed hash, that the record of a member who leaves is not to be verified for another account yet.

    Ballots of open polls stay counted, and nobody must cast two by leaving and coming back.
    """
    for mark in Claim.objects.filter(member=member, state=ClaimState.VERIFIED).values_list(
        "record_fingerprint", flat=True
    ):
        if mark is not None:
            LeftRecord.objects.create(record_fingerprint=mark, member=member, until=until)


def _begin_dispute(claim: Claim, *, standing: Standing | None, now: datetime) -> None:
    """Freeze the holder of a record, once somebody else has shown proof over the record's own contacts; tell both.

    Public facts, a document or a mailbox at some hospital must not silence anybody; and nobody disputes a record twice.
    """
    if sum(points for kind, points in list_confirmed(claim) if kind in _FREEZING) < 2:
        return
    before = Claim.objects.filter(
        member_id=claim.member_id, record_fingerprint=claim.record_fingerprint, deadline_at__isnull=False
    )
    if before.exclude(pk=claim.pk).exists():
        return
    held = (
        Claim.objects.filter(record_fingerprint=claim.record_fingerprint, state=ClaimState.VERIFIED)
        .exclude(member_id=claim.member_id)
        .first()
    )
    if held is None:
        return
    claim.contested, claim.deadline_at = held, now + rules.DISPUTE_LASTS
    claim.state, claim.review_at = ClaimState.IN_REVIEW, claim.review_at or now
    claim.save(update_fields=["contested", "deadline_at", "state", "review_at"])
    Member.objects.filter(pk=held.member_id, suspended_at=None).update(
        suspended_at=now, suspended_for=Member.Suspension.DISPUTE
    )
    open_claims = Claim.objects.filter(member_id=held.member_id, state__in=rules.OPEN_STATES)
    if open_claims.filter(kind=ClaimKind.DEFENCE).exists():
        # Against a second rival too, with what was shown against the first.
        return
    open_claims.update(state=ClaimState.WITHDRAWN, decided_at=now)
    level = Level(Member.objects.values_list("level", flat=True).get(pk=held.member_id))
    open_on_record_of(held, kind=ClaimKind.DEFENCE, wanted=level, now=now, deadline_at=claim.deadline_at)
    audit.record("members.dispute.begin", standing=standing, thing=f"claim:{claim.pk}", now=now, held=held.pk)
    until = f"{claim.deadline_at:%-d %B %Y}"
    tell(
        held.member_id,
        "your register record is disputed",
        "Somebody else has shown independent proof of holding the register record that you are verified for. Until this is "
        f"settled your votes are frozen; those you cast stand. Two verifiers decide by {until}. Sign in and give new "
        "independent proof under “Your standing”.\n",
    )
    tell(
        claim.member_id,
        "two verifiers look at your claim",
        f"Your claim needs two verifiers. They decide by {until}. More independent proof helps: sign in to add it.\n",
    )


def _lose(contested_id: int, now: datetime) -> None:
    """Take the record from the member who held it before the dispute."""
    held = Claim.objects.select_for_update().get(pk=contested_id)
    held.state, held.reason, held.decided_at = ClaimState.REJECTED, "dispute_lost", now
    held.save(update_fields=["state", "reason", "decided_at"])
    withdraw_defences([held.member_id], now=now)
    Member.objects.filter(pk=held.member_id).update(
        level=Level.L0, verified_until=now, suspended_at=None, suspended_for=""
    )
    tell(
        held.member_id,
        "the dispute is over",
        f"{rules.reason_words('dispute_lost')} Your account is not verified any more; what you wrote and voted stays. You "
        "may appeal within 30 days under “Your standing”.\n",
    )
