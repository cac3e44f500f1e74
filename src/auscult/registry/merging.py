"""How a file becomes the register: staged by COPY, then merged by a few statements that touch only what differs."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from auscult.registry.rules import LoadKind
from auscult.registry.sources.files import RegisterFile

Cursor = Any

_VALUES = (
    "last_name, first_name, other_last_name, credential, sex, specialty_code, specialty_group, state, phone, fax, address, "
    "licences, enumerated_on, updated_on, certified_on, reactivated_on"
)
_COLUMNS = _VALUES.split(", ")
#: Contacts, each with the day since which it stands so.
_CONTACTS = ("phone", "fax", "address")
_WAS = ", ".join(f"'{c}', r.{c}" for c in [*_COLUMNS, "status", *(f"{c}_since" for c in _CONTACTS)])
_TYPES = {
    "licences": "jsonb",
    **dict.fromkeys(("enumerated_on", "updated_on", "certified_on", "reactivated_on"), "date"),
}


def stage(cursor: Cursor, file: RegisterFile, as_of: date) -> None:
    """Copy a file into temporary tables: ``staged`` (physicians), ``staged_gone`` and ``staged_other`` (numbers).

    The day since which a contact stands is that of the row's last update, for the register changes it with every change.
    """
    # Of an earlier load in the same transaction.
    cursor.execute("DROP TABLE IF EXISTS staged, staged_gone, staged_other")
    columns = ", ".join(f"{column} {_TYPES.get(column, 'text')}" for column in _COLUMNS)
    cursor.execute(
        f"CREATE TEMPORARY TABLE staged (number text, {columns}) ON COMMIT DROP"  # constant names
    )
    cursor.execute("CREATE TEMPORARY TABLE staged_gone (number text, deactivated_on date) ON COMMIT DROP")
    cursor.execute("CREATE TEMPORARY TABLE staged_other (number text) ON COMMIT DROP")
    dumps = json.dumps
    with cursor.copy(f"COPY staged (number, {_VALUES}) FROM STDIN") as copy:
        for record in file.records():
            copy.write_row((*record[:12], dumps(record[12]), *record[13:]))
    with cursor.copy("COPY staged_gone (number, deactivated_on) FROM STDIN") as copy:
        for gone in file.gone:
            copy.write_row(gone)
    with cursor.copy("COPY staged_other (number) FROM STDIN") as copy:
        for number in file.others:
            copy.write_row((number,))
    cursor.execute("ALTER TABLE staged ADD COLUMN since date, ADD COLUMN older boolean NOT NULL DEFAULT false")
    cursor.execute("UPDATE staged SET since = least(coalesce(updated_on, %s), %s)", [as_of, as_of])
    cursor.execute("ANALYZE staged, staged_gone, staged_other")


def find_doubled(cursor: Cursor) -> str | None:
    """A number that stands twice among the staged, or None."""
    cursor.execute(
        "SELECT number FROM (SELECT number FROM staged UNION ALL SELECT number FROM staged_gone) AS s "
        "GROUP BY number HAVING count(*) > 1 LIMIT 1"
    )
    row = cursor.fetchone()
    return row[0] if row else None


def merge(cursor: Cursor, register: str, load_id: int, kind: LoadKind) -> dict[str, int]:
    """Merge what is staged.

    A row older than the stored one is skipped unless the record is not active any more; a row that says what is stored
    touches nothing; what a record said before it changed goes to its versions.

    Returns:
        How many were added, changed, deactivated, reactivated, missing, and skipped as older.
    """
    values = {"register": register, "load": load_id}
    record = "registry_registerrecord"
    join = "r.register = %(register)s::varchar AND r.number = s.number"
    cursor.execute(
        f"UPDATE staged AS s SET older = true FROM {record} AS r "  # noqa: S608 - constant names
        f"WHERE {join} AND (r.status = 'active' AND s.updated_on < r.updated_on "
        # What was deactivated comes back by a row that is newer than the deactivation, not by an old file.
        "OR r.status = 'deactivated' AND greatest(s.reactivated_on, s.updated_on) < r.deactivated_on)",
        values,
    )
    older = cursor.rowcount
    differs = (
        f"({', '.join(f'r.{c}' for c in _COLUMNS)}) IS DISTINCT FROM ({', '.join(f's.{c}' for c in _COLUMNS)}) "
        "OR r.status <> 'active'"
    )
    cursor.execute(
        "INSERT INTO registry_recordversion (register, number, load_id, was) "  # noqa: S608 - constant names
        f"SELECT r.register, r.number, %(load)s::bigint, jsonb_build_object({_WAS}) "
        f"FROM {record} AS r JOIN staged AS s ON {join} WHERE NOT s.older AND ({differs})",
        values,
    )
    changed = cursor.rowcount
    cursor.execute(
        f"SELECT count(*) FROM {record} AS r JOIN staged AS s ON {join} WHERE NOT s.older AND r.status <> 'active'",  # noqa: S608 - constant names
        values,
    )
    reactivated = cursor.fetchone()[0]
    sets = ", ".join(f"{c} = s.{c}" for c in _COLUMNS)
    since = ", ".join(f"{c}_since = CASE WHEN r.{c} = s.{c} THEN r.{c}_since ELSE s.since END" for c in _CONTACTS)
    cursor.execute(
        f"UPDATE {record} AS r SET {sets}, {since}, status = 'active', deactivated_on = NULL, load_id = %(load)s::bigint "  # noqa: S608 - constant names
        f"FROM staged AS s WHERE {join} AND NOT s.older AND ({differs})",
        values,
    )
    cursor.execute(
        f"INSERT INTO {record} (register, number, {_VALUES}, phone_since, fax_since, address_since, status, load_id) "  # noqa: S608 - constant names
        f"SELECT %(register)s::varchar, number, {_VALUES}, since, since, since, 'active', %(load)s::bigint FROM staged AS s "
        f"WHERE NOT EXISTS (SELECT FROM {record} AS r WHERE {join})",
        values,
    )
    added = cursor.rowcount
    deactivated = _leave(
        cursor,
        values,
        f"FROM staged_gone AS s WHERE {join} AND r.status <> 'deactivated' "
        # A cumulative report knows nothing of a reactivation after its date.
        "AND (s.deactivated_on IS NULL OR r.reactivated_on IS NULL OR r.reactivated_on <= s.deactivated_on)",
        "status = 'deactivated', deactivated_on = s.deactivated_on",
    )
    missing = 0
    if kind == LoadKind.FULL:
        missing = _leave(
            cursor,
            values,
            "WHERE r.register = %(register)s::varchar AND r.status = 'active' "
            "AND NOT EXISTS (SELECT FROM staged AS s WHERE s.number = r.number)",
            "status = 'missing'",
        )
    elif kind == LoadKind.WEEKLY:
        # A full replacement row says that the holder is no physician, or no person, any more.
        missing = _leave(
            cursor, values, f"FROM staged_other AS s WHERE {join} AND r.status = 'active'", "status = 'missing'"
        )
    return {
        "added": added,
        "changed": changed - reactivated,
        "reactivated": reactivated,
        "deactivated": deactivated,
        "missing": missing,
        "older": older,
    }


def _leave(cursor: Cursor, values: dict[str, Any], where: str, sets: str) -> int:
    """Set the status of records, keeping what they said."""
    source, _, condition = where.partition("WHERE ")
    tables = ", ".join(["registry_registerrecord AS r", *([source.removeprefix("FROM ").strip()] if source else [])])
    cursor.execute(
        "INSERT INTO registry_recordversion (register, number, load_id, was) "  # noqa: S608 - constant names
        f"SELECT r.register, r.number, %(load)s::bigint, jsonb_build_object({_WAS}) FROM {tables} WHERE {condition}",
        values,
    )
    cursor.execute(
        f"UPDATE registry_registerrecord AS r SET {sets}, load_id = %(load)s::bigint {source} WHERE {condition}",  # noqa: S608 - constant names
        values,
    )
    return int(cursor.rowcount)
