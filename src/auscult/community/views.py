"""Pages of the community. Every htmx request works as a full page first."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access, rules
from auscult.community.actions import PollDraft, add_comment, create_posting, rate_usefulness
from auscult.community.queries import get_feed, get_posting_page, get_posting_poll
from auscult.organisations.queries import list_speaking
from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import render_page, standing_of, whole_number
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import MOST_CHOICES, Receipt, single_choice

POSTING = "community/posting_read.html"


@require_safe
def feed(request: HttpRequest, topic: str = "") -> HttpResponse:
    """Newest postings."""
    page = get_feed(standing_of(request), topic=topic, before=request.GET.get("before", ""))
    return render_page(request, "community/feed_read.html", {"page": page}, block="postings")


@require_safe
def posting(request: HttpRequest, posting_id: int) -> HttpResponse:
    """A posting: read, vote, comment, rate, on one screen."""
    return _posting(request, posting_id, block="more_comments")


def _posting(
    request: HttpRequest,
    posting_id: int,
    *,
    block: str,
    error: tuple[str, str] = ("", ""),
    entered: dict[str, Any] | None = None,
    receipt: Receipt | None = None,
    status: int = 200,
) -> HttpResponse:
    page = get_posting_page(standing_of(request), posting_id, clock.now(), after=request.GET.get("after", ""))
    return render_page(
        request,
        POSTING,
        {
            "page": page,
            "usefulness_words": rules.USEFULNESS,
            "error_at": error[0],
            "error": error[1],
            "entered": entered or {},
            "receipt": json.dumps(receipt.as_json()) if receipt else "",
        },
        block=block,
        status=status,
    )


@require_safe
def poll(request: HttpRequest, posting_id: int) -> HttpResponse:
    """The live result as a fragment; unchanged figures cost one short answer."""
    box = get_posting_poll(standing_of(request), posting_id, clock.now())
    tag = f'"{box.shown_ballots}-{box.state}-{box.is_open:d}-{box.has_voted:d}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    if not getattr(request, "htmx", False):
        return redirect("community:posting-read", posting_id)
    response = _posting(request, posting_id, block="live")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


@require_POST
def ballot_cast(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Vote, or change the vote."""
    standing, now = standing_of(request), clock.now()
    found = access.load_posting_to_read(standing, posting_id)
    if found.survey_id is None:
        raise NotFound
    answers = {k.removeprefix("answer_"): str(v) for k, v in request.POST.items() if k.startswith("answer_") and v}
    nonces = {k.removeprefix("nonce_"): str(v) for k, v in request.POST.items() if k.startswith("nonce_") and v}
    try:
        receipt = cast_ballot(standing=standing, now=now, survey_id=found.survey_id, answers=answers, nonces=nonces)
    except NotFound:
        raise
    except Refused as refusal:
        return _posting(request, posting_id, block="poll", error=("poll", str(refusal)), status=refusal.status)
    if not getattr(request, "htmx", False):
        messages.success(request, "Your ballot is counted. You can change it until the poll closes.")
        return redirect(reverse("community:posting-read", args=[posting_id]) + "#poll")
    return _posting(request, posting_id, block="poll", receipt=receipt)


@require_POST
def comment_create(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Comment."""
    body, parent = request.POST.get("body", ""), request.POST.get("parent", "")
    try:
        comment = add_comment(
            standing=standing_of(request),
            now=clock.now(),
            posting_id=posting_id,
            body=body,
            parent_id=whole_number(parent),
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _posting(
            request,
            posting_id,
            block="comments",
            error=("comment", str(refusal)),
            entered={"body": body, "parent": parent},
            status=refusal.status,
        )
    if not getattr(request, "htmx", False):
        return redirect(reverse("community:posting-read", args=[posting_id]) + f"#comment-{comment.pk}")
    return _posting(request, posting_id, block="comments")


@require_POST
def usefulness_rate(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Rate usefulness."""
    value = whole_number(request.POST.get("value"))
    try:
        rate_usefulness(
            standing=standing_of(request),
            now=clock.now(),
            posting_id=posting_id,
            value=-1 if value is None else value,
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _posting(
            request, posting_id, block="usefulness", error=("usefulness", str(refusal)), status=refusal.status
        )
    if not getattr(request, "htmx", False):
        return redirect(reverse("community:posting-read", args=[posting_id]) + "#usefulness")
    return _posting(request, posting_id, block="usefulness")


def posting_create(request: HttpRequest) -> HttpResponse:
    """Write a posting, with a question or without."""
    standing = standing_of(request)
    standing.require(Permission.POSTING_CREATE, "Only members whose verification is valid post.")
    access.require_handle(standing)
    entered = {
        "title": request.POST.get("title", ""),
        "body": request.POST.get("body", ""),
        "topic": request.POST.get("topic", request.GET.get("topic", "")),
        "question": request.POST.get("question", ""),
        "choices": request.POST.get("choices", ""),
        "days": request.POST.get("days", "7"),
        "compared_with": request.POST.get("compared_with", "")[:50],
    }
    error, status = "", 200
    if request.method == "POST":
        now = clock.now()
        try:
            created = create_posting(
                standing=standing,
                now=now,
                title=entered["title"],
                body=entered["body"],
                topic=entered["topic"],
                poll=_poll_draft(entered, now),
            )
        except Refused as refusal:
            error, status = str(refusal), refusal.status
        else:
            return redirect("community:posting-read", created.pk)
    return render_page(
        request,
        "community/posting_create.html",
        {
            "topics": list(Topic.objects.all()),
            "organisations": list_speaking(),
            "entered": entered,
            "error": error,
            "most_choices": MOST_CHOICES,
        },
        status=status,
    )


def _poll_draft(entered: dict[str, str], now: Any) -> PollDraft | None:
    labels = [line.strip() for line in entered["choices"].splitlines() if line.strip()]
    if not entered["question"].strip() and not labels:
        return None
    days = whole_number(entered["days"]) or 7
    choices = tuple(Choice(f"c{index}", label) for index, label in enumerate(labels, start=1))
    question = single_choice("q1", entered["question"], choices)
    return PollDraft((question,), now + timedelta(days=min(max(days, 1), 60)), compared_with=entered["compared_with"])
