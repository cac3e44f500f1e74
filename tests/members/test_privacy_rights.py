"""Unmasking, correcting, taking away, erasing, new keys."""

import json
import os
from base64 import b64encode
from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import ForeignKey
from django.test import Client
from django.urls import reverse

from auscult.community.actions.comments import add_comment, rate_usefulness
from auscult.community.actions.postings import create_posting
from auscult.community.models import Comment, Posting, UsefulnessRating
from auscult.members.actions import privacy
from auscult.members.actions.privacy import CannotUnmask
from auscult.members.casework import read_identity
from auscult.members.models import Account, Claim, Evidence, Member, RoleGrant
from auscult.shared import crypto
from auscult.shared.models import AuditEvent, MailMessage, SealedField
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.shared.standing import CONSOLE, Level
from auscult.web.privacy import erase_everything, export_everything
from tests.members.conftest import claim_it, facts, verify

pytestmark = pytest.mark.django_db
REASON = "A court has ordered the author of this posting to be heard as a witness."


@pytest.fixture
def member(applicant, record, verifier, now):
    verify(applicant(), verifier, claim_it(applicant(), record, now), now)
    Member.objects.filter(pk=applicant().member_id).update(handle="quiet-fox")
    return applicant


@pytest.fixture
def custodians(make_member):
    return [make_member(level=Level.L0, roles=("custodian",)) for _ in range(3)]


def ask(standing, now, **options):
    return privacy.ask_unmasking(standing=standing, now=now, **{"handle": "quiet-fox", "reason": REASON} | options)


def test_two_custodians_a_reason_and_a_notice(member, record, custodians, now):
    one, two, three = custodians
    unmasking = ask(one, now)
    with pytest.raises(CannotUnmask, match="second custodian"):
        privacy.reveal_identity(standing=one, now=now, unmasking_id=unmasking.pk)
    with pytest.raises(CannotUnmask, match="second custodian"):
        privacy.decide_unmasking(standing=one, now=now, unmasking_id=unmasking.pk, approved=True)
    MailMessage.objects.all().delete()
    privacy.decide_unmasking(standing=two, now=now, unmasking_id=unmasking.pk, approved=True)
    notice = MailMessage.objects.get(to="ada@example.org")
    assert REASON in notice.text
    assert privacy.reveal_identity(standing=one, now=now, unmasking_id=unmasking.pk)["number"] == record.number
    assert privacy.reveal_identity(standing=two, now=now + timedelta(hours=23), unmasking_id=unmasking.pk)
    with pytest.raises(NotFound):
        privacy.reveal_identity(standing=three, now=now, unmasking_id=unmasking.pk)
    with pytest.raises(CannotUnmask, match="24 hours"):
        privacy.reveal_identity(standing=one, now=now + timedelta(hours=25), unmasking_id=unmasking.pk)
    assert AuditEvent.objects.filter(event="members.identity.reveal").count() == 2
    assert export_everything(member())["Times your name was opened"][0]["reason"] == REASON


def test_a_notice_is_delayed_only_by_a_legal_order(member, custodians, now):
    one, two, _ = custodians
    later = now + timedelta(days=90)
    with pytest.raises(Refused, match="legal order"):
        ask(one, now, notice_at=later)
    with pytest.raises(Refused, match="a year at most"):
        ask(one, now, notice_at=now + timedelta(days=400), legal_order="Superior Court, 09-123")
    unmasking = ask(one, now, notice_at=later, legal_order="Superior Court, 09-123")
    MailMessage.objects.all().delete()
    privacy.decide_unmasking(standing=two, now=now, unmasking_id=unmasking.pk, approved=True)
    assert not MailMessage.objects.exists()
    assert export_everything(member())["Times your name was opened"] == []
    assert privacy.notify_unmaskings(standing=CONSOLE, now=now + timedelta(days=89)) == 0
    assert privacy.notify_unmaskings(standing=CONSOLE, now=later) == 1
    assert "09-123" in MailMessage.objects.get().text
    assert privacy.notify_unmaskings(standing=CONSOLE, now=later) == 0


