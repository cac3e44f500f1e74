"""Any chamber's own list: one row a physician in a delimited text, read through a declared mapping.

A mapping is a TOML file that says which column holds what and what its values mean (docs/registers.md). A register with a
published format of its own gets its mapping in code (``rpps.py``); everything else is the same.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from auscult.registry.rules import LoadKind, RegisterRecord
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
from auscult.registry.taxonomy import UNMAPPED_GROUP, group_names

#: What a mapping may name a column for; those of the first line it must.
REQUIRED = ("number", "last_name", "first_name", "specialty", "state")
OPTIONAL = (
    "other_last_name", "credential", "sex", "phone", "fax", "street", "postcode", "city", "licence", "licence_state",
    "enumerated_on", "updated_on", "certified_on", "status",
)  # fmt: skip
_STATE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


class UnusableMapping(UnusableRegisterFile):
    """The mapping itself is wrong."""


@dataclass(frozen=True)
class Mapping:
    """How a delimited text becomes records.

    Attributes:
        register: short name of the register, for example ``chamber``.
        title: its name for people.
        columns: field → column.
        values: field → value → ours, for ``sex`` (F, M, U), ``specialty`` (weight group), ``state`` (ISO 3166-2, or two
            letters in the U.S.) and ``status`` (active, deactivated).
        pattern: what a number looks like, whole.
        group_of: weight group of a specialty; by ``values`` where None.
        is_physician: whether a row is one's, given by column; all are where None.
        several_rows: whether a physician may have more than one row, of which the first counts.
    """

    register: str
    title: str
    columns: dict[str, str]
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    date_format: str = "%Y-%m-%d"
    pattern: str = r"[0-9A-Za-z][0-9A-Za-z./-]{0,19}"
    number_check: Callable[[str], bool] = lambda _number: True
    group_of: Callable[[str], str] | None = None
    is_physician: Callable[[Callable[[str], str]], bool] | None = None
    state_of: Callable[[Callable[[str], str]], str] | None = None
    several_rows: bool = False


def load_mapping(path: Path) -> Mapping:
    """Read a mapping.

    Raises:
        UnusableMapping: no TOML, or it lacks or misnames something, with what and how to write it.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnusableMapping(f"{path.name} is no mapping that can be read: {error}") from error
    known = {"register", "title", "delimiter", "encoding", "date_format", "pattern", "columns", "values"}
    if unknown := sorted(set(data) - known):
        raise UnusableMapping(
            f"{path.name}: {unknown[0]!r} is no key of a mapping. Keys are: {', '.join(sorted(known))}."
        )
    register = data.get("register", "")
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,19}", str(register)) or register in {"nppes", "rpps"}:
        raise UnusableMapping(
            f'{path.name}: `register` must be a short name of its own in small letters, for example "chamber".'
        )
    columns, values = data.get("columns", {}), data.get("values", {})
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise UnusableMapping(f"{path.name}: [columns] does not say which column holds `{missing[0]}`.")
    if strange := sorted(set(columns) - {*REQUIRED, *OPTIONAL}):
        raise UnusableMapping(
            f"{path.name}: [columns] names `{strange[0]}`, which is no field. Fields are: {', '.join(REQUIRED + OPTIONAL)}."
        )
    _check_values(path.name, values)
    if "status" in columns and "status" not in values:
        raise UnusableMapping(
            f"{path.name}: [columns] names a `status`, so [values.status] must say what its words mean."
        )
    delimiter = data.get("delimiter", ",")
    if len(str(delimiter)) != 1:
        raise UnusableMapping(f"{path.name}: `delimiter` must be one character.")
    try:
        re.compile(data.get("pattern", ""))
        "".encode(data.get("encoding", "utf-8"))
    except (re.PatternError, LookupError) as error:
        raise UnusableMapping(f"{path.name}: {error}") from error
    return Mapping(
        register=register,
        title=str(data.get("title", register))[:80],
        columns={key: str(column) for key, column in columns.items()},
        values={name: {str(k): str(v) for k, v in table.items()} for name, table in values.items()},
        delimiter=delimiter,
        encoding=data.get("encoding", "utf-8-sig"),
        date_format=data.get("date_format", "%Y-%m-%d"),
        pattern=data.get("pattern", Mapping.pattern),
    )


def _check_values(name: str, values: dict[str, dict[str, Any]]) -> None:
    allowed: dict[str, Callable[[str], bool]] = {
        "sex": lambda v: v in {"F", "M", "U"},
        "specialty": lambda v: v in group_names(),
        "state": lambda v: bool(_STATE.fullmatch(v)),
        "status": lambda v: v in {"active", "deactivated"},
    }
    says = {
        "sex": "F, M or U",
        "specialty": f"a weight group, {min(group_names())} to {max(group_names())}",
        "state": "a code such as NY or DE-BY",
        "status": "active or deactivated",
    }
    for field_name, table in values.items():
        if field_name not in allowed:
            raise UnusableMapping(f"{name}: [values.{field_name}] is not known; only {', '.join(allowed)} are mapped.")
        for value, ours in table.items():
            if not allowed[field_name](str(ours)):
                raise UnusableMapping(f"{name}: [values.{field_name}] {value!r} = {ours!r} must be {says[field_name]}.")


