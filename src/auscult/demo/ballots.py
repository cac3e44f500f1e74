"""Casts many ballots at once: the rows that ``cast_ballot`` and ``save_answers`` would write, by COPY.

Every decision is made by the functions the actions call (``clean_answers``, ``screened_out_at``, ``locator``, ``coarsen``
…); only the statements differ. ``tests/demo/test_bulk_is_like_actions.py`` compares all tables of both ways.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from auscult.demo.members import copy_rows
from auscult.members.models import Member
from auscult.members.queries.standing import get_standings
from auscult.organisations.models import Affiliation
from auscult.surveys import live, rules, tallies
from auscult.surveys.access import frozen_questionnaire
from auscult.surveys.keys import find_key
from auscult.surveys.models import BallotChange, Invitation, QuotaCount, Survey, Turnout
from auscult.surveys.questionnaire.answers import clean_answers
from auscult.surveys.questionnaire.items import count_answers
from auscult.surveys.questionnaire.logic import holds, screened_out_at
from auscult.surveys.rules import INVITED, BallotMode, Outcome, SurveyState


@dataclass(frozen=True, kw_only=True)
class Vote:
    """What one member answers.

    Attributes:
        account_id: account of a member who may vote and has not answered yet.
        at: when; before the survey closes.
        answers: question → answer.
        seconds: spent answering.
    """

    account_id: int
    at: datetime
    answers: Mapping[str, Any]
    seconds: int = 0


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """The rows of one vote; one that a screener or a full quota ended has a turnout only."""

    turnout: tuple[int, int, str]
    ballot: tuple[Any, ...] | None = None
    tallies: Sequence[tuple[str, str, str]] = ()
    change: BallotChange | None = None


def cast_ballots(survey_id: int, votes: Sequence[Vote]) -> None:
    """Cast the ballots of an open survey that nobody has answered yet.

    Args:
        votes: in the order of voting, one per member.

    Raises:
        ValueError: the survey is not open, somebody answered it already, or a vote would be refused.
        FaultyAnswer: answers that do not fit.
    """
    with transaction.atomic():
        survey = Survey.objects.select_for_update().get(pk=survey_id)
        if survey.state != SurveyState.OPEN or survey.freeze is None or Turnout.objects.filter(survey=survey).exists():
            raise ValueError("Ballots are cast in bulk into an open survey that nobody has answered.")
        ballot_box = _BallotBox(survey, votes)
        taken = [ballot_box.take(vote) for vote in votes]
        begun = 0
        for end in _steps(taken):
            # The last two live figures are taken: those shown, and those shown next.
            _write(survey.pk, taken[begun:end])
            live.refresh_live_result(Survey.objects.select_related("frame").get(pk=survey.pk))
            begun = end
        _write(survey.pk, taken[begun:])
        for code, count in ballot_box.quotas.items():
            QuotaCount.objects.filter(survey_id=survey.pk, code=code).update(count=count)


def _steps(taken: Sequence[_Taken]) -> list[int]:
    """Numbers of votes after which the last two live figures are taken: at each tenth ballot."""
    ballots = [number for number, each in enumerate(taken, start=1) if each.ballot]
    return ballots[rules.LIVE_STEP - 1 :: rules.LIVE_STEP][-2:]


class _BallotBox:
    """Turns votes into rows.

    Attributes:
        quotas: quota → ballots in it.
    """

    def __init__(self, survey: Survey, votes: Sequence[Vote]) -> None:
        key = find_key(survey.pk)
        assert key is not None  # the survey is open
        self.survey, self.key = survey, key
        self.questionnaire = frozen_questionnaire(survey.freeze_hash, survey.freeze)
        self.standings = get_standings({vote.account_id: vote.at for vote in votes})
        self.is_invited = survey.instrument in INVITED
        self.sampled = dict(Invitation.objects.filter(survey=survey).values_list("member_id", "stratum"))
        affiliations = Affiliation.objects.filter(organisation=survey.compared_with_id, ended_at=None)
        self.affiliated = set(affiliations.values_list("member_id", flat=True))
        self.states: dict[int, str] = {}
        if survey.ballot_mode == BallotMode.LINKED:
            self.states = dict(Member.objects.filter(account_id__in=self.standings).values_list("pk", "state"))
        self.quotas = Counter({quota.code: 0 for quota in self.questionnaire.quotas})

    def take(self, vote: Vote) -> _Taken:
        """The rows of one vote."""
        standing = self.standings[vote.account_id]
        member_id, stratum = standing.require_member(), standing.stratum
        if stratum is None or (self.is_invited and member_id not in self.sampled):
            raise ValueError(f"Member {member_id} may not answer this survey.")
        if vote.at >= self.survey.closes_at:
            raise ValueError(f"The survey is not open at {vote.at}.")
        given = clean_answers(self.questionnaire, vote.answers, final=False)
        if screened_out_at(self.questionnaire, given):
            return _Taken(turnout=(self.survey.pk, member_id, Outcome.SCREENED_OUT))
        given = clean_answers(self.questionnaire, vote.answers, final=True)
        quotas = [quota for quota in self.questionnaire.quotas if holds(quota.holds_if, given)]
        if any(self.quotas[quota.code] >= quota.most for quota in quotas):
            return _Taken(turnout=(self.survey.pk, member_id, Outcome.QUOTA_FULL))
        self.quotas.update(quota.code for quota in quotas)
        affiliated = member_id in self.affiliated if self.survey.compared_with_id else None
        cell = tallies.ballot_cell(self.sampled[member_id] if self.is_invited else None, stratum, affiliated)
        counted = count_answers(self.questionnaire, given)
        fresh = {item: secrets.token_hex(16) for item in counted}
        nonces = rules.keep_or_make_nonces({}, {}, counted, {}, fresh)
        locator = rules.locator(self.key, member_id)
        return _Taken(
            turnout=(self.survey.pk, member_id, Outcome.COMPLETE),
            ballot=(
                locator, self.survey.pk, cell, json.dumps(given), json.dumps(nonces), rules.coarse_seconds(vote.seconds),
                self.states.get(member_id, ""),
            ),
            tallies=[(cell, item, choice) for item, choice in (("", ""), *counted.items())],
            change=BallotChange(
                locator=locator, survey_id=self.survey.pk, shown=rules.NO_BALLOT, pending=rules.NO_BALLOT,
                current=rules.ballot_digest(self.key, cell, given),
            ),
        )  # fmt: skip


def _write(survey_id: int, taken: Sequence[_Taken]) -> None:
    counts = Counter(place for each in taken for place in each.tallies)
    with connection.cursor() as cursor:
        copy_rows(cursor, "surveys_turnout", "survey_id, member_id, outcome", (each.turnout for each in taken))
        columns = "locator, survey_id, stratum, answers, nonces, seconds, state"
        copy_rows(cursor, "surveys_ballot", columns, (each.ballot for each in taken if each.ballot))
        cursor.execute("CREATE TEMPORARY TABLE bulk_tally (LIKE surveys_ballottally)")
        columns = "survey_id, stratum, question, choice, count"
        copy_rows(cursor, "bulk_tally", columns, ((survey_id, *place, count) for place, count in counts.items()))
        cursor.execute(
            f"INSERT INTO surveys_ballottally AS t ({columns}) SELECT {columns} FROM bulk_tally "  # noqa: S608 - our own
            "ON CONFLICT (survey_id, stratum, question, choice) DO UPDATE SET count = t.count + EXCLUDED.count"
        )
        cursor.execute("DROP TABLE bulk_tally")
    BallotChange.objects.bulk_create([each.change for each in taken if each.change])
