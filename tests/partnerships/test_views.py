"""Pages of agreements: who gets which form, what a refusal keeps, where each form leads."""

from datetime import date

import pytest

from auscult.community.actions.comments import add_comment
from auscult.community.actions.postings import create_posting
from auscult.organisations.actions import appoint_representative
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Power
from auscult.partnerships.actions.agreements import give_notice, take_step
from auscult.partnerships.models import AccessReceipt, Agreement, Grant, Notice, Occurrence, OccurrenceStep
from auscult.partnerships.rules import NoticeKind, Side, StepKind
from auscult.publishing.models import Reply
from auscult.shared import clock
from auscult.shared.standing import CONSOLE, READER, Level
from tests.pages import Page, sign_in

from .conftest import BEGINS, at, proposal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]
TYPED = {
    "title": "A <second> partnership", "subject": "training", "party_a": "operator", "party_b": "society",
    "starts_on": "2007-06-01", "ends_on": "2008-06-01", "terms": "In kind.\n\nNo money & no data.",
    "obligations": "we | A course | hours | 2007-09-01, 2008-03-01\n\nthey | A room | keys | 2007-07-01",
    "purpose": "to plan", "grant_b": "yes",
}  # fmt: skip


@pytest.fixture
def set_clock(monkeypatch):
    """Sets the site's clock to noon of a day."""

    def turn(*day):
        monkeypatch.setattr(clock, "now", lambda: at(*day))

    return turn


@pytest.fixture(autouse=True)
def when_it_begins(monkeypatch):
    """Unless a test says otherwise, the site's clock is that of the proposal."""
    monkeypatch.setattr(clock, "now", lambda: BEGINS)


@pytest.fixture
def press(parties, make_member):
    """A representative of the society who may reply, and nothing else."""
    standing = make_member(level=Level.L0, email="press@example.org")
    appoint_representative(
        standing=CONSOLE, now=BEGINS, organisation=Organisation.objects.get(slug="society"), email="press@example.org",
        public_name="P. Ress", scope="replies", powers=[Power.REPLY],
    )  # fmt: skip
    return standing


def where(agreement, end=""):
    return f"/agreements/{agreement.pk}/{end}"


def occurrence(code, number=1):
    return Occurrence.objects.get(obligation__code=code, number=number)


def step_at(code, number=1):
    return f"/agreements/occurrences/{occurrence(code, number).pk}/step"


# The list, and proposing


def test_no_agreement_yet_and_who_may_propose_one(parties, press, make_member):
    people = (READER, make_member(), parties["arbiter"], press, parties["operator"], parties["society"])
    pages = [Page(sign_in(standing).get("/agreements/")) for standing in people]
    assert all("No agreement is on record." in page.words for page in pages)
    may = [False, False, False, False, True, True]
    assert ["/agreements/new" in page.links for page in pages] == may
    assert [sign_in(s).get("/agreements/new").status_code for s in people] == [302, 403, 403, 403, 200, 200]
    assert [sign_in(s).post("/agreements/new", {}).status_code for s in people] == [403, 403, 403, 403, 400, 400]


