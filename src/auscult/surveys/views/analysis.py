"""The analysis workspace: topline, tables, weighting, trends, open answers, charts and files."""

from __future__ import annotations

import csv
import io
from math import isfinite

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import audit, clock
from auscult.shared.pages import attempt, render_page, standing_of
from auscult.shared.refusals import NotFound
from auscult.statistics.representativeness import standardised_difference
from auscult.surveys import charts
from auscult.surveys.actions.coding import code_texts
from auscult.surveys.exports.formats import ExportFormat
from auscult.surveys.exports.labels import safe_cell
from auscult.surveys.queries.analysis import (
    AnalysisPage,
    export_survey,
    get_analysis_page,
    get_texts_page,
    load_closed_survey,
)

FORMAT_WORDS = {
    ExportFormat.CSV: "csv with codebook",
    ExportFormat.SPSS: "SPSS .sav",
    ExportFormat.STATA: "Stata .dta",
    ExportFormat.PARQUET: "Parquet",
    ExportFormat.R: "R script",
    ExportFormat.TRIPLE_S: "Triple-S",
    ExportFormat.DDI: "DDI Codebook",
}


def _by(request: HttpRequest) -> list[str]:
    return [name[:30] for name in dict.fromkeys(request.GET.get("by", "").split(",")) if name]


def _page(request: HttpRequest, survey_id: int) -> AnalysisPage:
    return get_analysis_page(
        standing_of(request),
        survey_id,
        item=request.GET.get("item", "")[:44],
        by=_by(request),
        margins=[name[:30] for name in request.GET.getlist("margin")],
    )


