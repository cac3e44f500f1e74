"""Writes of the registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from auscult.registry.models import Benchmark, Frame, RegisterLoad
from auscult.registry.models import RegisterRecord as StoredRecord
from auscult.registry.queries import coarse_margins
from auscult.registry.rules import LEAST_OF_LAST_LOAD, MOST_BAD_LINES
from auscult.registry.sources.nppes import RegisterFile, UnusableRegisterFile, open_nppes
from auscult.registry.taxonomy import CAREER_BANDS
from auscult.shared import audit
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing

_STAGED = (
    "npi, last_name, first_name, other_last_name, credential, sex, taxonomy_code, specialty_group, state, phone, "
    "licences, enumerated_on, updated_on"
)


class CannotLoadRegister(UnusableRegisterFile):
    """The file was read but must not be loaded; nothing was changed."""


@dataclass(frozen=True)
class Loaded:
    """What a load did.

    Attributes:
        load: the record of the load.
        frame: the frame it gave.
        repeated: whether this very file had been loaded before, so that nothing was done.
        bad_lines: line number and reason of rejected lines, at most 10,000.
    """

    load: RegisterLoad
    frame: Frame
    repeated: bool
    bad_lines: list[tuple[int, str]]


def load_register(
    path: Path,
    *,
    standing: Standing,
    now: datetime,
    as_of: date | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Loaded:
    """Load a full NPPES file and count its frame, in one transaction.

    Who may: an operator. What changes: records are added or updated; records missing from the file are marked, never
    deleted; deactivated ones keep their last known data. What follows: a frame with its cells.

    Args:
        path: csv, or the zip that contains it.
        as_of: date of the register, where the file name does not tell.
        progress: told bytes read and bytes in all.

    Raises:
        NotAllowed: no operator.
        UnusableRegisterFile: not of the format, or no date known.
        CannotLoadRegister: too many bad lines, no physician, or more than 1 % fewer active ones than before.
    """
    standing.require(Permission.REGISTER_LOAD, "Only an operator loads a register.")
    file = open_nppes(path, progress=progress)
    as_of = as_of or file.as_of
    if as_of is None:
        raise UnusableRegisterFile(
            f"{path.name} does not name its date (npidata_pfile_YYYYMMDD-YYYYMMDD.csv). Give it with --as-of YYYY-MM-DD."
        )
    known = RegisterLoad.objects.filter(sha256=file.sha256).select_related("frame").first()
    if known:
        return Loaded(known, known.frame, True, [])
    with transaction.atomic(), connection.cursor() as cursor:
        # One load at a time; readers are not held up.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry.load'))")
        _stage(cursor, file)
        tally = file.tally
        _refuse_if_unsound(cursor, file)
        load = RegisterLoad.objects.create(
            filename=path.name[:200],
            sha256=file.sha256,
            as_of=as_of,
            rows=tally.rows,
            kept=tally.kept,
            deactivated=tally.deactivated,
            other=tally.other,
            rejected=tally.rejected,
            reasons={**tally.reasons, **{f"unmapped {code}": n for code, n in tally.unmapped.items()}},
        )
        _merge(cursor, load, file.deactivated)
        frame = _count_frame(load)
        audit.record("registry.register.load", standing=standing, thing=f"load:{load.pk}", now=now, rows=tally.rows)
    return Loaded(load, frame, False, tally.bad_lines)


def _stage(cursor: Any, file: RegisterFile) -> None:
    cursor.execute("DROP TABLE IF EXISTS staged")
    cursor.execute(
        "CREATE TEMPORARY TABLE staged (npi varchar(10), last_name text, first_name text, other_last_name text, "
        "credential text, sex varchar(1), taxonomy_code varchar(10), specialty_group varchar(4), state varchar(2), "
        "phone text, licences jsonb, enumerated_on date, updated_on date) ON COMMIT DROP"
    )
    with cursor.copy(f"COPY staged ({_STAGED}) FROM STDIN") as copy:
        for r in file.records():
            copy.write_row(
                (
                    r.npi, r.last_name, r.first_name, r.other_last_name, r.credential, r.sex, r.taxonomy_code,
                    r.specialty_group, r.state, r.phone, json.dumps(r.licences), r.enumerated_on, r.updated_on,
                )
            )  # fmt: skip


def _refuse_if_unsound(cursor: Any, file: RegisterFile) -> None:
    tally = file.tally
    if tally.rejected > MOST_BAD_LINES * tally.rows:
        where = "; ".join(f"line {number}: {reason}" for number, reason in tally.bad_lines[:3])
        raise CannotLoadRegister(
            f"{tally.rejected:,} of {tally.rows:,} lines cannot be read ({where}). More than {MOST_BAD_LINES:.2%} is "
            "too many for an intact file. Nothing was changed."
        )
    if tally.kept == 0:
        raise CannotLoadRegister("The file holds no physician. Nothing was changed.")
    cursor.execute("SELECT npi FROM staged GROUP BY npi HAVING count(*) > 1 LIMIT 1")
    doubled = cursor.fetchone()
    if doubled:
        raise CannotLoadRegister("The file holds the same NPI twice. Nothing was changed.")
    before = StoredRecord.objects.filter(status=StoredRecord.Status.ACTIVE).count()
    if tally.kept < LEAST_OF_LAST_LOAD * before:
        raise CannotLoadRegister(
            f"The file has {tally.kept:,} active physicians, the register {before:,}. A full file does not shrink by "
            "more than 1 %. Nothing was changed."
        )


def _merge(cursor: Any, load: RegisterLoad, deactivated: list[tuple[str, date | None]]) -> None:
    updates = ", ".join(f"{column} = EXCLUDED.{column}" for column in _STAGED.split(", ")[1:])
    cursor.execute(
        f"INSERT INTO registry_registerrecord ({_STAGED}, status, load_id) "  # noqa: S608 - constant columns
        f"SELECT {_STAGED}, 'active', %s FROM staged "
        f"ON CONFLICT (npi) DO UPDATE SET {updates}, status = 'active', load_id = EXCLUDED.load_id",
        [load.pk],
    )
    cursor.execute(
        "UPDATE registry_registerrecord SET status = 'deactivated', load_id = %s WHERE npi = ANY(%s)",
        [load.pk, [npi for npi, _ in deactivated]],
    )
    cursor.execute(
        "UPDATE registry_registerrecord SET status = 'missing' WHERE load_id <> %s AND status = 'active'", [load.pk]
    )


def _count_frame(load: RegisterLoad) -> Frame:
    bands = " ".join(
        f"WHEN enumerated_on IS NULL OR (%(as_of)s::date - enumerated_on) / 365.25 >= {least} THEN '{name}'"
        for name, least in reversed(CAREER_BANDS)
        if least
    )
    frame = Frame.objects.create(
        load=load, definition="all enumerated physicians of the register", as_of=load.as_of, total=0
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_framecell (frame_id, specialty_group, state, sex, career, persons) "  # noqa: S608 - only placeholders
            f"SELECT %(frame)s, specialty_group, state, sex, CASE {bands} ELSE '{CAREER_BANDS[0][0]}' END AS career, "
            "count(*) FROM registry_registerrecord WHERE status = 'active' GROUP BY 2, 3, 4, 5",
            {"frame": frame.pk, "as_of": load.as_of},
        )
        cursor.execute("SELECT coalesce(sum(persons), 0) FROM registry_framecell WHERE frame_id = %s", [frame.pk])
        frame.total = cursor.fetchone()[0]
    frame.margins = coarse_margins(frame.pk)
    frame.save(update_fields=["total", "margins"])
    return frame


def set_benchmark(
    *,
    standing: Standing,
    now: datetime,
    code: str,
    words: str,
    persons: int,
    as_of: date,
    definition: str,
    source: str,
) -> Benchmark:
    """Add or replace an independent denominator.

    Who may: an operator. What changes: the benchmark of that code; results published before keep the figure they used.

    Raises:
        NotAllowed: no operator.
        ValueError: no people, or no source.
    """
    standing.require(Permission.REGISTER_LOAD, "Only an operator sets a benchmark.")
    if persons <= 0 or not source or not definition:
        raise ValueError("A benchmark needs a positive number of people, a definition and a source.")
    with transaction.atomic():
        benchmark, _ = Benchmark.objects.update_or_create(
            code=code,
            defaults={"words": words, "persons": persons, "as_of": as_of, "definition": definition, "source": source},
        )
        audit.record("registry.benchmark.set", standing=standing, thing=f"benchmark:{code}", now=now, persons=persons)
    return benchmark
