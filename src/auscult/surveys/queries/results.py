"""Results: from stored counts to what is shown and published."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db.models import Max, Sum

from auscult.registry.models import Frame
from auscult.registry.queries import STRATUM_VARIABLES
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.standing import Stratum
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import r_indicator
from auscult.statistics.results import CellTable, cell_rows, estimate_survey
from auscult.statistics.suppression import SuppressedTable, suppress_together
from auscult.surveys import rules, tallies
from auscult.surveys.models import BallotTally, CountedBallot, Survey
from auscult.surveys.rules import SurveyState


def get_cell_table(survey: Survey) -> CellTable:
    """The stored tallies of a frozen survey as a cell table."""
    assert survey.freeze is not None
    choices = {q["code"]: tuple(c["code"] for c in q["choices"]) for q in survey.freeze["questions"]}
    rows = BallotTally.objects.filter(survey_id=survey.pk).values_list("stratum", "question", "choice", "count")
    stored = (*STRATUM_VARIABLES, tallies.AFFILIATION) if survey.freeze["compared_with"] else STRATUM_VARIABLES
    return tallies.cell_table(stored, choices, list(rows), crossed=_crossed(survey.freeze))


def _crossed(freeze: Mapping[str, Any]) -> list[str]:
    """The variables that the sampling design crosses, where it crosses two."""
    by: list[str] = freeze["sample"]["by"] if freeze["sample"] else []
    return by if len(by) > 1 else []


def cell_variables(freeze: Mapping[str, Any]) -> tuple[str, ...]:
    """Variables of a cell: those that are weighted to, and the affiliation where the poll compares by it."""
    return (
        *STRATUM_VARIABLES,
        *((tallies.AFFILIATION,) if freeze["compared_with"] else ()),
        *((tallies.SAMPLING_STRATUM,) if _crossed(freeze) else ()),
    )


def population_of(survey: Survey) -> dict[str, dict[str, int]]:
    """Persons by level of each weighting variable: of a sample those it was drawn from, else of the register."""
    if survey.population:
        found: dict[str, dict[str, int]] = survey.population
        return found
    return survey.frame.margins if survey.frame else {}


def present_result(survey: Survey) -> dict[str, Any]:
    """The result of a frozen survey as its tallies stand now."""
    assert survey.freeze is not None
    return tallies.make_result(
        get_cell_table(survey),
        population_of(survey) or None,
        freeze=survey.freeze,
        members=asked_members(survey),
        evenness=survey.r_indicator,
    )


def list_events(survey: Survey) -> list[dict[str, str]]:
    """What was done otherwise than planned, as it is published."""
    rows = survey.events.values_list("kind", "text", "noted_at")
    return [{"kind": kind, "text": text, "at": at.isoformat()} for kind, text, at in rows]


def asked_members(survey: Survey) -> int:
    """Members who could have answered: of a sample those who were drawn, else all verified ones."""
    assert survey.freeze is not None
    sample = survey.freeze["sample"]
    return int(sample["invited"]) if sample else survey.eligible


def count_respondents(survey_id: int) -> int:
    """Ballots that the tallies of a survey hold."""
    rows = BallotTally.objects.filter(survey_id=survey_id, question="")
    return int(rows.aggregate(total=Sum("count"))["total"] or 0)


def require_publishable(survey: Survey) -> None:
    """Refuse to show anything of a closed survey that would give a ballot away.

    Raises:
        Conflict: fewer than ten took part, or the final figures differ from the live ones by fewer than ten members.
    """
    assert survey.freeze is not None
    minimum = survey.freeze["minimum_cell"]
    if survey.respondents < minimum:
        raise Conflict(f"Fewer than {minimum} members took part; nothing may be published.")
    if survey.is_held_back:
        raise Conflict(
            f"The final figures differ from the live figures by fewer than {rules.LIVE_STEP} members. Publishing them would "
            "show how those members voted, so they are held back."
        )


def measure_evenness(survey: Survey, members: Mapping[Stratum, int]) -> float | None:
    """R-indicator of participation over the coarse strata, or None without members."""
    rows = BallotTally.objects.filter(survey_id=survey.pk, question="", count__gt=0).values_list("stratum", "count")
    answered: dict[str, int] = {}
    for key, count in rows:
        cell = tallies.weighting_cell(key)
        answered[cell] = answered.get(cell, 0) + count
    population = {tallies.stratum_key(stratum): count for stratum, count in members.items()}
    if not population:
        return None
    keys = sorted(population.keys() | answered.keys())
    respondents = np.array([answered.get(key, 0) for key in keys], dtype=float)
    # A member may have lapsed between voting and close.
    people = np.maximum(np.array([population.get(key, 0) for key in keys], dtype=float), np.maximum(respondents, 1))
    return r_indicator(people, respondents)


@dataclass(frozen=True)
class ResultSheet:
    """What ``publishing`` gets of a closed survey: figures and leaves, never microdata.

    Attributes:
        freeze: the frozen document, and its digest in ``freeze_hash``.
        results: card, weighting and questions as JSON.
        turnout: members who took part.
        eligible: members who could have.
        strata: (variable, question) → suppressed table.
        population: variable → level → persons.
        cells_csv: the full cell table, for an auditor only.
    """

    survey_id: int
    public_id: str
    title: str
    freeze: dict[str, Any]
    freeze_hash: str
    opened_at: datetime
    closed_at: datetime
    turnout: int
    eligible: int
    results: dict[str, Any]
    strata: dict[tuple[str, str], SuppressedTable]
    population: dict[str, dict[str, int]]
    cells_csv: bytes


def get_result_sheet(survey_id: int) -> ResultSheet:
    """The sheet of a closed survey.

    Raises:
        NotFound: no such survey.
        Conflict: not closed, or not publishable.
    """
    survey = Survey.objects.select_related("frame").filter(pk=survey_id).first()
    if survey is None:
        raise NotFound
    if survey.state != SurveyState.CLOSED or survey.freeze is None or survey.opened_at is None:
        raise Conflict("A result is published once its poll is closed.")
    require_publishable(survey)
    table = get_cell_table(survey)
    population = population_of(survey)
    results = tallies.make_result(
        table, population or None, freeze=survey.freeze, members=asked_members(survey), evenness=survey.r_indicator
    )
    if survey.fieldwork:
        # Deviations can be noted until the result is published.
        results |= {"fieldwork": survey.fieldwork | {"events": list_events(survey)}}
    minimum = survey.freeze["minimum_cell"]
    if survey.freeze["compared_with"]:
        domains, refused = tallies.compare_domains(table, population or None, minimum=minimum)
        results |= {"domains": domains, "domains_refused": refused}
    shown = [question for question, counts in table.answers.items() if counts.sum() >= minimum]
    strata: dict[tuple[str, str], SuppressedTable] = {}
    for variable in cell_variables(survey.freeze):
        found = {question: table.by_stratum(variable, question) for question in shown}
        levels = next(iter(found.values()))[0] if found else []
        together = suppress_together(
            levels, {question: counts for question, (_, counts) in found.items()}, minimum=minimum
        )
        strata |= {(variable, question): one for question, one in together.items()}
    text = io.StringIO()
    text.write(f"# salt {survey.cells_salt}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*table.variables, "question", "choice", "count"])
    writer.writerows(cell_rows(table))
    assert survey.closed_at is not None
    return ResultSheet(
        survey.pk,
        str(survey.public_id),
        survey.title,
        survey.freeze,
        survey.freeze_hash,
        survey.opened_at,
        survey.closed_at,
        survey.respondents,
        asked_members(survey),
        results,
        strata,
        population,
        text.getvalue().encode(),
    )


@dataclass(frozen=True)
class FrameShares:
    """Weighted shares of a closed survey under one frame of its register.

    Attributes:
        shares: (question, choice) → weighted share; empty where no valid weights exist under this frame.
    """

    definition: str
    as_of: date
    total: int
    is_own: bool
    shares: dict[tuple[str, str], float]


def list_frame_shares(survey_id: int) -> list[FrameShares]:
    """What a closed survey says weighted to each frame of the load that it was weighted to: the choice of a denominator shown.

    Only frames of the same load are compared, so that nothing but the definition differs.
    """
    survey = Survey.objects.select_related("frame").filter(pk=survey_id, state=SurveyState.CLOSED).first()
    if survey is None or survey.frame is None or survey.freeze is None:
        return []
    table = get_cell_table(survey)
    if survey.is_held_back or table.respondents.sum() < survey.freeze["minimum_cell"]:
        return []
    found = []
    for frame in Frame.objects.filter(load_id=survey.frame.load_id).order_by("kind"):
        try:
            estimates = estimate_survey(table, frame.margins)
            shares = {
                (question, share.answer): share.share
                for question, estimate in estimates.questions.items()
                for share in estimate.shares
            }
        except CannotEstimate:
            shares = {}
        found.append(FrameShares(frame.definition, frame.as_of, frame.total, frame.pk == survey.frame.pk, shares))
    return found


def find_last_close(now: datetime) -> datetime | None:
    """When the last of the polls that are open now closes, or None."""
    open_now = Survey.objects.filter(state=SurveyState.OPEN, closes_at__gt=now)
    last: datetime | None = open_now.aggregate(last=Max("closes_at"))["last"]
    return last


def iterate_leaves(survey_id: int, question: str) -> Iterator[tuple[bytes, str, str]]:
    """Counted leaves of one question in the order of their hashes: (leaf hash, choice, nonce)."""
    rows = CountedBallot.objects.filter(survey_id=survey_id, question=question, left_out="").order_by("leaf")
    for leaf, choice, nonce in rows.values_list("leaf", "choice", "nonce").iterator(chunk_size=5000):
        yield bytes(leaf), choice, nonce


def list_left_out(survey_id: int) -> list[tuple[str, str]]:
    """Leaves that a declared rule left out of the count, in the order of their hashes: (leaf hash in hex, rule)."""
    rows = CountedBallot.objects.filter(survey_id=survey_id).exclude(left_out="").order_by("leaf")
    return [(bytes(leaf).hex(), rule) for leaf, rule in rows.values_list("leaf", "left_out")]
