"""A local instance: the folder ``var/`` with the embedded database and the secrets made for it."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from auscult.config.postgres import EmbeddedPostgres

#: The project folder in a checkout; for an installed package, the working directory.
PROJECT = Path(__file__).parents[3] if (Path(__file__).parents[3] / "pyproject.toml").exists() else Path.cwd()


def var_dir() -> Path:
    """Folder of everything this instance writes: ``AUSCULT_VAR`` or ``var/`` in the project."""
    return Path(os.environ.get("AUSCULT_VAR") or PROJECT / "var").resolve()


def embedded_postgres() -> EmbeddedPostgres:
    """The embedded cluster of this instance."""
    return EmbeddedPostgres(var_dir() / "postgres")


def database_url() -> str:
    """``DATABASE_URL``, or the embedded database ``AUSCULT_DATABASE`` (default ``auscult``)."""
    return os.environ.get("DATABASE_URL") or embedded_postgres().url(os.environ.get("AUSCULT_DATABASE", "auscult"))


def load_local_environment() -> None:
    """Read ``var/local.env`` into the environment, making it with fresh secrets at first.

    Variables that are set already win. For production set them yourself; see docs/settings.md.
    """
    path = var_dir() / "local.env"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            "# Secrets of this local instance. Whoever has them can read identities and sign releases.",
            f"AUSCULT_SECRET_KEY={secrets.token_urlsafe(48)}",
            f"AUSCULT_IDENTITY_KEYS=1:{_key()}",
            f"AUSCULT_IDENTITY_PEPPER={_key()}",
            f"AUSCULT_SIGNING_SEED={_key()}",
        ]
        # Written under another name first, so that a kill in the middle leaves no half file.
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
        draft.rename(path)
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)


def allow_plain_loopback(host: str) -> None:
    """On loopback, let plain HTTP do and keep mails readable, unless the environment says otherwise.

    Anywhere else nothing is relaxed: HTTPS is demanded, and mails need a server to go to.
    """
    if host in {"127.0.0.1", "localhost", "::1"}:
        os.environ.setdefault("AUSCULT_INSECURE_HTTP", "1")
        if os.environ["AUSCULT_INSECURE_HTTP"] == "1" and "AUSCULT_SMTP_URL" not in os.environ:
            os.environ.setdefault("AUSCULT_KEEP_MAIL", "1")


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