def open_table(
    path: Path, mapping: Mapping, *, as_of: date | None = None, progress: Progress = no_progress
) -> RegisterFile:
    """Open a delimited list; the rows are read when ``records`` is called.

    Args:
        path: the text, or a zip with one ``.csv`` or ``.txt``.
        mapping: what its columns mean.
        as_of: its date.
        progress: told bytes read and bytes in all.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or without the columns of the mapping.
    """
    sha256 = sha256_of(path)

    def wanted(name: str) -> bool:
        return name.lower().endswith((".csv", ".txt")) and not name.startswith("__MACOSX")

    with open_member(path, wanted, "*.csv or *.txt") as (stream, name, size):
        first = next(blocks_of_lines(stream, lambda _done: None), [b""])[0]
    places = _places(first, mapping, name)
    tally, gone = Tally(), list[tuple[str, date | None]]()

    def records() -> Iterator[RegisterRecord]:
        reader = _TableReader(mapping, places, tally, gone)
        with open_member(path, wanted, "*.csv or *.txt") as (stream, _, total):
            number = 0
            for lines in blocks_of_lines(stream, lambda done: progress(done, total)):
                for line in lines:
                    number += 1
                    if number > 1 and line.strip():
                        record = reader.read(number, line)
                        if record is not None:
                            yield record

    return RegisterFile(mapping.register, LoadKind.FULL, sha256, size, None, as_of, records, tally, gone, [])


def _places(header: bytes, mapping: Mapping, name: str) -> dict[str, int]:
    try:
        names = next(csv.reader([header.decode(mapping.encoding).strip("\r\n")], delimiter=mapping.delimiter), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableRegisterFile(f"The first line of {name} is no header in {mapping.encoding}: {error}") from error
    places = {column.strip(): index for index, column in enumerate(names)}
    missing = [column for column in mapping.columns.values() if column not in places]
    if missing:
        raise UnusableRegisterFile(
            f"{name} has {len(names)} columns and lacks {len(missing)} that the mapping names, first {missing[0]!r}. "
            f"Its columns are: {', '.join(list(places)[:12])} …"
        )
    return {**places, "": len(names)}


class _TableReader:
    """Reads the rows of one table."""

    def __init__(
        self, mapping: Mapping, places: dict[str, int], tally: Tally, gone: list[tuple[str, date | None]]
    ) -> None:
        self._mapping, self._places, self._tally, self._gone = mapping, places, tally, gone
        self._number = re.compile(mapping.pattern)
        self._seen: set[str] = set()

    def read(self, number: int, line: bytes) -> RegisterRecord | None:
        mapping, tally = self._mapping, self._tally
        tally.rows += 1
        try:
            text = line.decode(mapping.encoding).rstrip("\r")
            fields = next(csv.reader(io.StringIO(text), delimiter=mapping.delimiter), [])
        except (UnicodeDecodeError, csv.Error):
            fields = []
        if len(fields) != self._places[""] or "\0" in text:
            tally.reject(number, "not the expected columns")
            return None

        def by_column(column: str) -> str:
            return fields[self._places[column]].strip()

        def get(name: str) -> str:
            column = mapping.columns.get(name)
            return by_column(column) if column is not None else ""

        own = get("number")
        if mapping.is_physician is not None and not mapping.is_physician(by_column):
            tally.other += 1
            return None
        if not self._number.fullmatch(own) or not mapping.number_check(own):
            tally.reject(number, "the number is not valid")
            return None
        if mapping.several_rows and own in self._seen:
            tally.other += 1
            tally.reasons["a further row of the same physician"] += 1
            return None
        try:
            record = self._record(own, get, by_column)
        except ValueError:
            tally.reject(number, f"a date is not {mapping.date_format}")
            return None
        status = mapping.values.get("status", {}).get(get("status"), "") if "status" in mapping.columns else "active"
        if not status:
            # Nobody becomes an active physician because a word was forgotten in the mapping.
            tally.reject(number, f"the status {get('status')!r} is not in [values.status]")
            return None
        if mapping.several_rows:
            self._seen.add(own)
        if status == "deactivated":
            self._gone.append((own, None))
            tally.deactivated += 1
            return None
        if record.specialty_group == UNMAPPED_GROUP:
            tally.unmapped[record.specialty_code] += 1
        tally.kept += 1
        return record

    def _record(self, own: str, get: Callable[[str], str], by_column: Callable[[str], str]) -> RegisterRecord:
        mapping = self._mapping

        def day(name: str) -> date | None:
            text = get(name)
            return datetime.strptime(text, mapping.date_format).date() if text else None  # noqa: DTZ007 - a day

        def ours(name: str, otherwise: str) -> str:
            return mapping.values.get(name, {}).get(get(name), otherwise)

        specialty = get("specialty")
        group = mapping.group_of(specialty) if mapping.group_of else ours("specialty", UNMAPPED_GROUP)
        raw_state = get("state")
        state = mapping.state_of(by_column) if mapping.state_of else ours("state", raw_state)
        licence = get("licence")
        place = f"{get('postcode')} {get('city')}".strip()
        return RegisterRecord(
            own,
            get("last_name"),
            get("first_name"),
            get("other_last_name"),
            get("credential"),
            ours("sex", get("sex") if get("sex") in {"F", "M"} else "U"),
            specialty[:20],
            group,
            state if _STATE.fullmatch(state) else "ZZ",
            get("phone"),
            get("fax"),
            "\n".join(part for part in (get("street"), place) if part) if get("street") else "",
            ((licence, get("licence_state")),) if licence else (),
            day("enumerated_on"),
            day("updated_on"),
            day("certified_on"),
            None,
        )
