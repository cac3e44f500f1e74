"""The NPPES dissemination files of CMS: monthly and weekly, 329 or 330 columns, csv or the zip that contains it.

Plain Python that looks at few bytes of most lines and splits only those of physicians was the fastest of what was
measured (bench/registry.py). Columns are found by name, because their order and number have changed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

from auscult.registry.npi import is_npi_bytes
from auscult.registry.rules import LoadKind, RegisterRecord, clean_licence, group_of, primary_code
from auscult.registry.sources.files import (
    Progress,
    RegisterFile,
    Tally,
    UnusableRegisterFile,
    blocks_of_lines,
    no_progress,
    open_member,
    sha256_of,
)
from auscult.registry.taxonomy import UNMAPPED_GROUP, known_state

REGISTER = "nppes"
#: Names that changed: the name we use → older names of the same column.
ALIASES = {"Provider Sex Code": ("Provider Gender Code",)}
SLOTS = range(1, 16)
_MEMBER = re.compile(r"npidata_pfile_(\d{8})-(\d{8}).*\.csv", re.IGNORECASE)
#: Monthly files begin with the first day of NPPES.
_FIRST_DAY = "20050523"
_PRACTICE = "Provider Business Practice Location Address"
_COLUMNS = {
    "npi": "NPI",
    "kind": "Entity Type Code",
    "last_name": "Provider Last Name (Legal Name)",
    "first_name": "Provider First Name",
    "other_last_name": "Provider Other Last Name",
    "credential": "Provider Credential Text",
    "sex": "Provider Sex Code",
    "line_1": "Provider First Line Business Practice Location Address",
    "line_2": "Provider Second Line Business Practice Location Address",
    "city": f"{_PRACTICE} City Name",
    "state": f"{_PRACTICE} State Name",
    "postcode": f"{_PRACTICE} Postal Code",
    "phone": f"{_PRACTICE} Telephone Number",
    "fax": f"{_PRACTICE} Fax Number",
    "enumerated": "Provider Enumeration Date",
    "updated": "Last Update Date",
    "deactivated": "NPI Deactivation Date",
    "reactivated": "NPI Reactivation Date",
}
_SLOT_COLUMNS = (
    "Healthcare Provider Taxonomy Code_",
    "Healthcare Provider Primary Taxonomy Switch_",
    "Provider License Number_",
    "Provider License Number State Code_",
)
_SEPARATOR = b'","'
#: A NUCC code of a physician, as it stands in a line.
_has_physician_code = re.compile(rb'"20[0-9A-Z]{7}X"').search


def is_member(name: str) -> bool:
    """Whether a file of that name holds the rows."""
    return bool(_MEMBER.search(name)) and "fileheader" not in name.lower()


def open_nppes(path: Path, *, progress: Progress = no_progress) -> RegisterFile:
    """Open a monthly or weekly file; the rows are read when ``records`` is called.

    Args:
        path: csv, or a zip with one ``npidata_pfile_*.csv``.
        progress: told bytes read and bytes in all, now and then.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or not of this format.
    """
    sha256 = sha256_of(path)
    with open_member(path, is_member, "npidata_pfile_*.csv") as (stream, name, total):
        header = next(blocks_of_lines(stream, lambda _done: None), [b""])[0]
        columns = _columns(header, name)
    dated = _MEMBER.search(name)
    weekly = dated is not None and dated[1] != _FIRST_DAY
    tally, gone, others = Tally(), list[tuple[str, date | None]](), list[str]()

    def records() -> Iterator[RegisterRecord]:
        with open_member(path, is_member, "npidata_pfile_*.csv") as (stream, _, size):
            reader = _Reader(columns, tally, gone, others if weekly else None)
            for lines in blocks_of_lines(stream, lambda done: progress(done, size)):
                yield from reader.read(lines)

    return RegisterFile(
        register=REGISTER,
        kind=LoadKind.WEEKLY if weekly else LoadKind.FULL,
        sha256=sha256,
        size=total,
        since=_day(dated[1]) if dated and weekly else None,
        as_of=_day(dated[2]) if dated else None,
        records=records,
        tally=tally,
        gone=gone,
        others=others,
    )


def _day(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise UnusableRegisterFile(f"{text} in the name of the file is no day (YYYYMMDD).") from error


@dataclass(frozen=True)
class _Columns:
    """Where the columns stand that are read; those of the 15 slots as functions that pick them from a row."""

    width: int
    one: dict[str, int]
    last_read: int
    certified_is_last: bool
    codes: Callable[[list[str]], tuple[str, ...]]
    switches: Callable[[list[str]], tuple[str, ...]]
    licences: Callable[[list[str]], tuple[str, ...]]
    licence_states: Callable[[list[str]], tuple[str, ...]]


def _columns(header: bytes, name: str) -> _Columns:
    try:
        names = next(csv.reader([header.decode("utf-8-sig").rstrip("\r")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableRegisterFile(f"The first line of {name} is no header: {error}") from error
    position = {column: index for index, column in enumerate(names)}
    for column, older in ALIASES.items():
        for alias in older:
            if alias in position:
                position.setdefault(column, position[alias])
    wanted = [*_COLUMNS.values(), *(f"{column}{slot}" for column in _SLOT_COLUMNS for slot in SLOTS)]
    missing = [column for column in wanted if column not in position]
    if missing:
        raise UnusableRegisterFile(
            f"{name} has {len(names)} columns and lacks {len(missing)} that are needed, first {missing[0]!r}. "
            "It is not an NPPES dissemination file, or its format has changed."
        )
    doubled = sorted(column for column in wanted if names.count(column) > 1)
    if doubled:
        raise UnusableRegisterFile(f"{name} has the column {doubled[0]!r} twice; which one is meant cannot be told.")
    slots = [[position[f"{column}{slot}"] for slot in SLOTS] for column in _SLOT_COLUMNS]
    one = {key: position[column] for key, column in _COLUMNS.items()}
    certified = position.get("Certification Date")
    if certified not in {None, len(names) - 1}:
        raise UnusableRegisterFile(f"{name} has 'Certification Date' elsewhere than last; its format has changed.")
    codes, switches, licences, states = (itemgetter(*places) for places in slots)
    last_read = max(*one.values(), *(place for places in slots for place in places))
    return _Columns(len(names), one, last_read, certified is not None, codes, switches, licences, states)


class _Reader:
    """Reads lines, counts them, and gives the physicians."""

    def __init__(
        self, columns: _Columns, tally: Tally, gone: list[tuple[str, date | None]], others: list[str] | None
    ) -> None:
        self._columns, self._tally, self._gone, self._others = columns, tally, gone, others
        self._number = 0
        # In every vintage so far the first two columns are these; then few bytes tell most lines.
        self._quick = columns.one["npi"] == 0 and columns.one["kind"] == 1

    def read(self, lines: list[bytes]) -> Iterator[RegisterRecord]:
        separators = self._columns.width - 1
        tally, others, quick, count = self._tally, self._others, self._quick, 0
        number = self._number
        self._number += len(lines)
        for line in lines:
            number += 1
            if number == 1:
                continue
            if line.endswith(b"\r"):
                line = line[:-1]  # noqa: PLW2901 - the line without its end
            if quick and line[11:14] == _SEPARATOR and line[15:16] == b'"':
                kind = line[14:15]
                if (
                    # Most lines of other people hold no «"20» at all, which is quicker to see than that no code does.
                    (kind == b"2" or (kind == b"1" and (b'"20' not in line or not _has_physician_code(line))))
                    and line.count(_SEPARATOR) == separators
                    and line[:1] == b'"'
                    and line[-1:] == b'"'
                    and is_npi_bytes(line[1:11])
                ):
                    count += 1
                    if others is not None:
                        others.append(line[1:11].decode())
                    continue
            record = self._slowly(number, line)
            if record is not None:
                yield record
        tally.rows += count
        tally.other += count

    def _slowly(self, number: int, line: bytes) -> RegisterRecord | None:
        if not line.strip():
            return None
        columns, tally = self._columns, self._tally
        tally.rows += 1
        fields = _split(line, columns)
        if fields is None:
            tally.reject(number, "not the expected columns")
            return None
        npi = fields[columns.one["npi"]]
        if not (npi.isascii() and is_npi_bytes(npi.encode())):
            tally.reject(number, "NPI is not valid")
            return None
        try:
            gone_on = fields[columns.one["deactivated"]]
            if not fields[columns.one["kind"]] and gone_on and not fields[columns.one["reactivated"]]:
                self._gone.append((npi, _date(gone_on)))
                tally.deactivated += 1
                return None
            record = _record(fields, columns) if fields[columns.one["kind"]] == "1" else None
        except ValueError:
            tally.reject(number, "a date is not MM/DD/YYYY")
            return None
        if record is None:
            tally.other += 1
            if self._others is not None:
                self._others.append(npi)
            return None
        if record.specialty_group == UNMAPPED_GROUP:
            tally.unmapped[record.specialty_code] += 1
        tally.kept += 1
        return record


def _split(line: bytes, columns: _Columns) -> list[str] | None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    if text.count('","') == columns.width - 1 and text[:1] == text[-1:] == '"':
        # Only as far as the last column that is read; the certification date is the last of all.
        fields = text[1:-1].split('","', columns.last_read + 1)
        fields[-1] = fields[-1].rpartition('","')[2]
        return fields
    # An unusual line (quotes inside a value, or none around it): let the csv module decide.
    try:
        fields = next(csv.reader(io.StringIO(text), strict=True), [])
    except csv.Error:
        return None
    return fields if len(fields) == columns.width else None


@lru_cache(maxsize=20_000)
def _date(text: str) -> date | None:
    if not text:
        return None
    if len(text) != 10 or text[2] != "/" or text[5] != "/":
        raise ValueError(text)
    return date(int(text[6:10]), int(text[0:2]), int(text[3:5]))


def _record(fields: list[str], columns: _Columns) -> RegisterRecord | None:
    one = columns.one
    codes = columns.codes(fields)
    code = primary_code([(code, switch) for code, switch in zip(codes, columns.switches(fields), strict=True) if code])
    if not code:
        return None
    sex = fields[one["sex"]]
    line_1 = fields[one["line_1"]]
    # The parts of the address stand one in a line, as on an envelope.
    place = f"{fields[one['city']]} {fields[one['state']]} {fields[one['postcode']]}".strip()
    address = "\n".join(part for part in (line_1, fields[one["line_2"]], place) if part) if line_1 else ""
    licences = zip(columns.licences(fields), columns.licence_states(fields), strict=True)
    return RegisterRecord(
        fields[one["npi"]],
        fields[one["last_name"]],
        fields[one["first_name"]],
        fields[one["other_last_name"]],
        fields[one["credential"]],
        sex if sex in {"M", "F"} else "U",
        code,
        group_of(code),
        known_state(fields[one["state"]]),
        fields[one["phone"]],
        fields[one["fax"]],
        address,
        tuple((clean_licence(number), state) for number, state in licences if number or state),
        _date(fields[one["enumerated"]]),
        _date(fields[one["updated"]]),
        _date(fields[-1]) if columns.certified_is_last else None,
        _date(fields[one["reactivated"]]),
    )
