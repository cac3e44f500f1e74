"""The base install: what ``auscult verify`` and ``auscult weight`` may import, and what the other commands say in it.

A child process sees the base packages and the standard library only. tests/publishing/test_base_install.py installs the base
for real.
"""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from auscult.cli import main

ROOT = Path(__file__).parents[2]
SENTENCE = "This command needs the server: pip install 'auscult[server]'.\n"

#: cffi is what cryptography itself needs; sysconfig reads a module of a name that differs by platform.
_HIDE_OTHER_PACKAGES = """
import sys

SEEN = {"auscult", "numpy", "scipy", "cryptography", "cffi", "_cffi_backend", "rfc8785", "click"} | sys.stdlib_module_names

class Base:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        seen = name.partition(".")[0] in SEEN or name.startswith("_sysconfigdata")
        return self.finder.find_spec(name, path, target) if seen else None

sys.meta_path = [Base(finder) for finder in sys.meta_path]
sys.path_importer_cache.clear()
"""


def run_in_base(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code where only the base packages can be imported."""
    command = [sys.executable, "-c", _HIDE_OTHER_PACKAGES + code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def names_of_commands(command: click.Command, *names: str) -> list[tuple[str, ...]]:
    """The command and every one below it, as words of the command line."""
    below = command.commands if isinstance(command, click.Group) else {}
    return [names, *(found for name, each in below.items() for found in names_of_commands(each, *names, name))]


def test_what_is_hidden_is_hidden():
    for name in ("django", "polars", "rich", "psycopg"):
        done = run_in_base(f"import {name}")
        assert f"ModuleNotFoundError: No module named '{name}'" in done.stderr


def test_statistics_evidence_and_the_command_line_import_base_packages_only():
    done = run_in_base("""
import importlib, json, pkgutil
import auscult.cli, auscult.evidence, auscult.statistics

names = [
    each.name
    for room in (auscult.statistics, auscult.evidence)
    for each in pkgutil.walk_packages(room.__path__, room.__name__ + ".")
]
for name in names:
    importlib.import_module(name)
ours = sorted({".".join(name.split(".")[:2]) for name in sys.modules if name.startswith("auscult.")})
print(json.dumps([len(names), ours]))
""")
    assert done.returncode == 0, done.stderr
    count, ours = json.loads(done.stdout)
    assert count > 40
    assert ours == ["auscult.cli", "auscult.cli_server", "auscult.cli_weight", "auscult.evidence", "auscult.statistics"]


def test_help_works_in_the_base_for_every_command_that_has_it():
    commands = [list(names) for names in names_of_commands(main) if names != ("manage",)]
    done = run_in_base(
        """
import json
from click.testing import CliRunner
from auscult.cli import main
for names in json.loads(sys.argv[1]):
    result = CliRunner().invoke(main, [*names, "--help"])
    assert result.exit_code == 0 and result.output.startswith("Usage: "), (names, result.output)
""",
        json.dumps(commands),
    )
    assert done.returncode == 0, done.stderr
    assert len(commands) > 15


@pytest.mark.parametrize("arguments", [[], ["--port", "x"], ["FILE", "a", "b"]])
def test_every_other_command_says_in_one_sentence_that_it_needs_the_server(arguments):
    commands = [list(names) for names in names_of_commands(main)[1:] if names[0] not in {"verify", "weight"}]
    groups = [["registry"], ["identity"], ["db"]]
    assert all(group in commands for group in groups)
    done = run_in_base(
        """
import json
from click.testing import CliRunner
from auscult.cli import main
answers = [CliRunner().invoke(main, names) for names in json.loads(sys.argv[1])]
print(json.dumps([[answer.exit_code, answer.stdout, answer.stderr] for answer in answers]))
""",
        json.dumps([[*names, *arguments] for names in commands]),
    )
    assert done.returncode == 0, done.stderr
    assert dict(zip(map(" ".join, commands), json.loads(done.stdout), strict=True)) == {
        " ".join(names): [2, "", SENTENCE] for names in commands
    }


def test_verify_and_weight_run_in_the_base(tmp_path):
    (tmp_path / "bundle.zip").write_bytes(b"no zip")
    (tmp_path / "data.csv").write_text("sex,q1\n" + "F,yes\n" * 30 + "M,no\n" * 30)
    (tmp_path / "margins.csv").write_text("variable,level,total\nsex,F,300\nsex,M,100\n")
    call = "from auscult.cli import main; main(sys.argv[1:])"
    done = run_in_base(call, "verify", str(tmp_path / "bundle.zip"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("verify: unreadable: ")
    margins = ["--margins", str(tmp_path / "margins.csv"), "--format", "json"]
    done = run_in_base(call, "weight", str(tmp_path / "data.csv"), *margins, "--question", "q1")
    assert done.returncode == 0, done.stderr
    # 300 of the 400 are women, who all said yes.
    assert {line["answer"]: line["share"] for line in json.loads(done.stdout)["results"]} == pytest.approx(
        {"yes": 0.75, "no": 0.25}
    )
