"""Members' pages, connections, search."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.community.actions.connections import CannotStateConnection, end_connection, state_connection
from auscult.community.actions.ties import mute_member
from auscult.community.models import Connection
from auscult.community.queries.colleagues import get_colleague
from auscult.community.queries.search import KINDS, Search, find_words
from auscult.community.rules.connections import CONNECTION_WORDS, SHOWN_MONTHS
from auscult.registry.taxonomy import group_names
from auscult.shared import clock
from auscult.shared.pages import Entered, attempt, render_page, standing_of, whole_number
from auscult.shared.topics import list_topics


@require_safe
def colleague(request: HttpRequest, handle: str) -> HttpResponse:
    """A member as colleagues see it."""
    page = get_colleague(standing_of(request), handle, request.GET.get("before", ""))
    return render_page(request, "community/colleague_read.html", {"page": page}, block="texts")


@require_POST
def member_mute(request: HttpRequest, handle: str) -> HttpResponse:
    """Mute a member, or no longer."""
    mute = request.POST.get("on") == "yes"
    return attempt(
        request,
        lambda: mute_member(standing=standing_of(request), now=clock.now(), handle=handle, mute=mute),
        done="Muted, for you alone; the other never learns of it." if mute else "No longer muted.",
        to=reverse("community:colleague-read", args=[handle]),
        show=lambda error, status: render_page(
            request,
            "community/colleague_read.html",
            {"page": get_colleague(standing_of(request), handle), "error": error},
            status=status,
        ),
    )


def connections(request: HttpRequest) -> HttpResponse:
    """One's connections: what is stated, and a form for another."""
    standing = standing_of(request)
    member = standing.require_member()

    def show(error: str, status: int) -> HttpResponse:
        values = {
            "connections": Connection.objects.filter(member_id=member).prefetch_related("topics").order_by("-pk"),
            "kinds": CONNECTION_WORDS,
            "topics": list_topics(),
            "months": SHOWN_MONTHS,
            "entered": Entered({key: str(value) for key, value in request.POST.items()}),
            "error": error,
        }
        return render_page(request, "community/connection_list.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    posted = request.POST

    def act() -> object:
        return state_connection(
            standing=standing,
            now=clock.now(),
            kind=posted.get("kind", ""),
            party=posted.get("party", ""),
            product_class=posted.get("product_class", ""),
            topics=posted.getlist("topics"),
            began_on=_day(posted.get("began_on", "")),
            ended_on=_day(posted.get("ended_on", "")),
        )

    return attempt(
        request,
        act,
        done="Stated. It is shown wherever your words appear.",
        to=reverse("community:connection-list"),
        show=show,
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CannotStateConnection("Write days as year-month-day, for example 2009-03-01.") from error


@require_POST
def connection_end(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Say that a connection has ended."""
    end_connection(standing=standing_of(request), now=clock.now(), connection_id=connection_id)
    return redirect("community:connection-list")


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Search in postings and comments."""
    asked = request.GET
    looked_for = Search(
        asked.get("q", "").strip(),
        asked.get("kind", ""),
        asked.get("topic", ""),
        asked.get("specialty", ""),
        asked.get("author", "").strip()[:30],
        _day_or_none(asked.get("since", "")),
        _day_or_none(asked.get("until", "")),
        "newest" if asked.get("order") == "newest" else "best",
    )
    number = whole_number(asked.get("page")) or 0
    page = find_words(standing_of(request), looked_for, number)
    rest = asked.copy()
    rest["page"] = str(page.next_page)
    instead = asked.copy()
    instead["q"] = page.instead
    values = {"page": page, "kinds": KINDS, "groups": group_names(), "next_query": rest.urlencode()}
    values["instead_query"] = instead.urlencode()
    return render_page(request, "community/search_read.html", values, block="hits")


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
