"""Reads of the analysis workspace. Everything of a closed survey; nothing of an open one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import Instrument
from auscult.statistics.results import METHOD_VERSION, CellTable, estimate_survey, rake_table
from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys import workspace
from auscult.surveys.access import frozen_questionnaire
from auscult.surveys.exports.tables import ExportItem, ExportSurvey
from auscult.surveys.models import CodeFrame, OpenText, Survey
from auscult.surveys.queries.ballots import QuestionBox, question_boxes
from auscult.surveys.queries.results import (
    asked_members,
    get_cell_table,
    population_of,
    present_result,
    require_publishable,
)
from auscult.surveys.questionnaire.document import Kind, Question
from auscult.surveys.rules import INSTRUMENT_WORDS, SurveyState

LICENCE = "CC BY 4.0"


def load_closed_survey(standing: Standing, survey_id: int) -> Survey:
    """A survey to analyse.

    Raises:
        NotFound: no such survey, or no researcher.
        Conflict: it is not closed, or not publishable.
    """
    survey = Survey.objects.select_related("frame").filter(pk=survey_id).first()
    if survey is None or not standing.can(Permission.SURVEY_FIELD):
        raise NotFound
    if survey.state != SurveyState.CLOSED or survey.freeze is None:
        raise Conflict("A survey is analysed once it is closed: who looks earlier is tempted to stop at what suits.")
    require_publishable(survey)
    return survey


@lru_cache(maxsize=32)
def _allowed(survey_id: int, freeze_hash: str) -> tuple[tuple[str, ...], ...]:
    """Allowed tables of a closed survey, whose counts never change."""
    return workspace.allowed_tables(
        get_cell_table(Survey.objects.get(pk=survey_id, freeze_hash=freeze_hash)), minimum=MINIMUM_CELL
    )


def allowed_tables(survey: Survey) -> tuple[tuple[str, ...], ...]:
    """Strata by which tables of a closed survey may be shown."""
    return _allowed(survey.pk, survey.freeze_hash)


def export_survey(survey: Survey, by: Sequence[str]) -> ExportSurvey:
    """A closed survey as exports and tables see it: counts by at most two strata, with mean weights.

    Raises:
        Conflict: these strata give small groups away, or are unknown.
    """
    assert survey.freeze is not None
    assert survey.opened_at is not None
    assert survey.closed_at is not None
    by = tuple(by)
    if by and by not in allowed_tables(survey):
        raise Conflict("A table by these strata would give away groups of fewer than ten, or crosses more than two.")
    table = get_cell_table(survey)
    levels, codes = workspace.groups_of(table, by)
    weights = np.ones(len(table.cells))
    population = population_of(survey)
    if population:
        try:
            weights = rake_table(table, population)[0].weight
        except CannotEstimate:
            weights = np.ones(len(table.cells))
    people = np.bincount(codes, weights=table.respondents, minlength=len(levels))
    mean_weight = np.bincount(codes, weights=table.respondents * weights, minlength=len(levels)) / people
    counts = {}
    for item, cells in table.answers.items():
        grouped = np.zeros((len(levels), cells.shape[1]), dtype=np.int64)
        np.add.at(grouped, codes, cells.astype(np.int64))
        counts[item] = grouped
    sample = survey.freeze["sample"]
    stratified = bool(sample and sample.get("design") and tuple(sample["by"]) == by)
    persons = None
    if stratified:
        persons = np.array([sample["sizes"]["|".join(level)] for level in levels], dtype=np.int64)
    card = present_result(survey)["card"]
    return ExportSurvey(
        title=survey.title,
        public_id=str(survey.public_id),
        freeze_hash=survey.freeze_hash,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        opened_on=survey.opened_at.date(),
        closed_on=survey.closed_at.date(),
        members=asked_members(survey),
        respondents=survey.respondents,
        excluded=(survey.fieldwork or {}).get("left_out", 0),
        universe_words=survey.freeze["universe"]["words"],
        method_version=METHOD_VERSION,
        licence=LICENCE,
        sentence=f"{card['subject']}: {card['because']}.",
        minimum=survey.freeze["minimum_cell"],
        strata=by,
        stratum_labels={
            variable: {level[place]: level[place].replace("|", " · ") for level in levels}
            for place, variable in enumerate(by)
        },
        design="stratified" if stratified else "srs",
        items=tuple(
            ExportItem(
                q["code"],
                q["wording"],
                q["part"],
                tuple((c["code"], c["label"]) for c in q["choices"]),
                q["kind"] in (Kind.LIKERT, Kind.NUMERIC, Kind.DATE, Kind.RANKING, Kind.MATRIX),
            )
            for q in survey.freeze["questions"]
        ),
        cells=tuple(levels),
        cell_population=persons,
        weights=mean_weight,
        counts=counts,
    )


@dataclass(frozen=True)
class TextQuestion:
    """An open question and how far its answers are sorted."""

    code: str
    wording: str
    answers: int
    coded: int


@dataclass(frozen=True)
class AnalysisPage:
    """The workspace of a closed survey."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    result: dict[str, Any]
    boxes: list[QuestionBox]
    likert: list[Question]
    items: list[tuple[str, str]]
    labels: dict[str, str]
    allowed: tuple[tuple[str, ...], ...]
    item: str
    by: tuple[str, ...]
    crosstab: workspace.Crosstab | None
    weighting: list[workspace.WeightingChoice]
    margins: tuple[str, ...]
    trend: tuple[workspace.TrendLine, ...]
    texts: list[TextQuestion]
    states: list[dict[str, Any]]
    fieldwork: Mapping[str, Any] | None
    is_sample: bool
    has_waves: bool


