"""The NPPES dissemination file of CMS: 329 or 330 columns, csv or the zip that contains it.

Plain Python that splits each line at ``","`` and rejects early what is no physician was the fastest of what was
measured and needs 11 MB (registry.md). Columns are found by name, because their order and number have changed.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO

from auscult.registry.npi import is_npi
from auscult.registry.rules import RegisterRecord, clean_licence, group_of, primary_code
from auscult.registry.taxonomy import UNMAPPED_GROUP, known_state

#: Names that changed: the name we use → older names of the same column.
ALIASES = {"Provider Sex Code": ("Provider Gender Code",)}
SLOTS = range(1, 16)
_MEMBER = re.compile(r"npidata_pfile_\d{8}-(\d{8}).*\.csv", re.IGNORECASE)
_COLUMNS = {
    "npi": "NPI",
    "kind": "Entity Type Code",
    "last_name": "Provider Last Name (Legal Name)",
    "first_name": "Provider First Name",
    "other_last_name": "Provider Other Last Name",
    "credential": "Provider Credential Text",
    "sex": "Provider Sex Code",
    "state": "Provider Business Practice Location Address State Name",
    "phone": "Provider Business Practice Location Address Telephone Number",
    "enumerated": "Provider Enumeration Date",
    "updated": "Last Update Date",
    "deactivated": "NPI Deactivation Date",
    "reactivated": "NPI Reactivation Date",
}


class UnusableRegisterFile(ValueError):
    """The file is not a register file of this format; nothing was changed."""


@dataclass
class Tally:
    """Rows in = kept + deactivated + other + rejected."""

    rows: int = 0
    kept: int = 0
    deactivated: int = 0
    other: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class RegisterFile:
    """An opened file: its SHA-256, size, date, and its rows."""

    sha256: str
    size: int
    as_of: date | None
    tally: Tally
    records: Callable[[], Iterator[RegisterRecord]]
    deactivated: list[tuple[str, date | None]]


def open_nppes(path: Path, *, progress: Callable[[int, int], None] = lambda _done, _total: None) -> RegisterFile:
    """Open a register file; the rows are read when ``records`` is called.

    Args:
        path: csv, or a zip with one ``npidata_pfile_*.csv``.
        progress: told bytes read and bytes in all, now and then.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or not of this format.
    """
    if not path.is_file():
        raise UnusableRegisterFile(f"There is no file {path}.")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    with _open(path) as (stream, name, total):
        columns = _columns(stream.readline(), name)
    dated = _MEMBER.search(name)
    as_of = date(int(dated[1][:4]), int(dated[1][4:6]), int(dated[1][6:])) if dated else None
    tally = Tally()
    deactivated: list[tuple[str, date | None]] = []

    def records() -> Iterator[RegisterRecord]:
        with _open(path) as (stream, _, size):
            yield from _read(stream, columns, tally, deactivated, lambda done: progress(done, size))

    return RegisterFile(digest.hexdigest(), total, as_of, tally, records, deactivated)


@dataclass(frozen=True)
class _Columns:
    """Positions of the columns that are read; those of the 15 slots as tuples."""

    width: int
    one: dict[str, int]
    codes: tuple[int, ...]
    switches: tuple[int, ...]
    licences: tuple[int, ...]
    licence_states: tuple[int, ...]


@contextlib.contextmanager
def _open(path: Path) -> Iterator[tuple[IO[bytes], str, int]]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = [
                    i
                    for i in archive.infolist()
                    if _MEMBER.search(i.filename) and "fileheader" not in i.filename.lower()
                ]
                if len(members) != 1:
                    raise UnusableRegisterFile(
                        f"{path.name} holds {len(members)} files named npidata_pfile_*.csv; exactly one is needed."
                    )
                with archive.open(members[0]) as stream:
                    yield stream, members[0].filename, members[0].file_size
        else:
            with path.open("rb", buffering=1 << 20) as stream:
                yield stream, path.name, path.stat().st_size
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnusableRegisterFile(f"{path.name} is damaged: {error}. Download it again.") from error


def _columns(header: bytes, name: str) -> _Columns:
    try:
        names = next(csv.reader([header.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableRegisterFile(f"The first line of {name} is no header: {error}") from error
    position = {column: index for index, column in enumerate(names)}
    for column, older in ALIASES.items():
        for alias in older:
            if alias in position:
                position.setdefault(column, position[alias])
    slots = (
        "Healthcare Provider Taxonomy Code_",
        "Healthcare Provider Primary Taxonomy Switch_",
        "Provider License Number_",
        "Provider License Number State Code_",
    )
    wanted = [*_COLUMNS.values(), *(f"{column}{slot}" for column in slots for slot in SLOTS)]
    missing = [column for column in wanted if column not in position]
    if missing:
        raise UnusableRegisterFile(
            f"{name} has {len(names)} columns and lacks {len(missing)} that are needed, first {missing[0]!r}. "
            "It is not an NPPES dissemination file, or its format has changed."
        )
    codes, switches, licences, states = (tuple(position[f"{column}{slot}"] for slot in SLOTS) for column in slots)
    one = {key: position[column] for key, column in _COLUMNS.items()}
    return _Columns(len(names), one, codes, switches, licences, states)


def _read(
    stream: IO[bytes],
    columns: _Columns,
    tally: Tally,
    deactivated: list[tuple[str, date | None]],
    progress: Callable[[int], None],
) -> Iterator[RegisterRecord]:
    done = len(stream.readline())
    npi_at, kind_at = columns.one["npi"], columns.one["kind"]
    deactivated_at, reactivated_at = columns.one["deactivated"], columns.one["reactivated"]
    for number, line in enumerate(stream, start=2):
        done += len(line)
        if number % 20_000 == 0:
            progress(done)
        if not line.strip():
            continue
        tally.rows += 1
        fields = _split(line, columns.width)
        if fields is None:
            _reject(tally, number, "not the expected columns")
            continue
        if not is_npi(fields[npi_at]):
            _reject(tally, number, "NPI is not valid")
            continue
        try:
            if not fields[kind_at] and fields[deactivated_at] and not fields[reactivated_at]:
                deactivated.append((fields[npi_at], _date(fields[deactivated_at])))
                tally.deactivated += 1
                continue
            record = _record(fields, columns) if fields[kind_at] == "1" and b'"20' in line else None
        except ValueError:
            _reject(tally, number, "a date is not MM/DD/YYYY")
            continue
        if record is None:
            tally.other += 1
            continue
        if record.specialty_group == UNMAPPED_GROUP:
            tally.unmapped[record.taxonomy_code] += 1
        tally.kept += 1
        yield record
    progress(done)


def _split(line: bytes, width: int) -> list[str] | None:
    try:
        text = line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    fields = text[1:-1].split('","')
    if len(fields) != width or text[:1] != '"' or text[-1:] != '"':
        # An unusual line (quotes inside a value, or none around it): let the csv module decide.
        try:
            fields = next(csv.reader(io.StringIO(text)), [])
        except csv.Error:
            return None
    return fields if len(fields) == width else None


def _reject(tally: Tally, number: int, reason: str) -> None:
    tally.rejected += 1
    tally.reasons[reason] += 1
    if len(tally.bad_lines) < 10_000:
        tally.bad_lines.append((number, reason))


def _date(text: str) -> date | None:
    return date(int(text[6:10]), int(text[0:2]), int(text[3:5])) if text else None


def _record(fields: list[str], columns: _Columns) -> RegisterRecord | None:
    codes = [(fields[code], fields[switch]) for code, switch in zip(columns.codes, columns.switches, strict=True)]
    code = primary_code([slot for slot in codes if slot[0]])
    if not code:
        return None
    one = columns.one
    sex = fields[one["sex"]]
    licences = zip(columns.licences, columns.licence_states, strict=True)
    return RegisterRecord(
        npi=fields[one["npi"]],
        last_name=fields[one["last_name"]],
        first_name=fields[one["first_name"]],
        other_last_name=fields[one["other_last_name"]],
        credential=fields[one["credential"]],
        sex=sex if sex in {"M", "F"} else "U",
        taxonomy_code=code,
        specialty_group=group_of(code),
        state=known_state(fields[one["state"]]),
        phone=fields[one["phone"]],
        licences=tuple(
            (clean_licence(fields[number]), fields[state])
            for number, state in licences
            if fields[number] or fields[state]
        ),
        enumerated_on=_date(fields[one["enumerated"]]),
        updated_on=_date(fields[one["updated"]]),
    )
