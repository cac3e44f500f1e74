"""Decisions of verifiers."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction

from auscult.members import access, casework, rules
from auscult.members.casework import CannotDecideClaim
from auscult.members.models import Account, Claim, Member, Opinion
from auscult.members.rules import ClaimKind, ClaimState, Decision
from auscult.shared import audit
from auscult.shared.standing import Level, Standing


def decide_claim(*, standing: Standing, now: datetime, claim_id: int, decision: Decision, reason: str) -> bool:
    """Verify, reject, or ask for more.

    Who may: a verifier, not on the own claim; on an appeal one who did not decide before. What changes: the claim's state,
    at once where one verifier suffices or more is asked, else when two agree; on verification the member becomes L2 (or L3)
    with the record's stratum. What follows: a mail to the applicant; documents are deleted after 30 days.

    Returns:
        Whether the claim is decided; False where a second verifier must agree.

    Raises:
        NotFound: no such claim for this standing.
        CannotDecideClaim: decided already, a reason that does not fit, too little evidence, or the record was
            verified for another account meanwhile.
    """
    if reason not in rules.REASONS or decision not in rules.REASONS[reason][0]:
        raise CannotDecideClaim("Choose a reason that fits the decision.")
    with transaction.atomic():
        claim = access.load_claim_to_decide(standing, claim_id, lock=True)
        if claim.state not in rules.OPEN_STATES:
            raise CannotDecideClaim("This claim is decided.")
        if claim.kind == ClaimKind.DEFENCE and decision == Decision.REJECT:
            raise CannotDecideClaim("Decide on the claim that disputes this record; this one ends with it.")
        if (decision, reason) not in {(each, code) for each, code, _ in rules.reasons_for(ClaimKind(claim.kind))}:
            raise CannotDecideClaim("Choose a reason that fits the case.")
        appealed = claim.appealed_at is not None
        if appealed and claim.opinions.filter(verifier_id=standing.member_id, on_appeal=False).exists():
            raise CannotDecideClaim("You decided on this claim before. Its appeal goes to other verifiers.")
        member = Member.objects.select_for_update().get(pk=claim.member_id)
        Opinion.objects.update_or_create(
            claim=claim,
            verifier_id=standing.member_id,
            on_appeal=appealed,
            defaults={"decision": decision, "reason": reason, "given_at": now},
        )
        needed = rules.verifiers_needed(
            ClaimKind(claim.kind),
            Level(claim.wanted),
            contested=claim.contested_id is not None,
            appealed=appealed,
            flags=casework.flags_of(claim),
        )
        agreeing = claim.opinions.filter(decision=decision, on_appeal=appealed).count()
        settled = decision == Decision.ASK or agreeing >= needed
        claim.review_at = claim.review_at or now
        if settled:
            _carry_out(claim, member, decision, reason, now)
        else:
            if decision == Decision.VERIFY:
                _refuse_if_not_enough(claim)
            claim.state = ClaimState.IN_REVIEW
        try:
            with transaction.atomic():
                claim.save()
        except IntegrityError as error:
            raise CannotDecideClaim(
                "This record was verified for another account meanwhile. Two verifiers must look at it."
            ) from error
        audit.record(
            "members.claim.decide",
            standing=standing,
            thing=f"claim:{claim.pk}",
            now=now,
            decision=decision.value,
            reason=reason,
            settled=settled,
        )
        if settled:
            casework.tell(
                member.pk,
                "your claim",
                f"{rules.reason_words(reason)}\n\nSign in to see where your claim stands and what comes next.\n",
            )
    return settled


def _refuse_if_not_enough(claim: Claim) -> None:
    if casework.reached_level(claim) < claim.wanted:
        raise CannotDecideClaim("The confirmed evidence does not reach the level yet.")


def _carry_out(claim: Claim, member: Member, decision: Decision, reason: str, now: datetime) -> None:
    claim.reason = reason
    if decision == Decision.ASK:
        claim.state = ClaimState.MORE_INFORMATION
        # What was asked for changes what there is to think of.
        claim.opinions.filter(on_appeal=claim.appealed_at is not None).delete()
        return
    claim.decided_at = now
    if decision == Decision.REJECT:
        casework.reject(claim, reason=reason, now=now)
        return
    if claim.kind == ClaimKind.RECOVERY:
        _refuse_if_not_enough(claim)
        # The standing stays what it was; only the way in is made anew. The password goes too: whoever has stolen it has not
        # given this evidence, and a new one is set over the account's own mailbox.
        account = Account.objects.select_for_update().get(pk__in=[member.account_id])
        account.set_unusable_password()
        account.save(update_fields=["password"])
        Authenticator.objects.filter(user_id=member.account_id).delete()
        for session in UserSession.objects.filter(user_id=member.account_id):
            session.end()
        claim.state = ClaimState.WITHDRAWN
        casework.tell(
            member.pk,
            "your account is recovered",
            "Two verifiers have seen your evidence. Set a new password with “Forgot your password?”, then a second factor. "
            "Every session was ended.\n",
        )
        return
    casework.verify(claim, member, now=now)
