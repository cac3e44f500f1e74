"""The database backend: Django's own for PostgreSQL, with a cheaper look whether a kept connection still stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def planned_anew(connection: Any) -> Iterator[None]:
    """Have statements planned with the values they are given, rather than prepared once for all values.

    Args:
        connection: Django's connection, with a cursor open.
    """
    kept = connection.connection.prepare_threshold
    connection.connection.prepare_threshold = None
    try:
        yield
    finally:
        connection.connection.prepare_threshold = kept
