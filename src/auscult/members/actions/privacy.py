"""Unmasking, correcting, erasing, and new keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction

from auscult.members import access, casework, rules
from auscult.members.models import Account, Claim, LoginSession, Member, RoleGrant, Unmasking, Vouch
from auscult.members.rules import ClaimKind, ClaimState
from auscult.registry.queries import match_record
from auscult.shared import audit, crypto
from auscult.shared.models import MailMessage, SealedField
from auscult.shared.refusals import Conflict, NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, MemberClass, Standing


class CannotUnmask(Conflict):
    """The unmasking cannot go on like this."""


class CannotCorrectIdentity(Refused):
    """The correction does not fit the record."""


class CannotEraseAccount(Conflict):
    """The account cannot be erased now."""


def ask_unmasking(
    *,
    standing: Standing,
    now: datetime,
    handle: str,
    reason: str,
    legal_order: str = "",
    notice_at: datetime | None = None,
) -> Unmasking:
    """Ask that the name behind a handle be seen.

    Who may: a custodian. What changes: nothing is shown; another custodian agrees or not.

    Args:
        reason: in writing, of at least 40 letters; the member will read it.
        legal_order: of a court or authority that forbids to tell the member at once; empty for none.
        notice_at: until when it forbids that.

    Raises:
        NotAllowed: no custodian.
        Refused: no proper reason, or a delay without an order.
        NotFound: no such handle.
        CannotUnmask: asked already, or the own handle.
    """
    standing.require(Permission.UNMASKING_ASK, "Only custodians ask for an unmasking.")
    if len(reason.strip()) < 40:
        raise Refused("Write the reason in full sentences; the member will read it.")
    if notice_at is not None and (not legal_order.strip() or notice_at <= now):
        raise Refused("The notice is delayed only by a legal order, named here, and to a day to come.")
    if notice_at is not None and notice_at > now + rules.LONGEST_DELAY:
        raise Refused("A notice is delayed by a year at most; after that ask anew, with an order that still stands.")
    with transaction.atomic():
        member = Member.objects.filter(handle=handle.strip().lower()).first()
        if member is None:
            raise NotFound("There is no member with that handle.")
        if member.pk == standing.member_id:
            raise CannotUnmask("That is your own handle.")
        if member.unmaskings.filter(approved=None).exists():
            raise CannotUnmask("This was asked already and waits for a second custodian.")
        unmasking = Unmasking.objects.create(
            member=member,
            asked_by_id=standing.member_id,
            reason=reason.strip(),
            legal_order=legal_order.strip()[:200],
            notice_at=notice_at,
            asked_at=now,
        )
        audit.record("members.unmasking.ask", standing=standing, thing=f"unmasking:{unmasking.pk}", now=now)
    return unmasking


def decide_unmasking(*, standing: Standing, now: datetime, unmasking_id: int, approved: bool) -> None:
    """Agree to an unmasking, or not.

    Who may: a custodian other than the one who asked, and not the member. What changes: where agreed, both custodians see
    the name for 24 hours. What follows: a notice to the member with the reason, at once or at the end of a legal order.

    Raises:
        NotFound: no such thing for this standing.
        CannotUnmask: decided already, or the same person.
    """
    with transaction.atomic():
        unmasking = access.load_unmasking(standing, unmasking_id, lock=True)
        if unmasking.approved is not None:
            raise CannotUnmask("This is decided.")
        if standing.member_id in {unmasking.asked_by_id, unmasking.member_id}:
            raise CannotUnmask("It takes a second custodian, who is not the member either.")
        unmasking.decided_by_id, unmasking.decided_at, unmasking.approved = standing.member_id, now, approved
        unmasking.save()
        if approved and (unmasking.notice_at is None or unmasking.notice_at <= now):
            _notice([unmasking], now)
        audit.record(
            "members.unmasking.decide",
            standing=standing,
            thing=f"unmasking:{unmasking.pk}",
            now=now,
            approved=approved,
        )


def _notice(unmaskings: Sequence[Unmasking], now: datetime) -> None:
    Unmasking.objects.filter(pk__in=[each.pk for each in unmaskings]).update(noticed_at=now)
    casework.tell_each([(each.member_id, "your name was seen", _notice_words(each, now)) for each in unmaskings])


def _notice_words(unmasking: Unmasking, now: datetime) -> str:
    decided = unmasking.decided_at or now
    order = f"\nLegal order: {unmasking.legal_order}\n" if unmasking.legal_order else ""
    return (
        f"On {decided:%-d %B %Y} two custodians opened the name behind your handle. Their reason:\n\n{unmasking.reason}\n"
        f"{order}\nThe entry stands under “Your data”. You may object to the people who run this place.\n"
    )


def notify_unmaskings(*, standing: Standing, now: datetime) -> int:
    """Send notices whose legal delay is over. Called daily.

    Returns:
        How many.
    """
    with transaction.atomic():
        due = list(Unmasking.objects.select_for_update().filter(approved=True, noticed_at=None, notice_at__lte=now))
        if due:
            _notice(due, now)
            audit.record("members.unmaskings.notify", standing=standing, thing="unmaskings", now=now, notices=len(due))
    return len(due)


def reveal_identity(*, standing: Standing, now: datetime, unmasking_id: int) -> dict[str, Any]:
    """Show the name behind a handle to one of the two custodians, within 24 hours; each look is on the audit trail.

    Raises:
        NotFound: no such thing for this standing, or none of the two.
        CannotUnmask: not agreed, or the 24 hours are over.
    """
    with transaction.atomic():
        unmasking = access.load_unmasking(standing, unmasking_id)
        if standing.member_id not in {unmasking.asked_by_id, unmasking.decided_by_id}:
            raise NotFound
        if not unmasking.approved or unmasking.decided_at is None:
            raise CannotUnmask("A second custodian has not agreed.")
        if now > unmasking.decided_at + rules.UNMASKING_SHOWN:
            raise CannotUnmask("The 24 hours are over. Ask anew if it must be seen again.")
        claim = Claim.objects.filter(member_id=unmasking.member_id, state=ClaimState.VERIFIED).first()
        audit.record("members.identity.reveal", standing=standing, thing=f"unmasking:{unmasking.pk}", now=now)
    if claim is None:
        raise CannotUnmask("Nothing is known of this member any more.")
    return casework.read_identity(claim)


def correct_identity(
    *, standing: Standing, now: datetime, last_name: str, first_name: str, licence: str, licence_state: str
) -> None:
    """Correct the name or licence that we hold, and take the stratum anew from the register.

    Who may: a member verified for a record. What changes: what was typed at the claim. A name that the register does not
    know must be mended there first, or shown to verifiers by a new claim.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: not verified for a record.
        CannotCorrectIdentity: the record says otherwise.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        claim = Claim.objects.select_for_update().filter(member=member, state=ClaimState.VERIFIED).first()
        if claim is None or claim.kind == ClaimKind.TRAINING or member.level < Level.L2:
            raise Conflict("You are not verified for a register record.")
        identity = casework.read_identity(claim)
        match = match_record(
            number=identity["number"],
            last_name=last_name,
            first_name=first_name,
            licence=licence,
            licence_state=licence_state,
            on=now.date(),
        )
        if match is None:
            raise CannotCorrectIdentity(
                "The register does not have these details for your record. Have them changed there first; the next load "
                "brings them here. Nothing was changed."
            )
        claim.identity_sealed = casework.seal_identity(
            identity
            | {
                "last_name": last_name.strip(), "first_name": first_name.strip(), "licence": licence.strip(),
                "licence_state": licence_state.strip().upper(), "registered_name": match.full_name,
                "specialty": match.specialty, "notes": list(match.notes),
            }
        )  # fmt: skip
        claim.specialty_group, claim.practice_state = match.specialty_group, match.state
        claim.sex, claim.career = match.sex, match.career
        claim.save()
        member.specialty_group = match.specialty_group
        if member.member_class == MemberClass.PHYSICIAN:
            member.state, member.sex, member.career = match.state, match.sex, match.career
        member.save()
        audit.record("members.identity.correct", standing=standing, thing=f"member:{member.pk}", now=now)


