"""What every adapter of a register file gives, and how files are opened and read line by line."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO

from auscult.registry.rules import LoadKind, RegisterRecord

#: Bytes read at a time: what fits the cache of a core. A line longer than this is no line of a register.
BLOCK = 1 << 18
#: Bad lines that are kept with number and reason.
MOST_KEPT_BAD_LINES = 10_000

Progress = Callable[[int, int], None]


def no_progress(_done: int, _total: int) -> None:
    """Tells nobody."""


class UnusableRegisterFile(ValueError):
    """The file is not a register file of this format, or must not be loaded; nothing was changed.

    Attributes:
        bad_lines: line number and reason of lines that were rejected before that.
    """

    def __init__(self, text: str, bad_lines: list[tuple[int, str]] | None = None) -> None:
        super().__init__(text)
        self.bad_lines = bad_lines or []


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

    def reject(self, number: int, reason: str) -> None:
        """Count a bad line, and keep its number and reason."""
        self.rejected += 1
        self.reasons[reason] += 1
        if len(self.bad_lines) < MOST_KEPT_BAD_LINES:
            self.bad_lines.append((number, reason))


@dataclass(frozen=True)
class RegisterFile:
    """An opened file.

    Attributes:
        register: which register it is of.
        kind: everybody, some days, or the deactivated.
        since: first day that a weekly file covers.
        as_of: its last day, where the name tells.
        records: reads the rows, once; fills the four below.
        tally: counts of rows.
        gone: number and date of deactivated records.
        others: numbers of rows that are no physicians; filled for weekly files alone.
    """

    register: str
    kind: LoadKind
    sha256: str
    size: int
    since: date | None
    as_of: date | None
    records: Callable[[], Iterator[RegisterRecord]]
    tally: Tally
    gone: list[tuple[str, date | None]]
    others: list[str]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        UnusableRegisterFile: there is none.
    """
    if not path.is_file():
        raise UnusableRegisterFile(f"There is no file {path}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def open_member(path: Path, wanted: Callable[[str], bool], name: str) -> Iterator[tuple[IO[bytes], str, int]]:
    """Open a file, or the one member of a zip that is wanted.

    Args:
        path: the file.
        wanted: whether a member of that name is it.
        name: what such members are called, for the refusal.

    Returns:
        The stream, the name of what it reads, and its bytes.

    Raises:
        UnusableRegisterFile: another number of members, or damaged.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = [member for member in archive.infolist() if wanted(member.filename)]
                if len(members) != 1:
                    raise UnusableRegisterFile(
                        f"{path.name} holds {len(members)} files named {name}; exactly one is needed."
                    )
                with archive.open(members[0]) as stream:
                    yield stream, members[0].filename, members[0].file_size
        else:
            if path.suffix.lower() == ".zip":
                raise UnusableRegisterFile(f"{path.name} is damaged: it is no whole zip file. Download it again.")
            with path.open("rb", buffering=0) as stream:
                yield stream, path.name, path.stat().st_size
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnusableRegisterFile(f"{path.name} is damaged: {error}. Download it again.") from error


def blocks(stream: IO[bytes], progress: Callable[[int], None]) -> Iterator[bytes]:
    """Whole lines, with their ends, a block at a time; never more than two blocks in memory.

    A line longer than a block comes cut to its first bytes, so that its reader rejects it.
    """
    done, rest, cut = 0, b"", False
    while block := stream.read(BLOCK):
        done += len(block)
        progress(done)
        data = rest + block
        if cut:
            # The end of a line whose beginning was given already.
            end_of_cut = data.find(b"\n") + 1
            if not end_of_cut:
                rest = b""
                continue
            data, cut = data[end_of_cut:], False
        end = data.rfind(b"\n") + 1
        whole, rest = data[:end], data[end:]
        if len(rest) > BLOCK:
            whole, rest, cut = whole + rest[:100] + b"\n", b"", True
        if whole:
            yield whole
    if rest and not cut:
        yield rest + b"\n"


def blocks_of_lines(stream: IO[bytes], progress: Callable[[int], None]) -> Iterator[list[bytes]]:
    """Lines without their ends, a block at a time."""
    for block in blocks(stream, progress):
        lines = block.split(b"\n")
        lines.pop()
        yield lines