def test_proposing_leads_to_the_agreement(parties):
    client = sign_in(parties["operator"])
    form = Page(client.get("/agreements/new")).form("")
    assert (form.values["party_a"], form.values["party_b"]) == ("operator", "")
    answer = client.post("/agreements/new", TYPED)
    made = Agreement.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, where(made))
    page = Page(sign_in(READER).get(where(made)))
    for words in (
        "A <second> partnership", "The Operator and The Society, 1 June 2007 to 31 May 2008", "No money & no data.",
        "A course", "Measured by: hours", "A room", "Measured by: keys", "may read: numbers by topic", "Purpose: to plan.",
    ):  # fmt: skip
        assert words in page.words
    owed = [(o.obligation.debtor, o.obligation.words, o.due_on) for o in Occurrence.objects.order_by("pk")]
    assert owed == [
        ("a", "A course", date(2007, 9, 1)), ("a", "A course", date(2008, 3, 1)), ("b", "A room", date(2007, 7, 1)),
    ]  # fmt: skip
    assert Grant.objects.get().beneficiary.slug == "society"
    assert where(made) in Page(sign_in(READER).get("/agreements/")).links


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"starts_on": ""}, "The first day of the term must be a date like 2026-05-25."),
        ({"starts_on": "1 June 2007"}, "The first day of the term must be a date like 2026-05-25."),
        ({"ends_on": "2008-02-30"}, "The first day after the term must be a date like 2026-05-25."),
        ({"ends_on": "2007-06-01"}, "The first day after the term must lie after its first day."),
        ({"ends_on": "2013-06-02"}, "A term has at most five years; renew it then."),
        ({"title": " "}, "An agreement has a title and a subject."),
        ({"subject": ""}, "An agreement has a title and a subject."),
        ({"terms": " "}, "The terms have 1 to 10,000 characters."),
        ({"terms": "x" * 10_001}, "The terms have 1 to 10,000 characters."),
        ({"party_b": "operator"}, "An agreement has two parties."),
        ({"obligations": " \n"}, "An agreement names at least one obligation."),
        (
            {"obligations": "we | A course"},
            "Obligation 1 must read: we or they | what | how it is measured | due dates.",
        ),
        ({"obligations": "we | a | b | 2007-09-01\nall | a | b | 2007-09-01"}, "Obligation 2 must read"),
        ({"obligations": "we | a | b | soon"}, "The due date of obligation 1 must be a date like 2026-05-25."),
        ({"obligations": "we | a | b | 2007-09-01, "}, "The due date of obligation 1 must be a date like 2026-05-25."),
        ({"obligations": "we | a | b | 2008-06-01"}, "Obligation o1 is due outside the term."),
        ({"obligations": "we | | b | 2007-09-01"}, "Obligation o1 needs words, a measure and at least one due date."),
        ({"obligations": f"we | {'a' * 301} | b | 2007-09-01"}, "have at most 300 characters each."),
        ({"purpose": " "}, "Say for which purpose the numbers are read."),
    ],
)
def test_a_proposal_that_is_refused_comes_back_as_it_was_typed(parties, changes, words):
    typed = TYPED | changes
    page = Page(sign_in(parties["operator"]).post("/agreements/new", typed))
    assert page.status == 400
    assert words in page.error
    shown = page.form("").values
    assert {name: shown.get(name) for name in typed} == typed
    assert "grant_a" not in shown
    assert not Agreement.objects.exists()


def test_nobody_proposes_in_the_name_of_another(parties):
    client = sign_in(parties["operator"])
    page = Page(client.post("/agreements/new", TYPED | {"party_a": "society", "party_b": "operator"}))
    assert page.status == 403
    assert page.form("").values["title"] == TYPED["title"]
    for changes in ({"party_b": ""}, {"party_b": "none"}, {"party_a": "none"}):
        assert client.post("/agreements/new", TYPED | changes).status_code == 404
    assert not Agreement.objects.exists()


def test_without_a_grant_no_purpose_is_needed(parties):
    typed = {name: value for name, value in TYPED.items() if name not in {"purpose", "grant_b"}}
    sign_in(parties["operator"]).post("/agreements/new", typed)
    page = Page(sign_in(READER).get(where(Agreement.objects.get())))
    assert "Nobody may read anything under this agreement." in page.words


# Ratifying and declining


def test_who_gets_the_forms_of_a_proposal(parties, press, make_member):
    made = proposal(parties)
    forms = {}
    people = {"reader": READER, "member": make_member(), "press": press} | parties
    for name, standing in people.items():
        page = Page(sign_in(standing).get(where(made)))
        assert page.status == 200
        forms[name] = [end for end in ("ratify", "decline", "notice") if page.has_form(where(made, end))]
    assert forms == {
        "reader": [], "member": [], "press": [], "arbiter": [], "operator": ["decline"], "society": ["ratify", "decline"],
    }  # fmt: skip


