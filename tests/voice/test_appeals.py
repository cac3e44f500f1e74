"""Appeals: a signature is of one text; what is delivered is on record; silence counts."""

import json
import secrets
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from auscult.evidence.bundle import sha256
from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.members.models import Claim, Member
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import RecordEntry
from auscult.shared import crypto
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.voice.actions.appeals import (
    AddresseeDraft,
    CannotAmendAppeal,
    CannotCloseAppeal,
    CannotDraftAppeal,
    CannotModerateAppeal,
    CannotSignAppeal,
    amend_appeal,
    close_appeal,
    draft_appeal,
    moderate_appeal,
    sign_appeal,
    signable_version,
    withdraw_signature,
)
from auscult.voice.actions.deliveries import (
    CannotAnswerAppeal,
    CannotDeliverAppeal,
    answer_appeal,
    deliver_appeal,
    end_appeal,
    note_due_silences,
    note_silence,
)
from auscult.voice.models import Appeal, AppealVersion, Delivery, Signature, SignatureCount
from auscult.voice.queries.appeals import get_appeal_page, get_changes_page, list_appeals
from auscult.voice.queries.signatures import list_own_signatures
from auscult.voice.rules import AddresseeState, AppealState, Display

from .conftest import CLAUSES

pytestmark = pytest.mark.django_db


def sign(standing, now, appeal, display=Display.COUNTED):
    present = Appeal.objects.get(pk=appeal.pk)
    text = signable_version(present).sha256 if present.opened_at else appeal.versions.get().sha256
    return sign_appeal(standing=standing, now=now, appeal_id=appeal.pk, sha256=text, display=display)


def amend(author, now, appeal, clauses=("New.", "Newer.", "Newest.", "Hear us."), why="Sharper."):
    return amend_appeal(standing=author, now=now, appeal_id=appeal.pk, preamble="Because.", clauses=clauses, why=why)


def publish(moderator, now, appeal, reason="in_order"):
    return moderate_appeal(standing=moderator, now=now, appeal_id=appeal.pk, reason=reason)


def page(appeal, standing=READER, now=None):
    return get_appeal_page(standing, appeal.pk, now or appeal.drafted_at)


def give_claim(standing, name="Ada Example"):
    identity = {
        "registered_name": name,
        "licence_state": "NY",
        "specialty": "Neurology",
        "last_name": "x",
        "first_name": "y",
    }
    Claim.objects.create(
        member_id=standing.member_id, state="verified", record_fingerprint=secrets.token_bytes(32),
        identity_sealed=crypto.seal(json.dumps(identity), "claim.identity"), specialty_group="WG11", practice_state="NY",
        sex="F", career="18+", submitted_at="2009-01-01T00:00Z", decided_at="2009-01-02T00:00Z",
    )  # fmt: skip


def test_five_cosigners_bring_a_draft_to_the_moderator(draft, author, make_member, moderator, now):
    with pytest.raises(CannotSignAppeal, match="You wrote it"):
        sign(author, now, draft)
    for n in range(5):
        assert page(draft, author).state == AppealState.DRAFT
        sign(make_member(), now, draft)
        assert page(draft, author).newest.signatures == n + 1
    assert page(draft, author).state == AppealState.REVIEW
    with pytest.raises(CannotSignAppeal, match="not open"):
        sign(make_member(), now, draft)
    with pytest.raises(NotFound):
        page(draft)  # the public does not read what is not open
    for standing in (author, make_member(), READER):
        with pytest.raises(NotAllowed):
            moderate_appeal(standing=standing, now=now, appeal_id=draft.pk, reason="in_order")
    with pytest.raises(CannotModerateAppeal, match="public reasons"):
        moderate_appeal(standing=moderator, now=now, appeal_id=draft.pk, reason="because")
    moderate_appeal(standing=moderator, now=now, appeal_id=draft.pk, reason="in_order")
    assert page(draft).state == AppealState.OPEN
    with pytest.raises(CannotModerateAppeal, match="does not wait"):
        moderate_appeal(standing=moderator, now=now, appeal_id=draft.pk, reason="in_order")
    entry = RecordEntry.objects.get(kind="appeal.opened")
    assert entry.payload["text"] == entry.payload["documents"]["text"] == draft.versions.get().sha256


