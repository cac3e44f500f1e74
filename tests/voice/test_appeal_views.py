"""Pages of appeals: who gets which form, what a refusal keeps, where each form leads."""

from datetime import timedelta

import pytest

from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.rules import Power
from auscult.shared import clock
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.voice.actions.appeals import amend_appeal, close_appeal, moderate_appeal, sign_appeal
from auscult.voice.actions.deliveries import deliver_appeal
from auscult.voice.models import Addressee, Appeal, Delivery, Signature
from auscult.voice.rules import Display
from tests.pages import Page, sign_in

from .test_appeals import give_claim

pytestmark = pytest.mark.django_db
TYPED = {
    "title": "Fund <rural> clinics",
    "topic": "organised-medicine",
    "preamble": "Because & so.",
    "clauses": "Do this.\r\n\r\n  Do that.  ",
    "addressees": "Committee on Ways and Means; registered letter\nExample Society; mail; society",
}


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, now):
    """The site's clock is that of the fixtures."""
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def closed(opened, author, now):
    close_appeal(standing=author, now=now, appeal_id=opened.pk)
    opened.refresh_from_db()
    return opened


@pytest.fixture
def delivered(closed, author, now):
    for addressee in closed.addressees.all():
        deliver_appeal(standing=author, now=now, addressee_id=addressee.pk, version=1, proof="Receipt 1")
    closed.refresh_from_db()
    return closed


def address(appeal, end=""):
    return f"/appeals/{appeal.pk}/{end}"


def test_lists_say_what_there_is_and_offer_drafting_to_those_who_may(make_member, topics):
    reader, member, lapsed = (
        Page(sign_in(s).get("/appeals/")) for s in (READER, make_member(), make_member(level=Level.L1))
    )
    assert "No appeal is open." in reader.words
    assert ["/appeals/new" in page.links for page in (reader, member, lapsed)] == [False, True, False]


def test_a_draft_is_listed_for_those_who_may_co_sign(draft, make_member, moderator):
    for standing, seen in (
        (READER, False),
        (make_member(level=Level.L1), False),
        (make_member(), True),
        (moderator, True),
    ):
        client = sign_in(standing)
        assert (f"/appeals/{draft.pk}/" in Page(client.get("/appeals/")).links) is seen
        assert client.get(address(draft)).status_code == (200 if seen else 404)


def test_drafting_leads_to_the_draft_with_what_was_written(author, society, topics):
    client = sign_in(author)
    assert Page(client.get("/appeals/new")).form("").values["title"] == ""
    answer = client.post("/appeals/new", TYPED)
    appeal = Appeal.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, address(appeal))
    page = Page(client.get(address(appeal)))
    for words in ("Fund <rural> clinics", "Because & so.", "Do this.", "Do that.", "The draft stands here."):
        assert words in page.words
    assert appeal.versions.get().clauses == ["Do this.", "Do that."]
    assert [(a.name, a.channel, a.organisation) for a in Addressee.objects.all()] == [
        ("Committee on Ways and Means", "registered letter", None), ("Example Society", "mail", society),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", " ", "title"),
        ("title", "x" * 161, "title"),
        ("clauses", "\n \n", "asks for something"),
        ("addressees", "", "at least one addressee"),
        ("addressees", "; letter", "at least one addressee"),
        ("addressees", "A; a\nA; b", "named twice"),
        ("addressees", "A; a; nowhere", "short name “nowhere”"),
        ("topic", "none", "Choose a topic"),
        ("topic", "", "Choose a topic"),
    ],
)
def test_a_draft_that_is_refused_comes_back_as_it_was_typed(author, society, topics, field, value, words):
    typed = TYPED | {field: value}
    answer = sign_in(author).post("/appeals/new", typed)
    page = Page(answer)
    assert page.status == 400
    assert words in page.error
    shown = page.form("").values
    for name in ("title", "preamble", "clauses", "addressees"):
        assert shown[name].replace("\r", "") == typed[name].replace("\r", ""), name
    if field != "topic":
        assert shown["topic"] == "organised-medicine"
    assert not Appeal.objects.exists()


