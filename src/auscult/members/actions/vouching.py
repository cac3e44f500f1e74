"""Vouching: two verified colleagues say that an applicant is the physician of the record."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from auscult.members import access, casework, limits, rules
from auscult.members.models import Evidence, Member, Vouch
from auscult.members.rules import EVIDENCE, VOUCH_ALPHABET, EvidenceKind, normalise_vouch_code
from auscult.shared import audit, crypto
from auscult.shared.limits import take
from auscult.shared.refusals import Conflict
from auscult.shared.roles import Permission
from auscult.shared.standing import Level, Standing


class CannotVouch(Conflict):
    """The word does not count."""


def invite_vouchers(*, standing: Standing, now: datetime) -> str:
    """Make a code for the applicant to hand to two verified colleagues; an earlier code is not valid any more.

    Who may: an applicant with an open claim. What follows: each colleague sees the applicant's name, and vouches or not.

    Returns:
        The code, in groups of four.

    Raises:
        NotFound: no open claim.
        CannotVouch: two have vouched already.
    """
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        evidence = claim.evidence.filter(kind=EvidenceKind.VOUCHES).first()
        if evidence and evidence.state == Evidence.State.CONFIRMED:
            raise CannotVouch("Two colleagues have vouched for you already.")
        take(limits.CODES_BY_ACCOUNT, claim.member_id, now)
        code = "".join(secrets.choice(VOUCH_ALPHABET) for _ in range(12))
        Evidence.objects.update_or_create(
            claim=claim,
            kind=EvidenceKind.VOUCHES,
            defaults={
                "state": Evidence.State.OFFERED,
                "points": EVIDENCE[EvidenceKind.VOUCHES].points,
                "code_sealed": crypto.seal(code, "evidence.code"),
                "code_fingerprint": crypto.fingerprint(code, "vouch"),
                "code_until": now + rules.VOUCH_CODE_LASTS,
                "offered_at": now,
                "settled_at": None,
            },
        )
        audit.record("members.vouchers.invite", standing=standing, thing=f"claim:{claim.pk}", now=now)
    return "-".join(code[i : i + 4] for i in (0, 4, 8))


def vouch_for(*, standing: Standing, now: datetime, code: str) -> None:
    """Say that one knows the applicant to be the physician of the claim.

    Who may: a member of level L2 in force, at most five times a year, not for who vouched for oneself, not on the own
    claim. What follows: the second word confirms the evidence. Neither the applicant nor a verifier learns whose it was.

    Raises:
        NotFound: no applicant with that code.
        TooMany: too many codes were tried.
        CannotVouch: expired, said already, five times this year, or mutual.
    """
    standing.require(Permission.APPLICANT_VOUCH, "Only verified physicians vouch.")
    voucher_id = standing.require_member()
    take(limits.VOUCHES_BY_ACCOUNT, voucher_id, now)
    with transaction.atomic():
        claim = access.load_claim_to_vouch(standing, normalise_vouch_code(code), lock=True)
        # The voucher's row is locked, so that five stay five in parallel.
        Member.objects.select_for_update().get(pk=voucher_id, level__gte=Level.L2)
        evidence = claim.evidence.select_for_update().get(kind=EvidenceKind.VOUCHES)
        if evidence.code_until is None or now > evidence.code_until or evidence.state != Evidence.State.OFFERED:
            raise CannotVouch("That code has expired, or two colleagues have vouched already.")
        if Vouch.objects.filter(claim=claim, voucher_id=voucher_id).exists():
            raise CannotVouch("You have vouched for this colleague already.")
        if Vouch.objects.filter(voucher_id=claim.member_id, applicant_id=voucher_id).exists():
            raise CannotVouch("This colleague vouched for you; two people cannot vouch for each other.")
        given = Vouch.objects.filter(voucher_id=voucher_id, vouched_at__gt=now - rules.VOUCH_YEAR).count()
        if given >= rules.MOST_VOUCHES:
            raise CannotVouch(
                f"You have vouched {rules.MOST_VOUCHES} times in twelve months; more would not be a word each."
            )
        Vouch.objects.create(claim=claim, voucher_id=voucher_id, applicant_id=claim.member_id, vouched_at=now)
        if claim.vouches.count() >= rules.VOUCHES_NEEDED:
            evidence.state, evidence.settled_at = Evidence.State.CONFIRMED, now
            evidence.code_sealed = evidence.code_fingerprint = None
            evidence.save()
            casework.advance(claim, standing=None, now=now)
        # The events name the claim and not who vouched: a verifier reads the trail.
        audit.record("members.applicant.vouch", standing=None, thing=f"claim:{claim.pk}", now=now)


def note_look_up(*, standing: Standing, now: datetime) -> None:
    """Count a look at who handed out a code, so that codes cannot be guessed.

    Raises:
        TooMany: too many codes were tried.
    """
    take(limits.VOUCHES_BY_ACCOUNT, standing.require_member(), now)
