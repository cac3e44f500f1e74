import csv
import io
import re
import zipfile
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pyreadstat
import pytest

from auscult.surveys.exports.archive import make_export
from auscult.surveys.exports.ddi import NAMESPACE
from auscult.surveys.exports.delimited import item_columns
from auscult.surveys.exports.formats import ExportFormat
from auscult.surveys.exports.labels import plain, safe_cell, shorten
from auscult.surveys.exports.tables import WITHHELD, ExportItem, release_tables
from tests.surveys.exports.sample import YES_NO, make_survey

DDI = {"d": NAMESPACE}


def unpack(survey, kind):
    _, data, _ = make_export(survey, kind)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows_of(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def numbers_of(files):
    """(item or nothing, variable, number) → code, from the codebook."""
    return {(row["item"], row["variable"], row["number"]): row["code"] for row in rows_of(files["codebook.csv"])}


def groups_of_csv(survey, kind):
    files = unpack(survey, kind)
    return Counter(
        (item.code, row["answer"], *(row[v] for v in survey.strata), float(row["weight"]))
        for item in survey.items
        for row in rows_of(files[f"data/{item.code}.csv"])
    )


def groups_of_parquet(survey):
    frame = pl.read_parquet(unpack(survey, ExportFormat.PARQUET)["answers.parquet"])
    return Counter(frame.select("item", "answer", *survey.strata, "weight").iter_rows())


def groups_of_statistics(survey, kind, folder):
    files = unpack(survey, kind)
    numbers = numbers_of(files)
    read, ending = (pyreadstat.read_sav, "sav") if kind == ExportFormat.SPSS else (pyreadstat.read_dta, "dta")
    found = Counter()
    for item in survey.items:
        path = folder / f"{item.code}.{ending}"
        path.write_bytes(files[f"data/{item.code}.{ending}"])
        frame, _ = read(path, output_format="polars", user_missing=True)
        for row in frame.iter_rows(named=True):
            codes = [
                WITHHELD
                if value in {"w", None}
                else numbers[item.code if name == "answer" else "", name, f"{value:.0f}"]
                for name, value in row.items()
                if name in {"answer", *survey.strata}
            ]
            found[(item.code, *codes, row["weight"])] += 1
    return found


def groups_of_triple_s(survey):
    files = unpack(survey, ExportFormat.TRIPLE_S)
    found = Counter()
    for item in survey.items:
        record = ElementTree.fromstring(files[f"data/{item.code}.xml"]).find("survey/record")
        lines = list(csv.reader(io.StringIO(files[f"data/{record.get('href')}"].decode())))[int(record.get("skip")) :]
        variables = {variable.findtext("name"): variable for variable in record}
        labels = {row["label"].removeprefix("'"): row["code"] for row in rows_of(files["codebook.csv"])}

        for line in lines:
            codes = []
            for name in ["answer", "stratum1", "stratum2"][: 1 + len(survey.strata)]:
                number = line[int(variables[name].find("position").get("start")) - 1]
                codes.append(labels[next(v.text for v in variables[name].find("values") if v.get("code") == number)])
            weight = float(line[int(variables["weight"].find("position").get("start")) - 1])
            found[(item.code, *codes, weight)] += 1
    return found


SURVEYS = {
    "stratified": make_survey(),
    "srs": make_survey(design="srs", cell_population=None),
    "without strata": make_survey(
        strata=(),
        stratum_labels={},
        cells=((),),
        design="srs",
        cell_population=None,
        weights=np.array([2.25]),
        counts={code: counts.sum(axis=0)[None] for code, counts in make_survey().counts.items()},
    ),
}


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=SURVEYS)
def test_all_formats_hold_the_same_groups_and_none_is_small(survey, tmp_path):
    expected = Counter(
        {
            (table.item.code, table.answers[column][0], *table.strata[row], float(table.weights[row])): count
            for table in release_tables(survey)
            for row, column, count in table.groups()
        }
    )
    assert min(expected.values()) >= survey.minimum
    assert groups_of_csv(survey, ExportFormat.CSV) == expected
    assert groups_of_csv(survey, ExportFormat.R) == expected
    assert groups_of_csv(survey, ExportFormat.DDI) == expected
    assert groups_of_parquet(survey) == expected
    assert groups_of_statistics(survey, ExportFormat.SPSS, tmp_path) == expected
    assert groups_of_statistics(survey, ExportFormat.STATA, tmp_path) == expected
    assert groups_of_triple_s(survey) == expected


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=SURVEYS)
def test_every_count_in_every_text_is_zero_or_not_small(survey):
    files = unpack(survey, ExportFormat.CSV)
    counts = [int(row["count"]) for row in rows_of(files["topline.csv"])]
    counts += [int(row["count"]) for row in rows_of(files.get("crosstabs.csv", b"count\n"))]
    counts += [int(row["count"]) for row in rows_of(files["codebook.csv"]) if row["count"].isdecimal()]
    withheld = files["README.txt"].decode().split("WHAT IS WITHHELD")[1].split("HOW TO WEIGHT")[0]
    counts += [int(number) for number in re.findall(r"(?<![\w_])\d+", withheld)]
    codebook = ElementTree.fromstring(unpack(survey, ExportFormat.DDI)["ddi.xml"])
    counts += [int(each.text) for each in codebook.iterfind(".//d:catStat", DDI)]
    assert [count for count in counts if 0 < count < survey.minimum] == []