def test_unmaskings_that_are_refused(member, custodians, make_member, now):
    one, two, _ = custodians
    for standing in (make_member(), make_member(roles=("operator",)), make_member(roles=("verifier",)), CONSOLE):
        with pytest.raises(NotAllowed):
            ask(standing, now)
    with pytest.raises(Refused, match="full sentences"):
        ask(one, now, reason="because")
    with pytest.raises(NotFound):
        ask(one, now, handle="nobody-here")
    unmasking = ask(one, now)
    with pytest.raises(CannotUnmask, match="asked already"):
        ask(two, now)
    privacy.decide_unmasking(standing=two, now=now, unmasking_id=unmasking.pk, approved=False)
    with pytest.raises(CannotUnmask):
        privacy.reveal_identity(standing=one, now=now, unmasking_id=unmasking.pk)
    with pytest.raises(CannotUnmask, match="decided"):
        privacy.decide_unmasking(standing=two, now=now, unmasking_id=unmasking.pk, approved=True)
    RoleGrant.objects.create(member_id=member().member_id, role="custodian")
    with pytest.raises(CannotUnmask, match="own handle"):
        ask(member(), now)


def test_a_name_is_corrected_only_as_the_register_has_it(member, record, now):
    values = {key: value for key, value in facts(record).items() if key != "number"}
    with pytest.raises(privacy.CannotCorrectIdentity):
        privacy.correct_identity(standing=member(), now=now, **values | {"last_name": "Nobody"})
    record.other_last_name = "NEWNAME"
    record.state = "CA"
    record.save()
    privacy.correct_identity(standing=member(), now=now, **values | {"last_name": "Newname"})
    assert read_identity(Claim.objects.get())["last_name"] == "Newname"
    assert Member.objects.get(pk=member().member_id).state == "CA"


def rotate(settings, monkeypatch, now):
    settings.IDENTITY_KEYS = f"2:{b64encode(os.urandom(32)).decode()},{settings.IDENTITY_KEYS}"
    return privacy.rotate_keys(standing=CONSOLE, now=now)


def test_keys_are_rotated_and_the_old_ones_can_go(member, record, settings, monkeypatch, now):
    before = read_identity(Claim.objects.get())
    sealed = Evidence.objects.filter(note_sealed__isnull=False).count() + Claim.objects.count()
    assert sealed > 1
    assert rotate(settings, monkeypatch, now) == sealed
    assert privacy.rotate_keys(standing=CONSOLE, now=now) == 0
    settings.IDENTITY_KEYS = settings.IDENTITY_KEYS.split(",")[0]
    assert read_identity(Claim.objects.get()) == before
    assert bytes(Claim.objects.get().identity_sealed).startswith(b"2:")
    with pytest.raises(NotAllowed):
        privacy.rotate_keys(standing=member(), now=now)


def test_rotation_without_the_old_key_says_what_is_missing(member, settings, now):
    settings.IDENTITY_KEYS = f"9:{b64encode(os.urandom(32)).decode()}"
    with pytest.raises(crypto.CannotOpen, match="AUSCULT_IDENTITY_KEYS"):
        privacy.rotate_keys(standing=CONSOLE, now=now)


def test_every_sealed_column_says_what_it_is_sealed_for():
    purposes = [
        (model._meta.label, field.name, field.purpose)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]
    assert len(purposes) >= 6
    assert all(purpose for _, _, purpose in purposes)
    assert len({purpose for _, _, purpose in purposes}) == len(purposes)
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            assert not field.name.endswith("_sealed") or isinstance(field, SealedField), (model, field)


# Taking away and erasing

#: What happens to rows that point at a member who erases the account; a new relation fails until somebody has thought.
ON_ERASURE = {
    "members.RoleGrant.member": "deleted",
    "members.Claim.member": "deleted",
    "members.Opinion.verifier": "kept: a decision of this place, by a number without a person",
    "members.Vouch.voucher": "deleted",
    "members.Vouch.applicant": "kept: «not mutual», by a number without a person",
    "members.LeftRecord.member": "kept, as a keyed hash, until open polls have closed",
    "members.Unmasking.member": "kept: that this place opened a name stays on its account",
    "members.Unmasking.asked_by": "kept: an act of this place",
    "members.Unmasking.decided_by": "kept: an act of this place",
    "organisations.Representative.member": "ended",
    "organisations.Affiliation.member": "deleted",
    "surveys.Survey.author": "kept: a survey of this place",
    "surveys.Turnout.member": "kept: that somebody took part, without a person",
    "surveys.Invitation.member": "kept: that somebody was drawn, without a person; open ones are declined",
    "surveys.InvitationWish.member": "deleted",
    "surveys.HonorariumTransaction.member": "kept: the book of what was paid, without a person",
    "community.Posting.author": "kept without a handle, or without its words",
    "community.Comment.author": "kept without a handle, or without its words",
    "community.UsefulnessRating.member": "deleted",
    "community.Draft.member": "deleted",
    "community.Picture.member": "kept with the posting, without a person; deleted where the words go",
    "community.Reading.member": "deleted",
    "community.TopicFollow.member": "deleted",
    "community.Mute.member": "deleted",
    "community.Mute.muted": "deleted",
    "community.Connection.member": "deleted",
    "community.Notification.member": "deleted",
    "community.Notification.actor": "emptied",
    "community.NotificationWish.member": "deleted",
    "community.TopicRhythm.member": "deleted",
    "community.Flag.member": "emptied",
    "community.StaffSession.member": "kept: an act of this place",
    "community.Decision.author": "kept: a decision of this place, about a number without a person",
    "community.Decision.moderator": "kept: an act of this place",
    "community.ModerationAppeal.decided_by": "kept: an act of this place",
    "community.Sanction.member": "deleted",
    "voice.MandateStatement.member": "deleted",
    "voice.Appeal.author": "kept without a handle: its text is on record",
    "voice.Signature.member": "kept in the count, without a name; withdrawn where the appeal is open",
    "voice.Issue.opened_by": "kept without a handle",
}


