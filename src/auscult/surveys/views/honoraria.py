"""Honoraria: one's own statement, and the book of a survey."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.surveys.actions.honoraria import (
    approve_honoraria,
    list_payouts,
    pay_honoraria,
    refuse_honorarium,
)
from auscult.surveys.exports.labels import safe_cell
from auscult.surveys.queries.honoraria import get_ledger, list_own_honoraria

STEP_WORDS = {
    "offer": "offered",
    "earn": "earned, to be approved",
    "approve": "approved, to be paid",
    "refuse": "refused",
    "pay": "paid",
    "lapse": "lapsed",
}


def _csv(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    # Excel reads UTF-8 only with its mark.
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_safe
@never_cache
def honoraria(request: HttpRequest) -> HttpResponse:
    """One's own statement, as a page or as csv."""
    lines = list_own_honoraria(standing_of(request))
    if request.GET.get("as") == "csv":
        header = ("survey", "currency", "amount", "state", "booked", "due", "note")
        rows = [
            (safe_cell(x.title), x.currency, f"{x.cents / 100:.2f}", STEP_WORDS[x.state], x.booked_on, x.due_on or "",
             safe_cell(x.note))
            for x in lines
        ]  # fmt: skip
        return _csv("honoraria", header, rows)
    return render_page(
        request, "surveys/honoraria_read.html", {"lines": lines, "words": STEP_WORDS, "today": clock.now().date()}
    )


@require_safe
@never_cache
def ledger(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The book of a survey."""
    return _ledger(request, survey_id)


def _ledger(request: HttpRequest, survey_id: int, error: str = "", status: int = 200) -> HttpResponse:
    page = get_ledger(standing_of(request), survey_id)
    values = {"page": page, "words": STEP_WORDS, "error": error, "today": clock.now().date()}
    return render_page(request, "surveys/ledger_read.html", values, status=status)


@require_POST
def honoraria_approve(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Approve everything that waits."""
    return attempt(
        request,
        lambda: approve_honoraria(standing=standing_of(request), now=clock.now(), survey_id=survey_id),
        done="Approved. An operator pays them by the due date.",
        to=reverse("surveys:ledger-read", args=[survey_id]),
        show=lambda error, status: _ledger(request, survey_id, error, status),
    )


@require_POST
def honorarium_refuse(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Refuse one."""
    return attempt(
        request,
        lambda: refuse_honorarium(
            standing=standing_of(request),
            now=clock.now(),
            survey_id=survey_id,
            member_id=whole_number(request.POST.get("number")) or 0,
            reason=request.POST.get("reason", ""),
        ),
        done="Refused; the physician is told the reason.",
        to=reverse("surveys:ledger-read", args=[survey_id]),
        show=lambda error, status: _ledger(request, survey_id, error, status),
    )


@require_POST
def honoraria_pay(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Record a payment run."""
    return attempt(
        request,
        lambda: pay_honoraria(
            standing=standing_of(request),
            now=clock.now(),
            survey_id=survey_id,
            reference=request.POST.get("reference", ""),
        ),
        done="Recorded as paid; everybody is told.",
        to=reverse("surveys:ledger-read", args=[survey_id]),
        show=lambda error, status: _ledger(request, survey_id, error, status),
    )


@require_POST
def payouts(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The list to pay from. By POST, because it goes on the trail."""
    rows = list_payouts(standing=standing_of(request), now=clock.now(), survey_id=survey_id)
    return _csv(f"payouts-{survey_id}", ("reference", "e-mail", "currency", "amount", "due"), rows)
