"""Pages of positions."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.organisations.models import Organisation
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotAllowed
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice.actions.positions import (
    CannotStatePosition,
    compare_position,
    reply_to_position,
    state_position,
)
from auscult.voice.queries.positions import get_position_page, list_positions


def _organisations(standing: Standing) -> list[tuple[str, str]]:
    """Organisations in whose name, or about whom, whoever asks may state a position."""
    if standing.can(Permission.POSITION_STATE):
        return list(Organisation.objects.values_list("slug", "name"))
    return [(badge.slug, badge.organisation) for badge in list_badges(standing, Power.POSITION)]


@require_safe
def positions(request: HttpRequest) -> HttpResponse:
    """All positions on record."""
    may_state = bool(_organisations(standing_of(request)))
    return render_page(request, "voice/position_list.html", {"positions": list_positions(), "may_state": may_state})


@require_safe
def position(request: HttpRequest, position_id: int) -> HttpResponse:
    """One position beside what physicians answer."""
    return _position(request, position_id)


def _position(
    request: HttpRequest, position_id: int, error: str = "", status: int = 200, at: str = "replies"
) -> HttpResponse:
    page = get_position_page(standing_of(request), position_id)
    return render_page(
        request,
        "voice/position_read.html",
        {"page": page, "error": error, "error_at": at if error else "", "entered": request.POST},
        status=status,
    )


def create(request: HttpRequest) -> HttpResponse:
    """State a position."""
    standing = standing_of(request)
    if request.method == "POST":
        return attempt(
            request,
            lambda: _state(request, standing),
            done="The position stands here and in the record.",
            to=lambda made: reverse("voice:position-read", args=[made.pk]),
            show=lambda text, status: _form(request, text, status),
        )
    return _form(request)


def _form(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    organisations = _organisations(standing_of(request))
    if not organisations:
        raise NotAllowed("A position is stated by a representative of the organisation, or by an editor who quotes it.")
    return render_page(
        request,
        "voice/position_state.html",
        {"organisations": organisations, "topics": list(Topic.objects.all()), "error": error, "entered": request.POST},
        status=status,
    )


def _state(request: HttpRequest, standing: Standing) -> object:
    try:
        stated_on = date.fromisoformat(request.POST.get("stated_on", ""))
    except ValueError as error:
        raise CannotStatePosition("Give the date on which the position was taken.") from error
    if stated_on > clock.now().date():
        raise CannotStatePosition("A position of a day to come is none yet.")
    return state_position(
        standing=standing,
        now=clock.now(),
        organisation=request.POST.get("organisation", "")[:50],
        topic=request.POST.get("topic", "")[:50],
        title=request.POST.get("title", ""),
        text=request.POST.get("text", ""),
        source=request.POST.get("source", ""),
        stated_on=stated_on,
    )


@require_POST
def compare(request: HttpRequest, position_id: int) -> HttpResponse:
    """Set a published question beside a position."""
    question, _, choice = request.POST.get("answer", "").partition("/")
    return attempt(
        request,
        lambda: compare_position(
            standing=standing_of(request),
            now=clock.now(),
            position_id=position_id,
            release=whole_number(request.POST.get("release")) or 0,
            question=question,
            choice=choice,
        ),
        done="The answers stand beside the position.",
        to=reverse("voice:position-read", args=[position_id]),
        show=lambda text, status: _position(request, position_id, text, status, "compare"),
    )


@require_POST
def reply(request: HttpRequest, position_id: int) -> HttpResponse:
    """Answer in the name of the organisation."""
    return attempt(
        request,
        lambda: reply_to_position(
            standing=standing_of(request), now=clock.now(), position_id=position_id, text=request.POST.get("text", "")
        ),
        done="Your reply stands under the position and in the record.",
        to=reverse("voice:position-read", args=[position_id]) + "#replies",
        show=lambda text, status: _position(request, position_id, text, status),
    )
