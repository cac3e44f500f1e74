"""Turns a refusal that no view handled into a page that says what to do."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from auscult.shared.pages import render_page, standing_of
from auscult.shared.refusals import NotAllowed, Refused


class RefusalMiddleware:
    """Answers ``Refused`` with its status; sends readers who are not signed in to the log-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; leave everything else to Django."""
        if not isinstance(exception, Refused):
            return None
        if isinstance(exception, NotAllowed) and standing_of(request).is_reader and request.method == "GET":
            return redirect_to_login(request.get_full_path())
        return refusal_page(request, str(exception), exception.status)


def refusal_page(request: HttpRequest, text: str, status: int) -> HttpResponse:
    """The page of a refusal."""
    titles = {403: "Not for you", 404: "Not here", 409: "Not now"}
    return render_page(
        request,
        "web/refusal.html",
        {"title": titles.get(status, "That did not work"), "text": text},
        block="refusal",
        status=status,
    )
