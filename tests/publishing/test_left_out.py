"""Ballots that a declared rule leaves out: counted, named, provable, and nothing of their answers kept."""

import json
from datetime import timedelta

import pytest

from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.publishing.actions import publish_release
from auscult.publishing.tasks import append_record
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import CountedBallot
from auscult.surveys.questionnaire.document import Choice, Exclusions, Questionnaire, Section
from auscult.surveys.rules import single_choice

pytestmark = pytest.mark.django_db


def test_a_ballot_that_was_left_out_is_counted_named_and_provable(make_member, editor, now):
    question = single_choice("q1", "One?", [Choice("a", "A"), Choice("b", "B")])
    questionnaire = Questionnaire("Fast", (Section("s1", "", "", (question,)),), exclusions=Exclusions(speeders=0.3))
    author = make_member()
    survey = draft_survey(
        standing=author, now=now, questionnaire=questionnaire, instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=2),
    )  # fmt: skip
    survey = open_survey(standing=author, now=now, survey_id=survey.pk)
    receipts = [
        cast_ballot(
            standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "ab"[n % 2]}, seconds=100 if n else 10
        )
        for n in range(13)
    ]
    closed = close_survey(standing=author, now=survey.closes_at, survey_id=survey.pk)
    assert (closed.respondents, closed.fieldwork["left_out"], closed.fieldwork["found"]) == (12, 1, {"speeder": 1})
    hidden = CountedBallot.objects.get(left_out="speeder")
    assert (hidden.question, hidden.choice, hidden.nonce) == ("", "", "")
    content = {"freeze": survey.freeze_hash, "title": survey.title}
    append_record(kind="survey.frozen", content=content, at=now.isoformat())
    release = publish_release(standing=editor, now=survey.closes_at, survey_id=survey.pk)
    for receipt, words in ((receipts[0], "left out of the count by a rule"), (receipts[1], "counted in all 1")):
        checks = verify_bundle(bytes(release.bundle), receipt=json.dumps(receipt.as_json()).encode())
        assert [check for check in checks if check.verdict == FALSE] == []
        assert words in next(check.detail for check in checks if check.what == "your ballot")
