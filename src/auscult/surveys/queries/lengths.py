"""How long surveys really took, to estimate how long the next one takes."""

from __future__ import annotations

from statistics import median

from auscult.surveys.access import frozen_questionnaire
from auscult.surveys.models import Survey
from auscult.surveys.questionnaire.document import Questionnaire
from auscult.surveys.questionnaire.length import estimate_seconds
from auscult.surveys.rules import SurveyState

#: Closed surveys that are looked at, newest first, and the fewest that say anything.
SURVEYS_LOOKED_AT, FEWEST_SURVEYS = 20, 3


def real_pace() -> float | None:
    """Median of real time ÷ expected time over closed surveys, or None while too few have closed."""
    found = []
    rows = (
        Survey.objects.filter(state=SurveyState.CLOSED, fieldwork__median_seconds__gt=0)
        .order_by("-closed_at")
        .values_list("freeze_hash", "freeze", "fieldwork__median_seconds")[:SURVEYS_LOOKED_AT]
    )
    for freeze_hash, freeze, seconds in rows:
        expected = estimate_seconds(frozen_questionnaire(freeze_hash, freeze or {})).seconds
        found.append(seconds / expected)
    return median(found) if len(found) >= FEWEST_SURVEYS else None


def expect_seconds(questionnaire: Questionnaire) -> tuple[float, bool]:
    """How long a questionnaire takes, in seconds, and whether real answering times went into it."""
    pace = real_pace()
    return estimate_seconds(questionnaire).seconds * (pace or 1.0), pace is not None
