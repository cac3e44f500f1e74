from datetime import timedelta

import pytest

from auscult.shared.jobs import queue  # noqa: F401 - the app must be ready
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions import draft_survey, open_survey
from auscult.surveys.rules import ChoiceDraft, QuestionDraft

QUESTIONS = (
    QuestionDraft("q1", "One?", (ChoiceDraft("a", "A"), ChoiceDraft("b", "B"))),
    QuestionDraft("q2", "Two?", (ChoiceDraft("a", "A"), ChoiceDraft("b", "B"), ChoiceDraft("c", "C"))),
)


@pytest.fixture
def author(make_member):
    return make_member()


@pytest.fixture
def draft(author, now):
    def make(**changes):
        fields = {
            "standing": author,
            "now": now,
            "title": "A poll",
            "instrument": Instrument.COMMUNITY_POLL,
            "questions": QUESTIONS,
            "closes_at": now + timedelta(days=3),
        }
        return draft_survey(**(fields | changes))

    return make


@pytest.fixture
def survey(draft, author, now):
    return open_survey(standing=author, now=now, survey_id=draft().pk)
