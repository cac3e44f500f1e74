"""The databases of the tests: cloned from a migrated template, and set back to it after a test that commits.

The template stays in the server between runs. Its name holds the hash of all migrations, so migrations run only when one
has changed. Each session (each worker of ``pytest -n``) clones the template.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

PREFIX = "auscult_template_"
#: Schema with copies of the rows that migrations write (topics, content types).
PRISTINE = "pristine"
#: Advisory lock held while a template is built, cloned, or dropped; any number will do.
LOCK = 2_007_2_009


def template_name() -> str:
    """Name of the template of today's migrations: our own by content, those of packages by version."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in ("django", "django-allauth", "procrastinate"):
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    for app in apps.get_app_configs():
        if app.name.startswith("auscult."):
            for path in sorted(Path(app.path, "migrations").glob("*.py")):
                digest.update(f"{app.label}/{path.name}\n".encode() + path.read_bytes())
    return PREFIX + digest.hexdigest()[:16]


def clone_template(name: str) -> None:
    """Make the database ``name`` a clone of the template, and let Django use it. Builds the template if there is none."""
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        template = template_name()
        if template not in _databases(server):
            _build(server, template)
        for other in _databases(server):
            if other == name or _is_abandoned(other):
                drop(server, other)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    _use(name)


def drop_database(name: str) -> None:
    """Drop a database, ending its connections."""
    connection.close()
    with _server() as server:
        drop(server, name)


def reset_database() -> None:
    """Set the database back to the template after a test that committed.

    Deletes what is in any table, without triggers and foreign keys, and inserts what migrations had written: 0.03 CPU
    seconds, where Django's ``flush`` truncates 103 tables in 1.2. Only a superuser may switch triggers off; other roles
    get a new clone.
    """
    if not _is_superuser():
        name = str(connection.settings_dict["NAME"])
        connection.close()
        clone_template(name)
        return
    with connection.cursor() as cursor:
        deletions = "".join(f'DELETE FROM "{table}";' for table in _tables(cursor))
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'pristine'::regnamespace")
        insertions = "".join(
            f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE SELECT * FROM {PRISTINE}."{table}";'
            for (table,) in cursor.fetchall()
        )
    # The driver's own execute takes several statements at once.
    connection.connection.execute(
        f"BEGIN; SET LOCAL session_replication_role = replica; {deletions} {insertions} COMMIT"
    )


def remember[T](name: str, build: Callable[[], T]) -> T:
    """Build something once in a session; from then on, insert copies of the rows that it had written.

    The copies keep their ids, so each test sees the same rows as if it had built them. A build must not change rows that
    were there before. Each call gives its own copy of what ``build`` returned.
    """
    if not _is_superuser():
        return build()
    if name not in _REMEMBERED:
        before = _read_rows()
        value = build()
        after = _read_rows()
        changed = [table for table, rows in before.items() if rows - after.get(table, Counter())]
        assert not changed, f"{name} changes rows that were there before it, in {changed}"
        added = {table: rows - before.get(table, Counter()) for table, rows in after.items()}
        _REMEMBERED[name] = value, {table: b"".join(rows.elements()) for table, rows in added.items() if rows}
        return deepcopy(value)
    value, blocks = _REMEMBERED[name]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers: what they wrote is among the rows
        for table, block in blocks.items():
            with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                copy.write(block)
        cursor.execute("SET LOCAL session_replication_role = origin")
    return deepcopy(value)


_REMEMBERED: dict[str, tuple[Any, dict[str, bytes]]] = {}


def _read_rows() -> dict[str, Counter[bytes]]:
    """Every row of every table, as COPY writes it."""
    rows = {}
    with connection.cursor() as cursor:
        for table in _tables(cursor):
            with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                rows[table] = Counter(b"".join(bytes(block) for block in copy).splitlines(keepends=True))
    return rows


def _tables(cursor: Any) -> list[str]:
    """Tables that something has ever been written to: those with a page on disk."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND pg_relation_size(oid) > 0"
    )
    return [name for (name,) in cursor.fetchall()]


@cache
def _is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone() == (True,)


def _build(server: psycopg.Connection[Any], template: str) -> None:
    """Migrate an empty database, keep a copy of the rows in it, and give it the template's name; drop older templates."""
    for name in _databases(server):
        if name.startswith(PREFIX):
            drop(server, name)
    draft = f"{PREFIX}draft"
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
    _use(draft)
    call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {PRISTINE}")
        for table in _tables(cursor):
            cursor.execute(f'CREATE TABLE {PRISTINE}."{table}" AS TABLE public."{table}"')
        cursor.execute("ANALYZE")
    connection.close()
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(template)))


def drop(server: psycopg.Connection[Any], name: str) -> None:
    """Drop a database if it exists, ending its connections."""
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _is_abandoned(name: str) -> bool:
    """Whether a database was some run's on this machine that was killed; its name ends in the number of the process."""
    pid = name.rpartition("_")[2]
    if not (
        name.startswith("test_") and pid.isdecimal() and str(settings.DATABASES["default"]["HOST"]).startswith("/")
    ):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    return False


def _databases(server: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in server.execute("SELECT datname FROM pg_database")]


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


@contextmanager
def _server() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server's own database."""
    given = settings.DATABASES["default"]
    with psycopg.connect(
        host=given["HOST"], port=given["PORT"] or None, user=given["USER"] or None, password=given["PASSWORD"] or None,
        dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        yield server
