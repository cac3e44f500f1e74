"""Ballots: cast once, changed until close, detached after; and every way a ballot is refused."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.evidence.ballots import BallotLeaf
from auscult.evidence.canonical import digest
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.standing import READER, Level
from auscult.statistics.representativeness import Instrument
from auscult.surveys import rules
from auscult.surveys.actions.answering import CannotCastBallot, cast_ballot
from auscult.surveys.actions.closing import CannotCloseSurvey, close_due_surveys, close_survey
from auscult.surveys.actions.drafting import CannotDraftSurvey
from auscult.surveys.actions.opening import CannotOpenSurvey, open_survey
from auscult.surveys.keys import find_key
from auscult.surveys.models import (
    Ballot,
    BallotChange,
    BallotKey,
    BallotTally,
    CountedBallot,
    LiveResult,
    Survey,
    Turnout,
)
from auscult.surveys.queries.ballots import get_ballot_page, get_poll_box
from auscult.surveys.queries.results import get_cell_table, get_result_sheet, iterate_leaves

pytestmark = pytest.mark.django_db


def vote(standing, survey, now, **answers):
    return cast_ballot(standing=standing, now=now, survey_id=survey.pk, answers=answers)


def close(survey, author, now):
    return close_survey(standing=author, now=now + timedelta(days=3), survey_id=survey.pk)


def tallied(survey):
    counts = Counter()
    for question, choice, count in BallotTally.objects.filter(survey=survey).values_list("question", "choice", "count"):
        counts[question, choice] += count
    return +counts


def test_opening_freezes_wording_and_queues_the_record(survey):
    assert survey.freeze_hash == digest(survey.freeze)
    assert survey.freeze["questions"][0]["wording"] == "One?"
    job = ProcrastinateJob.objects.get(task_name="publishing.append_record")
    assert job.args["content"]["freeze"] == survey.freeze_hash


@pytest.mark.parametrize("change", [{"title": "Other"}, {"instrument": "sample_survey"}, {"state": "draft"}])
def test_the_database_refuses_to_thaw(survey, change):
    with pytest.raises(IntegrityError, match="frozen|cannot go back"), transaction.atomic():
        Survey.objects.filter(pk=survey.pk).update(**change)


def test_a_ballot_counts_once_and_can_be_changed(survey, make_member, now):
    voter = make_member()
    vote(voter, survey, now, q1="a", q2="c")
    vote(voter, survey, now, q1="b")
    assert Turnout.objects.count() == Ballot.objects.count() == 1
    assert tallied(survey) == {("", ""): 1, ("q1", "b"): 1}
    assert BallotChange.objects.count() == 1


def test_the_same_form_sent_twice_keeps_the_receipt(survey, make_member, now):
    voter = make_member()
    assert vote(voter, survey, now, q1="a") == vote(voter, survey, now, q1="a")
    halves = {"q1": "0123456789abcdef"}

    def send():
        return cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "b"}, nonces=halves)

    assert send() == send()


def test_the_receipt_names_the_leaf_that_will_be_published(survey, author, make_member, now):
    voter = make_member()
    half = "0123456789abcdef"
    receipt = cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a"}, nonces={"q1": half})
    ((question, choice, nonce, leaf),) = receipt.answers
    assert (question, choice, nonce[:16], len(nonce)) == ("q1", "a", half, 32)
    assert leaf == BallotLeaf(survey.freeze_hash, "q1", "a", nonce).hash().hex()
    assert get_ballot_page(voter, survey.public_id).receipt == receipt
    closed = close(survey, author, now)
    assert [leaf.hex() for leaf, _, _ in iterate_leaves(survey.pk, "q1")] == [leaf]
    with pytest.raises(Conflict, match="destroyed"):
        get_ballot_page(voter, closed.public_id)


def test_two_voters_with_the_same_half_do_not_make_the_same_leaf(survey, author, make_member, now):
    for _ in range(2):
        cast_ballot(standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "a"}, nonces={"q1": "0" * 16})
    close(survey, author, now)
    assert CountedBallot.objects.count() == 2


@pytest.mark.parametrize("half", ["my vote is a", "0" * 32, "G" * 16])
def test_a_half_that_is_none_is_replaced(survey, make_member, now, half):
    receipt = cast_ballot(
        standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "a"}, nonces={"q1": half}
    )
    assert not receipt.answers[0][2].startswith(half)
    assert len(receipt.answers[0][2]) == 32


@pytest.mark.parametrize(
    ("answers", "why"), [({}, "Choose an answer"), ({"q9": "a"}, "does not ask"), ({"q1": "z"}, "does not have")]
)
def test_a_ballot_that_does_not_fit_is_refused_and_leaves_nothing(survey, make_member, now, answers, why):
    with pytest.raises(CannotCastBallot, match=why):
        vote(make_member(), survey, now, **answers)
    assert not Turnout.objects.exists()
    assert not BallotTally.objects.exists()


def test_who_may_not_vote(survey, make_member, make_account, now):
    with pytest.raises(NotFound):
        vote(READER, survey, now, q1="a")
    with pytest.raises(NotAllowed, match="Public facts alone"):
        vote(make_member(level=Level.L1), survey, now, q1="a")
    with pytest.raises(NotAllowed):
        vote(make_member(until=now - timedelta(days=1)), survey, now, q1="a")
    with pytest.raises(NotFound):
        cast_ballot(standing=make_member(), now=now, survey_id=survey.pk + 1, answers={"q1": "a"})
    assert not Turnout.objects.exists()


def test_cast_ballot_after_close_is_refused(survey, author, make_member, now):
    with pytest.raises(CannotCastBallot, match="closed"):
        vote(make_member(), survey, survey.closes_at, q1="a")
    close(survey, author, now)
    with pytest.raises(CannotCastBallot, match="closed"):
        vote(make_member(), survey, now, q1="a")


def test_live_results_move_in_steps_of_ten_and_stay_one_step_behind(survey, author, make_member, now):
    def shown():
        box = get_poll_box(READER, survey.pk, now)
        return (box.shown_ballots, box.questions[0].base)

    for _ in range(19):
        vote(make_member(), survey, now, q1="a")
    assert shown() == (0, None)
    vote(make_member(), survey, now, q1="b")
    assert shown() == (10, 10)
    for _ in range(9):
        vote(make_member(), survey, now, q1="b")
    assert shown() == (10, 10)
    # Nine more and then closed: what was shown and what is shown differ by 19 ballots, never by one.
    close(survey, author, now)
    assert shown() == (29, 29)


@pytest.mark.parametrize(("ballots", "shown"), [(9, 0), (10, 10)])
def test_fewer_than_ten_are_not_shown_after_close_either(survey, author, make_member, now, ballots, shown):
    for _ in range(ballots):
        vote(make_member(), survey, now, q1="a")
    close(survey, author, now)
    assert get_poll_box(READER, survey.pk, now).shown_ballots == shown
    assert (LiveResult.objects.get().result is None) == (shown == 0)


def test_a_question_that_few_answered_is_not_shown(survey, author, make_member, now):
    for n in range(12):
        vote(make_member(), survey, now, **({"q1": "a"} | ({"q2": "a"} if n < 9 else {})))
    close(survey, author, now)
    assert [q["question"] for q in LiveResult.objects.get().result["questions"]] == ["q1"]


def test_few_respondents_get_raw_shares_and_the_reason(survey, author, make_member, now):
    for _ in range(10):
        vote(make_member(), survey, now, q1="a")
    close(survey, author, now)
    result = LiveResult.objects.get().result
    assert result["weighting"] is None
    assert "register" in result["weighting_refused"]
    assert result["card"]["speaks_of"] == "respondents"


def test_no_event_tells_when_somebody_voted(survey, author, make_member, now):
    before = AuditEvent.objects.count()
    vote(make_member(), survey, now, q1="a")
    assert AuditEvent.objects.count() == before
    close(survey, author, now)
    assert AuditEvent.objects.get(event="surveys.survey.close").details == {"leaves": 1}


def test_closing_waits_for_the_frozen_date_and_for_somebody_who_may(survey, author, make_member, now):
    with pytest.raises(CannotCloseSurvey, match="frozen to stay open"):
        close_survey(standing=author, now=now, survey_id=survey.pk)
    with pytest.raises(NotFound):
        close(survey, make_member(), now)
    close(survey, author, now)
    with pytest.raises(CannotCloseSurvey, match="Only an open"):
        close(survey, author, now)


def test_due_surveys_close_by_themselves(survey, now):
    assert close_due_surveys(now=now) == 0
    assert close_due_surveys(now=survey.closes_at) == 1
    assert Survey.objects.get().state == "closed"


def test_one_survey_that_cannot_close_does_not_keep_the_others_open(survey, draft, author, make_member, now, caplog):
    other = open_survey(standing=author, now=now, survey_id=draft().pk)
    vote(make_member(), survey, now, q1="a")
    Ballot.objects.filter(survey=survey).update(nonces={})  # damaged
    assert close_due_surveys(now=survey.closes_at) == 1
    assert Survey.objects.get(pk=other.pk).state == "closed"
    assert "could not be closed" in caplog.text


def test_two_surveys_due_at_once_both_close(survey, draft, author, now):
    open_survey(standing=author, now=now, survey_id=draft().pk)
    assert close_due_surveys(now=survey.closes_at) == 2


def test_a_poll_nobody_answered_closes_and_is_not_published(survey, author, now):
    close(survey, author, now)
    with pytest.raises(Conflict, match="Fewer than 10"):
        get_result_sheet(survey.pk)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": " "}, "title"),
        ({"questions": ()}, "Add a question"),
        ({"universe": "nowhere"}, "not known"),
    ],
)
def test_drafts_that_are_refused(draft, changes, why):
    with pytest.raises(CannotDraftSurvey, match=why):
        draft(**changes)


def test_more_drafts_that_are_refused(draft, now, make_member):
    with pytest.raises(CannotDraftSurvey, match="future"):
        draft(closes_at=now)
    with pytest.raises(NotAllowed):
        draft(standing=make_member(level=Level.L1))
    one = rules.Choice("a", "A")
    for choices in ((one,), (one, one), (one, rules.Choice("b", " ")), (one, rules.Choice("B!", "B"))):
        with pytest.raises(CannotDraftSurvey):
            draft(questions=(rules.single_choice("q1", "?", choices),))


def test_opening_twice_or_too_late_is_refused(draft, author, now):
    survey = draft()
    with pytest.raises(CannotOpenSurvey, match="passed"):
        open_survey(standing=author, now=now + timedelta(days=9), survey_id=survey.pk)
    open_survey(standing=author, now=now, survey_id=survey.pk)
    with pytest.raises(CannotOpenSurvey, match="already"):
        open_survey(standing=author, now=now, survey_id=survey.pk)


def columns(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        return {name for (name,) in cursor.fetchall()}


def test_turnout_and_ballot_share_no_column_but_the_survey():
    assert columns("surveys_turnout") & columns("surveys_ballot") == {"survey_id"}
    for table in ("surveys_turnout", "surveys_ballot", "surveys_countedballot"):
        assert not {name for name in columns(table) if name.endswith(("_at", "_on")) or name in {"id", "created"}}


@pytest.mark.django_db(transaction=True)
def test_after_close_nothing_in_the_database_links_turnout_and_ballot(survey, author, make_member, now):
    """An attacker with the whole database tries order, row versions and the key."""
    voters = [make_member() for _ in range(40)]
    truth = {}
    for index, voter in enumerate(voters):
        truth[voter.member_id] = "a" if index % 3 else "b"
        vote(voter, survey, now, q1=truth[voter.member_id])
    key = find_key(survey.pk)
    assert key not in bytes(BallotKey.objects.get().sealed)
    close(survey, author, now)
    assert not BallotKey.objects.exists()
    assert not Ballot.objects.exists()
    with connection.cursor() as cursor:
        # All leaves, and all tallies, were written by one transaction: row versions tell nothing.
        for table in ("surveys_countedballot", "surveys_ballottally", "surveys_turnout"):
            cursor.execute(f"SELECT count(DISTINCT xmin::text), count(*) FROM {table}")
            versions, rows = cursor.fetchone()
            assert (versions, rows > 1) == (1, True)
        # The physical order is that of the hashes, which the nonces make random.
        cursor.execute("SELECT choice, encode(leaf, 'hex') FROM surveys_countedballot ORDER BY ctid")
        rows = cursor.fetchall()
    assert [leaf for _, leaf in rows] == sorted(leaf for _, leaf in rows)
    # Even the key, had somebody kept it, finds nothing: no row has a locator any more.
    places = {rules.locator(key, member).hex() for member in truth}
    assert not places & {leaf for _, leaf in rows}
    assert Counter(choice for choice, _ in rows) == Counter(truth.values())
    assert Turnout.objects.count() == 40
    assert CountedBallot.objects.count() == 40


def test_the_tallies_are_what_the_ballots_say(survey, make_member, now):
    voters = [make_member(sex="M" if n % 2 else "F") for n in range(12)]
    for n, voter in enumerate(voters):
        vote(voter, survey, now, q1="ab"[n % 2], q2="abc"[n % 3])
    for voter in voters[:4]:
        vote(voter, survey, now, q2="a")
    table = get_cell_table(survey)
    assert table.respondents.sum() == 12
    assert tallied(survey)["q2", "a"] == 4 + sum(1 for n in range(4, 12) if n % 3 == 0)
    assert table.answers["q1"].sum() == 8


def test_a_ballot_costs_a_fixed_number_of_queries(survey, make_member, django_assert_max_num_queries, now):
    voter = make_member()
    with django_assert_max_num_queries(10):
        vote(voter, survey, now, q1="a", q2="b")


@pytest.mark.parametrize("change", [{"instrument": Instrument.SAMPLE_SURVEY}, {"mode": rules.BallotMode.LINKED}])
def test_invitations_and_linked_ballots_are_a_researchers(draft, change):
    with pytest.raises(NotAllowed, match="researchers"):
        draft(**change)