def test_a_refused_appeal_shows_its_public_reason(draft, make_member, moderator, now):
    for _ in range(5):
        sign(make_member(), now, draft)
    moderate_appeal(standing=moderator, now=now, appeal_id=draft.pk, reason="attacks_a_person")
    assert page(draft, moderator).reason == "It attacks a person instead of asking for something."
    assert not RecordEntry.objects.filter(kind="appeal.opened").exists()


def test_a_moderator_does_not_decide_on_the_own_appeal(topics, society, make_member, now):
    both = make_member(roles=("moderator",))
    own = draft_appeal(
        standing=both, now=now, title="t", topic="health-reform", preamble="", clauses=["Do."],
        addressees=[AddresseeDraft("X", "letter")],
    )  # fmt: skip
    Appeal.objects.update(state="review")
    with pytest.raises(CannotModerateAppeal, match="Somebody else"):
        moderate_appeal(standing=both, now=now, appeal_id=own.pk, reason="in_order")


def test_signatures_do_not_carry_over_unless_reaffirmed(opened, author, moderator, make_member, now):
    first, second = make_member(), make_member()
    old = page(opened).newest.sha256
    sign(first, now, opened)
    sign(second, now, opened)
    amend(author, now, opened)
    publish(moderator, now, opened)
    with pytest.raises(CannotSignAppeal, match="has changed since you read it"):
        sign_appeal(standing=make_member(), now=now, appeal_id=opened.pk, sha256=old)
    counts = [(v.signatures, v.reaffirmed) for v in page(opened).versions]
    assert counts == [(7, 0), (0, 0)]
    assert page(opened, first).may_reaffirm
    sign(first, now, opened)
    sign(make_member(), now, opened)
    assert [(v.signatures, v.reaffirmed) for v in page(opened).versions] == [(7, 0), (2, 1)]
    assert page(opened).newest.changed == 3
    with pytest.raises(CannotSignAppeal, match="signed this version already"):
        sign(first, now, opened)
    assert list_own_signatures(second)[0].newest == 2


def test_withdrawing_deletes_the_name_and_counts_back(opened, make_member, now):
    member = make_member()
    give_claim(member)
    sign(member, now, opened, Display.NAME)
    assert [(s.name, s.specialty, s.state) for s in page(opened).signatories] == [("Ada Example", "Neurology", "NY")]
    withdraw_signature(standing=member, now=now, appeal_id=opened.pk)
    assert page(opened).signatories == []
    assert page(opened).newest.signatures == 5
    row = Signature.objects.get(member_id=member.member_id)
    assert (row.state, row.name_sealed) == ("withdrawn", None)
    with pytest.raises(NotFound, match="have not signed"):
        withdraw_signature(standing=member, now=now, appeal_id=opened.pk)
    sign(member, now, opened)  # and may come back
    assert page(opened).newest.signatures == 6


def test_a_name_is_sealed_in_the_table_and_never_beside_the_handle(opened, make_member, now):
    member = make_member(handle="quiet-fox")
    give_claim(member)
    sign(member, now, opened, Display.NAME)
    assert b"Ada" not in bytes(Signature.objects.get(member_id=member.member_id).name_sealed)
    with pytest.raises(NotFound):
        sign(make_member(), now, opened, Display.SPECIALTY)  # no verified claim to sign with


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": " "}, "a title"),
        ({"clauses": []}, "asks for something"),
        ({"addressees": []}, "at least one addressee"),
        ({"addressees": [AddresseeDraft("X", "a"), AddresseeDraft("X", "b")]}, "named twice"),
        ({"topic": "none"}, "Choose a topic"),
    ],
)
def test_drafts_that_will_not_do_leave_nothing(author, topics, now, changes, words):
    given = {
        "title": "t", "topic": "health-reform", "preamble": "", "clauses": ["Do."], "addressees": [AddresseeDraft("X", "a")],
    }  # fmt: skip
    with pytest.raises(CannotDraftAppeal, match=words):
        draft_appeal(standing=author, now=now, **(given | changes))
    assert not Appeal.objects.exists()
    assert not AppealVersion.objects.exists()


