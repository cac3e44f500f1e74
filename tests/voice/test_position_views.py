"""Pages of positions: who states, compares and replies, and what a refusal keeps."""

from datetime import date, timedelta

import pytest

from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.rules import Power
from auscult.publishing.actions import publish_release
from auscult.publishing.models import Reply
from auscult.shared import clock
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.voice.models import Position, PositionComparison
from tests.pages import Page, sign_in

from .test_positions_and_issues import poll, state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics", "society")]
TYPED = {
    "organisation": "society", "topic": "organised-medicine", "title": "For <the> bill", "text": "We are for it.",
    "source": "A letter", "stated_on": "2009-07-01",
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, now):
    """The site's clock is that of the fixtures."""
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def editor(make_member):
    return make_member(level=Level.L0, roles=("editor",))


def test_no_position_yet_and_who_may_state_one(make_member, representative, editor):
    pages = [Page(sign_in(s).get("/positions/")) for s in (READER, make_member(), representative, editor)]
    assert all("No position is on record yet." in page.words for page in pages)
    assert ["/positions/new" in page.links for page in pages] == [False, False, True, True]


@pytest.mark.parametrize("who", ["representative", "editor"])
def test_stating_leads_to_the_position(request, who):
    client = sign_in(request.getfixturevalue(who))
    assert Page(client.get("/positions/new")).form("").values["organisation"] == "society"
    answer = client.post("/positions/new", TYPED)
    position = Position.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/positions/{position.pk}/")
    words = Page(sign_in(READER).get(f"/positions/{position.pk}/")).words
    for expected in ("For <the> bill", "We are for it.", "Taken 1 July 2009 · A letter"):
        assert expected in words
    assert ("stated by R. Example" if who == "representative" else "quoted by an editor") in words
    assert "No published question asks what this position is about." in words
    assert position.stated_on == date(2009, 7, 1)
    assert f"/positions/{position.pk}/" in Page(sign_in(READER).get("/positions/")).links


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("stated_on", "", "Give the date on which the position was taken."),
        ("stated_on", "yesterday", "Give the date on which the position was taken."),
        ("stated_on", "2009-02-30", "Give the date on which the position was taken."),
        ("stated_on", "1/7/2009", "Give the date on which the position was taken."),
        ("stated_on", "2009-07-03", "A position of a day to come is none yet."),
        ("title", " ", "A position has a title, a text and a source."),
        ("text", "", "A position has a title, a text and a source."),
        ("source", " ", "A position has a title, a text and a source."),
        ("title", "x" * 161, "The title or the text is too long."),
        ("text", "x" * 10_001, "The title or the text is too long."),
    ],
)
def test_a_position_that_is_refused_comes_back_as_it_was_typed(editor, field, value, words):
    typed = TYPED | {field: value}
    page = Page(sign_in(editor).post("/positions/new", typed))
    assert (page.status, page.error) == (400, words)
    shown = page.form("").values
    assert {name: shown[name] for name in typed} == typed
    assert not Position.objects.exists()


@pytest.mark.parametrize("field", ["topic", "organisation"])
@pytest.mark.parametrize("value", ["", "none"])
def test_no_topic_or_organisation_of_that_name(editor, field, value):
    assert sign_in(editor).post("/positions/new", TYPED | {field: value}).status_code == 404
    assert sign_in(editor).post("/positions/new", {}).status_code == 400


def test_those_who_may_not_state_get_no_form(make_member, society, now):
    reader = sign_in(READER)
    assert reader.get("/positions/new")["Location"].endswith("/accounts/login/?next=/positions/new")
    assert reader.post("/positions/new", TYPED).status_code == 403
    without_power = make_member(level=Level.L0, email="press@example.org")
    appoint_representative(
        standing=CONSOLE, now=now, organisation=society, email="press@example.org", public_name="P. Ress", scope="replies",
        powers=[Power.REPLY],
    )  # fmt: skip
    for standing in (make_member(), without_power):
        client = sign_in(standing)
        assert client.get("/positions/new").status_code == client.post("/positions/new", TYPED).status_code == 403
    assert not Position.objects.exists()


