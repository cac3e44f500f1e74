"""From stored counts to numbers: the one path of live results, releases and audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from auscult.shared.standing import Stratum
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import Instrument, make_card
from auscult.statistics.results import (
    METHOD_VERSION,
    CellTable,
    Population,
    card_as_json,
    domains_as_json,
    estimate_survey,
    estimates_as_json,
    leading_as_json,
)
from auscult.surveys.rules import FEWEST_FOR_WEIGHTS

SEPARATOR = "|"


#: The fifth variable of a cell where a poll compares members of an organisation with others. Not weighted to.
AFFILIATION, MEMBERS, OTHERS = "affiliation", "members", "others"
#: The stratum of a sampling design that crosses two variables: a variable of its own, so that weights restore the design.
SAMPLING_STRATUM = "sampling_stratum"


def stratum_key(stratum: Stratum, *, affiliated: bool | None = None) -> str:
    """A stratum as stored on a ballot; with the affiliation where the poll compares by it."""
    parts = [stratum.specialty, stratum.region, stratum.sex, stratum.career]
    if affiliated is not None:
        parts.append(affiliation(affiliated))
    return SEPARATOR.join(parts)


def ballot_cell(sampled: str | None, stratum: Stratum, affiliated: bool | None) -> str:
    """The stratum a ballot is counted in.

    Args:
        sampled: stratum in which a sampled member was drawn, which counts whatever the register says by now; or None.
        stratum: of the member now.
        affiliated: whether the member belongs to the organization the poll compares by; None where it compares by none.
    """
    if sampled is None:
        return stratum_key(stratum, affiliated=affiliated)
    return sampled if affiliated is None else sampled + SEPARATOR + affiliation(affiliated)


def affiliation(affiliated: bool) -> str:
    """The fifth part of a cell, where a poll compares by it."""
    return MEMBERS if affiliated else OTHERS


def sampled_variables(variables: Sequence[str], by: Sequence[str]) -> tuple[str, ...]:
    """Variables of a cell that are weighted to; where the sampling design crosses two, their crossing is one more.

    Raking to the totals of the design's strata gives every respondent the base weight N ÷ n of the stratum, whatever one
    starts from: base weights that are constant in a margin's levels change nothing of a raked weight.
    """
    return (*variables, SAMPLING_STRATUM) if len(by) > 1 else tuple(variables)


def weighting_cell(key: str) -> str:
    """The part of a stored stratum that is weighted to."""
    return SEPARATOR.join(key.split(SEPARATOR)[:4])


def cell_table(
    variables: Sequence[str],
    choices: Mapping[str, tuple[str, ...]],
    rows: Sequence[tuple[str, str, str, int]],
    *,
    crossed: Sequence[str] = (),
) -> CellTable:
    """Arrange stored tallies as a cell table.

    Args:
        variables: variables of a cell, in the order of the stratum key.
        crossed: variables whose crossing is added as SAMPLING_STRATUM.
        choices: question → codes of its choices.
        rows: (stratum key, question, choice, count); question and choice empty for respondents.
    """
    keys = sorted({row[0] for row in rows if row[3] > 0})
    index = {key: position for position, key in enumerate(keys)}
    respondents = np.zeros(len(keys))
    answers = {question: np.zeros((len(keys), len(codes))) for question, codes in choices.items()}
    columns = {question: {code: a for a, code in enumerate(codes)} for question, codes in choices.items()}
    for key, question, choice, count in rows:
        if count == 0:
            continue
        if question:
            answers[question][index[key], columns[question][choice]] = count
        else:
            respondents[index[key]] = count
    cells = [tuple(key.split(SEPARATOR)) for key in keys]
    if crossed:
        places = [list(variables).index(name) for name in crossed]
        cells = [(*cell, SEPARATOR.join(cell[place] for place in places)) for cell in cells]
        variables = (*variables, SAMPLING_STRATUM)
    return CellTable(tuple(variables), tuple(cells), respondents, dict(choices), answers)


def make_result(
    table: CellTable,
    population: Population | None,
    *,
    freeze: Mapping[str, Any],
    members: int,
    evenness: float | None,
) -> dict[str, Any]:
    """Everything a result shows: card, sentence, weighting, questions.

    Where no valid weighted figure exists, raw shares stand alone and ``weighting_refused`` says why.

    Args:
        table: counts by cell.
        population: margins of the frame, or None without one.
        freeze: the frozen document.
        members: verified members who could have answered.
        evenness: R-indicator, or None.
    """
    respondents = int(table.respondents.sum())
    universe = max(int(freeze["universe"]["size"]), members, respondents)
    instrument = Instrument(freeze["instrument"])
    card = make_card(respondents=respondents, members=max(members, respondents), universe=universe, evenness=evenness)
    # A question that fewer than the minimum answered is not shown, whoever answered the others.
    shown = [question for question, counts in table.answers.items() if counts.sum() >= freeze["minimum_cell"]]
    table = CellTable(
        table.variables,
        table.cells,
        table.respondents,
        {question: table.choices[question] for question in shown},
        {question: table.answers[question] for question in shown},
    )
    try:
        if population is None:
            raise CannotEstimate("No register is loaded, so there is no population to weight to.")
        if respondents < FEWEST_FOR_WEIGHTS:
            raise CannotEstimate(f"A weighted result needs at least {FEWEST_FOR_WEIGHTS} respondents.")
        estimated = estimates_as_json(estimate_survey(table, population), universe) | {"weighting_refused": None}
    except CannotEstimate as error:
        questions = [
            _raw_question(question, table.choices[question], counts.sum(axis=0), universe)
            for question, counts in table.answers.items()
        ]
        estimated = {"weighting": None, "weighting_refused": str(error), "questions": questions}
    return {
        "method": METHOD_VERSION,
        "instrument": instrument.value,
        "ballot_mode": freeze["ballot_mode"],
        "universe": freeze["universe"],
        "frame": freeze["frame"],
        "minimum_cell": freeze["minimum_cell"],
        "questionnaire": freeze["questions"],
        "card": card_as_json(
            card,
            instrument,
            weighting=estimated["weighting"],
            member_words=freeze["member_words"],
            universe_words=freeze["universe"]["words"],
        ),
    } | estimated


def _raw_question(question: str, codes: Sequence[str], counts: Any, universe: int) -> dict[str, Any]:
    base = int(counts.sum())
    top = int(np.argmax(counts))
    return {
        "question": question,
        "base": base,
        "answers": [
            {
                "answer": code,
                "count": int(count),
                "raw_share": int(count) / base,
                **dict.fromkeys(
                    ("share", "standard_error", "low", "high", "interval", "design_effect", "n_effective", "caution")
                ),
            }
            for code, count in zip(codes, counts, strict=True)
        ],
        "leading": leading_as_json(codes[top], int(counts[top]), base, universe),
    }


def compare_domains(
    table: CellTable, population: Population | None, *, minimum: int
) -> tuple[list[dict[str, Any]] | None, str | None]:
    """Weighted answers of members of the compared organisation beside those of others.

    Args:
        table: counts by cell, with ``affiliation`` among its variables.
        population: margins of the frame, or None without one.
        minimum: no cell of an answer in a domain may be smaller.

    Returns:
        One entry for each question and domain, or None and the reason why nothing can be shown.
    """
    if population is None:
        return None, "No register is loaded, so there is no population to weight to."
    in_domain = np.array(table.values(AFFILIATION))
    for counts in table.answers.values():
        for domain in (MEMBERS, OTHERS):
            own = counts[in_domain == domain].sum(axis=0)
            if own.min() < minimum or own.sum() < FEWEST_FOR_WEIGHTS:
                return None, (
                    f"An answer was given by fewer than {minimum} members of the organisation, or by fewer than "
                    f"{minimum} others; smaller groups are not shown."
                )
    try:
        return domains_as_json(table, population, AFFILIATION), None
    except CannotEstimate as error:
        return None, str(error)
