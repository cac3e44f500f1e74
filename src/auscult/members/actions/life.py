"""What happens after verification: the register moves on, verifications lapse, physicians retire, disputes end."""

from __future__ import annotations

from datetime import datetime
from itertools import batched

from django.db import transaction

from auscult.members import access, casework, rules
from auscult.members.models import Claim, Evidence, Member, RoleGrant
from auscult.members.rules import EVIDENCE, ClaimKind, ClaimState
from auscult.registry.queries import find_record, list_changed_numbers
from auscult.registry.rules import RecordStatus
from auscult.shared import audit
from auscult.shared.refusals import Conflict
from auscult.shared.standing import Level, MemberClass, Standing


class CannotRetire(Conflict):
    """Only a verified physician retires."""


def apply_load(*, standing: Standing, now: datetime, load_id: int) -> dict[str, int]:
    """Carry a load of the register to the members whose records it changed.

    What changes: who was deactivated, or is no physician in the register any more, is told and suspended 30 days later;
    who is active again is restored; strata follow the record. Votes cast stay as they are. Called by a job after each load;
    twice does the same as once.

    Returns:
        How many were announced, restored, and moved to another stratum.
    """
    done = {"announced": 0, "restored": 0, "moved": 0}
    with transaction.atomic():
        for batch in batched(list_changed_numbers(load_id), 5000, strict=False):
            by_mark = {casework.record_mark(number): (number, status) for number, status in batch}
            claims = Claim.objects.filter(record_fingerprint__in=list(by_mark), state=ClaimState.VERIFIED)
            for claim in claims.select_related("member"):
                number, status = by_mark[bytes(claim.record_fingerprint or b"")]
                member = Member.objects.select_for_update().get(pk=claim.member_id)
                if status == RecordStatus.ACTIVE:
                    done["restored"] += _restore(member)
                    done["moved"] += _move(member, claim, number, now)
                elif member.member_class == MemberClass.PHYSICIAN:
                    done["announced"] += _announce(member, status, now)
        if any(done.values()):
            audit.record("members.load.apply", standing=standing, thing=f"load:{load_id}", now=now, **done)
    return done


def _announce(member: Member, status: RecordStatus, now: datetime) -> int:
    if member.suspends_at is not None or member.suspended_for == Member.Suspension.REGISTER or member.level < Level.L2:
        return 0
    member.suspends_at = now + rules.SUSPENSION_NOTICE
    member.save(update_fields=["suspends_at"])
    what = "as deactivated" if status == RecordStatus.DEACTIVATED else "no longer as a physician's"
    casework.tell(
        member.pk,
        "your register record",
        f"The register lists your record {what}. If that stands, you cannot speak or vote here from "
        f"{member.suspends_at:%-d %B %Y}; what you wrote and voted stays. If it is a mistake, have the register mend it: the "
        "next load restores you. If you have left practice, say so under “Your standing” and stay as a retired member.\n",
    )
    return 1


def _restore(member: Member) -> int:
    suspended = member.suspended_for == Member.Suspension.REGISTER
    if member.suspends_at is None and not suspended:
        return 0
    member.suspends_at = None
    if suspended:
        member.suspended_at, member.suspended_for = None, ""
    member.save(update_fields=["suspends_at", "suspended_at", "suspended_for"])
    casework.tell(
        member.pk, "you are restored", "The register lists your record as active again. You speak and vote as before.\n"
    )
    return 1


def _move(member: Member, claim: Claim, number: str, now: datetime) -> int:
    """Take the stratum from the record as it is now, for weights that are true."""
    found = find_record(number, now.date())
    if found is None or member.member_class != MemberClass.PHYSICIAN or member.level < Level.L2:
        return 0
    record = found[0]
    stratum = (record.specialty_group, record.state, record.sex, record.career)
    if stratum == (member.specialty_group, member.state, member.sex, member.career):
        return 0
    member.specialty_group, member.state, member.sex, member.career = stratum
    member.save(update_fields=["specialty_group", "state", "sex", "career"])
    claim.specialty_group, claim.practice_state, claim.sex, claim.career = stratum
    claim.save(update_fields=["specialty_group", "practice_state", "sex", "career"])
    return 1


