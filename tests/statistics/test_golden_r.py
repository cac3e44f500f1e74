"""Golden values of R `survey` 4.5: each of the 152 cases is a test, of everything that R returned for it.

Raked designs are compared with R's exact projection and, in compatibility mode, with R's ``rake()``.
"""

import json
from typing import Any

import numpy as np
import pytest

from . import golden_cases

#: Cases that are not computed, with the reason. It is empty, and is meant to stay so.
UNSUPPORTED: dict[str, str] = json.loads((golden_cases.GOLDEN / "unsupported.json").read_text())

#: Keys of the expectations that are words about the value beside them, not values.
WORDS = {"note", "method", "statistic_name", "columns", "groups"}


def _compare(expected: Any, found: Any, rtol: float, where: str, atol: float) -> None:
    if isinstance(expected, dict):
        for key, value in expected.items():
            if key not in WORDS:
                assert key in found, f"{where}.{key} is not computed"
                _compare(value, found[key], rtol, f"{where}.{key}", atol)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        assert len(expected) == len(found), where
        for i, (one, other) in enumerate(zip(expected, found, strict=True)):
            _compare(one, other, rtol, f"{where}[{i}]", atol)
    elif expected is None:
        assert found is None or np.isnan(found), where
    elif isinstance(expected, str) or (isinstance(expected, list) and expected and isinstance(expected[0], str)):
        assert expected == (list(found) if isinstance(expected, list) else found), where
    else:
        wanted = np.array(expected, dtype=float)
        np.testing.assert_allclose(
            np.array(found, dtype=float).reshape(wanted.shape), wanted, rtol, atol, err_msg=where
        )


def _check(name: str, key: str, linearisation: str) -> None:
    case = golden_cases.load(name)
    if name in UNSUPPORTED:
        pytest.skip(UNSUPPORTED[name])
    design = golden_cases.build_design(case, linearisation)
    found = golden_cases.run(design, case["estimator"])
    expected = case[key]
    if case["estimator"]["stat"] == "repweights":
        weights = np.array(expected["analysis_repweights"])
        order = np.lexsort(weights)
        rscales = np.array(expected["rscales"])[order]
        expected = expected | {"analysis_repweights": weights[:, order].tolist(), "rscales": rscales.tolist()}
    wanted = np.abs(np.atleast_1d(np.array(expected.get("vcov", 0.0), dtype=float))).max()
    _compare(expected, found, case["rtol"], name, max(1e-6 if "atol" in (case["notes"] or "") else 0.0, 1e-9 * wanted))


@pytest.mark.parametrize("name", golden_cases.names())
def test_case(name):
    case = golden_cases.load(name)
    _check(name, "expected_exact_projection" if case["expected_exact_projection"] else "expected", "exact")


@pytest.mark.parametrize("name", [n for n in golden_cases.names() if golden_cases.load(n)["expected_exact_projection"]])
def test_case_as_rake_of_r_linearises(name):
    _check(name, "expected", "sweeps")


def test_the_set_is_whole_and_all_of_it_is_computed():
    assert len(golden_cases.names()) == 152
    assert UNSUPPORTED == {}
