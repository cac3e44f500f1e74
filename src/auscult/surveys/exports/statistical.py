"""SPSS and Stata files of one item, written by pyreadstat."""

from __future__ import annotations

import re
import tempfile
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import polars as pl
import pyreadstat

from auscult.surveys.exports.delimited import WITHHELD_NUMBER, item_frame, numbered_answers, numbered_levels
from auscult.surveys.exports.labels import plain, shorten, suppression_words
from auscult.surveys.exports.tables import ExportItem, ExportSurvey, ReleasedTable

#: Longest texts: SPSS in bytes (file 64, variable 256, value 120, line of a note 80), Stata in characters (file, variable 80).
_SAV_FILE, _SAV_VARIABLE, _SAV_VALUE, _SAV_NOTE, _DTA_LABEL = 64, 256, 120, 80, 80
#: Stata's letter of the missing value that stands for "withheld": ``.w``.
STATA_WITHHELD = "w"
#: Format 118, which every Stata since 14 reads; pyreadstat's default needs Stata/MP.
_DTA_VERSION = 14
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def item_sav(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """One item for SPSS: numbered answers and strata with labels, ``weight``, and withheld values declared missing."""
    frame, values = _numbered(survey, table)
    labels = {
        name: {number: shorten(label, most=_SAV_VALUE, encoded=True) for number, label in of.items()}
        for name, of in values.items()
    }
    notes = [
        *_note_lines(survey.sentence),
        *_note_lines(suppression_words(survey.minimum)),
        *_note_lines(survey.licence),
    ]
    scales = dict.fromkeys(frame.columns, "scale") | dict.fromkeys(("design_stratum", *values), "nominal")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "item.sav"
        pyreadstat.write_sav(
            frame,
            path,
            file_label=shorten(survey.title, most=_SAV_FILE, encoded=True),
            column_labels=_variable_labels(survey, table.item, frame, most=_SAV_VARIABLE, encoded=True),
            note=notes,
            variable_value_labels=labels,
            missing_ranges={name: [WITHHELD_NUMBER] for name in values},
            variable_measure=scales | {"answer": "ordinal" if table.item.ordered else "nominal"},
            variable_format={name: "F12.4" if name == "weight" else "F8.0" for name in frame.columns},
        )
        written = path.read_bytes()
    return _dated_sav(written, survey.closed_on)


def item_dta(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """One item for Stata: as for SPSS; withheld values are ``.w``, or ``.`` where all are."""
    frame, values = _numbered(survey, table)
    holding = [name for name in values if WITHHELD_NUMBER in frame[name] and frame[name].n_unique() > 1]
    for name in values:
        if name in holding:
            letters = [STATA_WITHHELD if number == WITHHELD_NUMBER else number for number in frame[name]]
            frame = frame.with_columns(pl.Series(name, letters, dtype=pl.Object))
        else:
            # A column of letters only would be written as text, so one that is withheld throughout is left empty.
            frame = frame.with_columns(pl.col(name).replace(WITHHELD_NUMBER, None))
    labels: dict[str, dict[Any, str]] = {
        name: {
            STATA_WITHHELD if number == WITHHELD_NUMBER else number: plain(label)
            for number, label in of.items()
            if number != WITHHELD_NUMBER or name in holding
        }
        for name, of in values.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "item.dta"
        pyreadstat.write_dta(
            frame,
            path,
            file_label=shorten(survey.title, most=_DTA_LABEL),
            column_labels=_variable_labels(survey, table.item, frame, most=_DTA_LABEL),
            version=_DTA_VERSION,
            variable_value_labels=labels,
            missing_user_values={name: [STATA_WITHHELD] for name in holding},
        )
        written = path.read_bytes()
    return _dated_dta(written, survey.closed_on)


def _numbered(survey: ExportSurvey, table: ReleasedTable) -> tuple[pl.DataFrame, dict[str, dict[Any, str]]]:
    """The item's rows with numbers for codes, and variable → number → label."""
    codes = {"answer": numbered_answers(table)} | {v: numbered_levels(survey, v) for v in survey.strata}
    frame = item_frame(survey, table)
    if survey.design == "stratified":
        # A design variable must not be missing, and the strata variables are where the group is withheld.
        rows = {levels: row for row, levels in enumerate(table.strata, start=1)}
        strata = [rows[levels] for levels in frame.select(survey.strata).iter_rows()]
        frame = frame.with_columns(pl.Series("design_stratum", strata, dtype=pl.Int64))
    for name, of in codes.items():
        numbers = {code: number for code, number, _ in of}
        frame = frame.with_columns(pl.col(name).replace_strict(numbers, return_dtype=pl.Int64))
    return frame, {name: {number: label for _, number, label in of} for name, of in codes.items()}


def _variable_labels(
    survey: ExportSurvey, item: ExportItem, frame: pl.DataFrame, *, most: int, encoded: bool = False
) -> dict[str, str | None]:
    # The part tells the items of one question apart, so it comes first where the wording has to be cut.
    cut = shorten(item.wording, most=most, encoded=encoded) != plain(item.wording)
    labels = {name: name.replace("_", " ").capitalize() for name in survey.strata} | {
        "answer": f"{item.part}: {item.wording}" if cut and item.part else item.wording,
        "weight": "Weight: persons that the answer stands for",
        "fpc": "Persons of the sampling frame in the stratum",
        "design_stratum": "Stratum of the design, withheld groups together",
    }
    return {name: shorten(labels[name], most=most, encoded=encoded) for name in frame.columns}


def _note_lines(text: str) -> list[str]:
    """The text in lines of at most 80 bytes, as wide as its letters allow."""
    widths = (wrap(plain(text), width) for width in range(_SAV_NOTE, _SAV_NOTE // 4 - 1, -1))
    return next(lines for lines in widths if all(len(line.encode()) <= _SAV_NOTE for line in lines))


def _dated_sav(written: bytes, day: date) -> bytes:
    """The file with a fixed date instead of the clock's: bytes 92 to 108 of the header are date and time."""
    stamp = f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year % 100:02d}00:00:00"
    return written[:92] + stamp.encode() + written[109:]


def _dated_dta(written: bytes, day: date) -> bytes:
    stamp = f"{day.day:02d} {_MONTHS[day.month - 1]} {day.year} 00:00"
    pattern = rb"<timestamp>\x11.{17}</timestamp>"
    return re.sub(pattern, b"<timestamp>\x11" + stamp.encode() + b"</timestamp>", written, count=1, flags=re.DOTALL)
