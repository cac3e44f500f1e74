"""Golden values of R `survey` 4.5: the cases that a simple random sample with equal base weights can express.

The other cases of the set need strata, clusters, replicate weights or models, which the engine does not have yet.
"""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from auscult.statistics.margins import Margin, make_margin
from auscult.statistics.raking import Weights, rake
from auscult.statistics.shares import QuestionEstimate, estimate_shares

GOLDEN = Path(__file__).parent / "golden"


def _case(name: str) -> dict:
    (path,) = GOLDEN.glob(f"{name}-*.json")
    return json.loads(path.read_text())


def _rows(case: dict) -> list[dict[str, str]]:
    with (GOLDEN / case["input_csv"]).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _cells(case: dict) -> tuple[list[tuple[str, ...]], np.ndarray, tuple[str, ...]]:
    adjust = case["adjust"][0]
    margins = adjust["margins"] if adjust["op"] == "rake" else [{"vars": adjust["vars"]}]
    variables = tuple(dict.fromkeys(v for m in margins for v in m["vars"]))
    counted = Counter(tuple(row[v] for v in variables) for row in _rows(case))
    cells = sorted(counted)
    return cells, np.array([counted[c] for c in cells], dtype=float), variables


def _margins(case: dict, cells: list[tuple[str, ...]], variables: tuple[str, ...]) -> list[Margin]:
    adjust = case["adjust"][0]
    margins = adjust["margins"] if adjust["op"] == "rake" else [adjust]
    built = []
    for margin in margins:
        picked = [variables.index(v) for v in margin["vars"]]
        population = {"|".join(p[v] for v in margin["vars"]): p["Freq"] for p in margin["population"]}
        values = ["|".join(cell[i] for i in picked) for cell in cells]
        built.append(make_margin("*".join(margin["vars"]), population, values))
    return built


def _weights(case: dict) -> tuple[list[tuple[str, ...]], np.ndarray, tuple[str, ...], Weights]:
    cells, counts, variables = _cells(case)
    return cells, counts, variables, rake(counts, _margins(case, cells, variables), tolerance=1e-13)


def _estimate(case: dict, question: str) -> QuestionEstimate:
    cells, counts, variables, weights = _weights(case)
    rows = _rows(case)
    answers = sorted({row[question] for row in rows})
    index = {cell: i for i, cell in enumerate(cells)}
    table = np.zeros((len(cells), len(answers)))
    for row in rows:
        table[index[tuple(row[v] for v in variables)], answers.index(row[question])] += 1
    return estimate_shares(answers, table, counts, weights)


def test_raked_weights_equal_those_of_r():
    case = _case("pub-099")
    cells, _, variables, weights = _weights(case)
    of_cell = dict(zip(cells, weights.weight, strict=True))
    ours = [of_cell[tuple(row[v] for v in variables)] for row in _rows(case)]
    assert ours == pytest.approx(case["expected"]["weights"], rel=case["rtol"])


def test_kish_design_effect_equals_that_of_r():
    case = _case("pub-099")
    _, counts, _, weights = _weights(case)
    assert weights.design_effect_of_weights(counts) == pytest.approx(case["expected"]["kish_deff"], rel=1e-8)


@pytest.mark.parametrize("question", ["comp.imp", "sch.wide", "both"])
def test_raked_shares_standard_errors_covariance_and_design_effects_equal_those_of_r(question):
    case = _case("pub-100")
    expected = case.get("expected_exact_projection") or case["expected"]
    result = _estimate(case, question)
    rows = [expected["names"].index(question + s.answer) for s in result.shares]
    assert [s.share for s in result.shares] == pytest.approx([expected["estimate"][r] for r in rows], rel=1e-8)
    assert [s.standard_error for s in result.shares] == pytest.approx([expected["se"][r] for r in rows], rel=1e-7)
    assert [s.design_effect for s in result.shares] == pytest.approx([expected["deff"][r] for r in rows], rel=1e-6)
    assert result.covariance == pytest.approx(np.array(expected["vcov"])[np.ix_(rows, rows)], rel=1e-6)


@pytest.mark.parametrize(("name", "question"), [("pub-101", "comp.imp"), ("pub-102", "both")])
def test_logit_interval_of_a_raked_share_equals_that_of_r(name, question):
    case = _case(name)
    expected = case["expected_exact_projection"]
    yes = next(s for s in _estimate(case, question).shares if s.answer == case["estimator"]["value"])
    assert yes.share == pytest.approx(expected["estimate"], rel=case["rtol"])
    assert yes.standard_error == pytest.approx(expected["se"], rel=case["rtol"])
    assert [yes.interval.low, yes.interval.high] == pytest.approx(expected["ci"], rel=case["rtol"])


def test_two_way_post_stratified_share_equals_that_of_r_without_its_population_correction():
    """R applies the finite population correction here; we treat opt-in respondents as drawn with replacement."""
    case = _case("pub-049")
    result = _estimate(case, "comp.imp")
    names = case["expected"]["names"]
    n, population = 200, 6194
    for share in result.shares:
        row = names.index("comp.imp" + share.answer)
        assert share.share == pytest.approx(case["expected"]["estimate"][row], rel=1e-8)
        corrected = share.standard_error * np.sqrt(1 - n / population)
        assert corrected == pytest.approx(case["expected"]["se"][row], rel=1e-8)
