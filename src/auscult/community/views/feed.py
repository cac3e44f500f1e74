"""The feed, and how it is ranked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access
from auscult.community.actions.ties import follow_topic
from auscult.community.queries.feed import KINDS, get_feed
from auscult.community.rules import ranking
from auscult.registry.taxonomy import group_names
from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of


@require_safe
def feed(request: HttpRequest, topic: str = "") -> HttpResponse:
    """Postings, ranked or newest first."""
    page = get_feed(
        standing_of(request),
        topic=topic,
        order=request.GET.get("order", ""),
        specialty=request.GET.get("specialty", ""),
        kind=request.GET.get("kind", ""),
        after=request.GET.get("after", ""),
    )
    values = {"page": page, "kinds": KINDS, "groups": group_names()}
    return render_page(request, "community/feed_read.html", values, block="postings")


@require_safe
def ranking_explained(request: HttpRequest) -> HttpResponse:
    """How the feed is ranked."""
    access.require_reading(standing_of(request))
    return render_page(request, "community/ranking_read.html", {"rules": ranking})


@require_POST
def topic_follow(request: HttpRequest, topic: str) -> HttpResponse:
    """Follow a topic, or no longer."""
    follow_topic(
        standing=standing_of(request), now=clock.now(), topic=topic, follow=request.POST.get("follow") == "yes"
    )
    return redirect("community:topic-read", topic)
