"""Positions beside opinion; issues as one dated chain."""

import random
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from auscult.community.actions.comments import add_comment
from auscult.community.actions.postings import PollDraft, create_posting
from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.organisations.actions import declare_affiliation
from auscult.publishing.actions import export_cells, publish_release
from auscult.publishing.extracts import make_extract
from auscult.publishing.queries import get_bundle, get_release_page
from auscult.publishing.replies import CannotReply
from auscult.publishing.tasks import append_record
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.models import Survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import single_choice
from auscult.voice.actions.appeals import close_appeal
from auscult.voice.actions.deliveries import deliver_appeal
from auscult.voice.actions.issues import (
    CannotAddStep,
    CannotCloseIssue,
    CannotOpenIssue,
    add_step,
    close_issue,
    open_issue,
    remove_step,
)
from auscult.voice.actions.positions import (
    CannotComparePosition,
    CannotStatePosition,
    compare_position,
    reply_to_position,
    state_position,
)
from auscult.voice.models import Position
from auscult.voice.queries.issues import get_issue_page, list_own_issues
from auscult.voice.queries.positions import get_position_page
from auscult.voice.rules import StepKind
from tests.database import remember

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]
QUESTION = single_choice("q1", "For it?", (Choice("yes", "Yes"), Choice("no", "No")))


@pytest.fixture
def editor(make_member):
    return make_member(level=Level.L0, roles=("editor",))


def state(standing, now, **changes):
    given = {
        "organisation": "society", "topic": "health-reform", "title": "For the bill", "text": "We are for it.",
        "source": "A letter", "stated_on": date(2009, 7, 1),
    }  # fmt: skip
    return state_position(standing=standing, now=now, **(given | changes))


def poll(make_member, now, *, compared_with="society", small=False):
    """A closed poll with its posting; members say yes more often. Needs ``society``."""
    posting, voters = remember(
        f"poll {compared_with=} {small=}", lambda: _close_poll(make_member, now, compared_with, small)
    )
    # Entries of the record are numbered, so this one belongs to the record of each test.
    survey = Survey.objects.get(pk=posting.survey_id)
    append_record(
        kind="survey.frozen", content={"freeze": survey.freeze_hash, "title": survey.title}, at=now.isoformat()
    )
    return posting, voters


def _close_poll(make_member, now, compared_with, small, members=40, others=60):
    author = make_member()
    posting = create_posting(
        standing=author, now=now, title="For it?", body="b", topic="health-reform",
        poll=PollDraft((QUESTION,), now + timedelta(days=3), "", compared_with),
    )  # fmt: skip
    voters, rng = [], random.Random(2009)
    for n in range(members + others):
        voter = make_member(
            group=rng.choice(["WG01", "WG17", "WG05", "WG12"]), state=rng.choice(["NY", "CA", "TX", "IL"]),
            sex=rng.choice("FM"), career=rng.choice(["0-4", "5-9", "10-17", "18+"]),
        )  # fmt: skip
        if n < members and compared_with:
            declare_affiliation(standing=voter, now=now, slug="society")
        yes = (n % 4 < 3) if n < members else (n % 4 < 1)
        if small and n < members:
            yes = n < members - 3
        cast_ballot(standing=voter, now=now, survey_id=posting.survey_id, answers={"q1": "yes" if yes else "no"})
        voters.append(voter)
    close_survey(standing=author, now=now + timedelta(days=3), survey_id=posting.survey_id)
    return posting, voters


def test_members_of_the_organisation_beside_others(society, register, editor, representative, make_member, now):
    posting, _ = poll(make_member, now)
    release = publish_release(standing=editor, now=now + timedelta(days=4), survey_id=posting.survey_id)
    position = state(representative, now)
    compare = {
        "standing": editor,
        "now": now,
        "position_id": position.pk,
        "release": 1,
        "question": "q1",
        "choice": "yes",
    }
    compare_position(**compare)
    page = get_position_page(READER, position.pk)
    (box,) = page.comparisons
    assert box.refused == ""
    own, others = box.lines
    assert (own.base, own.raw_share, others.base, others.raw_share) == (40, 0.75, 60, 0.25)
    assert own.low < own.share < own.high
    assert box.gap == pytest.approx(own.share - others.share)
    assert box.gap > 0.3
    assert (page.stated_by, page.organisation) == ("R. Example", "Example Society")
    shown = get_release_page(READER, release.number)
    assert {line.group for line in shown.domains} == {"members", "others"}
    # A stranger with the cell table recomputes the domains; a changed one is found.
    assert [
        c
        for c in verify_bundle(get_bundle(1), cells=export_cells(standing=CONSOLE, now=now, number=1))
        if c.verdict == FALSE
    ] == []
    for change, words in (
        ({}, "already"), ({"question": "q9"}, "no such question"), ({"choice": "x"}, "no such question or answer"),
    ):  # fmt: skip
        with pytest.raises(CannotComparePosition, match=words):
            compare_position(**(compare | change))
    with pytest.raises(NotAllowed):
        compare_position(**(compare | {"standing": representative}))
    with pytest.raises(NotFound):
        compare_position(**(compare | {"release": 9}))
    reply_to_position(standing=representative, now=now, position_id=position.pk, text="Indeed.")
    with pytest.raises(CannotReply, match="replied to this"):
        reply_to_position(standing=representative, now=now, position_id=position.pk, text="Again.")
    with pytest.raises(NotAllowed):
        reply_to_position(standing=editor, now=now, position_id=position.pk, text="x")
    assert [c for c in verify_bundle(make_extract([f"position:{position.pk}"])) if c.verdict == FALSE] == []


