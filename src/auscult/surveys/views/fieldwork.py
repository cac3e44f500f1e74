"""The fieldwork page and what a researcher does there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of
from auscult.surveys.actions import fieldwork as actions
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.queries.fieldwork import get_fieldwork_page
from auscult.surveys.sampling import DISPOSITION_WORDS

PAGE = "surveys/fieldwork_read.html"


@require_safe
def fieldwork(request: HttpRequest, survey_id: int) -> HttpResponse:
    """How the survey goes."""
    return _show(request, survey_id)


def _show(request: HttpRequest, survey_id: int, error: str = "", status: int = 200) -> HttpResponse:
    page = get_fieldwork_page(standing_of(request), survey_id, clock.now())
    words = {code.value: (f"{code.value} {said}") for code, said in DISPOSITION_WORDS.items()}
    return render_page(
        request, PAGE, {"page": page, "error": error, "disposition_words": words}, block="live", status=status
    )


def _act(request: HttpRequest, survey_id: int, act: Callable[[], object], done: str) -> HttpResponse:
    return attempt(
        request,
        act,
        done=done,
        to=reverse("surveys:fieldwork-read", args=[survey_id]),
        show=lambda error, status: _show(request, survey_id, error, status),
    )


@require_POST
def invitations_send(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Invite."""
    return _act(
        request,
        survey_id,
        lambda: actions.send_invitations(standing=standing_of(request), now=clock.now(), survey_id=survey_id),
        "Invitations are being sent; this page counts them as they go.",
    )


@require_POST
def reminders_send(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Remind."""
    return _act(
        request,
        survey_id,
        lambda: actions.send_reminders(standing=standing_of(request), now=clock.now(), survey_id=survey_id),
        "Reminders are being sent to those who have not answered.",
    )


@require_POST
def survey_pause(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Pause."""
    return _act(
        request,
        survey_id,
        lambda: actions.pause_survey(
            standing=standing_of(request), now=clock.now(), survey_id=survey_id, reason=request.POST.get("reason", "")
        ),
        "Paused. Nobody can answer until it goes on.",
    )


@require_POST
def survey_resume(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Go on."""
    return _act(
        request,
        survey_id,
        lambda: actions.resume_survey(
            standing=standing_of(request), now=clock.now(), survey_id=survey_id, reason=request.POST.get("reason", "")
        ),
        "The survey goes on.",
    )


@require_POST
def survey_extend(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Extend."""

    def act() -> object:
        try:
            day = datetime.fromisoformat(request.POST.get("closes_on", "")).date()
        except ValueError as error:
            raise actions.CannotChangeFieldwork("Choose the new closing day.") from error
        return actions.extend_survey(
            standing=standing_of(request),
            now=clock.now(),
            survey_id=survey_id,
            closes_at=datetime.combine(day, time(23, 59), tzinfo=UTC),
            reason=request.POST.get("reason", ""),
        )

    return _act(request, survey_id, act, "Extended. The extension stands beside the result.")


@require_POST
def deviation_note(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Note a deviation."""
    return _act(
        request,
        survey_id,
        lambda: actions.note_deviation(
            standing=standing_of(request), now=clock.now(), survey_id=survey_id, text=request.POST.get("text", "")
        ),
        "Noted, on record, and listed beside the result.",
    )


@require_POST
def survey_close(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Close, once the date has come."""
    return _act(
        request,
        survey_id,
        lambda: close_survey(standing=standing_of(request), now=clock.now(), survey_id=survey_id),
        "Closed, counted, and detached.",
    )