def test_an_empty_form_is_refused_in_words(author, topics):
    page = Page(sign_in(author).post("/appeals/new", {}))
    assert (page.status, len(page.errors)) == (400, 1)


def test_those_who_may_not_draft_get_no_form(make_member, moderator, topics):
    assert sign_in(READER).get("/appeals/new")["Location"].endswith("/accounts/login/?next=/appeals/new")
    assert sign_in(READER).post("/appeals/new", TYPED).status_code == 403
    for standing in (make_member(level=Level.L1), moderator):
        client = sign_in(standing)
        assert client.get("/appeals/new").status_code == client.post("/appeals/new", TYPED).status_code == 403
    assert not Appeal.objects.exists()


def test_the_author_of_a_draft_may_reword_but_not_co_sign(draft, author, make_member):
    own, other = (Page(sign_in(s).get(address(draft))) for s in (author, make_member()))
    assert own.form(address(draft, "amend")).values["clauses"].splitlines()[0] == "Do one thing."
    assert not own.has_form(address(draft, "sign"))
    assert "Send the address of this page to 5 colleagues" in own.words
    assert other.form(address(draft, "sign")).values["sha256"] == draft.versions.get().sha256
    assert not other.has_form(address(draft, "amend"))
    for page in (own, other):
        assert not page.has_form(address(draft, "moderate"))
        assert not page.has_form(address(draft, "close"))


def test_signing_and_withdrawing_by_form(opened, make_member):
    client = sign_in(make_member())
    form = Page(client.get(address(opened))).form(address(opened, "sign"))
    assert form.values["display"] == "counted"
    answer = client.post(form.action, form.values)
    assert (answer.status_code, answer["Location"]) == (302, address(opened, "#signatures"))
    page = Page(client.get(address(opened)))
    assert "You have signed this very text." in page.words
    assert "You signed version 1." in page.words
    assert not page.has_form(form.action)
    answer = client.post(page.form(address(opened, "withdraw")).action)
    assert answer["Location"] == address(opened, "#signatures")
    page = Page(client.get(address(opened)))
    assert "Your signature is withdrawn." in page.words
    assert page.has_form(form.action)


