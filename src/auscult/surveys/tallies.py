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
    estimate_survey,
    estimates_as_json,
    leading_as_json,
)
from auscult.surveys.rules import FEWEST_FOR_WEIGHTS

SEPARATOR = "|"


def stratum_key(stratum: Stratum) -> str:
    """A stratum as stored on a ballot."""
    return SEPARATOR.join((stratum.specialty, stratum.region, stratum.sex, stratum.career))


def cell_table(
    variables: Sequence[str],
    choices: Mapping[str, tuple[str, ...]],
    rows: Sequence[tuple[str, str, str, int]],
) -> CellTable:
    """Arrange stored tallies as a cell table.

    Args:
        variables: weighting variables, in the order of the stratum key.
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
    return CellTable(
        tuple(variables), tuple(tuple(key.split(SEPARATOR)) for key in keys), respondents, dict(choices), answers
    )


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
    result: dict[str, Any] = {
        "method": METHOD_VERSION,
        "instrument": instrument.value,
        "ballot_mode": freeze["ballot_mode"],
        "universe": freeze["universe"],
        "frame": freeze["frame"],
        "minimum_cell": freeze["minimum_cell"],
        "questionnaire": freeze["questions"],
        "card": card_as_json(
            card, instrument, member_words=freeze["member_words"], universe_words=freeze["universe"]["words"]
        ),
    }
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
        return result | estimates_as_json(estimate_survey(table, population), universe) | {"weighting_refused": None}
    except CannotEstimate as error:
        questions = [
            _raw_question(question, table.choices[question], counts.sum(axis=0), universe)
            for question, counts in table.answers.items()
        ]
        return result | {"weighting": None, "weighting_refused": str(error), "questions": questions}


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
                **dict.fromkeys(("share", "standard_error", "low", "high", "interval", "design_effect", "n_effective")),
            }
            for code, count in zip(codes, counts, strict=True)
        ],
        "leading": leading_as_json(codes[top], int(counts[top]), base, universe),
    }
