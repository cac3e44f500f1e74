"""From the table *cell × answer → count* and a population to everything that one survey publishes.

The same function gives the live result, the release and the check of an auditor, so the three cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import InvalidCounts
from auscult.statistics.linearisation import Linearisation
from auscult.statistics.margins import Collapse, check_answers, collapse_sparse_levels
from auscult.statistics.presentation import may_present
from auscult.statistics.raking import Weights, rake, require_convergence
from auscult.statistics.representativeness import (
    Card,
    Diagnostics,
    Instrument,
    MarginBalance,
    margin_balance,
    permitted_sentence,
    standardised_difference,
    tipping_data_defect_correlation,
    tipping_odds,
    worst_case_bounds,
)
from auscult.statistics.shares import QuestionEstimate, ShareEstimate, estimate_domains, estimate_questions

#: Digits of a published weighted share: a tenth of a point, as pages print it.
PUBLISHED_DIGITS = 3

#: Changes whenever a published figure would come out differently.
METHOD_VERSION = "auscult-1"


@dataclass(frozen=True)
class CellTable:
    """Counts of one survey.

    Attributes:
        variables: names of the weighting variables, length V.
        cells: level of each variable for each occupied cell, length C, each of length V.
        respondents: people of each cell, shape (C,).
        choices: question → codes of its choices.
        answers: question → counts, shape (C, A).
    """

    variables: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    respondents: NDArray[np.float64]
    choices: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, NDArray[np.float64]]

    def values(self, variable: str) -> list[str]:
        """Level of one variable for each cell, length C."""
        position = self.variables.index(variable)
        return [cell[position] for cell in self.cells]

    def by_stratum(self, variable: str, question: str) -> tuple[list[str], NDArray[np.int64]]:
        """Counts of one question by the levels of one variable: level names and shape (L, A)."""
        values = self.values(variable)
        levels = sorted(set(values))
        index = {level: row for row, level in enumerate(levels)}
        table = np.zeros((len(levels), len(self.choices[question])), dtype=np.int64)
        np.add.at(table, [index[value] for value in values], self.answers[question].astype(np.int64))
        return levels, table


#: Variable → level → persons.
Population = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class SurveyEstimates:
    """Weights and estimates of all questions of one survey."""

    weights: Weights
    collapses: tuple[Collapse, ...]
    design_effect_of_weights: float
    n_effective: float
    balance: tuple[MarginBalance, ...]
    questions: Mapping[str, QuestionEstimate]


def rake_table(table: CellTable, population: Population) -> tuple[Weights, tuple[Collapse, ...]]:
    """Collapse sparse levels and rake the cells to the population.

    Raises:
        CannotEstimate: any of its kinds; see the errors of this room.
    """
    for counts in table.answers.values():
        check_answers(np.asarray(counts, dtype=float), table.respondents)
    if table.respondents.sum() < 2:
        raise InvalidCounts("A weighted result needs at least two respondents.")
    margins, collapses = [], []
    for variable, levels in population.items():
        margin, collapse = collapse_sparse_levels(variable, levels, table.values(variable), table.respondents)
        margins.append(margin)
        if collapse:
            collapses.append(collapse)
    return require_convergence(rake(table.respondents, margins)), tuple(collapses)


def estimate_survey(table: CellTable, population: Population) -> SurveyEstimates:
    """Rake the cells to the population and estimate every question that anyone answered.

    Args:
        table: counts by cell.
        population: persons by level of each weighting variable; the variables used are those of the population.

    Returns:
        Weights, diagnostics and shares.

    Raises:
        CannotEstimate: any of its kinds; see the errors of this room.
    """
    weights, collapses = rake_table(table, population)
    margins = weights.margins
    weighted = table.respondents * weights.weight
    balance = [
        row
        for margin in margins
        for row in margin_balance(
            margin.name, margin.levels, margin.totals, margin.counts(table.respondents), margin.counts(weighted)
        )
    ]
    common = Linearisation(weights, table.respondents, np.zeros(table.respondents.size, dtype=np.intp), 1)
    answered = ((q, table.choices[q], counts) for q, counts in table.answers.items() if counts.sum() > 0)
    questions = estimate_questions(answered, common)
    effect = weights.design_effect_of_weights(table.respondents)
    return SurveyEstimates(
        weights, collapses, effect, float(table.respondents.sum()) / effect, tuple(balance), questions
    )


def presentation_of(share: ShareEstimate) -> str | None:
    """Why a share should not be quoted by itself (``presentation.may_present``), or None."""
    verdict = may_present(
        share.share,
        share.standard_error,
        n=share.base,
        degrees_of_freedom=share.base - 1,
        n_effective=share.n_effective,
    )
    return None if verdict.show else verdict.reason


def share_as_json(share: ShareEstimate) -> dict[str, Any]:
    """One answer as it stands in a result sheet."""
    return {
        "answer": share.answer,
        "count": share.count,
        "raw_share": share.raw_share,
        # A weighted share to its last digit can betray how a pooled group is made up: one equation in whole numbers.
        "share": round(share.share, PUBLISHED_DIGITS),
        "standard_error": round(share.standard_error, PUBLISHED_DIGITS + 1),
        "low": round(share.interval.low, PUBLISHED_DIGITS),
        "high": round(share.interval.high, PUBLISHED_DIGITS),
        "interval": share.interval.method,
        "design_effect": round(share.design_effect, 2),
        "n_effective": round(share.n_effective),
        "caution": presentation_of(share),
    }


def question_as_json(question: str, estimate: QuestionEstimate, universe: int) -> dict[str, Any]:
    """One question as it stands in a result sheet, with what its leading answer would need to be wrong."""
    leading = max(estimate.shares, key=lambda share: share.count)
    return {
        "question": question,
        "base": leading.base,
        "answers": [share_as_json(share) for share in estimate.shares],
        "leading": leading_as_json(leading.answer, leading.count, leading.base, universe),
    }


def leading_as_json(answer: str, count: int, base: int, universe: int) -> dict[str, Any]:
    """Robustness of the leading answer: worst-case bounds, tipping odds, tipping data-defect correlation."""
    bounds = worst_case_bounds(count, base, universe)
    odds = tipping_odds(count / base)
    rho = tipping_data_defect_correlation(count / base, base, universe)
    return {
        "answer": answer,
        # Canonical JSON has neither infinity nor NaN: null says that no odds, or no correlation, would do.
        "tipping_odds": None if odds == float("inf") else odds,
        "worst_case_low": bounds.low,
        "worst_case_high": bounds.high,
        "tipping_correlation": None if math.isnan(rho) else rho,
    }


def estimates_as_json(estimates: SurveyEstimates, universe: int) -> dict[str, Any]:
    """Weighting diagnostics and questions as they stand in a result sheet."""
    weights = estimates.weights
    return {
        "method": METHOD_VERSION,
        "weighting": {
            "margins": [margin.name for margin in weights.margins],
            "population": float(weights.margins[0].totals.sum()),
            "iterations": weights.iterations,
            "worst_relative_error": weights.worst_relative_error,
            "design_effect": estimates.design_effect_of_weights,
            "n_effective": estimates.n_effective,
            "collapsed": [{"margin": c.margin, "levels": list(c.levels), "into": c.into} for c in estimates.collapses],
            "balance": [
                {
                    "margin": row.margin,
                    "level": row.level,
                    "population": row.population_share,
                    "raw": row.raw_share,
                    "weighted": row.weighted_share,
                }
                for row in estimates.balance
            ],
        },
        "questions": [
            question_as_json(question, estimate, universe) for question, estimate in estimates.questions.items()
        ],
    }


def domains_as_json(table: CellTable, population: Population, variable: str) -> list[dict[str, Any]]:
    """Weighted answers within each level of a variable that is not weighted to.

    The weights are those of the whole survey; a domain's share is a ratio of weighted counts, and its variance counts
    everybody outside the domain as not having answered (Särndal, Swensson and Wretman 1992, section 10.3; the same as
    R ``svyby(~answer, ~domain, design, svymean)``).

    Args:
        table: counts by cell, with ``variable`` among its variables.
        population: persons by level of the weighting variables.
        variable: name of the domain variable.

    Returns:
        One entry for each question and level that anyone of the level answered.

    Raises:
        CannotEstimate: the whole table has no valid weights.
    """
    domains, codes = np.unique(np.array(table.values(variable)), return_inverse=True)
    weights = rake_table(table, population)[0]
    common = Linearisation(weights, table.respondents, codes.reshape(-1), domains.size)
    answered = ((q, table.choices[q], counts) for q, counts in table.answers.items() if counts.sum() > 0)
    return [
        {
            "question": question,
            "domain": str(domain),
            "base": shares[0].base,
            "answers": [share_as_json(share) for share in shares],
        }
        for question, estimate in estimate_domains(answered, common).items()
        for position, domain in enumerate(domains)
        if (shares := estimate.of(position))
    ]


def diagnostics_of(weighting: Mapping[str, Any] | None) -> Diagnostics | None:
    """What the weighting of a result sheet says about itself, or None where nothing was weighted."""
    if weighting is None:
        return None
    differences = [standardised_difference(row["weighted"], row["population"]) for row in weighting["balance"]]
    return Diagnostics(weighting["n_effective"], max(map(abs, differences)))


def card_as_json(
    card: Card,
    instrument: Instrument,
    *,
    weighting: Mapping[str, Any] | None,
    member_words: str,
    universe_words: str,
) -> dict[str, Any]:
    """Card and permitted sentence as they stand in a result sheet."""
    sentence = permitted_sentence(
        instrument,
        card,
        diagnostics=diagnostics_of(weighting),
        member_words=member_words,
        universe_words=universe_words,
    )
    return {
        "respondents": card.respondents,
        "members": card.members,
        "universe": card.universe,
        "participation": card.participation,
        "coverage": card.coverage,
        "r_indicator": card.r_indicator,
        "speaks_of": sentence.speaks_of,
        "subject": sentence.subject,
        "because": sentence.because,
    }


def cell_rows(table: CellTable) -> list[tuple[str, ...]]:
    """The full cell table as rows *levels …, question, choice, count*, for an auditor."""
    rows: list[tuple[str, ...]] = []
    for index, cell in enumerate(table.cells):
        rows.append((*cell, "", "", str(int(table.respondents[index]))))
        for question, counts in table.answers.items():
            rows.extend(
                (*cell, question, choice, str(int(counts[index, a])))
                for a, choice in enumerate(table.choices[question])
                if counts[index, a]
            )
    return rows


def table_from_rows(
    variables: Sequence[str], choices: Mapping[str, tuple[str, ...]], rows: Sequence[Sequence[str]]
) -> CellTable:
    """Read back what ``cell_rows`` wrote.

    Raises:
        InvalidCounts: a row names a question or choice that is not known, or a count that is no number.
    """
    width = len(variables)
    cells = sorted({tuple(row[:width]) for row in rows})
    index = {cell: position for position, cell in enumerate(cells)}
    respondents = np.zeros(len(cells))
    answers = {question: np.zeros((len(cells), len(codes))) for question, codes in choices.items()}
    for row in rows:
        position = index[tuple(row[:width])]
        question, choice, count = row[width], row[width + 1], row[width + 2]
        try:
            if question:
                answers[question][position, choices[question].index(choice)] += int(count)
            else:
                respondents[position] += int(count)
        except (KeyError, ValueError) as error:
            raise InvalidCounts(f"The cell table has a row that does not fit the questionnaire: {row!r}") from error
    return CellTable(tuple(variables), tuple(cells), respondents, dict(choices), answers)
