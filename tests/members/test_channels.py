"""Codes over the registered practice, vouching colleagues, automatic verification, assurance."""

from datetime import timedelta

import pytest

from auscult.members import limits, rules
from auscult.members.actions import claims, evidence, vouching
from auscult.members.letters import typeset_code_sheet
from auscult.members.models import Claim, Evidence, Member, Vouch
from auscult.members.queries.applicants import get_applicant_to_vouch, get_verification_page
from auscult.members.queries.standing import count_verified, get_standing
from auscult.members.queries.verifiers import get_claim_page, get_code_sheet, get_queue_page
from auscult.members.rules import ClaimState, Decision, EvidenceKind, Flag, Via
from auscult.registry.models import RegisterRecord
from auscult.shared.limits import TooMany
from auscult.shared.models import AuditEvent, MailMessage
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.roles import Permission, Role
from auscult.shared.standing import Level, MemberClass
from tests.members.conftest import claim_it, confirm_email, decide, facts, send_and_confirm, settle, verify

pytestmark = pytest.mark.django_db


def touch(record, **fields):
    RegisterRecord.objects.filter(number=record.number).update(**fields)


@pytest.mark.parametrize(
    ("via", "words"), [(Via.TELEPHONE, "read on the telephone"), (Via.FAX, "Fax"), (Via.POST, "Personal")]
)
def test_a_code_goes_to_what_the_register_knew_before(applicant, record, verifier, now, via, words):
    touch(record, fax="2125550199", fax_since=now.date() - timedelta(days=400))
    claim = claim_it(applicant(), record, now)
    kind = EvidenceKind.POST_CARD if via == Via.POST else EvidenceKind.CALL_BACK
    evidence.ask_code(standing=applicant(), now=now, via=via)
    assert [code.via for code in get_queue_page(verifier, now).to_send] == [via]
    sheet = get_code_sheet(verifier, claim.pk, kind, now)
    record.refresh_from_db()
    assert sheet.value == {Via.TELEPHONE: record.phone, Via.FAX: "2125550199", Via.POST: record.address}[via]
    pdf = typeset_code_sheet(sheet, now)
    assert pdf.startswith(b"%PDF-")
    evidence.send_code(standing=verifier, now=now, claim_id=claim.pk, kind=kind)
    assert get_queue_page(verifier, now).to_send == []
    stored = Evidence.objects.get(kind=kind)
    assert sheet.code.encode() not in bytes(stored.code_sealed) + bytes(stored.code_fingerprint)
    evidence.confirm_code(standing=applicant(), now=now, kind=kind, code=f"{sheet.code[:4]} {sheet.code[4:]}")
    stored.refresh_from_db()
    assert (stored.state, stored.points, stored.code_sealed) == (Evidence.State.CONFIRMED, 2, None)
    assert sheet.code not in "".join(MailMessage.objects.values_list("text", flat=True))


@pytest.mark.parametrize(
    ("change", "points"),
    [
        ({"phone_since": "lately"}, 1),
        ({"phone": "shared"}, 1),
        ({"phone": ""}, 0),
        ({}, 2),
    ],
)
def test_what_changed_lately_or_is_shared_is_worth_less(applicant, record, now, change, points):
    touch(record, phone_since=now.date() - timedelta(days=60))
    if change.get("phone_since"):
        touch(record, phone_since=now.date() - timedelta(days=59))
    if change.get("phone") == "shared":
        for other in RegisterRecord.objects.exclude(number=record.number)[:20]:
            RegisterRecord.objects.filter(number=other.number).update(phone=record.phone)
    elif "phone" in change:
        touch(record, phone="")
    claim = claim_it(applicant(), record, now)
    if points == 0:
        with pytest.raises(evidence.CannotAddEvidence, match="no telephone"):
            evidence.ask_code(standing=applicant(), now=now, via=Via.TELEPHONE)
        return
    evidence.ask_code(standing=applicant(), now=now, via=Via.TELEPHONE)
    assert Evidence.objects.get().points == points
    claim.refresh_from_db()
    assert (Flag.SHARED_NUMBER in claim.flags) is (points == 1)
    with pytest.raises(evidence.CannotAddEvidence, match="on its way"):
        evidence.ask_code(standing=applicant(), now=now, via=Via.TELEPHONE)
    with pytest.raises(evidence.CannotAddEvidence, match="No code of that kind waits"):
        evidence.send_code(standing=_verifier(), now=now, claim_id=claim.pk, kind=EvidenceKind.POST_CARD)


