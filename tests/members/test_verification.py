"""From a claim to a verified member, and every way it is refused."""

import hashlib
import json
import re
from datetime import timedelta

import pytest
from django.db import IntegrityError

from auscult.members.actions import accounts, claims, evidence
from auscult.members.casework import CannotDecideClaim
from auscult.members.models import Claim, Evidence, Member
from auscult.members.queries.applicants import get_verification_page
from auscult.members.queries.standing import count_by_stratum, count_verified, get_standing
from auscult.members.queries.verifiers import get_claim_page, get_queue_page
from auscult.members.rules import ClaimState, Decision, EvidenceKind
from auscult.registry.models import RegisterRecord
from auscult.shared.models import AuditEvent, MailMessage
from auscult.shared.refusals import Conflict, NotAllowed, NotFound, Refused
from auscult.shared.roles import Permission, Role
from auscult.shared.standing import CONSOLE, READER, Level, Obstacle
from tests.members.conftest import claim_it, confirm_email, decide, facts, send_and_confirm, settle, verify

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 a badge"


def confirm_email_code(standing, now, code):
    evidence.confirm_code(standing=standing, now=now, kind=EvidenceKind.INSTITUTIONAL_EMAIL, code=code)


def test_public_facts_alone_leave_a_member_at_l1_who_reads_and_does_not_vote(applicant, record, now):
    claim_it(applicant(), record, now)
    standing = applicant()
    assert standing.level == Level.L1
    assert standing.roles == frozenset()
    assert not standing.can(Permission.BALLOT_CAST)
    assert standing.stratum is None


def test_what_a_claim_says_of_a_person_is_not_readable_in_the_table(applicant, record, now):
    claim = claim_it(applicant(), record, now)
    raw = str(Claim.objects.values().get(pk=claim.pk)) + str(Member.objects.values().get())
    for secret in (record.number, record.last_name.title(), record.first_name.title(), record.licences[0][0]):
        assert secret not in raw


def test_every_mismatch_gets_the_same_words(applicant, record, make_account, now):
    other = get_standing(make_account("eve@example.org").pk, now)
    RegisterRecord.objects.exclude(number=record.number).update(status="deactivated")
    gone = RegisterRecord.objects.filter(status="deactivated").first()
    wrong = (
        {"number": "1234567893"},
        {"number": "x"},
        {"last_name": "Nobody"},
        {"licence": "0"},
        {"number": gone.number},
    )
    texts = set()
    for changes in wrong:
        with pytest.raises(claims.CannotSubmitClaim) as refusal:
            claims.submit_claim(standing=other, now=now, **facts(record, **changes))
        texts.add(str(refusal.value))
    assert texts == {claims.NO_MATCH}


def test_a_record_that_somebody_holds_is_claimed_like_any_other(applicant, record, verifier, make_account, now):
    """A refusal would tell whoever knows the public facts of a colleague that the colleague is a member."""
    verify(applicant(), verifier, claim_it(applicant(), record, now), now)
    other = make_account("eve@example.org")
    claim_it(get_standing(other.pk, now), record, now)
    standing = get_standing(other.pk, now)
    assert standing.level == Level.L1
    assert standing.roles == frozenset()
    page, free = (get_verification_page(each, now) for each in (standing, standing))
    assert page == free
    assert not page.two_verifiers


def test_a_second_claim_while_one_is_open_is_refused(applicant, record, now):
    claim_it(applicant(), record, now)
    with pytest.raises(Conflict):
        claim_it(applicant(), record, now)
    with pytest.raises(NotAllowed):
        claims.submit_claim(standing=READER, now=now, **facts(record))


def test_pending_claims_do_not_block_each_other_but_only_one_is_verified(
    applicant, record, verifier, second_verifier, make_account, now
):
    first = claim_it(applicant(), record, now)
    eve = get_standing(make_account("eve@example.org").pk, now)
    second = claim_it(eve, record, now)
    verify(eve, verifier, second, now)
    confirm_email(applicant(), first, record, now)
    settle(verifier, first, now, EvidenceKind.BOARD_LOOKUP)
    assert decide(verifier, first, now) is False  # a record that somebody holds takes two
    with pytest.raises(CannotDecideClaim, match="another account"):
        decide(second_verifier, first, now)
    first.refresh_from_db()
    assert first.state == ClaimState.IN_REVIEW
    assert applicant().level == Level.L1
    with pytest.raises(IntegrityError):
        Claim.objects.filter(pk=first.pk).update(state=ClaimState.VERIFIED)


