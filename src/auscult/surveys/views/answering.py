"""Answering a survey: landing page, pages of questions, saving, the receipt."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.surveys import access, rules
from auscult.surveys.actions.answering import (
    cast_ballot,
    decline_survey,
    save_answers,
    withdraw_ballot,
)
from auscult.surveys.actions.fieldwork import set_wish, unsubscribe
from auscult.surveys.plan import PLAN_FIELDS
from auscult.surveys.queries.ballots import get_ballot_page
from auscult.surveys.queries.surveys import get_answering_page, get_survey_list, get_survey_page
from auscult.surveys.questionnaire.answers import FaultyAnswer, read_form
from auscult.surveys.questionnaire.document import Questionnaire
from auscult.surveys.questionnaire.items import items_of
from auscult.surveys.rules import Outcome, Receipt, counted_seconds

LIST, READ, ANSWER, DONE = (
    f"surveys/{name}.html" for name in ("survey_list", "survey_read", "survey_answer", "ballot_read")
)


@require_safe
def survey_list(request: HttpRequest) -> HttpResponse:
    """Surveys to answer, and those one runs."""
    return render_page(request, LIST, {"page": get_survey_list(standing_of(request), clock.now()), "error": ""})


def _require_signed_in(request: HttpRequest) -> None:
    """Whoever follows a mail's link is sent to sign in, whether there is such a survey or not."""
    if standing_of(request).is_reader:
        raise NotAllowed("Sign in first.")


