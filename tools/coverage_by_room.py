"""Print the branch coverage of each room from coverage's data, and fail if a room is below the least percentage.

usage: python tools/coverage_by_room.py [--least 90] [--each-file]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Least percentage of lines and branches of each room that the tests run.
LEAST = 90.0
_COUNTS = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def room_of(path: str) -> str:
    """The room of a file: the folder beneath ``auscult``; the files beside the rooms are the command line."""
    parts = Path(path).parts
    beneath = parts[len(parts) - parts[::-1].index("auscult") :]
    return beneath[0] if len(beneath) > 1 else "cli"


def count(files: Mapping[str, Mapping[str, Any]], *, each_file: bool = False) -> dict[str, float]:
    """Room, or file, → percentage of its lines and branches that were run, lowest first.

    Args:
        files: ``files`` of coverage's JSON report.
        each_file: give files instead of rooms.
    """
    sums: dict[str, list[int]] = {}
    for path, report in files.items():
        row = sums.setdefault(path if each_file else room_of(path), [0, 0, 0, 0])
        for position, name in enumerate(_COUNTS):
            row[position] += report["summary"][name]
    percents = {
        name: 100 * (lines + branches) / (all_lines + all_branches)
        for name, (lines, all_lines, branches, all_branches) in sums.items()
        if all_lines
    }
    return dict(sorted(percents.items(), key=lambda row: row[1]))


def read_report() -> dict[str, Any]:
    """Coverage's JSON report of the data of every process."""
    from coverage import Coverage

    measured = Coverage()
    measured.combine(keep=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        measured.json_report(outfile=str(file))
        return dict(json.loads(file.read_text()))


def main() -> int:
    """Print the table; 1 if a room is below the least percentage; files are not judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--least", type=float, default=LEAST)
    parser.add_argument("--each-file", action="store_true")
    options = parser.parse_args()
    found = count(read_report()["files"], each_file=options.each_file)
    for name, percent in found.items():
        sys.stdout.write(f"{percent:6.1f}  {name}\n")
    low = [] if options.each_file else [name for name, percent in found.items() if percent < options.least]
    if low:
        sys.stdout.write(f"Below {options.least:g} percent: {', '.join(low)}\n")
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