def test_who_may_draft_amend_and_close(opened, author, make_member, moderator, now):
    for standing in (make_member(level=Level.L1), READER):
        with pytest.raises(NotAllowed):
            sign(standing, now, opened)
    stranger = make_member()
    with pytest.raises(NotAllowed):
        amend(stranger, now, opened)
    with pytest.raises(NotAllowed):
        close_appeal(standing=stranger, now=now, appeal_id=opened.pk)
    with pytest.raises(CannotAmendAppeal, match="the text of the newest"):
        amend(author, now, opened, CLAUSES)
    with pytest.raises(CannotAmendAppeal, match="Say why"):
        amend(author, now, opened, why=" ")
    close_appeal(standing=moderator, now=now, appeal_id=opened.pk)
    with pytest.raises(CannotCloseAppeal):
        close_appeal(standing=author, now=now, appeal_id=opened.pk)
    with pytest.raises(NotFound):
        withdraw_signature(standing=stranger, now=now, appeal_id=opened.pk)


def test_a_new_version_is_published_by_a_moderator_alone(opened, author, moderator, make_member, now):
    amend(author, now, opened, ("Do one thing.", "Smith is a crook."))
    assert [v.number for v in page(opened).versions] == [1]
    assert page(opened).waiting is None
    assert page(opened, make_member()).waiting is None
    assert page(opened, author).waiting.number == page(opened, moderator).waiting.number == 2
    assert not RecordEntry.objects.filter(kind="appeal.amended").exists()
    with pytest.raises(NotFound):
        get_changes_page(READER, opened.pk, 1, 2)
    sign(make_member(), now, opened)  # meanwhile the published text is signed
    with pytest.raises(CannotCloseAppeal, match="waits for a moderator"):
        close_appeal(standing=author, now=now, appeal_id=opened.pk)
    amend(author, now, opened, ("Do one thing.", "Nobody is a crook."))  # reworded in place
    publish(moderator, now, opened, "attacks_a_person")
    assert page(opened, moderator).waiting is None
    amend(author, now, opened)
    publish(moderator, now, opened)
    assert [v.number for v in page(opened).versions] == [1, 3]
    assert RecordEntry.objects.get(kind="appeal.amended").payload["version"] == 3


def test_an_open_appeal_can_be_taken_down_by_a_public_reason(opened, moderator, now):
    with pytest.raises(CannotModerateAppeal, match="does not wait"):
        publish(moderator, now, opened)
    publish(moderator, now, opened, "names_a_patient")
    with pytest.raises(NotFound):
        page(opened)
    assert RecordEntry.objects.get(kind="appeal.taken_down").payload["reason"] == "names_a_patient"


def test_a_draft_freezes_with_its_first_cosignature(draft, author, make_member, moderator, now):
    amend(author, now, draft, ("Reworded.",), why="")
    assert [v.number for v in page(draft, author).versions] == [1]
    assert page(draft, author).newest.clauses == ["Reworded."]
    sign(make_member(), now, draft)
    with pytest.raises(CannotAmendAppeal, match="froze with its first"):
        amend(author, now, draft)
    with pytest.raises(CannotAmendAppeal, match="cannot be changed now"):
        Appeal.objects.update(state="closed")
        amend(author, now, draft)


def test_cosigners_can_get_out(draft, make_member, moderator, now):
    members = [make_member() for _ in range(5)]
    for member in members:
        sign(member, now, draft)
    assert page(draft, members[0]).state == AppealState.REVIEW
    withdraw_signature(standing=members[0], now=now, appeal_id=draft.pk)
    Member.objects.filter(pk=members[1].member_id).update(verified_until=now - timedelta(days=1))
    withdraw_signature(standing=members[1], now=now, appeal_id=draft.pk)
    assert page(draft, moderator).newest.signatures == 3


