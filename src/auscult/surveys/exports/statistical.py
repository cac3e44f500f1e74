"""SPSS and Stata files of one item."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from auscult.surveys.exports import spss, stata
from auscult.surveys.exports.delimited import (
    WITHHELD_NUMBER,
    Columns,
    item_columns,
    numbered_answers,
    numbered_levels,
)
from auscult.surveys.exports.labels import plain, shorten, suppression_words
from auscult.surveys.exports.tables import ExportItem, ExportSurvey, ReleasedTable

#: Stata's letter of the missing value that stands for "withheld": ``.w``.
STATA_WITHHELD = "w"


def item_sav(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """One item for SPSS: numbered answers and strata with labels, ``weight``, and withheld values declared missing."""
    columns, values = _numbered(survey, table)
    labels = _variable_labels(survey, table.item, columns, most=spss.MAX_VARIABLE_LABEL, encoded=True)
    variables = []
    for name in columns:
        coded = name in values
        nominal = coded or name == "design_stratum"
        ordered = name == "answer" and table.item.ordered
        texts = {n: shorten(t, most=spss.MAX_VALUE_LABEL, encoded=True) for n, t in values.get(name, {}).items()}
        variables.append(
            spss.Variable(
                name,
                labels[name],
                "ordinal" if ordered else "nominal" if nominal else "scale",
                texts,
                missing=WITHHELD_NUMBER if coded else None,
                decimals=4 if name == "weight" else 0,
            )
        )
    return spss.write_sav(
        variables,
        [[float(value) for value in column] for column in columns.values()],
        title=shorten(survey.title, most=spss.MAX_TITLE, encoded=True),
        notes=[
            *_note_lines(survey.sentence),
            *_note_lines(suppression_words(survey.minimum)),
            *_note_lines(survey.licence),
        ],
        day=survey.closed_on,
    )


def item_dta(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """One item for Stata: as for SPSS; withheld values are ``.w``, or ``.`` where all are."""
    columns, values = _numbered(survey, table)
    holding = [name for name in values if WITHHELD_NUMBER in columns[name] and len(set(columns[name])) > 1]
    cells: dict[str, list[stata.Cell]] = {name: list(column) for name, column in columns.items()}
    for name in values:
        withheld = STATA_WITHHELD if name in holding else None
        cells[name] = [withheld if number == WITHHELD_NUMBER else number for number in columns[name]]
    labels: dict[str, dict[int | str, str]] = {
        name: {
            STATA_WITHHELD if number == WITHHELD_NUMBER else number: plain(label)
            for number, label in of.items()
            if number != WITHHELD_NUMBER or name in holding
        }
        for name, of in values.items()
    }
    return stata.write_dta(
        cells,
        decimal="weight",
        title=shorten(survey.title, most=stata.MAX_LABEL),
        labels=_variable_labels(survey, table.item, columns, most=stata.MAX_LABEL),
        values=labels,
        day=survey.closed_on,
    )


def _numbered(survey: ExportSurvey, table: ReleasedTable) -> tuple[Columns, dict[str, dict[int, str]]]:
    """The item's rows with numbers for codes, and variable → number → label."""
    codes = {"answer": numbered_answers(table)} | {v: numbered_levels(survey, v) for v in survey.strata}
    columns = item_columns(survey, table)
    if survey.design == "stratified":
        # A design variable must not be missing, and the strata variables are where the group is withheld.
        rows = {levels: row for row, levels in enumerate(table.strata, start=1)}
        strata = zip(*(map(str, columns[variable]) for variable in survey.strata), strict=True)
        columns["design_stratum"] = [rows[levels] for levels in strata]
    for name, of in codes.items():
        numbers = {code: number for code, number, _ in of}
        columns[name] = [numbers[str(code)] for code in columns[name]]
    return columns, {name: {number: label for _, number, label in of} for name, of in codes.items()}


def _variable_labels(
    survey: ExportSurvey, item: ExportItem, names: Iterable[str], *, most: int, encoded: bool = False
) -> dict[str, str]:
    # The part tells the items of one question apart, so it comes first where the wording has to be cut.
    cut = shorten(item.wording, most=most, encoded=encoded) != plain(item.wording)
    labels = {name: name.replace("_", " ").capitalize() for name in survey.strata} | {
        "answer": f"{item.part}: {item.wording}" if cut and item.part else item.wording,
        "weight": "Weight: persons that the answer stands for",
        "fpc": "Persons of the sampling frame in the stratum",
        "design_stratum": "Stratum of the design, withheld groups together",
    }
    return {name: shorten(labels[name], most=most, encoded=encoded) for name in names}


def _note_lines(text: str) -> list[str]:
    """The text in lines of at most 80 bytes, as wide as its letters allow."""
    widths = (wrap(plain(text), width) for width in range(spss.MAX_NOTE, spss.MAX_NOTE // 4 - 1, -1))
    return next(lines for lines in widths if all(len(line.encode()) <= spss.MAX_NOTE for line in lines))