@require_safe
def survey(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What a survey is, before the first question."""
    _require_signed_in(request)
    return _survey(request, public_id)


def _survey(request: HttpRequest, public_id: uuid.UUID, error: str = "", status: int = 200) -> HttpResponse:
    page = get_survey_page(standing_of(request), public_id, clock.now())
    return render_page(request, READ, {"page": page, "error": error, "plan_fields": PLAN_FIELDS}, status=status)


@never_cache
def survey_answer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One page of questions. A page that is sent is saved first, then the next one is shown, or the ballot cast."""
    _require_signed_in(request)
    if request.method != "POST":
        return _answer(request, public_id, section=request.GET.get("page", "")[:20])
    standing, now = standing_of(request), clock.now()
    found = access.find_survey_to_answer(standing, public_id)
    section = request.POST.get("section", "")[:20]
    entered: dict[str, Any] = {}
    try:
        entered = _read_page(found.questionnaire, section, request)
        if request.POST.get("step") == "cast" and _is_only_page(found.questionnaire):
            # One page needs no draft: one transaction, one answer.
            receipt = cast_ballot(
                standing=standing,
                now=now,
                survey_id=found.pk,
                answers=entered,
                nonces=_nonces(request, found.questionnaire),
                seconds=_seconds(request),
            )
            return _done(request, receipt, public_id)
        progress = save_answers(
            standing=standing, now=now, survey_id=found.pk, answers=entered, seconds=_seconds(request)
        )
        if progress.outcome in (Outcome.SCREENED_OUT, Outcome.QUOTA_FULL):
            return redirect("surveys:survey-read", public_id)
        step = request.POST.get("step", "next")
        if step == "cast":
            receipt = cast_ballot(
                standing=standing,
                now=now,
                survey_id=found.pk,
                answers=progress.answers,
                nonces=_nonces(request, found.questionnaire),
            )
            return _done(request, receipt, public_id)
        return _go(request, public_id, section, step)
    except FaultyAnswer as fault:
        return _answer(
            request, public_id, section=section, error=fault.text, error_at=fault.question, entered=entered, status=400
        )
    except NotFound:
        raise
    except Refused as refusal:
        # A required question may stand on another page: the page of the error is the one to show.
        return _answer(
            request,
            public_id,
            section=getattr(refusal, "section", "") or section,
            error=str(refusal),
            error_at=getattr(refusal, "question", ""),
            entered=entered,
            status=refusal.status,
        )


def _is_only_page(questionnaire: Questionnaire) -> bool:
    return len(questionnaire.sections) == 1


def _answer(
    request: HttpRequest,
    public_id: uuid.UUID,
    *,
    section: str,
    error: str = "",
    error_at: str = "",
    entered: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = get_answering_page(
        standing_of(request),
        public_id,
        clock.now(),
        section=section,
        language=request.GET.get("language", "")[:12],
        entered=entered,
    )
    return render_page(request, ANSWER, {"page": page, "error": error, "error_at": error_at}, status=status)


def _read_page(questionnaire: Questionnaire, section: str, request: HttpRequest) -> dict[str, Any]:
    """Answers of the section that was sent: what was left empty is there as None, so that it is removed.

    Raises:
        FaultyAnswer: a field that cannot be read.
    """
    fields = {name: request.POST.getlist(name) for name in request.POST}
    return {
        question.code: read_form(question, fields)
        for each in questionnaire.sections
        if each.code == section or not section
        for question in each.questions
        if f"shown_{question.code}" in fields
    }


def _seconds(request: HttpRequest) -> int:
    return counted_seconds(whole_number(request.POST.get("seconds")) or 0)


def _nonces(request: HttpRequest, questionnaire: Questionnaire) -> dict[str, str]:
    """The browser's half of each leaf's nonce, from one seed that the browser made."""
    return rules.halves_of(request.POST.get("nonce_seed", ""), items_of(questionnaire))


def _go(request: HttpRequest, public_id: uuid.UUID, section: str, step: str) -> HttpResponse:
    """The page after, or before, this one."""
    page = get_answering_page(standing_of(request), public_id, clock.now(), section=section, language="")
    codes = [each.code for each in page.arranged.sections]
    here = codes.index(section) if section in codes else 0
    there = codes[max(0, here - 1) if step == "back" else min(here + 1, len(codes) - 1)]
    query = f"?page={there}"
    if request.GET.get("language"):
        query += f"&language={page.language}" if page.language else ""
    return redirect(reverse("surveys:survey-answer", args=[public_id]) + query)


def _done(request: HttpRequest, receipt: Receipt, public_id: uuid.UUID) -> HttpResponse:
    if receipt.outcome != Outcome.COMPLETE:
        return redirect("surveys:survey-read", public_id)
    return HttpResponseRedirect(reverse("surveys:ballot-read", args=[public_id]))


@require_POST
def answers_save(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Save as one goes: what the page sends on each change. Sent twice, it saves the same."""
    standing = standing_of(request)
    found = access.find_survey_to_answer(standing, public_id)
    try:
        answers = _read_page(found.questionnaire, request.POST.get("section", "")[:20], request)
        progress = save_answers(
            standing=standing, now=clock.now(), survey_id=found.pk, answers=answers, seconds=_seconds(request)
        )
    except FaultyAnswer as fault:
        return JsonResponse({"saved": False, "question": fault.question, "error": fault.text}, status=400)
    except NotFound:
        raise
    except Refused as refusal:
        return JsonResponse({"saved": False, "error": str(refusal)}, status=refusal.status)
    return JsonResponse({"saved": True, "outcome": progress.outcome})


@require_safe
@never_cache
def ballot(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The ballot is in: the receipt, and what happens next."""
    page = get_ballot_page(standing_of(request), public_id)
    return render_page(request, DONE, {"page": page, "receipt": json.dumps(page.receipt.as_json())})


@require_safe
@never_cache
def receipt(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The own receipt as a file, while the poll is open."""
    found = get_ballot_page(standing_of(request), public_id).receipt
    response = HttpResponse(json.dumps(found.as_json(), indent=1), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.freeze[:12]}.json"'
    return response


@require_POST
def ballot_withdraw(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take one's ballot back."""
    found = access.find_survey_to_answer(standing_of(request), public_id)
    return attempt(
        request,
        lambda: withdraw_ballot(standing=standing_of(request), now=clock.now(), survey_id=found.pk),
        done="Your ballot is withdrawn, as if you had never answered. You can answer anew while the survey is open.",
        to=reverse("surveys:survey-read", args=[public_id]),
        show=lambda error, status: _survey(request, public_id, error, status),
    )


@require_POST
def survey_decline(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say no."""
    found = access.find_survey_to_answer(standing_of(request), public_id)
    return attempt(
        request,
        lambda: decline_survey(standing=standing_of(request), now=clock.now(), survey_id=found.pk),
        done="Noted. You get no reminder of this survey.",
        to=reverse("surveys:survey-list"),
        show=lambda error, status: _survey(request, public_id, error, status),
    )


@csrf_exempt
def unsubscribed(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a mail. Opening it asks; mail programs post to it without a page (RFC 8058), hence no token of a form."""
    if request.method == "POST":
        unsubscribe(standing=standing_of(request), now=clock.now(), token=token)
        if "List-Unsubscribe" in request.POST:
            return HttpResponse(status=200)
        messages.success(request, "You get no more invitations to surveys. You can change that on your own page.")
        return redirect("web:home")
    return render_page(request, "surveys/unsubscribe.html", {})


@require_POST
def wish_set(request: HttpRequest) -> HttpResponse:
    """How many invitations a month."""
    value = whole_number(request.POST.get("most_a_month"))
    return attempt(
        request,
        lambda: set_wish(standing=standing_of(request), now=clock.now(), most_a_month=-1 if value is None else value),
        done="Saved.",
        to=reverse("surveys:survey-list"),
        show=lambda error, status: render_page(
            request,
            LIST,
            {"page": get_survey_list(standing_of(request), clock.now()), "error": error},
            status=status,
        ),
    )