@pytest.mark.parametrize("kind", ExportFormat)
def test_every_archive_says_what_it_is_and_is_the_same_each_time(kind):
    survey = make_survey()
    name, data, content = make_export(survey, kind)
    assert (name, content) == (f"s-7Q-{kind}.zip", "application/zip")
    assert make_export(survey, kind)[1] == data
    files = unpack(survey, kind)
    assert all(re.fullmatch(r"(data/(q1|q2_a|q3)\.\w+|\w+\.\w+|SHA256SUMS)", path) for path in files)
    readme = files["README.txt"].decode()
    for words in (
        survey.sentence,
        survey.freeze_hash,
        survey.licence,
        "No group of fewer than 10 people",
        "q1: 359 answers, 79 of them without stratum.",
        "q2_a: 359 answers, 359 of them without stratum, 13 of them to the choices high, never put together.",
        "q3: withheld as a whole (all 359 answers).",
        "400 of 900 members",
        "6 ballots were left out",
    ):
        assert words in readme


def test_statistical_files_keep_the_date_of_the_survey_and_not_of_the_clock(tmp_path):
    survey = make_survey()
    for kind, ending, read in (
        (ExportFormat.SPSS, "sav", pyreadstat.read_sav),
        (ExportFormat.STATA, "dta", pyreadstat.read_dta),
    ):
        path = tmp_path / f"q1.{ending}"
        path.write_bytes(unpack(survey, kind)[f"data/q1.{ending}"])
        _, about = read(path, output_format="polars")
        assert about.creation_time.date() == survey.closed_on


def test_rows_are_sorted_so_that_their_order_tells_nothing():
    survey = make_survey()
    rows = list(zip(*item_columns(survey, release_tables(survey)[0]).values(), strict=True))
    runs = [row for i, row in enumerate(rows) if i == 0 or row != rows[i - 1]]
    assert len(runs) == len(set(runs)) == 8


def test_shares_of_the_topline_are_those_of_the_released_table():
    rows = {
        row["answer"]: row
        for row in rows_of(unpack(make_survey(), ExportFormat.CSV)["topline.csv"])
        if row["item"] == "q1"
    }
    assert float(rows["yes"]["share"]) == pytest.approx(139 / 359, abs=1e-6)
    yes, everyone = 40 * 2 + 30 * 3.5 + 45 * 1 + 24 * 1.81, 90 * 2 + 90 * 3.5 + 100 * 1 + 79 * 1.81
    assert float(rows["yes"]["weighted_share"]) == pytest.approx(yes / everyone, abs=1e-6)
    strata = [row for row in rows_of(unpack(make_survey(), ExportFormat.CSV)["crosstabs.csv"]) if row["item"] == "q1"]
    assert sum(float(r["weighted_share_of_item"]) for r in strata if r["answer"] == "yes") == pytest.approx(
        yes / everyone, abs=1e-5
    )
    assert float(strata[0]["share_within_stratum"]) == pytest.approx(40 / 90, abs=1e-6)


def test_spss_has_labels_measures_missing_values_and_notes(tmp_path):
    survey = make_survey()
    path = tmp_path / "q2_a.sav"
    path.write_bytes(unpack(survey, ExportFormat.SPSS)["data/q2_a.sav"])
    frame, about = pyreadstat.read_sav(path, output_format="polars")
    assert frame["answer"].null_count() == 13  # declared missing, so read as such
    assert about.variable_value_labels["answer"][1] == "=Low"
    assert about.variable_measure == {
        "answer": "ordinal",
        "specialty": "nominal",
        "region": "nominal",
        "weight": "scale",
        "fpc": "scale",
        "design_stratum": "nominal",
    }
    assert about.column_names_to_labels["answer"].startswith("Noise | <b>: How high?")
    assert len(about.column_names_to_labels["answer"].encode()) <= 256
    notes = " ".join(about.notes)
    assert survey.sentence in notes
    assert "No group of fewer than 10 people" in notes
    assert survey.licence in notes


def test_stata_opens_in_every_version_since_14_and_has_labels_and_lettered_missing_values(tmp_path):
    survey = make_survey()
    data = unpack(survey, ExportFormat.STATA)["data/q1.dta"]
    assert b"<release>118</release>" in data[:80]
    path = tmp_path / "q1.dta"
    path.write_bytes(data)
    frame, about = pyreadstat.read_dta(path, output_format="polars", user_missing=True)
    assert list(frame["specialty"]).count("w") == 79
    assert about.variable_value_labels["specialty"][1] == "Cardiology"
    assert about.variable_value_labels["specialty"]["w"].startswith("Group of fewer than 10")
    assert frame["design_stratum"].value_counts().sort("design_stratum")["count"].to_list() == [90, 90, 100, 79]
    assert all(len(label) <= 80 for label in about.column_names_to_labels.values())


