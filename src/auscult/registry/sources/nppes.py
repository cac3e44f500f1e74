"""The NPPES dissemination files of CMS: monthly and weekly, 329 or 330 columns, csv or the zip that contains it.

Most lines are other people's: they are told, counted and checked by array, a block at a time, and only physicians' are
split into fields; that was the fastest of what was measured (bench/registry.py). Columns are found by name, because their
order and number have changed.
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

import numpy as np
from numpy.typing import NDArray

from auscult.registry.npi import is_npi_bytes
from auscult.registry.rules import LoadKind, RegisterRecord, clean_licence, group_of, primary_code
from auscult.registry.sources.files import (
    Progress,
    RegisterFile,
    Tally,
    UnusableRegisterFile,
    blocks,
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
_NEWLINE, _RETURN, _QUOTE, _COMMA, _ZERO, _ONE, _TWO, _X = b'\n\r",012X'
#: Number and kind of a line stand in its first bytes.
_SHORTEST = 20
#: A separator has three bytes, so a quarter of such a line holds 255 of them at most.
_LONGEST = 4 * 3 * 255
_DOUBLED_DIGITS = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])
_NO_MORE = ("",) * 14


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
    is_cut = _lacks_last_end(path)

    def records() -> Iterator[RegisterRecord]:
        with open_member(path, is_member, "npidata_pfile_*.csv") as (stream, _, size):
            reader = _Reader(columns, tally, gone, others if weekly else None)
            for block in blocks(stream, lambda done: progress(done, size)):
                yield from reader.read(block)
        if is_cut and tally.bad_lines and tally.bad_lines[-1][0] == reader.lines:
            raise UnusableRegisterFile(f"{path.name} ends in the middle of a line. Download it again.", tally.bad_lines)

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


def _lacks_last_end(path: Path) -> bool:
    """Whether a text does not end with an end of line; of a zip its own checks tell."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read(1) != b"\n"


