"""Formats of an export, apart from what writes them: pages name the formats, and only a download needs the writers."""

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
