"""Triple-S XML 2.0: metadata of one item, and its answers as a comma-separated file.

Source: Triple-S XML 2.0 (2011). Version 2.0 is the first that describes comma-separated data, and the one that most programs
read; only elements are used that later versions kept.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from auscult.surveys.exports.delimited import columns_csv, item_columns, numbered_answers, numbered_levels
from auscult.surveys.exports.labels import plain
from auscult.surveys.exports.tables import ExportSurvey, ReleasedTable


def _variables(survey: ExportSurvey, table: ReleasedTable) -> dict[str, tuple[str, str, list[tuple[str, str]]]]:
    """Column → name of at most eight letters, label, codes with labels in the order of their numbers."""
    answers = [(code, label) for code, _, label in numbered_answers(table)]
    variables = {"answer": ("answer", table.item.wording, answers)}
    for number, variable in enumerate(survey.strata, start=1):
        levels = [(code, label) for code, _, label in numbered_levels(survey, variable)]
        variables[variable] = (f"stratum{number}", variable, levels)
    return variables


def item_sss_csv(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """The item's answers, with numbers from 1 for the codes; Triple-S has no negative codes, so "withheld" is the last."""
    columns = item_columns(survey, table)
    variables = _variables(survey, table)
    for column, (_, _, codes) in variables.items():
        numbers = {code: number for number, (code, _) in enumerate(codes, start=1)}
        columns[column] = [numbers[str(code)] for code in columns[column]]
    return columns_csv({variables[name][0] if name in variables else name: v for name, v in columns.items()})


def item_sss_xml(survey: ExportSurvey, table: ReleasedTable) -> bytes:
    """The description of ``item_sss_csv``."""
    root = Element("sss", version="2.0")
    SubElement(root, "date").text = survey.closed_on.isoformat()
    SubElement(root, "origin").text = "Auscult"
    body = SubElement(root, "survey")
    SubElement(body, "name").text = survey.public_id
    SubElement(body, "title").text = plain(f"{survey.title}: {table.item.code}")
    record = SubElement(body, "record", ident="A", href=f"{table.item.code}.csv", format="csv", skip="1")
    for name, label, codes in _variables(survey, table).values():
        values = SubElement(_variable(record, name, label, kind="single"), "values")
        for number, (_, text) in enumerate(codes, start=1):
            SubElement(values, "value", code=str(number)).text = plain(text)
    weight = _variable(record, "weight", "Persons that the answer stands for", kind="quantity", use="weight")
    weights = item_columns(survey, table)["weight"]
    # The ends of the range are written with as many decimals as any value has.
    decimals = max((len(repr(value).partition(".")[2]) for value in set(weights)), default=0)
    _range(weight, 0, max(table.weights, default=0), decimals)
    if survey.cell_population is not None:
        population = _variable(record, "fpc", "Persons of the sampling frame in the stratum", kind="quantity")
        _range(population, 0, int(survey.cell_population.sum()), 0)
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _variable(record: Element, name: str, label: str, *, kind: str, use: str = "") -> Element:
    number = str(len(record) + 1)
    variable = SubElement(record, "variable", {"ident": number, "type": kind} | ({"use": use} if use else {}))
    SubElement(variable, "name").text = name
    SubElement(variable, "label").text = plain(label)
    SubElement(variable, "position", start=number)
    return variable


def _range(variable: Element, low: float, high: float, decimals: int) -> None:
    values = SubElement(variable, "values")
    SubElement(values, "range", {"from": f"{low:.{decimals}f}", "to": f"{high:.{decimals}f}"})
