"""The posting: read, vote, comment, rate on one screen; writing, editing, taking back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access
from auscult.community.actions import ties
from auscult.community.actions.comments import rate_usefulness
from auscult.community.actions.drafts import save_draft
from auscult.community.actions.notifying import note_seen
from auscult.community.actions.postings import (
    PollDraft,
    create_posting,
    edit_posting,
    restore_posting,
    retract_posting,
)
from auscult.community.models import Draft
from auscult.community.queries.drafts import find_draft_fields
from auscult.community.queries.history import get_history
from auscult.community.queries.pictures import get_draft_pictures
from auscult.community.queries.postings import get_posting_page, get_posting_poll
from auscult.community.rules import writing
from auscult.community.rules.cases import CASE_WORDS
from auscult.community.words import render
from auscult.organisations.queries import list_badges, list_speaking
from auscult.organisations.rules import Power
from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import MOST_CHOICES, Receipt, single_choice

POSTING = "community/posting_read.html"


def address(posting_id: int, number: int | None = None) -> str:
    """Address of a posting, or of a comment under it."""
    page = reverse("community:posting-read", args=[posting_id])
    return page if number is None else f"{page}?at={number}#comment-{number}"


@require_safe
def posting(request: HttpRequest, posting_id: int) -> HttpResponse:
    """A posting: read, vote, comment, rate, on one screen."""
    return show_posting(request, posting_id, block="more_comments")


def show_posting(
    request: HttpRequest,
    posting_id: int,
    *,
    block: str,
    template: str = POSTING,
    error: tuple[str, str] = ("", ""),
    entered: dict[str, Any] | None = None,
    receipt: Receipt | None = None,
    only: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a posting's page, or a block of it."""
    standing = standing_of(request)
    page = get_posting_page(
        standing,
        posting_id,
        clock.now(),
        begin=request.GET.get("from", ""),
        at=request.GET.get("at", ""),
        only=only,
    )
    if standing.member_id and request.method == "GET":
        if page.read_comments != page.comment_count:
            ties.note_reading(member_id=standing.member_id, posting_id=posting_id, comments=page.comment_count)
        _see(request, standing.member_id, posting_id)
    values = {
        "page": page,
        "usefulness_words": writing.USEFULNESS,
        "case_words": CASE_WORDS,
        "error_at": error[0],
        "error": error[1],
        "entered": entered or {},
        "receipt": json.dumps(receipt.as_json()) if receipt else "",
    }
    return render_page(request, template, values, block=block, status=status)


@require_safe
def poll(request: HttpRequest, posting_id: int) -> HttpResponse:
    """The live result as a fragment; unchanged figures cost one short answer."""
    box = get_posting_poll(standing_of(request), posting_id, clock.now())
    tag = f'"{box.shown_ballots}-{box.state}-{box.is_open:d}-{box.has_voted:d}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    if not getattr(request, "htmx", False):
        return redirect("community:posting-read", posting_id)
    response = show_posting(request, posting_id, block="live")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


def _see(request: HttpRequest, member_id: int, posting_id: int) -> None:
    """What the reader was told of a posting is seen; where nothing waits, as mostly, the database is not asked."""
    beside = getattr(request.session, "beside", {})
    if beside.get("unseen"):
        seen = note_seen(member_id=member_id, posting_id=posting_id, now=clock.now())
        beside["unseen"] = max(beside["unseen"] - seen, 0)


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
        return show_posting(request, posting_id, block="poll", error=("poll", str(refusal)), status=refusal.status)
    if not getattr(request, "htmx", False):
        messages.success(request, "Your ballot is counted. You can change it until the poll closes.")
        return redirect(address(posting_id) + "#poll")
    return show_posting(request, posting_id, block="poll", receipt=receipt)


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
        return show_posting(
            request, posting_id, block="usefulness", error=("usefulness", str(refusal)), status=refusal.status
        )
    if not getattr(request, "htmx", False):
        return redirect(address(posting_id) + "#usefulness")
    return show_posting(request, posting_id, block="usefulness")


@require_POST
def posting_tie(request: HttpRequest, posting_id: int, verb: str) -> HttpResponse:
    """Follow, mute or keep a posting, or no longer."""
    ties.tie_posting(
        standing=standing_of(request),
        now=clock.now(),
        posting_id=posting_id,
        verb=verb,
        on=request.POST.get("on") == "yes",
    )
    if not getattr(request, "htmx", False):
        return redirect(address(posting_id))
    return show_posting(request, posting_id, block="ties")


