"""Fills the members of a demonstration: bulk rows by COPY, under the same constraints as everybody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from auscult.demo.size import STORY_NOW
from auscult.members.casework import record_mark, seal_identity
from auscult.registry.rules import career_band, specialty_name

_Records = Sequence[tuple[Any, ...]]
_Integers = NDArray[np.int64]

_FIRST = (
    "amber ample brisk calm candid careful civil clear cool crisp curious dry early even fair firm fleet frank "
    "gentle glad grave hardy honest humble idle keen kind lean level light lively loyal lucid mellow merry mild "
    "modest neat nimble noble patient plain polite proud quick quiet rapid ready rustic sage salty sharp sly "
    "snug sober solid spare spry stark steady stern stoic subtle swift tacit tame terse thrifty tidy tired trim "
    "true vivid wary wry "
).split()
_SECOND = (
    "alder aspen badger beacon birch bison brook canyon cedar cinder clover comet condor cove crane creek crow "
    "cypress dune ember falcon fern finch fjord fox gale glacier goose grove gull harbor hare harrier hawk "
    "hazel heron holly ibis inlet jay juniper kestrel lark laurel ledge linden loon lynx maple marsh marten "
    "meadow mesa mink moor moss newt oak oriole osprey otter owl pebble pine plover quail raven reed ridge "
    "robin rowan sage seal shoal shrike sparrow spruce stoat stork summit swan tarn teal tern thicket thrush "
    "trout vale vole walnut warbler willow wolf wren yew "
).split()


def handle_of(number: int) -> str:
    """The invented handle of member ``number``; the first few thousand have no digits."""
    first, second = _FIRST[number % len(_FIRST)], _SECOND[number * 7 // len(_FIRST) % len(_SECOND)]
    block = number // (len(_FIRST) * len(_SECOND))
    base = f"{first}-{second}"
    return f"{base}-{number}" if block or number >= 3000 else f"{base}{'' if number < 1000 else number}"


def fill_members(
    count: int, *, now: datetime, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> None:
    """Make ``count`` verified members of records drawn from the register.

    Joining is uneven, as it was: the middle of a career and men are somewhat over-represented.

    Args:
        count: at most the number of active records.
        now: no verification has lapsed by then.
        progress: told members written and members in all.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, last_name, first_name, sex, specialty_code, specialty_group, state, licences, enumerated_on "
            "FROM registry_registerrecord WHERE status = 'active' ORDER BY number"
        )
        records = cursor.fetchall()
    rng = np.random.default_rng(20070525)
    tilt = np.array([{"F": 0.85, "M": 1.0}.get(r[3], 0.9) for r in records])
    tilt *= np.array([1.25 if r[8] and 5 <= (now.date() - r[8]).days / 365 < 20 else 0.95 for r in records])
    # The largest keys of log(u)/w are a sample without replacement with weights w (Efraimidis and Spirakis 2006).
    chosen = np.argsort(np.log(rng.random(len(records))) / tilt)[-count:]
    ages = rng.integers(0, 600, count)
    with transaction.atomic(), connection.cursor() as cursor:
        first = _first_free_ids(cursor)
        copy_rows(cursor, "members_account", "id, email, password, is_active", (
            (first["account"] + i, f"member{i:06d}@members.example", "!", True) for i in range(count)
        ))  # fmt: skip
        progress(count // 4, count)
        copy_rows(cursor, "members_member",
              "id, account_id, handle, level, member_class, specialty_group, state, sex, career, verified_at, verified_until, "
              "lapse_notice, suspended_for, active_on",
              _members(records, chosen, ages, first, now))  # fmt: skip
        progress(count // 2, count)
        copy_rows(cursor, "members_claim",
              "id, member_id, kind, state, wanted, member_class, record_fingerprint, identity_sealed, specialty_group, "
              "practice_state, sex, career, flags, reason, submitted_at, review_at, decided_at, automatic, emptied",
              _claims(records, chosen, ages, first, now))  # fmt: skip
        progress(3 * count // 4, count)
        copy_rows(cursor, "members_evidence", "claim_id, kind, state, points, via, code_tries, offered_at, settled_at", (
            (first["claim"] + i, kind, "confirmed", points, "", 0, at - timedelta(days=2), at)
            for i in range(count)
            for at in [now - timedelta(days=int(ages[i]))]
            for kind, points in (("institutional_email", 2), ("document", 1))
        ))  # fmt: skip
        for table in ("account", "member", "claim"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('members_{table}', 'id'), (SELECT max(id) FROM members_{table}))"  # noqa: S608 - our own table names
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_account, members_member, members_claim, members_evidence")
    progress(count, count)


def _first_free_ids(cursor: Any) -> dict[str, int]:
    found = {}
    for table in ("account", "member", "claim"):
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM members_{table}")  # noqa: S608 - our own table names
        found[table] = cursor.fetchone()[0]
    return found


def _members(
    records: _Records, chosen: _Integers, ages: _Integers, first: dict[str, int], now: datetime
) -> Iterator[tuple[Any, ...]]:
    # A quarter came by in the last month of the story, four in ten in its last quarter.
    quiet = np.minimum(np.random.default_rng(30).exponential(130.0, len(chosen)), 600).astype(int)
    for i, position in enumerate(chosen):
        record = records[position]
        verified = now - timedelta(days=int(ages[i]))
        yield (
            first["member"] + i, first["account"] + i, handle_of(i), 2, "physician", record[5], record[6], record[3],
            career_band(record[8], date(2009, 6, 30)), verified, verified + timedelta(days=730), "", "",
            STORY_NOW.date() - timedelta(days=int(quiet[i])),
        )  # fmt: skip


def _claims(
    records: _Records, chosen: _Integers, ages: _Integers, first: dict[str, int], now: datetime
) -> Iterator[tuple[Any, ...]]:
    hours = np.random.default_rng(7).exponential(31.0, len(chosen)) + 0.4
    for i, position in enumerate(chosen):
        number, last, given, sex, code, group, state, licences, enumerated = records[position]
        licence = json.loads(licences) if isinstance(licences, str) else licences
        licence_number, licence_state = licence[0] if licence else ("", state)
        identity = {
            "number": number,
            "last_name": last.title(),
            "first_name": given.title(),
            "registered_name": f"{given} {last}".title(),
            "specialty": specialty_name(code),
            "licence": licence_number,
            "licence_state": licence_state,
            "notes": [],
        }
        decided = now - timedelta(days=int(ages[i]))
        yield (
            first["claim"] + i, first["member"] + i, "record", "verified", 2, "physician", record_mark(number),
            seal_identity(identity), group, state, sex, career_band(enumerated, date(2009, 6, 30)), "[]",
            "evidence_sufficient", decided - timedelta(hours=float(hours[i])), decided - timedelta(hours=float(hours[i])),
            decided, False, False,
        )  # fmt: skip


def copy_rows(cursor: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write many rows at once."""
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
