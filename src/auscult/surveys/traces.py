"""Removes the copies that PostgreSQL itself keeps of ballots, keys, and turnout.

Deleted rows stay in the old files of a table until it is rewritten, sampled values stay in the statistics, and every row
stays in the write-ahead log until its segments are removed. What cannot be removed here is named in ADR 5.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection

#: How often, and for how long each time, the job looks whether earlier transactions have ended before it comes again later.
WAITS, WAIT_SECONDS = 100, 0.05
#: Tables that hold a link between a member and a ballot, or part of one.
TABLES = (
    "surveys_ballotkey",
    "surveys_ballot",
    "surveys_ballotdraft",
    "surveys_ballotchange",
    "surveys_ballottally",
    "surveys_turnout",
)


class StillRead(Exception):
    """Another connection may still see deleted rows, so rewriting the tables would keep them. Try again later."""


def rewrite_tables() -> None:
    """Write the tables into new files in the order of their keys: neither dead rows nor the order of voting remain.

    Raises:
        StillRead: a transaction that ran before this one goes on: a backup, or an analyst's query.
    """
    with connection.cursor() as cursor:
        _wait_for_earlier(cursor)
        for table in TABLES:
            cursor.execute(f"CLUSTER {table} USING {table}_pkey")


def _wait_for_earlier(cursor: Any) -> None:
    """Wait until every transaction that runs now has ended, of any database: rewriting keeps what the oldest might see."""
    cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
    (begun,) = cursor.fetchone()
    for _ in range(WAITS):
        cursor.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s AND NOT EXISTS ("
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND age(backend_xmin) > age((%s %% 4294967296)::text::xid))",
            [begun, begun],
        )
        if cursor.fetchone()[0]:
            return
        time.sleep(WAIT_SECONDS)
    raise StillRead("Another transaction reads the database; deleted ballots are removed when it has ended.")


def clear_statistics() -> list[str]:
    """Delete sampled values of these tables from the catalog. There are none unless somebody turned statistics on.

    Returns:
        The columns that had some, as ``table.column``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, attname FROM pg_stats WHERE schemaname = current_schema() AND tablename = ANY(%s)",
            [list(TABLES)],
        )
        found = cursor.fetchall()
        for table, column in found:
            cursor.execute(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
                [table, column],
            )
            (kind,) = cursor.fetchone()
            # Setting a column to the type it has deletes its statistics and writes no row, on every version.
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
            cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
    return [f"{table}.{column}" for table, column in found]


def flush_log() -> bool:
    """Begin a new segment of the write-ahead log and let the server remove those before it.

    Returns:
        Whether the role may do that. On a server of your own, grant it ``pg_checkpoint`` and ``pg_switch_wal()``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE') "
            "AND has_function_privilege('pg_switch_wal()', 'EXECUTE')"
        )
        if not cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("CHECKPOINT")
    return True