def test_a_poll_that_was_not_frozen_for_it_compares_nothing(society, register, editor, make_member, now):
    posting, _ = poll(make_member, now, compared_with="")
    publish_release(standing=editor, now=now + timedelta(days=4), survey_id=posting.survey_id)
    position = state(editor, now)
    with pytest.raises(CannotComparePosition, match="not frozen"):
        compare_position(standing=editor, now=now, position_id=position.pk, release=1, question="q1", choice="yes")


def test_small_groups_are_not_shown(society, register, editor, make_member, now):
    posting, _ = poll(make_member, now, small=True)
    release = publish_release(standing=editor, now=now + timedelta(days=4), survey_id=posting.survey_id)
    assert release.results["domains"] is None
    assert "fewer than 10" in release.results["domains_refused"]
    position = state(editor, now)
    compare_position(standing=editor, now=now, position_id=position.pk, release=1, question="q1", choice="yes")
    (box,) = get_position_page(READER, position.pk).comparisons
    assert box.lines == []
    assert "not shown" in box.refused


def test_the_ballot_says_that_the_affiliation_is_kept(society, make_member, now):
    from auscult.surveys.queries.ballots import get_poll_box

    author = make_member()
    posting = create_posting(
        standing=author, now=now, title="t", body="b", topic="health-reform",
        poll=PollDraft((QUESTION,), now + timedelta(days=3), "", "society"),
    )  # fmt: skip
    assert "member of Example Society" in get_poll_box(author, posting.survey_id, now).ballot_sentence


def test_positions_refused_and_kept(society, editor, make_member, now):
    with pytest.raises(NotAllowed):
        state(make_member(), now)
    for change in ({"title": " "}, {"text": ""}, {"source": " "}, {"title": "x" * 161}):
        with pytest.raises(CannotStatePosition):
            state(editor, now, **change)
    for change in ({"topic": "none"}, {"organisation": "none"}):
        with pytest.raises(NotFound):
            state(editor, now, **change)
    assert not Position.objects.exists()
    state(editor, now)
    with pytest.raises(DatabaseError, match="on record"), transaction.atomic():
        Position.objects.update(text="Other words.")


@pytest.fixture
def chain(society, register, editor, opened, author, make_member, now):
    """An issue with a posting, its result, and a delivered appeal; and one voter."""
    posting, voters = poll(make_member, now)
    publish_release(standing=editor, now=now + timedelta(days=4), survey_id=posting.survey_id)
    close_appeal(standing=author, now=now + timedelta(days=5), appeal_id=opened.pk)
    for addressee in opened.addressees.all():
        deliver_appeal(
            standing=author, now=now + timedelta(days=6), addressee_id=addressee.pk, version=1, proof="Receipt"
        )
    issue = open_issue(standing=author, now=now, title="A matter", topic="health-reform", summary="s")
    for kind, number in ((StepKind.POSTING, posting.pk), (StepKind.RESULT, 1), (StepKind.APPEAL, opened.pk)):
        add_step(standing=author, now=now, issue_id=issue.pk, kind=kind, number=number)
    return issue, posting, voters[0]


def test_one_chain_from_posting_to_silence(chain, author, now):
    issue, _, voter = chain
    page = get_issue_page(voter, issue.pk, now + timedelta(days=40))
    kinds = [event.kind for event in page.events]
    assert kinds == [
        StepKind.POSTING, StepKind.APPEAL, StepKind.RESULT, StepKind.DELIVERY, StepKind.DELIVERY, StepKind.SILENCE,
        StepKind.SILENCE,
    ]  # fmt: skip
    assert [event.at for event in page.events] == sorted(event.at for event in page.events)
    clock = next(event.clock for event in page.events if event.kind == StepKind.DELIVERY)
    assert clock.is_over(now + timedelta(days=40))
    assert not clock.is_over(now + timedelta(days=30))
    assert page.took_part == ["you voted"]
    assert [line.title for line in list_own_issues(voter, now)] == ["A matter"]
    assert list_own_issues(READER, now) == []
    early = get_issue_page(READER, issue.pk, now + timedelta(days=7))
    assert early.next_step == "2 answers are awaited."
    close_issue(standing=author, now=now + timedelta(days=41), issue_id=issue.pk, outcome="Silence.")
    ended = get_issue_page(voter, issue.pk, now + timedelta(days=42))
    assert (ended.events[-1].kind, ended.next_step) == (StepKind.OUTCOME, "")
    with pytest.raises(CannotAddStep, match="ended"):
        add_step(standing=author, now=now, issue_id=issue.pk, kind=StepKind.RESULT, number=1)
    with pytest.raises(CannotCloseIssue):
        close_issue(standing=author, now=now, issue_id=issue.pk, outcome="Again.")


