"""Shares of answers: bars with intervals, points of a scale on both sides of its middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auscult.surveys.charts.drawing import LETTER, Chart


@dataclass(frozen=True)
class BarRow:
    """One bar: a share with, perhaps, its weighted share and interval.

    Attributes:
        caution: the share should not be quoted by itself.
    """

    label: str
    share: float
    low: float | None = None
    high: float | None = None
    weighted: float | None = None
    caution: bool = False


@dataclass(frozen=True)
class LikertRow:
    """One statement: shares of the points of its scale, from one end to the other."""

    label: str
    shares: tuple[float, ...]


def bars_with_intervals(title: str, rows: Sequence[BarRow], *, narrow: bool = False, standalone: bool = False) -> str:
    """Bars of raw shares, with tick and line of the weighted share and its interval."""
    said = [
        f"{row.label}: {row.share:.1%}"
        + (f", weighted {row.weighted:.1%}" if row.weighted is not None else "")
        + (f" ({row.low:.1%} to {row.high:.1%})" if row.low is not None and row.high is not None else "")
        + (", uncertain" if row.caution else "")
        for row in rows
    ]
    chart = Chart(title, said, narrow=narrow, standalone=standalone)
    room = chart.width - 52
    for row in rows:
        chart.paragraph(f"{row.label} (uncertain)" if row.caution else row.label)
        y = chart.y + 3
        chart.rect(0, y, room, 16, "track")
        if row.caution:
            chart.rect(1, y + 1, room * row.share - 2, 14, "unsure dashed")
        else:
            chart.rect(0, y, room * row.share, 16, "fill")
        if row.low is not None and row.high is not None:
            chart.rect(room * row.low, y + 6.5, max(room * (row.high - row.low), 2), 3, "interval")
        if row.weighted is not None:
            chart.rect(min(max(room * row.weighted - 1.25, 0), room - 2.5), y + 1.5, 2.5, 13, "interval")
        chart.text(chart.width, y + 13, f"{row.share:.0%}", "ink", "end")
        chart.y = y + 26
    if any(row.weighted is not None for row in rows):
        chart.paragraph("Bar: those who answered. Tick and line: weighted, with its 95% interval.", "soft")
    return chart.finish()


def diverging_likert(
    title: str,
    rows: Sequence[LikertRow],
    points: Sequence[str],
    *,
    narrow: bool = False,
    standalone: bool = False,
) -> str:
    """Stacked bars around the middle of a scale; a middle point is split on both sides of the line.

    Raises:
        ValueError: a row has another number of shares than there are points.
    """
    number, half = len(points), len(points) // 2
    if wrong := next((row for row in rows if len(row.shares) != number), None):
        raise ValueError(f"“{wrong.label}” has {len(wrong.shares)} shares; the scale has {number} points.")
    said = [
        f"{row.label}: " + ", ".join(f"{point} {share:.0%}" for point, share in zip(points, row.shares, strict=True))
        for row in rows
    ]
    chart = Chart(title, said, narrow=narrow, standalone=standalone)
    classes = _scale_classes(number)
    left = [sum(row.shares[:half]) + (row.shares[half] / 2 if number % 2 else 0) for row in rows]
    right = [sum(row.shares) - before for row, before in zip(rows, left, strict=True)]
    unit = chart.width / (max([*left, 0.1]) + max([*right, 0.1]))
    middle = max([*left, 0.1]) * unit
    for row, before in zip(rows, left, strict=True):
        chart.paragraph(row.label)
        x, y = middle - before * unit, chart.y + 3
        for share, cls in zip(row.shares, classes, strict=True):
            chart.rect(x + 0.5, y, share * unit - 1, 20, cls)
            said_here = f"{share:.0%}"
            if share * unit >= LETTER * len(said_here) + 6:
                chart.text(x + share * unit / 2, y + 15, said_here, f"on-{cls}", "middle")
            x += share * unit
        for end in (y - 4, y + 20):
            chart.line(middle, end, middle, end + 4, "rule")
        chart.y = y + 32
    chart.legend(list(zip(classes, points, strict=True)))
    return chart.finish()


def _scale_classes(number: int) -> list[str]:
    """Shades of the points: strongest at the ends, three at most on each side, neutral in the middle of an odd scale."""
    half = number // 2
    shades = [2] if half == 1 else [3 - round(2 * place / (half - 1)) for place in range(half)]
    return [*(f"d{s}" for s in shades), *(["d0"] if number % 2 else []), *(f"a{s}" for s in reversed(shades))]
