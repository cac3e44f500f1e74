"""Pages of mandates: what each person sees and may say, and that nobody sees what another said."""

from datetime import timedelta

import pytest

from auscult.members.models import Member
from auscult.organisations.actions import add_organisation
from auscult.shared import clock
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.statistics.mandates import Stance
from auscult.voice.actions.mandates import count_mandates, state_mandate
from auscult.voice.models import MandateStatement
from tests.pages import Page, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics", "society")]
HERE = "/mandates/health-reform/"
SAY, TAKE_BACK = f"{HERE}state", f"{HERE}revoke"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch, now):
    """The site's clock is that of the fixtures."""
    monkeypatch.setattr(clock, "now", lambda: now)


def stances():
    rows = MandateStatement.objects.order_by("pk")
    return [(row.organisation.slug if row.organisation else None, row.stance) for row in rows]


def test_nothing_is_counted_and_nobody_is_there_yet(make_member):
    page = Page(sign_in(READER).get(HERE))
    assert "Nothing is counted yet. The first count comes on the first of next month." in page.words
    assert f"/accounts/login/?next={HERE}" in page.links
    assert not page.forms
    page = Page(sign_in(make_member(level=Level.L1)).get(HERE))
    assert "Only members whose verification is valid say who speaks for them." in page.words
    assert not page.has_form(SAY)
    assert "fewer than ten members have said anything" in Page(sign_in(READER).get("/mandates/")).words


def test_saying_changing_and_taking_back_by_form(make_member):
    client = sign_in(make_member())
    for stance in ("speaks", "partly", "does_not", "no_opinion"):
        answer = client.post(SAY, {"organisation": "society", "stance": stance})
        assert (answer.status_code, answer["Location"]) == (302, f"{HERE}#own"), stance
        page = Page(client.get(HERE))
        assert page.pressed == [("stance", stance)]
        assert "Noted, for 12 months. It counts from the next monthly count on" in page.words
    assert "until 2 July 2010" in page.words
    answer = client.post(TAKE_BACK, {"organisation": "society"})
    assert answer["Location"] == f"{HERE}#own"
    page = Page(client.get(HERE))
    assert (page.pressed, page.has_form(TAKE_BACK)) == ([], False)
    assert "Taken back, at once." in page.words


def test_nobody_takes_back_what_was_said_of_organisations(make_member):
    client = sign_in(make_member())
    client.post(SAY, {"organisation": "society", "stance": "speaks"})
    client.post(SAY, {"stance": "nobody"})
    page = Page(client.get(HERE))
    assert "Noted, for 12 months; what you said of organisations here is taken back." in page.words
    assert page.pressed == [("stance", "nobody")]
    assert stances()[-2:] == [("society", "revoked"), (None, "nobody")]
    client.post(TAKE_BACK, page.form(TAKE_BACK).values)
    assert Page(client.get(HERE)).pressed == []


@pytest.mark.parametrize("sent", [{}, {"organisation": "society"}, {"organisation": "society", "stance": "SPEAKS"}])
def test_what_is_no_answer_is_refused_on_the_page(make_member, sent):
    page = Page(sign_in(make_member()).post(SAY, sent))
    assert (page.status, page.error) == (400, "Choose one of the answers.")
    assert page.has_form(SAY)
    assert stances() == []


@pytest.mark.parametrize("organisation", ["", "none", "x" * 500])
def test_an_organisation_that_is_not_here(make_member, organisation):
    client = sign_in(make_member())
    assert client.post(SAY, {"organisation": organisation, "stance": "speaks"}).status_code == 404
    status = 409 if organisation == "" else 404
    assert client.post(TAKE_BACK, {"organisation": organisation}).status_code == status
    assert stances() == []


def test_the_operator_takes_no_mandate(make_member, now):
    add_organisation(standing=CONSOLE, now=now, slug="operator", name="Us", kind="operator of this place")
    client = sign_in(make_member())
    assert Page(client.get(HERE)).legends == ["Example Society"]
    page = Page(client.post(SAY, {"organisation": "operator", "stance": "speaks"}))
    assert (page.status, page.error) == (400, "The operator of this place speaks for nobody, so it takes no mandate.")


def test_taking_back_what_was_not_said(make_member):
    page = Page(sign_in(make_member()).post(TAKE_BACK, {"organisation": "society"}))
    assert (page.status, page.error) == (409, "You have no such statement in force.")


def test_who_lapsed_cannot_say_but_can_take_back(make_member, now):
    member = make_member()
    client = sign_in(member)
    client.post(SAY, {"organisation": "society", "stance": "speaks"})
    Member.objects.filter(pk=member.member_id).update(verified_until=now)
    page = Page(client.post(SAY, {"organisation": "society", "stance": "partly"}))
    assert (page.status, page.error) == (403, "Only members whose verification is valid give a mandate.")
    assert client.post(TAKE_BACK, {"organisation": "society"}).status_code == 302
    assert stances() == [("society", "speaks"), ("society", "revoked")]


def test_a_reader_is_sent_away_whatever_is_sent():
    client = sign_in(READER)
    for where, sent in (
        (SAY, {"organisation": "society", "stance": "speaks"}),
        (SAY, {"stance": "nobody"}),
        (TAKE_BACK, {}),
    ):
        assert client.post(where, sent).status_code == 403
    assert client.get(SAY).status_code == client.get(TAKE_BACK).status_code == 405
    assert stances() == []


def test_no_topic_of_that_name(make_member):
    client = sign_in(make_member())
    for where in ("/mandates/none/", "/mandates/none.json"):
        assert client.get(where).status_code == 404
    assert client.post("/mandates/none/state", {"organisation": "society", "stance": "speaks"}).status_code == 404
    assert client.post("/mandates/none/state", {"stance": "nobody"}).status_code == 404
    assert client.post("/mandates/none/revoke", {"organisation": "society"}).status_code == 404


def test_the_counted_figures_are_the_same_on_the_page_and_as_data(make_member, register, now, monkeypatch):
    for n in range(20):
        stance = Stance.SPEAKS if n < 15 else Stance.DOES_NOT
        state_mandate(standing=make_member(), now=now, topic="health-reform", organisation="society", stance=stance)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))
    empty = sign_in(READER).get("/mandates/health-reform.json").json()
    assert (empty["counted_at"], empty["eligible"], empty["organisations"]) == (None, None, [])
    count_mandates(standing=CONSOLE, now=now + timedelta(hours=1))
    answer = sign_in(READER).get("/mandates/health-reform.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    (row,) = answer.json()["organisations"]
    assert answer.json()["eligible"] == row["eligible"] == row["respondents"] == 20
    shares = {share["stance"]: (share["count"], share["share"]) for share in row["shares"]}
    assert shares == {"speaks": (15, 0.75), "partly": (0, 0), "does_not": (5, 0.25), "no_opinion": (0, 0)}
    page = Page(sign_in(READER).get(HERE))
    assert "No organisation is mandated on Health reform." in page.words
    assert "20 statements, coverage 100.0% of 20 verified members" in page.words
    assert "75%" in page.words
    assert "/mandates/health-reform.json" in page.links
    # The same data for a member who said something: nobody's own statement is in it.
    said = sign_in(make_member()).get("/mandates/health-reform.json").json()
    assert said == answer.json()
