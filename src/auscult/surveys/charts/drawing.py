"""An SVG that grows downwards, in the colours of the pages: by class in a page, by a style of its own in a file.

It has neither style attributes, which the content security policy forbids, nor ids: a page holds each chart twice, for
wide and for narrow screens.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from xml.etree import ElementTree as ET

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH, NARROW = 720, 360
#: Height of a line of text, and the room that a letter may need, at 14 px; on a telephone that is still 12 px.
LINE, LETTER = 18, 7.8
#: Class → (property, in light, in dark). Plain colours: programs that place a file in a document know no variables.
COLOURS = {
    "paper": ("fill", "#ffffff", "#1a2225"), "ink": ("fill", "#182225", "#e6ecea"), "soft": ("fill", "#526064", "#a3b2b2"),
    "track": ("fill", "#f1ede5", "#10161a"), "fill": ("fill", "#8cc4bc", "#2d7f77"),
    "unsure": ("stroke", "#8cc4bc", "#2d7f77"), "interval": ("fill", "#0a3d3a", "#d8f3ee"),
    "ring": ("stroke", "#8a4b08", "#f0b26b"), "path": ("stroke", "#0b5f5a", "#64c6bb"),
    "rule": ("stroke", "#8d9492", "#6d7d7f"),
    "grid": ("stroke", "#ddd7cb", "#303c40"), "withheld": ("fill", "#f1ede5", "#10161a"),
    "d3": ("fill", "#97481a", "#f2a868"), "d2": ("fill", "#cf8347", "#c47a42"), "d1": ("fill", "#edc39c", "#8c5730"),
    "d0": ("fill", "#d6d2c8", "#4a5558"),
    "a1": ("fill", "#a9d5ce", "#2b6660"), "a2": ("fill", "#5fa89e", "#3f968b"), "a3": ("fill", "#1c645d", "#85d6ca"),
    "s0": ("fill", "#e3f1ee", "#22403d"), "s1": ("fill", "#b9ddd6", "#2b6660"), "s2": ("fill", "#7fbcb1", "#4f9f95"),
    "s3": ("fill", "#2b766d", "#7fcabe"), "s4": ("fill", "#14504a", "#c4ece5"),
    "on-d3": ("fill", "#ffffff", "#182225"), "on-d2": ("fill", "#182225", "#10161a"), "on-d1": ("fill", "#182225", "#ffffff"),
    "on-d0": ("fill", "#182225", "#ffffff"),
    "on-a1": ("fill", "#182225", "#ffffff"), "on-a2": ("fill", "#182225", "#10161a"), "on-a3": ("fill", "#ffffff", "#182225"),
    "on-s0": ("fill", "#182225", "#ffffff"), "on-s1": ("fill", "#182225", "#ffffff"), "on-s2": ("fill", "#182225", "#10161a"),
    "on-s3": ("fill", "#ffffff", "#182225"), "on-s4": ("fill", "#ffffff", "#182225"),
}  # fmt: skip
#: What is no colour; the stylesheet of the pages says the same.
SHAPES = (
    "text { font: 14px system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif } .head { font-weight: 600 } "
    ".unsure, .ring, .path { fill: none; stroke-width: 2 } "
    ".dashed { stroke-dasharray: 5 4 }"
)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Chart:
    """An SVG that grows downwards."""

    def __init__(self, title: str, said: Sequence[str], *, narrow: bool, standalone: bool) -> None:
        self.width = NARROW if narrow else WIDTH
        self.y = 4.0
        self._standalone = standalone
        title = _UNPRINTABLE.sub("", title)
        self._root = ET.Element("svg", {"class": "chart", "role": "img", "aria-label": title})
        if standalone:
            self._root.set("xmlns", NAMESPACE)
            ET.SubElement(self._root, "style").text = style()
        ET.SubElement(self._root, "title").text = title
        ET.SubElement(self._root, "desc").text = _UNPRINTABLE.sub("", "; ".join(said))
        if standalone:
            # A file travels without the heading of its page.
            self._paper = self._add("rect", "paper", x=0, y=0, width=self.width, height=0)
            self.paragraph(title, "ink head")
            self.y += 8

    def _add(self, tag: str, cls: str, **numbers: float) -> ET.Element:
        return ET.SubElement(
            self._root, tag, {"class": cls} | {name: f"{round(value, 2):g}" for name, value in numbers.items()}
        )

    def text(self, x: float, y: float, text: str, cls: str = "ink", anchor: str = "start") -> None:
        """One line of text; y is its base."""
        written = self._add("text", cls, x=x, y=y)
        written.set("text-anchor", anchor)
        written.text = _UNPRINTABLE.sub("", text)

    def paragraph(self, text: str, cls: str = "ink", *, x: float = 0, width: float | None = None) -> None:
        """Text in as many lines as it needs; the chart goes on below."""
        for line in textwrap.wrap(text, int((width or self.width) / LETTER)) or [""]:
            self.text(x, self.y + 14, line, cls)
            self.y += LINE

    def rect(self, x: float, y: float, width: float, height: float, cls: str) -> None:
        """A rectangle; of a width below zero nothing is seen."""
        self._add("rect", cls, x=x, y=y, width=max(width, 0), height=height)

    def line(self, x1: float, y1: float, x2: float, y2: float, cls: str) -> None:
        """A straight line."""
        self._add("line", cls, x1=x1, y1=y1, x2=x2, y2=y2)

    def dot(self, x: float, y: float, radius: float, cls: str) -> None:
        """A circle."""
        self._add("circle", cls, cx=x, cy=y, r=radius)

    def hatch(self, x: float, y: float, width: float, height: float) -> None:
        """A tile of which nothing is known."""
        self.rect(x, y, width, height, "withheld")
        for place in (0.4, 0.8, 1.2, 1.6):
            near, far = max(place - 1, 0), min(place, 1)
            self.line(x + near * width, y + far * height, x + far * width, y + near * height, "rule")

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Squares with words; the class "withheld" stands for a hatched one."""
        x = 0.0
        self.y += 6
        for cls, words in entries:
            room = 40 + LETTER * len(words)
            if x and x + room > self.width:
                x, self.y = 0.0, self.y + LINE + 3
            if cls == "withheld":
                self.hatch(x, self.y + 2, 13, 13)
            else:
                self.rect(x, self.y + 2, 13, 13, cls)
            if room > self.width:
                self.paragraph(words, "soft", x=19, width=self.width - 19)
                x, self.y = 0.0, self.y + 3
            else:
                self.text(x + 19, self.y + 14, words, "soft")
                x += room
        self.y += LINE + 3 if x else 0

    def finish(self) -> str:
        """The SVG as text, as high as what was drawn."""
        height = f"{self.y + 4:g}"
        self._root.set("viewBox", f"0 0 {self.width} {height}")
        if self._standalone:
            # A margin around what is drawn from edge to edge.
            self._root.set("viewBox", f"-16 -12 {self.width + 32} {self.y + 28:g}")
            self._root.set("width", str(self.width + 32))
            self._root.set("height", f"{self.y + 28:g}")
            for name, value in (
                ("x", "-16"),
                ("y", "-12"),
                ("width", str(self.width + 32)),
                ("height", f"{self.y + 28:g}"),
            ):
                self._paper.set(name, value)
        return ET.tostring(self._root, encoding="unicode")


def style() -> str:
    """The style of a file: what the stylesheet of the pages says, without variables."""
    light = " ".join(f".{cls} {{ {name}: {colour} }}" for cls, (name, colour, _) in COLOURS.items())
    dark = " ".join(f".{cls} {{ {name}: {colour} }}" for cls, (name, _, colour) in COLOURS.items())
    return f"{SHAPES} {light} @media (prefers-color-scheme: dark) {{ {dark} }}"