def test_the_public_sees_no_words_of_physicians(chain, now):
    issue, posting, voter = chain
    public = get_issue_page(READER, issue.pk, now).events
    assert posting.title not in [event.detail for event in public]
    assert posting.title in [event.detail for event in get_issue_page(voter, issue.pk, now).events]


def test_a_draft_appeal_does_not_reach_the_public_through_an_issue(chain, draft, author, moderator, now):
    from auscult.voice.models import Appeal, IssueStep

    issue, _, _ = chain
    Appeal.objects.filter(pk=draft.pk).update(state="refused")
    with pytest.raises(CannotAddStep, match="once it is open"):
        add_step(standing=author, now=now, issue_id=issue.pk, kind=StepKind.APPEAL, number=draft.pk)
    # One that was taken down after it had joined is not shown any more.
    assert IssueStep.objects.filter(appeal=draft.pk).exists()
    assert StepKind.APPEAL not in [event.kind for event in get_issue_page(READER, issue.pk, now).events]


def test_what_was_added_can_be_taken_out(chain, author, make_member, now):
    issue, _, _ = chain
    page = get_issue_page(author, issue.pk, now)
    step, words = page.kept[1]
    assert words == "result 1"
    with pytest.raises(NotAllowed):
        remove_step(standing=make_member(), now=now, issue_id=issue.pk, step_id=step)
    remove_step(standing=author, now=now, issue_id=issue.pk, step_id=step)
    assert StepKind.RESULT not in [event.kind for event in get_issue_page(author, issue.pk, now).events]
    with pytest.raises(NotFound):
        remove_step(standing=author, now=now, issue_id=issue.pk, step_id=step)


def test_an_issue_costs_the_same_at_any_size(chain, now, make_member):
    issue, posting, voter = chain

    def cost():
        with CaptureQueriesContext(connection) as queries:
            get_issue_page(voter, issue.pk, now)
        return len(queries)

    few = cost()
    for _ in range(30):
        add_comment(standing=make_member(), now=now, posting_id=posting.pk, body="x")
    assert cost() == few <= 10


def test_who_opens_and_adds(chain, editor, make_member, opened, now):
    issue, posting, _ = chain
    stranger = make_member()
    with pytest.raises(NotAllowed):
        add_step(standing=stranger, now=now, issue_id=issue.pk, kind=StepKind.RESULT, number=1)
    with pytest.raises(NotAllowed):
        open_issue(standing=READER, now=now, title="t", topic="health-reform", summary="")
    for change in ({"title": " "}, {"topic": "none"}, {"summary": "x" * 3001}):
        with pytest.raises(CannotOpenIssue):
            open_issue(
                **({"standing": stranger, "now": now, "title": "t", "topic": "health-reform", "summary": ""} | change)
            )
    with pytest.raises(CannotAddStep, match="already"):
        add_step(standing=editor, now=now, issue_id=issue.pk, kind=StepKind.RESULT, number=1)
    with pytest.raises(CannotAddStep, match="Only postings"):
        add_step(standing=editor, now=now, issue_id=issue.pk, kind=StepKind.SILENCE, number=1)
    for kind in (StepKind.POSITION, StepKind.APPEAL):
        with pytest.raises(CannotAddStep, match="There is no"):
            add_step(standing=editor, now=now, issue_id=issue.pk, kind=kind, number=99)
    # An editor who is no physician cannot add what only physicians read.
    with pytest.raises(NotAllowed):
        add_step(standing=editor, now=now, issue_id=issue.pk, kind=StepKind.POSTING, number=posting.pk)


def test_ones_own_page_costs_the_same_with_many_issues(chain, author, make_member, opened, now):
    from auscult.web.queries import get_own_page

    _, posting, voter = chain

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert get_own_page(voter, now).issues
        return len(queries)

    few = cost()
    for n in range(8):
        issue = open_issue(standing=author, now=now, title=f"Matter {n}", topic="health-reform", summary="")
        for kind, number in ((StepKind.POSTING, posting.pk), (StepKind.APPEAL, opened.pk)):
            add_step(standing=author, now=now, issue_id=issue.pk, kind=kind, number=number)
    assert len(get_own_page(voter, now).issues) == 9
    assert cost() == few <= 14
