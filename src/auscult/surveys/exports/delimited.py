"""Comma-separated files, the codebook, and the long table as Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain, repeat

from auscult.surveys.exports.labels import plain, safe_cell
from auscult.surveys.exports.parquet import write_parquet
from auscult.surveys.exports.tables import RARE_LABEL, WITHHELD, ExportSurvey, ReleasedTable

#: Stands for ``WITHHELD`` where a format has numbers instead of codes; declared missing in SPSS.
WITHHELD_NUMBER = -9
NOT_SHOWN = "not shown"


type Cell = str | float | int
#: Columns of equal length by name.
type Columns = dict[str, list[Cell]]


def item_columns(survey: ExportSurvey, table: ReleasedTable) -> Columns:
    """One row per answer, sorted by stratum and answer, so that the order tells nothing.

    Returns:
        Columns ``answer``, the strata variables, ``weight`` and, where the frame is known, ``fpc``: persons of the sampling
        frame in the row's stratum.
    """
    groups = list(table.groups())

    def column(values: Iterable[Cell]) -> list[Cell]:
        return list(chain.from_iterable(repeat(v, people) for v, (_, _, people) in zip(values, groups, strict=True)))

    columns = {"answer": column(table.answers[c][0] for _, c, _ in groups)}
    for position, variable in enumerate(survey.strata):
        columns[variable] = column(table.strata[r][position] for r, _, _ in groups)
    columns["weight"] = column(float(table.weights[r]) for r, _, _ in groups)
    if survey.cell_population is not None:
        population = [] if table.population is None else [int(table.population[r]) for r, _, _ in groups]
        columns["fpc"] = column(population)
    return columns


def answers_parquet(survey: ExportSurvey, tables: Sequence[ReleasedTable]) -> bytes:
    """All items below each other as Parquet, with the item's code in a first column ``item``."""
    kinds: dict[str, type[Cell]] = {"item": str, "answer": str, **dict.fromkeys(survey.strata, str), "weight": float}
    if survey.cell_population is not None:
        kinds["fpc"] = int
    long: Columns = {name: [] for name in kinds}
    for table in tables:
        columns = item_columns(survey, table)
        long["item"] += [table.item.code] * len(columns["answer"])
        for name, values in columns.items():
            long[name] += values
    return write_parquet(long, kinds)