def test_an_institutional_address_is_confirmed_by_the_code_sent_there(applicant, record, now):
    claim_it(applicant(), record, now)
    address = f"{record.last_name.lower()}@hospital.example"
    evidence.offer_institutional_email(standing=applicant(), now=now, address=address)
    message = MailMessage.objects.get(to=address)
    code = re.search(r"\d{8}", message.text).group()
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    with pytest.raises(evidence.CannotAddEvidence, match="4 tries"):
        confirm_email_code(applicant(), now, wrong)
    confirm_email_code(applicant(), now, f" {code} ")
    page = get_verification_page(applicant(), now)
    assert (page.points, page.enough) == (2, False)
    with pytest.raises(evidence.CannotAddEvidence, match="No code"):
        confirm_email_code(applicant(), now, code)


def test_codes_expire_by_time_and_by_tries(applicant, record, now):
    claim_it(applicant(), record, now)
    address = f"{record.last_name.lower()}@hospital.example"
    evidence.offer_institutional_email(standing=applicant(), now=now, address=address)
    code = re.search(r"\d{8}", MailMessage.objects.get(to=address).text).group()
    with pytest.raises(evidence.CannotAddEvidence, match="expired"):
        confirm_email_code(applicant(), now + timedelta(minutes=31), code)
    for _ in range(5):
        with pytest.raises(evidence.CannotAddEvidence):
            confirm_email_code(applicant(), now, "00000000x")
    with pytest.raises(evidence.CannotAddEvidence, match="expired"):
        confirm_email_code(applicant(), now, code)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF-" + b"x" * (5 * 1024 * 1024)])
def test_documents_that_are_not_taken(applicant, record, now, data):
    claim_it(applicant(), record, now)
    with pytest.raises(evidence.CannotAddEvidence):
        evidence.offer_document(standing=applicant(), now=now, data=data)
    assert not Evidence.objects.exists()


