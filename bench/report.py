"""Prints a benchmark's table and writes ``bench/results/<name>.json``."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    what: str
    value: float
    unit: str
    reference: str
    reference_value: float

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value


def median_ms(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def prepared_query_ms(account_id: int, times: int) -> float:
    """The bare limit: one prepared query over the same connection."""
    from django.db import connection

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM members_member WHERE account_id = %s", [account_id])
            cursor.fetchone()

    return median_ms(bare, times)


def report(name: str, measures: list[Measure]) -> None:
    width = max(len(measure.what) for measure in measures)
    for m in measures:
        reference = f"{m.reference} {m.reference_value:.3f} {m.unit}"
        print(f"{m.what:<{width}}  {m.value:9.3f} {m.unit:<3}  {reference}  ratio {m.ratio:.2f}")
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    document = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "date": datetime.now(UTC).date().isoformat(),
        "measures": [asdict(measure) | {"ratio": measure.ratio} for measure in measures],
    }
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
