"""Named options, refused by name where there is no such one."""

from __future__ import annotations

from enum import StrEnum

from auscult.statistics.errors import UnknownOption


class Option(StrEnum):
    """An enumeration whose unknown values are refused in words."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise UnknownOption(f"There is no {value!r} among {', '.join(cls)}.")
