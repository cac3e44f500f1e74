"""The deactivation report of NPPES: an xlsx (or csv) with a title line, then NPI and date, cumulative."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from auscult.registry.npi import is_npi
from auscult.registry.rules import LoadKind, RegisterRecord
from auscult.registry.sources.files import Progress, RegisterFile, Tally, UnusableRegisterFile, no_progress, sha256_of
from auscult.registry.sources.nppes import REGISTER

_TITLE = re.compile(r"NPPES Deactivated NPI Report as of\s*(\d{1,2})/(\d{1,2})/(\d{4})", re.IGNORECASE)


def is_report(path: Path) -> bool:
    """Whether a file looks like a deactivation report: an xlsx, or a csv with its title."""
    if path.suffix.lower() == ".xlsx":
        return True
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open("rb") as file:
        return b"deactivated npi report" in file.read(200).lower()


def open_report(path: Path, *, progress: Progress = no_progress) -> RegisterFile:
    """Open a deactivation report.

    Args:
        path: xlsx, or csv of the same layout.
        progress: told rows read.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or not of this format.
    """
    sha256 = sha256_of(path)
    size = path.stat().st_size
    title = next(_rows(path), ["", ""])
    dated = _TITLE.search(str(title[0] or ""))
    if not dated:
        raise UnusableRegisterFile(
            f"{path.name} does not begin with «NPPES Deactivated NPI Report as of MM/DD/YYYY»; it is no deactivation report."
        )
    tally, gone = Tally(), list[tuple[str, date | None]]()

    def records() -> Iterator[RegisterRecord]:
        rows = _rows(path)
        next(rows)
        head = [str(cell or "").strip().lower() for cell in next(rows, [])]
        if head[:2] != ["npi", "nppes deactivation date"]:
            raise UnusableRegisterFile(
                f"{path.name} has no columns «NPI» and «NPPES Deactivation Date» below its title."
            )
        for number, row in enumerate(rows, start=3):
            if number % 20_000 == 0:
                progress(size // 2, size)
            if not any(cell not in (None, "") for cell in row):
                # Below the last row of a workbook there may be formatted empty ones.
                continue
            npi = str(row[0] if row[0] is not None else "").strip()
            tally.rows += 1
            if not is_npi(npi):
                tally.reject(number, "NPI is not valid")
                continue
            try:
                gone.append((npi, _day(row[1] if len(row) > 1 else None)))
            except ValueError:
                tally.reject(number, "a date is not MM/DD/YYYY")
                continue
            tally.deactivated += 1
        progress(size, size)
        yield from ()

    return RegisterFile(
        register=REGISTER,
        kind=LoadKind.REPORT,
        sha256=sha256,
        size=size,
        since=None,
        as_of=date(int(dated[3]), int(dated[1]), int(dated[2])),
        records=records,
        tally=tally,
        gone=gone,
        others=[],
    )


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    month, day, year = str(cell).split("/")
    return date(int(year), int(month), int(day))


def _rows(path: Path) -> Iterator[list[Any]]:
    if path.suffix.lower() != ".xlsx":
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.reader(file)
        except (UnicodeDecodeError, csv.Error) as error:
            raise UnusableRegisterFile(f"{path.name} cannot be read: {error}") from error
        return
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        # Read-only: rows are streamed, however many there are.
        book = load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_col=2, values_only=True):
            yield list(row)
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, EOFError) as error:
        raise UnusableRegisterFile(f"{path.name} is damaged or no xlsx: {error}. Download it again.") from error
