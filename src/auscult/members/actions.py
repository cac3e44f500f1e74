"""Writes of the members' room."""

from __future__ import annotations

import json
import secrets
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from auscult.members import access, rules
from auscult.members.models import Account, Claim, Evidence, Member, RoleGrant
from auscult.members.rules import EVIDENCE, ClaimState, Decision, EvidenceKind
from auscult.registry.npi import normalise_npi
from auscult.registry.queries import match_record
from auscult.shared import audit, crypto, mail
from auscult.shared.refusals import Conflict, NotAllowed, Refused
from auscult.shared.roles import GRANTABLE, Permission, Role
from auscult.shared.standing import Level, Standing

#: One answer for «no such NPI», «another name» and «already claimed»: none may be told from the other.
NO_MATCH = (
    "We could not match these details to a register record that is free to claim. Check the number, the spelling of "
    "your name as registered, and the licence. If all is right, write to the people who run this place."
)


class CannotSubmitClaim(Refused):
    """The claim was not taken."""


class CannotAddEvidence(Refused):
    """The evidence was not taken."""


class CannotDecideClaim(Conflict):
    """The decision does not fit the claim."""


class CannotChooseHandle(Refused):
    """The handle was not taken."""


def create_member(*, account_id: int) -> Member:
    """Give a new account its member row at level L0. Called once, when an account signs up."""
    return Member.objects.create(account_id=account_id)


def note_visit(*, member_id: int, now: datetime) -> None:
    """Note the day of a member's request, once a day, so that active members can be counted."""
    Member.objects.filter(pk=member_id).update(active_on=now.date())


def submit_claim(
    *,
    standing: Standing,
    now: datetime,
    npi: str,
    last_name: str,
    first_name: str,
    licence: str,
    licence_state: str,
) -> Claim:
    """Claim a register record.

    Who may: a signed-in account without an open claim, whose verification is not valid (none yet, or lapsed).
    What changes: a claim is opened and the member
    becomes L1 (registered), who reads and does not vote. What follows: evidence.

    Raises:
        NotAllowed: nobody is signed in.
        Conflict: there is an open claim, or a verification that is still valid.
        CannotSubmitClaim: no match, in the same words for every reason.
    """
    with transaction.atomic():
        member = access.load_own_member(standing, lock=True)
        if Claim.objects.filter(member=member, state__in=rules.OPEN_STATES).exists():
            raise Conflict("You have a claim already.")
        if member.verified_until is not None and now < member.verified_until:
            raise Conflict("You are verified already.")
        number = normalise_npi(npi)
        match = match_record(
            npi=number,
            last_name=last_name,
            first_name=first_name,
            licence=licence,
            licence_state=licence_state,
            on=now.date(),
        )
        # Asked in every case, so that «already claimed» costs the same as «no match».
        mark = crypto.fingerprint(number, "npi")
        taken = Claim.objects.filter(npi_fingerprint=mark, state=ClaimState.VERIFIED).exclude(member=member).exists()
        if match is None or taken:
            raise CannotSubmitClaim(NO_MATCH)
        identity = {
            "npi": number,
            "last_name": last_name.strip(),
            "first_name": first_name.strip(),
            "registered_name": match.full_name,
            "specialty": match.specialty,
            "licence": licence.strip(),
            "licence_state": licence_state.upper(),
            "phone": match.phone,
        }
        claim = Claim.objects.create(
            member=member,
            npi_fingerprint=mark,
            identity_sealed=crypto.seal(json.dumps(identity), "claim.identity"),
            specialty_group=match.specialty_group,
            practice_state=match.state,
            sex=match.sex,
            career=match.career,
            submitted_at=now,
        )
        member.level = max(member.level, Level.L1)
        member.save(update_fields=["level"])
        audit.record("members.claim.submit", standing=standing, thing=f"claim:{claim.pk}", now=now)
    return claim


