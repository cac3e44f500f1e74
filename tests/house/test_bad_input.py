"""Bad input over HTTP: an answer that says what is wrong, never a failure of ours."""

from datetime import timedelta

import pytest
from django.test import Client

from auscult.community.actions.postings import PollDraft, create_posting
from auscult.members.models import Account, Member
from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice

pytestmark = pytest.mark.django_db
HUGE = "9" * 5000


@pytest.fixture
def clients(make_member, topics, settings):
    """A signed-in member and a moderator's post with an open poll."""
    settings.CLOCK_BEHIND = timedelta(0)
    present = clock.now()
    until = present + timedelta(days=90)
    posting = create_posting(
        standing=make_member(until=until), now=present, title="t", body="b", topic=Topic.objects.first().slug,
        poll=PollDraft((single_choice("q1", "?", (Choice("a", "A"), Choice("b", "B"))),), present + timedelta(days=1)),
    )  # fmt: skip
    client = Client()
    standing = make_member(until=until)
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=standing.member_id).account_id))
    return {"member": client}, posting


@pytest.fixture
def member(clients):
    people, posting = clients
    return people["member"], posting


@pytest.mark.parametrize(
    "path", ["/record/?before=", "/feed/?before=", "/postings/{}/?after=", "/postings/{}/?after=1-"]
)
@pytest.mark.parametrize("value", [HUGE, "-1", "x", "\u0661", "9" * 18, "%00", ""])
def test_numbers_in_addresses(member, path, value):
    client, posting = member
    assert client.get(path.format(posting.pk) + value).status_code in {200, 400}


@pytest.mark.parametrize(
    "path",
    [
        f"/postings/{HUGE}/",
        f"/record/{HUGE}/",
        f"/results/{HUGE}/",
        f"/verifier/{'9' * 18}/",
        "/surveys/x/receipt.json",
    ],
)
def test_numbers_in_paths(member, path):
    client, _ = member
    assert client.get(path).status_code == 404


FORMS = {
    "/postings/new": {
        "title": "t",
        "body": "b",
        "topic": "health-reform",
        "question": "q",
        "choices": "a\nb",
        "days": "7",
    },
    "/postings/{}/ballot": {"answer_q1": "a", "nonce_q1": "x"},
    "/postings/{}/comments": {"body": "b", "parent": ""},
    "/postings/{}/usefulness": {"value": "1"},
    "/verify/claim": {"number": "1", "last_name": "a", "first_name": "b", "licence": "c", "licence_state": "NY"},
    "/verify/email": {"address": "a@hospital.example"},
    "/verify/code": {"code": "1"},
    "/verify/handle": {"handle": "a"},
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("value", ["\0", "a\0b", HUGE, "\U0001f600" * 3, "'; DROP TABLE x; --", "\u202e", "<script>"])
def test_odd_values_in_forms(member, path, value):
    client, posting = member
    for field in FORMS[path]:
        answer = client.post(path.format(posting.pk), FORMS[path] | {field: value})
        assert answer.status_code < 500, field
        if "\0" in value:
            assert answer.status_code == 400


def test_a_long_question_is_refused_in_words(member):
    client, _ = member
    answer = client.post("/postings/new", FORMS["/postings/new"] | {"question": "x" * 501})
    assert answer.status_code == 400
    assert b"at most 500 characters" in answer.content
    assert b"x" * 501 in answer.content  # what was typed is not lost


@pytest.mark.usefixtures("clients")
def test_a_lapsed_member_is_told_how_to_renew():
    account = Account.objects.first()
    Member.objects.filter(account=account).update(
        level=2, verified_until=clock.now(), specialty_group="WG01", state="NY", sex="F", career="18+"
    )
    client = Client()
    client.force_login(account)
    assert b"lapsed" in client.get("/verify/").content
    assert b"Claim this record" in client.get("/verify/").content
