"""People on their way to verification."""

import re

import pytest

from auscult.members.actions import claims, decisions, evidence
from auscult.members.models import Claim
from auscult.members.queries.standing import get_standing
from auscult.members.queries.verifiers import get_code_sheet
from auscult.members.rules import Decision, EvidenceKind, Via
from auscult.registry.models import RegisterRecord
from auscult.shared.models import MailMessage
from auscult.shared.standing import Level, Standing


@pytest.fixture
def record(register):
    return RegisterRecord.objects.exclude(licences=[]).exclude(phone="").order_by("number").first()


@pytest.fixture
def applicant(make_account, now):
    account = make_account("ada@example.org")
    return lambda at=now: get_standing(account.pk, at)


@pytest.fixture
def verifier(make_member):
    return make_member(level=Level.L0, roles=("verifier",))


@pytest.fixture
def second_verifier(make_member):
    return make_member(level=Level.L0, roles=("verifier",))


def facts(record, **changes):
    number, state = record.licences[0]
    return {
        "number": record.number,
        "last_name": record.last_name.title(),
        "first_name": record.first_name.title(),
        "licence": number,
        "licence_state": state,
    } | changes


def claim_it(standing, record, now, **changes):
    return claims.submit_claim(standing=standing, now=now, **facts(record, **changes))


def settle(verifier, claim, now, *kinds):
    for kind in kinds:
        if kind in {EvidenceKind.VIDEO, EvidenceKind.PROOFING}:
            evidence.ask_meeting(standing=Standing(member_id=claim.member_id), now=now, kind=kind, note="any evening")
        evidence.settle_evidence(standing=verifier, now=now, claim_id=claim.pk, kind=kind, confirmed=True, note="seen")


def send_and_confirm(applicant, verifier, claim, now, via=Via.TELEPHONE):
    """A code over the registered practice."""
    kind = EvidenceKind.POST_CARD if via == Via.POST else EvidenceKind.CALL_BACK
    evidence.ask_code(standing=applicant, now=now, via=via)
    evidence.send_code(standing=verifier, now=now, claim_id=claim.pk, kind=kind)
    code = get_code_sheet(verifier, claim.pk, kind, now).code
    evidence.confirm_code(standing=applicant, now=now, kind=kind, code=code)


def confirm_email(applicant, claim, record, now):
    address = f"{record.last_name.lower()}@hospital.example"
    evidence.offer_institutional_email(standing=applicant, now=now, address=address)
    message = MailMessage.objects.filter(to=address).latest("pk")
    code = re.search(r"\d{8}", message.text).group()
    evidence.confirm_code(standing=applicant, now=now, kind=EvidenceKind.INSTITUTIONAL_EMAIL, code=code)


def decide(verifier, claim, now, decision=Decision.VERIFY, reason="evidence_sufficient"):
    return decisions.decide_claim(standing=verifier, now=now, claim_id=claim.pk, decision=decision, reason=reason)


def verify(applicant, verifier, claim, now):
    """The ordinary way: a code over the practice, a look-up, a decision."""
    send_and_confirm(applicant, verifier, claim, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    claim.refresh_from_db()
    if claim.state in {"submitted", "in_review", "more_information"}:
        decide(verifier, claim, now)
    return Claim.objects.get(pk=claim.pk)