def test_the_other_side_ratifies_by_form(parties, press, make_member):
    made = proposal(parties)
    refused = "Only a representative of one of the parties who may act under agreements does this."
    for standing in (make_member(), press, parties["arbiter"]):
        for end in ("ratify", "decline"):
            page = Page(sign_in(standing).post(where(made, end)))
            assert (page.status, page.error) == (403, refused)
    for end in ("ratify", "decline"):
        answer = sign_in(READER).post(where(made, end))
        assert answer.status_code == 403
        assert b"Copy what you wrote, sign in" in answer.content
    page = Page(sign_in(parties["operator"]).post(where(made, "ratify")))
    assert (page.status, page.error) == (403, "Your side has proposed it; the other side ratifies.")
    client = sign_in(parties["society"])
    answer = client.post(where(made, "ratify"))
    assert (answer.status_code, answer["Location"]) == (302, where(made))
    page = Page(client.get(where(made)))
    assert "Ratified, and on record." in page.words
    assert not page.has_form(where(made, "ratify"))
    for end, words in (("ratify", "Both sides have ratified"), ("decline", "This is no proposal")):
        page = Page(client.post(where(made, end)))
        assert page.status == 409
        assert words in page.error


@pytest.mark.parametrize(("who", "button"), [("operator", "Withdraw"), ("society", "Decline")])
def test_a_proposal_is_ended_by_form(parties, who, button):
    made = proposal(parties)
    client = sign_in(parties[who])
    form = Page(client.get(where(made))).form(where(made, "decline"))
    assert [words for _, _, words in form.buttons] == [button]
    answer = client.post(form.action)
    assert answer["Location"] == where(made)
    page = Page(client.get(where(made)))
    assert "declined" in page.words
    assert not page.has_form(where(made, "decline"))
    page = Page(sign_in(parties["society"]).post(where(made, "ratify")))
    assert (page.status, page.error) == (409, "This proposal was declined or withdrawn.")


# Notices


def test_a_notice_by_form(parties, agreement, press, make_member, set_clock):
    set_clock(2008, 1, 10)
    sent = {"kind": "termination", "text": "We end it.", "cites": "journals", "effective_on": "2008-02-01"}
    for standing in (make_member(), press, parties["arbiter"]):
        client = sign_in(standing)
        assert not Page(client.get(where(agreement))).has_form(where(agreement, "notice"))
        assert Page(client.post(where(agreement, "notice"), sent)).status == 403
    assert sign_in(READER).post(where(agreement, "notice"), sent).status_code == 403
    assert not Notice.objects.exists()
    client = sign_in(parties["society"])
    assert Page(client.get(where(agreement))).form(where(agreement, "notice")).values["text"] == ""
    answer = client.post(where(agreement, "notice"), sent)
    assert (answer.status_code, answer["Location"]) == (302, where(agreement, "#notices"))
    page = Page(sign_in(READER).get(where(agreement)))
    for words in ("We end it.", "Citing journals", "R of The Society", "from 1 February 2008"):
        assert words in page.words
    set_clock(2008, 2, 1)
    page = Page(sign_in(parties["society"]).get(where(agreement)))
    assert "Who ended it, when, citing what? The Society ended it" in page.words
    assert not page.has_form(where(agreement, "notice"))
    page = Page(client.post(where(agreement, "notice"), sent | {"effective_on": "2008-03-01"}))
    assert (page.status, page.error) == (400, "Notices are given while an agreement is in force.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": ""}, "Choose what the notice says."),
        ({"kind": "war"}, "Choose what the notice says."),
        ({"text": " "}, "A notice has 1 to 10,000 characters."),
        ({"text": "x" * 10_001}, "A notice has 1 to 10,000 characters."),
        ({"effective_on": ""}, "Say from which day on; it cannot lie in the past."),
        ({"effective_on": "2008-01-09"}, "Say from which day on; it cannot lie in the past."),
        ({"effective_on": "soon"}, "The day from which it holds must be a date like 2026-05-25."),
        (
            {"effective_on": "2009-05-25"},
            "It ends with its term before that day; give notice that you will not renew it.",
        ),
        ({"kind": "resumption"}, "The agreement is not suspended."),
        ({"kind": "renewal refused"}, "The other side has offered no new terms."),
    ],
)
def test_a_notice_that_is_refused_comes_back_as_it_was_typed(parties, agreement, set_clock, changes, words):
    set_clock(2008, 1, 10)
    typed = {"kind": "termination", "text": "We end <it>.", "cites": "a & b", "effective_on": "2008-02-01"} | changes
    page = Page(sign_in(parties["society"]).post(where(agreement, "notice"), typed))
    assert (page.status, page.error) == (400, words)
    shown = page.form(where(agreement, "notice")).values
    kept = {name: shown[name] for name in ("text", "cites", "effective_on")}
    assert kept == {name: typed[name] for name in kept}
    if typed["kind"] in {"termination", "resumption"}:
        assert shown["kind"] == typed["kind"]
    assert "Give notice" in page.open_folds
    assert not Notice.objects.exists()


