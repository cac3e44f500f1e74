"""A share over the waves of a survey."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from auscult.surveys.charts.drawing import LETTER, LINE, Chart


@dataclass(frozen=True)
class TrendPoint:
    """One wave: a share with its interval; ``changed`` where it was asked otherwise than in the wave before."""

    label: str
    share: float
    low: float
    high: float
    changed: bool = False


def trend(title: str, rows: Sequence[TrendPoint], *, narrow: bool = False, standalone: bool = False) -> str:
    """A share over waves, the oldest first, with intervals; the line breaks where it was asked otherwise."""
    said = [
        f"{row.label}: {row.share:.1%} ({row.low:.1%} to {row.high:.1%})" + (", asked otherwise" if row.changed else "")
        for row in rows
    ]
    chart = Chart(title, said, narrow=narrow, standalone=standalone)
    low = max(math.floor(10 * min([row.low for row in rows], default=0) - 0.5) / 10, 0)
    high = min(math.ceil(10 * max([row.high for row in rows], default=1) + 0.5) / 10, 1)
    top, height, begin = chart.y + 10, 200 if narrow else 260, 44
    widest = max([1, *(_widest_word(row.label) for row in rows)])
    slot = (chart.width - begin) / max(len(rows), 1)
    # The last label is always there and must not be cut off.
    slot -= max(LETTER * widest + 12 - slot, 0) / 2 / max(len(rows), 1)
    place = [begin + slot * (number + 0.5) for number in range(len(rows))]

    def at(share: float) -> float:
        return top + height * (high - share) / (high - low)

    for ten in range(round(10 * low), round(10 * high) + 1, 1 if high - low <= 0.6 else 2):
        chart.line(begin, at(ten / 10), chart.width, at(ten / 10), "grid")
        chart.text(begin - 6, at(ten / 10) + 5, f"{ten * 10}%", "soft", "end")
    every = math.ceil((LETTER * widest + 10) / slot)
    lines = 1
    for number, row in enumerate(rows):
        x = place[number]
        if number and row.changed:
            between = x - slot / 2
            chart.line(between, top - 6, between, top + height, "rule dashed")
        elif number:
            chart.line(place[number - 1], at(rows[number - 1].share), x, at(row.share), "path")
        chart.rect(x - 1.25, at(row.high), 2.5, max(at(row.low) - at(row.high), 1), "interval")
        chart.dot(x, at(row.share), 5, "interval")
        if slot >= 40:
            chart.text(x, at(row.high) - 6, f"{row.share:.0%}", "ink", "middle")
        if (len(rows) - 1 - number) % every == 0:
            words = textwrap.wrap(row.label, max(int(slot / LETTER), widest))
            lines = max(lines, len(words))
            for line, word in enumerate(words):
                chart.text(x, top + height + 18 + LINE * line, word, "soft", "middle")
    chart.y = top + height + 8 + LINE * lines
    note = "Points: weighted, with their 95% intervals."
    if any(row.changed for row in rows[1:]):
        note += " Dashed: the wording or the choices changed, so what stands on both sides cannot be compared."
    chart.y += 6
    chart.paragraph(note, "soft")
    return chart.finish()


def _widest_word(label: str) -> int:
    return max(map(len, label.split()), default=1)