def columns_csv(columns: Columns) -> bytes:
    """Columns as a comma-separated file with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def _csv(header: Iterable[str], rows: Iterable[Iterable[str | float]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([safe_cell(plain(cell)) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return text.getvalue().encode()


def item_csv(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """One row per answer to one item, see ``item_columns``."""
    columns = item_columns(survey, table)
    for name in ("answer", *survey.strata):
        harmless = {code: safe_cell(plain(str(code))) for code in set(columns[name])}
        columns[name] = [harmless[code] for code in columns[name]]
    return columns_csv(columns)


def topline_csv(tables: Sequence[ReleasedTable]) -> bytes:
    """Count, share and weighted share of each answer to each item, as the files of answers give them."""
    rows: list[list[str | float]] = []
    for table in tables:
        totals, weighted = table.totals(), table.weighted_totals()
        for (code, label), count, weight in zip(table.answers, totals, weighted, strict=True):
            share, weighted_share = round(float(count / totals.sum()), 6), round(float(weight / weighted.sum()), 6)
            rows.append([table.item.code, table.item.wording, code, label, int(count), share, weighted_share])
    return _csv(("item", "wording", "answer", "label", "count", "share", "weighted_share"), rows)


def crosstabs_csv(survey: ExportSurvey, tables: Sequence[ReleasedTable]) -> bytes:
    """Counts by stratum and answer of the items that have strata.

    All answers of a stratum have one weight, so within it the weighted share is the share. ``weighted_share_of_item`` is the
    part of all weighted answers to the item; over the strata it adds up to the weighted share of the topline.
    """
    rows: list[list[str | float]] = []
    for table in tables:
        everyone = table.weighted_totals().sum()
        for row, column, count in table.groups():
            share = round(count / int(table.counts[row].sum()), 6)
            part = round(float(count * table.weights[row] / everyone), 6)
            rows.append([table.item.code, *table.strata[row], table.answers[column][0], count, share, part])
    return _csv(("item", *survey.strata, "answer", "count", "share_within_stratum", "weighted_share_of_item"), rows)


def numbered_answers(table: ReleasedTable) -> list[tuple[str, int, str]]:
    """(code, number, label) of every choice that was offered; ``WITHHELD`` last where choices were put together."""
    offered = [(code, number, label) for number, (code, label) in enumerate(table.item.choices, start=1)]
    return [*offered, (WITHHELD, WITHHELD_NUMBER, RARE_LABEL)] if table.rare else offered


def numbered_levels(survey: ExportSurvey, variable: str) -> list[tuple[str, int, str]]:
    """(code, number, label) of every level of a stratum variable, ``WITHHELD`` last."""
    levels = [(code, number, label) for number, (code, label) in enumerate(survey.stratum_levels(variable), start=1)]
    return [
        *levels,
        (WITHHELD, WITHHELD_NUMBER, f"Group of fewer than {survey.minimum} people, or withheld beside one"),
    ]


def count_words(table: ReleasedTable, code: str) -> str | int:
    """The count of a choice in the files, or in words why there is none."""
    shown = {answer: int(count) for (answer, _), count in zip(table.answers, table.totals(), strict=True)}
    if code in shown:
        return shown[code]
    return NOT_SHOWN if table.withheld or code in table.rare else 0


def codebook_csv(survey: ExportSurvey, tables: Sequence[ReleasedTable]) -> bytes:
    """Every variable and code with number, label and count; the item is empty for variables that all items have."""
    rows: list[list[str | float]] = []
    for table in tables:
        about = [table.item.code, table.item.wording, table.item.part, "answer"]
        rows += [[*about, code, n, label, count_words(table, code)] for code, n, label in numbered_answers(table)]
    for variable in survey.strata:
        levels = numbered_levels(survey, variable)
        rows += [["", "", "", variable, code, number, label, ""] for code, number, label in levels]
    rows.append(["", "", "", "weight", "", "", "Persons that the answer stands for", ""])
    if survey.cell_population is not None:
        rows.append(["", "", "", "fpc", "", "", "Persons of the sampling frame in the stratum", ""])
    return _csv(("item", "wording", "part", "variable", "code", "number", "label", "count"), rows)


def _cell(text: str | int) -> str:
    return plain(str(text)).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def codebook_md(survey: ExportSurvey, tables: Sequence[ReleasedTable]) -> bytes:
    """The codebook for reading."""
    lines = [f"# Codebook: {_cell(survey.title)}", "", _cell(survey.sentence), ""]
    for table in tables:
        lines += [f"## {table.item.code}", "", _cell(table.item.wording), ""]
        if table.withheld:
            lines += ["Withheld: too few people gave an answer other than the most frequent, or too few answered.", ""]
            continue
        lines += ["| code | number | label | answers |", "| --- | ---: | --- | ---: |"]
        for code, number, label in numbered_answers(table):
            lines.append(f"| {code} | {number} | {_cell(label)} | {count_words(table, code)} |")
        lines.append("")
    for variable in survey.strata:
        lines += [f"## {variable}", "", "| code | number | label |", "| --- | ---: | --- |"]
        lines += [
            f"| {_cell(code)} | {number} | {_cell(label)} |"
            for code, number, label in numbered_levels(survey, variable)
        ]
        lines.append("")
    lines += ["## weight", "", "Persons that the answer stands for, to three significant digits.", ""]
    if survey.cell_population is not None:
        lines += [
            "## fpc",
            "",
            "Persons of the sampling frame in the stratum, for the finite population correction.",
            "",
        ]
    return "\n".join(lines).encode()
