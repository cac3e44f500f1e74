"""Pace of live figures: they change only when the ballots of ten members differ, whatever any one member does.

Three states of each ballot matter: in the figures shown, in the figures shown next, and now. Only ballots for which they
have differed since have a row, so there are few rows and each ballot costs the same however many there are.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import F

from auscult.surveys import rules
from auscult.surveys.models import BallotChange, LiveResult, Survey
from auscult.surveys.queries.fieldwork import read_progress
from auscult.surveys.queries.results import count_respondents, present_result
from auscult.surveys.rules import INVITED


def note_change(survey_id: int, locator: bytes, *, before: bytes, after: bytes) -> None:
    """Note that a member's ballot changed, and move the live figures if ten members' ballots differ from the next ones.

    Call it last in the transaction: every ballot of the survey waits for the row it locks.

    Args:
        before, after: digests of the ballot; ``rules.NO_BALLOT`` where there is none.
    """
    if before == after:
        return
    LiveResult.objects.select_for_update().only("pk").get(survey_id=survey_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO surveys_ballotchange AS c (locator, survey_id, shown, pending, current) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (locator) DO UPDATE SET current = EXCLUDED.current",
            [locator, survey_id, before, before, after],
        )
        cursor.execute(
            "SELECT count(*) FROM surveys_ballotchange WHERE survey_id = %s AND pending <> current", [survey_id]
        )
        (members,) = cursor.fetchone()
    if members >= rules.LIVE_STEP:
        refresh_live_result(Survey.objects.select_related("frame").get(pk=survey_id))


def refresh_live_result(survey: Survey) -> None:
    """Show the figures of one step ago and keep the present ones for the next step.

    One step behind, so that the figures shown last and those of the close differ by ten members as well. Call it in the
    transaction that holds the live row.
    """
    is_public = survey.instrument not in INVITED
    LiveResult.objects.filter(survey=survey).update(
        result=F("pending"),
        shown_ballots=F("pending_ballots"),
        progress=F("pending_progress"),
        pending=present_result(survey) if is_public else None,
        pending_ballots=count_respondents(survey.pk) if is_public else 0,
        pending_progress=read_progress(survey),
    )
    BallotChange.objects.filter(survey=survey).update(shown=F("pending"), pending=F("current"))
    BallotChange.objects.filter(survey=survey, shown=F("pending"), pending=F("current")).delete()


def count_changed_members(survey: Survey, left_out: set[bytes]) -> int:
    """Members whose part in the final figures differs from their part in the figures shown last.

    Args:
        left_out: locators of the ballots that a declared rule leaves out of the count.
    """
    rows = BallotChange.objects.filter(survey=survey).values("locator", "shown", "current")
    changes = {bytes(row["locator"]): (bytes(row["shown"]), bytes(row["current"])) for row in rows}
    changed = sum(
        shown != (rules.NO_BALLOT if locator in left_out else current) for locator, (shown, current) in changes.items()
    )
    return changed + len(left_out - changes.keys())
