"""How far the margins of a survey lie from the population, before and after weighting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auscult.surveys.charts.drawing import LINE, Chart

#: Absolute standardised difference up to which a margin counts as balanced (Austin 2009).
BALANCED = 0.1


@dataclass(frozen=True)
class BalanceRow:
    """One margin level: its standardised difference from the population before and after weighting, of either sign."""

    label: str
    raw: float
    weighted: float


def love_plot(title: str, rows: Sequence[BalanceRow], *, narrow: bool = False, standalone: bool = False) -> str:
    """Absolute standardised differences of margins before (ring) and after weighting (dot), with a line at 0.1 (Love 2004).

    Raises:
        ValueError: a difference is no finite number.
    """
    for row in rows:
        if not (math.isfinite(row.raw) and math.isfinite(row.weighted)):
            raise ValueError(f"The differences of “{row.label}” must be finite numbers.")
    sizes = [(row.label, abs(row.raw), abs(row.weighted)) for row in rows]
    said = [f"{label}: {raw:.2f} before, {weighted:.2f} after weighting" for label, raw, weighted in sizes]
    chart = Chart(title, said, narrow=narrow, standalone=standalone)
    column = 0 if narrow else 270
    most = max([2 * BALANCED, *(max(raw, weighted) for _, raw, weighted in sizes)])
    begin, room = column + 14.0, chart.width - column - 28
    start, at = chart.y, begin + room * BALANCED / most
    for label, raw, weighted in sizes:
        above = chart.y
        chart.paragraph(label, width=(column or chart.width) - 8)
        middle = chart.y + 9 if narrow else (above + chart.y) / 2
        one, other = (begin + room * each / most for each in (raw, weighted))
        chart.line(begin, middle, begin + room, middle, "grid")
        if narrow:
            chart.line(at, middle - 9, at, middle + 9, "rule")
        chart.line(one, middle, other, middle, "rule")
        chart.dot(one, middle, 5, "ring")
        chart.dot(other, middle, 4.5, "interval")
        chart.y = middle + 16 if narrow else chart.y + 8
    step = 0.1 if most <= 0.6 else 0.5 if most <= 3 else math.ceil(most / 5)
    if not narrow:
        chart.line(at, start, at, chart.y, "rule dashed")
    chart.text(at, chart.y + 14, f"{BALANCED:g}", "soft", "middle")
    for number in range(int(most / step + 1e-9) + 1):
        x = begin + room * step * number / most
        if abs(x - at) > 28:
            chart.text(x, chart.y + 14, f"{step * number:.1f}", "soft", "middle")
    chart.y += LINE + 4
    chart.dot(6, chart.y + 9, 5, "ring")
    chart.text(19, chart.y + 14, "before weighting", "soft")
    chart.dot(160, chart.y + 9, 4.5, "interval")
    chart.text(172, chart.y + 14, "after weighting", "soft")
    chart.y += LINE + 3
    chart.paragraph("Absolute standardised difference from the population; up to 0.1 counts as balanced.", "soft")
    return chart.finish()