def _day(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise UnusableRegisterFile(f"{text} in the name of the file is no day (YYYYMMDD).") from error


@dataclass(frozen=True)
class _Columns:
    """Where the columns stand that are read; those of the 15 slots as functions that pick them from a row."""

    width: int
    npi: int
    kind: int
    deactivated: int
    reactivated: int
    last_read: int
    pick: Callable[[list[str]], tuple[str, ...]]
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
    return _Columns(
        width=len(names),
        npi=one["npi"],
        kind=one["kind"],
        deactivated=one["deactivated"],
        reactivated=one["reactivated"],
        last_read=last_read,
        pick=itemgetter(*one.values()),
        certified_is_last=certified is not None,
        codes=codes,
        switches=switches,
        licences=licences,
        licence_states=states,
    )


class _Reader:
    """Reads blocks of lines, counts them, and gives the physicians."""

    def __init__(
        self, columns: _Columns, tally: Tally, gone: list[tuple[str, date | None]], others: list[str] | None
    ) -> None:
        self._columns, self._tally, self._gone, self._others = columns, tally, gone, others
        self.lines = 0
        # In every vintage so far the first two columns are these; then few bytes tell most lines.
        self._quick = columns.npi == 0 and columns.kind == 1

    def read(self, block: bytes) -> Iterator[RegisterRecord]:
        """Read whole lines; those of other people and of organisations are told and checked by array, all at once."""
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        first = self.lines + 1
        self.lines += len(ends)
        if self._quick and len(block) >= _SHORTEST:
            sound, other = _sound_lines(block, starts, ends, self._columns.width)
        else:
            sound = other = np.zeros(len(ends), bool)
        if first == 1:
            other[0] = False
        count = int(other.sum())
        self._tally.rows += count
        self._tally.other += count
        if self._others is not None:
            self._others += [block[at + 1 : at + 11].decode() for at in starts[other].tolist()]
        rest = np.flatnonzero(~other)
        places = zip(rest.tolist(), starts[rest].tolist(), ends[rest].tolist(), sound[rest].tolist(), strict=True)
        for index, start, end, is_sound in places:
            number = first + index
            if number == 1:
                continue
            line = block[start:end]
            record = self._read_line(number, line[:-1] if line[-1:] == b"\r" else line, is_sound)
            if record is not None:
                yield record

    def _read_line(self, number: int, line: bytes, is_sound: bool) -> RegisterRecord | None:
        """One line, field by field; unless it is sound (whole, with a valid NPI) it may be anything."""
        if not is_sound and not line.strip():
            return None
        columns, tally = self._columns, self._tally
        tally.rows += 1
        fields = _split(line, columns, is_sound)
        if fields is None:
            tally.reject(number, "not the expected columns")
            return None
        npi = fields[columns.npi]
        if not is_sound and not (npi.isascii() and is_npi_bytes(npi.encode())):
            tally.reject(number, "NPI is not valid")
            return None
        kind = fields[columns.kind]
        try:
            if not kind and fields[columns.deactivated] and not fields[columns.reactivated]:
                self._gone.append((npi, _date(fields[columns.deactivated])))
                tally.deactivated += 1
                return None
            record = _record(fields, columns) if kind == "1" else None
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


def _sound_lines(
    block: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp], width: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which lines are whole and have a valid NPI; and which of them are an organisation's, or hold no physician's code.

    Args:
        block: whole lines.
        starts: where each line begins, shape (L,).
        ends: where its end of line stands, shape (L,).
        width: columns of the file.

    Returns:
        Both of shape (L,). A line of which this cannot be said at a glance is in neither.
    """
    data = np.frombuffer(block, np.uint8)
    long_enough = ends - starts >= _SHORTEST
    # Of a short line other bytes are looked at than meant; it is left out in the end.
    at = np.where(long_enough, starts, 0)
    ends = ends - (data[ends - 1] == _RETURN)
    quotes = data == _QUOTE
    separators = np.zeros(len(data), bool)
    np.logical_and(quotes[:-2], data[1:-1] == _COMMA, out=separators[:-2])
    separators[:-2] &= quotes[2:]
    # Counted in bytes, which is fastest, and so by quarters of a line, none of which holds more than a byte can count; a
    # longer line is read field by field.
    quarters = (starts[:, None] + ((ends - starts) // 4)[:, None] * np.arange(4)).ravel()
    fields = (
        np.add.reduceat(separators.view(np.uint8), quarters, dtype=np.uint8).reshape(-1, 4).sum(axis=1, dtype=int) + 1
    )
    long_enough &= ends - starts <= _LONGEST
    whole = long_enough & (fields == width) & quotes[starts] & quotes[ends - 1] & quotes[at + 11] & quotes[at + 15]
    kind = data[at + 14]
    digits = data[at[:, None] + np.arange(1, 11)].astype(np.int64) - _ZERO
    numeric = ((digits >= 0) & (digits <= 9)).all(axis=1)
    luhn = _DOUBLED_DIGITS[np.clip(digits[:, :9:2], 0, 9)].sum(axis=1) + digits[:, 1:10:2].sum(axis=1)
    valid = numeric & ((digits[:, 0] == 1) | (digits[:, 0] == 2)) & ((24 + luhn) % 10 == 0)
    # «"20», seven more letters and «X"»: a physician's code somewhere in the line.
    found = np.flatnonzero(quotes[:-11] & (data[1:-10] == _TWO) & quotes[11:])
    found = found[(data[found + 2] == _ZERO) & (data[found + 10] == _X)]
    coded = np.zeros(len(starts), bool)
    coded[np.searchsorted(ends, found)] = True
    sound = whole & valid
    return sound, sound & ((kind == _TWO) | ((kind == _ONE) & ~coded))


def _split(line: bytes, columns: _Columns, is_sound: bool) -> list[str] | None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    if is_sound or (text.count('","') == columns.width - 1 and text[:1] == text[-1:] == '"'):
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
    codes, switches = columns.codes(fields), columns.switches(fields)
    if codes[1:] == _NO_MORE:
        code = primary_code([(codes[0], switches[0])])
    else:
        code = primary_code([slot for slot in zip(codes, switches, strict=True) if slot[0]])
    if not code:
        return None
    numbers, states = columns.licences(fields), columns.licence_states(fields)
    if numbers[1:] == _NO_MORE == states[1:]:
        licences: tuple[tuple[str, str], ...] = (
            ((clean_licence(numbers[0]), states[0]),) if numbers[0] or states[0] else ()
        )
    else:
        licences = tuple((clean_licence(n), state) for n, state in zip(numbers, states, strict=True) if n or state)
    (
        npi, _, last_name, first_name, other_last_name, credential, sex, line_1, line_2, city, state, postcode, phone, fax,
        enumerated, updated, _, reactivated,
    ) = columns.pick(fields)  # fmt: skip
    # The parts of the address stand one in a line, as on an envelope.
    place = f"{city} {state} {postcode}"
    address = (f"{line_1}\n{line_2}\n{place}" if line_2 else f"{line_1}\n{place}") if line_1 else ""
    return RegisterRecord(
        npi,
        last_name,
        first_name,
        other_last_name,
        credential,
        sex if sex in {"M", "F"} else "U",
        code,
        group_of(code),
        known_state(state),
        phone,
        fax,
        address,
        licences,
        _date(enumerated),
        _date(updated),
        _date(fields[-1]) if columns.certified_is_last else None,
        _date(reactivated),
    )
