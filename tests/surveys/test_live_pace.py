"""Live figures show nobody's ballot, whatever any one member does.

The adversary reads every page after every action. The test keeps its own books of who says what, and counts the members
whose ballots differ between the states that two successive figures describe.
"""

import random
from collections import Counter
from datetime import timedelta

import pytest

from auscult.shared.limits import TooMany
from auscult.shared.refusals import Conflict
from auscult.shared.standing import READER
from auscult.surveys import live
from auscult.surveys.actions.answering import cast_ballot, save_answers, withdraw_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.models import BallotChange, LiveResult
from auscult.surveys.queries.ballots import get_poll_box
from auscult.surveys.queries.results import get_result_sheet

pytestmark = pytest.mark.django_db


class Books:
    """What each member's ballot says, and the states of all ballots when figures were taken."""

    def __init__(self, survey, now, monkeypatch):
        self.survey, self.now = survey, now
        self.ballots, self.taken = {}, []
        take = live.refresh_live_result

        def note(survey):
            self.taken.append(dict(self.ballots))
            take(survey)

        monkeypatch.setattr(live, "refresh_live_result", note)

    def act(self, voter, answer):
        """Cast, change, or withdraw (None)."""
        if answer is None:
            if self.ballots.pop(voter.member_id, None):
                withdraw_ballot(standing=voter, now=self.now, survey_id=self.survey.pk)
            return
        self.ballots[voter.member_id] = answer
        cast_ballot(standing=voter, now=self.now, survey_id=self.survey.pk, answers={"q1": answer})

    def shown(self):
        """Number of ballots and counts that everybody sees."""
        box = get_poll_box(READER, self.survey.pk, self.now)
        counts = {choice.code: choice.count for choice in box.questions[0].choices}
        return box.shown_ballots, counts if box.shown_ballots else {}


def differing(one, other):
    """Members whose ballots are not the same in two states."""
    return sum(one.get(member) != other.get(member) for member in one.keys() | other.keys())


@pytest.fixture
def books(survey, now, monkeypatch):
    """No daily limit: the pace itself must hold."""
    monkeypatch.setattr("auscult.surveys.actions.answering._take_change", lambda *_: None)
    return Books(survey, now, monkeypatch)


def test_one_member_cannot_turn_the_figures(books, make_member):
    """The attack: read, the victim votes, dozens of casts and withdrawals by one account, read again."""
    for index in range(25):
        books.act(make_member(), "ab"[index % 2])
    before, attacker, victim = books.shown(), make_member(), make_member()
    for turn in range(20):
        books.act(attacker, "ab"[turn % 2] if turn % 3 else None)
    books.act(victim, "a")
    for turn in range(40):
        books.act(attacker, None if turn % 2 else "b")
    assert before == books.shown() == (10, {"a": 5, "b": 5})


@pytest.mark.parametrize("seed", range(3))
def test_figures_differ_by_ten_members_whatever_happens(books, author, make_member, seed):
    """A few members act far more often than others; changes and withdrawals count like votes."""
    dice = random.Random(seed)
    voters = [make_member() for _ in range(24)]
    for _ in range(110):
        voter = voters[int(len(voters) * dice.random() ** 1.5)]
        books.act(voter, dice.choice(["a", "b", "a", "b", None]))
        if len(books.taken) >= 2:
            state = books.taken[-2]
            assert books.shown() == (len(state), {"a": 0, "b": 0} | Counter(state.values()))
        else:
            assert books.shown() == (0, {})
    assert len(books.taken) >= 3
    for before, after in zip([{}, *books.taken], books.taken, strict=False):
        assert differing(before, after) >= 10
    last, shown = books.taken[-2], books.shown()
    closed = close_survey(standing=author, now=books.survey.closes_at, survey_id=books.survey.pk)
    assert closed.is_held_back == (0 < differing(last, books.ballots) < 10)
    assert not BallotChange.objects.exists()
    if closed.is_held_back:
        assert books.shown() == shown


def test_final_figures_too_near_the_live_ones_are_held_back(books, author, make_member, now):
    """Ten members voted after the figures shown; nine of them withdraw before the close."""
    first, second = [make_member() for _ in range(10)], [make_member() for _ in range(10)]
    for voter in first + second:
        books.act(voter, "a")
    shown = books.shown()
    assert shown == (10, {"a": 10, "b": 0})
    for voter in second[:9]:
        books.act(voter, None)
    closed = close_survey(standing=author, now=books.survey.closes_at, survey_id=books.survey.pk)
    assert closed.is_held_back
    assert books.shown() == shown
    assert get_poll_box(READER, books.survey.pk, now).is_held_back
    with pytest.raises(Conflict, match="held back"):
        get_result_sheet(books.survey.pk)


def test_final_figures_equal_to_the_live_ones_are_shown(books, author, make_member):
    first, second = [make_member() for _ in range(10)], [make_member() for _ in range(10)]
    for voter in first + second:
        books.act(voter, "a")
    for voter in second:
        books.act(voter, None)
    closed = close_survey(standing=author, now=books.survey.closes_at, survey_id=books.survey.pk)
    assert not closed.is_held_back
    assert get_result_sheet(books.survey.pk).turnout == 10


def test_a_vote_that_comes_back_to_what_it_was_is_no_change(books, make_member):
    """Nine others and a member who returns to the old answer are nine."""
    voters = [make_member() for _ in range(20)]
    for voter in voters:
        books.act(voter, "a")
    assert len(books.taken) == 2
    for voter in voters[:9]:
        books.act(voter, "b")
    books.act(voters[9], "b")
    assert len(books.taken) == 3
    for voter in voters[:8]:
        books.act(voter, "a")
    for answer in "ababa":
        books.act(voters[8], answer)
    assert len(books.taken) == 3


def test_five_changes_a_day(survey, make_member, now):
    voter = make_member()
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a"})
    for answer in "baba":
        cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": answer})
    # The same ballot again is no change.
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a"})
    withdraw_ballot(standing=voter, now=now, survey_id=survey.pk)
    cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "a"})
    with pytest.raises(TooMany):
        cast_ballot(standing=voter, now=now + timedelta(hours=2), survey_id=survey.pk, answers={"q1": "b"})
    with pytest.raises(TooMany):
        withdraw_ballot(standing=voter, now=now, survey_id=survey.pk)
    cast_ballot(standing=voter, now=now + timedelta(days=1), survey_id=survey.pk, answers={"q1": "b"})
    # Another member is not limited by it.
    other = make_member()
    for answer in "ab":
        cast_ballot(standing=other, now=now, survey_id=survey.pk, answers={"q1": answer})


def test_saving_answers_moves_nothing(survey, make_member, now):
    for _ in range(12):
        save_answers(standing=make_member(), now=now, survey_id=survey.pk, answers={"q1": "a"})
    assert LiveResult.objects.get().pending is None
