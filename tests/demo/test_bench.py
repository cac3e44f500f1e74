import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "words"),
    [("live", "new weighted result at 420 ballots"), ("voice", "data of the appeal page, 300 signatures")],
)
def test_the_benchmark_still_runs_at_a_small_size(tmp_path, name, words):
    """Its numbers are not judged here, and its results are not overwritten."""
    from pathlib import Path

    results = Path(__file__).parents[2] / "bench" / "results" / f"{name}.json"
    before = results.read_bytes() if results.exists() else None
    code = (
        f"from auscult.demo import command; from bench import {name} as chosen\n"
        "with command.scratch_database():\n"
        "    print([(m.what, m.ratio) for m in chosen.measure('small', 3)])"
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


@pytest.mark.parametrize("name", ["registry", "enumeration"])
def test_the_benchmarks_of_processes_still_run_at_a_small_size(tmp_path, name):
    """They start their own processes; their results are not overwritten."""
    if name == "registry":
        pytest.importorskip("polars")
    code = (
        "import sys; from pathlib import Path; from bench import report; report.report = lambda *_: None\n"
        f"import runpy; sys.argv = ['bench.{name}', 'small']; runpy.run_module('bench.{name}', run_name='__main__')"
    )
    environment = os.environ | {
        "AUSCULT_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "auscult.config.settings",
        "AUSCULT_LOG_LEVEL": "ERROR",
        "AUSCULT_DEBUG": "0",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
