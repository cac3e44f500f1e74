import csv
import io
import shutil
import subprocess
import zipfile

import numpy as np
import pytest

from auscult.surveys.exports.archive import make_export
from auscult.surveys.exports.formats import ExportFormat
from auscult.surveys.exports.tables import ExportItem, release_tables
from tests.surveys.exports.sample import YES_NO, make_survey


def odd_survey(**changes):
    """The sample with two more items: labels that R could trip over, and one answer only."""
    base = make_survey()
    odd = ExportItem("q4", 'Quotes " and \\ and %s?', "", (("one", "Same"), ("two", "Same")), False)
    unanimous = ExportItem("q5", "?", "", YES_NO, False)
    alone = np.column_stack([base.counts["q1"].sum(axis=1), np.zeros(5, int)])
    counts = base.counts | {"q4": base.counts["q1"], "q5": alone}
    return make_survey(items=(*base.items, odd, unanimous), counts=counts, **changes)


def test_the_r_script_finds_the_weighted_shares_of_the_same_table(tmp_path):
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed, so the R script cannot be run")
    surveys = {"stratified": odd_survey(), "srs": odd_survey(design="srs", cell_population=None)}
    for design, survey in surveys.items():
        with zipfile.ZipFile(io.BytesIO(make_export(survey, ExportFormat.R)[1])) as archive:
            archive.extractall(tmp_path / design)
    # One process for both designs. A proxy where nobody listens would make any use of the network fail.
    done = subprocess.run(
        [
            program,
            "--vanilla",
            "-e",
            'for (d in c("stratified", "srs")) source(file.path(d, "analyse.R"), chdir = TRUE)',
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        },
    )
    if "there is no package called ‘survey’" in done.stderr:
        pytest.skip("the R package survey is not installed, so the R script cannot be run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("q3: withheld") == done.stdout.count("Everybody answered: Yes") == 2
    for design, survey in surveys.items():
        lines = csv.DictReader((tmp_path / design / "estimates.csv").open(encoding="utf-8"))
        found = {(row["item"], row["answer"]): row for row in lines}
        tables = [table for table in release_tables(survey) if len(table.answers) > 1]
        assert {item for item, _ in found} == {table.item.code for table in tables} == {"q1", "q2_a", "q4"}
        for table in tables:
            shares = table.weighted_totals() / table.weighted_totals().sum()
            for (code, _), share in zip(table.answers, shares, strict=True):
                row = found[table.item.code, code]
                assert float(row["share"]) == pytest.approx(share, abs=1e-9)
                assert 0 < float(row["low"]) < share < float(row["high"]) < 1
            if design == "stratified":
                error = stratified_error(table)
                assert float(found[table.item.code, table.answers[0][0]]["se"]) == pytest.approx(error, rel=1e-6)


def stratified_error(table):
    """Standard error of the weighted share of the first answer: Taylor linearisation by strata with finite populations."""
    share = table.weighted_totals()[0] / table.weighted_totals().sum()
    variance = 0.0
    for counts, weight, population in zip(table.counts, table.weights, table.population, strict=True):
        people = counts.sum()
        scores = weight * (np.repeat(np.arange(len(counts)) == 0, counts) - share)
        variance += (1 - people / population) * people / (people - 1) * ((scores - scores.mean()) ** 2).sum()
    return np.sqrt(variance) / (table.weights @ table.counts).sum()