def erase_account(*, standing: Standing, now: datetime, rejoin_at: datetime) -> None:
    """Erase the account, the name, the claims and their evidence; the member row stays without anything personal.

    Called last, in the transaction of ``web.privacy``, which first lets every other room forget the member. What stays:
    published aggregates, ballots (which hang on nobody), and that some member took part.

    Args:
        rejoin_at: until then the record is not verified for another account, so that nobody casts two ballots.

    Raises:
        NotAllowed: nobody is signed in.
        CannotEraseAccount: the record is disputed.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        if member.suspended_for == Member.Suspension.DISPUTE:
            raise CannotEraseAccount("Your record is disputed. It can be erased when the dispute is over.")
        audit.record("members.account.erase", standing=standing, thing=f"member:{member.pk}", now=now)
        casework.leave_disputes(member, now=now)
        casework.keep_record(member, until=rejoin_at)
        member.unmaskings.update(reason="", legal_order="")
        Claim.objects.filter(member=member).delete()
        RoleGrant.objects.filter(member=member).delete()
        Vouch.objects.filter(voucher=member).delete()
        account_id = member.account_id
        member.account = None
        member.handle = None
        member.level = Level.L0
        member.specialty_group = member.state = member.sex = member.career = ""
        member.verified_at = member.verified_until = member.suspends_at = member.suspended_at = None
        member.active_on = None
        member.suspended_for = member.lapse_notice = ""
        member.erased_at = now
        member.save()
        own = UserSession.objects.filter(user_id=account_id)
        LoginSession.objects.filter(session_key__in=own.values("session_key")).delete()
        own.delete()
        addresses = {
            *EmailAddress.objects.filter(user_id=account_id).values_list("email", flat=True),
            *Account.objects.filter(pk__in=[account_id]).values_list("email", flat=True),
        }
        MailMessage.objects.filter(to__in=addresses).delete()
        Account.objects.filter(pk__in=[account_id]).delete()


def rotate_keys(
    *, standing: Standing, now: datetime, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Seal anew with the first of AUSCULT_IDENTITY_KEYS everything that an older key sealed, in every room.

    Who may: an operator. What changes: the sealed bytes, not what they say. It may be stopped and begun again; afterwards
    the older keys can be taken out.

    Returns:
        How many values were sealed anew.

    Raises:
        NotAllowed: no operator.
        CannotOpen: a value needs a key that is not there.
    """
    standing.require(Permission.KEYS_ROTATE, "Only an operator rotates keys.")
    prefix = settings.IDENTITY_KEYS.partition(":")[0].strip().encode() + b":"
    columns = [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]
    totals = [_count_old(model, field, prefix) for model, field in columns]
    done = 0
    for model, field in columns:
        while batch := _old_values(model, field, prefix):
            with transaction.atomic():
                for pk, sealed in batch:
                    renewed = crypto.seal(crypto.unseal(sealed, field.purpose), field.purpose)
                    # Only if nobody changed it meanwhile; then it is sealed with the new key already.
                    model._default_manager.filter(pk=pk, **{field.attname: sealed}).update(**{field.attname: renewed})
            done += len(batch)
            progress(done, sum(totals))
    with transaction.atomic():
        audit.record("members.keys.rotate", standing=standing, thing="keys", now=now, values=done)
    return done


def _count_old(model: type[models.Model], field: SealedField, prefix: bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {model._meta.db_table} "  # noqa: S608 - names of our own tables
            f"WHERE {field.column} IS NOT NULL AND substring({field.column} FROM 1 FOR %s) <> %s",
            [len(prefix), prefix],
        )
        return int(cursor.fetchone()[0])


def _old_values(model: type[models.Model], field: SealedField, prefix: bytes) -> list[tuple[int, bytes]]:
    key = model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {field.column} FROM {model._meta.db_table} "  # noqa: S608 - names of our own tables
            f"WHERE {field.column} IS NOT NULL AND substring({field.column} FROM 1 FOR %s) <> %s "
            f"ORDER BY {key} LIMIT 500",
            [len(prefix), prefix],
        )
        return [(pk, bytes(sealed)) for pk, sealed in cursor.fetchall()]
