"""Writes of the registry."""

from __future__ import annotations

import csv
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from auscult.registry import merging
from auscult.registry.models import Benchmark, Frame, FreshnessCheck, RegisterLoad, RegisterRecord
from auscult.registry.queries import coarse_margins
from auscult.registry.rules import (
    LEAST_OF_LAST_LOAD,
    MOST_BAD_LINES,
    LoadKind,
    RecordStatus,
    frame_definition,
    order_problem,
)
from auscult.registry.sources import npi_api
from auscult.registry.sources.files import Progress, RegisterFile, UnusableRegisterFile, no_progress
from auscult.registry.sources.registers import open_register
from auscult.registry.sources.tables import Mapping
from auscult.registry.taxonomy import CAREER_BANDS
from auscult.shared import audit, crypto, jobs
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


class CannotLoadRegister(UnusableRegisterFile):
    """The file was read but must not be loaded; nothing was changed."""


@dataclass(frozen=True)
class Loaded:
    """What a load did, or would do.

    Attributes:
        load: the record of the load.
        frames: the frames it gave.
        repeated: whether this very file had been loaded before, so that nothing was done.
        bad_lines: line number and reason of rejected lines, at most 10,000.
    """

    load: RegisterLoad
    frames: list[Frame]
    repeated: bool
    bad_lines: list[tuple[int, str]]

    @property
    def frame(self) -> Frame:
        """The frame of all physicians."""
        return next(frame for frame in self.frames if frame.kind == "all")


