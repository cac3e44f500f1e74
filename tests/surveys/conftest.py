from datetime import timedelta

import pytest
from django.utils import timezone

from auscult.shared.jobs import queue  # noqa: F401 - the app must be ready
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import poll, single_choice

QUESTIONS = (
    single_choice("q1", "One?", (Choice("a", "A"), Choice("b", "B"))),
    single_choice("q2", "Two?", (Choice("a", "A"), Choice("b", "B"), Choice("c", "C"))),
)


@pytest.fixture
def author(make_member):
    return make_member()


@pytest.fixture
def draft(author, now):
    def make(**changes):
        questions = changes.pop("questions", QUESTIONS)
        fields = {
            "standing": author,
            "now": now,
            "questionnaire": poll(changes.pop("title", "A poll"), questions),
            "instrument": Instrument.COMMUNITY_POLL,
            "closes_at": now + timedelta(days=3),
        }
        return draft_survey(**(fields | changes))

    return make


@pytest.fixture
def survey(draft, author, now):
    return open_survey(standing=author, now=now, survey_id=draft().pk)


@pytest.fixture
def story_clock(settings, now):
    """Pages take the time from the clock: let it show the instant of the other fixtures."""
    settings.CLOCK_BEHIND = timezone.now() - now