def test_refusing_terms_is_offered_once_the_other_side_offered_some(parties, agreement, set_clock):
    set_clock(2009, 5, 4)

    def kinds(who):
        text = sign_in(parties[who]).get(where(agreement)).content.decode()
        return 'value="renewal refused"' in text

    assert (kinds("operator"), kinds("society")) == (False, False)
    give_notice(
        standing=parties["operator"], now=at(2009, 5, 4), agreement_id=agreement.pk, kind=NoticeKind.RENEWAL_OFFERED,
        text="New terms.",
    )  # fmt: skip
    assert (kinds("operator"), kinds("society")) == (False, True)


# Steps of an occurrence


def test_each_side_gets_the_buttons_that_are_open_to_it(parties, agreement, press, make_member, set_clock):
    set_clock(2007, 6, 5)

    def buttons(standing):
        page = Page(sign_in(standing).get(where(agreement)))
        assert page.status == 200
        if not page.has_form(step_at("journals")):
            return []
        return [value for _, value, _ in page.form(step_at("journals")).buttons]

    for standing in (READER, make_member(), press, parties["arbiter"]):
        assert buttons(standing) == []
    assert buttons(parties["society"]) == ["submit"]
    assert buttons(parties["operator"]) == ["allege", "waive"]
    take_step(
        standing=parties["operator"], now=at(2007, 6, 5), occurrence_id=occurrence("journals").pk, kind=StepKind.ALLEGE,
        text="Nothing came.",
    )  # fmt: skip
    assert "answer" in buttons(parties["society"])
    assert buttons(parties["arbiter"]) == []
    page = Page(sign_in(READER).get(where(agreement)))
    assert "The other side has until 19 June 2007 to answer; before that nobody rules." in page.words
    set_clock(2007, 6, 20)
    assert sorted(buttons(parties["arbiter"])) == ["breach", "excuse"]


