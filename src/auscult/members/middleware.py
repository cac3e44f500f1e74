"""Puts the standing of whoever asks on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from auscult.members.actions.accounts import note_visit
from auscult.members.queries.standing import read_visitor
from auscult.shared import clock
from auscult.shared.standing import READER, Standing


class StandingMiddleware:
    """Sets ``request.standing``, read from the database at most once and only where a view asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        request.standing = SimpleLazyObject(lambda: _standing(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _standing(request: HttpRequest) -> Standing:
    if request.user.is_authenticated and request.user.pk is not None:
        now = clock.now()
        standing, active_on = read_visitor(request.user.pk, now)
        if active_on != now.date() and standing.member_id is not None:
            note_visit(member_id=standing.member_id, now=now)
        return standing
    return READER
