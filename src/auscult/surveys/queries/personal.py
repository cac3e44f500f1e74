"""What a member takes away of the surveys' room."""

from __future__ import annotations

from typing import Any

from auscult.shared.personal import rows_of
from auscult.shared.standing import Standing
from auscult.surveys.keys import open_key
from auscult.surveys.models import Ballot, BallotKey, HonorariumTransaction, Invitation, InvitationWish, Survey, Turnout
from auscult.surveys.rules import BallotMode, SurveyState, locator


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """Which surveys a member took part in, was invited to and drafted, and what of the answers still hangs on the member."""
    member = standing.require_member()
    return {
        "Surveys answered (detached answers hang on nobody; your receipts hold them)": [
            {"survey": title, "outcome": outcome, "closes_at": closes_at}
            for title, outcome, closes_at in Turnout.objects.filter(member_id=member)
            .order_by("survey_id")
            .values_list("survey__title", "outcome", "survey__closes_at")
        ],
        "Answers that are still linked to you": _linked_answers(member),
        "Invitations": [
            {"survey": title, "state": state, "sent_on": sent_on, "reminders": reminders}
            for title, state, sent_on, reminders in Invitation.objects.filter(member_id=member)
            .order_by("survey_id")
            .values_list("survey__title", "state", "sent_on", "reminders")
        ],
        "Invitations wanted a month": rows_of(InvitationWish.objects.filter(member_id=member), at_most="most_a_month"),
        "Honoraria": rows_of(
            HonorariumTransaction.objects.filter(member_id=member),
            survey="survey__title", step="step", booked_at="booked_at", due_on="due_on", note="note",
        ),
        "Surveys drafted": rows_of(
            Survey.objects.filter(author_id=member), title="title", instrument="instrument", drafted_at="drafted_at"
        ),
    }  # fmt: skip


def _linked_answers(member: int) -> list[dict[str, Any]]:
    """Ballots of open surveys, and of linked ones while the link is kept."""
    keys = BallotKey.objects.filter(survey__turnout__member_id=member).exclude(
        survey__state=SurveyState.CLOSED, survey__ballot_mode=BallotMode.DETACHED
    )
    places = {locator(open_key(sealed), member): title for sealed, title in keys.values_list("sealed", "survey__title")}
    rows = Ballot.objects.filter(pk__in=places).values_list("locator", "answers")
    return [{"survey": places[bytes(place)], "answers": answers} for place, answers in rows]
