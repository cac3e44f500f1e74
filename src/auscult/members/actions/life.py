"""What happens after verification: suspensions begin, verifications lapse, physicians retire, disputes end."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from auscult.members import access, casework, rules
from auscult.members.models import Claim, Evidence, Member, RoleGrant
from auscult.members.rules import ClaimKind, ClaimState
from auscult.shared import audit
from auscult.shared.refusals import Conflict
from auscult.shared.standing import Level, MemberClass, Standing


class CannotRetire(Conflict):
    """Only a verified physician retires."""


def suspend_due(*, standing: Standing, now: datetime) -> int:
    """Suspend members whose 30 days of notice are over. Called daily.

    Returns:
        How many.
    """
    with transaction.atomic():
        # Who is frozen by a dispute is suspended when it has ended.
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE members_member SET suspended_at = %s, suspended_for = %s, suspends_at = NULL "
                "WHERE suspends_at <= %s AND suspended_at IS NULL RETURNING id",
                [now, Member.Suspension.REGISTER.value, now],
            )
            members = [member for (member,) in cursor.fetchall()]
        words = (
            "The register still does not list you as an active physician. You can read your account and export what is "
            "yours; you cannot speak or vote until the register lists you again, or you stay as a retired member.\n"
        )
        casework.tell_each([(member, "you are suspended", words) for member in members])
        if members:
            audit.record("members.suspension.begin", standing=standing, thing="members", now=now, members=len(members))
    return len(members)


def notify_lapses(*, standing: Standing, now: datetime) -> int:
    """Tell members 60 and 14 days before their verification lapses, and when it has. Called daily.

    Returns:
        How many notices.
    """
    sent = 0
    with transaction.atomic():
        # The most urgent notice first: a member who was told of it is not told of an earlier one.
        for notice, before in rules.LAPSE_NOTICES:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE members_member SET lapse_notice = %s WHERE level >= %s AND account_id IS NOT NULL "
                    "AND verified_until <= %s AND lapse_notice = ANY(%s) RETURNING id, verified_until",
                    [notice, Level.L2, now + before, rules.notices_before(notice)],
                )
                told = cursor.fetchall()
            casework.tell_each([(member, "your verification", _lapse_words(until, notice)) for member, until in told])
            sent += len(told)
        if sent:
            audit.record("members.lapses.notify", standing=standing, thing="members", now=now, notices=sent)
    return sent


def _lapse_words(until: datetime, notice: str) -> str:
    day = f"{until:%-d %B %Y}"
    if notice == "lapsed":
        return (
            f"Your verification was valid until {day} and has lapsed. What you wrote and voted stays; to vote and write "
            "again, verify anew under “Your standing”.\n"
        )
    return (
        f"Your verification is valid until {day}. Verify anew under “Your standing”; it takes a few minutes and "
        "nothing is interrupted.\n"
    )


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
            Claim.objects.select_for_update(of=("self",))
            .filter(contested__isnull=False, state__in=rules.OPEN_STATES, deadline_at__lte=now, appealed_at=None)
            .select_related("contested")
            .order_by("pk")
        )
        if not due:
            return 0
        holders = {claim.pk: claim.contested.member_id for claim in due if claim.contested}
        defences = dict(
            Claim.objects.filter(
                member_id__in=set(holders.values()), kind=ClaimKind.DEFENCE, state__in=rules.OPEN_STATES
            ).values_list("member_id", "pk")
        )
        shown = casework.list_confirmed_of([*holders, *defences.values()])
        lost = [
            claim for claim in due if rules.holder_loses(shown[claim.pk], shown[defences.get(holders[claim.pk], 0)])
        ]
        casework.lapse_holders([holders[claim.pk] for claim in lost], now=now)
        # Over for the holder; for the claimant it waits for its verifiers.
        Claim.objects.filter(pk__in=[claim.pk for claim in lost]).update(contested=None)
        rejected = [claim for claim in due if claim not in lost]
        casework.reject_all(rejected, reason="dispute_over", now=now)
        audit.record("members.disputes.end", standing=standing, thing="claims", now=now, disputes=len(due))
    return len(due)


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
        Member.objects.filter(pk__in=silent.values("member_id"), level=Level.L1).update(level=Level.L0)
        closed = silent.update(state=ClaimState.WITHDRAWN, decided_at=now)
        failed = Claim.objects.filter(
            state__in=[ClaimState.REJECTED, ClaimState.WITHDRAWN],
            decided_at__lte=now - rules.READ_AFTER_DECISION,
            emptied=False,
        )
        Evidence.objects.filter(claim__in=failed.values("pk")).update(
            note_sealed=None, document_sealed=None, code_sealed=None, code_fingerprint=None
        )
        # One sealed nothing for all of them: that they say nothing, each says already.
        emptied = failed.update(identity_sealed=casework.seal_identity({}), appeal_sealed=None, emptied=True)
        if closed or emptied:
            audit.record(
                "members.claims.close", standing=standing, thing="claims", now=now, closed=closed, emptied=emptied
            )
    return closed + emptied
