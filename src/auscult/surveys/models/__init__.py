"""Tables of the surveys' room."""

from auscult.surveys.models.ballots import (
    Ballot,
    BallotChange,
    BallotDraft,
    BallotKey,
    BallotTally,
    CodeFrame,
    CountedBallot,
    LiveResult,
    OpenText,
    QuotaCount,
    Turnout,
)
from auscult.surveys.models.fieldwork import Invitation, InvitationWish
from auscult.surveys.models.honoraria import HonorariumLine, HonorariumTransaction
from auscult.surveys.models.surveys import FieldworkEvent, Survey, SurveyRevision

__all__ = [
    "Ballot",
    "BallotChange",
    "BallotDraft",
    "BallotKey",
    "BallotTally",
    "CodeFrame",
    "CountedBallot",
    "FieldworkEvent",
    "HonorariumLine",
    "HonorariumTransaction",
    "Invitation",
    "InvitationWish",
    "LiveResult",
    "OpenText",
    "QuotaCount",
    "Survey",
    "SurveyRevision",
    "Turnout",
]