@require_safe
def analysis(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The workspace."""
    page = _page(request, survey_id)
    values = {
        "page": page,
        "formats": [(each.value, words) for each, words in FORMAT_WORDS.items()],
        "by": ",".join(page.by),
        "chosen_margins": request.GET.getlist("margin"),
        # Built by ElementTree, which escapes; the template takes them as they are.
        "likert": [
            (question, _likert(page, question.code, narrow=False), _likert(page, question.code, narrow=True))
            for question in page.likert
        ],
        "map": (_map(page, narrow=False), _map(page, narrow=True)),
        "balance": (_balance(page, narrow=False), _balance(page, narrow=True)),
        "waves": (_waves(page, narrow=False), _waves(page, narrow=True)),
    }
    return render_page(request, "surveys/analysis_read.html", values)


def _likert(page: AnalysisPage, code: str, *, narrow: bool, standalone: bool = False) -> str:
    """The diverging chart of one scale or matrix; empty where too few answered."""
    question = next((q for q in page.likert if q.code == code), None)
    if question is None:
        return ""
    scale = [choice for choice in question.choices if not choice.neutral]
    rows = []
    for found in page.result["questions"]:
        if found["question"] != code and not (question.rows and found["question"].startswith(f"{code}_")):
            continue
        counts = {answer["answer"]: answer["count"] for answer in found["answers"]}
        total = sum(counts.get(choice.code, 0) for choice in scale)
        if total:
            label = next(
                (row.label for row in question.rows if found["question"] == f"{code}_{row.code}"), question.wording
            )
            rows.append(charts.LikertRow(label, tuple(counts.get(choice.code, 0) / total for choice in scale)))
    if not rows:
        return ""
    return charts.diverging_likert(
        question.wording, rows, [choice.label for choice in scale], narrow=narrow, standalone=standalone
    )


def _states(page: AnalysisPage) -> dict[str, float | None]:
    """Share of the commonest answer by state; empty where no state is shown."""
    found: dict[str, float | None] = {}
    for table in page.states:
        for state, (chosen, others) in zip(table["strata"], table["counts"], strict=True):
            if state in charts.TILES:
                found[state] = chosen / (chosen + others)
    return dict.fromkeys(charts.TILES) | found if found else {}


def _map(page: AnalysisPage, *, narrow: bool, standalone: bool = False) -> str:
    values = _states(page)
    title = f"{_wording(page)} “{page.labels[page.states[0]['choice']]}” by state" if values else ""
    return charts.tile_map(title, values, narrow=narrow, standalone=standalone) if values else ""


def _wording(page: AnalysisPage) -> str:
    return dict(page.items)[page.item]


#: Most levels in a chart of balance, those that were furthest off.
MOST_LEVELS = 25


def _balance(page: AnalysisPage, *, narrow: bool, standalone: bool = False) -> str:
    """The margins before and after weighting; empty where nothing was weighted."""
    rows = []
    for each in (page.result["weighting"] or {"balance": []})["balance"]:
        raw, weighted = (standardised_difference(each[name], each["population"]) for name in ("raw", "weighted"))
        if isfinite(raw) and isfinite(weighted):
            label = f"{each['margin'].replace('_', ' ')}: {each['level'].replace('|', ' · ')}"
            rows.append(charts.BalanceRow(label, raw, weighted))
    rows.sort(key=lambda row: -abs(row.raw))
    title = "Margins before and after weighting"
    if len(rows) > MOST_LEVELS:
        title += f": the {MOST_LEVELS} levels of {len(rows)} that were furthest off"
    return charts.love_plot(title, rows[:MOST_LEVELS], narrow=narrow, standalone=standalone) if rows else ""


def _waves(page: AnalysisPage, *, narrow: bool, standalone: bool = False) -> str:
    """The answer that is commonest in the newest wave, over the waves that offered it; empty without waves."""
    if not page.trend:
        return ""
    label = max(page.trend[-1].cells, key=lambda cell: cell.share).label
    points = [
        charts.TrendPoint(line.label, cell.share, cell.low, cell.high, line.changed)
        for line in page.trend
        for cell in line.cells
        if cell.label == label
    ]
    return charts.trend(f"{_wording(page)} “{label}”", points, narrow=narrow, standalone=standalone)


def _bars(page: AnalysisPage) -> str:
    question = next(q for q in page.result["questions"] if q["question"] == page.item)
    rows = [
        charts.BarRow(
            page.labels[a["answer"]], a["raw_share"], a["low"], a["high"], a["share"], caution=bool(a["caution"])
        )
        for a in question["answers"]
    ]
    return charts.bars_with_intervals(_wording(page), rows, standalone=True)


@require_safe
def chart(request: HttpRequest, survey_id: int) -> HttpResponse:
    """One chart as a file."""
    page = _page(request, survey_id)
    kind = request.GET.get("kind", "bars")
    svg = _bars(page)
    if kind == "likert":
        svg = _likert(page, request.GET.get("question", page.item)[:44], narrow=False, standalone=True)
    elif kind == "map":
        svg = _map(page, narrow=False, standalone=True)
    elif kind == "balance":
        svg = _balance(page, narrow=False, standalone=True)
    elif kind == "waves":
        svg = _waves(page, narrow=False, standalone=True)
    if not svg:
        raise NotFound
    response = HttpResponse(svg, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{kind}-{page.item}.svg"'
    return response


@require_safe
def table(request: HttpRequest, survey_id: int) -> HttpResponse:
    """The table on the page as csv."""
    page = _page(request, survey_id)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if page.crosstab is not None:
        writer.writerow([*page.crosstab.by, "base", "answer", "count", "share", "weighted_share", "low", "high"])
        for line in page.crosstab.lines:
            levels = line.levels or ("(small groups together)",) * len(page.crosstab.by)
            for (_, label), cell in zip(page.crosstab.answers, line.cells, strict=True):
                figures = (cell.count, f"{cell.raw_share:.3f}", cell.share, cell.low, cell.high)
                writer.writerow([*map(safe_cell, levels), line.base, safe_cell(label), *figures])
    else:
        writer.writerow(["question", "wording", "answer", "count", "share", "weighted_share", "low", "high"])
        asked = {q["code"]: q for q in page.result["questionnaire"]}
        for question in page.result["questions"]:
            item = asked[question["question"]]
            labels = {c["code"]: safe_cell(c["label"]) for c in item["choices"]}
            for a in question["answers"]:
                figures = (a["count"], f"{a['raw_share']:.3f}", a["share"], a["low"], a["high"])
                writer.writerow([item["code"], safe_cell(item["wording"]), labels[a["answer"]], *figures])
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="table-{survey_id}.csv"'
    return response


@require_safe
def export(request: HttpRequest, survey_id: int, kind: str) -> HttpResponse:
    """One file of the survey, with the same suppression as every page."""
    # The writers are needed for a download only: see surveys.exports.formats.
    from auscult.surveys.exports.archive import make_export

    try:
        chosen = ExportFormat(kind)
    except ValueError as error:
        raise NotFound from error
    standing, now = standing_of(request), clock.now()
    survey = load_closed_survey(standing, survey_id)
    name, data, content_type = make_export(export_survey(survey, _by(request)), chosen)
    audit.record("surveys.answers.export", standing=standing, thing=f"survey:{survey.pk}", now=now, format=chosen.value)
    response = HttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def texts(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Open answers."""
    return _texts(request, survey_id)


def _texts(request: HttpRequest, survey_id: int, error: str = "", status: int = 200) -> HttpResponse:
    question = request.GET.get("question") or request.POST.get("question", "")
    after = (request.GET.get("after") or request.POST.get("after", ""))[:64]
    page = get_texts_page(standing_of(request), survey_id, question[:20], after)
    return render_page(request, "surveys/texts_read.html", {"page": page, "error": error, "here": after}, status=status)


@require_POST
def texts_code(request: HttpRequest, survey_id: int) -> HttpResponse:
    """Save codes and what was sorted on this page."""
    question, after = request.POST.get("question", "")[:20], request.POST.get("next", "")[:64]
    places = request.POST.getlist("place")
    return attempt(
        request,
        lambda: code_texts(
            standing=standing_of(request),
            now=clock.now(),
            survey_id=survey_id,
            question=question,
            frame=request.POST.get("frame", ""),
            codes={place: request.POST.getlist(f"codes_{place}") for place in places},
            hidden=request.POST.getlist("hidden"),
        ),
        done="Saved.",
        to=f"{reverse('surveys:texts-read', args=[survey_id])}?question={question}&after={after}",
        show=lambda error, status: _texts(request, survey_id, error, status),
    )
