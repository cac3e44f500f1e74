"""Pages of mandates."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of
from auscult.shared.standing import READER
from auscult.statistics.mandates import Stance
from auscult.voice import rules
from auscult.voice.actions.mandates import CannotStateMandate, revoke_mandate, state_mandate, state_nobody
from auscult.voice.queries.mandates import get_topic_page, list_topics


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """Topics, and what the newest count says of each organisation."""
    return render_page(request, "voice/mandate_list.html", {"topics": list_topics(), "badges": rules.BADGE_WORDS})


@require_safe
@never_cache
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    """Who speaks for us on one topic."""
    return _topic(request, topic)


def _topic(request: HttpRequest, topic: str, error: str = "", status: int = 200) -> HttpResponse:
    page = get_topic_page(standing_of(request), topic, clock.now())
    return render_page(
        request,
        "voice/mandate_read.html",
        {"page": page, "stances": rules.STANCE_WORDS, "badges": rules.BADGE_WORDS, "error": error},
        status=status,
    )


@require_safe
def topic_json(request: HttpRequest, topic: str) -> HttpResponse:
    """The newest figures of one topic as data; the same for everybody."""
    page = get_topic_page(READER, topic, clock.now())
    response = JsonResponse(
        {
            "topic": page.slug,
            "of": "verified members here",
            "counted_at": page.snapshot.taken_at.isoformat() if page.snapshot else None,
            "eligible": page.snapshot.eligible if page.snapshot else None,
            "organisations": page.figures,
            "record_index": page.snapshot.record_index if page.snapshot else None,
        }
    )
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_POST
def state(request: HttpRequest, topic: str) -> HttpResponse:
    """State, renew or change what one says of an organisation, or say «nobody»."""
    return attempt(
        request,
        lambda: _state(request, topic),
        done=(
            "Noted, for 12 months; what you said of organisations here is taken back."
            if request.POST.get("stance") == rules.NOBODY
            else "Noted, for 12 months. It counts from the next monthly count on; you can take it back at any time."
        ),
        to=reverse("voice:mandate-read", args=[topic]) + "#own",
        show=lambda text, status: _topic(request, topic, text, status),
    )


def _state(request: HttpRequest, topic: str) -> None:
    standing, now = standing_of(request), clock.now()
    organisation, stance = request.POST.get("organisation", ""), request.POST.get("stance", "")
    if stance == rules.NOBODY:
        state_nobody(standing=standing, now=now, topic=topic)
        return
    if stance not in list(Stance):
        raise CannotStateMandate("Choose one of the answers.")
    state_mandate(standing=standing, now=now, topic=topic, organisation=organisation, stance=Stance(stance))


@require_POST
def revoke(request: HttpRequest, topic: str) -> HttpResponse:
    """Take a statement back."""
    organisation = request.POST.get("organisation", "")
    return attempt(
        request,
        lambda: revoke_mandate(standing=standing_of(request), now=clock.now(), topic=topic, organisation=organisation),
        done="Taken back, at once.",
        to=reverse("voice:mandate-read", args=[topic]) + "#own",
        show=lambda text, status: _topic(request, topic, text, status),
    )
