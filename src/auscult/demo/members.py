"""Fills the members of a demonstration: bulk rows by COPY, under the same constraints as everybody's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import batched
from typing import Any

import numpy as np
from django.db import connection, transaction

from auscult.demo.size import STORY_NOW
from auscult.members.casework import record_marks, seal_identity
from auscult.registry.rules import career_band, specialty_name

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


#: Handles without digits belong to the first members, and those are who writes.
WRITERS = 3_000


def fill_members(
    count: int, *, now: datetime, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> None:
    """Make ``count`` verified members of records drawn from the register.

    Args:
        count: at most the number of active records.
        now: no verification has lapsed by then.
        progress: gets members written and members in all.
    """
    invented = InventedMembers(count, now=now)
    invented.write(0, count, progress=progress)
    invented.finish()


class InventedMembers:
    """Verified members of records drawn from the register, written in parts.

    Joining is uneven, as it was: the middle of a career and men are somewhat over-represented.
    """

    def __init__(self, count: int, *, now: datetime) -> None:
        """Draw them.

        Args:
            count: at most the number of active records.
            now: no verification has lapsed by then.
        """
        self.count, self.now = count, now
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number, last_name, first_name, sex, specialty_code, specialty_group, state, licences, "
                "enumerated_on FROM registry_registerrecord WHERE status = 'active' ORDER BY number"
            )
            records = cursor.fetchall()
            self._first = _first_free_ids(cursor)
        rng = np.random.default_rng(20070525)
        tilt = np.array([{"F": 0.85, "M": 1.0}.get(r[3], 0.9) for r in records])
        tilt *= np.array([1.25 if r[8] and 5 <= (now.date() - r[8]).days / 365 < 20 else 0.95 for r in records])
        # The largest keys of log(u)/w are a sample without replacement with weights w (Efraimidis and Spirakis 2006).
        chosen = np.argsort(np.log(rng.random(len(records))) / tilt)[-count:].tolist()
        self._records = [records[position] for position in chosen]
        # Instants as text, because a few hundred serve all members.
        self._ages = rng.integers(0, 600, count).tolist()
        self._verified = [now - timedelta(days=age) for age in range(600)]
        self._verified_text = [verified.isoformat() for verified in self._verified]
        self._until_text = [(verified + timedelta(days=730)).isoformat() for verified in self._verified]
        self._offered_text = [(verified - timedelta(days=2)).isoformat() for verified in self._verified]
        self._hours = (np.random.default_rng(7).exponential(31.0, count) + 0.4).tolist()
        # A quarter came by in the last month of the story, four in ten in its last quarter.
        quiet = np.minimum(np.random.default_rng(30).exponential(130.0, count), 600).astype(int).tolist()
        days = [(STORY_NOW.date() - timedelta(days=days)).isoformat() for days in range(601)]
        self._active_on = [days[each] for each in quiet]

    def write(self, begin: int, end: int, *, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Write the members from ``begin`` up to, and without, ``end``.

        Args:
            progress: gets members written and members in all.
        """
        some, first = range(begin, end), self._first
        done, share = begin, (end - begin) // 4
        with transaction.atomic(), connection.cursor() as cursor:
            for table, columns, rows in (
                ("account", "id, email, password, is_active", (
                    (first["account"] + i, f"member{i:06d}@members.example", "!", True) for i in some
                )),
                ("member", ("id, account_id, handle, level, member_class, specialty_group, state, sex, career, verified_at, "
                 "verified_until, lapse_notice, suspended_for, active_on"), self._members(some)),
                ("claim", ("id, member_id, kind, state, wanted, member_class, record_fingerprint, identity_sealed, "
                 "specialty_group, practice_state, sex, career, flags, reason, submitted_at, review_at, decided_at, "
                 "automatic, emptied"), self._claims(some)),
                ("evidence", "claim_id, kind, state, points, via, code_tries, offered_at, settled_at", (
                    (first["claim"] + i, kind, "confirmed", points, "", 0, self._offered_text[age], self._verified_text[age])
                    for i in some
                    for age in [self._ages[i]]
                    for kind, points in (("institutional_email", 2), ("document", 1))
                )),
            ):  # fmt: skip
                copy_rows(cursor, f"members_{table}", columns, rows)
                done += share
                progress(min(done, self.count), self.count)

    def finish(self) -> None:
        """Let others take numbers after these, and PostgreSQL count them."""
        with connection.cursor() as cursor:
            for table in ("account", "member", "claim"):
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('members_{table}', 'id'), (SELECT max(id) FROM members_{table}))"  # noqa: S608 - our own table names
                )
            cursor.execute("ANALYZE members_account, members_member, members_claim, members_evidence")

    def reserve(self) -> None:
        """Take the numbers of all members, so that others can be made before all of these are written."""
        with connection.cursor() as cursor:
            for table, first in self._first.items():
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('members_{table}', 'id'), %s)",
                    [first + self.count],
                )

    def _members(self, some: range) -> Iterator[tuple[Any, ...]]:
        first = self._first
        for i in some:
            record, age = self._records[i], self._ages[i]
            yield (
                first["member"] + i, first["account"] + i, handle_of(i), 2, "physician", record[5], record[6], record[3],
                _career(record[8]), self._verified_text[age], self._until_text[age], "", "", self._active_on[i],
            )  # fmt: skip

    def _claims(self, some: range) -> Iterator[tuple[Any, ...]]:
        first, marks = self._first, record_marks([self._records[i][0] for i in some])
        for i, mark in zip(some, marks, strict=True):
            number, last, given, sex, code, group, state, licences, enumerated = self._records[i]
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
            age = self._ages[i]
            submitted = (self._verified[age] - timedelta(hours=self._hours[i])).isoformat()
            yield (
                first["claim"] + i, first["member"] + i, "record", "verified", 2, "physician", mark, seal_identity(identity),
                group, state, sex, _career(enumerated), "[]", "evidence_sufficient", submitted, submitted,
                self._verified_text[age], False,
                False,
            )  # fmt: skip


