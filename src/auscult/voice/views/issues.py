"""Pages of issues."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice.actions import issues as actions
from auscult.voice.queries.issues import get_issue_page, list_issues
from auscult.voice.rules import StepKind


def _may_open(standing: Standing) -> bool:
    return standing.can(Permission.ISSUE_OPEN) or standing.can(Permission.ISSUE_KEEP)


@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    """Issues, the newest first."""
    may_open = _may_open(standing_of(request))
    return render_page(request, "voice/issue_list.html", {"issues": list_issues(), "may_open": may_open})


@require_safe
@never_cache
def issue(request: HttpRequest, issue_id: int) -> HttpResponse:
    """One issue as a timeline."""
    return _issue(request, issue_id)


def _issue(request: HttpRequest, issue_id: int, error: str = "", status: int = 200) -> HttpResponse:
    now = clock.now()
    page = get_issue_page(standing_of(request), issue_id, now)
    return render_page(
        request,
        "voice/issue_read.html",
        {"page": page, "now": now, "error": error, "entered": request.POST},
        status=status,
    )


def create(request: HttpRequest) -> HttpResponse:
    """Open an issue."""
    standing = standing_of(request)
    if not _may_open(standing):
        standing.require(Permission.ISSUE_OPEN, "Only members whose verification is valid open issues.")
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.open_issue(
                standing=standing,
                now=clock.now(),
                title=request.POST.get("title", ""),
                topic=request.POST.get("topic", "")[:50],
                summary=request.POST.get("summary", ""),
            ),
            done="The issue is open. Add what belongs to it.",
            to=lambda made: reverse("voice:issue-read", args=[made.pk]),
            show=lambda text, status: _form(request, text, status),
        )
    return _form(request)


def _form(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    context = {"topics": list(Topic.objects.all()), "error": error, "entered": request.POST}
    return render_page(request, "voice/issue_open.html", context, status=status)


@require_POST
def step(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Add something to an issue."""
    kind = request.POST.get("kind", "")
    return attempt(
        request,
        lambda: _step(standing_of(request), issue_id, kind, request.POST.get("number")),
        done="Added.",
        to=reverse("voice:issue-read", args=[issue_id]),
        show=lambda text, status: _issue(request, issue_id, text, status),
    )


def _last_number(text: str) -> int:
    """The last number of what was typed: a number, or an address that ends with one."""
    found = re.findall(r"[0-9]{1,18}", text)
    return int(found[-1]) if found else 0


def _step(standing: Standing, issue_id: int, kind: str, number: str | None) -> object:
    if kind not in list(StepKind):
        raise actions.CannotAddStep("Choose what to add.")
    return actions.add_step(
        standing=standing, now=clock.now(), issue_id=issue_id, kind=StepKind(kind), number=_last_number(number or "")
    )


@require_POST
def remove(request: HttpRequest, issue_id: int) -> HttpResponse:
    """Take something out of an issue."""
    step_id = whole_number(request.POST.get("step")) or 0
    return attempt(
        request,
        lambda: actions.remove_step(standing=standing_of(request), now=clock.now(), issue_id=issue_id, step_id=step_id),
        done="Taken out.",
        to=reverse("voice:issue-read", args=[issue_id]),
        show=lambda text, status: _issue(request, issue_id, text, status),
    )


@require_POST
def close(request: HttpRequest, issue_id: int) -> HttpResponse:
    """End an issue."""
    outcome = request.POST.get("outcome", "")
    return attempt(
        request,
        lambda: actions.close_issue(standing=standing_of(request), now=clock.now(), issue_id=issue_id, outcome=outcome),
        done="The issue has ended; everybody who took part sees it.",
        to=reverse("voice:issue-read", args=[issue_id]),
        show=lambda text, status: _issue(request, issue_id, text, status),
    )
