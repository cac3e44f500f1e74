"""Weights and results of one csv file: what ``auscult weight`` does, without Django and without a database."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.statistics.errors import CannotEstimate, InvalidMargin, MissingValues, UnknownVariable
from auscult.statistics.intervals import LARGEST_EFFECTIVE, logit_intervals
from auscult.statistics.margins import FEWEST_IN_MARGIN_LEVEL, Collapse, collapse_sparse_levels
from auscult.statistics.presentation import may_present
from auscult.statistics.representativeness import MarginBalance, margin_balance
from auscult.statistics.rows.calibrate import rake_rows
from auscult.statistics.rows.columns import Factor, make_factor
from auscult.statistics.rows.design import SurveyDesign, survey_design
from auscult.statistics.rows.estimators import Estimates, mean, mean_by

#: Most answers of one question, and most lines of one question by a group: more is a column of another kind.
MOST_ANSWERS, MOST_LINES = 200, 5_000


@dataclass(frozen=True)
class Line:
    """One answer of one question, in one domain or in all (``domain`` is then empty)."""

    question: str
    domain: str
    answer: str
    count: int
    base: int
    raw_share: float
    share: float
    standard_error: float
    low: float
    high: float
    design_effect: float | None
    show: bool
    note: str


@dataclass(frozen=True)
class WeightedFile:
    """Weights of every row and results of every question.

    Attributes:
        weights: shape (n,), persons per row.
        population: persons of the margins.
        design_effect: Kish's, of the weights.
        collapses: levels that were taken together.
        balance: every level before and after.
        lines: results.
        level: confidence of the intervals.
    """

    weights: NDArray[np.float64]
    population: float
    design_effect: float
    collapses: tuple[Collapse, ...]
    balance: tuple[MarginBalance, ...]
    lines: tuple[Line, ...]
    level: float

    @property
    def n_effective(self) -> float:
        """Rows ÷ design effect of the weights."""
        return self.weights.size / self.design_effect


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a csv file in UTF-8.

    Raises:
        CannotEstimate: the file is empty, no text, or a line has another number of fields than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CannotEstimate(f"{path.name} is not a csv file in UTF-8: {error}.") from error
    while lines and not any(field.strip() for field in lines[-1]):
        lines.pop()
    if len(lines) < 2:
        raise CannotEstimate(f"{path.name} needs a header and at least one line below it.")
    header, rows = [name.strip() for name in lines[0]], lines[1:]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise CannotEstimate(f"{path.name} seems to be separated by semicolons or tabs. Save it with commas.")
    if len(set(header)) != len(header):
        raise CannotEstimate(f"{path.name} has two columns of the same name in its header.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise CannotEstimate(f"Line {number} of {path.name} has {len(row)} fields, the header {len(header)}.")
    return header, rows


def read_margins(path: Path) -> dict[str, dict[str, float]]:
    """Population totals: a csv file with the columns ``variable``, ``level`` and ``total``.

    Raises:
        InvalidMargin: a column is missing, a total is no number, or a level stands twice.
    """
    header, rows = read_table(path)
    if not {"variable", "level", "total"} <= set(header):
        raise InvalidMargin(f"{path.name} needs the columns variable, level and total; it has {', '.join(header)}.")
    margins: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, start=2):
        named = dict(zip(header, (field.strip() for field in row), strict=True))
        try:
            total = float(named["total"])
        except ValueError:
            raise InvalidMargin(f"Line {number} of {path.name}: the total {named['total']!r} is no number.") from None
        levels = margins.setdefault(named["variable"], {})
        if named["level"] in levels:
            raise InvalidMargin(
                f"Line {number} of {path.name} gives {named['variable']} = {named['level']!r} a second time."
            )
        if not (np.isfinite(total) and total >= 0):
            raise InvalidMargin(f"Line {number} of {path.name}: a total must be a finite number of at least zero.")
        levels[named["level"]] = total
    return margins


def weigh_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    margins: Mapping[str, Mapping[str, float]],
    questions: Sequence[str],
    *,
    by: str | None = None,
    base_weight: str | None = None,
    fewest: int = FEWEST_IN_MARGIN_LEVEL,
    level: float = 0.95,
) -> WeightedFile:
    """Rake the rows to the margins and estimate the shares of every answer.

    Args:
        header: names of the columns.
        rows: one a respondent.
        margins: variable → level → persons; every variable must be a column.
        questions: columns to estimate; an empty field is no answer.
        by: column of domains.
        base_weight: column of design weights; every row weighs the same if not given.
        fewest: respondents below which a level is taken together with others; 0 never does.
        level: confidence of the intervals, between 0 and 1.

    Raises:
        CannotEstimate: any of its kinds, saying what is wrong with which column.
    """
    columns = {name: _column(header, rows, name) for name in [*margins, *questions, *([by] if by else [])]}
    if len(rows) < 2:
        raise CannotEstimate("One row has no sampling variance; at least two are needed.")
    for name in margins:
        missing = np.flatnonzero(columns[name].codes < 0)
        if missing.size:
            raise CannotEstimate(
                f"{missing.size:,} rows have no {name!r}, the first in line {missing[0] + 2}. It is weighted to, so fill it "
                "in, or leave those rows out of the file."
            )
    for question in questions:
        cells = len(columns[question].levels) * (len(columns[by].levels) if by else 1)
        if len(columns[question].levels) > MOST_ANSWERS or cells > MOST_LINES:
            raise CannotEstimate(
                f"{question!r} has {len(columns[question].levels):,} different answers"
                f"{f' in {len(columns[by].levels):,} groups' if by else ''}. Is it a question with choices?"
            )
    base = _numbers(header, rows, base_weight) if base_weight else np.ones(len(rows))
    design = survey_design(columns, weights=base)
    fitted, collapses = [], []
    for name, population in margins.items():
        factor = columns[name]
        values = [factor.levels[code] for code in factor.codes]
        margin, collapse = collapse_sparse_levels(name, population, values, np.ones(len(rows)), fewest=fewest)
        fitted.append(margin)
        if collapse:
            collapses.append(collapse)
    raked = rake_rows(design, fitted)
    weights = raked.weights
    balance = [
        row
        for margin in fitted
        for row in margin_balance(
            margin.name, margin.levels, margin.totals, margin.counts(base), margin.counts(weights)
        )
    ]
    lines = [line for question in questions for line in _lines(raked, base, question, None, level)]
    if by:
        lines += [line for question in questions for line in _lines(raked, base, question, by, level)]
    effect = float(len(rows) * (weights @ weights) / weights.sum() ** 2)
    return WeightedFile(
        weights, float(fitted[0].totals.sum()), effect, tuple(collapses), tuple(balance), tuple(lines), level
    )


def _position(header: Sequence[str], name: str) -> int:
    if name not in header:
        raise UnknownVariable(f"There is no column {name!r}. There are: {', '.join(header)}.")
    return list(header).index(name)


def _column(header: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> Factor:
    position = _position(header, name)
    factor = make_factor([row[position].strip() for row in rows])
    if not factor.levels:
        raise MissingValues(f"Every field of {name!r} is empty: it")
    return factor


def _numbers(header: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> NDArray[np.float64]:
    position = _position(header, name)
    numbers = []
    for line, row in enumerate(rows, start=2):
        try:
            numbers.append(float(row[position]))
        except ValueError:
            raise CannotEstimate(f"Line {line}: the weight {row[position]!r} in {name!r} is no number.") from None
        if not (np.isfinite(numbers[-1]) and numbers[-1] > 0):
            raise CannotEstimate(f"Line {line}: the weight in {name!r} must be above zero. Leave such rows out.")
    return np.array(numbers)


def _lines(
    design: SurveyDesign, base_weights: NDArray[np.float64], question: str, by: str | None, level: float
) -> list[Line]:
    factor = design.columns[question]
    assert isinstance(factor, Factor)
    if by is None:
        estimates: Estimates = mean(design, [question], na_rm=True, deff="replace")
        domains, groups = [""], [factor.codes >= 0]
    else:
        estimates = mean_by(design, [question], [by], na_rm=True)
        of_row = design.columns[by]
        assert isinstance(of_row, Factor)
        answered = {level: (of_row.codes == code) & (factor.codes >= 0) for code, level in enumerate(of_row.levels)}
        domains = [level for level, which in answered.items() if which.any()]
        groups = [answered[level] for level in domains]
    shares = np.clip(estimates.values.reshape(len(factor.levels), -1), 0, 1)
    errors = estimates.standard_errors.reshape(shares.shape)
    lines = []
    for d, (domain, inside) in enumerate(zip(domains, groups, strict=True)):
        base, mass = int(inside.sum()), float(base_weights[inside].sum())
        weights = design.weights[inside]
        kish = base * float(weights @ weights) / float(weights.sum()) ** 2
        df = design.degrees_of_freedom
        low, high = logit_intervals(
            shares[:, d], errors[:, d], df, n_effective=np.full(len(factor.levels), base / kish), level=level
        )
        for a, answer in enumerate(factor.levels):
            chosen = inside & (factor.codes == a)
            share, error = float(shares[a, d]), float(errors[a, d])
            if error**2 * LARGEST_EFFECTIVE < share * (1 - share):
                error = 0.0
            verdict = may_present(share, error, n=base, degrees_of_freedom=df)
            effect = None
            if estimates.design_effects is not None and np.isfinite(estimates.design_effects[a]):
                effect = float(estimates.design_effects[a])
            lines.append(
                Line(
                    question, domain, answer, int(chosen.sum()), base, float(base_weights[chosen].sum() / mass), share,
                    error, float(low[a]), float(high[a]), effect, verdict.show, verdict.reason or (
                        "fixed by the weighting" if error == 0 and 0 < share < 1 else ""
                    ),
                )
            )  # fmt: skip
    return lines


def as_document(result: WeightedFile) -> dict[str, Any]:
    """Everything but the weights, as it stands in JSON."""
    return {
        "rows": int(result.weights.size),
        "population": result.population,
        "design_effect": result.design_effect,
        "n_effective": result.n_effective,
        "confidence": result.level,
        "collapsed": [asdict(collapse) for collapse in result.collapses],
        "balance": [
            asdict(row) | {"raw_difference": row.raw_difference, "weighted_difference": row.weighted_difference}
            for row in result.balance
        ],
        "results": [asdict(line) for line in result.lines],
    }


def as_json(result: WeightedFile) -> str:
    """The document, indented."""
    return json.dumps(as_document(result), indent=1, ensure_ascii=False)


def as_csv(result: WeightedFile) -> str:
    """One line for each answer."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(result.lines[0])) if result.lines else ["question"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in result.lines)
    return text.getvalue()