def get_analysis_page(
    standing: Standing, survey_id: int, *, item: str, by: Sequence[str], margins: Sequence[str]
) -> AnalysisPage:
    """The workspace.

    Args:
        item: measure that is looked at closely; the first one where empty.
        by: strata of the table; none shows no table.
        margins: weighted to, beside the choice that is published and none at all.

    Raises:
        NotFound, Conflict: as for ``load_closed_survey``; strata that may not be shown.
    """
    survey = load_closed_survey(standing, survey_id)
    assert survey.freeze is not None
    table, population = get_cell_table(survey), population_of(survey)
    result = present_result(survey)
    shown = {q["question"] for q in result["questions"]}
    items = [(q["code"], q["wording"]) for q in survey.freeze["questions"] if q["code"] in shown]
    if not items:
        raise Conflict("No question was answered by ten members or more, so nothing can be shown.")
    chosen = item if item in shown else items[0][0]
    questionnaire = frozen_questionnaire(survey.freeze_hash, survey.freeze)
    found = None
    if by:
        found = workspace.crosstab(table, export_survey(survey, by), chosen, by, population or None)
    of_item = CellTable(
        table.variables,
        table.cells,
        table.respondents,
        {chosen: table.choices[chosen]},
        {chosen: table.answers[chosen]},
    )
    waves = _waves(survey)
    counted = Counter(OpenText.objects.filter(survey=survey).values_list("question", flat=True))
    coded = Counter(OpenText.objects.filter(survey=survey).exclude(codes=[]).values_list("question", flat=True))
    own_margins = tuple(name for name in margins if name in population)
    choices = [(), tuple(population), *([own_margins] if own_margins and own_margins != tuple(population) else [])]
    return AnalysisPage(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        result=result,
        boxes=[box for box in question_boxes(survey.freeze, result, {}) if box.base],
        likert=[q for q in questionnaire.questions() if q.kind in (Kind.LIKERT, Kind.MATRIX)],
        items=items,
        labels={c["code"]: c["label"] for q in survey.freeze["questions"] if q["code"] == chosen for c in q["choices"]},
        allowed=allowed_tables(survey),
        item=chosen,
        by=tuple(by),
        crosstab=found,
        weighting=[workspace.choose_weighting(of_item, population, names) for names in choices] if population else [],
        margins=tuple(population),
        trend=workspace.trend(_wave_shares(waves, chosen)) if len(waves) > 1 else (),
        texts=[
            TextQuestion(q.code, q.wording, counted[q.code], coded[q.code])
            for q in questionnaire.questions()
            if q.kind == Kind.TEXT
        ],
        states=[each for each in (survey.fieldwork or {}).get("states") or [] if each["item"] == chosen],
        fieldwork=survey.fieldwork,
        is_sample=survey.instrument == Instrument.SAMPLE_SURVEY,
        has_waves=len(waves) > 1,
    )


