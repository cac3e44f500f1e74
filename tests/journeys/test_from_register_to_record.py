"""The specification of the first path, over HTTP alone: from a register on disk to a checked bundle.

A physician signs up, claims a record, gives evidence, is verified, chooses a handle, posts a question; colleagues vote,
comment, rate; the poll closes; an editor publishes; a representative replies; a stranger verifies offline.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from auscult.cli import main
from auscult.demo.register import write_register
from auscult.members.actions.accounts import create_member, grant_role
from auscult.members.models import Account
from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Power
from auscult.registry.actions import load_register, set_benchmark
from auscult.registry.models import RegisterRecord
from auscult.shared import clock
from auscult.shared.jobs import run_worker
from auscult.shared.models import MailMessage, Topic
from auscult.shared.roles import Role
from auscult.shared.standing import CONSOLE
from auscult.surveys.models import Survey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.usefixtures("queued_mail")]
PASSWORD = "listen to the body"


def sign_up(email):
    """Sign up as people do: form, code from the mail, signed in."""
    client = Client()
    assert client.get("/accounts/signup/").status_code == 200
    client.post("/accounts/signup/", {"email": email, "password1": PASSWORD, "password2": PASSWORD})
    text = MailMessage.objects.filter(to=email).latest("pk").text
    code = re.search(r"^([A-Z0-9]{4}-[A-Z0-9]{4})$", text, re.MULTILINE).group(1)
    answer = client.post("/accounts/confirm-email/", {"code": code}, follow=True)
    assert answer.status_code == 200
    assert b"Sign out" in client.get("/").content
    return client


def staff(email, role=None):
    account = Account.objects.create_user(email, PASSWORD)
    create_member(account_id=account.pk)
    if role:
        grant_role(standing=CONSOLE, now=clock.now(), email=email, role=role)
    client = Client()
    client.force_login(account)
    return client


def claim(client, record, **changes):
    number, state = record.licences[0]
    facts = {
        "number": record.number,
        "last_name": record.last_name,
        "first_name": record.first_name,
        "licence": number,
        "licence_state": state,
    }
    return client.post("/verify/claim", facts | changes, follow=True)


def become_member(client, record, email, verifier, handle):
    assert b"Matched" in (answer := claim(client, record)).content or b"matched" in answer.content
    address = f"{record.last_name.lower()}@hospital.example"
    client.post("/verify/email", {"address": address})
    code = re.search(r"\d{8}", MailMessage.objects.filter(to=address).latest("pk").text).group()
    assert (
        b"confirmed" in client.post("/verify/code", {"kind": "institutional_email", "code": code}, follow=True).content
    )
    badge = SimpleUploadedFile("badge.pdf", b"%PDF-1.7 badge")
    client.post("/verify/document", {"document": badge})
    queue = verifier.get("/verifier/").content.decode()
    number = max(int(n) for n in re.findall(r"/verifier/(\d+)/", queue))
    page = verifier.get(f"/verifier/{number}/").content.decode()
    assert record.number in page
    assert handle not in page
    assert verifier.get(f"/verifier/{number}/document").content == b"%PDF-1.7 badge"
    verifier.post(f"/verifier/{number}/evidence", {"kind": "document", "note": "badge seen", "confirmed": "yes"})
    answer = verifier.post(f"/verifier/{number}/decision", {"decision": "verify:evidence_sufficient"}, follow=True)
    assert b"Decided" in answer.content
    answer = client.post("/verify/handle", {"handle": handle}, follow=True)
    assert handle.encode() in answer.content


def test_from_register_to_record(tmp_path, settings):
    # registry: the operator loads a register and an independent denominator
    file = tmp_path / "register.zip"
    write_register(file, 600)
    load_register(file, standing=CONSOLE, now=clock.now())
    set_benchmark(
        standing=CONSOLE, now=clock.now(), code="us", words="US physicians", persons=5000,
        as_of=clock.now().date(), definition="a count", source="a book",
    )  # fmt: skip
    Topic.objects.get_or_create(slug="organised-medicine", defaults={"name": "Organised medicine"})
    records = list(RegisterRecord.objects.order_by("number")[:40])
    verifier = staff("verifier@example.org", Role.VERIFIER)

    # members: public facts find the record and verify nothing
    author = sign_up("author@example.org")
    assert author.get("/feed/").status_code == 403
    assert claim(author, records[0], last_name="Nobody").status_code == 400
    page = claim(author, records[0])
    assert b"do not speak or vote yet" in page.content
    assert author.get("/feed/").status_code == 200
    assert author.get("/postings/new").status_code == 403
    author.post("/verify/claim/withdraw")
    become_member(author, records[0], "author@example.org", verifier, "morning-rounds")

    # community and surveys: a posting with a question, frozen at once
    answer = author.post(
        "/postings/new",
        {"title": "Who speaks for us?", "body": "Let us *measure* it.", "topic": "organised-medicine",
         "question": "Does the association speak for you?", "choices": "It does\nIt does not", "days": "3"},
    )  # fmt: skip
    assert answer.status_code == 302
    posting = answer["Location"]
    html = author.get(posting).content.decode()
    assert "Your name is not on your ballot" in html
    assert "first figures appear when 20 members have voted" in html
    survey = Survey.objects.get()

    voters = []
    for index, record in enumerate(records[1:13]):
        voter = sign_up(f"voter{index}@example.org")
        become_member(voter, record, f"voter{index}@example.org", verifier, f"voter-{'abcdefghijkl'[index]}x")
        voters.append(voter)
    for index, voter in enumerate(voters):
        answer = voter.post(posting + "ballot", {"answer_q1": "c2" if index % 4 else "c1"})
        assert answer.status_code == 302  # without JavaScript: a redirect back
    answer = voters[0].post(posting + "ballot", {"answer_q1": "c2"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200  # with htmx: the poll alone, with the receipt
    assert b"<html" not in answer.content
    assert b"data-receipt" in answer.content
    receipt = voters[0].get(reverse("surveys:receipt-read", args=[survey.public_id]))
    assert receipt.json()["answers"][0]["choice"] == "c2"

    registered = sign_up("registered@example.org")
    claim(registered, records[20])
    refused = registered.post(posting + "ballot", {"answer_q1": "c1"})
    assert refused.status_code == 403
    assert b"Public facts alone are no proof" in refused.content

    assert voters[1].post(posting + "comments", {"body": "At last."}).status_code == 302
    htmx = voters[2].post(posting + "comments", {"body": "Indeed."}, headers={"HX-Request": "true"})
    assert b"2 comments" in htmx.content
    assert voters[1].post(posting + "usefulness", {"value": "3"}).status_code == 302
    html = voters[1].get(posting).content.decode()
    assert "1 rating, mean 3.0 of 3" in html
    assert "voter-bx" in html
    for name in (records[2].last_name, records[2].last_name.title(), "voter1@example.org"):
        assert name not in html  # nobody's name beside a handle

    # live: nothing of fewer than twenty, cheap when unchanged
    live = voters[3].get(posting + "poll", headers={"HX-Request": "true"})
    assert b"Base:" not in live.content
    again = voters[3].get(posting + "poll", headers={"HX-Request": "true", "If-None-Match": live["ETag"]})
    assert again.status_code == 304

    # the freeze goes on record by the worker; at the closing date it closes the poll
    run_worker(wait=False)
    assert b"Wording of a poll frozen" in Client().get("/record/").content
    editor = staff("editor@example.org", Role.EDITOR)
    assert b"Nothing waits" in editor.get("/results/publish").content
    settings.CLOCK_BEHIND = -timedelta(days=4)
    from auscult.surveys.tasks import close_due

    close_due(0)
    closed = voters[0].get(posting).content.decode()
    assert "The result on record" in closed
    assert "Cast my ballot" not in closed
    assert voters[0].get(reverse("surveys:receipt-read", args=[survey.public_id])).status_code == 409

    # publishing
    assert b"12 respondents" in editor.get("/results/publish").content
    answer = editor.post("/results/publish", {"survey": survey.pk})
    assert answer["Location"] == "/results/1/"
    public = Client().get("/results/1/").content.decode()
    assert "Of the 12 who answered" in public
    assert "Of those who answered." in public
    assert "10.0%" not in public or "5,000 US physicians" in public
    assert Client().get(f"/results/of/{survey.public_id}")["Location"] == "/results/1/"
    assert Client().get("/results/1.json").json()["results"]["card"]["respondents"] == 12

    # a representative answers under it, with a badge
    representative = staff("representative@example.org")
    organisation = add_organisation(
        standing=CONSOLE, now=clock.now(), slug="a", name="An Association", kind=Organisation.Kind.ASSOCIATION
    )
    appoint_representative(
        standing=CONSOLE, now=clock.now(), organisation=organisation, email="representative@example.org",
        public_name="The office", scope="membership figures", powers=list(Power),
    )  # fmt: skip
    assert b"Reply of An Association" in representative.get("/results/1/").content
    answer = representative.post(
        "/results/1/reply", {"organisation": organisation.pk, "text": "We differ."}, follow=True
    )
    assert b"Representative \xc2\xb7 An Association" in answer.content

    # a stranger checks it offline, and a voter finds the own ballot
    path, kept = tmp_path / "bundle.zip", tmp_path / "receipt.json"
    path.write_bytes(Client().get("/results/1/bundle.zip").content)
    kept.write_text(json.dumps(receipt.json()))
    done = CliRunner().invoke(main, ["verify", str(path), "--receipt", str(kept)])
    assert done.exit_code == 0, done.output
    assert "your ballot" in done.output
    assert done.output.splitlines()[-1] == "verify: ok"
    checkpoint = Client().get("/record/checkpoint.json").json()
    assert checkpoint["checkpoint"]["tree_size"] == 3
    assert Client().get("/record/2/").status_code == 200
