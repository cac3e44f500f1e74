"""Home, errors, and the pages for developers."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of
from auscult.shared.refusals import NotFound
from auscult.web.middleware import refusal_page
from auscult.web.queries import (
    get_home,
    get_own_page,
    list_mails,
)
from auscult.web.tour import stops


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return render_page(request, "web/home.html", {"page": get_home(clock.now())})


@require_safe
def tour(request: HttpRequest) -> HttpResponse:
    """The tour of a demonstration."""
    if not settings.DEMO:
        raise NotFound
    return render_page(request, "web/tour.html", {"stops": stops()})


@require_safe
@never_cache
def own(request: HttpRequest) -> HttpResponse:
    """What is one's own."""
    return render_page(request, "web/own.html", {"page": get_own_page(standing_of(request), clock.now())})


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every component, for whoever builds pages."""
    if not (settings.DEBUG or settings.KEEP_MAIL):
        raise NotFound
    return render_page(request, "web/components.html", {})


@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """Every mail of a development instance."""
    if not settings.KEEP_MAIL:
        raise NotFound
    return render_page(request, "web/mail.html", {"mails": list_mails()})


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether web server and database answer."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that came from elsewhere or from an old page."""
    return refusal_page(
        request, "This form is too old or came from another page. Go back, reload the page and send it again.", 403
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No such address."""
    return refusal_page(request, "There is no such page, or it is not for you.", 404)


def failed(request: HttpRequest) -> HttpResponse:
    """An error of ours; without the shell, which may be what failed."""
    return HttpResponse(
        "<!doctype html><html lang=en><title>Something failed</title><h1>Something failed on our side</h1>"
        "<p>It was noted. Nothing was half written. <a href=/>To the front page</a></p></html>",
        status=500,
    )