@lru_cache(maxsize=20_000)
def _career(enumerated: date | None) -> str:
    return career_band(enumerated, date(2009, 6, 30))


def _first_free_ids(cursor: Any) -> dict[str, int]:
    found = {}
    for table in ("account", "member", "claim"):
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM members_{table}")  # noqa: S608 - our own table names
        found[table] = cursor.fetchone()[0]
    return found


def copy_rows(cursor: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write many rows at once.

    Formatted here: psycopg looks up an adapter for each value, which takes four times as long.

    Args:
        rows: values of None, bool, int, float, str, bytes, date, datetime, or list of integers.
    """
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for some in batched(rows, 2_000, strict=False):
            copy.write("".join(["\t".join([_FORMATS[type(value)](value) for value in row]) + "\n" for row in some]))


def copy_events(cursor: Any, event: str, rows: Iterable[tuple[int | None, str, datetime]]) -> None:
    """Write events of the audit trail, as ``audit.record`` does: actor, subject, and instant of each."""
    events = ((event, actor, thing, "{}", at) for actor, thing, at in rows)
    copy_rows(cursor, "shared_auditevent", "event, actor_id, thing, details, at", events)


def _escape(text: str) -> str:
    """Text as COPY reads it."""
    if "\\" in text or "\n" in text or "\t" in text or "\r" in text:
        return text.translate(_ESCAPES)
    return text


_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


class _Formats(dict[type, Callable[[Any], str]]):
    """How values of each type are written; subclasses, such as members of an enum, like their base."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        for base in kind.__mro__[1:]:
            if base in self:
                return self.setdefault(kind, self[base])
        raise TypeError(f"A row cannot hold {kind.__name__}.")


_FORMATS = _Formats(
    {
        type(None): lambda _: "\\N",
        bool: lambda value: "t" if value else "f",
        int: int.__repr__,
        float: float.__repr__,
        str: lambda value: _escape(str(value)),
        bytes: lambda value: "\\\\x" + value.hex(),
        date: date.isoformat,
        datetime: datetime.isoformat,
        list: lambda value: "{" + ",".join(map(str, value)) + "}",
    }
)
