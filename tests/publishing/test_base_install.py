"""The base as a reader installs it, ``pip install auscult``: in a new environment: it checks a bundle and weights a file."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auscult.publishing.queries import get_bundle
from tests.statistics import golden_cases

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ROOT = Path(__file__).parents[2]
MAX_MEGABYTES = 200

Run = Callable[..., subprocess.CompletedProcess[str]]


def uv(*arguments: str | Path) -> bool:
    """Run uv, the machine's or the one that tools/bootstrap fetched; false if it failed."""
    places = (shutil.which("uv"), Path.home() / ".local/bin/uv", ROOT / ".uv/bin/uv")
    program = next(str(place) for place in places if place and Path(place).exists())
    return subprocess.run([program, *map(str, arguments)], check=False, cwd=ROOT).returncode == 0


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A new environment with the wheel of this project and what it needs, in the locked versions."""
    folder = tmp_path_factory.mktemp("base")
    python = ("--python", sys.executable)
    assert uv("build", "--quiet", "--wheel", "--no-build-isolation", *python, "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    assert uv("venv", "--quiet", *python, folder / "env")
    install = (
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "env",
        "--constraint",
        ROOT / "requirements.lock",
        wheel,
    )
    # The packages are in uv's cache where make installed this environment; then no network is needed.
    assert uv(*install, "--offline") or uv(*install)
    return folder / "env"


@pytest.fixture
def run(environment, tmp_path) -> Run:
    """Runs a program of the environment in an empty folder, with nothing of this process's environment variables."""
    variables = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}

    def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(environment / "bin" / program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=variables)

    return run


def megabytes(folder: Path) -> float:
    """Space on disk of the files below a folder, in the megabytes of ``du -m``."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 2**20


def test_the_base_verifies_a_bundle_and_weights_a_file_in_200_megabytes(environment, run, release, closed, tmp_path):
    bundle, receipt, margins = (tmp_path / name for name in ("bundle.zip", "receipt.json", "margins.csv"))
    bundle.write_bytes(get_bundle(release.number))
    document = closed[1].as_json()
    receipt.write_text(json.dumps(document))
    verified = run("auscult", "verify", bundle, "--receipt", receipt)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.endswith("verify: ok\n")
    answer = document["answers"][0]
    answer["choice"] = {"a": "b", "b": "a"}[answer["choice"]]
    receipt.write_text(json.dumps(document))
    assert run("auscult", "verify", bundle, "--receipt", receipt).returncode == 1

    margins.write_text(
        "variable,level,total\nstype,E,4421\nstype,H,755\nstype,M,1018\nawards,No,2027\nawards,Yes,4167\n"
    )
    data = golden_cases.GOLDEN / "inputs" / "apisrs.csv"
    weighted = run("auscult", "weight", data, "--margins", margins, "--question", "comp.imp", "--format", "json")
    assert (weighted.returncode, weighted.stderr) == (0, "")
    (yes,) = [line for line in json.loads(weighted.stdout)["results"] if line["answer"] == "Yes"]
    expected = golden_cases.load("pub-101-pipe-ciprop-comp.imp")["expected_exact_projection"]
    assert yes["share"] == pytest.approx(expected["estimate"], rel=1e-7)

    served = run("auscult", "serve")
    assert (served.returncode, served.stdout) == (2, "")
    assert served.stderr == "This command needs the server: pip install 'auscult[server]'.\n"
    missing = run("python", "-c", "import django")
    assert "No module named 'django'" in missing.stderr
    # Last, so that the modules that the commands compiled count.
    assert megabytes(environment) <= MAX_MEGABYTES
