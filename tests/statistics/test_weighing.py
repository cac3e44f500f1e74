"""``auscult weight``: a file, its margins, and everything that may be wrong with them."""

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner

from auscult.cli import main

from . import golden_cases

MARGINS = "variable,level,total\nstype,E,4421\nstype,H,755\nstype,M,1018\nawards,No,2027\nawards,Yes,4167\n"
DATA = golden_cases.GOLDEN / "inputs" / "apisrs.csv"


@pytest.fixture
def margins(tmp_path):
    path = tmp_path / "margins.csv"
    path.write_text(MARGINS)
    return path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, ["weight", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_the_results_are_those_of_r(margins):
    document = json.loads(run(DATA, "--margins", margins, "--question", "comp.imp", "--format", "json"))
    expected = golden_cases.load("pub-101-pipe-ciprop-comp.imp")["expected_exact_projection"]
    (yes,) = [line for line in document["results"] if line["answer"] == "Yes"]
    assert yes["share"] == pytest.approx(expected["estimate"], rel=1e-7)
    assert yes["standard_error"] == pytest.approx(expected["se"], rel=1e-7)
    assert [yes["low"], yes["high"]] == pytest.approx(expected["ci"], rel=1e-7)
    weights = golden_cases.load("pub-099-pipe-weights")["expected"]
    assert document["design_effect"] == pytest.approx(weights["kish_deff"], rel=1e-8)
    assert all(abs(row["weighted_difference"]) < 1e-9 for row in document["balance"])


def test_domains_csv_and_weights(margins, tmp_path):
    out = tmp_path / "weighted.csv"
    text = run(
        DATA, "--margins", margins, "--question", "comp.imp", "--by", "stype", "--format", "csv", "--weights", out
    )
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["domain"] for row in rows] == ["", "", "E", "E", "H", "H", "M", "M"]
    expected = golden_cases.load("pub-103-pipe-by-stype")["expected_exact_projection"]
    yes = [float(row["share"]) for row in rows if row["domain"] and row["answer"] == "Yes"]
    assert yes == pytest.approx(expected["estimate"], rel=1e-7)
    assert [row["show"] for row in rows if row["domain"] == "H"] == ["False", "False"]  # 25 answered
    written = list(csv.DictReader(out.open()))
    wanted = golden_cases.load("pub-099-pipe-weights")["expected"]["weights"]
    assert [float(row["weight"]) for row in written] == pytest.approx(wanted, rel=1e-8)
    assert len(written[0]) == len(next(csv.DictReader(DATA.open()))) + 1
    again = run(DATA, "--margins", margins, "--question", "comp.imp", "--weights", out, code=1)
    assert "exists already; nothing was written" in again


def test_the_table_says_what_was_done_and_what_the_interval_assumes(margins):
    text = run(DATA, "--margins", margins, "--question", "comp.imp", "--by", "stype")
    assert "200 rows weighted to 6,194 people by stype, awards." in text
    assert "Design effect of the weights 1.01, effective n 198." in text
    assert "do not publish: fewer than 30 respondents" in text
    assert "not a margin of sampling error" in text


def test_a_domain_that_did_not_answer_is_left_out(tmp_path):
    data, totals = tmp_path / "data.csv", tmp_path / "margins.csv"
    data.write_text("sex,place,q\n" + "f,north,yes\nm,north,no\nm,south,\nf,south,\nf,north,no\nm,,yes\n" * 10)
    totals.write_text("variable,level,total\nsex,f,500\nsex,m,500\n")
    document = json.loads(run(data, "--margins", totals, "--question", "q", "--by", "place", "--format", "json"))
    assert [(line["domain"], line["count"]) for line in document["results"]] == [
        ("", 20), ("", 20), ("north", 20), ("north", 10)
    ]  # fmt: skip


def test_sparse_levels_are_taken_together_and_named(margins):
    text = run(DATA, "--margins", margins, "--question", "comp.imp", "--fewest", 40)
    assert "Taken together in stype: H, M." in text