def test_a_representative_speaks_for_the_own_organisation_alone(representative, now):
    add_organisation(standing=CONSOLE, now=now, slug="rivals", name="Rivals", kind="association")
    client = sign_in(representative)
    page = Page(client.post("/positions/new", TYPED | {"organisation": "rivals"}))
    assert page.status == 403
    assert page.form("").values["title"] == TYPED["title"]
    assert not Position.objects.exists()


def test_a_question_is_set_beside_it_by_an_editor(register, editor, representative, make_member, now):
    posting, _ = poll(make_member, now)
    publish_release(standing=editor, now=now + timedelta(days=4), survey_id=posting.survey_id)
    position = state(editor, now)
    here, where = f"/positions/{position.pk}/", f"/positions/{position.pk}/compare"
    for standing, status in ((READER, 403), (make_member(), 403), (representative, 403)):
        client = sign_in(standing)
        assert not Page(client.get(here)).has_form(where)
        assert client.post(where, {"release": "1", "answer": "q1/yes"}).status_code == status
    client = sign_in(editor)
    for answer in ("", "q1", "q1/", "q9/yes", "q1/maybe", "/yes"):
        page = Page(client.post(where, {"release": "1", "answer": answer}))
        assert (page.status, page.error) == (
            400,
            "That result has no such question or answer, or fewer than ten answered it.",
        )
        assert page.form(where).values["release"] == "1"
        assert page.form(where).values["answer"] == answer
        assert page.open_folds == ["Compare with a published question"]
    for release in ("", "x", "2", "-1", "9" * 18, "9" * 40):
        assert client.post(where, {"release": release, "answer": "q1/yes"}).status_code == 404
    assert not PositionComparison.objects.exists()
    answer = client.post(where, {"release": "1", "answer": "q1/yes"})
    assert (answer.status_code, answer["Location"]) == (302, here)
    page = Page(sign_in(READER).get(here))
    # Of 40 members three in four say yes, of 60 others one in four.
    assert "raw 75.0% · base 40" in page.words
    assert "raw 25.0% · base 60" in page.words
    assert "of its own members who answered agree with it" in page.words
    assert "/results/1/" in page.links
    assert client.post("/positions/999/compare", {"release": "1", "answer": "q1/yes"}).status_code == 404


def test_the_organisation_replies_by_form(editor, representative, make_member, now):
    position = state(editor, now)
    here, where = f"/positions/{position.pk}/", f"/positions/{position.pk}/reply"
    assert "Example Society has not replied." in Page(sign_in(READER).get(here)).words
    for standing in (editor, make_member()):
        client = sign_in(standing)
        assert not Page(client.get(here)).has_form(where)
        assert Page(client.post(where, {"text": "Indeed."})).status == 403
    assert sign_in(READER).post(where, {"text": "Indeed."}).status_code == 403
    client = sign_in(representative)
    for text in ("", " ", "x" * 20_001):
        page = Page(client.post(where, {"text": text}))
        assert page.status == 400
        assert page.error
        assert page.form(where).values["text"] == text
    assert Page(client.post(where, {})).status == 400
    assert not Reply.objects.exists()
    answer = client.post(where, {"text": "Indeed & <i>so</i>."})
    assert (answer.status_code, answer["Location"]) == (302, f"{here}#replies")
    page = Page(sign_in(READER).get(here))
    assert "R. Example" in page.words
    assert "Indeed &" in page.words
    assert not Page(client.get(here)).has_form(where)
    page = Page(client.post(where, {"text": "Again."}))
    assert (page.status, Reply.objects.count()) == (400, 1)


def test_numbers_that_are_none(editor):
    client = sign_in(editor)
    for number in ("999", "9" * 30):
        assert client.get(f"/positions/{number}/").status_code == 404
        assert client.post(f"/positions/{number}/reply", {"text": "x"}).status_code == 404
        assert client.post(f"/positions/{number}/compare", {}).status_code == 404
    assert client.get("/positions/1/reply").status_code == 405
