"""Pages of issues: who keeps one together, what each reader sees of it, what a refusal keeps."""

import pytest

from auscult.community.actions.postings import create_posting
from auscult.shared import clock
from auscult.shared.standing import READER, Level
from auscult.voice.actions.issues import add_step, open_issue
from auscult.voice.models import Issue, IssueStep
from auscult.voice.rules import StepKind
from tests.pages import Page, sign_in

from .test_positions_and_issues import state

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics", "society")]
TYPED = {"title": "Prior <authorization>", "topic": "organised-medicine", "summary": "One.\n\nTwo."}


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, now):
    """The site's clock is that of the fixtures."""
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def editor(make_member):
    return make_member(level=Level.L0, roles=("editor",))


@pytest.fixture
def issue(author, now):
    return open_issue(standing=author, now=now, title="A matter", topic="health-reform", summary="s")


def where(issue, end=""):
    return f"/issues/{issue.pk}/{end}"


def test_no_issue_yet_and_who_may_open_one(make_member, editor, moderator):
    people = (READER, make_member(level=Level.L1), make_member(), editor, moderator)
    pages = [Page(sign_in(standing).get("/issues/")) for standing in people]
    assert all("No issue is open." in page.words for page in pages)
    assert ["/issues/new" in page.links for page in pages] == [False, False, True, True, True]
    assert [sign_in(standing).get("/issues/new").status_code for standing in people] == [302, 403, 200, 200, 200]


@pytest.mark.parametrize("who", ["author", "editor", "moderator"])
def test_opening_leads_to_the_issue(request, who):
    client = sign_in(request.getfixturevalue(who))
    answer = client.post("/issues/new", TYPED)
    issue = Issue.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, where(issue))
    page = Page(client.get(where(issue)))
    for words in ("Prior <authorization>", "running", "The issue is open.", "Nothing belongs to this issue yet."):
        assert words in page.words
    assert where(issue) in Page(sign_in(READER).get("/issues/")).links


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", " ", "An issue has a title of at most 160 characters."),
        ("title", "x" * 161, "An issue has a title of at most 160 characters."),
        ("summary", "x" * 3001, "The summary has at most 3,000 characters."),
        ("topic", "none", "Choose a topic."),
        ("topic", "", "Choose a topic."),
    ],
)
def test_an_issue_that_is_refused_comes_back_as_it_was_typed(author, field, value, words):
    typed = TYPED | {field: value}
    page = Page(sign_in(author).post("/issues/new", typed))
    assert (page.status, page.error) == (400, words)
    shown = page.form("").values
    assert (shown["title"], shown["summary"]) == (typed["title"], typed["summary"])
    if field != "topic":
        assert shown["topic"] == "organised-medicine"
    assert not Issue.objects.exists()


def test_those_who_may_not_open_get_no_form(make_member):
    assert sign_in(READER).get("/issues/new")["Location"].endswith("/accounts/login/?next=/issues/new")
    assert sign_in(READER).post("/issues/new", TYPED).status_code == 403
    assert sign_in(make_member(level=Level.L1)).post("/issues/new", TYPED).status_code == 403
    assert Page(sign_in(make_member()).post("/issues/new", {})).status == 400
    assert not Issue.objects.exists()


def test_only_its_keepers_get_the_forms(issue, author, editor, moderator, make_member):
    for standing, keeps in ((READER, False), (make_member(), False), (author, True), (editor, True), (moderator, True)):
        client = sign_in(standing)
        page = Page(client.get(where(issue)))
        assert page.has_form(where(issue, "step")) is page.has_form(where(issue, "close")) is keeps
        if not keeps:
            for end, sent in (
                ("step", {"kind": "posting", "number": "1"}),
                ("close", {"outcome": "x"}),
                ("remove", {"step": "1"}),
            ):
                answer = client.post(where(issue, end), sent)
                assert answer.status_code == 403, end
    assert Issue.objects.get().closed_at is None


