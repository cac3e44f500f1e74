"""What stands around every view: refusals become pages that say what to do, and public pages are kept for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.cache import CacheMiddleware

from auscult.shared.pages import render_page, standing_of
from auscult.shared.refusals import NotAllowed, Refused


class PlainTextMiddleware:
    """Refuses NUL characters in addresses and forms: no text holds one, and PostgreSQL takes none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        if "\0" in request.path or any("\0" in v for values in request.GET.lists() for v in (values[0], *values[1])):
            return HttpResponse("There is a NUL character in this address.", status=400, content_type="text/plain")
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, arguments: object, keywords: object
    ) -> HttpResponse | None:
        """Look at the form after the CSRF check, which reads it first."""
        if request.method == "POST":
            for key, values in request.POST.lists():
                if "\0" in key or any("\0" in str(value) for value in values):
                    return refusal_page(
                        request, "There is a NUL character in what you sent. Remove it and send again.", 400
                    )
        return None


class SharedBrowserMiddleware:
    """Tells the browser to delete what it keeps for a member whose session ends: by signing out, leaving, or erasing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        signed_in = request.method == "POST" and request.user.is_authenticated
        response = self.get_response(request)
        if signed_in and not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"storage"'
        return response


class RefusalMiddleware:
    """Answers ``Refused`` with its status; sends readers who are not signed in to the log-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET":
            return refusal_page(
                request, "This address only takes a form. Go back to the page that the form is on.", 405
            )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; leave everything else to Django."""
        if not isinstance(exception, Refused):
            return None
        text = str(exception)
        if isinstance(exception, NotAllowed) and standing_of(request).is_reader:
            if request.method == "GET":
                return redirect_to_login(request.get_full_path())
            text = f"You are not signed in any more. Copy what you wrote, sign in, and send it again. {text}"
        return refusal_page(request, text, exception.status)


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


#: Pages that are the same for everybody who is not signed in: what newspapers and search engines come for.
PUBLIC_ROUTES = frozenset(
    {
        "web:home", "web:organisation-list", "web:organisation-read", "publishing:release-list", "publishing:release-read",
        "publishing:record-read", "publishing:check-read", "publishing:entry-read", "voice:mandate-list", "voice:mandate-read",
        "voice:position-list", "voice:position-read", "voice:appeal-list", "voice:appeal-read", "voice:issue-list",
        "voice:issue-read", "partnerships:agreement-list", "partnerships:agreement-read", "community:ranking-read",
        "community:rules-read", "community:moderation-log", "community:moderation-figures",
    }
)  # fmt: skip


class PublicPageMiddleware(CacheMiddleware):
    """Keeps public pages for some seconds, for readers who bring no cookie at all; nobody else is given a kept page.

    It stands before sessions and accounts, so that a kept page costs neither. What sets a cookie is not kept.
    """

    def process_request(self, request: HttpRequest) -> Any:
        """Answer from what is kept."""
        if request.COOKIES or "HX-Request" in request.headers:
            request._cache_update_cache = False  # type: ignore[attr-defined]
            return None
        return super().process_request(request)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Keep a page that may be kept."""
        match = request.resolver_match
        if match is None or match.view_name not in PUBLIC_ROUTES or response.cookies:
            return response
        return super().process_response(request, response)
