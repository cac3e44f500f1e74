"""After verification: the register moves on, verifications lapse, records are disputed, factors are lost."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator

from auscult.members.actions import claims, evidence, life, loads
from auscult.members.actions.recovery import CannotRecover, begin_recovery
from auscult.members.casework import read_identity
from auscult.members.models import Account, Claim, Member, RoleGrant
from auscult.members.queries.applicants import find_recovery_standing, get_verification_page
from auscult.members.queries.standing import count_by_stratum, count_verified, get_standing
from auscult.members.queries.verifiers import get_claim_page
from auscult.members.rules import ClaimKind, ClaimState, Decision, EvidenceKind, Flag
from auscult.registry.models import RegisterLoad, RegisterRecord
from auscult.shared.models import MailMessage
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import CONSOLE, READER, Level, MemberClass, Obstacle
from tests.members.conftest import claim_it, confirm_email, decide, facts, send_and_confirm, settle, verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(applicant, record, verifier, now):
    verify(applicant(), verifier, claim_it(applicant(), record, now), now)
    MailMessage.objects.all().delete()
    return applicant


def new_load(record, now, **changes):
    """A load that changed one record."""
    load = RegisterLoad.objects.create(
        kind="weekly", filename="w", sha256=f"{RegisterLoad.objects.count():064}", as_of=now.date(), rows=1, kept=1,
        deactivated=0, other=0, rejected=0,
    )  # fmt: skip
    RegisterRecord.objects.filter(number=record.number).update(load=load, **changes)
    return load.pk


def test_a_deactivated_record_suspends_after_thirty_days_and_a_reactivated_one_restores(member, record, now):
    done = loads.apply_load(standing=CONSOLE, now=now, load_id=new_load(record, now, status="deactivated"))
    assert done == {"announced": 1, "restored": 0, "moved": 0}
    again = loads.apply_load(standing=CONSOLE, now=now, load_id=RegisterLoad.objects.first().pk)
    assert again["announced"] == 0
    assert "30" not in MailMessage.objects.get().subject
    assert member().can(Permission.BALLOT_CAST)  # notice first
    assert life.suspend_due(standing=CONSOLE, now=now + timedelta(days=29)) == 0
    later = now + timedelta(days=30)
    assert life.suspend_due(standing=CONSOLE, now=later) == 1
    assert (member(later).obstacle, member(later).roles) == (Obstacle.SUSPENDED, frozenset())
    assert count_verified(later) == 0
    assert life.suspend_due(standing=CONSOLE, now=later) == 0
    done = loads.apply_load(standing=CONSOLE, now=later, load_id=new_load(record, now, status="active"))
    assert done["restored"] == 1
    assert member(later).can(Permission.BALLOT_CAST)
    assert MailMessage.objects.count() == 3


def test_a_record_that_comes_back_in_time_leaves_no_suspension(member, record, now):
    loads.apply_load(standing=CONSOLE, now=now, load_id=new_load(record, now, status="missing"))
    loads.apply_load(standing=CONSOLE, now=now, load_id=new_load(record, now, status="active"))
    assert life.suspend_due(standing=CONSOLE, now=now + timedelta(days=60)) == 0


def test_the_stratum_follows_the_record(member, record, now):
    state = "CA" if record.state != "CA" else "NY"
    done = loads.apply_load(
        standing=CONSOLE, now=now, load_id=new_load(record, now, state=state, specialty_group="WG05")
    )
    assert done["moved"] == 1
    own = Member.objects.get(pk=member().member_id)
    assert (own.state, own.specialty_group) == (state, "WG05")
    assert member().stratum.specialty == "Medical specialty"


def test_a_retired_member_is_not_suspended_and_not_counted(member, record, now):
    life.retire(standing=member(), now=now)
    assert member().member_class == MemberClass.RETIRED
    assert member().can(Permission.POSTING_CREATE)
    assert not member().can(Permission.BALLOT_CAST)
    assert count_by_stratum(now) == {}
    done = loads.apply_load(standing=CONSOLE, now=now, load_id=new_load(record, now, status="deactivated"))
    assert done["announced"] == 0
    with pytest.raises(life.CannotRetire):
        life.retire(standing=member(), now=now)


def test_a_suspended_physician_may_stay_as_a_retired_one(member, record, now):
    loads.apply_load(standing=CONSOLE, now=now, load_id=new_load(record, now, status="deactivated"))
    later = now + timedelta(days=31)
    life.suspend_due(standing=CONSOLE, now=later)
    life.retire(standing=member(later), now=later)
    assert member(later).obstacle == Obstacle.NONE
    assert member(later).can(Permission.COMMENT_CREATE)


def test_lapses_are_told_at_sixty_and_fourteen_days_and_at_the_end(member, now):
    until = Member.objects.get(pk=member().member_id).verified_until
    for before, sent in ((61, 0), (60, 1), (59, 0), (14, 1), (13, 0), (0, 1), (-5, 0)):
        assert life.notify_lapses(standing=CONSOLE, now=until - timedelta(days=before)) == sent
    assert MailMessage.objects.count() == 3
    assert member(until).obstacle == Obstacle.LAPSED


@pytest.mark.parametrize(("days_left", "told_before", "told"), [
    (-1, "", "lapsed"), (10, "soon", "last"), (10, "last", "last"), (100, "", ""), (10, "", "last"), (-1, "lapsed", "lapsed"),
])  # fmt: skip
def test_a_notice_that_was_missed_is_sent_once(member, now, days_left, told_before, told):
    own = Member.objects.filter(pk=member().member_id)
    own.update(verified_until=now + timedelta(days=days_left), lapse_notice=told_before)
    for _ in range(2):
        life.notify_lapses(standing=CONSOLE, now=now)
    assert own.get().lapse_notice == told
    assert MailMessage.objects.count() == (told != told_before)


def test_giving_the_verification_back_frees_the_record_once_polls_are_closed(
    member, record, verifier, make_account, now
):
    RoleGrant.objects.create(member_id=member().member_id, role="verifier")
    closes = now + timedelta(days=30)
    life.withdraw_membership(standing=member(), now=now, rejoin_at=closes)
    assert (member().level, member().roles) == (Level.L0, frozenset())
    assert not Claim.objects.exists()
    with pytest.raises(Conflict):
        life.withdraw_membership(standing=member(), now=now, rejoin_at=closes)
    # Nobody casts two ballots by leaving and coming back under another account.
    eve = get_standing(make_account("eve@example.org").pk, now)
    claim = claim_it(eve, record, now)
    send_and_confirm(eve, verifier, claim, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    with pytest.raises(Exception, match="polls were open"):
        decide(verifier, claim, now)
    decide(verifier, claim, closes)


# Disputes


@pytest.fixture
def rival(make_account, now):
    account = make_account("rival@example.org")
    return lambda at=now: get_standing(account.pk, at)


def dispute(rival, record, verifier, now):
    claim = claims.ask_review(standing=rival(), now=now, **facts(record))
    assert rival().level == Level.L0
    send_and_confirm(rival(), verifier, claim, now)
    return Claim.objects.get(pk=claim.pk)


def test_public_facts_and_a_document_freeze_nobody(member, rival, record, verifier, now):
    claim = claims.ask_review(standing=rival(), now=now, **facts(record))
    evidence.offer_document(standing=rival(), now=now, data=b"%PDF-1.7 forged")
    settle(verifier, claim, now, EvidenceKind.DOCUMENT, EvidenceKind.BOARD_LOOKUP)
    assert member().can(Permission.BALLOT_CAST)
    page = get_claim_page(verifier, claim.pk, now)
    assert page.needed == 2
    assert any("verified for this record" in words for words in page.flags)
    # The one who asks learns nothing of it.
    own = get_verification_page(rival(), now)
    assert not own.two_verifiers
    assert own.specialty == ""


def test_independent_proof_freezes_the_holder_and_asks_both(member, rival, record, verifier, now):
    claim = dispute(rival, record, verifier, now)
    assert claim.deadline_at == now + timedelta(days=14)
    assert (member().obstacle, member().roles) == (Obstacle.FROZEN, frozenset())
    assert Claim.objects.get(kind=ClaimKind.DEFENCE).member_id == member().member_id
    assert {"ada@example.org", "rival@example.org"} <= set(MailMessage.objects.values_list("to", flat=True))
    with pytest.raises(Conflict, match="dispute"):
        claims.withdraw_claim(standing=member(), now=now)
    with pytest.raises(life.CannotRetire):
        life.retire(standing=member(), now=now)


def test_the_claimant_wins_by_two_verifiers(member, rival, record, verifier, second_verifier, now):
    claim = dispute(rival, record, verifier, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    assert decide(verifier, claim, now) is False
    assert member().obstacle == Obstacle.FROZEN
    assert decide(second_verifier, claim, now) is True
    assert rival().can(Permission.BALLOT_CAST)
    assert (member().level, member().roles) == (Level.L0, frozenset())
    assert Claim.objects.get(state=ClaimState.VERIFIED) == claim
    # The loser may appeal; the other side is whoever holds the record now.
    claims.appeal_decision(standing=member(), now=now, text="It is mine.")
    lost = Claim.objects.get(appealed_at__isnull=False)
    assert get_claim_page(verifier, lost.pk, now).needed == 2


def test_the_holder_wins_by_new_proof(member, rival, record, verifier, second_verifier, now):
    claim = dispute(rival, record, verifier, now)
    defence = Claim.objects.get(kind=ClaimKind.DEFENCE)
    confirm_email(member(), defence, record, now)
    settle(verifier, defence, now, EvidenceKind.BOARD_LOOKUP)
    with pytest.raises(Exception, match="that disputes"):
        decide(verifier, defence, now, Decision.REJECT, "not_the_holder")
    assert decide(verifier, defence, now) is False
    assert decide(second_verifier, defence, now) is True
    assert member().can(Permission.BALLOT_CAST)
    claim.refresh_from_db()
    assert (claim.state, rival().level) == (ClaimState.REJECTED, Level.L0)


def test_a_rejected_or_withdrawn_dispute_frees_the_holder(member, rival, record, verifier, second_verifier, now):
    claim = dispute(rival, record, verifier, now)
    decide(verifier, claim, now, Decision.REJECT, "not_the_holder")
    assert member().obstacle == Obstacle.FROZEN
    decide(second_verifier, claim, now, Decision.REJECT, "not_the_holder")
    assert member().can(Permission.BALLOT_CAST)
    assert not Claim.objects.filter(kind=ClaimKind.DEFENCE, state=ClaimState.SUBMITTED).exists()
    # Nobody disputes a record twice; people look at it without freezing anybody.
    claim = claims.ask_review(standing=rival(), now=now, **facts(record))
    send_and_confirm(rival(), verifier, claim, now)
    assert member().can(Permission.BALLOT_CAST)
    assert get_claim_page(verifier, claim.pk, now).needed == 2


def test_withdrawing_a_dispute_or_leaving_frees_the_holder(member, rival, record, verifier, now):
    dispute(rival, record, verifier, now)
    claims.withdraw_claim(standing=rival(), now=now)
    assert member().can(Permission.BALLOT_CAST)


def test_a_mailbox_at_a_hospital_freezes_nobody(member, rival, record, verifier, now):
    claim = claims.ask_review(standing=rival(), now=now, **facts(record, last_name="Smith", first_name="John"))
    assert Flag.ANOTHER_NAME in claim.flags
    evidence.offer_institutional_email(standing=rival(), now=now, address="j.smith@hospital.example")
    code = MailMessage.objects.get(to="j.smith@hospital.example").text.split("code is ")[1][:8]
    evidence.confirm_code(standing=rival(), now=now, kind=EvidenceKind.INSTITUTIONAL_EMAIL, code=code)
    assert member().can(Permission.BALLOT_CAST)


def test_a_second_rival_does_not_take_the_holders_defence_away(
    member, rival, record, verifier, second_verifier, make_account, now
):
    dispute(rival, record, verifier, now)
    defence = Claim.objects.get(kind=ClaimKind.DEFENCE)
    confirm_email(member(), defence, record, now)
    second = make_account("second@example.org")
    standing = get_standing(second.pk, now)
    later = claims.submit_claim(standing=standing, now=now, **facts(record))
    send_and_confirm(get_standing(second.pk, now), verifier, later, now)
    assert Claim.objects.get(kind=ClaimKind.DEFENCE) == defence
    claims.withdraw_claim(standing=rival(), now=now)
    assert member().obstacle == Obstacle.FROZEN  # the other dispute goes on
    assert life.end_disputes(standing=CONSOLE, now=now + timedelta(days=14)) == 1
    assert member(now + timedelta(days=14)).can(Permission.BALLOT_CAST)


def test_an_appeal_after_a_dispute_freezes_nobody_and_ends_by_two_verifiers(
    member, rival, record, verifier, second_verifier, make_member, now
):
    claim = dispute(rival, record, verifier, now)
    for standing in (verifier, second_verifier):
        decide(standing, claim, now, Decision.REJECT, "not_the_holder")
    claims.appeal_decision(standing=rival(), now=now, text="It is mine.")
    assert life.end_disputes(standing=CONSOLE, now=now + timedelta(days=30)) == 0
    assert member().can(Permission.BALLOT_CAST)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    others = [make_member(level=Level.L0, roles=("verifier",)) for _ in range(2)]
    assert [decide(each, claim, now) for each in others] == [False, True]
    assert rival().can(Permission.BALLOT_CAST)
    assert member().level == Level.L0


def test_a_verifier_with_a_stake_sees_nothing_of_the_case(member, rival, record, verifier, now):
    claim = dispute(rival, record, verifier, now)
    RoleGrant.objects.create(member_id=member().member_id, role="verifier")
    with pytest.raises(NotFound):
        get_claim_page(member(), claim.pk, now)
    with pytest.raises(NotFound):
        decide(member(), claim, now, Decision.REJECT, "not_the_holder")


def test_a_decided_case_is_read_for_thirty_days_and_then_says_nothing(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    decide(verifier, claim, now, Decision.REJECT, "not_the_holder")
    assert get_claim_page(verifier, claim.pk, now + timedelta(days=30)).identity["number"] == record.number
    with pytest.raises(NotFound):
        get_claim_page(verifier, claim.pk, now + timedelta(days=31))
    assert life.close_abandoned(standing=CONSOLE, now=now + timedelta(days=31)) == 1
    assert read_identity(Claim.objects.get()) == {}
    assert life.close_abandoned(standing=CONSOLE, now=now + timedelta(days=31)) == 0
    assert get_verification_page(applicant(), now).registered_name == ""


def test_an_abandoned_claim_is_closed_after_half_a_year(applicant, record, now):
    claim_it(applicant(), record, now)
    assert life.close_abandoned(standing=CONSOLE, now=now + timedelta(days=179)) == 0
    assert life.close_abandoned(standing=CONSOLE, now=now + timedelta(days=180)) == 1
    assert applicant().level == Level.L0


def test_a_record_deactivated_meanwhile_is_not_verified(applicant, record, verifier, now):
    claim = claim_it(applicant(), record, now)
    send_and_confirm(applicant(), verifier, claim, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    RegisterRecord.objects.filter(number=record.number).update(status="deactivated")
    with pytest.raises(Exception, match="no active record"):
        decide(verifier, claim, now)


@pytest.mark.parametrize("more", [False, True])
def test_a_dispute_ends_within_fourteen_days(member, rival, record, verifier, now, more):
    claim = dispute(rival, record, verifier, now)
    if more:
        settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    assert life.end_disputes(standing=CONSOLE, now=now + timedelta(days=13)) == 0
    end = now + timedelta(days=14)
    assert life.end_disputes(standing=CONSOLE, now=end) == 1
    claim.refresh_from_db()
    if more:  # proof that reaches the level, and nothing from the holder
        assert member(end).obstacle == Obstacle.LAPSED
        assert claim.state == ClaimState.IN_REVIEW
    else:
        assert member(end).can(Permission.BALLOT_CAST)
        assert claim.state == ClaimState.REJECTED
    assert life.end_disputes(standing=CONSOLE, now=end) == 0


def test_a_review_without_a_record_waits_for_people(rival, record, verifier, second_verifier, now):
    claim = claims.ask_review(standing=rival(), now=now, **facts(record, number="1234567893", last_name="Newname"))
    assert Flag.NO_RECORD in claim.flags
    # Asking for a code says the same as ever; a verifier sees that it cannot go.
    from auscult.members.rules import Via

    evidence.ask_code(standing=rival(), now=now, via=Via.POST)
    assert get_claim_page(verifier, claim.pk, now).to_send[0].points == 0
    settle(verifier, claim, now, EvidenceKind.VIDEO, EvidenceKind.BOARD_LOOKUP)
    with pytest.raises(Exception, match="no active record"):
        decide(verifier, claim, now)
    decide(verifier, claim, now, Decision.REJECT, "no_such_record")
    assert rival().level == Level.L0


# Second factor and recovery


def test_a_role_takes_a_second_factor_too(verifier, settings, now):
    settings.SECOND_FACTOR_REQUIRED = True
    account = Member.objects.get(pk=verifier.member_id).account_id
    assert get_standing(account, now).roles == frozenset()
    Authenticator.objects.create(user_id=account, type="webauthn", data={})
    assert get_standing(account, now).can(Permission.CLAIM_DECIDE)


def test_without_a_second_factor_a_verified_member_neither_speaks_nor_votes(member, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    assert (member().obstacle, member().roles) == (Obstacle.SECOND_FACTOR, frozenset())
    account = Account.objects.get(email="ada@example.org")
    Authenticator.objects.create(user=account, type="recovery_codes", data={})
    assert member().obstacle == Obstacle.SECOND_FACTOR
    Authenticator.objects.create(user=account, type="totp", data={})
    assert member().can(Permission.BALLOT_CAST)


def recover(now, email="ada@example.org", password="listen-well-1", **options):
    return begin_recovery(standing=READER, now=now, email=email, password=password, **options)


def test_recovery_takes_evidence_of_the_same_level_and_two_verifiers(member, record, verifier, second_verifier, now):
    account = Account.objects.get(email="ada@example.org")
    account.set_password("listen-well-1")
    account.save()
    Authenticator.objects.create(user=account, type="totp", data={})
    claim = recover(now, " Ada@example.org ")
    assert recover(now) == claim
    assert "recover" in MailMessage.objects.get(to="ada@example.org").subject
    standing = find_recovery_standing(claim.pk)
    assert (standing.member_id, standing.roles, standing.level) == (member().member_id, frozenset(), Level.L0)
    shown = get_verification_page(standing, now, recovering=True)
    assert (shown.registered_name, shown.specialty, shown.channels) == ("", "", [])
    confirm_email(standing, claim, record, now)
    with pytest.raises(Exception, match="does not reach"):
        decide(verifier, claim, now)
    settle(verifier, claim, now, EvidenceKind.BOARD_LOOKUP)
    assert decide(verifier, claim, now) is False
    assert Authenticator.objects.filter(user=account).exists()
    assert decide(second_verifier, claim, now) is True
    assert not Authenticator.objects.filter(user=account).exists()
    account.refresh_from_db()
    assert not account.has_usable_password()  # whoever stole it has not given this evidence
    assert member().can(Permission.BALLOT_CAST)  # the standing stayed
    assert Claim.objects.get(state=ClaimState.VERIFIED).kind == ClaimKind.RECORD
    assert find_recovery_standing(claim.pk) is None


def test_recovery_says_the_same_of_every_failure(member, make_account, now):
    account = make_account("never@example.org")
    account.set_password("listen-well-1")
    account.save()
    texts = set()
    for email, password in (
        ("ada@example.org", "wrong"),
        ("nobody@example.org", "x"),
        ("never@example.org", "listen-well-1"),
    ):
        with pytest.raises(CannotRecover) as refusal:
            recover(now, email, password)
        texts.add(str(refusal.value))
    assert len(texts) == 1
    assert not Claim.objects.filter(kind=ClaimKind.RECOVERY).exists()


def test_the_holder_withdraws_a_recovery_that_somebody_else_began(member, now):
    account = Account.objects.get(email="ada@example.org")
    account.set_password("listen-well-1")
    account.save()
    claim = recover(now)
    claims.withdraw_claim(standing=member(), now=now)
    assert find_recovery_standing(claim.pk) is None
    assert member().can(Permission.BALLOT_CAST)
