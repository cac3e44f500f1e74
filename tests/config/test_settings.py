import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auscult.config import local

ROOT = Path(__file__).parents[2]


def named_in_code():
    texts = [(ROOT / "src/auscult/config" / name).read_text() for name in ("settings.py", "local.py")]
    return set(re.findall(r"""["'](AUSCULT_[A-Z_]+|DATABASE_URL)["']""", "\n".join(texts)))


@pytest.mark.parametrize("document", ["docs/settings.md", ".env.example"])
def test_every_variable_is_documented_and_no_other(document):
    text = (ROOT / document).read_text()
    assert set(re.findall(r"\b(AUSCULT_[A-Z_]+|DATABASE_URL)\b", text)) == named_in_code()


def test_local_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path, monkeypatch):
    names = ("AUSCULT_SECRET_KEY", "AUSCULT_IDENTITY_KEYS", "AUSCULT_IDENTITY_PEPPER", "AUSCULT_SIGNING_SEED")
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if k not in names})
    monkeypatch.setenv("AUSCULT_VAR", str(tmp_path))
    local.load_local_environment()
    first = {name: os.environ.pop(name) for name in names}
    assert (tmp_path / "local.env").stat().st_mode & 0o777 == 0o600
    local.load_local_environment()
    assert {name: os.environ[name] for name in names} == first


def settings_with(**changes):
    environment = {**os.environ, **changes}
    code = (
        "from auscult.config import settings as s; "
        "print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_SECURE, s.DATABASES['default']['HOST'])"
    )
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_production_is_https_only_and_takes_a_real_server():
    done = settings_with(
        AUSCULT_INSECURE_HTTP="0",
        AUSCULT_KEEP_MAIL="0",
        AUSCULT_DEBUG="0",
        DATABASE_URL="postgresql://u:p@db.example/x",
    )
    assert done.stdout.split() == ["True", "31536000", "True", "db.example"], done.stderr


def test_mails_are_never_readable_by_all_in_production():
    done = settings_with(AUSCULT_INSECURE_HTTP="0", AUSCULT_KEEP_MAIL="1")
    assert done.returncode != 0
    assert "/dev/mail" in done.stderr


@pytest.mark.parametrize(
    ("host", "relaxed"), [("127.0.0.1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False)]
)
def test_only_loopback_is_relaxed(monkeypatch, host, relaxed):
    monkeypatch.delenv("AUSCULT_INSECURE_HTTP", raising=False)
    monkeypatch.delenv("AUSCULT_KEEP_MAIL", raising=False)
    local.allow_plain_loopback(host)
    assert ("AUSCULT_INSECURE_HTTP" in os.environ, "AUSCULT_KEEP_MAIL" in os.environ) == (relaxed, relaxed)
    os.environ.pop("AUSCULT_INSECURE_HTTP", None)
    os.environ.pop("AUSCULT_KEEP_MAIL", None)


@pytest.mark.parametrize(("name", "value"), [("AUSCULT_SIGNING_SEED", "short"), ("AUSCULT_IDENTITY_PEPPER", "YWJj")])
def test_a_bad_key_stops_the_start_and_names_itself(name, value):
    done = settings_with(**{name: value})
    assert done.returncode != 0
    assert name in done.stderr
    assert value not in done.stderr.replace(name, "")


@pytest.mark.slow
@pytest.mark.extra  # a second demonstration
def test_a_database_named_by_its_address_is_used(tmp_path):
    """DATABASE_URL takes the place of the embedded server; here it names a second one."""
    from auscult.config.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path / "elsewhere" / "postgres")
    server.start(durable=False)
    try:
        server.create_database("real")
        environment = {**os.environ, "DATABASE_URL": server.url("real"), "AUSCULT_VAR": str(tmp_path / "var")}
        environment["DJANGO_SETTINGS_MODULE"] = "auscult.config.settings"
        done = subprocess.run(
            [sys.executable, "-m", "auscult.cli", "demo", "--check", "--size", "small"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.splitlines()[-1] == "verify: ok"
        assert not (tmp_path / "var" / "postgres").exists()
        again = subprocess.run(
            [sys.executable, "-m", "auscult.cli", "demo", "--check", "--size", "small"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert again.returncode != 0
        assert "holds members already" in again.stderr
    finally:
        server.stop()
