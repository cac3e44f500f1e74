"""Charts as SVG. A table stands beside each."""

from auscult.surveys.charts.balance import BalanceRow, love_plot
from auscult.surveys.charts.shares import BarRow, LikertRow, bars_with_intervals, diverging_likert
from auscult.surveys.charts.states import TILES, tile_map
from auscult.surveys.charts.waves import TrendPoint, trend

__all__ = [
    "TILES", "BalanceRow", "BarRow", "LikertRow", "TrendPoint", "bars_with_intervals", "diverging_likert", "love_plot",
    "tile_map", "trend",
]  # fmt: skip