def as_text(result: WeightedFile) -> str:
    """For a person at a terminal."""
    worst_before = max(result.balance, key=lambda row: abs(row.raw_difference))
    worst_after = max(abs(row.weighted_difference) for row in result.balance)
    margins = ", ".join(dict.fromkeys(row.margin for row in result.balance))
    farthest = f"{worst_before.margin} = {worst_before.level}, {worst_before.raw_difference:+.2f} standard deviations"
    text = [
        f"{result.weights.size:,} rows weighted to {result.population:,.0f} people by {margins}.",
        f"Design effect of the weights {result.design_effect:.2f}, effective n {result.n_effective:,.0f}.",
        f"Farthest from the population before: {farthest}; after: {worst_after:.2f}.",
    ]
    text += [f"Taken together in {c.margin}: {', '.join(c.levels)}." for c in result.collapses]
    heading = ""
    for line in result.lines:
        title = f"{line.question}{f', {line.domain}' if line.domain else ''} ({line.base:,} answered)"
        if title != heading:
            heading = title
            text += [
                "",
                title,
                f"  {'answer':<24} {'count':>7} {'raw':>7} {'weighted':>9}  {result.level:.0%} interval",
            ]
        interval = f"{line.low:6.1%} to {line.high:6.1%}"
        note = "" if not line.note else f"  {'' if line.show else 'do not publish: '}{line.note}"
        text.append(
            f"  {line.answer[:24]:<24} {line.count:>7,} {line.raw_share:>7.1%} {line.share:>9.1%}  {interval}{note}"
        )
    text += [
        "",
        "The intervals hold under the assumption that, within weighting cells, answering is unrelated to the answer.",
        "Of people who chose to take part nobody can check that; it is not a margin of sampling error.",
    ]
    return "\n".join(text)


def weighted_csv(header: Sequence[str], rows: Sequence[Sequence[str]], result: WeightedFile, name: str) -> str:
    """The file with its weights as one more column.

    Raises:
        CannotEstimate: a column of that name exists.
    """
    if name in header:
        raise CannotEstimate(f"The file has a column {name!r} already. Rename it first.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, name])
    writer.writerows([*row, repr(float(w))] for row, w in zip(rows, result.weights, strict=True))
    return text.getvalue()


__all__ = [
    "Line", "WeightedFile", "as_csv", "as_document", "as_json", "as_text", "read_margins", "read_table",
    "weigh_rows", "weighted_csv",
]  # fmt: skip
