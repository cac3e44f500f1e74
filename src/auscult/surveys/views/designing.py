"""Designing a survey: instrument first, then questions, plan, preview, dry run, opening."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from auscult.organisations.queries import list_speaking
from auscult.registry.queries import STRATUM_VARIABLES, list_benchmarks
from auscult.shared import clock
from auscult.shared.pages import Entered, attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import rules
from auscult.surveys.actions.drafting import (
    CannotDraftSurvey,
    copy_survey,
    discard_draft,
    draft_survey,
    edit_plan,
    edit_questionnaire,
    undo_edit,
)
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.plan import PLAN_FIELDS
from auscult.surveys.queries.designs import get_design_page, get_dry_run, get_preview
from auscult.surveys.questionnaire import editing
from auscult.surveys.questionnaire.document import FaultyQuestionnaire, Kind
from auscult.surveys.questionnaire.reading import read_questionnaire, schema
from auscult.surveys.rules import INSTRUMENT_MEANING, INSTRUMENT_WORDS, BallotMode
from auscult.surveys.sampling import Allocation

DESIGN, DRAFT, PLAN = "surveys/survey_design.html", "surveys/survey_draft.html", "surveys/plan_edit.html"
#: Largest questionnaire that is imported.
MOST_BYTES = 1_000_000
DEFAULT_DAYS = 14


def survey_draft(request: HttpRequest) -> HttpResponse:
    """A new survey: the instrument first, then a title, or a file."""
    standing, now = standing_of(request), clock.now()
    standing.require(Permission.SURVEY_DRAFT, "Verified members and researchers draft polls.")
    error, status = "", 200
    if request.method == "POST":
        try:
            document = _uploaded(request) or editing.empty_document(request.POST.get("title", "").strip())
            survey = draft_survey(
                standing=standing,
                now=now,
                questionnaire=read_questionnaire(document, complete=False),
                instrument=_instrument(request),
                closes_at=now + timedelta(days=DEFAULT_DAYS),
                complete=False,
            )
        except FaultyQuestionnaire as fault:
            error, status = (str(fault) if request.FILES else "Give the survey a title."), 400
        except Refused as refusal:
            error, status = str(refusal), refusal.status
        else:
            return redirect("surveys:survey-design", survey.pk)
    return render_page(
        request,
        DRAFT,
        {
            "instruments": [(each.value, INSTRUMENT_WORDS[each], INSTRUMENT_MEANING[each]) for each in Instrument],
            "needs_researcher": [each.value for each in rules.INVITED],
            "entered": {"title": request.POST.get("title", ""), "instrument": request.POST.get("instrument", "")},
            "error": error,
        },
        status=status,
    )


def _instrument(request: HttpRequest) -> Instrument:
    try:
        return Instrument(request.POST.get("instrument", ""))
    except ValueError as error:
        raise CannotDraftSurvey("Choose the instrument first: it says what the result may be called.") from error


def _uploaded(request: HttpRequest) -> dict[str, Any] | None:
    """The questionnaire of an uploaded JSON file, or None.

    Raises:
        CannotDraftSurvey: too large, or no JSON.
    """
    file = request.FILES.get("file")
    if file is None:
        return None
    if (file.size or 0) > MOST_BYTES:
        raise CannotDraftSurvey("The file is larger than a megabyte; a questionnaire is not.")
    try:
        found = json.loads(file.read().decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CannotDraftSurvey(f"The file is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CannotDraftSurvey("A questionnaire is one JSON object; see the published schema.")
    return found


@never_cache
def survey_design(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The designer. Each form is one edit; each edit can be undone."""
    if request.method != "POST":
        return _design(request, survey_id)
    standing, now = standing_of(request), clock.now()
    act = request.POST.get("act", "")
    fields = {name: str(value) for name, value in request.POST.items()}
    at = fields.get("question") or fields.get("section") or ""
    try:
        if act == "undo":
            undo_edit(standing=standing, now=now, survey_id=survey_id)
            return _after_edit(request, survey_id, "")
        page = get_design_page(standing, survey_id, now)
        edit = _EDITS.get(act)
        if edit is None:
            raise CannotDraftSurvey("That is not an edit. Reload the page.")
        document, at = edit(page.document, fields, request)
        edit_questionnaire(
            standing=standing,
            now=now,
            survey_id=survey_id,
            revision=whole_number(fields.get("revision")) or 0,
            document=document,
        )
    except FaultyQuestionnaire as fault:
        return _design(request, survey_id, error=str(fault), at=at, entered=fields, status=400)
    except NotFound:
        raise
    except Refused as refusal:
        return _design(request, survey_id, error=str(refusal), at=at, entered=fields, status=refusal.status)
    return _after_edit(request, survey_id, at)


def _after_edit(request: HttpRequest, survey_id: int, at: str) -> HttpResponse:
    if getattr(request, "htmx", False):
        return _design(request, survey_id, at=at)
    return redirect(reverse("surveys:survey-design", args=[survey_id]) + (f"?at={at}#{at}" if at else ""))


