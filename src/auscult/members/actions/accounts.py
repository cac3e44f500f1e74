"""Accounts, handles, roles."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from auscult.members import access, casework, names
from auscult.members.models import Account, Claim, Member, RoleGrant
from auscult.members.rules import ClaimState
from auscult.shared import audit
from auscult.shared.refusals import Conflict, NotAllowed, Refused
from auscult.shared.roles import GRANTABLE, Permission, Role
from auscult.shared.standing import Level, Standing


class CannotChooseHandle(Refused):
    """The handle was not taken."""


def create_member(*, account_id: int) -> Member:
    """Give a new account its member row at level L0. Called once, when an account signs up."""
    return Member.objects.create(account_id=account_id)


def note_visit(*, member_id: int, now: datetime) -> None:
    """Note the day of a member's request, once a day, so that active members can be counted."""
    Member.objects.filter(pk=member_id).update(active_on=now.date())


def choose_handle(*, standing: Standing, now: datetime, handle: str) -> None:
    """Choose the pseudonym, once, after verification, so that no verifier ever sees it.

    Raises:
        NotAllowed: not verified.
        Conflict: there is a handle already.
        CannotChooseHandle: not well formed, taken, or it gives the name away.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        if member.level < Level.L2:
            raise NotAllowed("A handle is chosen once you are verified.")
        if member.handle:
            raise Conflict("You have a handle already.")
        claim = Claim.objects.filter(member=member, state=ClaimState.VERIFIED).first()
        identity = casework.read_identity(claim) if claim else {}
        wanted = handle.strip().lower()
        problem = names.handle_problem(wanted, identity.get("last_name", ""), identity.get("first_name", ""))
        if problem:
            raise CannotChooseHandle(problem)
        member.handle = wanted
        try:
            with transaction.atomic():
                member.save(update_fields=["handle"])
        except IntegrityError as error:
            raise CannotChooseHandle("Somebody has that handle. Choose another.") from error
        audit.record("members.handle.choose", standing=standing, thing=f"member:{member.pk}", now=now)


def grant_role(*, standing: Standing, now: datetime, email: str, role: Role) -> None:
    """Give a role to the account with that address.

    Who may: an operator. What changes: the role is in force at once.

    Raises:
        NotAllowed: no operator, or a role that only verification gives.
        Refused: no such account.
    """
    standing.require(Permission.ROLE_GRANT, "Only an operator gives roles.")
    if role not in GRANTABLE:
        raise NotAllowed("Membership comes from verification alone.")
    with transaction.atomic():
        account = Account.objects.filter(email=email.strip().lower()).select_related("member").first()
        if account is None:
            raise Refused("There is no account with that address. The person signs up first.")
        RoleGrant.objects.get_or_create(member=account.member, role=role.value)
        audit.record(
            "members.role.grant", standing=standing, thing=f"member:{account.member.pk}", now=now, role=role.value
        )