def offer_institutional_email(*, standing: Standing, now: datetime, address: str) -> None:
    """Send a code to an institutional address.

    Who may: an applicant with an open claim. What follows: the code, typed in within 30 minutes, confirms it.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: the address cannot serve as evidence, with the reason.
    """
    address = address.strip()
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        identity = json.loads(crypto.unseal(claim.identity_sealed, "claim.identity"))
        problem = rules.institutional_address_problem(address, identity["last_name"], settings.INSTITUTION_DOMAINS)
        if problem:
            raise CannotAddEvidence(problem)
        if Evidence.objects.filter(
            claim=claim, kind=EvidenceKind.INSTITUTIONAL_EMAIL, state=Evidence.State.CONFIRMED
        ).exists():
            raise CannotAddEvidence("An institutional address is confirmed already.")
        code = f"{secrets.randbelow(10**8):08d}"
        Evidence.objects.update_or_create(
            claim=claim,
            kind=EvidenceKind.INSTITUTIONAL_EMAIL,
            defaults={
                "state": Evidence.State.OFFERED,
                "note_sealed": crypto.seal(address.lower(), "evidence.note"),
                "code_fingerprint": crypto.fingerprint(code, f"evidence:{claim.pk}"),
                "code_until": now + rules.CODE_LASTS,
                "code_tries": 0,
                "offered_at": now,
                "settled_at": None,
            },
        )
        audit.record("members.evidence.offer", standing=standing, thing=f"claim:{claim.pk}", now=now, kind="e-mail")
        mail.queue_mail(
            to=address,
            subject=f"{settings.INSTANCE_NAME}: your code",
            text=f"Your code is {code}. It is valid for 30 minutes.\n\n"
            "Somebody, probably you, gave this address as evidence of being a physician. If it was not you, "
            "do nothing.\n",
        )


def confirm_institutional_email(*, standing: Standing, now: datetime, code: str) -> None:
    """Confirm the institutional address by the code that was sent there.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: no code was sent, it is too old, tried too often, or wrong.
    """
    problem = None
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        evidence = Evidence.objects.filter(
            claim=claim, kind=EvidenceKind.INSTITUTIONAL_EMAIL, state=Evidence.State.OFFERED
        ).first()
        if evidence is None or evidence.code_until is None:
            raise CannotAddEvidence("No code was sent. Give your institutional address first.")
        if now > evidence.code_until or evidence.code_tries >= rules.MOST_CODE_TRIES:
            raise CannotAddEvidence("That code has expired. Send a new one.")
        if bytes(evidence.code_fingerprint or b"") == crypto.fingerprint(code.strip(), f"evidence:{claim.pk}"):
            evidence.state, evidence.settled_at, evidence.code_fingerprint = Evidence.State.CONFIRMED, now, None
            audit.record("members.evidence.confirm", standing=standing, thing=f"claim:{claim.pk}", now=now)
        else:
            # The failed try is kept, so the refusal is raised only after the transaction.
            evidence.code_tries += 1
            left = rules.MOST_CODE_TRIES - evidence.code_tries
            problem = (
                f"That is not the code. {left} tries are left." if left else "That code has expired. Send a new one."
            )
        evidence.save()
    if problem:
        raise CannotAddEvidence(problem)


def offer_document(*, standing: Standing, now: datetime, data: bytes) -> None:
    """Offer a licence or badge document, stored encrypted until the decision.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: empty, too large, or no PDF, JPEG or PNG.
    """
    if not data or len(data) > rules.MOST_DOCUMENT_BYTES:
        raise CannotAddEvidence("The document must have at most 5 MB.")
    if rules.document_type(data) is None:
        raise CannotAddEvidence("The document must be a PDF, JPEG or PNG file.")
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        Evidence.objects.update_or_create(
            claim=claim,
            kind=EvidenceKind.DOCUMENT,
            defaults={
                "state": Evidence.State.OFFERED,
                "document_sealed": crypto.seal(data, "evidence.document"),
                "offered_at": now,
                "settled_at": None,
            },
        )
        claim.state, claim.reason = ClaimState.SUBMITTED, ""
        claim.save(update_fields=["state", "reason"])
        audit.record("members.evidence.offer", standing=standing, thing=f"claim:{claim.pk}", now=now, kind="document")