Fields = dict[str, str]
Edit = Callable[[editing.Document, Fields, HttpRequest], tuple[editing.Document, str]]


def _add_question(document: editing.Document, fields: Fields, _: HttpRequest) -> tuple[editing.Document, str]:
    try:
        kind = Kind(fields.get("kind", ""))
    except ValueError as error:
        raise FaultyQuestionnaire("Choose a kind of question.") from error
    return editing.add_question(document, fields.get("section", ""), kind)


def _translate(document: editing.Document, fields: Fields, _: HttpRequest) -> tuple[editing.Document, str]:
    texts = {name.removeprefix("text:"): value for name, value in fields.items() if name.startswith("text:")}
    return editing.set_translation(document, fields.get("language", "").strip(), texts), "translations"


def _replace(document: editing.Document, _: Fields, request: HttpRequest) -> tuple[editing.Document, str]:
    found = _uploaded(request)
    if found is None:
        raise FaultyQuestionnaire("Choose a file first.")
    return found, ""


_EDITS: dict[str, Edit] = {
    "question-add": _add_question,
    "question-save": lambda d, f, _: editing.save_question(d, f.get("question", ""), f),
    "question-copy": lambda d, f, _: editing.copy_question(d, f.get("question", "")),
    "question-remove": lambda d, f, _: (editing.remove_question(d, f.get("question", "")), ""),
    "question-up": lambda d, f, _: (editing.move_question(d, f.get("question", ""), -1), f.get("question", "")),
    "question-down": lambda d, f, _: (editing.move_question(d, f.get("question", ""), +1), f.get("question", "")),
    "section-add": lambda d, f, _: (editing.add_section(d), ""),
    "section-save": lambda d, f, _: (editing.save_section(d, f.get("section", ""), f), f.get("section", "")),
    "section-remove": lambda d, f, _: (editing.remove_section(d, f.get("section", "")), ""),
    "section-up": lambda d, f, _: (editing.move_section(d, f.get("section", ""), -1), f.get("section", "")),
    "section-down": lambda d, f, _: (editing.move_section(d, f.get("section", ""), +1), f.get("section", "")),
    "frame-save": lambda d, f, _: (editing.save_frame(d, f), "frame"),
    "translation-save": _translate,
    "replace": _replace,
}


def _design(
    request: HttpRequest,
    survey_id: int,
    *,
    error: str = "",
    at: str = "",
    entered: Fields | None = None,
    status: int = 200,
) -> HttpResponse:
    page = get_design_page(standing_of(request), survey_id, clock.now())
    values = {
        "page": page,
        "at": at or request.GET.get("at", "")[:20],
        "error": error,
        "entered": Entered(entered or {}),
        "language": request.GET.get("language", "")[:12],
    }
    return render_page(request, DESIGN, values, block="designer", status=status)