def test_who_comes_back_cannot_be_known_again(opened, make_member, now):
    member = make_member()
    give_claim(member)
    sign(member, now, opened, Display.SPECIALTY)
    before = Signature.objects.get(member_id=member.member_id)
    withdraw_signature(standing=member, now=now, appeal_id=opened.pk)
    sign(member, now, opened)
    after = Signature.objects.get(member_id=member.member_id)
    assert (before.nonce, before.place) != (after.nonce, after.place)
    assert after.nonce not in [line.place for line in page(opened).signatories]


def test_a_misspelt_organisation_is_a_mistake_in_the_form(author, topics, now):
    with pytest.raises(CannotDraftAppeal, match="short name"):
        draft_appeal(
            standing=author, now=now, title="t", topic="health-reform", preamble="", clauses=["Do."],
            addressees=[AddresseeDraft("X", "letter", "none")],
        )  # fmt: skip
    assert not Appeal.objects.exists()


def test_without_a_representative_a_moderator_notes_the_answer(delivered, moderator, now):
    delivery = Delivery.objects.order_by("pk").first()
    answer_appeal(standing=moderator, now=now, delivery_id=delivery.pk, refused=False, text="On paper.")
    assert page(delivered).addressees[0].state == AddresseeState.ANSWERED


def test_a_version_cannot_be_rewritten(opened):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AppealVersion.objects.update(preamble="other")


@pytest.fixture
def delivered(opened, author, moderator, make_member, now):
    """Signed by 12, changed, closed, handed to both addressees."""
    for _ in range(7):
        sign(make_member(), now, opened)
    amend(author, now, opened)
    publish(moderator, now, opened)
    close_appeal(standing=author, now=now, appeal_id=opened.pk)
    for addressee in opened.addressees.all():
        deliver_appeal(standing=author, now=now, addressee_id=addressee.pk, version=2, proof="Receipt 1")
    opened.refresh_from_db()
    return opened


def test_delivery_says_what_was_signed_and_what_was_handed_over(delivered, author, make_member, now):
    said = "12 signed version 1; version 2 delivered; 0 re-affirmed; 3 of 4 clauses changed"
    assert page(delivered).sentence == said
    assert RecordEntry.objects.filter(kind="appeal.delivered").first().payload["sentence"] == said
    addressee = delivered.addressees.first()
    again = {"standing": author, "now": now, "addressee_id": addressee.pk, "version": 1, "proof": "x"}
    with pytest.raises(CannotDeliverAppeal, match="already"):
        deliver_appeal(**again)
    with pytest.raises(NotAllowed):
        deliver_appeal(**(again | {"standing": make_member()}))
    with pytest.raises(NotFound):
        deliver_appeal(**(again | {"addressee_id": 999}))
    changes = get_changes_page(READER, delivered.pk, 1, 2)
    assert [changed for changed, _ in changes.clauses] == [True, True, True, False]
    with pytest.raises(NotFound):
        get_changes_page(READER, delivered.pk, 2, 1)


def test_nothing_is_delivered_before_it_is_counted_or_without_proof(opened, author, now):
    addressee = opened.addressees.first().pk
    given = {"standing": author, "now": now, "addressee_id": addressee, "version": 1, "proof": "x"}
    with pytest.raises(CannotDeliverAppeal, match="Close it first"):
        deliver_appeal(**given)
    close_appeal(standing=author, now=now, appeal_id=opened.pk)
    for change, words in (({"version": 9}, "no such version"), ({"proof": " "}, "Say how")):
        with pytest.raises(CannotDeliverAppeal, match=words):
            deliver_appeal(**(given | change))
    assert not Delivery.objects.exists()


def test_the_letter_is_the_file_whose_hash_is_on_record(delivered):
    delivery = Delivery.objects.select_related("addressee__appeal").first()
    letter = bytes(delivery.letter)
    assert letter.startswith(b"%PDF")
    assert sha256(letter) == delivery.file_sha256


def test_a_letter_reads_nothing_as_markup():
    from auscult.voice.letter import write_letter

    odd = '#read("/etc/passwd") *bold* $x$ <label> @ref \\ `code`'
    data = {
        "instance": odd, "title": odd, "preamble": odd, "clauses": [odd], "version": 1, "sha256": "a" * 64, "addressee": odd,
        "date": "1 May 2009", "sentence": odd, "here": odd, "counted": "1",
        "signatories": [{"name": odd, "specialty": odd, "state": "NY"}],
    }  # fmt: skip
    assert write_letter(data).startswith(b"%PDF")