def suspend_due(*, standing: Standing, now: datetime) -> int:
    """Suspend members whose 30 days of notice are over. Called daily.

    Returns:
        How many.
    """
    with transaction.atomic():
        # Who is frozen by a dispute is suspended when it has ended.
        due = Member.objects.select_for_update().filter(suspends_at__lte=now, suspended_at=None)
        for member in due:
            member.suspended_at, member.suspended_for = now, Member.Suspension.REGISTER
            member.suspends_at = None
            member.save(update_fields=["suspended_at", "suspended_for", "suspends_at"])
            casework.tell(
                member.pk,
                "you are suspended",
                "The register still does not list you as an active physician. You can read your account and export what is "
                "yours; you cannot speak or vote until the register lists you again, or you stay as a retired member.\n",
            )
        if due:
            audit.record("members.suspension.begin", standing=standing, thing="members", now=now, members=len(due))
    return len(due)


def notify_lapses(*, standing: Standing, now: datetime) -> int:
    """Tell members 60 and 14 days before their verification lapses, and when it has. Called daily.

    Returns:
        How many notices.
    """
    sent = 0
    with transaction.atomic():
        near = Member.objects.select_for_update(of=("self",)).filter(
            level__gte=Level.L2,
            account__isnull=False,
            verified_until__lte=now + rules.RENEWAL_OPENS,
        )
        for member in near.exclude(lapse_notice="lapsed"):
            assert member.verified_until is not None  # by the filter
            due = rules.lapse_notice_due(member.verified_until, member.lapse_notice, now)
            if not due:
                continue
            member.lapse_notice = due
            member.save(update_fields=["lapse_notice"])
            day = f"{member.verified_until:%-d %B %Y}"
            text = (
                f"Your verification was valid until {day} and has lapsed. What you wrote and voted stays; to vote and write "
                "again, verify anew under “Your standing”.\n"
                if due == "lapsed"
                else f"Your verification is valid until {day}. Verify anew under “Your standing”; it takes a few minutes and "
                "nothing is interrupted.\n"
            )
            casework.tell(member.pk, "your verification", text)
            sent += 1
        if sent:
            audit.record("members.lapses.notify", standing=standing, thing="members", now=now, notices=sent)
    return sent


def retire(*, standing: Standing, now: datetime) -> None:
    """Stay as a retired member: speak, and be in no weight and no count of physicians.

    Who may: a verified physician, suspended by the register or not. What changes: the class; votes cast stay.

    Raises:
        NotAllowed: nobody is signed in.
        CannotRetire: no verified physician, or the record is disputed.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        if member.level < Level.L2 or member.member_class != MemberClass.PHYSICIAN:
            raise CannotRetire("Only a verified physician can stay as a retired member.")
        if member.suspended_for == Member.Suspension.DISPUTE:
            raise CannotRetire("Your record is disputed. Wait for the end of the dispute.")
        member.member_class, member.level = MemberClass.RETIRED, Level.L2
        member.state = member.sex = member.career = ""
        member.suspends_at = member.suspended_at = None
        member.suspended_for = ""
        member.save()
        Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).update(
            state=ClaimState.WITHDRAWN, decided_at=now
        )
        Claim.objects.filter(member=member, state=ClaimState.VERIFIED).update(member_class=MemberClass.RETIRED)
        audit.record("members.member.retire", standing=standing, thing=f"member:{member.pk}", now=now)


def withdraw_membership(*, standing: Standing, now: datetime, rejoin_at: datetime) -> None:
    """Give the verification back: the account stays, the name and its evidence are deleted.

    Who may: a verified member. What changes: level L0; granted roles end.

    Args:
        rejoin_at: until then the record is not verified for another account, so that nobody casts two ballots.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: not verified, or the record is disputed.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        if member.level < Level.L2:
            raise Conflict("You are not verified.")
        if member.suspended_for == Member.Suspension.DISPUTE:
            raise Conflict("Your record is disputed. Wait for the end of the dispute.")
        casework.leave_disputes(member, now=now)
        casework.keep_record(member, until=rejoin_at)
        Claim.objects.filter(member=member).delete()
        RoleGrant.objects.filter(member=member).delete()
        member.level, member.verified_until = Level.L0, None
        member.specialty_group = member.state = member.sex = member.career = ""
        member.suspends_at = None
        member.save()
        audit.record("members.membership.withdraw", standing=standing, thing=f"member:{member.pk}", now=now)


