import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.extra]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("live", "'small', 3", "new weighted result at 420 ballots"),
        ("voice", "'small', 3", "data of the appeal page, 300 signatures"),
        ("pages", "large=False, share=0.05", "2,000 postings, thread of 500: queries"),
    ],
)
def test_the_benchmark_still_runs_at_a_small_size(tmp_path, name, arguments, words):
    """Its numbers are not judged here, and its results are not overwritten."""
    from pathlib import Path

    results = Path(__file__).parents[2] / "bench" / "results" / f"{name}.json"
    before = results.read_bytes() if results.exists() else None
    code = (
        f"from auscult.demo import command; from bench import {name} as chosen\n"
        "with command.scratch_database():\n"
        f"    print([(m.what, m.ratio) for m in chosen.measure({arguments})])"
    )
    # A folder of its own: the scratch database's server is stopped at the end.
    environment = os.environ | {
        "AUSCULT_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "auscult.config.settings",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert words in done.stdout
    assert (results.read_bytes() if results.exists() else None) == before


def test_the_benchmark_of_the_register_still_runs_at_a_small_size(tmp_path):
    """It starts its own processes; its results are not overwritten."""
    pytest.importorskip("polars")
    code = (
        "import sys; from bench import report; report.report = lambda *_: None\n"
        "import runpy; sys.argv = ['bench.registry', 'small']; runpy.run_module('bench.registry', run_name='__main__')"
    )
    environment = os.environ | {
        "AUSCULT_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "auscult.config.settings",
        "AUSCULT_DEBUG": "0",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
