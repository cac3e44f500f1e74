"""Charts as SVG: coloured by the stylesheet in a page, by themselves in a file. A table stands beside each."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH, NARROW = 720, 360
_STYLE = """
.chart { font: 13px system-ui, sans-serif }
.ink { fill: #182225 } .soft { fill: #526064 } .dark { fill: #182225 } .light { fill: #ffffff } .paper { fill: #ffffff }
.track { fill: #f1ede5 } .fill { fill: #8cc4bc } .interval { fill: #0a3d3a } .rule { stroke: #8d9492 }
.d2 { fill: #a9571f } .d1 { fill: #e3ad7c } .d0 { fill: #d0ccc2 } .a1 { fill: #8cc4bc } .a2 { fill: #1f6f68 }
.s0 { fill: #eef5f3 } .s1 { fill: #c9e3de } .s2 { fill: #96cbc2 } .s3 { fill: #327f76 } .s4 { fill: #14544e }
.withheld { fill: #e6e2d9 }
@media (prefers-color-scheme: dark) {
.ink { fill: #e6ecea } .soft { fill: #a3b2b2 } .track { fill: #10161a } .paper { fill: #1a2225 }
.fill { fill: #2d7f77 } .interval { fill: #d8f3ee } .withheld { fill: #303c40 }
}
"""
#: States as square tiles: code → (column, row). After the grid that NPR drew in 2015.
TILES = {
    "AK": (0, 0), "ME": (11, 0), "VT": (10, 1), "NH": (11, 1), "WA": (1, 2), "ID": (2, 2), "MT": (3, 2), "ND": (4, 2),
    "MN": (5, 2), "IL": (6, 2), "WI": (7, 2), "MI": (8, 2), "NY": (9, 2), "RI": (10, 2), "MA": (11, 2), "OR": (1, 3),
    "NV": (2, 3), "WY": (3, 3), "SD": (4, 3), "IA": (5, 3), "IN": (6, 3), "OH": (7, 3), "PA": (8, 3), "NJ": (9, 3),
    "CT": (10, 3), "CA": (1, 4), "UT": (2, 4), "CO": (3, 4), "NE": (4, 4), "MO": (5, 4), "KY": (6, 4), "WV": (7, 4),
    "VA": (8, 4), "MD": (9, 4), "DE": (10, 4), "AZ": (2, 5), "NM": (3, 5), "KS": (4, 5), "AR": (5, 5), "TN": (6, 5),
    "NC": (7, 5), "SC": (8, 5), "DC": (9, 5), "OK": (4, 6), "LA": (5, 6), "MS": (6, 6), "AL": (7, 6), "GA": (8, 6),
    "HI": (0, 7), "TX": (4, 7), "FL": (9, 7),
}  # fmt: skip


@dataclass(frozen=True)
class BarRow:
    """One bar: a share with, perhaps, its weighted share and interval."""

    label: str
    share: float
    low: float | None = None
    high: float | None = None
    weighted: float | None = None


@dataclass(frozen=True)
class LikertRow:
    """One statement: shares of the points of its scale, from one end to the other."""

    label: str
    shares: tuple[float, ...]


def _svg(title: str, description: str, width: int, *, standalone: bool) -> ET.Element:
    root = ET.Element("svg", {"class": "chart", "role": "img", "aria-label": title})
    if standalone:
        root.set("xmlns", NAMESPACE)
        ET.SubElement(root, "style").text = _STYLE
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "desc").text = description
    root.set("viewBox", f"0 0 {width} 0")
    return root


def _finish(root: ET.Element, width: int, height: float, *, standalone: bool) -> str:
    root.set("viewBox", f"0 0 {width} {height:g}")
    if standalone:
        root.set("width", str(width))
        root.set("height", f"{height:g}")
        paper = ET.Element("rect", {"class": "paper", "width": str(width), "height": f"{height:g}"})
        root.insert(3, paper)
    return ET.tostring(root, encoding="unicode")


def _text(parent: ET.Element, x: float, y: float, text: str, cls: str = "ink", anchor: str = "start") -> None:
    ET.SubElement(parent, "text", {"x": f"{x:g}", "y": f"{y:g}", "class": cls, "text-anchor": anchor}).text = text


def _rect(parent: ET.Element, x: float, y: float, width: float, height: float, cls: str) -> None:
    ET.SubElement(
        parent,
        "rect",
        {"x": f"{x:.1f}", "y": f"{y:g}", "width": f"{max(width, 0):.1f}", "height": f"{height:g}", "class": cls},
    )


def _label(parent: ET.Element, y: float, text: str, width: int) -> float:
    """A label over its bar, in as many lines as it needs; returns where the bar begins."""
    for line in textwrap.wrap(text, width // 8) or [""]:
        _text(parent, 0, y + 13, line)
        y += 17
    return y + 3


def bars_with_intervals(title: str, rows: Sequence[BarRow], *, narrow: bool = False, standalone: bool = False) -> str:
    """Bars of raw shares, with tick and line of the weighted share and its interval."""
    width = NARROW if narrow else WIDTH
    said = "; ".join(f"{row.label}: {row.share:.1%}" for row in rows)
    root = _svg(title, said, width, standalone=standalone)
    y, room = 4.0, width - 56
    for row in rows:
        y = _label(root, y, row.label, width)
        _rect(root, 0, y, room, 14, "track")
        _rect(root, 0, y, room * row.share, 14, "fill")
        if row.low is not None and row.high is not None:
            _rect(root, room * row.low, y + 5.5, max(room * (row.high - row.low), 2), 3, "interval")
        if row.weighted is not None:
            _rect(root, max(room * row.weighted - 1, 0), y + 1.5, 2.5, 11, "interval")
        _text(root, width, y + 12, f"{row.share:.0%}", "ink", "end")
        y += 26
    return _finish(root, width, y, standalone=standalone)


def diverging_likert(
    title: str,
    rows: Sequence[LikertRow],
    points: Sequence[str],
    *,
    narrow: bool = False,
    standalone: bool = False,
) -> str:
    """Stacked bars around the middle of a scale; a middle point is split on both sides of the line."""
    width = NARROW if narrow else WIDTH
    number = len(points)
    classes = _scale_classes(number)
    said = "; ".join(
        f"{r.label}: " + ", ".join(f"{p} {s:.0%}" for p, s in zip(points, r.shares, strict=True)) for r in rows
    )
    root = _svg(title, said, width, standalone=standalone)
    half = number // 2
    left = [sum(row.shares[:half]) + (row.shares[half] / 2 if number % 2 else 0) for row in rows]
    widest = max([*left, *(1 - each for each in left), 0.5])
    unit = (width / 2) / widest
    y = 4.0
    for row, before in zip(rows, left, strict=True):
        y = _label(root, y, row.label, width)
        x = width / 2 - before * unit
        for share, cls in zip(row.shares, classes, strict=True):
            _rect(root, x, y, share * unit, 18, cls)
            if share * unit >= 30:
                _text(
                    root,
                    x + share * unit / 2,
                    y + 13.5,
                    f"{share:.0%}",
                    "light" if cls in {"d2", "a2"} else "dark",
                    "middle",
                )
            x += share * unit
        y += 30
    ET.SubElement(
        root, "line", {"x1": f"{width / 2:g}", "x2": f"{width / 2:g}", "y1": "0", "y2": f"{y:g}", "class": "rule"}
    )
    x = 0.0
    y += 8
    for point, cls in zip(points, classes, strict=True):
        room = 22 + 7.2 * len(point)
        if x and x + room > width:
            x, y = 0.0, y + 20
        _rect(root, x, y, 12, 12, cls)
        _text(root, x + 17, y + 11, point, "soft")
        x += room
    return _finish(root, width, y + 20, standalone=standalone)


def _scale_classes(number: int) -> list[str]:
    half = number // 2
    low = ["d2" if place < half / 2 else "d1" for place in range(half)]
    high = ["a1" if place < half - half / 2 else "a2" for place in range(half)]
    return [*low, *(["d0"] if number % 2 else []), *high]


def tile_map(title: str, values: Mapping[str, float | None], *, narrow: bool = False, standalone: bool = False) -> str:
    """States as square tiles, five steps from the smallest to the largest share; what is withheld is grey."""
    width = NARROW if narrow else WIDTH
    size = width / 12
    known = [value for value in values.values() if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    spread = (high - low) or 1.0
    said = "; ".join(
        f"{code} {'withheld' if value is None else f'{value:.0%}'}" for code, value in sorted(values.items())
    )
    root = _svg(title, said, width, standalone=standalone)
    for code, (column, row) in TILES.items():
        value = values.get(code)
        step = None if value is None else min(int(5 * (value - low) / spread), 4)
        cls = "withheld" if step is None else f"s{step}"
        x, y = column * size, row * size
        _rect(root, x + 1, y + 1, size - 2, size - 2, cls)
        ink = "soft" if step is None else "light" if step >= 3 else "dark"
        _text(root, x + size / 2, y + size * (0.45 if value is not None else 0.6), code, ink, "middle")
        if value is not None and not narrow:
            _text(root, x + size / 2, y + size * 0.78, f"{value:.0%}", ink, "middle")
    y = 8 * size + 10
    for step in range(5):
        _rect(root, step * 62, y, 12, 12, f"s{step}")
        _text(root, step * 62 + 17, y + 11, f"{low + spread * step / 5:.0%}–", "soft")
    _rect(root, 5 * 62 - 20 if narrow else 5 * 62, y + (20 if narrow else 0), 12, 12, "withheld")
    _text(root, (5 * 62 - 20 if narrow else 5 * 62) + 17, y + 11 + (20 if narrow else 0), "withheld", "soft")
    return _finish(root, width, y + (42 if narrow else 22), standalone=standalone)