def test_a_step_by_form(parties, agreement, set_clock):
    set_clock(2007, 5, 31)
    client = sign_in(parties["society"])
    answer = client.post(step_at("journals"), {"kind": "submit", "text": "Sent <today>.", "evidence": "20 log-ins"})
    number = occurrence("journals").pk
    assert (answer.status_code, answer["Location"]) == (302, where(agreement, f"#occurrence-{number}"))
    page = Page(sign_in(READER).get(where(agreement)))
    for words in ("Sent <today>.", "Evidence: 20 log-ins"):
        assert words in page.words
    step = OccurrenceStep.objects.get()
    assert (step.kind, step.side, step.taken_at) == (StepKind.SUBMIT, Side.B, at(2007, 5, 31))


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 409, "Choose a step."),
        ({"kind": "explode", "text": "x"}, 409, "Choose a step."),
        ({"kind": "submit", "text": " "}, 409, "Say what happened, in words."),
        ({"kind": "submit", "text": "x" * 10_001}, 409, "Say what happened, in words."),
        ({"kind": "confirm", "text": "x"}, 409, "This occurrence is due; that step is not open to you now."),
        ({"kind": "breach", "text": "x"}, 409, "This occurrence is due; that step is not open to you now."),
    ],
)
def test_a_step_that_is_refused_comes_back_as_it_was_typed(parties, agreement, set_clock, sent, status, words):
    set_clock(2007, 5, 31)
    page = Page(sign_in(parties["society"]).post(step_at("journals"), sent | {"evidence": "a & b"}))
    assert (page.status, page.error) == (status, words)
    shown = page.form(step_at("journals")).values
    assert (shown["text"], shown["evidence"]) == (sent.get("text", ""), "a & b")
    assert page.open_folds[0].startswith("Due 1 June 2007")
    assert not OccurrenceStep.objects.exists()


def test_only_the_sides_and_the_arbiter_take_steps(parties, agreement, press, make_member, set_clock):
    set_clock(2007, 5, 31)
    sent = {"kind": "submit", "text": "x"}
    for standing in (press, make_member()):
        page = Page(sign_in(standing).post(step_at("journals"), sent))
        assert page.status == 403
        assert page.error == "Only the parties, or an arbiter who represents neither, act on an obligation."
    assert sign_in(READER).post(step_at("journals"), sent).status_code == 403
    assert Page(sign_in(parties["arbiter"]).post(step_at("journals"), sent)).status == 409
    assert sign_in(parties["society"]).post("/agreements/occurrences/999/step", sent).status_code == 404
    assert not OccurrenceStep.objects.exists()


# Both sides in their own words


def test_each_side_states_its_view_by_form(parties, agreement, press, make_member):
    assert "Neither side has stated its view." in Page(sign_in(READER).get(where(agreement))).words
    action = where(agreement, "reply")
    for standing in (parties["arbiter"], make_member()):
        client = sign_in(standing)
        assert not Page(client.get(where(agreement))).has_form(action)
        answer = client.post(action, {"organisation": str(agreement.party_b_id), "text": "x"})
        assert answer.status_code == 403
    client = sign_in(press)
    form = Page(client.get(where(agreement))).form(action)
    assert form.values["organisation"] == str(agreement.party_b_id)
    for organisation in ("", "x", "9" * 18, "9" * 40, str(agreement.party_a_id)):
        page = Page(client.post(action, {"organisation": organisation, "text": "Our <view>."}))
        assert (page.status, len(page.errors)) == (403, 1)
        assert page.form(action).values["text"] == "Our <view>."
    for text in ("", " ", "x" * 5_001):
        page = Page(client.post(action, form.values | {"text": text}))
        assert page.status == 400
        assert page.form(action).values["text"] == text
    assert sign_in(READER).post(action, form.values | {"text": "x"}).status_code == 403
    assert not Reply.objects.exists()
    answer = client.post(action, form.values | {"text": "Our view."})
    assert (answer.status_code, answer["Location"]) == (302, where(agreement, "#replies"))
    page = Page(sign_in(READER).get(where(agreement)))
    assert "P. Ress" in page.words
    assert "Our view." in page.words
    assert not Page(client.get(where(agreement))).has_form(action)


# Access


@pytest.fixture
def talk(make_member):
    """Twelve internists write in one topic."""
    authors = [make_member(group="WG01") for _ in range(12)]
    first = create_posting(standing=authors[0], now=at(2008, 1, 1), title="t", body="b", topic="health-reform")
    for author in authors[1:]:
        add_comment(standing=author, now=at(2008, 1, 2), posting_id=first.pk, body="x")