@pytest.mark.parametrize(
    ("display", "seen"),
    [
        ("name", "Ada Example, Neurology, NY"), ("specialty", "Neurology, NY"), ("counted", ""), ("x", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_signature_is_shown_as_it_was_chosen_and_never_more(opened, make_member, display, seen):
    sent = {"sha256": opened.versions.get().sha256} | ({"display": display} if display else {})
    member = make_member()
    give_claim(member)
    sign_in(member).post(address(opened, "sign"), sent)
    assert Signature.objects.filter(member_id=member.member_id, state="valid").exists()
    words = Page(sign_in(READER).get(address(opened))).words
    assert ("Ada Example" in words) is (display == "name")
    assert ("Neurology, NY" in words) is bool(seen)
    assert (seen or "Nobody who signed wishes to be seen.") in words
    assert member.handle not in words


def test_a_text_that_changed_meanwhile_is_not_signed(opened, make_member):
    member = make_member()
    page = Page(sign_in(member).post(address(opened, "sign"), {"sha256": "0" * 64, "display": "specialty"}))
    assert page.status == 409
    assert page.error == "The text has changed since you read it. Read the new version, then sign it."
    form = page.form(address(opened, "sign"))
    assert form.values["sha256"] == opened.versions.get().sha256
    assert form.values["display"] == "specialty"
    assert not Signature.objects.filter(member_id=member.member_id).exists()


def test_those_who_may_not_sign_are_told_why(opened, make_member):
    reader = Page(sign_in(READER).get(address(opened)))
    assert f"/accounts/login/?next=/appeals/{opened.pk}/" in reader.links
    assert not reader.has_form(address(opened, "sign"))
    sent = {"sha256": opened.versions.get().sha256}
    answer = sign_in(READER).post(address(opened, "sign"), sent)
    assert answer.status_code == 403
    assert b"Copy what you wrote, sign in" in answer.content
    page = Page(sign_in(make_member(level=Level.L1)).post(address(opened, "sign"), sent))
    assert (page.status, page.error) == (403, "Only members whose verification is valid sign.")
    for standing, status in ((READER, 403), (make_member(), 404)):
        assert sign_in(standing).post(address(opened, "withdraw")).status_code == status
    assert Signature.objects.count() == 5


def test_an_amendment_that_is_refused_keeps_what_was_typed(opened, author):
    typed = {"preamble": "Because it is so.", "clauses": "One.\nTwo.", "why": " "}
    page = Page(sign_in(author).post(address(opened, "amend"), typed))
    assert page.status == 400
    assert page.error == "Say why the text is changed; those who signed will read it."
    assert page.form(address(opened, "amend")).values == {**page.form(address(opened, "amend")).values, **typed}
    assert "Change the text" in page.open_folds
    assert opened.versions.count() == 1


def test_a_new_version_is_written_shown_to_its_author_and_published(opened, author, moderator, make_member):
    client = sign_in(author)
    typed = {"preamble": "Because.", "clauses": "Do one thing.\nNew.", "why": "Sharper."}
    answer = client.post(address(opened, "amend"), typed)
    assert answer["Location"] == address(opened, "#versions")
    waits = "Version 2 waits for a moderator"
    assert waits in Page(client.get(address(opened))).words
    assert waits not in Page(sign_in(READER).get(address(opened))).words
    assert waits not in Page(sign_in(make_member()).get(address(opened))).words
    assert sign_in(READER).get(address(opened, "changes/1/2/")).status_code == 404
    assert client.get(address(opened, "changes/1/2/")).status_code == 200
    judge = sign_in(moderator)
    page = Page(judge.post(address(opened, "moderate"), {"reason": "because"}))
    assert (page.status, page.error) == (409, "Choose one of the public reasons.")
    assert "Publish version 2?" in page.words
    assert "reason" not in page.form(address(opened, "moderate")).values
    answer = judge.post(address(opened, "moderate"), {"reason": "in_order"})
    assert answer["Location"] == address(opened, "#moderation")
    changes = Page(sign_in(READER).get(address(opened, "changes/1/2/")))
    assert "Reason given: Sharper." in changes.words
    assert "3 of 4 clauses of version 1 do not stand word for word in version 2." in changes.words
    for old, new in ((2, 1), (1, 1), (1, 9), (0, 1)):
        assert client.get(address(opened, f"changes/{old}/{new}/")).status_code == 404


def test_who_signed_the_earlier_text_may_sign_the_new_one(opened, author, moderator, make_member, now):
    member = make_member()
    sign_appeal(standing=member, now=now, appeal_id=opened.pk, sha256=opened.versions.get().sha256)
    amend_appeal(standing=author, now=now, appeal_id=opened.pk, preamble="", clauses=["New."], why="Sharper.")
    moderate_appeal(standing=moderator, now=now, appeal_id=opened.pk, reason="in_order")
    client = sign_in(member)
    page = Page(client.get(address(opened)))
    assert "The text has changed since." in page.words
    form = page.form(address(opened, "sign"))
    assert form.buttons == [("", "", "Re-affirm: sign version 2")]
    client.post(form.action, form.values)
    assert "2 signatures" not in Page(client.get(address(opened))).words
    assert "1 signature (1 re-affirmed)" in Page(client.get(address(opened))).words


def test_only_a_moderator_decides(draft, opened, make_member, author, moderator):
    for standing, status in ((READER, 403), (make_member(), 403), (author, 403)):
        assert sign_in(standing).post(address(opened, "moderate"), {"reason": "attacks_a_person"}).status_code == status
    assert Appeal.objects.get(pk=opened.pk).state == "open"
    page = Page(sign_in(moderator).get(address(opened)))
    assert "Take it down?" in page.words
    sign_in(moderator).post(address(opened, "moderate"), {"reason": "attacks_a_person"})
    assert sign_in(READER).get(address(opened)).status_code == 404
    told = Page(sign_in(author).get(address(opened)))
    assert "Refused. It attacks a person instead of asking for something." in told.words


def test_closing_counts_and_ends_signing(opened, author, make_member):
    stranger = sign_in(make_member())
    assert (
        Page(stranger.post(address(opened, "close"))).error
        == "Only its author or a moderator closes and delivers an appeal."
    )
    client = sign_in(author)
    assert Page(client.get(address(opened))).has_form(address(opened, "close"))
    assert client.post(address(opened, "close"))["Location"] == address(opened, "#signatures")
    page = Page(client.get(address(opened)))
    assert "The signatures are counted and on record." in page.words
    assert not page.has_form(address(opened, "close"))
    page = Page(client.post(address(opened, "close")))
    assert (page.status, page.error) == (409, "Only an open appeal is closed.")
    page = Page(stranger.post(address(opened, "sign"), {"sha256": "x"}))
    assert (page.status, page.error) == (409, "This appeal is not open for signatures now.")


def test_a_delivery_is_noted_by_form(closed, author, make_member):
    first, second = closed.addressees.all()
    client = sign_in(author)
    form = Page(client.get(address(closed))).form(f"/appeals/addressees/{first.pk}/deliver")
    assert form.values["version"] == "1"
    no_version, no_proof = "There is no such version.", "Say how one can see that it arrived: a receipt, who took it."
    refused = [("", "Receipt 7", no_version), ("9", "Receipt 7", no_version), ("9" * 40, "Receipt 7", no_version)]
    for version, proof, words in [*refused, ("1", " ", no_proof)]:
        page = Page(client.post(form.action, {"version": version, "proof": proof}))
        assert (page.status, page.error) == (409, words)
        assert page.form(form.action).values["proof"] == proof
    assert Page(client.post(form.action, {})).status == 409
    assert not Delivery.objects.exists()
    assert Page(sign_in(make_member()).post(form.action, form.values)).status == 403
    assert sign_in(READER).post(form.action, form.values).status_code == 403
    answer = client.post(form.action, {"version": "1", "proof": "Receipt 7"})
    assert answer["Location"] == address(closed, "#addressees")
    page = Page(client.get(address(closed)))
    assert "Receipt 7" in page.words
    assert not page.has_form(form.action)
    assert page.has_form(f"/appeals/addressees/{second.pk}/deliver")
    assert client.post("/appeals/addressees/999/deliver", {"version": "1", "proof": "x"}).status_code == 404


def test_the_letter_is_a_file_that_the_public_may_read(delivered):
    delivery = Delivery.objects.first()
    answer = sign_in(READER).get(f"/appeals/deliveries/{delivery.pk}/letter.pdf")
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer["Content-Disposition"] == f'inline; filename="appeal-{delivered.pk}.pdf"'
    assert f"/appeals/deliveries/{delivery.pk}/letter.pdf" in Page(sign_in(READER).get(address(delivered))).links
    Appeal.objects.filter(pk=delivered.pk).update(state="refused")
    assert sign_in(READER).get(f"/appeals/deliveries/{delivery.pk}/letter.pdf").status_code == 404
    assert sign_in(READER).get("/appeals/deliveries/999/letter.pdf").status_code == 404


def test_the_addressee_answers_by_form(delivered, representative, author, make_member, moderator, now):
    delivery = Delivery.objects.get(addressee__organisation__slug="society")
    where = f"/appeals/deliveries/{delivery.pk}/answer"
    rivals = add_organisation(standing=CONSOLE, now=now, slug="rivals", name="Rivals", kind="association")
    rival = make_member(level=Level.L0, email="rival@example.org")
    appoint_representative(
        standing=CONSOLE, now=now, organisation=rivals, email="rival@example.org",
        public_name="R. Ival", scope="everything", powers=list(Power),
    )  # fmt: skip
    for standing in (rival, author, moderator, make_member()):
        client = sign_in(standing)
        assert not Page(client.get(address(delivered))).has_form(where)
        page = Page(client.post(where, {"text": "Yes."}))
        assert (page.status, page.error) == (403, "Only a representative of the organisation acts in its name.")
    assert sign_in(READER).post(where, {"text": "Yes."}).status_code == 403
    client = sign_in(representative)
    assert Page(client.get(address(delivered))).has_form(where)
    for text in ("", " ", "x" * 10_001):
        page = Page(client.post(where, {"text": text, "refused": "yes"}))
        assert (page.status, page.error) == (400, "An answer has 1 to 10,000 characters.")
        assert page.form(where).values["text"] == text
        assert page.form(where).values["refused"] == "yes"
    answer = client.post(where, {"text": "We <b>won't</b>.", "refused": "yes"})
    assert answer["Location"] == address(delivered, "#addressees")
    page = Page(sign_in(READER).get(address(delivered)))
    assert "R. Example" in page.words
    assert "won't" in page.words
    assert Delivery.objects.get(pk=delivery.pk).answer == "refused"
    page = Page(client.post(where, {"text": "Again."}))
    assert (page.status, page.error) == (400, "This appeal was answered already.")
    assert client.post("/appeals/deliveries/999/answer", {"text": "x"}).status_code == 404


def test_a_moderator_notes_the_answer_of_somebody_outside(delivered, moderator, author):
    delivery = Delivery.objects.get(addressee__organisation=None)
    where = f"/appeals/deliveries/{delivery.pk}/answer"
    assert not Page(sign_in(author).get(address(delivered))).has_form(where)
    assert Page(sign_in(author).post(where, {"text": "Yes."})).status == 403
    assert Page(sign_in(moderator).get(address(delivered))).has_form(where)
    sign_in(moderator).post(where, {"text": "On paper."})
    assert "On paper." in Page(sign_in(READER).get(address(delivered))).words
    assert Delivery.objects.get(pk=delivery.pk).answer == "answered"


def test_what_came_of_it_is_said_once(delivered, author, make_member):
    client = sign_in(author)
    assert Page(client.get(address(delivered))).form(address(delivered, "end")).values["outcome"] == ""
    page = Page(client.post(address(delivered, "end"), {"outcome": " "}))
    assert (page.status, page.error) == (409, "Say in a sentence what came of it.")
    assert page.form(address(delivered, "end")).values["outcome"] == " "
    assert Page(sign_in(make_member()).post(address(delivered, "end"), {"outcome": "x"})).status == 403
    assert client.post(address(delivered, "end"), {"outcome": "They agreed."})["Location"] == address(
        delivered, "#outcome"
    )
    page = Page(sign_in(READER).get(address(delivered)))
    assert "They agreed." in page.words
    assert not page.forms
    assert Page(client.post(address(delivered, "end"), {"outcome": "Again."})).status == 409


def test_silence_shows_without_a_job(delivered, monkeypatch, now):
    assert "answer awaited" in Page(sign_in(READER).get(address(delivered))).words
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=31))
    words = Page(sign_in(READER).get(address(delivered))).words
    assert "answer awaited" not in words
    assert "Answer was due 1 August 2009: 1 day over" in words


def test_a_part_of_a_long_list_is_a_page_without_htmx_and_a_piece_with_it(opened, make_member, now):
    text = opened.versions.get().sha256
    names = {f"Ada {number} Example" for number in range(26)}
    for name in names:
        member = make_member()
        give_claim(member, name)
        sign_appeal(standing=member, now=now, appeal_id=opened.pk, sha256=text, display=Display.NAME)
    client = sign_in(READER)
    first = Page(client.get(address(opened)))
    (more,) = {link.partition("#")[0] for link in first.links if link.startswith("?after=")}
    piece = Page(client.get(address(opened, more), headers={"HX-Request": "true"}))
    whole = Page(client.get(address(opened, more)))
    assert (piece.is_whole, whole.is_whole, first.is_whole) == (False, True, True)
    shown = [{name for name in names if name in page.words} for page in (first, piece, whole)]
    assert shown[1] == shown[2] == names - shown[0]
    assert (len(shown[0]), len(shown[1])) == (24, 2)
    assert Page(client.get(address(opened, "?after=%ff' OR 1"))).status == 200


def test_numbers_that_are_none(author):
    client = sign_in(author)
    for end in ("", "changes/1/2/"):
        assert client.get(f"/appeals/999/{end}").status_code == 404
        assert client.get(f"/appeals/{'9' * 30}/{end}").status_code == 404
    for end in ("sign", "withdraw", "amend", "close", "end"):
        assert client.post(f"/appeals/{'9' * 30}/{end}", {}).status_code == 404
        assert client.get(f"/appeals/1/{end}").status_code == 405