@pytest.mark.parametrize("number", ["{}", "/positions/{}/", "https://auscult.example/positions/{}/?a=b", " {} "])
def test_a_thing_is_added_by_its_number_or_address(issue, author, editor, now, number):
    position = state(editor, now)
    client = sign_in(author)
    answer = client.post(where(issue, "step"), {"kind": "position", "number": number.format(position.pk)})
    assert (answer.status_code, answer["Location"]) == (302, where(issue))
    page = Page(sign_in(READER).get(where(issue)))
    assert f"/positions/{position.pk}/" in page.links
    page = Page(client.post(where(issue, "step"), {"kind": "position", "number": str(position.pk)}))
    assert (page.status, page.error) == (400, "That is part of this issue already.")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose what to add."),
        ({"kind": "rumor", "number": "1"}, "Choose what to add."),
        (
            {"kind": "silence", "number": "1"},
            "Only postings, results, positions and appeals are added; the rest follows from them.",
        ),
        ({"kind": "result", "number": "7"}, "There is no result 7."),
        ({"kind": "position", "number": ""}, "There is no position 0."),
        ({"kind": "appeal"}, "There is no appeal 0 that you may read."),
        ({"kind": "posting", "number": "9" * 18}, f"There is no posting {'9' * 18} that you may read."),
        ({"kind": "result", "number": "none"}, "There is no result 0."),
    ],
)
def test_what_cannot_be_added_is_refused_with_what_was_typed(issue, author, sent, words):
    page = Page(sign_in(author).post(where(issue, "step"), sent))
    assert (page.status, page.error) == (400, words)
    shown = page.form(where(issue, "step")).values
    assert shown["number"] == sent.get("number", "")
    if sent.get("kind") in {"posting", "result", "position", "appeal"}:
        assert shown["kind"] == sent["kind"]
    assert page.open_folds == ["Add something, take it out, or end it"]
    assert not IssueStep.objects.exists()


def test_a_posting_is_named_to_those_who_read_postings_alone(issue, author, make_member, now):
    posting = create_posting(standing=author, now=now, title="A night shift", body="b", topic="health-reform")
    sign_in(author).post(where(issue, "step"), {"kind": "posting", "number": f"/postings/{posting.pk}/"})
    for standing, sees in ((READER, False), (make_member(level=Level.L0), False), (make_member(), True)):
        page = Page(sign_in(standing).get(where(issue)))
        assert ("A night shift" in page.words) is sees
        assert (f"/postings/{posting.pk}/" in page.links) is sees


def test_what_was_added_is_taken_out_by_form(issue, author, editor, now):
    position = state(editor, now)
    step = add_step(standing=author, now=now, issue_id=issue.pk, kind=StepKind.POSITION, number=position.pk)
    client = sign_in(author)
    form = Page(client.get(where(issue))).form(where(issue, "remove"))
    assert form.values["step"] == str(step.pk)
    for odd in ("", "x", "999", "9" * 40):
        assert client.post(form.action, {"step": odd}).status_code == 404
    assert IssueStep.objects.exists()
    assert client.post(form.action, form.values)["Location"] == where(issue)
    assert not IssueStep.objects.exists()
    assert "Taken out." in Page(client.get(where(issue))).words


def test_an_issue_ends_once(issue, author):
    client = sign_in(author)
    page = Page(client.post(where(issue, "close"), {"outcome": " "}))
    assert (page.status, page.error) == (400, "An issue ends once, with a sentence on what came of it.")
    assert page.form(where(issue, "close")).values["outcome"] == " "
    answer = client.post(where(issue, "close"), {"outcome": "The rule was withdrawn."})
    assert answer["Location"] == where(issue)
    page = Page(client.get(where(issue)))
    assert "The rule was withdrawn." in page.words
    assert "ended" in page.words
    assert not page.has_form(where(issue, "step"))
    for end, sent in (
        ("close", {"outcome": "Again."}),
        ("step", {"kind": "result", "number": "1"}),
        ("remove", {"step": "1"}),
    ):
        assert Page(client.post(where(issue, end), sent)).status == 400, end


def test_numbers_that_are_none(author):
    client = sign_in(author)
    for number in ("999", "9" * 30):
        assert client.get(f"/issues/{number}/").status_code == 404
        for end, sent in (
            ("close", {"outcome": "x"}),
            ("step", {"kind": "result", "number": "1"}),
            ("remove", {"step": "1"}),
        ):
            assert client.post(f"/issues/{number}/{end}", sent).status_code == 404
    assert client.get("/issues/1/close").status_code == 405