#: Waves of a series that are looked at, the newest ones.
MOST_WAVES = 20


def _waves(survey: Survey) -> list[Survey]:
    """Closed surveys of the same series, oldest first."""
    found, here = [survey], survey
    while here.wave_of_id is not None and len(found) < MOST_WAVES:
        before = Survey.objects.select_related("frame").filter(pk=here.wave_of_id, state=SurveyState.CLOSED).first()
        if before is None or before in found:
            break
        found.append(before)
        here = before
    return [each for each in reversed(found) if each.freeze and each.respondents >= each.freeze["minimum_cell"]]


def _wave_shares(waves: Sequence[Survey], item: str) -> list[workspace.Wave]:
    found = []
    for survey in waves:
        assert survey.freeze is not None
        asked = next((q for q in survey.freeze["questions"] if q["code"] == item), None)
        population = population_of(survey)
        table = get_cell_table(survey)
        if asked is None or not population or table.answers[item].sum() < survey.freeze["minimum_cell"]:
            continue
        one = CellTable(
            table.variables, table.cells, table.respondents, {item: table.choices[item]}, {item: table.answers[item]}
        )
        try:
            estimate = estimate_survey(one, population).questions[item]
        except CannotEstimate:
            continue
        found.append(
            workspace.Wave(
                f"{survey.closed_at:%d %B %Y}",
                asked["wording"],
                tuple((c["code"], c["label"]) for c in asked["choices"]),
                tuple(estimate.shares),
            )
        )
    return found


@dataclass(frozen=True)
class TextLine:
    """One answer in words."""

    place: str
    text: str
    codes: list[str]
    is_hidden: bool


@dataclass(frozen=True)
class TextsPage:
    """Open answers to one question, to be sorted."""

    survey_id: int
    title: str
    question: str
    wording: str
    frame: list[dict[str, str]]
    lines: list[TextLine]
    after: str
    counts: list[tuple[str, int | None]]
    total: int
    coded: int


TEXTS_A_PAGE = 25


def get_texts_page(standing: Standing, survey_id: int, question: str, after: str) -> TextsPage:
    """Open answers of a closed survey, in an order that says nothing.

    Raises:
        NotFound: no such survey or question, or no researcher.
        Conflict: not closed, or fewer than ten answered the question.
    """
    survey = load_closed_survey(standing, survey_id)
    assert survey.freeze is not None
    asked = {q.code: q for q in frozen_questionnaire(survey.freeze_hash, survey.freeze).questions()}.get(question)
    if asked is None or asked.kind != Kind.TEXT:
        raise NotFound
    rows = OpenText.objects.filter(survey=survey, question=question)
    total = rows.count()
    if total < survey.freeze["minimum_cell"]:
        raise Conflict(f"Fewer than {survey.freeze['minimum_cell']} answered in words, so none of them is shown.")
    frame = (
        CodeFrame.objects.filter(survey_id=survey.pk, question=question).values_list("codes", flat=True).first() or []
    )
    page = rows.order_by("place")
    if after:
        try:
            page = page.filter(place__gt=bytes.fromhex(after))
        except ValueError as error:
            raise NotFound from error
    lines = [
        TextLine(bytes(t.place).hex(), "" if t.is_hidden else t.text, t.codes, t.is_hidden)
        for t in page[: TEXTS_A_PAGE + 1]
    ]
    tally = Counter(code for codes in rows.values_list("codes", flat=True) for code in codes)
    minimum = survey.freeze["minimum_cell"]
    return TextsPage(
        survey.pk,
        survey.title,
        question,
        asked.wording,
        frame,
        lines[:TEXTS_A_PAGE],
        lines[TEXTS_A_PAGE - 1].place if len(lines) > TEXTS_A_PAGE else "",
        [(code["label"], tally[code["code"]] if tally[code["code"]] >= minimum else None) for code in frame],
        total,
        rows.exclude(codes=[]).count(),
    )
