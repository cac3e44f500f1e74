"""A sample survey from the first click to the last file, over HTTP."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from auscult.members.models import Account
from auscult.shared.jobs import run_worker
from auscult.shared.models import MailMessage
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import (
    Ballot,
    BallotDraft,
    BallotTally,
    HonorariumLine,
    Invitation,
    OpenText,
    Survey,
    Turnout,
)
from auscult.surveys.queries.results import get_result_sheet
from tests.database import remember

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("story_clock")]

DOCUMENT = {
    "format": "auscult-questionnaire/1",
    "title": "Night work",
    "introduction": "How nights are worked.",
    "sections": [
        {
            "code": "s1",
            "title": "You",
            "questions": [
                {
                    "code": "nights",
                    "kind": "single",
                    "wording": "Do you work nights?",
                    "required": True,
                    "choices": [{"code": "yes", "label": "Yes"}, {"code": "no", "label": "No"}],
                    "screen_out_if": {"question": "nights", "is": ["no"]},
                },
                {
                    "code": "hours",
                    "kind": "numeric",
                    "wording": "How many hours a week?",
                    "unit": "hours",
                    "minimum": 0,
                    "maximum": 120,
                    "bands": [40, 60],
                },
            ],
        },
        {
            "code": "s2",
            "title": "Your view",
            "questions": [
                {
                    "code": "tired",
                    "kind": "likert",
                    "wording": "I am too tired after nights.",
                    "choices": [
                        {"code": "no", "label": "Disagree"},
                        {"code": "mid", "label": "Neither"},
                        {"code": "yes", "label": "Agree"},
                    ],
                },
                {
                    "code": "helps",
                    "kind": "multiple",
                    "wording": "What helps after {hours}?",
                    "choices": [
                        {"code": "sleep", "label": "Sleep"},
                        {"code": "coffee", "label": "Coffee"},
                        {"code": "none", "label": "Nothing", "exclusive": True},
                    ],
                },
                {
                    "code": "views",
                    "kind": "matrix",
                    "wording": "How good are",
                    "choices": [{"code": "bad", "label": "Bad"}, {"code": "good", "label": "Good"}],
                    "rows": [{"code": "food", "label": "Food"}, {"code": "pay", "label": "Pay"}],
                },
                {
                    "code": "rank",
                    "kind": "ranking",
                    "wording": "Rank them",
                    "choices": [{"code": "a", "label": "A"}, {"code": "b", "label": "B"}],
                },
                {"code": "words", "kind": "text", "wording": "Anything else?"},
            ],
        },
    ],
    "exclusions": {"speeders": 0.3, "straightliners": False, "attention": True, "duplicates": False},
}
PLAN = {
    "instrument": "sample_survey",
    "mode": "detached",
    "plan_aims": "Whether nights tire.",
    "plan_stopping": "On the closing day.",
    "plan_analysis": "Share who agree, by specialty.",
    "size": "90",
    "allocation": "proportional",
    "by_1": "specialty",
    "amount": "40",
    "screened_out": "5",
    "currency": "USD",
    "due_days": "30",
}


def client_of(standing):
    client = Client()
    client.force_login(Account.objects.get(member=standing.member_id))
    return client


@pytest.fixture
def researcher(make_member):
    return make_member(roles=("researcher",), group="WG01")


@pytest.fixture
def members(make_member):
    return make_members(make_member)


def make_members(make_member):
    return [
        make_member(
            group=["WG01", "WG17"][n % 2],
            state=["NY", "CA", "TX"][n // 2 % 3],
            sex="FM"[n // 3 % 2],
            career=["0-4", "18+"][n // 4 % 2],
        )
        for n in range(100)
    ]


@pytest.fixture
def draft(researcher, members, now):
    return make_draft(researcher, now)


def make_draft(researcher, now):
    client = client_of(researcher)
    answer = client.post(reverse("surveys:survey-draft"), {"title": "Night work", "instrument": "sample_survey"})
    survey = Survey.objects.get()
    assert answer["Location"] == reverse("surveys:survey-design", args=[survey.pk])
    file = io.BytesIO(json.dumps(DOCUMENT).encode())
    file.name = "q.json"
    answer = client.post(answer["Location"], {"act": "replace", "revision": "0", "file": file})
    assert answer.status_code == 302
    plan = PLAN | {"closes_on": (now + timedelta(days=9)).date().isoformat()}
    answer = client.post(reverse("surveys:plan-edit", args=[survey.pk]), plan)
    assert answer.status_code == 302, answer.content.decode()
    survey.refresh_from_db()
    return survey


def test_design_pages_render(draft, researcher):
    client = client_of(researcher)
    for name in (
        "survey-design",
        "plan-edit",
        "preview-read",
        "preview-page-read",
        "dry-run-read",
        "questionnaire-export",
    ):
        answer = client.get(reverse(f"surveys:{name}", args=[draft.pk]))
        assert answer.status_code == 200, name
    assert "too tired" in client.get(reverse("surveys:preview-page-read", args=[draft.pk])).content.decode()
    assert client.get(reverse("surveys:survey-list")).status_code == 200


def answer_pages(client, survey, *, number):
    address = reverse("surveys:survey-answer", args=[survey.public_id])
    assert client.get(address).status_code == 200
    first = {"section": "s1", "shown_nights": "1", "shown_hours": "1", "seconds": "30", "step": "next"}
    there = client.post(address, first | {"answer_nights": "no" if number == 0 else "yes", "answer_hours": "50"})
    if number == 0:
        return there
    assert there["Location"].endswith("?page=s2"), there.content.decode()
    page = client.get(there["Location"]).content.decode()
    assert "What helps after 50 hours?" in page
    second = {f"shown_{code}": "1" for code in ("tired", "helps", "views", "rank", "words")} | {
        "section": "s2",
        "seconds": "40",
        "step": "cast",
        "answer_tired": ["no", "yes"][number // 3 % 2],
        "answer_helps": ["sleep", "coffee"],
        "answer_views__food": "bad",
        "answer_views__pay": "good",
        "rank_rank__a": "1",
        "rank_rank__b": "2",
        "answer_words": f"Words of number {number % 3}",
        "nonce_seed": "0123456789abcdef",
    }
    return client.post(address, second)


@pytest.fixture
def fielded(make_member, now, queued_mail):
    """The survey after its fieldwork, and its researcher."""
    return remember("whole survey", lambda: field(make_member, now))


def field(make_member, now):
    researcher = make_member(roles=("researcher",), group="WG01")
    make_members(make_member)
    draft = make_draft(researcher, now)
    survey = open_survey(standing=researcher, now=now, survey_id=draft.pk)
    client = client_of(researcher)
    client.post(reverse("surveys:invitations-send", args=[survey.pk]))
    run_worker(wait=False)
    invited = list(Invitation.objects.filter(survey=survey).order_by("member_id").values_list("member_id", flat=True))
    for number, member in enumerate(invited[:81]):
        answer = answer_pages(Client_of_member(member), survey, number=number)
        assert answer.status_code == 302, answer.content.decode()
    survey.refresh_from_db()
    return close_survey(standing=researcher, now=survey.closes_at, survey_id=survey.pk), researcher


def Client_of_member(member):
    client = Client()
    client.force_login(Account.objects.get(member=member))
    return client


def test_the_whole_way(fielded):
    survey, researcher = fielded
    assert survey.freeze["sample"]["invited"] == 90
    assert Invitation.objects.filter(survey=survey, state="sent").count() == 90
    assert MailMessage.objects.filter(subject__contains="Night work").count() == 90
    outcomes = Turnout.objects.filter(survey_id=survey.pk).values_list("outcome", flat=True)
    assert sorted(outcomes).count("complete") == 80
    assert survey.fieldwork["dispositions"] == {"1.1": 80, "2.20": 9, "4.10": 1}
    assert survey.fieldwork["rates"]["rr1"] == round(80 / 89, 4)
    assert not Ballot.objects.exists()
    assert not BallotDraft.objects.exists()
    assert OpenText.objects.count() == 80
    counts = {(row.question, row.choice): 0 for row in BallotTally.objects.filter(survey=survey)}
    for row in BallotTally.objects.filter(survey=survey):
        counts[row.question, row.choice] += row.count
    assert counts["hours", "b1"] == 80
    assert counts["helps_sleep", "yes"] == counts["helps_none", "no"] == 80
    assert counts["rank_a", "r1"] == 80
    sheet = get_result_sheet(survey.pk)
    assert sheet.results["card"]["members"] == 90
    assert sheet.results["card"]["speaks_of"] == "members"
    client = client_of(researcher)
    assert client.get(reverse("surveys:fieldwork-read", args=[survey.pk])).status_code == 200
    page = client.get(reverse("surveys:analysis-read", args=[survey.pk]) + "?item=tired&by=specialty&margin=sex")
    assert page.status_code == 200, page.content.decode()[:3000]
    assert "Each stratum against all others" in page.content.decode()
    for kind in ("csv", "spss", "stata", "parquet", "r", "triple_s", "ddi"):
        answer = client.get(reverse("surveys:export-read", args=[survey.pk, kind]) + "?by=specialty")
        assert answer.status_code == 200, kind
        assert answer.content[:2] == b"PK"
    for kind in ("bars", "likert", "balance"):
        svg = client.get(reverse("surveys:chart-read", args=[survey.pk]) + f"?kind={kind}&item=tired")
        assert svg.content.startswith(b"<svg")
    table = client.get(reverse("surveys:table-read", args=[survey.pk]) + "?item=tired&by=specialty").content.decode(
        "utf-8-sig"
    )
    assert all(int(row["count"]) >= 10 or int(row["count"]) == 0 for row in csv.DictReader(io.StringIO(table)))


def test_texts_are_sorted(fielded):
    closed, researcher = fielded
    client = client_of(researcher)
    address = reverse("surveys:texts-read", args=[closed.pk]) + "?question=words"
    assert "Words of number" in client.get(address).content.decode()
    place = bytes(OpenText.objects.order_by("place").first().place).hex()
    answer = client.post(
        reverse("surveys:texts-code", args=[closed.pk]),
        {"question": "words", "frame": "k1 | Sleep\nFood", "place": place, f"codes_{place}": "k1"},
    )
    assert answer.status_code == 302
    assert OpenText.objects.get(pk=bytes.fromhex(place)).codes == ["k1"]


def test_honoraria_move_through_the_book(fielded, make_member):
    closed, researcher = fielded
    lines = HonorariumLine.objects.all()
    assert sum(lines.values_list("cents", flat=True)) == 0
    assert sum(lines.filter(account="earned").values_list("cents", flat=True)) == 80 * 4000 + 500
    client = client_of(researcher)
    ledger = reverse("surveys:ledger-read", args=[closed.pk])
    assert client.get(ledger).status_code == 200
    assert client.post(reverse("surveys:honoraria-approve", args=[closed.pk])).status_code == 302
    assert client.post(reverse("surveys:honoraria-pay", args=[closed.pk]), {"reference": "R1"}).status_code == 403
    operator = client_of(make_member(roles=("operator",)))
    rows = operator.post(reverse("surveys:payouts-list", args=[closed.pk])).content.decode("utf-8-sig").splitlines()
    assert len(rows) == 82
    assert operator.post(reverse("surveys:honoraria-pay", args=[closed.pk]), {"reference": "Run 7"}).status_code == 302
    assert sum(lines.filter(account="paid").values_list("cents", flat=True)) == 80 * 4000 + 500
    assert sum(lines.filter(account="approved").values_list("cents", flat=True)) == 0
    paid = Turnout.objects.filter(survey_id=closed.pk).first().member_id
    statement = Client_of_member(paid).get(reverse("surveys:honoraria-read"))
    assert "paid" in statement.content.decode()