def test_answers_and_silence(delivered, representative, moderator, make_member, now):
    ours, theirs = Delivery.objects.order_by("pk")
    # The representative was told when it was delivered, had there been one; now she acts.
    with pytest.raises(NotAllowed):
        answer_appeal(standing=make_member(), now=now, delivery_id=ours.pk, refused=False, text="Yes.")
    with pytest.raises(NotAllowed):
        answer_appeal(standing=moderator, now=now, delivery_id=ours.pk, refused=False, text="Yes.")
    with pytest.raises(CannotAnswerAppeal):
        answer_appeal(standing=representative, now=now, delivery_id=ours.pk, refused=False, text=" ")
    later = now + timedelta(days=15)
    answer_appeal(standing=representative, now=later, delivery_id=ours.pk, refused=True, text="No.")
    with pytest.raises(CannotAnswerAppeal, match="already"):
        answer_appeal(standing=representative, now=later, delivery_id=ours.pk, refused=True, text="No.")

    def states(at):
        return [a.state for a in page(delivered, now=at).addressees]

    assert states(now + timedelta(days=29)) == [AddresseeState.REFUSED, AddresseeState.AWAITED]
    # Silence is true by the clock, before any job has noted it.
    assert states(now + timedelta(days=30)) == [AddresseeState.REFUSED, AddresseeState.SILENT]
    with pytest.raises(Conflict):
        note_silence(standing=CONSOLE, now=now + timedelta(days=29), delivery_id=theirs.pk)
    with pytest.raises(NotAllowed):
        note_silence(standing=make_member(), now=now + timedelta(days=30), delivery_id=theirs.pk)
    assert note_due_silences(now=now + timedelta(days=30)) == 1
    assert note_due_silences(now=now + timedelta(days=31)) == 0
    # A late answer is taken, and the silence stays on record.
    answer_appeal(
        standing=moderator, now=now + timedelta(days=40), delivery_id=theirs.pk, refused=False, text="At last."
    )
    assert states(now + timedelta(days=40))[1] == AddresseeState.ANSWERED
    assert RecordEntry.objects.filter(kind="appeal.silent").count() == 1
    end_appeal(standing=moderator, now=now + timedelta(days=41), appeal_id=delivered.pk, outcome="Nothing came of it.")
    with pytest.raises(CannotDeliverAppeal):
        end_appeal(standing=moderator, now=now + timedelta(days=41), appeal_id=delivered.pk, outcome="Something.")
    checks = verify_bundle(make_extract([f"appeal:{delivered.pk}"]))
    assert [c for c in checks if c.verdict == FALSE] == []
    assert next(c for c in checks if c.what == "appeals").detail.startswith("1 closed, 12 signatures recounted")


def test_ten_times_the_signatures_cost_the_same_queries(opened, make_member, now):
    reader = make_member()

    def cost():
        with CaptureQueriesContext(connection) as queries:
            page(opened, reader, now)
        return len(queries)

    def add(count):
        version = opened.versions.get()
        members = Member.objects.bulk_create(Member(account=_account(n, count), level=0) for n in range(count))
        Signature.objects.bulk_create(
            Signature(
                version=version, member=member, display="specialty", specialty="Neurology", us_state="NY",
                nonce=secrets.token_hex(16), place=secrets.token_hex(8), signed_at=now,
            )
            for member in members
        )  # fmt: skip
        SignatureCount.objects.filter(version=version).update(valid=5 + count, shown=count)

    def _account(n, count):
        from auscult.members.models import Account

        return Account.objects.create(email=f"s{count}-{n}@example.org")

    add(40)
    few = cost()
    assert len(page(opened).signatories) == 24
    add(400)
    assert cost() == few <= 10


def test_the_list_shows_drafts_only_to_those_who_may_co_sign(draft, make_member, moderator):
    assert list_appeals(READER) == []
    assert [line.title for line in list_appeals(make_member())] == ["An appeal"]
    assert [line.title for line in list_appeals(moderator)] == ["An appeal"]
