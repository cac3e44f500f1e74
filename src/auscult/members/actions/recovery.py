"""Recovery of an account whose second factor is lost: by evidence of the same level, never by e-mail alone."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from auscult.members import casework, limits, rules
from auscult.members.models import Account, Claim, Member
from auscult.members.rules import ClaimKind, ClaimState
from auscult.shared import audit
from auscult.shared.limits import take
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.standing import Level, Standing

#: One answer for an unknown address, a wrong password and an account without verification.
NO_RECOVERY = (
    "We could not begin a recovery with this address and password. If you do not remember the password, set a new one "
    "first. An account that was never verified has nothing to recover: make a new one."
)


class CannotRecover(Refused):
    """No recovery was begun."""


def begin_recovery(*, standing: Standing, now: datetime, email: str, password: str, origin: str = "") -> Claim:
    """Begin to recover a verified account without its second factor.

    Who may: who knows address and password. What changes: a case is opened; the account stays as it is until two verifiers
    have seen evidence of the same level. What follows: a mail, so that the holder can withdraw what somebody else began.

    Args:
        standing: a reader; nobody is signed in.
        origin: network address of the request, for its limit; empty for none.

    Raises:
        TooMany: tried too often.
        CannotRecover: unknown, wrong or never verified, in the same words.
        Conflict: another case is open.
    """
    email = email.strip().lower()
    if origin:
        take(limits.RECOVERIES_BY_ADDRESS, origin, now)
    take(limits.RECOVERIES_BY_ACCOUNT, f"{email} {origin}", now)
    account = Account.objects.filter(email=email).first()
    # A hash is checked in every case, for the same time.
    known = check_password(password, account.password if account else _nobodys_hash())
    member = Member.objects.filter(account=account, level__gte=Level.L2).first() if account and known else None
    held = Claim.objects.filter(member=member, state=ClaimState.VERIFIED).first() if member else None
    if member is None or held is None:
        raise CannotRecover(NO_RECOVERY)
    with transaction.atomic():
        Member.objects.select_for_update().get(pk=member.pk)
        current = Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).first()
        if current is not None:
            # Who lost the second factor in a dispute answers it first.
            if current.kind not in {ClaimKind.RECOVERY, ClaimKind.DEFENCE}:
                raise Conflict("Another case of this account is open. Write to the people who run this place.")
            return current
        claim = casework.open_on_record_of(held, kind=ClaimKind.RECOVERY, wanted=Level(member.level), now=now)
        audit.record("members.recovery.begin", standing=standing, thing=f"claim:{claim.pk}", now=now)
        casework.tell(
            member.pk,
            "somebody asks to recover your account",
            "Somebody who knows your password says that your second factor is lost. If that was you, give evidence of the "
            "same level as before. If it was not, sign in, withdraw it under “Your standing”, and change your password.\n",
        )
    return claim


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return make_password("nobody")
