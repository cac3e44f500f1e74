"""Evidence: offered by applicants, confirmed by codes, recorded by verifiers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from auscult.members import access, casework, limits, names, rules
from auscult.members.casework import CannotDecideClaim
from auscult.members.models import Claim, Evidence
from auscult.members.rules import EVIDENCE, ClaimKind, ClaimState, EvidenceKind, Flag, Via
from auscult.registry.queries import find_contacts
from auscult.shared import audit, crypto, mail
from auscult.shared.limits import take
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


class CannotAddEvidence(Refused):
    """The evidence was not taken."""


def _refuse_if_confirmed(claim: Claim, kind: EvidenceKind) -> None:
    if claim.evidence.filter(kind=kind, state=Evidence.State.CONFIRMED).exists():
        raise CannotAddEvidence(f"{EVIDENCE[kind].words}: that is confirmed already.")


def _worth(claim: Claim, via: Via, now: datetime) -> int:
    """Points of a code over what the register has for the record of a claim, as of now."""
    contacts = find_contacts(casework.read_identity(claim)["number"])
    if contacts is None:
        return 0
    return {Via.TELEPHONE: contacts.phone, Via.FAX: contacts.fax, Via.POST: contacts.address}[via].points(now.date())


def _new_code() -> str:
    return f"{secrets.randbelow(10**8):08d}"


def _mark(code: str, claim: Claim) -> bytes:
    return crypto.fingerprint(code, f"evidence:{claim.pk}")


def offer_institutional_email(*, standing: Standing, now: datetime, address: str) -> None:
    """Send a code to an institutional address.

    Who may: an applicant with an open claim. What follows: the code, typed in within 30 minutes, confirms it.

    Raises:
        NotFound: no open claim.
        TooMany: too many codes were sent.
        CannotAddEvidence: the address cannot serve as evidence, with the reason.
    """
    address = address.strip()
    kind = EvidenceKind.INSTITUTIONAL_EMAIL
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        identity = casework.read_identity(claim)
        problem = names.institutional_address_problem(
            address, identity["last_name"], settings.INSTITUTION_DOMAINS, identity["first_name"]
        )
        if problem:
            raise CannotAddEvidence(problem)
        _refuse_if_confirmed(claim, kind)
        take(limits.CODES_BY_ACCOUNT, claim.member_id, now)
        code = _new_code()
        Evidence.objects.update_or_create(
            claim=claim,
            kind=kind,
            defaults={
                "state": Evidence.State.OFFERED,
                "points": EVIDENCE[kind].points,
                "note_sealed": crypto.seal(address.lower(), "evidence.note"),
                "code_fingerprint": _mark(code, claim),
                "code_until": now + rules.CODE_LASTS,
                "code_tries": 0,
                "offered_at": now,
                "settled_at": None,
            },
        )
        audit.record("members.evidence.offer", standing=standing, thing=f"claim:{claim.pk}", now=now, kind=kind.value)
        mail.queue_mail(
            to=address,
            subject=f"{settings.INSTANCE_NAME}: your code",
            text=f"Your code is {code}. It is valid for 30 minutes.\n\n"
            "Somebody, probably you, gave this address as evidence of being a physician. If it was not you, "
            "do nothing.\n",
        )


def ask_code(*, standing: Standing, now: datetime, via: Via) -> None:
    """Ask that a code goes to the registered practice, by telephone, fax or post.

    Who may: an applicant with an open claim on a record. What follows: a verifier says, faxes or posts it, to what the
    register knew before the claim; typed in, it confirms. A number that more than 20 physicians share, or that changed
    lately, is worth one point.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: in training, the register has no such contact, a code is on its way, or confirmed already.
        TooMany: too many codes were asked for.
    """
    kind = EvidenceKind.POST_CARD if via == Via.POST else EvidenceKind.CALL_BACK
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        if claim.record_fingerprint is None:
            raise CannotAddEvidence("Residents and students stand in no register, so there is no practice to reach.")
        _refuse_if_confirmed(claim, kind)
        waiting = claim.evidence.filter(kind=kind, state=Evidence.State.OFFERED, code_sealed__isnull=False).first()
        in_time = waiting is not None and (waiting.code_until is None or now <= waiting.code_until)
        if waiting and waiting.via == via and in_time and waiting.code_tries < rules.MOST_CODE_TRIES:
            raise CannotAddEvidence("A code is on its way already.")
        points = _worth(claim, via, now)
        # Whoever asked for a review learns nothing of the record: what cannot be sent is seen by a verifier.
        if points == 0 and claim.kind != ClaimKind.REVIEW:
            raise CannotAddEvidence(
                f"The register has no {'address' if via == Via.POST else via.value} for your practice."
            )
        take(limits.CODES_BY_ACCOUNT, claim.member_id, now)
        code = _new_code()
        Evidence.objects.update_or_create(
            claim=claim,
            kind=kind,
            defaults={
                "state": Evidence.State.OFFERED,
                "points": points,
                "via": via,
                "code_sealed": crypto.seal(code, "evidence.code"),
                "code_fingerprint": _mark(code, claim),
                # The clock of the code begins when it is sent.
                "code_until": None,
                "code_tries": 0,
                "sent_at": None,
                "offered_at": now,
                "settled_at": None,
            },
        )
        if points == 1 and Flag.SHARED_NUMBER not in claim.flags:
            claim.flags = [*claim.flags, Flag.SHARED_NUMBER.value]
            claim.save(update_fields=["flags"])
        audit.record("members.code.ask", standing=standing, thing=f"claim:{claim.pk}", now=now, via=via.value)


def send_code(*, standing: Standing, now: datetime, claim_id: int, kind: EvidenceKind) -> None:
    """Note that a code was said, faxed or posted to the registered practice.

    Who may: a verifier, not on the own claim. What follows: its time runs.

    Raises:
        NotFound: no such claim for this standing.
        CannotAddEvidence: no code of that kind waits.
    """
    with transaction.atomic():
        claim = access.load_claim_to_decide(standing, claim_id, lock=True)
        evidence = claim.evidence.filter(kind=kind, state=Evidence.State.OFFERED, code_sealed__isnull=False).first()
        if evidence is None or not evidence.via or evidence.sent_at is not None:
            raise CannotAddEvidence("No code of that kind waits to be sent.")
        # What the register says now is where it went; it may have changed since the code was asked for.
        worth = _worth(claim, Via(evidence.via), now)
        if worth == 0:
            raise CannotAddEvidence("The register has no such contact, so the code cannot have gone there.")
        evidence.points = min(evidence.points, worth)
        evidence.sent_at, evidence.code_until = now, now + rules.SENT_CODE_LASTS[Via(evidence.via)]
        evidence.save(update_fields=["points", "sent_at", "code_until"])
        audit.record("members.code.send", standing=standing, thing=f"claim:{claim.pk}", now=now, via=evidence.via)
        way = {Via.TELEPHONE: "was said on the telephone", Via.FAX: "was faxed", Via.POST: "was posted"}
        casework.tell(
            claim.member_id,
            "a code is on its way",
            f"The code {way[Via(evidence.via)]} to your registered practice. It is valid until "
            f"{evidence.code_until:%-d %B %Y}. Type it in under “Your standing”.\n",
        )


def confirm_code(*, standing: Standing, now: datetime, kind: EvidenceKind, code: str) -> None:
    """Confirm evidence by the code that was sent.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: no code was sent, it is too old, tried too often, or wrong.
    """
    problem = None
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        evidence = claim.evidence.filter(
            kind=kind, state=Evidence.State.OFFERED, code_fingerprint__isnull=False
        ).first()
        if evidence is None or kind == EvidenceKind.VOUCHES:
            raise CannotAddEvidence("No code was sent. Ask for one first.")
        if evidence.via and evidence.sent_at is None:
            raise CannotAddEvidence("That code was not sent yet. You get a mail when it is on its way.")
        expired = evidence.code_until is not None and now > evidence.code_until
        if expired or evidence.code_tries >= rules.MOST_CODE_TRIES:
            raise CannotAddEvidence("That code has expired. Ask for a new one.")
        if bytes(evidence.code_fingerprint or b"") == _mark(
            "".join(letter for letter in code if letter in "0123456789"), claim
        ):
            evidence.state, evidence.settled_at = Evidence.State.CONFIRMED, now
            evidence.code_fingerprint = evidence.code_sealed = None
            audit.record("members.code.confirm", standing=standing, thing=f"claim:{claim.pk}", now=now, kind=kind.value)
        else:
            # The failed try is kept, so the refusal is raised only after the transaction.
            evidence.code_tries += 1
            left = rules.MOST_CODE_TRIES - evidence.code_tries
            problem = (
                f"That is not the code. {left} {'try is' if left == 1 else 'tries are'} left."
                if left
                else "That code has expired. Ask for a new one."
            )
        evidence.save()
        if not problem:
            casework.advance(claim, standing=standing, now=now)
    if problem:
        raise CannotAddEvidence(problem)


def offer_document(*, standing: Standing, now: datetime, data: bytes) -> None:
    """Offer a licence or badge document, stored encrypted until 30 days after the decision.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: empty, too large, or no PDF, JPEG or PNG; or seen and confirmed already.
    """
    if not data or len(data) > rules.MOST_DOCUMENT_BYTES:
        raise CannotAddEvidence("The document must have at most 5 MB.")
    if rules.document_type(data) is None:
        raise CannotAddEvidence("The document must be a PDF, JPEG or PNG file.")
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        _refuse_if_confirmed(claim, EvidenceKind.DOCUMENT)
        Evidence.objects.update_or_create(
            claim=claim,
            kind=EvidenceKind.DOCUMENT,
            defaults={
                "state": Evidence.State.OFFERED,
                "points": EVIDENCE[EvidenceKind.DOCUMENT].points,
                "document_sealed": crypto.seal(data, "evidence.document"),
                "document_hash": hashlib.sha256(data).digest(),
                "offered_at": now,
                "settled_at": None,
            },
        )
        audit.record("members.evidence.offer", standing=standing, thing=f"claim:{claim.pk}", now=now, kind="document")
        casework.advance(claim, standing=standing, now=now)


def ask_meeting(*, standing: Standing, now: datetime, kind: EvidenceKind, note: str) -> None:
    """Ask a verifier for a live video, or name a third party's proof of identity to be checked.

    Who may: an applicant with an open claim. What follows: the claim goes to the verifiers, who settle it.

    Raises:
        NotFound: no open claim.
        CannotAddEvidence: another kind, nothing written, or confirmed already.
    """
    if kind not in {EvidenceKind.VIDEO, EvidenceKind.PROOFING}:
        raise CannotAddEvidence("Choose video or proofing.")
    if not note.strip():
        raise CannotAddEvidence("Write when you can be reached and how, or who proved your identity.")
    with transaction.atomic():
        claim = access.load_own_open_claim(standing)
        _refuse_if_confirmed(claim, kind)
        Evidence.objects.update_or_create(
            claim=claim,
            kind=kind,
            defaults={
                "state": Evidence.State.OFFERED,
                "points": EVIDENCE[kind].points,
                "note_sealed": crypto.seal(note.strip(), "evidence.note"),
                "offered_at": now,
                "settled_at": None,
            },
        )
        audit.record("members.meeting.ask", standing=standing, thing=f"claim:{claim.pk}", now=now, kind=kind.value)
        casework.advance(claim, standing=standing, now=now)


def settle_evidence(
    *, standing: Standing, now: datetime, claim_id: int, kind: EvidenceKind, confirmed: bool, note: str
) -> None:
    """Record what a verifier found: a document seen, a board look-up, a video, a proofing.

    Who may: a verifier, not on the own claim.

    Raises:
        NotFound: no such claim for this standing.
        CannotAddEvidence: no note, no document to settle, or a kind that only a code or colleagues confirm.
        CannotDecideClaim: the claim is decided.
    """
    if EVIDENCE[kind].by_code:
        raise CannotAddEvidence(f"{EVIDENCE[kind].words}: only the code, or the colleagues themselves, confirm that.")
    if not note.strip():
        raise CannotAddEvidence("Write what you saw: who answered, which board, which document.")
    with transaction.atomic():
        claim = access.load_claim_to_decide(standing, claim_id, lock=True)
        if claim.state not in rules.OPEN_STATES:
            raise CannotDecideClaim("This claim is decided.")
        # Only a look-up is a verifier's own; the rest the applicant has offered. A slip is corrected by settling again.
        if kind != EvidenceKind.BOARD_LOOKUP and not claim.evidence.filter(kind=kind).exists():
            raise CannotAddEvidence(f"{EVIDENCE[kind].words}: the applicant has offered none.")
        found = {
            "state": Evidence.State.CONFIRMED if confirmed else Evidence.State.REFUSED,
            "points": EVIDENCE[kind].points,
            "note_sealed": crypto.seal(note.strip(), "evidence.note"),
            "settled_at": now,
        }
        Evidence.objects.update_or_create(
            claim=claim, kind=kind, defaults=found, create_defaults={**found, "offered_at": now}
        )
        audit.record(
            "members.evidence.settle",
            standing=standing,
            thing=f"claim:{claim.pk}",
            now=now,
            kind=kind.value,
            confirmed=confirmed,
        )
        casework.advance(claim, standing=standing, now=now)


def purge_documents(*, standing: Standing, now: datetime) -> int:
    """Delete documents 30 days after the decision; their hash and the verdict stay. Called daily.

    Returns:
        How many were deleted.
    """
    with transaction.atomic():
        old = Evidence.objects.filter(
            document_sealed__isnull=False,
            claim__decided_at__lte=now - rules.DOCUMENTS_KEPT,
            claim__state__in=[ClaimState.VERIFIED, ClaimState.REJECTED, ClaimState.WITHDRAWN],
        )
        deleted = old.update(document_sealed=None)
        if deleted:
            audit.record("members.documents.purge", standing=standing, thing="evidence", now=now, documents=deleted)
    return deleted


def note_claim_read(*, standing: Standing, now: datetime, claim_id: int) -> None:
    """Write on the audit trail that a verifier looked at a name; once an hour for each claim and verifier.

    Raises:
        NotFound: no such claim for this standing.
    """
    from auscult.shared.models import AuditEvent

    with transaction.atomic():
        claim = access.load_claim_to_decide(standing, claim_id)
        seen = AuditEvent.objects.filter(
            event="members.claim.read",
            thing=f"claim:{claim.pk}",
            actor_id=standing.member_id,
            at__gt=now - timedelta(hours=1),
        )
        if not seen.exists():
            audit.record("members.claim.read", standing=standing, thing=f"claim:{claim.pk}", now=now)
