"""Pages of organisations, composed of what several rooms know of them."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.organisations.actions import (
    CannotPublishMembershipClaim,
    declare_affiliation,
    end_affiliation,
    note_quoted_share,
    publish_membership_claim,
)
from auscult.organisations.queries import list_organisations
from auscult.organisations.rules import CATEGORY_WORDS, GRADE_WORDS, Category, Grade
from auscult.publishing.actions import reply_to_membership
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.standing import Standing
from auscult.web.queries import get_membership_page, get_organisation_page


@require_safe
def organisations(request: HttpRequest) -> HttpResponse:
    """All organisations."""
    return render_page(request, "web/organisation_list.html", {"organisations": list_organisations()})


@require_safe
@never_cache
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """One organisation."""
    return _organisation(request, slug)


def _organisation(request: HttpRequest, slug: str, error: str = "", status: int = 200) -> HttpResponse:
    page = get_organisation_page(standing_of(request), slug, clock.now(), request.GET.get("before", ""))
    return render_page(request, "web/organisation_read.html", {"page": page, "error": error}, status=status)


@require_safe
@never_cache
def membership(request: HttpRequest, slug: str) -> HttpResponse:
    """Membership figures of one organisation."""
    return _membership(request, slug)


def _membership(request: HttpRequest, slug: str, error: str = "", status: int = 200, at: str = "") -> HttpResponse:
    page = get_membership_page(standing_of(request), slug, clock.now())
    context = {
        "page": page,
        "categories": CATEGORY_WORDS,
        "grades": GRADE_WORDS,
        "error": error,
        "error_at": at,
        "entered": request.POST,
    }
    return render_page(request, "web/membership_read.html", context, status=status)


@require_POST
def membership_reply(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the page of membership figures in the name of its organisation."""
    return attempt(
        request,
        lambda: reply_to_membership(
            standing=standing_of(request), now=clock.now(), slug=slug, text=request.POST.get("text", "")
        ),
        done="Your reply stands under the figures and in the record.",
        to=reverse("web:membership-read", args=[slug]) + "#replies",
        show=lambda text, status: _membership(request, slug, text, status, "replies"),
    )


@require_POST
def affiliation(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that one belongs to an organisation, or does no more."""
    ends = request.POST.get("ends") == "yes"
    act = end_affiliation if ends else declare_affiliation
    return attempt(
        request,
        lambda: act(standing=standing_of(request), now=clock.now(), slug=slug),
        done="Taken back."
        if ends
        else "Noted. No member, client or reader sees it; it counts in groups of ten or more.",
        to=reverse("web:organisation-read", args=[slug]),
        show=lambda text, status: _organisation(request, slug, text, status),
    )


@require_POST
def claim_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Put membership figures on record."""
    return attempt(
        request,
        lambda: _publish(request, standing_of(request), slug),
        done="The figures stand on this page, and within seconds in the record.",
        to=reverse("web:membership-read", args=[slug]),
        show=lambda text, status: _membership(request, slug, text, status, "claim"),
    )


@require_POST
def quote_note(request: HttpRequest, slug: str) -> HttpResponse:
    """Note a share that was quoted, to be traced."""
    return attempt(
        request,
        lambda: _note_quote(request, standing_of(request), slug),
        done="The quoted share is traced above.",
        to=reverse("web:membership-read", args=[slug]) + "#quotes",
        show=lambda text, status: _membership(request, slug, text, status, "quote"),
    )


def _note_quote(request: HttpRequest, standing: Standing, slug: str) -> object:
    try:
        low, high = (float(request.POST.get(name, "").replace(",", ".")) / 100 for name in ("low", "high"))
        said_on = date.fromisoformat(request.POST.get("said_on", ""))
    except ValueError as error:
        raise CannotPublishMembershipClaim("Give both bounds in percent, and the date on which it was said.") from error
    return note_quoted_share(
        standing=standing,
        now=clock.now(),
        slug=slug,
        words=request.POST.get("words", "")[:20],
        low=low,
        high=high,
        said_by=request.POST.get("said_by", "")[:120],
        said_on=said_on,
        source=request.POST.get("source", "")[:300],
    )


def _publish(request: HttpRequest, standing: Standing, slug: str) -> object:
    counts = {}
    for category in Category:
        typed = request.POST.get(f"persons_{category.value}", "").replace(",", "").replace(" ", "")
        if not typed:
            continue
        persons = whole_number(typed)
        if persons is None or persons > 2_000_000_000:
            raise CannotPublishMembershipClaim(f"The number of {CATEGORY_WORDS[category]} must be a whole number.")
        definition = request.POST.get(f"definition_{category.value}", "")[:200]
        if not definition.strip():
            raise CannotPublishMembershipClaim(f"Say exactly who is counted among {CATEGORY_WORDS[category]}.")
        counts[category] = (persons, definition)
    try:
        as_of = date.fromisoformat(request.POST.get("as_of", ""))
    except ValueError as error:
        raise CannotPublishMembershipClaim("Give the date for which the figures hold.") from error
    if as_of > clock.now().date():
        raise CannotPublishMembershipClaim("The figures cannot be of a day to come.")
    grade = request.POST.get("grade", "")
    if grade not in list(Grade):
        raise CannotPublishMembershipClaim("Choose how good the evidence is.")
    return publish_membership_claim(
        standing=standing,
        now=clock.now(),
        slug=slug,
        as_of=as_of,
        counts=counts,
        source=request.POST.get("source", "")[:300],
        grade=Grade(grade),
    )
