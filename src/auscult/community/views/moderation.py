"""Reporting words; the moderators' queue; statements and appeals; the public log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access
from auscult.community.actions.moderation import (
    Details,
    appeal_decision,
    begin_staff_session,
    decide_appeal,
    end_staff_session,
    flag_words,
    take_measure,
)
from auscult.community.queries.moderation import get_queue, get_statement, list_log, list_months
from auscult.community.rules import moderation as rules
from auscult.community.views.postings import address
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.roles import Permission


def words_flag(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Report a posting or a comment."""
    standing = standing_of(request)
    standing.require(Permission.WORDS_FLAG, "Only members whose verification is valid report words.")
    posting = access.load_posting_to_read(standing, posting_id)
    number = whole_number(request.POST.get("comment", request.GET.get("comment")))

    def show(error: str, status: int) -> HttpResponse:
        values = {
            "posting_id": posting_id,
            "number": number,
            "is_case": bool(posting.case_state) and number is None,
            "reasons": rules.FLAG_WORDS,
            "chosen": request.POST.get("reason", ""),
            "words": request.POST.get("words", ""),
            "error": error,
        }
        return render_page(request, "community/words_flag.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    return attempt(
        request,
        lambda: flag_words(
            standing=standing,
            now=clock.now(),
            posting_id=posting_id,
            number=number,
            reason=request.POST.get("reason", ""),
            words=request.POST.get("words", ""),
        ),
        done="Thank you. A moderator will look; nobody sees that it was you.",
        to=address(posting_id, number),
        show=show,
    )


@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for moderators; a form on it begins or ends a session."""
    standing, now = standing_of(request), clock.now()
    if request.method != "POST":
        return _queue(request)
    if request.POST.get("do") == "end":
        end_staff_session(standing=standing, now=now)
        return redirect("community:moderation-queue")
    return attempt(
        request,
        lambda: begin_staff_session(standing=standing, now=now, reason=request.POST.get("reason", "")),
        done="Your session has begun; it ends in an hour.",
        to=reverse("community:moderation-queue"),
        show=lambda error, status: _queue(request, error, status),
    )


def _queue(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    values = {
        "page": get_queue(standing_of(request), clock.now()),
        "measures": rules.MEASURE_WORDS,
        "rules": rules.RULE_WORDS,
        "flag_words": rules.FLAG_WORDS,
        "error": error,
        "posted": {key: str(value) for key, value in request.POST.items()},
    }
    return render_page(request, "community/moderation_queue.html", values, status=status)


@require_POST
def measure_take(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Decide about words."""
    posted = request.POST
    return attempt(
        request,
        lambda: take_measure(
            standing=standing_of(request),
            now=clock.now(),
            posting_id=posting_id,
            number=whole_number(posted.get("comment")),
            measure=posted.get("measure", ""),
            rule=posted.get("rule", ""),
            passage=posted.get("passage", ""),
            reason=posted.get("reason", ""),
            details=Details(
                60 * (whole_number(posted.get("minutes")) or 0), posted.get("topic", ""), posted.get("title", "")
            ),
        ),
        done="Decided. The author is told what, why, and how to appeal.",
        to=reverse("community:moderation-queue"),
        show=lambda error, status: _queue(request, error, status),
    )


@never_cache
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    """A decision about one's words, with its reason; here one appeals."""
    standing, now = standing_of(request), clock.now()
    standing.require_member()

    def show(error: str, status: int) -> HttpResponse:
        values = {
            "page": get_statement(standing, decision_id, now),
            "measures": rules.MEASURE_WORDS,
            "rules": rules.RULE_WORDS,
            "appeal_days": rules.APPEAL_DAYS,
            "text": request.POST.get("text", ""),
            "error": error,
        }
        return render_page(request, "community/decision_read.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    return attempt(
        request,
        lambda: appeal_decision(standing=standing, now=now, decision_id=decision_id, text=request.POST.get("text", "")),
        done="Your appeal is in. Somebody else than the first moderator decides.",
        to=reverse("community:decision-read", args=[decision_id]),
        show=show,
    )


@require_POST
def appeal_decide(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Decide an appeal."""
    return attempt(
        request,
        lambda: decide_appeal(
            standing=standing_of(request),
            now=clock.now(),
            decision_id=decision_id,
            outcome=request.POST.get("outcome", ""),
            reason=request.POST.get("reason", ""),
        ),
        done="Decided. Both are told.",
        to=reverse("community:moderation-queue"),
        show=lambda error, status: _queue(request, error, status),
    )


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """The public log of decisions."""
    lines, next_before = list_log(request.GET.get("before", ""))
    values = {"lines": lines, "next_before": next_before, "measures": rules.MEASURE_WORDS}
    return render_page(request, "community/moderation_log.html", values, block="lines")


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Moderation by month, public."""
    return render_page(request, "community/moderation_figures.html", {"months": list_months()})


@require_safe
def place_rules(request: HttpRequest) -> HttpResponse:
    """The rules of this place, public."""
    values = {"place_rules": rules.RULE_WORDS, "rules": rules}
    return render_page(request, "community/rules_read.html", values)
