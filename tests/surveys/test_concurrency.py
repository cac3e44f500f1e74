"""Two ballots at once: one turnout, right tallies, no deadlock."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.models import Ballot, BallotTally, LiveResult, Turnout
from auscult.surveys.queries.results import count_respondents

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_the_same_member_twice_at_once_and_many_members_at_once(survey, make_member, now):
    voters = [make_member() for _ in range(12)]

    def cast(standing):
        try:
            cast_ballot(standing=standing, now=now, survey_id=survey.pk, answers={"q1": "a", "q2": "b"})
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(cast, [voter for voter in voters for _ in range(3)]))
    assert Turnout.objects.count() == Ballot.objects.count() == count_respondents(survey.pk) == 12
    assert set(BallotTally.objects.values_list("count", flat=True)) == {12}
    assert LiveResult.objects.get().pending_ballots == 10
