"""No test depends on how fast the machine is: nothing sleeps, and nothing is judged by a clock that runs."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
#: Waiting for a time instead of an event, and the clocks of the machine.
FORBIDDEN = {"sleep", "wait_for_timeout", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"}
#: Files that may, and why.
ALLOWED: dict[str, str] = {}


def clocks_in(source: str) -> list[str]:
    """Every use of a forbidden name, as ``line: name``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN:
            found.append(f"{node.lineno}: {node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in {"time", "asyncio"}:
            found += [f"{node.lineno}: {each.name}" for each in node.names if each.name in FORBIDDEN]
    return found


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=str(path.relative_to(TESTS))) for path in sorted(TESTS.rglob("*.py"))]
)
def test_no_test_depends_on_real_time(path):
    if str(path.relative_to(TESTS)) not in ALLOWED:
        assert clocks_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\ntime.sleep(1)", ["2: sleep"]),
        ("from time import perf_counter as now", ["1: perf_counter"]),
        ("page.wait_for_timeout(1200)", ["1: wait_for_timeout"]),
        ("begun = time.monotonic()\nassert time.monotonic() - begun < 2", ["1: monotonic", "2: monotonic"]),
        ("page.get_by_text('Saved').wait_for()", []),
    ],
)
def test_the_rule_finds_what_it_is_about(source, found):
    assert clocks_in(source) == found