def plan_edit(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Instrument, ballots, dates, pre-registration, sample and honorarium of a draft."""
    standing, now = standing_of(request), clock.now()
    page = get_design_page(standing, survey_id, now)
    error, status = "", 200
    if request.method == "POST":
        try:
            edit_plan(
                standing=standing,
                now=now,
                survey_id=survey_id,
                instrument=_instrument(request),
                mode=BallotMode(request.POST.get("mode", BallotMode.DETACHED)),
                closes_at=_day(request.POST.get("closes_on", ""), now),
                plan={code: request.POST.get(f"plan_{code}", "") for code in PLAN_FIELDS},
                universe=request.POST.get("universe", "")[:50],
                compared_with=request.POST.get("compared_with", "")[:50],
                sample_design=_sample_design(request),
                honorarium=_honorarium(request),
            )
        except NotFound:
            raise
        except (Refused, ValueError) as refusal:
            error, status = str(refusal), getattr(refusal, "status", 400)
        else:
            messages.success(request, "Saved.")
            return redirect("surveys:plan-edit", survey_id)
    return render_page(
        request,
        PLAN,
        {
            "page": page,
            "error": error,
            "entered": Entered(request.POST.items()) if error else Entered(),
            "instruments": [(each.value, INSTRUMENT_WORDS[each], INSTRUMENT_MEANING[each]) for each in Instrument],
            "modes": [(each.value, rules.BALLOT_MODE_WORDS[each]) for each in BallotMode],
            "plan_fields": PLAN_FIELDS,
            "benchmarks": list_benchmarks(),
            "organisations": list_speaking(),
            "variables": STRATUM_VARIABLES,
            "allocations": [each.value for each in Allocation],
        },
        status=status,
    )


def _day(text: str, now: datetime) -> datetime:
    """End of a day in UTC, from a date field."""
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(23, 59), tzinfo=UTC)
    except ValueError as error:
        raise CannotDraftSurvey("Choose the day on which it closes.") from error


def _sample_design(request: HttpRequest) -> dict[str, Any] | None:
    if request.POST.get("instrument") != Instrument.SAMPLE_SURVEY:
        return None
    by = [name for name in (request.POST.get("by_1", ""), request.POST.get("by_2", "")) if name]
    design: dict[str, Any] = {
        "by": list(dict.fromkeys(by)),
        "allocation": request.POST.get("allocation", Allocation.PROPORTIONAL),
        "size": whole_number(request.POST.get("size")) or 0,
    }
    for name in ("fixed", "spread"):
        lines = [line.split(":", 1) for line in request.POST.get(name, "").splitlines() if ":" in line]
        if lines:
            design[name] = {key.strip(): value.strip() for key, value in lines}
    return design


def _honorarium(request: HttpRequest) -> dict[str, Any] | None:
    amount = request.POST.get("amount", "").strip()
    if not amount:
        return None
    return {
        "currency": request.POST.get("currency", "USD"),
        "complete_cents": _cents(amount),
        "screened_out_cents": _cents(request.POST.get("screened_out", "").strip() or "0"),
        "due_days": whole_number(request.POST.get("due_days")) or 30,
    }


def _cents(text: str) -> int:
    try:
        return round(float(text.replace(",", "")) * 100)
    except (ValueError, OverflowError) as error:
        raise CannotDraftSurvey(f"“{text}” is not an amount. Write it like 40 or 40.50.") from error


#: A page may show its own preview in a frame; nothing else may.
_POLICY = cast(dict[str, list[str]], settings.SECURE_CSP)
_FRAMING = _POLICY | {"frame-src": [str(CSP.SELF)]}
_FRAMED = _POLICY | {"frame-ancestors": [str(CSP.SELF)]}


def _preview(request: HttpRequest, survey_id: int, template: str) -> HttpResponse:
    page = get_preview(
        standing_of(request),
        survey_id,
        language=request.GET.get("language", "")[:12],
        seed=whole_number(request.GET.get("seed")) or 1,
    )
    return render_page(request, template, {"page": page, "next_seed": secrets.randbelow(10_000)})


@require_safe
@csp_override(_FRAMING)
def preview(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The survey as respondents see it, on a phone and on a desktop."""
    return _preview(request, survey_id, "surveys/preview.html")


@require_safe
@xframe_options_sameorigin
@csp_override(_FRAMED)
def preview_page(request: HttpRequest, survey_id: int) -> HttpResponse:
    """What stands in the frames of the preview; nothing that is entered there is kept."""
    return _preview(request, survey_id, "surveys/preview_page.html")


@require_safe
def dry_run(request: HttpRequest, survey_id: int) -> HttpResponse:
    """A thousand simulated respondents."""
    seed = whole_number(request.GET.get("seed")) or 1
    found = get_dry_run(standing_of(request), survey_id, clock.now(), seed=seed)
    return render_page(request, "surveys/dry_run.html", {"page": found, "seed": seed})


@require_safe
def questionnaire_export(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The questionnaire as JSON."""
    page = get_design_page(standing_of(request), survey_id, clock.now())
    response = HttpResponse(json.dumps(page.document, indent=1, ensure_ascii=False), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="questionnaire-{survey_id}.json"'
    return response


@require_safe
def questionnaire_schema(request: HttpRequest) -> HttpResponse:
    """The published JSON Schema of questionnaires."""
    return JsonResponse(schema(), json_dumps_params={"indent": 1})


@require_POST
def survey_copy(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Copy: as a draft, as the next wave, or as a template."""
    standing, now = standing_of(request), clock.now()
    kind = request.POST.get("as", "")
    copy = copy_survey(
        standing=standing,
        now=now,
        survey_id=survey_id,
        closes_at=now + timedelta(days=DEFAULT_DAYS),
        as_wave=kind == "wave",
        as_template=kind == "template",
    )
    messages.success(request, "Copied. This is the copy.")
    return redirect("surveys:survey-design", copy.pk)


@require_POST
def draft_discard(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Throw a draft away."""
    discard_draft(standing=standing_of(request), now=clock.now(), survey_id=survey_id)
    messages.success(request, "The draft is gone.")
    return redirect("surveys:survey-list")


@require_POST
def survey_open(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Freeze and open."""
    standing = standing_of(request)

    def to(survey: Any) -> str:
        if _fields(standing):
            return reverse("surveys:fieldwork-read", args=[survey.pk])
        return reverse("surveys:survey-read", args=[survey.public_id])

    return attempt(
        request,
        lambda: open_survey(standing=standing, now=clock.now(), survey_id=survey_id),
        done="It is open. Wording, rules and plan are frozen, and their hash goes into the record.",
        to=to,
        show=lambda error, status: _design(request, survey_id, error=error, status=status),
    )


def _fields(standing: Standing) -> bool:
    return standing.can(Permission.SURVEY_FIELD)
