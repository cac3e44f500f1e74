"""What a member takes away: rows as plain data, for JSON and for reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Model, QuerySet


def rows_of(rows: QuerySet[Any, Any], **columns: str) -> list[dict[str, Any]]:
    """Rows as dictionaries.

    Args:
        rows: what belongs to the member.
        columns: name for people (underscores are shown as blanks) → field, which may cross relations.
    """
    fields = list(columns.values())
    return [dict(zip(columns, row, strict=True)) for row in rows.order_by("pk").values_list(*fields)]


def plain(value: Any) -> Any:
    """A value as JSON has it: instants in ISO 8601, bytes in hex, everything else as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Model):
        raise TypeError("A row is no value to take away.")
    return str(value)
