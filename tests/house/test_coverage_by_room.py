"""The table of coverage counts lines and branches of each room."""

import importlib.util
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[2] / "tools" / "coverage_by_room.py"
_SPEC = importlib.util.spec_from_file_location("coverage_by_room", _FILE)
coverage_by_room = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(coverage_by_room)


def report(lines, all_lines, branches=0, all_branches=0):
    summary = {
        "covered_lines": lines,
        "num_statements": all_lines,
        "covered_branches": branches,
        "num_branches": all_branches,
    }
    return {"summary": summary}


FILES = {
    "src/auscult/voice/rules.py": report(90, 100, 10, 20),
    "src/auscult/voice/views/appeals.py": report(0, 50, 0, 30),
    "src/auscult/cli.py": report(18, 20),
    "/home/auscult/src/auscult/shared/__init__.py": report(0, 0),
    "/home/auscult/src/auscult/shared/mail.py": report(9, 10, 0, 2),
}


def test_rooms_are_counted_by_lines_and_branches_lowest_first():
    found = coverage_by_room.count(FILES)
    # By hand: (90 + 10 + 0 + 0) of (100 + 20 + 50 + 30), 9 of 12, 18 of 20.
    assert list(found.items()) == [("voice", 50.0), ("shared", 75.0), ("cli", 90.0)]
    assert coverage_by_room.count(FILES, each_file=True)["src/auscult/voice/views/appeals.py"] == 0


@pytest.mark.parametrize(
    ("least", "status", "said"), [("50", 0, ""), ("75.1", 1, "Below 75.1 percent: voice, shared\n")]
)
def test_a_room_below_the_least_fails(monkeypatch, capsys, least, status, said):
    monkeypatch.setattr(coverage_by_room, "read_report", lambda: {"files": FILES})
    monkeypatch.setattr("sys.argv", ["coverage_by_room.py", "--least", least])
    assert coverage_by_room.main() == status
    assert capsys.readouterr().out == "  50.0  voice\n  75.0  shared\n  90.0  cli\n" + said