def load_register(
    path: Path,
    *,
    standing: Standing,
    now: datetime,
    register: str | Mapping = "nppes",
    as_of: date | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> Loaded:
    """Load a file of a register and count its frames, in one transaction.

    Who may: an operator. What changes: records are added or updated, each change with what was before; those missing from
    a full file are marked, never deleted; deactivated ones keep their last known data. What follows: frames with their
    cells, and a job by which members of changed records get their notices.

    Args:
        path: NPPES monthly or weekly csv or zip, or deactivation report; or a file of another register.
        register: ``nppes``, ``rpps``, or a mapping.
        as_of: date of the register, where the file name does not tell.
        dry_run: do everything, then undo it.
        progress: told bytes read and bytes in all.

    Raises:
        NotAllowed: no operator.
        UnusableRegisterFile: not of the format, or no date known.
        CannotLoadRegister: out of order, too many bad lines, no physician, a number twice, or more than 1 % fewer active
            physicians than before.
    """
    standing.require(Permission.REGISTER_LOAD, "Only an operator loads a register.")
    file = open_register(path, register=register, as_of=as_of, progress=progress)
    as_of = file.as_of or as_of
    if as_of is None:
        raise UnusableRegisterFile(
            f"{path.name} does not name its date (npidata_pfile_YYYYMMDD-YYYYMMDD.csv). Give it with --as-of YYYY-MM-DD."
        )
    known = RegisterLoad.objects.filter(register=file.register, sha256=file.sha256).first()
    if known:
        return Loaded(known, list(known.frames.all()), True, [])
    with transaction.atomic(), connection.cursor() as cursor:
        # One load at a time; readers are not held up.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry.load'))")
        last = RegisterLoad.objects.filter(register=file.register).exclude(kind=LoadKind.REPORT).first()
        problem = order_problem(file.kind, file.since, as_of, last.as_of if last else None)
        if problem:
            raise CannotLoadRegister(f"{problem} Nothing was changed.")
        merging.stage(cursor, file, as_of)
        _refuse_if_unsound(file)
        load = RegisterLoad.objects.create(
            register=file.register,
            kind=file.kind,
            filename=path.name[:200],
            sha256=file.sha256,
            since=file.since,
            as_of=as_of,
            rows=file.tally.rows,
            kept=file.tally.kept,
            deactivated=file.tally.deactivated,
            other=file.tally.other,
            rejected=file.tally.rejected,
            reasons={**file.tally.reasons, **{f"unmapped {code}": n for code, n in file.tally.unmapped.items()}},
        )
        doubled = merging.find_doubled(cursor)
        if doubled:
            raise CannotLoadRegister("The file holds the same number twice. Nothing was changed.", file.tally.bad_lines)
        load.changes = _merge(cursor, load, file)
        load.save(update_fields=["changes"])
        # A report says who is deactivated, and of everything else nothing newer than the last file.
        counted_on = last.as_of if last and file.kind == LoadKind.REPORT else as_of
        frames = [_count_frame(load, kind, counted_on) for kind in settings.FRAMES]
        audit.record(
            "registry.register.load", standing=standing, thing=f"load:{load.pk}", now=now, rows=file.tally.rows
        )
        jobs.queue("members.apply_load", load_id=load.pk)
        if dry_run:
            transaction.set_rollback(True)
    return Loaded(load, frames, False, file.tally.bad_lines)


def _refuse_if_unsound(file: RegisterFile) -> None:
    tally = file.tally
    if tally.rejected > MOST_BAD_LINES * tally.rows:
        where = "; ".join(f"line {number:,}: {reason}" for number, reason in tally.bad_lines[:3])
        raise CannotLoadRegister(
            f"{tally.rejected:,} of {tally.rows:,} lines cannot be read ({where}). More than {MOST_BAD_LINES:.2%} is "
            "too many for an intact file. Nothing was changed.",
            tally.bad_lines,
        )
    if tally.kept == 0 and file.kind == LoadKind.FULL:
        raise CannotLoadRegister("The file holds no physician. Nothing was changed.", tally.bad_lines)
    if tally.rows == 0:
        raise CannotLoadRegister("The file holds no row. Nothing was changed.")


def _merge(cursor: merging.Cursor, load: RegisterLoad, file: RegisterFile) -> dict[str, int]:
    active = RegisterRecord.objects.filter(register=load.register, status=RecordStatus.ACTIVE)
    before = active.count()
    changes = {"active before": before, **merging.merge(cursor, load.register, load.pk, file.kind)}
    after = changes["active after"] = active.count()
    if changes["missing"] > (1 - LEAST_OF_LAST_LOAD) * before:
        raise CannotLoadRegister(
            f"{changes['missing']:,} of {before:,} active physicians are not in this file. A sound one does not lose more "
            "than 1 %; is it of another register, or its number column another one? Nothing was changed.",
            file.tally.bad_lines,
        )
    if after < LEAST_OF_LAST_LOAD * before:
        raise CannotLoadRegister(
            f"After this file the register would have {after:,} active physicians, before it {before:,}. A sound file does "
            "not shrink by more than 1 %. Nothing was changed.",
            file.tally.bad_lines,
        )
    return changes


def _count_frame(load: RegisterLoad, kind: str, as_of: date) -> Frame:
    definition, years = frame_definition(kind)
    bands = " ".join(
        f"WHEN enumerated_on IS NULL OR (%(as_of)s::date - enumerated_on) / 365.25 >= {least} THEN '{name}'"
        for name, least in reversed(CAREER_BANDS)
        if least
    )
    active = "AND greatest(updated_on, certified_on) > %(as_of)s::date - %(days)s::int" if years else ""
    frame = Frame.objects.create(load=load, kind=kind, definition=definition, as_of=as_of, total=0)
    values: dict[str, int | str | date] = {"frame": frame.pk, "as_of": as_of, "register": load.register}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_framecell (frame_id, specialty_group, state, sex, career, persons) "  # noqa: S608 - only placeholders
            f"SELECT %(frame)s, specialty_group, state, sex, CASE {bands} ELSE '{CAREER_BANDS[0][0]}' END AS career, "
            f"count(*) FROM registry_registerrecord WHERE register = %(register)s AND status = 'active' {active} "
            "GROUP BY 2, 3, 4, 5",
            values | ({"days": round(years * 365.25)} if years else {}),
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


#: Columns of a file of benchmarks.
BENCHMARK_COLUMNS = ("code", "words", "persons", "as_of", "definition", "source")


class CannotLoadBenchmarks(ValueError):
    """The file of benchmarks is wrong somewhere; nothing was changed."""


def load_benchmarks(path: Path, *, standing: Standing, now: datetime) -> list[Benchmark]:
    """Add or replace independent denominators from a csv with the columns of ``BENCHMARK_COLUMNS``, all or none.

    Raises:
        NotAllowed: no operator.
        CannotLoadBenchmarks: unreadable, a column missing, or a bad line, with its number.
    """
    standing.require(Permission.REGISTER_LOAD, "Only an operator sets a benchmark.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in BENCHMARK_COLUMNS if column not in (reader.fieldnames or [])]
            if missing:
                raise CannotLoadBenchmarks(
                    f"{path.name} lacks the column {missing[0]!r}. It needs: {', '.join(BENCHMARK_COLUMNS)}."
                )
            rows = [_benchmark(number, row) for number, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CannotLoadBenchmarks(f"{path.name} cannot be read: {error}") from error
    codes = [row["code"] for row in rows]
    if len(set(codes)) < len(codes):
        raise CannotLoadBenchmarks("The same code stands in two lines. Nothing was changed.")
    with transaction.atomic():
        found = [set_benchmark(standing=standing, now=now, **row) for row in rows]  # type: ignore[arg-type]
        audit.record("registry.benchmarks.load", standing=standing, thing="benchmarks", now=now, rows=len(found))
    return found


def _benchmark(number: int, row: MappingOf[str, str | None]) -> dict[str, object]:
    try:
        code, words = (row["code"] or "").strip(), (row["words"] or "").strip()
        definition, source = (row["definition"] or "").strip(), (row["source"] or "").strip()
        persons = int((row["persons"] or "").replace(",", ""))
        as_of = date.fromisoformat((row["as_of"] or "").strip())
    except ValueError as error:
        raise CannotLoadBenchmarks(f"Line {number}: {error}. Nothing was changed.") from error
    if not code.replace("-", "").isalnum() or not code.isascii() or not 0 < len(code) <= 50:
        raise CannotLoadBenchmarks(
            f"Line {number}: the code is short, of letters, digits and hyphens. Nothing was changed."
        )
    if not words or persons <= 0 or not definition or not source:
        raise CannotLoadBenchmarks(
            f"Line {number}: a benchmark needs words, a positive number of people, a definition and a source. "
            "Nothing was changed."
        )
    if len(words) > 80 or len(definition) > 300 or len(source) > 300:
        raise CannotLoadBenchmarks(f"Line {number}: words have 80 letters at most, definition and source 300.")
    return {
        "code": code, "words": words, "persons": persons, "as_of": as_of, "definition": definition, "source": source,
    }  # fmt: skip


def check_freshness(*, register: str, number: str, now: datetime) -> npi_api.Freshness | None:
    """Ask the register's own service about a record, unless it was asked within 24 hours. Called by a job, never in a request.

    Returns:
        What it said; None where the instance asks no service, or the record is of another register.
    """
    if not settings.NPI_API or register != "nppes":
        return None
    mark = crypto.fingerprint(number, "freshness")
    known = FreshnessCheck.objects.filter(mark=mark).first()
    if known and now - known.checked_at < npi_api.KEPT_FOR and known.outcome != npi_api.Freshness.NO_ANSWER:
        return npi_api.Freshness(known.outcome)
    record = RegisterRecord.objects.filter(register=register, number=number).first()
    outcome = npi_api.judge(npi_api.ask(settings.NPI_API, number), record.last_name if record else "")
    FreshnessCheck.objects.update_or_create(mark=mark, defaults={"outcome": outcome, "checked_at": now})
    return outcome


def forget_freshness(now: datetime) -> int:
    """Delete what the register's service said more than 24 hours ago; returns how many. Called by a job."""
    return FreshnessCheck.objects.filter(checked_at__lte=now - npi_api.KEPT_FOR).delete()[0]
