"""Notifications, and how one wants to be told."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from auscult.community.actions import notifying
from auscult.community.queries.notifications import get_place, get_wishes, list_notifications
from auscult.community.rules.notifying import ALWAYS_TOLD, KIND_WORDS, RHYTHM_WORDS, Kind
from auscult.community.views.postings import address
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.topics import list_topics


@require_safe
@never_cache
def notifications(request: HttpRequest) -> HttpResponse:
    """What one was told."""
    page = list_notifications(standing_of(request), request.GET.get("before", ""))
    return render_page(request, "community/notification_list.html", {"page": page}, block="lines")


@require_safe
@never_cache
def notification_open(request: HttpRequest, notification_id: int) -> HttpResponse:
    """Go to what a notification is about; all of the same thread count as seen."""
    standing = standing_of(request)
    place = get_place(standing, notification_id)
    if place.posting_id is None:
        return redirect("community:notification-list")
    notifying.note_seen(member_id=standing.require_member(), posting_id=place.posting_id, now=clock.now())
    if place.decision_id is not None:
        return redirect("community:decision-read", place.decision_id)
    return redirect(address(place.posting_id, place.number))


@require_POST
def notifications_see(request: HttpRequest) -> HttpResponse:
    """Mark everything as seen."""
    notifying.note_seen(member_id=standing_of(request).require_member(), posting_id=None, now=clock.now())
    return redirect("community:notification-list")


def wishes_set(request: HttpRequest) -> HttpResponse:
    """How one wants to be told."""
    standing = standing_of(request)

    def show(error: str, status: int) -> HttpResponse:
        values = {
            "page": get_wishes(standing, settings.TIME_ZONE),
            "kinds": KIND_WORDS,
            "rhythms": RHYTHM_WORDS,
            "always": ALWAYS_TOLD,
            "topics": list_topics(),
            "zones": sorted(available_timezones()),
            "error": error,
        }
        return render_page(request, "community/wishes_set.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    posted = request.POST
    return attempt(
        request,
        lambda: notifying.set_wishes(
            standing=standing,
            now=clock.now(),
            rhythms={kind.value: posted[f"kind_{kind}"] for kind in Kind if f"kind_{kind}" in posted},
            topics={
                key.removeprefix("topic_"): str(value) for key, value in posted.items() if key.startswith("topic_")
            },
            time_zone=posted.get("time_zone", ""),
            quiet_from=_hour(posted.get("quiet_from")),
            quiet_until=_hour(posted.get("quiet_until")),
        ),
        done="Saved. Mails come as you said from now on.",
        to=reverse("community:wishes-set"),
        show=show,
    )


def _hour(text: str | None) -> int:
    hour = whole_number(text)
    return -1 if hour is None else hour


@csrf_exempt
def unsubscribed(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail. Opening it asks; mail programs post to it without a page (RFC 8058), hence no token of a form."""
    if request.method == "POST":
        notifying.unsubscribe(standing=standing_of(request), now=clock.now(), token=token)
        if "List-Unsubscribe" in request.POST:
            return HttpResponse(status=200)
        messages.success(request, "You get no more of these mails. You can change that in your settings.")
        return redirect("web:home")
    return render_page(request, "community/unsubscribe.html", {})