def test_verification_gives_the_stratum_of_the_record_and_deletes_the_document(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    evidence.offer_document(standing=applicant(), now=now, data=PDF)
    assert PDF not in bytes(Evidence.objects.get().document_sealed)
    settle(verifier, claim, now, EvidenceKind.DOCUMENT)
    send_and_confirm(applicant(), verifier, claim, now)
    decide(verifier, claim, now)
    standing = applicant()
    assert (standing.level, standing.roles) == (Level.L2, frozenset({Role.MEMBER}))
    assert standing.stratum is not None
    assert Member.objects.get(pk=standing.member_id).state == record.state
    assert evidence.purge_documents(standing=CONSOLE, now=now + timedelta(days=29)) == 0
    assert evidence.purge_documents(standing=CONSOLE, now=now + timedelta(days=30)) == 1
    left = Evidence.objects.get(kind=EvidenceKind.DOCUMENT)
    assert left.document_sealed is None
    assert bytes(left.document_hash) == hashlib.sha256(PDF).digest()
    assert left.state == Evidence.State.CONFIRMED
    assert MailMessage.objects.filter(to="ada@example.org").count() == 2  # a code is on its way; verified
    assert set(AuditEvent.objects.values_list("event", flat=True)) >= {
        "members.claim.submit", "members.evidence.offer", "members.evidence.settle", "members.claim.decide",
    }  # fmt: skip


def test_too_little_evidence_does_not_verify(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    with pytest.raises(CannotDecideClaim, match="3 points"):
        decide(verifier, claim, now)
    assert applicant().level == Level.L1


def test_a_refused_document_does_not_count(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    evidence.offer_document(standing=applicant(), now=now, data=PDF)
    evidence.settle_evidence(
        standing=verifier, now=now, claim_id=claim.pk, kind=EvidenceKind.DOCUMENT, confirmed=False, note="blurred"
    )
    send_and_confirm(applicant(), verifier, claim, now)
    with pytest.raises(CannotDecideClaim):
        decide(verifier, claim, now)


def test_who_may_not_decide(applicant, record, verifier, make_member, now):
    claim = claim_it(applicant(), record, now)
    for standing in (READER, CONSOLE, make_member(), make_member(roles=("editor",)), applicant()):
        with pytest.raises(NotFound):
            decide(standing, claim, now)
        with pytest.raises((NotFound, NotAllowed)):
            get_claim_page(standing, claim.pk, now)
    accounts.grant_role(standing=CONSOLE, now=now, email="ada@example.org", role=Role.VERIFIER)
    with pytest.raises(NotFound):  # the own claim
        decide(applicant(), claim, now)
    assert get_queue_page(applicant(), now).waiting == []


@pytest.mark.parametrize(
    ("kind", "note", "why"),
    [
        (EvidenceKind.INSTITUTIONAL_EMAIL, "seen", "only the code"),
        (EvidenceKind.CALL_BACK, "seen", "only the code"),
        (EvidenceKind.VOUCHES, "seen", "only the code"),
        (EvidenceKind.BOARD_LOOKUP, "  ", "Write what"),
        (EvidenceKind.DOCUMENT, "seen", "offered none"),
    ],
)
def test_evidence_that_cannot_be_settled(applicant, record, verifier, now, kind, note, why):
    claim = claim_it(applicant(), record, now)
    with pytest.raises(evidence.CannotAddEvidence, match=why):
        evidence.settle_evidence(standing=verifier, now=now, claim_id=claim.pk, kind=kind, confirmed=True, note=note)


def test_a_decision_needs_a_fitting_reason_and_is_taken_once(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    with pytest.raises(CannotDecideClaim, match="reason"):
        decide(verifier, claim, now, Decision.VERIFY, "not_the_holder")
    decide(verifier, claim, now, Decision.REJECT, "not_the_holder")
    with pytest.raises(CannotDecideClaim, match="decided"):
        decide(verifier, claim, now, Decision.REJECT, "not_the_holder")
    page = get_verification_page(applicant(), now)
    assert page.state == ClaimState.REJECTED
    assert "does not show" in page.reason
    assert applicant().level == Level.L0  # who was rejected does not read on
    claim_it(applicant(), record, now)  # one may try again


def test_a_withdrawn_claim_leaves_no_document_and_no_level(applicant, record, now):
    claim_it(applicant(), record, now)
    evidence.offer_document(standing=applicant(), now=now, data=PDF)
    claims.withdraw_claim(standing=applicant(), now=now)
    assert applicant().level == Level.L0
    assert not Evidence.objects.exclude(document_sealed=None).exists()
    with pytest.raises(NotFound):
        claims.withdraw_claim(standing=applicant(), now=now)


def test_a_verifier_sees_a_name_and_never_a_handle(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    page = get_claim_page(verifier, claim.pk, now)
    assert page.identity["number"] == record.number
    assert "handle" not in json.dumps(page.identity)
    (line,) = get_queue_page(verifier, now).waiting
    assert record.last_name.title() not in str(line)


def test_a_handle_is_chosen_once_and_unique_whatever_the_case(make_member, now):
    one, two = make_member(handle=None), make_member(handle=None)
    accounts.choose_handle(standing=one, now=now, handle=" Quiet-Fox ")
    assert Member.objects.get(pk=one.member_id).handle == "quiet-fox"
    with pytest.raises(Conflict):
        accounts.choose_handle(standing=one, now=now, handle="other-fox")
    with pytest.raises(accounts.CannotChooseHandle, match="Somebody"):
        accounts.choose_handle(standing=two, now=now, handle="quiet-fox")
    with pytest.raises(NotAllowed):
        accounts.choose_handle(standing=make_member(level=Level.L1), now=now, handle="a-third-fox")


def test_a_lapsed_or_suspended_member_does_not_vote(make_member, make_account, now):
    lapsed = make_member(until=now - timedelta(days=1))
    assert not lapsed.can(Permission.BALLOT_CAST)
    valid = make_member()
    assert count_verified(now) == 1
    assert sum(count_by_stratum(now).values()) == 1
    Member.objects.filter(pk=valid.member_id).update(suspended_at=now)
    account = Member.objects.get(pk=valid.member_id).account_id
    assert get_standing(account, now).roles == frozenset()


def test_a_member_renews_by_a_new_claim_from_sixty_days_before(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    verify(applicant(), verifier, claim, now)
    with pytest.raises(Conflict, match="verified already"):
        claim_it(applicant(), record, now)
    early = now + timedelta(days=680)
    again = claim_it(applicant(), record, early)
    assert applicant(early).can(Permission.BALLOT_CAST)  # nothing is interrupted
    verify(applicant(early), verifier, again, early)
    assert Claim.objects.get(state=ClaimState.VERIFIED) == again
    later = early + timedelta(days=731)
    assert applicant(later).obstacle == Obstacle.LAPSED
    assert get_verification_page(applicant(later), later).may_renew
    third = claim_it(applicant(later), record, later)
    verify(applicant(later), verifier, third, later)
    assert applicant(later).obstacle == Obstacle.NONE


def test_roles_are_given_by_operators_to_accounts_that_exist(make_account, make_member, now):
    make_account("x@example.org")
    with pytest.raises(NotAllowed):
        accounts.grant_role(standing=make_member(), now=now, email="x@example.org", role=Role.EDITOR)
    with pytest.raises(NotAllowed, match="verification alone"):
        accounts.grant_role(standing=CONSOLE, now=now, email="x@example.org", role=Role.MEMBER)
    with pytest.raises(Refused, match="no account"):
        accounts.grant_role(standing=CONSOLE, now=now, email="y@example.org", role=Role.EDITOR)
    accounts.grant_role(standing=CONSOLE, now=now, email="X@example.org", role=Role.EDITOR)


def test_standing_costs_one_query(make_member, django_assert_num_queries, now):
    standing = make_member(roles=("editor", "researcher"))
    account = Member.objects.get(pk=standing.member_id).account_id
    with django_assert_num_queries(1):
        assert get_standing(account, now).roles == {Role.MEMBER, Role.EDITOR, Role.RESEARCHER}


def test_an_account_without_a_member_is_a_reader(db, now):
    assert get_standing(0, now) is READER
