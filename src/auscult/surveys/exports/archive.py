"""One file to take away: a zip with the data in the format that was asked for, and what one must know to use them."""

from __future__ import annotations

from collections.abc import Sequence

from auscult.evidence.bundle import write_zip
from auscult.surveys.exports.ddi import ddi_xml
from auscult.surveys.exports.delimited import (
    answers_parquet,
    codebook_csv,
    codebook_md,
    crosstabs_csv,
    item_csv,
    topline_csv,
)
from auscult.surveys.exports.formats import ExportFormat
from auscult.surveys.exports.labels import citation, plain, suppression_words
from auscult.surveys.exports.r_script import analyse_r
from auscult.surveys.exports.statistical import item_dta, item_sav
from auscult.surveys.exports.tables import ExportSurvey, ReleasedTable, release_tables
from auscult.surveys.exports.triple_s import item_sss_csv, item_sss_xml

ZIP = "application/zip"
_CONTENTS = {
    ExportFormat.CSV: "data/ITEM.csv with one row per answer, topline.csv, crosstabs.csv where there are strata, codebook",
    ExportFormat.SPSS: "data/ITEM.sav with one row per answer, codebook",
    ExportFormat.STATA: "data/ITEM.dta (Stata 14 or later) with one row per answer, codebook",
    ExportFormat.PARQUET: "answers.parquet with one row per answer and the item in a column of its own, codebook",
    ExportFormat.R: "analyse.R, which estimates every item with the package survey, data/ITEM.csv, codebook",
    ExportFormat.TRIPLE_S: "data/ITEM.xml (Triple-S 2.0) describing data/ITEM.csv with one row per answer, codebook",
    ExportFormat.DDI: "ddi.xml (DDI Codebook 2.5) describing data/ITEM.csv with one row per answer, codebook",
}
_WEIGHT = (
    "“weight” is the mean weight of the respondents of a stratum, persons per answer, to three significant digits. Weight "
    "every share by it. Answers whose stratum is withheld carry the mean weight of them together, and where an item has no "
    "strata, all its answers carry one weight. So figures differ a little from the results page, which is computed with the "
    "weights themselves, and are nearer to the unweighted ones."
)


def make_export(survey: ExportSurvey, format: ExportFormat) -> tuple[str, bytes, str]:  # noqa: A002 - the word users know
    """Write a survey for taking away; the same survey gives the same bytes.

    Returns:
        Name of the file, its bytes and its content type.
    """
    tables = release_tables(survey)
    files = _data_files(survey, tables, format) | {
        "README.txt": _readme(survey, tables, format),
        "codebook.csv": codebook_csv(survey, tables),
        "codebook.md": codebook_md(survey, tables),
    }
    return f"{survey.public_id}-{format.value}.zip", write_zip(files), ZIP


def _data_files(survey: ExportSurvey, tables: Sequence[ReleasedTable], format: ExportFormat) -> dict[str, bytes]:  # noqa: A002
    answers = {f"data/{table.item.code}": table for table in tables}
    match format:
        case ExportFormat.CSV:
            files = {f"{path}.csv": item_csv(survey, table) for path, table in answers.items()}
            files["topline.csv"] = topline_csv(tables)
            return files | ({"crosstabs.csv": crosstabs_csv(survey, tables)} if survey.strata else {})
        case ExportFormat.SPSS:
            return {f"{path}.sav": item_sav(survey, table) for path, table in answers.items()}
        case ExportFormat.STATA:
            return {f"{path}.dta": item_dta(survey, table) for path, table in answers.items()}
        case ExportFormat.PARQUET:
            return {"answers.parquet": answers_parquet(survey, tables)}
        case ExportFormat.R:
            files = {f"{path}.csv": item_csv(survey, table) for path, table in answers.items()}
            return files | {"analyse.R": analyse_r(survey)}
        case ExportFormat.TRIPLE_S:
            files = {f"{path}.csv": item_sss_csv(survey, table) for path, table in answers.items()}
            return files | {f"{path}.xml": item_sss_xml(survey, table) for path, table in answers.items()}
        case ExportFormat.DDI:
            files = {f"{path}.csv": item_csv(survey, table) for path, table in answers.items()}
            return files | {"ddi.xml": ddi_xml(survey, tables)}


def _readme(survey: ExportSurvey, tables: Sequence[ReleasedTable], format: ExportFormat) -> bytes:  # noqa: A002
    return (
        "\n\n".join(
            [
                plain(survey.title),
                plain(
                    f"{survey.instrument} among {survey.universe_words}, {survey.opened_on.isoformat()} to "
                    f"{survey.closed_on.isoformat()}. {survey.respondents} of {survey.members} members are counted; "
                    f"{survey.excluded} ballots were left out by rules declared before opening. Method version "
                    f"{survey.method_version}."
                ),
                "WHAT MAY BE SAID\n" + plain(survey.sentence),
                f"WHAT IS HERE\n{_CONTENTS[format]}. SHA256SUMS holds the sums of the files.",
                f"WHAT IS WITHHELD\n{suppression_words(survey.minimum)}\n" + "\n".join(_withheld_lines(survey, tables)),
                "HOW TO WEIGHT\n" + _weight_words(survey, format),
                "HOW TO CITE\n" + citation(survey.title, survey.public_id, survey.closed_on, survey.freeze_hash),
                "LICENCE\n" + plain(survey.licence),
            ]
        ).encode()
        + b"\n"
    )


def _withheld_lines(survey: ExportSurvey, tables: Sequence[ReleasedTable]) -> list[str]:
    lines = []
    for table in tables:
        shown = int(table.counts.sum())
        if table.withheld:
            number = f"fewer than {survey.minimum}" if table.held_back is None else f"all {table.held_back}"
            lines.append(f"{table.item.code}: withheld as a whole ({number} answers).")
            continue
        line = f"{table.item.code}: {shown} answers"
        if survey.strata:
            line += f", {table.without_stratum} of them without stratum"
        if table.rare:
            line += f", {int(table.totals()[-1])} of them to the choices {', '.join(table.rare)} put together"
        lines.append(line + ".")
    return lines


def _weight_words(survey: ExportSurvey, format: ExportFormat) -> str:  # noqa: A002
    words = [_WEIGHT]
    if format == ExportFormat.SPSS:
        words.append(
            "SPSS: WEIGHT BY weight. Withheld values are -9, declared missing; total percentages include them."
        )
    if format == ExportFormat.STATA:
        design = " strata(design_stratum) fpc(fpc)" if survey.design == "stratified" else ""
        comma = "," if design else ""
        words.append(
            f"Stata: svyset _n [pweight = weight]{comma}{design}, then svy: proportion answer, missing. Withheld values are "
            ".w, or . where a whole column is withheld."
        )
    if format == ExportFormat.R:
        words.append("R: analyse.R does it; run Rscript analyse.R in this folder.")
    return "\n".join(words)
