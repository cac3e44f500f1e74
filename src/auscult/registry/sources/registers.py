"""Which adapter reads which register."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from auscult.registry.sources.deactivation import is_report, open_report
from auscult.registry.sources.files import Progress, RegisterFile, no_progress
from auscult.registry.sources.nppes import open_nppes
from auscult.registry.sources.rpps import open_rpps
from auscult.registry.sources.tables import Mapping, open_table


def open_register(
    path: Path, *, register: str | Mapping = "nppes", as_of: date | None = None, progress: Progress = no_progress
) -> RegisterFile:
    """Open a file of any register that is known, or of one that a mapping describes.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or not of the format.
    """
    if isinstance(register, Mapping):
        return open_table(path, register, as_of=as_of, progress=progress)
    if register == "rpps":
        return open_rpps(path, as_of=as_of, progress=progress)
    if is_report(path):
        return open_report(path, progress=progress)
    return open_nppes(path, progress=progress)