@require_safe
def posting_history(request: HttpRequest, posting_id: int) -> HttpResponse:
    """What a posting, or a comment under it, said before."""
    number = whole_number(request.GET.get("comment"))
    page = get_history(standing_of(request), posting_id, number)
    return render_page(request, "community/history_read.html", {"page": page})


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How Markdown will look."""
    access.require_reading(standing_of(request))
    body = request.POST.get("body", "")[: writing.LONGEST_POSTING]
    return render_page(request, "community/preview.html", {"html": render(body).html}, block="words")


def posting_create(request: HttpRequest) -> HttpResponse:
    """Write a posting, with a question or without; or one in the name of an organisation."""
    standing = standing_of(request)
    badges = list_badges(standing, Power.POST)
    if not badges:
        standing.require(Permission.POSTING_CREATE, "Only members whose verification is valid post.")
        access.require_handle(standing)
    draft_id, stored = _find_draft(request)
    entered = {
        "title": request.POST.get("title", stored.get("title", "")),
        "body": request.POST.get("body", stored.get("body", "")),
        "topic": request.POST.get("topic", stored.get("topic", request.GET.get("topic", ""))),
        "question": request.POST.get("question", stored.get("question", "")),
        "choices": request.POST.get("choices", stored.get("choices", "")),
        "days": request.POST.get("days", stored.get("days", "7")),
        "compared_with": request.POST.get("compared_with", stored.get("compared_with", ""))[:50],
        "organisation": request.POST.get(
            "organisation", stored.get("organisation", request.GET.get("organisation", ""))
        ),
    }
    error, status = "", 200
    if request.POST.get("do") == "pictures":
        draft_id = save_draft(
            standing=standing,
            now=clock.now(),
            draft_id=draft_id,
            kind=Draft.Kind.POSTING,
            posting_id=None,
            parent=0,
            fields=entered,
        )
        return redirect("community:draft-pictures", draft_id)
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
                draft_id=draft_id,
                organisation_id=whole_number(entered["organisation"]),
            )
        except Refused as refusal:
            error, status = str(refusal), refusal.status
        else:
            return redirect("community:posting-read", created.pk)
    values = {
        "topics": list(Topic.objects.all()),
        "organisations": list_speaking(),
        "badges": badges,
        "entered": entered,
        "draft_id": draft_id or "",
        "pictures": get_draft_pictures(standing, draft_id).pictures if draft_id else [],
        "error": error,
        "most_choices": MOST_CHOICES,
    }
    return render_page(request, "community/posting_create.html", values, status=status)


def _find_draft(request: HttpRequest) -> tuple[int | None, dict[str, str]]:
    """The draft that is written on, and what it holds. One that is gone must not take the words along that are sent now."""
    draft_id = whole_number(request.POST.get("draft", request.GET.get("draft")))
    if not draft_id:
        return None, {}
    try:
        return draft_id, find_draft_fields(standing_of(request), draft_id)
    except NotFound:
        if request.method == "POST":
            return None, {}
        raise


def _poll_draft(entered: dict[str, str], now: datetime) -> PollDraft | None:
    labels = [line.strip() for line in entered["choices"].splitlines() if line.strip()]
    if not entered["question"].strip() and not labels:
        return None
    days = whole_number(entered["days"]) or 7
    choices = tuple(Choice(f"c{index}", label) for index, label in enumerate(labels, start=1))
    question = single_choice("q1", entered["question"], choices)
    return PollDraft((question,), now + timedelta(days=min(max(days, 1), 60)), compared_with=entered["compared_with"])


def posting_edit(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Change the words of one's posting."""
    found = access.load_posting_to_change(standing_of(request), posting_id)
    entered = {"title": request.POST.get("title", found.title), "body": request.POST.get("body", found.body)}

    def show(error: str, status: int) -> HttpResponse:
        values = {"posting": found, "entered": entered, "error": error}
        return render_page(request, "community/posting_edit.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    return attempt(
        request,
        lambda: edit_posting(standing=standing_of(request), now=clock.now(), posting_id=posting_id, **entered),
        done="Changed. What it said before stays readable.",
        to=address(posting_id),
        show=show,
    )


@require_POST
def posting_retract(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Take one's posting back, or undo that."""
    undo = request.POST.get("undo") == "yes"
    act = restore_posting if undo else retract_posting
    return attempt(
        request,
        lambda: act(standing=standing_of(request), now=clock.now(), posting_id=posting_id),
        done="It is back." if undo else "Taken back. You can undo this on its page.",
        to=address(posting_id),
        show=lambda error, status: show_posting(
            request, posting_id, block="posting", error=("posting", error), status=status
        ),
    )