def test_reading_under_a_grant_leaves_a_receipt(parties, agreement, talk, set_clock):
    set_clock(2008, 3, 1)
    client, action = sign_in(parties["society"]), f"/grants/{Grant.objects.get().pk}/read"
    page = Page(client.get(where(agreement, "access/")))
    assert "Nothing was read." in page.words
    assert "in force" in page.words
    page = Page(client.post(action, page.form(action).values | {"topic": "health-reform"}))
    assert (page.status, page.errors) == (200, [])
    # One posting is no full ten; eleven comments are one.
    assert "at least 0 postings and 10 comments of 10 members" in page.words
    assert "Internal medicine 10" in page.words
    assert "This read is on record." in page.words
    assert "Nothing was read." not in page.words
    page = Page(client.post(action, {"topic": "organised-medicine"}))
    assert "Fewer than ten people have said anything, so nothing is shown." in page.words
    page = Page(sign_in(READER).get(where(agreement, "access/")))
    assert not page.has_form(action)
    assert AccessReceipt.objects.count() == 2
    assert "numbers about 10 authors or more" in page.words
    assert "Read 2 times, refused 0 times" in Page(sign_in(READER).get(where(agreement))).words


def test_a_read_outside_the_term_is_refused_on_the_page_and_on_record(parties, agreement, talk, set_clock):
    set_clock(2009, 5, 25)
    client, action = sign_in(parties["society"]), f"/grants/{Grant.objects.get().pk}/read"
    form = Page(client.get(where(agreement, "access/"))).form(action)
    assert [words for _, _, words in form.buttons] == ["Try; the refusal goes on record"]
    page = Page(client.post(action, {"topic": "health-reform"}))
    assert page.status == 403
    assert page.error.startswith("Access ended with the agreement on 24 May 2009")
    assert "Internal medicine" not in page.words
    assert "refused Access ended" in page.words
    assert AccessReceipt.objects.get().refused


def test_nobody_else_reads_under_a_grant(parties, agreement, press, make_member, talk, set_clock):
    set_clock(2008, 3, 1)
    action = f"/grants/{Grant.objects.get().pk}/read"
    for standing in (READER, make_member(), press, parties["operator"], parties["arbiter"]):
        client = sign_in(standing)
        assert not Page(client.get(where(agreement, "access/"))).has_form(action)
        assert client.post(action, {"topic": "health-reform"}).status_code == 404
    client = sign_in(parties["society"])
    for sent in ({}, {"topic": ""}, {"topic": "none"}):
        assert client.post(action, sent).status_code == 404
    assert client.post("/grants/999/read", {"topic": "health-reform"}).status_code == 404
    assert client.get(action).status_code == 405
    assert not AccessReceipt.objects.exists()


def test_an_agreement_without_grants_grants_nothing(parties):
    made = proposal(parties, grants=())
    assert "This agreement grants access to nobody." in Page(sign_in(READER).get(where(made, "access/"))).words


def test_numbers_that_are_none(parties):
    client = sign_in(parties["operator"])
    for number in ("999", "9" * 30):
        for end in ("", "access/"):
            assert client.get(f"/agreements/{number}/{end}").status_code == 404
        for end, sent in (
            ("ratify", {}),
            ("decline", {}),
            ("reply", {"text": "x"}),
            ("notice", {"kind": "termination"}),
        ):
            assert client.post(f"/agreements/{number}/{end}", sent).status_code == 404, end
            assert client.get(f"/agreements/{number}/{end}").status_code == 405


def test_pages_are_whole_with_and_without_htmx(parties, agreement):
    for address in ("/agreements/", where(agreement), where(agreement, "access/")):
        for headers in ({}, {"HX-Request": "true"}):
            assert Page(sign_in(READER).get(address, headers=headers)).is_whole
