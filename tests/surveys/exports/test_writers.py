"""The writers of Parquet, Stata and SPSS files, each read back by a program that nobody here wrote."""

import io
from datetime import date

import polars as pl
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.surveys.exports import spss, stata
from auscult.surveys.exports.parquet import write_parquet

DAY = date(2009, 4, 5)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.tuples(TEXTS, st.floats(allow_nan=False), INTEGERS), max_size=40))
def test_parquet_gives_back_every_value(rows):
    columns = {"a": [row[0] for row in rows], "b": [row[1] for row in rows], "c": [row[2] for row in rows]}
    frame = pl.read_parquet(io.BytesIO(write_parquet(columns, {"a": str, "b": float, "c": int})))
    assert frame.schema == {"a": pl.String, "b": pl.Float64, "c": pl.Int64}
    assert frame.rows() == rows


@pytest.mark.parametrize("count", [1, 14, 15, 16, 200])
def test_parquet_of_any_number_of_columns(count):
    columns = {f"column_{'x' * 100}_{number}": [number, -number] for number in range(count)}
    frame = pl.read_parquet(io.BytesIO(write_parquet(columns, dict.fromkeys(columns, int))))
    assert frame.to_dict(as_series=False) == columns


def test_stata_keeps_numbers_letters_and_labels_to_their_limits(tmp_path):
    columns = {"code": [1, -5, "w", None, 2_147_483_620], "weight": [0.1, 2.0, 1e300, -3.5, 0.0]}
    (tmp_path / "file.dta").write_bytes(
        stata.write_dta(
            columns,
            decimal="weight",
            title="漢" * stata.MAX_LABEL,
            labels={"code": "é" * stata.MAX_LABEL, "weight": ""},
            values={"code": {-5: "minus five", 1: "Ж" * 400, "w": "withheld"}},
            day=DAY,
        )
    )
    frame, about = pyreadstat.read_dta(tmp_path / "file.dta", output_format="polars", user_missing=True)
    assert list(frame["code"]) == [1, -5, "w", None, 2_147_483_620]
    assert list(frame["weight"]) == columns["weight"]
    assert about.file_label == "漢" * stata.MAX_LABEL
    assert about.column_names_to_labels["code"] == "é" * stata.MAX_LABEL
    assert about.variable_value_labels == {"code": {-5: "minus five", 1: "Ж" * 400, "w": "withheld"}}
    assert about.creation_time.date() == DAY


def test_spss_keeps_names_numbers_and_labels_to_their_limits(tmp_path):
    variables = [
        spss.Variable("a_name_of_thirty_two_letters_abc", "x" * 255, "ordinal", {-9: "y" * 120, 1: "é" * 60}, -9),
        spss.Variable("a_name_of_thirty_two_letters_abd", "", "nominal", {}, None),
        spss.Variable("weight", "one", "scale", {}, None, decimals=4),
    ]
    columns = [[1.0, -9.0], [2.0, 3.0], [0.1, 1e300]]
    (tmp_path / "file.sav").write_bytes(
        spss.write_sav(variables, columns, title="t" * 64, notes=["n" * 80, "é" * 40], day=DAY)
    )
    frame, about = pyreadstat.read_sav(tmp_path / "file.sav", output_format="polars", user_missing=True)
    assert frame.columns == [variable.name for variable in variables]
    assert [list(column) for column in frame] == columns
    assert about.column_names_to_labels[variables[0].name] == "x" * 255
    assert about.variable_value_labels == {variables[0].name: {-9: "y" * 120, 1: "é" * 60}}
    assert about.missing_ranges == {variables[0].name: [{"lo": -9, "hi": -9}]}
    assert list(about.variable_measure.values()) == ["ordinal", "nominal", "scale"]
    assert (about.file_label, about.notes) == ("t" * 64, ["n" * 80, "é" * 40])
    assert about.creation_time.date() == DAY
    hidden, _ = pyreadstat.read_sav(tmp_path / "file.sav", output_format="polars")
    assert list(hidden[variables[0].name]) == [1.0, None]


def test_a_text_that_does_not_fit_is_refused_and_not_cut():
    long = spss.Variable("a", "x" * 256, "scale", {}, None)
    coded = spss.Variable("a", "", "nominal", {1: "é" * 61}, None)
    short = spss.Variable("a", "", "scale", {}, None)
    for variable, title, notes in ((long, "", []), (coded, "", []), (short, "t" * 65, []), (short, "", ["é" * 41])):
        with pytest.raises(ValueError, match="fit|longer"):
            spss.write_sav([variable], [[1.0]], title=title, notes=notes, day=DAY)
    with pytest.raises(ValueError, match="does not fit"):
        stata.write_dta({"a": [1]}, decimal="", title="", labels={"a": "é" * 161}, values={}, day=DAY)
    with pytest.raises(ValueError, match="not a whole number"):
        stata.write_dta({"a": [1.5]}, decimal="", title="", labels={"a": ""}, values={}, day=DAY)
