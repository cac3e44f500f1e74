"""A share by state, on square tiles."""

from __future__ import annotations

from collections.abc import Mapping

from auscult.surveys.charts.drawing import Chart

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


def tile_map(title: str, values: Mapping[str, float | None], *, narrow: bool = False, standalone: bool = False) -> str:
    """States as square tiles, five steps from the smallest to the largest share; what is withheld is hatched.

    Args:
        values: code of a state → share 0–1, or None where it is withheld, as are states that are not there.

    Raises:
        ValueError: a code has no tile.
    """
    if unknown := sorted(set(values) - set(TILES)):
        raise ValueError(f"There is no tile for {', '.join(unknown)}; there are the fifty states and DC.")
    known = [value for value in values.values() if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    steps = 5 if high > low else 1
    said = [f"{code} {'withheld' if value is None else f'{value:.0%}'}" for code, value in sorted(values.items())]
    chart = Chart(title, said, narrow=narrow, standalone=standalone)
    # On a telephone two lines of text need tiles that are higher than wide.
    width, height, top = chart.width / 12, 38 if narrow else chart.width / 12, chart.y
    for code, (column, row) in TILES.items():
        value = values.get(code)
        x, y = column * width, top + row * height
        if value is None:
            chart.hatch(x + 1, y + 1, width - 2, height - 2)
            chart.text(x + width / 2, y + height / 2 + 5, code, "soft head", "middle")
            continue
        step = min(int(steps * (value - low) / (high - low)), steps - 1) if steps > 1 else 2
        chart.rect(x + 1, y + 1, width - 2, height - 2, f"s{step}")
        # In a tile of thirty pixels the sign of the percentage has no room; the legend has it.
        shown = f"{100 * value:.0f}" if narrow else f"{value:.0%}"
        chart.text(x + width / 2, y + height / 2 - 2, code, f"on-s{step} head", "middle")
        chart.text(x + width / 2, y + height / 2 + 14, shown, f"on-s{step}", "middle")
    chart.y = top + 8 * height + 4
    entries = []
    if known:
        bounds = [100 * (low + (high - low) * step / steps) for step in range(steps + 1)]
        entries = [
            (f"s{step if steps > 1 else 2}", f"{bounds[step]:.0f}–{bounds[step + 1]:.0f}%") for step in range(steps)
        ]
    if len(known) < len(TILES):
        entries.append(("withheld", "withheld"))
    chart.legend(entries)
    return chart.finish()
