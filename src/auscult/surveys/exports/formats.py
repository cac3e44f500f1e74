"""Formats of an export, apart from what writes them: that takes 30 MB of memory, which no page but the file itself needs."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    SPSS = "spss"
    STATA = "stata"
    PARQUET = "parquet"
    R = "r"
    TRIPLE_S = "triple_s"
    DDI = "ddi"
