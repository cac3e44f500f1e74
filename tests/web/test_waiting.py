"""What waits for whom, and the tour that only a demonstration has."""

from datetime import date

import pytest
from django.test import Client

from auscult.partnerships.actions.agreements import propose_agreement, ratify_agreement, take_step
from auscult.partnerships.models import Occurrence
from auscult.partnerships.rules import ObligationDraft, Side, StepKind
from auscult.shared.standing import READER, Level
from auscult.voice.actions.appeals import AddresseeDraft, draft_appeal, sign_appeal
from auscult.web.waiting import list_tasks
from tests.partnerships.conftest import at, parties  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]


def words(standing, now):
    return [task.words for task in list_tasks(standing, now)]


def test_an_appeal_waits_first_for_co_signers_then_for_a_moderator(make_member, now):
    author, moderator = make_member(), make_member(level=Level.L0, roles=("moderator",))
    appeal = draft_appeal(
        standing=author, now=now, title="Free it", topic="health-reform", preamble="", clauses=["Do."],
        addressees=[AddresseeDraft("X", "letter")],
    )  # fmt: skip
    assert words(author, now) == ["My appeal “Free it” is a draft that needs co-signers"]
    assert words(moderator, now) == words(make_member(), now) == words(READER, now) == []
    for _ in range(5):
        sign_appeal(standing=make_member(), now=now, appeal_id=appeal.pk, sha256=appeal.versions.get().sha256)
    assert words(author, now) == ["My appeal “Free it” is with a moderator"]
    assert words(moderator, now) == ["Decide on “Free it”"]


def test_an_agreement_waits_for_whose_turn_it_is(parties):  # noqa: F811
    operator, society, arbiter = parties["operator"], parties["society"], parties["arbiter"]
    agreement = propose_agreement(
        standing=operator, now=at(2007, 5, 10), title="A partnership", subject="p", party_a="operator", party_b="society",
        starts_on=date(2007, 5, 25), ends_on=date(2009, 5, 25), terms="In kind.",
        obligations=[ObligationDraft("o1", Side.B, "Journals", "log-ins", (date(2007, 6, 1),))],
    )  # fmt: skip
    assert words(society, at(2007, 5, 11)) == ["Ratify or decline “A partnership”"]
    assert words(operator, at(2007, 5, 11)) == []
    ratify_agreement(standing=society, now=at(2007, 5, 12), agreement_id=agreement.pk)
    occurrence = Occurrence.objects.get().pk
    take_step(standing=operator, now=at(2007, 6, 5), occurrence_id=occurrence, kind=StepKind.ALLEGE, text="No.")
    assert words(society, at(2007, 6, 6)) == ["Answer the allegation: Journals"]
    assert words(arbiter, at(2007, 6, 6)) == []
    take_step(standing=society, now=at(2007, 6, 7), occurrence_id=occurrence, kind=StepKind.ANSWER, text="Yes.")
    assert words(arbiter, at(2007, 6, 8)) == ["Rule on the allegation: Journals"]


def test_the_tour_is_only_in_a_demonstration(settings):
    assert Client().get("/tour/").status_code == 404
    settings.DEMO = True
    page = Client().get("/tour/").content.decode()
    assert page.count('<li class="card">') == 10
    assert "1 of 10" not in Client().get("/mandates/").content.decode()
    assert "10 of 10" in Client().get("/record/").content.decode()
