from datetime import timedelta

import pytest

from auscult.members.models import Member
from auscult.publishing.actions import publish_release
from auscult.publishing.tasks import append_record
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import poll, single_choice
from tests.database import remember

QUESTIONS = (
    single_choice("q1", "One?", (Choice("a", "A"), Choice("b", "B"))),
    single_choice("q2", "Two?", (Choice("a", "A"), Choice("b", "B"))),
)


@pytest.fixture
def closed(make_member, register, now):
    """A closed poll of 80 voters, weighted to the small register; and one voter's receipt."""
    return remember("closed poll of 80", lambda: _close_poll(make_member, now))


def _close_poll(make_member, now):
    author = make_member()
    survey = draft_survey(
        standing=author,
        now=now,
        questionnaire=poll("A poll", QUESTIONS),
        instrument=Instrument.COMMUNITY_POLL,
        closes_at=now + timedelta(days=3),
    )
    open_survey(standing=author, now=now, survey_id=survey.pk)
    receipts = []
    for n in range(80):
        voter = make_member(
            group=["WG01", "WG17", "WG05", "WG12"][n % 4],
            state=["NY", "CA", "TX", "IL"][n // 2 % 4],
            sex="FM"[n % 2],
            career=["0-4", "5-9", "10-17", "18+"][n // 4 % 4],
        )
        answers = {"q1": "ab"[n % 3 == 0]} | ({"q2": "ab"[n % 2]} if n < 60 else {})
        receipts.append(cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers=answers))
    close_survey(standing=author, now=now + timedelta(days=3), survey_id=survey.pk)
    return survey, receipts[7]


@pytest.fixture
def frozen_on_record(closed, now):
    """What the worker would have done when the poll opened."""
    survey, _ = closed
    survey.refresh_from_db()
    append_record(
        kind="survey.frozen", content={"freeze": survey.freeze_hash, "title": survey.title}, at=now.isoformat()
    )
    return survey


@pytest.fixture
def editor(make_member):
    from auscult.shared.standing import Level

    return make_member(level=Level.L0, roles=("editor",))


@pytest.fixture
def release(frozen_on_record, editor, now):
    return publish_release(standing=editor, now=now + timedelta(days=4), survey_id=frozen_on_record.pk)


@pytest.fixture
def representative(make_member, now):
    """A representative of an example society, and the organisation."""
    from auscult.organisations.actions import add_organisation, appoint_representative
    from auscult.organisations.models import Organisation
    from auscult.organisations.rules import Power
    from auscult.shared.standing import CONSOLE, Level

    standing = make_member(level=Level.L0, email="rep@example.org")
    organisation = add_organisation(
        standing=CONSOLE, now=now, slug="society", name="Example Society", kind=Organisation.Kind.SPECIALTY_SOCIETY
    )
    appoint_representative(
        standing=CONSOLE,
        now=now,
        organisation=organisation,
        email="rep@example.org",
        public_name="R. Example",
        scope="membership",
        powers=list(Power),
    )
    assert Member.objects.filter(pk=standing.member_id).exists()
    return standing, organisation
