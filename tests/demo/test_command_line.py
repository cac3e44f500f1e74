"""The other commands, as a person at the console meets them."""

import os
import subprocess
import sys

import pytest

from auscult.demo.register import write_register

pytestmark = pytest.mark.slow


def auscult(folder, *arguments):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("AUSCULT_", "DATABASE_URL", "DJANGO_SETTINGS"))}
    return subprocess.run(
        [sys.executable, "-m", "auscult.cli", *arguments],
        env=keep | {"AUSCULT_VAR": str(folder / "var")}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_registry_load_role_and_stop(tmp_path):
    file = tmp_path / "npidata.zip"
    write_register(file, 300)
    try:
        done = auscult(tmp_path, "registry", "load", str(file))
        assert done.returncode == 0, done.stderr
        assert "315 rows = 300 physicians" in done.stdout
        assert "Frame of 300: all enumerated physicians of the register, as of 2009-06-30" in done.stdout
        assert "nothing was done" in auscult(tmp_path, "registry", "load", str(file)).stdout
        absent = auscult(tmp_path, "registry", "load", str(tmp_path / "absent.zip"))
        assert absent.returncode == 1
        assert "There is no file" in absent.stderr
        assert "Traceback" not in absent.stderr
        assert "no account with that address" in auscult(tmp_path, "role", "x@example.org", "editor").stderr
        assert (
            "Roles are: arbiter, custodian, editor, moderator"
            in auscult(tmp_path, "role", "x@example.org", "king").stderr
        )
        add = ("organisation", "society", "Example Society", "association")
        assert "/organisations/society/" in auscult(tmp_path, *add).stdout
        assert "is here already" in auscult(tmp_path, *add).stderr
        assert "Kinds are: association" in auscult(tmp_path, "organisation", "x", "X", "club").stderr
        appoint = ("representative", "x@example.org", "society", "--name", "R", "--scope", "s")
        assert "no account with that address" in auscult(tmp_path, *appoint, "--may", "reply").stderr
        assert "Powers are: reply" in auscult(tmp_path, *appoint, "--may", "rule").stderr
        none = auscult(
            tmp_path, "representative", "x@example.org", "none", "--name", "R", "--scope", "s", "--may", "reply"
        )
        assert "no organisation of that name" in none.stderr
        assert "try again" not in auscult(tmp_path, "cells", "1", str(tmp_path / "c.csv")).stdout
        assert not (tmp_path / "c.csv").exists()
    finally:
        assert auscult(tmp_path, "db", "stop").returncode == 0