def test_design_weights_are_the_start_of_raking(margins):
    plain = json.loads(run(DATA, "--margins", margins, "--question", "both", "--format", "json"))
    scaled = json.loads(
        run(DATA, "--margins", margins, "--question", "both", "--base-weight", "pw", "--format", "json")
    )
    # Equal design weights change nothing; unequal ones do.
    assert scaled["results"][0]["share"] == pytest.approx(plain["results"][0]["share"])
    uneven = json.loads(
        run(DATA, "--margins", margins, "--question", "both", "--base-weight", "enroll", "--format", "json")
    )
    assert uneven["design_effect"] > 1.1


@pytest.mark.parametrize(
    ("data", "totals", "options", "words"),
    [
        (None, None, ["--question", "nope"], "no column 'nope'. There are: cds"),
        (None, "variable,level\nstype,E\n", [], "needs the columns variable, level and total"),
        (None, MARGINS + "stype,E,5\n", [], "Line 7 of margins.csv gives stype = 'E' a second time"),
        (None, MARGINS + "stype,X,many\n", [], "the total 'many' is no number"),
        (None, MARGINS + "stype,X,-5\n", [], "finite number of at least zero"),
        (None, MARGINS + "stype,X,nan\n", [], "finite number of at least zero"),
        (None, MARGINS.replace("stype,M,1018\n", ""), [], "respondents? have stype = 'M'|Respondents have stype = 'M'"),
        (None, MARGINS.replace("2027", "9027"), [], "adds up to 13,194"),
        (None, MARGINS + "color,red,6194\n", [], "no column 'color'"),
        (None, MARGINS + "stype,X,0\n", ["--question", "sname", "--base-weight", "sname"], "is no number"),
        ("a,b\n1,2\n1\n", "variable,level,total\na,1,5\n", [], "Line 3 of data.csv has 1 fields, the header 2"),
        ("a,a\n1,2\n", "variable,level,total\na,1,5\n", [], "two columns of the same name"),
        ("a,b\n", "variable,level,total\na,1,5\n", [], "at least one line below it"),
        (
            "a,b\n,2\n1,2\n",
            "variable,level,total\na,1,5\n",
            ["--question", "b"],
            "1 rows have no 'a', the first in line 2",
        ),
        ("a;b\n1;2\n", "variable,level,total\na,1,5\n", [], "separated by semicolons or tabs"),
        ("a,b\n1,2\n\n1,2\n", "variable,level,total\na,1,5\n", ["--question", "b"], "Line 3 of data.csv has 0 fields"),
        ("a,b\n1,2\n", "variable,level,total\na,1,5\n", ["--question", "b"], "at least two are needed"),
        ("a,w\n1,0\n1,2\n", "variable,level,total\na,1,5\n", ["--question", "a", "--base-weight", "w"], "above zero"),
        ("a,b\n1,2\n1,3\n", "variable,level,total\na,1,0\n", ["--question", "b"], "of whom the population counts 0"),
        ("a,b\n1,\n1,\n", "variable,level,total\na,1,5\n", ["--question", "b"], "Every field of 'b' is empty"),
    ],
)
def test_bad_files_are_refused_with_the_line_and_nothing_is_written(tmp_path, data, totals, options, words):
    margins = tmp_path / "margins.csv"
    margins.write_text(totals or MARGINS)
    path = DATA
    if data:
        path = tmp_path / "data.csv"
        path.write_text(data)
    out = tmp_path / "out.csv"
    options = options or ["--question", "comp.imp"]
    result = CliRunner().invoke(main, ["weight", str(path), "--margins", str(margins), "--weights", str(out), *options])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert re.search(words, result.output), result.output
    assert not out.exists()


def test_bytes_that_are_no_text_are_refused(tmp_path, margins):
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n\xff\xfe,2\n")
    assert "not a csv file in UTF-8" in run(path, "--margins", margins, "--question", "b", code=1)
