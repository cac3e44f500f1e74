"""The specification of the second path, over HTTP alone: figures, mandates, an appeal, an issue, an agreement, a reader.

Organisations and their representatives are appointed at the console; everything else is done in pages.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from django.test import Client

from auscult.cli import main
from auscult.members.models import Account, Member
from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.rules import Power
from auscult.registry.actions import set_benchmark
from auscult.shared import clock
from auscult.shared.jobs import run_worker
from auscult.shared.standing import CONSOLE, Level
from auscult.voice.actions.mandates import count_mandates

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.usefixtures("queued_mail", "topics"),
]


def client_of(standing):
    client = Client()
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=standing.member_id).account_id))
    return client


@pytest.fixture
def people(make_member):
    until = clock.now() + timedelta(days=90)
    found = {name: client_of(make_member(until=until, handle=f"{name}-member")) for name in ("author", *"abcdefghij")}
    for role in ("editor", "moderator", "arbiter"):
        found[role] = client_of(make_member(level=Level.L0, roles=(role,)))
    for slug, name, kind in (
        ("society", "Example Society", "association"),
        ("us", "The Operator", "operator of this place"),
    ):
        organisation = add_organisation(standing=CONSOLE, now=clock.now(), slug=slug, name=name, kind=kind)
        found[slug] = client_of(make_member(level=Level.L0, email=f"{slug}@example.org"))
        appoint_representative(
            standing=CONSOLE, now=clock.now(), organisation=organisation, email=f"{slug}@example.org",
            public_name=f"Office of {name}", scope="everything", powers=list(Power),
        )  # fmt: skip
    return found


def post(client, path, **data):
    answer = client.post(path, data, follow=True)
    assert answer.status_code == 200, (
        path,
        answer.status_code,
        re.sub(r"<[^>]+>", " ", answer.content.decode())[-600:],
    )
    return answer.content.decode()


def get(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_second_half_of_the_path(people, tmp_path):
    reader = Client()

    # membership figures, every share with its definitions, and a reply
    set_benchmark(standing=CONSOLE, now=clock.now(), code="us", words="physicians of the land", persons=1000,
                  as_of=date(2025, 1, 1), definition="licensed", source="a census")  # fmt: skip
    figures = {
        "as_of": "2025-01-01",
        "persons_all": "250",
        "persons_student": "50",
        "definition_all": "members",
        "definition_student": "students",
        "source": "A report",
        "grade": "published",
    }
    refused = people["editor"].post("/organisations/society/membership/claim", figures | {"persons_student": "300"})
    assert refused.status_code == 400
    assert b"larger than all members" in refused.content
    assert b'value="300"' in refused.content  # what was typed is not lost
    page = post(people["editor"], "/organisations/society/membership/claim", **figures)
    assert "25.0%" in page
    assert "20.0%" in page
    assert "physicians of the land" in page
    assert "First, this place itself" in page
    page = post(people["society"], "/organisations/society/membership/reply", text="As we always said.")
    assert "Representative · Example Society" in page

    # mandates: stated, shown only once ten have spoken and only from the count on
    for name in "abcdefghij":
        page = post(people[name], "/mandates/health-reform/state", organisation="society", stance="speaks")
        assert "It counts from the next monthly count on" in page
    assert "Nothing is counted yet" in get(reader, "/mandates/health-reform/")
    count_mandates(standing=CONSOLE, now=clock.now())
    page = get(reader, "/mandates/health-reform/")
    assert "10 statements" in page
    assert "Insufficient" in page
    assert "Example Society" in get(people["a"], "/mine/")
    post(people["a"], "/mandates/health-reform/revoke", organisation="society")
    assert reader.get("/mandates/health-reform.json").json()["organisations"][0]["respondents"] == 10

    # an appeal: drafted, co-signed, opened, signed, changed, closed, delivered, answered
    page = post(
        people["author"], "/appeals/new", title="Free it", topic="health-reform", preamble="Because.",
        clauses="One.\nTwo.\nThree.\nFour.", addressees="Example Society; letter; society\nA committee; letter",
    )  # fmt: skip
    appeal = int(re.search(r"/appeals/(\d+)/", page).group(1))
    text = re.search(r'<code class="hash">([0-9a-f]{64})', page).group(1)
    assert reader.get(f"/appeals/{appeal}/").status_code == 404
    for name in "abcde":
        page = post(people[name], f"/appeals/{appeal}/sign", sha256=text, display="counted")
    assert "A moderator decides" in page
    assert "Open it?" in get(people["moderator"], f"/appeals/{appeal}/")
    post(people["moderator"], f"/appeals/{appeal}/moderate", reason="in_order")
    for name in "fghi":
        post(people[name], f"/appeals/{appeal}/sign", sha256=text)
    post(
        people["author"],
        f"/appeals/{appeal}/amend",
        preamble="Because.",
        clauses="Other.\nOthers.\nThree!\nFour.",
        why="Sharper.",
    )
    post(people["moderator"], f"/appeals/{appeal}/moderate", reason="in_order")
    late = people["j"].post(f"/appeals/{appeal}/sign", {"sha256": text})
    assert late.status_code == 409
    assert b"has changed since you read it" in late.content
    assert "The text has changed since" in get(people["f"], "/mine/")
    post(people["author"], f"/appeals/{appeal}/close")
    page = get(people["author"], f"/appeals/{appeal}/")
    addressees = [int(pk) for pk in re.findall(r"/appeals/addressees/(\d+)/deliver", page)]
    for pk in addressees:
        page = post(people["author"], f"/appeals/addressees/{pk}/deliver", version="2", proof="Receipt 7")
    assert "9 signed version 1; version 2 delivered; 0 re-affirmed; 3 of 4 clauses changed" in page
    letter = re.search(r"/appeals/deliveries/(\d+)/letter.pdf", page)
    assert reader.get(letter.group(0)).content.startswith(b"%PDF")
    delivery = re.search(r"/appeals/deliveries/(\d+)/answer", get(people["society"], f"/appeals/{appeal}/")).group(1)
    page = post(people["society"], f"/appeals/deliveries/{delivery}/answer", text="We answer.", refused="yes")
    assert "refused" in page
    assert "answer awaited" in page
    assert "One." in get(reader, f"/appeals/{appeal}/changes/1/2/")

    # an issue ties it together, and whoever signed hears of it
    page = post(people["author"], "/issues/new", title="One matter", topic="health-reform", summary="s")
    issue = int(re.search(r"/issues/(\d+)/", page).group(1))
    page = post(people["author"], f"/issues/{issue}/step", kind="appeal", number=str(appeal))
    assert "Delivered to Example Society" in page
    assert "One matter" in get(people["f"], "/mine/")
    assert "One matter" not in get(people["j"], "/mine/")

    # an agreement: proposed with its obligations, ratified, evidence, a read with its receipt, notices
    today = clock.now().date()
    terms = {
        "title": "A partnership", "subject": "p", "party_a": "us", "party_b": "society", "starts_on": str(today),
        "ends_on": str(today + timedelta(days=100)), "terms": "In kind.",
        "obligations": f"they | Journals | log-ins | {today + timedelta(days=5)}",
    }  # fmt: skip
    wrong = people["us"].post("/agreements/new", terms | {"obligations": "they | Journals"})
    assert wrong.status_code == 400
    assert b"Obligation 1 must read" in wrong.content
    assert b"they | Journals" in wrong.content  # what was typed is not lost
    page = post(people["us"], "/agreements/new", **terms)
    agreement = int(re.search(r"/agreements/(\d+)/", page).group(1))
    page = post(people["society"], f"/agreements/{agreement}/ratify")
    assert "99 days left" in page or "100 days left" in page
    occurrence = re.search(r"/agreements/occurrences/(\d+)/step", page).group(1)
    page = post(
        people["society"],
        f"/agreements/occurrences/{occurrence}/step",
        kind="submit",
        text="Done.",
        evidence="20 log-ins",
    )
    assert "says that it was delivered" in page
    page = post(people["us"], f"/agreements/occurrences/{occurrence}/step", kind="confirm")
    assert "confirmed" in page
    post(people["us"], f"/agreements/{agreement}/notice", kind="termination", text="We end it.", cites="reasons",
         effective_on=str(today + timedelta(days=1)))  # fmt: skip
    assert "terminates the agreement" in get(reader, f"/agreements/{agreement}/")
    for who in ("us", "society"):
        badge = re.search(r'name="organisation" value="(\d+)"', get(people[who], f"/agreements/{agreement}/")).group(1)
        post(people[who], f"/agreements/{agreement}/reply", organisation=badge, text=f"View of {who}.")
    page = get(reader, f"/agreements/{agreement}/")
    assert "View of us." in page
    assert "View of society." in page

    # and everybody can check the whole of it
    run_worker(wait=False)
    path = tmp_path / "record.zip"
    path.write_bytes(reader.get("/record/extract.zip").content)
    done = CliRunner().invoke(main, ["verify", str(path)])
    assert done.exit_code == 0, done.output
    assert "9 signatures recounted" in done.output
    path.write_bytes(reader.get(f"/record/extract.zip?thing=agreement:{agreement}").content)
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0
    assert reader.get("/record/extract.zip?thing=nothing:1").status_code == 404