def _verifier():
    from auscult.shared.standing import Standing

    return Standing(member_id=0, roles=frozenset({Role.VERIFIER}))


def test_a_sent_code_expires_and_guessing_ends(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    evidence.ask_code(standing=applicant(), now=now, via=Via.POST)
    evidence.send_code(standing=verifier, now=now, claim_id=claim.pk, kind=EvidenceKind.POST_CARD)
    code = get_code_sheet(verifier, claim.pk, EvidenceKind.POST_CARD, now).code
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    with pytest.raises(evidence.CannotAddEvidence, match="4 tries"):
        evidence.confirm_code(standing=applicant(), now=now, kind=EvidenceKind.POST_CARD, code=wrong)
    with pytest.raises(evidence.CannotAddEvidence, match="expired"):
        evidence.confirm_code(
            standing=applicant(), now=now + timedelta(days=31), kind=EvidenceKind.POST_CARD, code=code
        )
    for _ in range(4):
        with pytest.raises(evidence.CannotAddEvidence):
            evidence.confirm_code(standing=applicant(), now=now, kind=EvidenceKind.POST_CARD, code=wrong)
    with pytest.raises(evidence.CannotAddEvidence, match="expired"):
        evidence.confirm_code(standing=applicant(), now=now, kind=EvidenceKind.POST_CARD, code=code)


def test_two_channels_without_a_flag_verify_without_a_person(applicant, record, verifier, now):
    touch(record, updated_on=now.date() - timedelta(days=400))
    claim = claim_it(applicant(), record, now)
    confirm_email(applicant(), claim, record, now)
    assert applicant().level == Level.L1
    send_and_confirm(applicant(), verifier, claim, now)
    claim.refresh_from_db()
    assert (claim.state, claim.automatic, claim.reason) == (ClaimState.VERIFIED, True, "evidence_complete")
    assert applicant().can(Permission.BALLOT_CAST)
    assert AuditEvent.objects.filter(event="members.claim.verify").count() == 1


@pytest.mark.parametrize("flag", ["record changed", "inexact", "other claims"])
def test_a_flag_brings_a_person_in(applicant, record, verifier, make_account, now, flag):
    touch(record, updated_on=now.date() - timedelta(days=10 if flag == "record changed" else 400))
    changes = {"first_name": record.first_name[0]} if flag == "inexact" else {}
    claim = claim_it(applicant(), record, now, **changes)
    if flag == "other claims":
        claim_it(get_standing(make_account("eve@example.org").pk, now), record, now)
    confirm_email(applicant(), claim, record, now)
    send_and_confirm(applicant(), verifier, claim, now)
    claim.refresh_from_db()
    assert claim.state == ClaimState.IN_REVIEW
    page = get_claim_page(verifier, claim.pk, now)
    assert len(page.flags) == 1
    assert page.enough
    (line,) = get_queue_page(verifier, now).to_decide
    assert (line.due_at, line.overdue, line.needed) == (now + rules.TARGET, False, 1)
    assert get_queue_page(verifier, now + timedelta(days=4)).to_decide[0].overdue
    assert get_verification_page(applicant(), now).queue_position == 1


def test_two_colleagues_vouch_and_learn_no_handle(applicant, record, make_member, now):
    claim_it(applicant(), record, now)
    code = vouching.invite_vouchers(standing=applicant(), now=now)
    one, two = make_member(), make_member()
    seen = get_applicant_to_vouch(one, rules.normalise_vouch_code(code.lower()))
    assert seen.registered_name == f"{record.first_name} {record.last_name}".title()
    vouching.vouch_for(standing=one, now=now, code=code)
    assert get_verification_page(applicant(), now).vouches == 1
    with pytest.raises(vouching.CannotVouch, match="already"):
        vouching.vouch_for(standing=one, now=now, code=code)
    vouching.vouch_for(standing=two, now=now, code=code)
    assert Evidence.objects.get(kind=EvidenceKind.VOUCHES).state == Evidence.State.CONFIRMED
    # The trail does not say whose word it was.
    assert set(AuditEvent.objects.filter(event="members.applicant.vouch").values_list("actor_id", flat=True)) == {None}
    with pytest.raises(NotFound):
        vouching.vouch_for(standing=make_member(), now=now, code=code)


def test_who_may_not_vouch(applicant, record, make_member, make_account, now):
    claim = claim_it(applicant(), record, now)
    code = vouching.invite_vouchers(standing=applicant(), now=now)
    with pytest.raises(NotAllowed):
        vouching.vouch_for(standing=make_member(level=Level.L1), now=now, code=code)
    with pytest.raises(NotFound):
        vouching.vouch_for(standing=make_member(), now=now, code="AAAA-AAAA-AAAA")
    mutual = make_member()
    own = Member.objects.get(pk=applicant().member_id)
    Vouch.objects.create(claim=claim, voucher=own, applicant_id=mutual.member_id, vouched_at=now)
    with pytest.raises(vouching.CannotVouch, match="each other"):
        vouching.vouch_for(standing=mutual, now=now, code=code)
    tired = make_member()
    for _ in range(5):
        other = Claim.objects.create(
            member=Member.objects.get(pk=make_member(level=Level.L1).member_id), identity_sealed=b"x", submitted_at=now
        )
        Vouch.objects.create(claim=other, voucher_id=tired.member_id, applicant=other.member, vouched_at=now)
    with pytest.raises(vouching.CannotVouch, match="5 times"):
        vouching.vouch_for(standing=tired, now=now, code=code)
    with pytest.raises(vouching.CannotVouch, match="expired"):
        vouching.vouch_for(standing=make_member(), now=now + timedelta(days=31), code=code)


def test_guessing_vouch_codes_is_limited(make_member, now):
    member = make_member()
    for _ in range(limits.VOUCHES_BY_ACCOUNT.most):
        with pytest.raises(NotFound):
            vouching.vouch_for(standing=member, now=now, code="AAAA")
    with pytest.raises(TooMany):
        vouching.vouch_for(standing=member, now=now, code="AAAA")


@pytest.mark.parametrize("member_class", [MemberClass.RESIDENT, MemberClass.STUDENT])
def test_those_in_training_speak_and_are_in_no_count(applicant, verifier, now, member_class):
    claim = claims.claim_training(
        standing=applicant(),
        now=now,
        member_class=member_class,
        last_name="Alderton",
        first_name="Ada",
        programme="School",
    )
    assert claim.record_fingerprint is None
    with pytest.raises(evidence.CannotAddEvidence, match="no register"):
        evidence.ask_code(standing=applicant(), now=now, via=Via.POST)
    evidence.offer_institutional_email(standing=applicant(), now=now, address="a.alderton@hospital.example")
    code = MailMessage.objects.get(to="a.alderton@hospital.example").text.split("code is ")[1][:8]
    evidence.confirm_code(standing=applicant(), now=now, kind=EvidenceKind.INSTITUTIONAL_EMAIL, code=code)
    evidence.offer_document(standing=applicant(), now=now, data=b"%PDF-1.7 enrolment")
    settle(verifier, claim, now, EvidenceKind.DOCUMENT)
    page = get_claim_page(verifier, claim.pk, now)
    assert [kind for kind, _ in page.settles] == [EvidenceKind.DOCUMENT, EvidenceKind.BOARD_LOOKUP]
    assert not {"licence_not_active", "not_the_holder"} & {code for _, code, _ in page.reasons}
    with pytest.raises(Exception, match="fits the case"):
        decide(verifier, claim, now, Decision.REJECT, "licence_not_active")
    decide(verifier, claim, now)
    standing = applicant()
    assert standing.roles == {Role.ASSOCIATE}
    assert standing.stratum is None
    assert standing.can(Permission.COMMENT_CREATE)
    assert not standing.can(Permission.BALLOT_CAST)
    assert not standing.can(Permission.MANDATE_STATE)
    assert count_verified(now) == 0
    member = Member.objects.get(pk=standing.member_id)
    assert member.verified_until == now + timedelta(days=365)
    assert member_class.value in standing.specialty


def test_a_retired_physician_claims_a_deactivated_record(applicant, record, verifier, now):
    touch(record, status="deactivated")
    with pytest.raises(claims.CannotSubmitClaim):
        claim_it(applicant(), record, now)
    claim = claim_it(applicant(), record, now, retired=True)
    verify(applicant(), verifier, claim, now)
    assert applicant().member_class == MemberClass.RETIRED
    assert applicant().roles == {Role.ASSOCIATE}
    assert count_verified(now) == 0


def test_assurance_takes_video_and_two_verifiers(applicant, record, verifier, second_verifier, now):
    with pytest.raises(NotAllowed):
        claims.ask_assurance(standing=applicant(), now=now)
    verify(applicant(), verifier, claim_it(applicant(), record, now), now)
    claim = claims.ask_assurance(standing=applicant(), now=now)
    assert applicant().can(Permission.BALLOT_CAST)
    with pytest.raises(Exception, match="does not reach"):
        decide(verifier, claim, now)
    settle(verifier, claim, now, EvidenceKind.VIDEO)
    assert decide(verifier, claim, now) is False
    assert applicant().level == Level.L2
    assert decide(verifier, claim, now) is False  # the same verifier twice is one
    assert decide(second_verifier, claim, now) is True
    member = Member.objects.get(pk=applicant().member_id)
    assert (member.level, member.verified_until) == (Level.L3, now + timedelta(days=365))
    assert Claim.objects.get(state=ClaimState.VERIFIED) == claim
    with pytest.raises(Conflict, match="assured already"):
        claims.ask_assurance(standing=applicant(), now=now)


def test_two_verifiers_who_differ_wait_for_a_third(applicant, record, verifier, second_verifier, make_member, now):
    verify(applicant(), verifier, claim_it(applicant(), record, now), now)
    claim = claims.ask_assurance(standing=applicant(), now=now)
    settle(verifier, claim, now, EvidenceKind.VIDEO)
    assert decide(verifier, claim, now) is False
    assert decide(second_verifier, claim, now, Decision.REJECT, "not_the_holder") is False
    third = make_member(level=Level.L0, roles=("verifier",))
    assert decide(third, claim, now) is True


def test_a_rejection_is_appealed_to_two_others(applicant, record, verifier, second_verifier, make_member, now):
    claim = claim_it(applicant(), record, now)
    decide(verifier, claim, now, Decision.REJECT, "not_the_holder")
    with pytest.raises(Exception, match="Write why"):
        claims.appeal_decision(standing=applicant(), now=now, text=" ")
    with pytest.raises(claims.CannotAppealDecision, match="30 days"):
        claims.appeal_decision(standing=applicant(), now=now + timedelta(days=31), text="I do.")
    claims.appeal_decision(standing=applicant(), now=now, text="I do hold it.")
    page = get_claim_page(verifier, claim.pk, now)
    assert (page.appeal, page.needed, page.decided_before) == ("I do hold it.", 2, True)
    assert b"hold it" not in bytes(Claim.objects.get(pk=claim.pk).appeal_sealed)
    with pytest.raises(Exception, match="before"):
        decide(verifier, claim, now)
    send_and_confirm(applicant(), verifier, claim, now)
    settle(second_verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    third = make_member(level=Level.L0, roles=("verifier",))
    assert decide(second_verifier, claim, now) is False
    assert decide(third, claim, now) is True
    assert applicant().can(Permission.BALLOT_CAST)
    with pytest.raises(claims.CannotAppealDecision):
        claims.appeal_decision(standing=applicant(), now=now, text="Again.")


def test_tries_are_limited_by_account_address_and_record(make_account, record, now):
    eve = get_standing(make_account("eve@example.org").pk, now)
    wrong = facts(record, last_name="Nobody")
    for _ in range(limits.CLAIMS_BY_ACCOUNT.most):
        with pytest.raises(claims.CannotSubmitClaim):
            claims.submit_claim(standing=eve, now=now, origin="192.0.2.1", **wrong)
    with pytest.raises(TooMany) as refusal:
        claims.submit_claim(standing=eve, now=now, origin="192.0.2.1", **facts(record))
    assert "24 hours" in str(refusal.value)
    claims.submit_claim(standing=eve, now=now + timedelta(days=1), **facts(record))


def test_one_address_or_one_record_is_not_tried_by_many_accounts(make_account, record, now):
    def tries(origin, number):
        made = 0
        for index in range(6):
            standing = get_standing(make_account(f"e{origin}{number}{index}@example.org").pk, now)
            for attempt in range(limits.CLAIMS_BY_ACCOUNT.most):
                try:
                    claims.submit_claim(
                        standing=standing, now=now, origin=origin or f"192.0.2.{index}",
                        **facts(record, number=number or f"{index}{attempt}", last_name="Nobody"),
                    )  # fmt: skip
                except TooMany:
                    return made
                except claims.CannotSubmitClaim:
                    made += 1
        return made

    assert tries("198.51.100.7", "") == limits.CLAIMS_BY_ADDRESS.most
    # An account's first try at a record is never refused for what others tried.
    assert limits.CLAIMS_BY_RECORD.most < tries("", record.number) <= limits.CLAIMS_BY_RECORD.most + 6
    fresh = get_standing(make_account("holder@example.org").pk, now)
    claims.submit_claim(standing=fresh, now=now, origin="203.0.113.9", **facts(record))