def settle_evidence(
    *, standing: Standing, now: datetime, claim_id: int, kind: EvidenceKind, confirmed: bool, note: str
) -> None:
    """Record what a verifier found: a document seen, a call-back made, a board look-up.

    Who may: a verifier, not on the own claim.

    Raises:
        NotFound: no such claim for this standing.
        CannotAddEvidence: no note, no document to settle, or a kind that only a code confirms.
        CannotDecideClaim: the claim is decided.
    """
    if kind == EvidenceKind.INSTITUTIONAL_EMAIL:
        raise CannotAddEvidence("An institutional address is confirmed by its code alone.")
    if not note.strip():
        raise CannotAddEvidence("Write what you saw: who answered, which board, which document.")
    with transaction.atomic():
        claim = access.load_claim_to_decide(standing, claim_id, lock=True)
        if claim.state not in rules.OPEN_STATES:
            raise CannotDecideClaim("This claim is decided.")
        if kind == EvidenceKind.DOCUMENT and not claim.evidence.filter(kind=kind).exists():
            raise CannotAddEvidence("The applicant has sent no document.")
        state = Evidence.State.CONFIRMED if confirmed else Evidence.State.REFUSED
        Evidence.objects.update_or_create(
            claim=claim,
            kind=kind,
            defaults={
                "state": state,
                "note_sealed": crypto.seal(note.strip(), "evidence.note"),
                "settled_at": now,
            },
            create_defaults={
                "state": state,
                "note_sealed": crypto.seal(note.strip(), "evidence.note"),
                "offered_at": now,
                "settled_at": now,
            },
        )
        audit.record(
            "members.evidence.settle",
            standing=standing,
            thing=f"claim:{claim.pk}",
            now=now,
            kind=kind.value,
            confirmed=confirmed,
        )


def decide_claim(*, standing: Standing, now: datetime, claim_id: int, decision: Decision, reason: str) -> None:
    """Verify, reject, or ask for more.

    Who may: a verifier, not on the own claim. What changes: the claim's state; on verification the member becomes L2
    with the record's stratum for 24 months. What follows: a mail to the applicant; documents are deleted at once.

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
        member = Member.objects.select_for_update().select_related("account").get(pk=claim.member_id)
        if decision == Decision.VERIFY:
            _verify(claim, member, now)
        elif decision == Decision.REJECT:
            claim.state = ClaimState.REJECTED
            # Who was rejected no longer reads what physicians write; a member whose renewal fails keeps L2 until it lapses.
            Member.objects.filter(pk=member.pk, level=Level.L1).update(level=Level.L0)
        else:
            claim.state = ClaimState.MORE_INFORMATION
        claim.reason = reason
        if claim.state != ClaimState.MORE_INFORMATION:
            claim.decided_at = now
            claim.evidence.update(document_sealed=None)
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
        )
        mail.queue_mail(
            to=member.account.email,
            subject=f"{settings.INSTANCE_NAME}: your claim",
            text=f"{rules.REASONS[reason][1]}\n\nSign in to see where your claim stands and what comes next.\n",
        )


def _verify(claim: Claim, member: Member, now: datetime) -> None:
    confirmed = [
        EvidenceKind(kind)
        for kind in claim.evidence.filter(state=Evidence.State.CONFIRMED).values_list("kind", flat=True)
    ]
    if rules.level_from(confirmed) < Level.L2:
        have = ", ".join(EVIDENCE[kind].words for kind in confirmed) or "nothing confirmed"
        raise CannotDecideClaim(
            f"Verification needs {rules.L2_POINTS} points over {rules.L2_CHANNELS} kinds, one independent; so far: {have}."
        )
    # A renewal takes the place of the claim that lapsed.
    Claim.objects.filter(member=member, state=ClaimState.VERIFIED).update(state=ClaimState.WITHDRAWN)
    claim.state = ClaimState.VERIFIED
    member.level = max(member.level, Level.L2)
    member.specialty_group, member.state = claim.specialty_group, claim.practice_state
    member.sex, member.career = claim.sex, claim.career
    member.verified_at, member.verified_until = now, now + rules.L2_LASTS
    member.save()


def withdraw_claim(*, standing: Standing, now: datetime) -> None:
    """Withdraw the own open claim; its documents are deleted.

    Raises:
        NotFound: no open claim.
    """
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        claim.state, claim.decided_at = ClaimState.WITHDRAWN, now
        claim.save(update_fields=["state", "decided_at"])
        claim.evidence.update(document_sealed=None, note_sealed=None)
        Member.objects.filter(pk=claim.member_id, level=Level.L1).update(level=Level.L0)
        audit.record("members.claim.withdraw", standing=standing, thing=f"claim:{claim.pk}", now=now)


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
        identity = json.loads(crypto.unseal(claim.identity_sealed, "claim.identity")) if claim else {}
        wanted = handle.strip().lower()
        problem = rules.handle_problem(wanted, identity.get("last_name", ""), identity.get("first_name", ""))
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