def test_a_stata_column_that_is_withheld_throughout_stays_a_number(tmp_path):
    path = tmp_path / "q2_a.dta"
    path.write_bytes(unpack(make_survey(), ExportFormat.STATA)["data/q2_a.dta"])
    frame, _ = pyreadstat.read_dta(path, output_format="polars", user_missing=True)
    assert frame["specialty"].null_count() == len(frame)
    assert frame["specialty"].dtype != pl.String


def test_triple_s_describes_the_weight_and_the_codes():
    root = ElementTree.fromstring(unpack(make_survey(), ExportFormat.TRIPLE_S)["data/q2_a.xml"])
    assert (root.tag, root.get("version")) == ("sss", "2.0")
    record = root.find("survey/record")
    assert (record.get("format"), record.get("skip"), record.get("href")) == ("csv", "1", "q2_a.csv")
    variables = {variable.findtext("name"): variable for variable in record}
    assert [variable.get("type") for variable in record] == ["single", "single", "single", "quantity", "quantity"]
    assert [name for name, variable in variables.items() if variable.get("use") == "weight"] == ["weight"]
    assert all(len(name) <= 8 for name in variables)
    assert [value.get("code") for value in variables["answer"].find("values")] == ["1", "2", "3", "4", "5"]
    assert variables["weight"].find("values/range").get("to") == "2.06"
    assert root.findtext("survey/title") == "Night work & <sleep>: q2_a"


def test_ddi_describes_study_files_and_items_with_the_frequencies_released():
    survey = make_survey()
    root = ElementTree.fromstring(unpack(survey, ExportFormat.DDI)["ddi.xml"])
    assert root.tag == f"{{{NAMESPACE}}}codeBook"
    for path in (
        "stdyDscr/citation/titlStmt/titl",
        "stdyDscr/citation/prodStmt/producer",
        "stdyDscr/stdyInfo/abstract",
        "stdyDscr/stdyInfo/sumDscr/universe",
        "stdyDscr/method/dataColl/sampProc",
        "stdyDscr/method/dataColl/weight",
        "stdyDscr/method/anlyInfo/respRate",
        "stdyDscr/dataAccs/useStmt/restrctn",
    ):
        assert root.findtext("/".join(f"d:{part}" for part in path.split("/")), namespaces=DDI)
    variables = {variable.get("name"): variable for variable in root.iterfind("d:dataDscr/d:var", DDI)}
    assert list(variables) == ["q1", "q2_a", "q3", "specialty", "region", "weight", "fpc"]
    assert variables["q1"].findtext("d:qstn/d:qstnLit", namespaces=DDI) == "Do you work at night?"
    frequencies = {
        category.findtext("d:catValu", namespaces=DDI): category.findtext("d:catStat", namespaces=DDI)
        for category in variables["q2_a"].iterfind("d:catgry", DDI)
    }
    assert frequencies == {"low": "179", "middle": "167", "high": None, "never": None, WITHHELD: "13"}
    # Every reference leads to something.
    known = {element.get("ID") for element in root.iter() if element.get("ID")}
    for variable in variables.values():
        assert set(variable.get("files").split()) | ({variable.get("wgt-var")} - {None}) <= known


def test_a_text_that_a_spreadsheet_would_calculate_is_made_harmless():
    assert [safe_cell(text) for text in ("=1+1", "+1", "-1", "@x", "\tx", "1", "")] == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "1",
        "",
    ]
    item = ExportItem("q1", "=HYPERLINK(0)", "", (("yes", "\t=cmd"), ("no", "-No")), False)
    files = unpack(make_survey(items=(item,), counts={"q1": make_survey().counts["q1"]}), ExportFormat.CSV)
    for name in ("topline.csv", "codebook.csv"):
        for row in rows_of(files[name]):
            assert not any(value.startswith(("=", "+", "@", "\t")) for value in row.values())
    assert rows_of(files["topline.csv"])[1]["label"] == "'-No"


def test_texts_with_control_characters_and_long_words_fit_every_format():
    label = "Ж" * 200
    item = ExportItem("q1", "Line\none\x0b\x00" + "漢" * 300, "part", (("yes", label), ("no", "No\x07")), False)
    survey = make_survey(items=(item,), counts={"q1": make_survey().counts["q1"]}, title="é" * 200, sentence="漢" * 200)
    for kind in ExportFormat:
        assert make_export(survey, kind)[1]
    assert plain("a\x00b\n c") == "a b c"
    assert shorten("ЖЖЖЖ", most=7, encoded=True) == "ЖЖ…"
    assert shorten("abcdef", most=4) == "abc…"


def test_a_choice_that_nobody_took_is_in_the_codebook_with_none():
    item = ExportItem("q1", "?", "", (*YES_NO, ("maybe", "Maybe")), False)
    counts = np.column_stack([make_survey().counts["q1"], np.zeros(5, dtype=int)])
    rows = rows_of(unpack(make_survey(items=(item,), counts={"q1": counts}), ExportFormat.CSV)["codebook.csv"])
    assert [row["count"] for row in rows if row["variable"] == "answer"] == ["139", "220", "0"]
