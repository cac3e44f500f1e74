"""Reads of drafts: the designer, the preview, the dry run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auscult.members.queries.standing import count_by_stratum
from auscult.shared.pages import Entered
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.standing import Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys import access
from auscult.surveys.models import Survey, SurveyRevision
from auscult.surveys.queries.lengths import expect_seconds
from auscult.surveys.questionnaire.document import KIND_WORDS, FaultyQuestionnaire, Questionnaire
from auscult.surveys.questionnaire.dry_run import DryRun
from auscult.surveys.questionnaire.dry_run import dry_run as simulate
from auscult.surveys.questionnaire.items import items_of
from auscult.surveys.questionnaire.length import words_of
from auscult.surveys.questionnaire.logic import Unreachable, find_unreachable
from auscult.surveys.questionnaire.reading import read_questionnaire
from auscult.surveys.questionnaire.view import Arranged, arrange, languages, text_paths
from auscult.surveys.rules import INSTRUMENT_MEANING, INSTRUMENT_WORDS, SurveyState


@dataclass(frozen=True)
class DesignPage:
    """The designer."""

    survey_id: int
    public_id: str
    title: str
    instrument: str
    instrument_code: str
    instrument_meaning: str
    ballot_mode: str
    state: SurveyState
    is_template: bool
    revision: int
    can_undo: bool
    document: dict[str, Any]
    questionnaire: Questionnaire
    problem: str
    unreachable: tuple[Unreachable, ...]
    length: str
    length_is_real: bool
    items: int
    questions: int
    languages: tuple[str, ...]
    texts: Mapping[str, str]
    kinds: Mapping[str, str]
    closes_at: datetime
    universe: str
    compared_with: str
    plan: Entered
    sample_design: Entered
    honorarium: Entered


def _load(standing: Standing, survey_id: int) -> Survey:
    survey = Survey.objects.select_related("compared_with").filter(pk=survey_id).first()
    if survey is None or not access.can_run_survey(standing, survey):
        raise NotFound
    return survey


def get_design_page(standing: Standing, survey_id: int, now: datetime) -> DesignPage:
    """The designer of a draft, or the frozen questionnaire of what was opened.

    Raises:
        NotFound: no such survey, or not this standing's to run.
    """
    survey = _load(standing, survey_id)
    document = survey.freeze["questionnaire"] if survey.freeze else survey.questionnaire
    questionnaire = read_questionnaire(document, complete=False)
    problem = ""
    unreachable: tuple[Unreachable, ...] = ()
    try:
        unreachable = find_unreachable(read_questionnaire(document))
    except FaultyQuestionnaire as fault:
        problem = str(fault)
    seconds, is_real = expect_seconds(questionnaire)
    return DesignPage(
        survey_id=survey.pk,
        public_id=str(survey.public_id),
        title=survey.title,
        instrument=INSTRUMENT_WORDS[Instrument(survey.instrument)],
        instrument_code=survey.instrument,
        instrument_meaning=INSTRUMENT_MEANING[Instrument(survey.instrument)],
        ballot_mode=survey.ballot_mode,
        state=SurveyState(survey.state),
        is_template=survey.is_template,
        revision=survey.revision,
        can_undo=SurveyRevision.objects.filter(survey=survey).exists(),
        document=document,
        questionnaire=questionnaire,
        problem=problem,
        unreachable=unreachable,
        length=words_of(seconds),
        length_is_real=is_real,
        items=len(items_of(questionnaire)),
        questions=sum(1 for _ in questionnaire.questions()),
        languages=languages(questionnaire),
        texts=text_paths(questionnaire),
        kinds={kind.value: words for kind, words in KIND_WORDS.items()},
        closes_at=survey.closes_at,
        universe=survey.universe,
        compared_with=survey.compared_with.slug if survey.compared_with else "",
        plan=Entered(survey.plan),
        sample_design=Entered(survey.sample_design or {}),
        honorarium=Entered(survey.honorarium or {}),
    )


@dataclass(frozen=True)
class Preview:
    """One page of a draft as respondents see it."""

    survey_id: int
    title: str
    instrument: str
    arranged: Arranged
    language: str
    languages: tuple[str, ...]
    seed: int


def get_preview(standing: Standing, survey_id: int, *, language: str, seed: int) -> Preview:
    """A draft as a respondent with this seed sees it; whatever hangs on answers is shown as if nothing was answered.

    Raises:
        NotFound: no such survey, or not this standing's to run.
    """
    survey = _load(standing, survey_id)
    questionnaire = read_questionnaire(
        survey.freeze["questionnaire"] if survey.freeze else survey.questionnaire, complete=False
    )
    arranged = arrange(questionnaire, seed=seed, language=language, answers={}, everything=True)
    return Preview(
        survey.pk,
        survey.title,
        INSTRUMENT_WORDS[Instrument(survey.instrument)],
        arranged,
        arranged.language,
        languages(questionnaire),
        seed,
    )


@dataclass(frozen=True)
class DryRunPage:
    """What a thousand simulated respondents found."""

    survey_id: int
    title: str
    run: DryRun
    wordings: Mapping[str, str]
    choice_labels: Mapping[tuple[str, str], str]


def get_dry_run(standing: Standing, survey_id: int, now: datetime, *, seed: int) -> DryRunPage:
    """Let simulated respondents of the members' strata answer a draft.

    Raises:
        NotFound: no such survey, or not this standing's to run.
        Conflict: the questionnaire is not complete.
    """
    survey = _load(standing, survey_id)
    try:
        questionnaire = read_questionnaire(survey.freeze["questionnaire"] if survey.freeze else survey.questionnaire)
    except FaultyQuestionnaire as fault:
        raise Conflict(f"The dry run needs a complete questionnaire. {fault}") from fault
    cells = [(stratum.specialty,) for stratum, count in count_by_stratum(now).items() if count]
    items = items_of(questionnaire)
    return DryRunPage(
        survey.pk,
        survey.title,
        simulate(questionnaire, seed=seed, cells=sorted(set(cells))),
        {question.code: question.wording for question in questionnaire.questions()}
        | {item.code: item.wording for item in items},
        {(item.code, choice.code): choice.label for item in items for choice in item.choices},
    )