def test_every_relation_to_a_member_has_its_rule_of_erasure():
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model is Member
    }
    assert found == set(ON_ERASURE)


@pytest.fixture
def writer(member, topics, make_member, now):
    posting = create_posting(standing=member(), now=now, title="On call", body="My words.", topic="health-reform")
    other = make_member()
    add_comment(standing=other, now=now, posting_id=posting.pk, body="An answer.")
    add_comment(standing=member(), now=now, posting_id=posting.pk, body="My answer.")
    theirs = create_posting(standing=other, now=now, title="Pay", body="Theirs.", topic="health-reform")
    rate_usefulness(standing=member(), now=now, posting_id=theirs.pk, value=2)
    return member


def test_everything_is_taken_away_as_json_and_as_a_page(writer, record, now):
    client = Client()
    client.force_login(Account.objects.get(email="ada@example.org"))
    answer = client.get(reverse("web:data-export", args=["json"]))
    assert "attachment" in answer["Content-Disposition"]
    data = json.loads(answer.content)["data"]
    assert data["Claims"][0]["number"] == record.number
    assert data["Postings"][0]["text"] == "My words."
    assert data["Comments"][0]["text"] == "My answer."
    assert data["Account"][0]["email"] == "ada@example.org"
    page = client.get(reverse("web:data-export", args=["html"])).content.decode()
    assert record.number in page
    assert "src=" not in page
    assert "My words." in client.get(reverse("web:data-read")).content.decode()


@pytest.mark.parametrize("remove_words", [False, True])
def test_erasing_leaves_nothing_of_the_person(writer, record, now, remove_words):
    standing = writer()
    erase_everything(standing=standing, now=now, remove_words=remove_words)
    member = Member.objects.get(pk=standing.member_id)
    assert (member.account, member.handle, member.level, member.state) == (None, None, 0, "")
    assert member.erased_at == now
    assert not Account.objects.filter(email="ada@example.org").exists()
    assert not Claim.objects.exists()
    assert not UsefulnessRating.objects.exists()
    assert not MailMessage.objects.filter(to="ada@example.org").exists()
    posting = Posting.objects.get(author=member)
    assert (posting.body == "My words.") is not remove_words
    assert Comment.objects.count() == 2  # the thread keeps its shape
    assert AuditEvent.objects.filter(event="members.account.erase").count() == 1


def test_erasing_is_all_or_nothing(writer, now, monkeypatch):
    def fail(**_):
        raise Refused("not now")

    monkeypatch.setattr("auscult.web.privacy.erase_account", fail)
    with pytest.raises(Refused):
        erase_everything(standing=writer(), now=now, remove_words=True)
    assert Posting.objects.filter(body="My words.").exists()
    assert UsefulnessRating.objects.exists()


def test_the_pages_ask_for_the_password_and_say_what_was_wrong(writer, now):
    account = Account.objects.get(email="ada@example.org")
    account.set_password("listen-well-1")
    account.save()
    client = Client()
    client.force_login(account)
    answer = client.post(reverse("web:account-erase"), {"sure": "yes", "password": "wrong"})
    assert answer.status_code == 400
    assert "not your password" in answer.content.decode()
    answer = client.post(reverse("web:account-erase"), {"password": "listen-well-1"})
    assert "Tick" in answer.content.decode()
    answer = client.post(reverse("web:membership-withdraw"), {"password": "listen-well-1"}, follow=True)
    assert "not verified any more" in answer.content.decode()
    answer = client.post(reverse("web:account-erase"), {"password": "listen-well-1", "sure": "yes", "words": "keep"})
    assert answer.status_code == 302
    assert client.get(reverse("web:data-read")).status_code == 302
