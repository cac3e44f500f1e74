"""What the voice keeps of a member who erases the account, or gives the verification back, as docs/privacy.md says."""

from datetime import timedelta

import pytest

from auscult.members.actions.life import withdraw_membership
from auscult.members.models import Member
from auscult.members.queries.standing import get_standing
from auscult.publishing.models import RecordEntry
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import NotAllowed
from auscult.shared.standing import CONSOLE, READER
from auscult.statistics.mandates import Stance
from auscult.voice.actions.appeals import (
    amend_appeal,
    close_appeal,
    moderate_appeal,
    sign_appeal,
    signable_version,
    withdraw_signature,
)
from auscult.voice.actions.deliveries import deliver_appeal
from auscult.voice.actions.issues import open_issue
from auscult.voice.actions.mandates import count_mandates, state_mandate, state_nobody
from auscult.voice.actions.members import forget_member
from auscult.voice.models import Appeal, Delivery, Issue, MandateSnapshot, MandateStatement, Signature, SignatureCount
from auscult.voice.queries.appeals import get_appeal_page
from auscult.voice.queries.issues import get_issue_page
from auscult.voice.queries.mandates import get_topic_page
from auscult.voice.rules import Display
from auscult.web.privacy import erase_everything

from .test_appeals import give_claim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics", "society")]


@pytest.fixture
def member(make_member):
    """A member with a name to sign with."""
    standing = make_member(handle="quiet-fox")
    give_claim(standing)
    return standing


def sign(standing, now, appeal, display=Display.NAME):
    text = signable_version(Appeal.objects.get(pk=appeal.pk)).sha256
    return sign_appeal(standing=standing, now=now, appeal_id=appeal.pk, sha256=text, display=display)


def say(standing, now, topic="health-reform"):
    state_mandate(standing=standing, now=now, topic=topic, organisation="society", stance=Stance.SPEAKS)


def erase(standing, now):
    erase_everything(standing=standing, now=now, remove_words=False)


def counts(appeal):
    return [
        (c.valid, c.shown, c.reaffirmed)
        for c in SignatureCount.objects.filter(version__appeal=appeal).order_by("version")
    ]


def assert_counts_are_those_of_the_rows(appeal):
    """The kept counts, counted by hand from the rows."""
    for version in appeal.versions.all():
        rows = version.signatures.filter(state="valid")
        shown = rows.exclude(display="counted").count()
        earlier = {
            s.member_id
            for s in Signature.objects.filter(version__appeal=appeal, state="valid", version__number__lt=version.number)
        }
        again = sum(row.member_id in earlier for row in rows)
        assert (version.count.valid, version.count.shown, version.count.reaffirmed) == (rows.count(), shown, again)


def test_mandates_are_deleted_and_count_no_more_from_the_next_count(member, make_member, now):
    others = [make_member() for _ in range(20)]
    for standing in [member, *others]:
        say(standing, now)
    say(member, now, "organised-medicine")
    state_nobody(standing=member, now=now, topic="organised-medicine")
    count_mandates(standing=CONSOLE, now=now)
    before = MandateSnapshot.objects.get(topic__slug="health-reform")
    erase(member, now + timedelta(days=1))
    assert not MandateStatement.objects.filter(member_id=member.member_id).exists()
    assert MandateStatement.objects.count() == 20
    # What was published stays; she is not among those who could say from the next count on.
    again = MandateSnapshot.objects.get(pk=before.pk)
    assert (again.figures, again.eligible) == (before.figures, 21)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=2))
    page = get_topic_page(READER, "health-reform", now + timedelta(days=2))
    assert page.snapshot.eligible == 20


@pytest.mark.parametrize("display", list(Display))
def test_a_signature_of_an_open_appeal_is_withdrawn(member, opened, now, display):
    sign(member, now, opened, display)
    assert counts(opened) == [(6, int(display != Display.COUNTED), 0)]
    erase(member, now + timedelta(days=1))
    row = Signature.objects.get(member_id=member.member_id)
    assert (row.state, row.withdrawn_at) == ("withdrawn", now + timedelta(days=1))
    assert (row.name_sealed, row.display, row.specialty, row.us_state) == (None, "counted", "", "")
    assert counts(opened) == [(5, 0, 0)]
    page = get_appeal_page(READER, opened.pk, now)
    assert (page.signatories, page.newest.signatures) == ([], 5)


def test_signatures_of_two_versions_are_both_withdrawn(member, opened, author, moderator, make_member, now):
    stays = make_member()
    for standing in (member, stays):
        sign(standing, now, opened, Display.COUNTED)
    amend_appeal(standing=author, now=now, appeal_id=opened.pk, preamble="", clauses=["New."], why="Sharper.")
    moderate_appeal(standing=moderator, now=now, appeal_id=opened.pk, reason="in_order")
    for standing in (member, stays):
        sign(standing, now, opened, Display.COUNTED)
    sign(make_member(), now, opened, Display.COUNTED)
    assert counts(opened) == [(7, 0, 0), (3, 0, 2)]
    erase(member, now)
    assert counts(opened) == [(6, 0, 0), (2, 0, 1)]
    assert_counts_are_those_of_the_rows(opened)