def end_disputes(*, standing: Standing, now: datetime) -> int:
    """End disputes that two verifiers did not settle within 14 days. Called daily.

    The record stays with its holder, unless only the other side brought proof that reaches the level: then the holder's
    verification lapses and the claim waits for its verifiers, overdue.

    Returns:
        How many ended.
    """
    with transaction.atomic():
        due = list(
            Claim.objects.select_for_update().filter(
                contested__isnull=False, state__in=rules.OPEN_STATES, deadline_at__lte=now, appealed_at=None
            )
        )
        for claim in due:
            assert claim.contested_id is not None  # by the filter
            holder_id = Claim.objects.values_list("member_id", flat=True).get(pk=claim.contested_id)
            defence = Claim.objects.filter(
                member_id=holder_id, kind=ClaimKind.DEFENCE, state__in=rules.OPEN_STATES
            ).first()
            defended = defence is not None and _has_independent(defence)
            if casework.reached_level(claim) >= Level.L2 and not defended:
                Member.objects.filter(pk=holder_id).update(verified_until=now, suspended_at=None, suspended_for="")
                casework.withdraw_defence(holder_id, now=now)
                # Over for the holder; for the claimant it waits for its verifiers.
                Claim.objects.filter(pk=claim.pk).update(contested=None)
                casework.tell(
                    holder_id,
                    "the dispute over your record",
                    "Fourteen days are over without new proof from you, and the other side has shown theirs. Your "
                    "verification has lapsed; verify anew under “Your standing”.\n",
                )
            else:
                casework.reject(claim, reason="dispute_over", now=now)
                claim.save()
                casework.tell(claim.member_id, "your claim", f"{rules.reason_words('dispute_over')}\n")
        if due:
            audit.record("members.disputes.end", standing=standing, thing="claims", now=now, disputes=len(due))
    return len(due)


def _has_independent(claim: Claim) -> bool:
    return any(EVIDENCE[kind].independent and points for kind, points in casework.list_confirmed(claim))


def close_abandoned(*, standing: Standing, now: datetime) -> int:
    """Close claims of which nothing was heard for half a year, and delete names of claims that failed long ago.

    What a rejected or withdrawn claim said of a person is deleted 30 days after the decision, when no appeal is possible
    any more. Called daily.

    Returns:
        How many claims were closed or emptied.
    """
    with transaction.atomic():
        silent = Claim.objects.filter(
            state__in=[ClaimState.SUBMITTED, ClaimState.MORE_INFORMATION],
            submitted_at__lte=now - rules.ABANDONED_AFTER,
        ).exclude(kind=ClaimKind.DEFENCE)
        for claim in silent:
            Member.objects.filter(pk=claim.member_id, level=Level.L1).update(level=Level.L0)
        closed = silent.update(state=ClaimState.WITHDRAWN, decided_at=now)
        emptied = 0
        for claim in Claim.objects.filter(
            state__in=[ClaimState.REJECTED, ClaimState.WITHDRAWN],
            decided_at__lte=now - rules.READ_AFTER_DECISION,
            emptied=False,
        ):
            claim.identity_sealed, claim.appeal_sealed, claim.emptied = casework.seal_identity({}), None, True
            claim.save(update_fields=["identity_sealed", "appeal_sealed", "emptied"])
            Evidence.objects.filter(claim=claim).update(
                note_sealed=None, document_sealed=None, code_sealed=None, code_fingerprint=None
            )
            emptied += 1
        if closed or emptied:
            audit.record(
                "members.claims.close", standing=standing, thing="claims", now=now, closed=closed, emptied=emptied
            )
    return closed + emptied
