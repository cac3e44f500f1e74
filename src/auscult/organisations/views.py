"""Forms of the organisations' room."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from auscult.organisations.actions import (
    CannotPublishMembershipClaim,
    declare_affiliation,
    end_affiliation,
    publish_membership_claim,
)
from auscult.organisations.rules import CATEGORY_WORDS, Category, Grade
from auscult.shared import clock
from auscult.shared.pages import attempt, standing_of, whole_number
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


@require_POST
def affiliation(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that one belongs to an organisation, or does no more."""
    ends = request.POST.get("ends") == "yes"
    act = end_affiliation if ends else declare_affiliation
    return attempt(
        request,
        lambda: act(standing=standing_of(request), now=clock.now(), slug=slug),
        done="Taken back." if ends else "Noted. Nobody sees it; it counts in groups of ten or more.",
        to=reverse("web:organisation-read", args=[slug]),
        show=_raise,
    )


def _raise(text: str, status: int) -> HttpResponse:
    refusal = Refused(text)
    refusal.status = status
    raise refusal


@require_POST
def claim_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Put membership figures on record."""
    return attempt(
        request,
        lambda: _publish(request, standing_of(request), slug),
        done="The figures stand on this page, and within seconds in the record.",
        to=reverse("web:membership-read", args=[slug]),
        show=_raise,
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
        counts[category] = (persons, definition or CATEGORY_WORDS[category])
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