def test_a_co_signature_of_a_draft_is_withdrawn(member, draft, make_member, now):
    for standing in [member, *(make_member() for _ in range(4))]:
        sign(standing, now, draft, Display.COUNTED)
    assert Appeal.objects.get().state == "review"
    erase(member, now)
    assert counts(draft) == [(4, 0, 0)]


@pytest.mark.parametrize("delivered", [False, True])
def test_a_signature_on_record_stays_counted_without_a_name(member, opened, author, make_member, now, delivered):
    sign(member, now, opened)
    other = make_member()
    give_claim(other, "Bea Other")
    sign(other, now, opened)
    close_appeal(standing=author, now=now, appeal_id=opened.pk)
    if delivered:
        addressee = opened.addressees.first()
        deliver_appeal(standing=author, now=now, addressee_id=addressee.pk, version=1, proof="Receipt")
        handed_over = bytes(Delivery.objects.get().letter)
    on_record = RecordEntry.objects.get(kind="appeal.closed").payload
    nonce = Signature.objects.get(member_id=member.member_id).nonce
    erase(member, now + timedelta(days=1))
    row = Signature.objects.get(member_id=member.member_id)
    assert (row.state, row.nonce) == ("valid", nonce)
    assert (row.name_sealed, row.display, row.specialty, row.us_state) == (None, "counted", "", "")
    page = get_appeal_page(READER, opened.pk, now)
    assert page.newest.signatures == 7
    assert [line.name for line in page.signatories] == ["Bea Other"]
    assert_counts_are_those_of_the_rows(opened)
    assert RecordEntry.objects.get(kind="appeal.closed").payload == on_record
    if delivered:
        # Its hash is on record, and the addressee has it: this file stays what it was.
        assert bytes(Delivery.objects.get().letter) == handed_over


def test_words_of_appeals_and_issues_stay_without_a_handle(author, opened, make_member, now):
    issue = open_issue(standing=author, now=now, title="A matter", topic="health-reform", summary="In words.")
    handle = get_standing(Member.objects.get(pk=author.member_id).account_id, now).handle
    assert get_appeal_page(READER, opened.pk, now).author == handle
    erase(author, now)
    page = get_appeal_page(READER, opened.pk, now)
    assert (page.title, page.author, page.specialty) == ("An appeal", "", "")
    assert get_issue_page(READER, issue.pk, now).summary == "In words."
    assert Issue.objects.get().opened_by.handle is None


def test_others_keep_what_they_said_and_signed(member, opened, make_member, now):
    other = make_member()
    give_claim(other, "Bea Other")
    for standing in (member, other):
        say(standing, now)
        sign(standing, now, opened)
    rows = [list(model.objects.filter(member_id=other.member_id).values()) for model in (MandateStatement, Signature)]
    erase(member, now)
    assert [list(m.objects.filter(member_id=other.member_id).values()) for m in (MandateStatement, Signature)] == rows


def test_the_trail_says_that_it_happened_and_not_what_was_said(member, opened, now):
    say(member, now)
    sign(member, now, opened)
    before = AuditEvent.objects.latest("pk").pk
    forget_member(standing=member, now=now)
    events = list(
        AuditEvent.objects.filter(pk__gt=before).order_by("pk").values_list("event", "actor_id", "thing", "details")
    )
    number = member.member_id
    assert events == [
        ("voice.signature.withdraw", number, f"appeal:{opened.pk}", {}),
        ("voice.member.forget", number, f"member:{number}", {}),
    ]


def test_who_said_nothing_leaves_nothing(make_member, now):
    forget_member(standing=make_member(), now=now)
    assert not Signature.objects.exists()


def test_nobody_is_forgotten_without_signing_in(member, now):
    say(member, now)
    for standing in (READER, CONSOLE):
        with pytest.raises(NotAllowed):
            forget_member(standing=standing, now=now)
    assert MandateStatement.objects.exists()


def test_who_gives_the_verification_back_counts_no_more_and_can_still_withdraw(member, opened, make_member, now):
    others = [make_member() for _ in range(19)]
    for standing in [member, *others]:
        say(standing, now)
    sign(member, now, opened)
    withdraw_membership(standing=member, now=now, rejoin_at=now + timedelta(days=30))
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    (row,) = get_topic_page(READER, "health-reform", now + timedelta(days=1)).figures
    assert (row["respondents"], row["eligible"]) == (19, MandateSnapshot.objects.get().eligible)
    # The account stays, and with it what she signed as a member, until she takes it back.
    assert get_appeal_page(READER, opened.pk, now).newest.signatures == 6
    present = get_standing(Member.objects.get(pk=member.member_id).account_id, now)
    withdraw_signature(standing=present, now=now, appeal_id=opened.pk)
    assert get_appeal_page(READER, opened.pk, now).newest.signatures == 5
    assert Signature.objects.get(member_id=member.member_id).name_sealed is None
