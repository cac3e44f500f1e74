"""DDI Codebook 2.5: the study, the files and every item with its frequencies as released."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from auscult.surveys.exports.delimited import numbered_answers, numbered_levels
from auscult.surveys.exports.labels import citation, plain, suppression_words
from auscult.surveys.exports.tables import ExportSurvey, ReleasedTable

NAMESPACE = "ddi:codebook:2_5"
_DESIGN_WORDS = {
    "srs": "Weights without strata of the design.",
    "stratified": "Stratified; strata of the design that are too small to be shown are put together into one.",
}


def ddi_xml(survey: ExportSurvey, tables: Iterable[ReleasedTable]) -> bytes:
    """The codebook of the files ``data/<item>.csv``; order and names of elements follow the schema of version 2.5."""
    tables = list(tables)
    root = Element("codeBook", {"xmlns": NAMESPACE, "version": "2.5"})
    study = SubElement(root, "stdyDscr")
    _citation(study, survey)
    _content(study, survey)
    _method(study, survey)
    use = SubElement(SubElement(study, "dataAccs"), "useStmt")
    _text(use, "restrctn", suppression_words(survey.minimum))
    _text(use, "citReq", citation(survey.title, survey.public_id, survey.closed_on, survey.freeze_hash))
    _text(use, "conditions", survey.licence)
    for number, table in enumerate(tables, start=1):
        about = SubElement(SubElement(root, "fileDscr", ID=f"F{number}"), "fileTxt")
        _text(about, "fileName", f"data/{table.item.code}.csv")
        size = SubElement(about, "dimensns")
        _text(size, "caseQnty", str(int(table.counts.sum())))
        _text(size, "varQnty", str(2 + len(survey.strata) + (survey.cell_population is not None)))
        _text(about, "fileType", "Comma-separated values, UTF-8, with a header line")
    _variables(SubElement(root, "dataDscr"), survey, tables)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _text(parent: Element, name: str, text: str, **attributes: str) -> Element:
    element = SubElement(parent, name, attributes)
    element.text = plain(text)
    return element


def _citation(study: Element, survey: ExportSurvey) -> None:
    about = SubElement(study, "citation")
    title = SubElement(about, "titlStmt")
    _text(title, "titl", survey.title)
    _text(title, "IDNo", survey.public_id, agency="Auscult")
    _text(title, "IDNo", survey.freeze_hash, agency="SHA-256 of the frozen questionnaire")
    producer = SubElement(about, "prodStmt")
    _text(producer, "producer", "Auscult")
    _text(producer, "prodDate", survey.closed_on.isoformat(), date=survey.closed_on.isoformat())
    _text(SubElement(about, "verStmt"), "version", f"Method version {survey.method_version}")
    _text(about, "biblCit", citation(survey.title, survey.public_id, survey.closed_on, survey.freeze_hash))


def _content(study: Element, survey: ExportSurvey) -> None:
    about = SubElement(study, "stdyInfo")
    _text(about, "abstract", f"{survey.instrument}: {survey.title}. {survey.sentence}")
    summary = SubElement(about, "sumDscr")
    for event, day in (("start", survey.opened_on), ("end", survey.closed_on)):
        _text(summary, "collDate", day.isoformat(), event=event, date=day.isoformat())
    _text(summary, "anlyUnit", "One answer to one item; answers to different items are not linked")
    _text(summary, "universe", survey.universe_words)
    _text(summary, "dataKind", "Survey data")


def _method(study: Element, survey: ExportSurvey) -> None:
    method = SubElement(study, "method")
    collection = SubElement(method, "dataColl")
    _text(collection, "sampProc", f"{survey.instrument}. {_DESIGN_WORDS[survey.design]}")
    _text(collection, "collMode", "Web questionnaire")
    _text(
        collection,
        "weight",
        "The variable “weight” is the mean weight of the respondents of the stratum, persons per answer, to three "
        "significant digits.",
    )
    _text(collection, "cleanOps", f"{survey.excluded} ballots were left out by rules declared before opening.")
    response = f"{survey.respondents} of {survey.members} members are counted."
    _text(SubElement(method, "anlyInfo"), "respRate", response)


def _variables(data: Element, survey: ExportSurvey, tables: list[ReleasedTable]) -> None:
    files = " ".join(f"F{number}" for number in range(1, len(tables) + 1))
    for number, table in enumerate(tables, start=1):
        nature = "ordinal" if table.item.ordered else "nominal"
        variable = SubElement(
            data,
            "var",
            {"ID": f"V{number}", "name": table.item.code, "files": f"F{number}", "wgt-var": "W", "nature": nature},
        )
        _text(variable, "labl", table.item.wording)
        _text(SubElement(variable, "qstn"), "qstnLit", table.item.wording)
        _text(variable, "txt", f"Column “answer” of data/{table.item.code}.csv")
        shown = {code: int(count) for (code, _), count in zip(table.answers, table.totals(), strict=True)}
        for code, _, label in numbered_answers(table):
            _category(variable, code, label, shown.get(code))
    for name in survey.strata:
        variable = SubElement(data, "var", ID=f"S_{name}", name=name, files=files, nature="nominal")
        _text(variable, "labl", name)
        for code, _, label in numbered_levels(survey, name):
            _category(variable, code, label, None)
    weight = SubElement(data, "var", ID="W", name="weight", wgt="wgt", files=files, intrvl="contin")
    _text(weight, "labl", "Persons that the answer stands for")
    if survey.cell_population is not None:
        population = SubElement(data, "var", ID="N", name="fpc", files=files, intrvl="contin")
        _text(population, "labl", "Persons of the sampling frame in the stratum")


def _category(variable: Element, code: str, label: str, count: int | None) -> None:
    category = SubElement(variable, "catgry")
    _text(category, "catValu", code)
    _text(category, "labl", label)
    if count is not None:
        _text(category, "catStat", str(count), type="freq")
