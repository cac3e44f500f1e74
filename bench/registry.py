"""Loading a register: parse and database apart, beside the bare limits and polars, at two sizes.

References run in the same minute: `wc -l` (reading), inflate (the zip), polars streaming (the same selection by another
parser). Each measurement is a process of its own, so that its peak memory is its own. Usage: make bench B=registry, or
``python -m bench.registry small``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from .report import Measure, report

MONTHLY = "npidata_pfile_20050523-20260906.csv"
#: Rows of a full file today.
FULL_ROWS = 9_000_000


def write_rows(path: Path, rows: int) -> None:
    """A file of the real width: 13 % physicians, two thirds others, a fifth organisations, 3 % deactivated.

    Some thousand rows are made field by field and repeated with new numbers, so that two million are written in seconds.
    """
    import csv
    import random
    from importlib.resources import files

    from auscult.demo.register import invented_npi

    header = next(
        csv.reader([files("auscult.registry").joinpath("data/nppes_header_v2.csv").read_text().splitlines()[0]])
    )
    at = {name: place for place, name in enumerate(header)}
    draw = random.Random(7)
    practice = "Provider Business Practice Location Address"

    def row() -> str:
        fields = [""] * len(header)
        kind = draw.random()
        if kind < 0.034:
            fields[at["NPI Deactivation Date"]] = f"0{draw.randrange(1, 10)}/1{draw.randrange(10)}/2012"
            return '","'.join(fields[1:])
        person = kind < 0.79
        fields[at["Entity Type Code"]] = "1" if person else "2"
        for prefix in (practice, "Provider Business Mailing Address"):
            fields[at[f"{prefix} City Name"]] = draw.choice(("HOUSTON", "MIAMI", "BOSTON", "SAN ANTONIO"))
            fields[at[f"{prefix} State Name"]] = draw.choice(("TX", "FL", "MA", "CA", "NY"))
            fields[at[f"{prefix} Postal Code"]] = str(draw.randrange(10**8, 10**9))
            fields[at[f"{prefix} Telephone Number"]] = str(draw.randrange(2 * 10**9, 10**10))
            fields[at[f"{prefix} Fax Number"]] = str(draw.randrange(2 * 10**9, 10**10)) if draw.random() < 0.5 else ""
        fields[at["Provider First Line Business Practice Location Address"]] = f"{draw.randrange(1, 9999)} MAIN STREET"
        fields[at["Provider Enumeration Date"]] = (
            f"0{draw.randrange(1, 10)}/1{draw.randrange(10)}/20{draw.randrange(10, 24)}"
        )
        fields[at["Last Update Date"]] = fields[at["Certification Date"]] = f"0{draw.randrange(1, 10)}/02/2025"
        if person:
            fields[at["Provider Last Name (Legal Name)"]] = "".join(draw.choices("ABCDEFGHIKLMNORST", k=8))
            fields[at["Provider First Name"]] = draw.choice(("ADA", "BORIS", "CLARA", "EMIL", "GRETA"))
            fields[at["Provider Sex Code"]] = draw.choice("FM")
            code = (
                draw.choice(("207R00000X", "207Q00000X", "2084P0800X", "208600000X")) if kind < 0.164 else "163W00000X"
            )
            state = fields[at[f"{practice} State Name"]]
            for slot in range(1, 3 if draw.random() < 0.3 else 2):
                fields[at[f"Healthcare Provider Taxonomy Code_{slot}"]] = code
                fields[at[f"Healthcare Provider Primary Taxonomy Switch_{slot}"]] = "Y" if slot == 1 else "N"
                fields[at[f"Provider License Number_{slot}"]] = f"{state}{draw.randrange(10**5, 10**6)}"
                fields[at[f"Provider License Number State Code_{slot}"]] = state
            fields[at["Is Sole Proprietor"]] = "N"
        else:
            fields[at["Provider Organization Name (Legal Business Name)"]] = "AN INVENTED CLINIC, INC."
            fields[at["Healthcare Provider Taxonomy Code_1"]] = "261QM1300X"
            fields[at["Healthcare Provider Primary Taxonomy Switch_1"]] = "Y"
        for slot in range(1, draw.randrange(1, 14)):
            fields[at[f"Other Provider Identifier_{slot}"]] = str(draw.randrange(10**6, 10**8))
        return '","'.join(fields[1:])

    made = [row() for _ in range(5_000)]
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write('"' + '","'.join(header) + '"\n')
        for start in range(0, rows, 10_000):
            out.write(
                "".join(f'"{invented_npi(i)}","{made[i % 5_000]}"\n' for i in range(start, min(rows, start + 10_000)))
            )


#: Each prints the CPU seconds and wall seconds of the work alone, without imports, and what it kept.
_PARSE = """
import sys, time
from pathlib import Path
from auscult.registry.sources.nppes import open_nppes
file = open_nppes(Path(sys.argv[1]))
cpu, wall = time.process_time(), time.perf_counter()
kept = sum(1 for _ in file.records())
took = time.process_time() - cpu, time.perf_counter() - wall
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(*took, kept, peak)
assert file.tally.rows == kept + file.tally.deactivated + file.tally.other + file.tally.rejected
"""
_POLARS = """
import sys, time
import polars as pl
cpu, wall = time.process_time(), time.perf_counter()
lazy = pl.scan_csv(sys.argv[1], infer_schema=False, quote_char='"')
codes = [f"Healthcare Provider Taxonomy Code_{n}" for n in range(1, 16)]
practice = "Provider Business Practice Location Address"
wanted = ["NPI", "Provider Last Name (Legal Name)", "Provider First Name", "Provider Other Last Name",
    "Provider Credential Text", "Provider Sex Code", "Provider First Line Business Practice Location Address",
    "Provider Second Line Business Practice Location Address", f"{practice} City Name", f"{practice} State Name",
    f"{practice} Postal Code", f"{practice} Telephone Number", f"{practice} Fax Number", "Provider Enumeration Date",
    "Last Update Date", "Certification Date", "NPI Deactivation Date", "NPI Reactivation Date", *codes,
    *(f"{column}_{n}" for column in ("Healthcare Provider Primary Taxonomy Switch", "Provider License Number",
    "Provider License Number State Code") for n in range(1, 16))]
physicians = lazy.filter(
    (pl.col("Entity Type Code") == "1") & pl.any_horizontal(pl.col(c).str.starts_with("20") for c in codes)
).select(wanted)
kept = physicians.collect(engine="streaming").height
took = time.process_time() - cpu, time.perf_counter() - wall
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
print(*took, kept, peak)
"""
_INFLATE = """
import sys, time, zipfile
cpu, wall = time.process_time(), time.perf_counter()
with zipfile.ZipFile(sys.argv[1]) as archive, archive.open(archive.namelist()[0]) as stream:
    while stream.read(1 << 20):
        pass
print(time.process_time() - cpu, time.perf_counter() - wall, 0, 0)
"""


def run(command: list[str]) -> tuple[list[str], float]:
    """Words that a process printed, and its CPU seconds.

    Each program tells its own peak: what the system says of a child includes the moment when it was still its parent.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        text = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        raise SystemExit(f"{command[0]} ended with {status}")
    return text.split(), usage.ru_utime + usage.ru_stime


def timed(code: str, path: Path) -> tuple[float, float, int, float]:
    """CPU seconds, wall seconds and rows kept of one of the programs above, and its peak MB."""
    words, _ = run([sys.executable, "-c", code, str(path)])
    return float(words[0]), float(words[1]), int(words[2]), float(words[3])


def load_into_database(path: Path) -> tuple[float, float]:
    """Wall seconds of a first load into an empty database, and the peak MB of the process that does it."""
    from auscult.demo import command

    with command.scratch_database():
        words, _ = run([sys.executable, "-m", "bench.registry", "--load", str(path)])
    return float(words[-2]), float(words[-1])


def _load(path: Path) -> None:
    """In a process of its own, whose environment names the scratch database."""
    import django

    django.setup()
    from auscult.registry.actions import load_register
    from auscult.shared import clock
    from auscult.shared.standing import CONSOLE

    began = time.perf_counter()
    load_register(path, standing=CONSOLE, now=clock.now())
    took = time.perf_counter() - began
    status = Path("/proc/self/status").read_text().splitlines()
    print(took, next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)


def measure(sizes: list[int], folder: Path) -> list[Measure]:
    """Every line of the report, for each size."""
    lines: list[Measure] = []
    per_row: dict[int, float] = {}
    for rows in sizes:
        path = folder / MONTHLY
        write_rows(path, rows)
        megabytes = path.stat().st_size / 1e6
        packed = folder / "packed.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(path, MONTHLY)
        words = f"{rows:,} rows, {megabytes:,.0f} MB"
        _, counted = run(["wc", "-l", str(path)])
        inflated, _, _, _ = timed(_INFLATE, packed)
        other, other_wall, theirs, other_peak = timed(_POLARS, path)
        cpu, wall, ours, peak = timed(_PARSE, path)
        zip_cpu, _, _, zip_peak = timed(_PARSE, packed)
        load_wall, load_peak = load_into_database(path)
        per_row[rows] = load_wall / rows
        lines += [
            Measure(
                f"parse, CPU ({words}; {ours:,} kept, polars {theirs:,})", cpu, "s", "polars streaming, CPU", other
            ),
            Measure(f"parse, wall ({words})", wall, "s", "polars streaming, wall", other_wall),
            Measure(f"parse, MB/s ({words})", megabytes / cpu, "MB/s", "wc -l", megabytes / max(counted, 0.001)),
            Measure(f"parse from the zip, CPU ({words})", zip_cpu, "s", "inflate alone", inflated),
            Measure(f"parse, peak ({words})", peak, "MB", "polars streaming", other_peak),
            Measure(f"parse from the zip, peak ({words})", zip_peak, "MB", "the reach", 150.0),
            Measure(f"load, database included, wall ({words})", load_wall, "s", "parse, wall", wall),
            Measure(f"load, peak of our process ({words})", load_peak, "MB", "the reach", 150.0),
        ]
        path.unlink()
        packed.unlink()
    first, last = per_row[sizes[0]], per_row[sizes[-1]]
    lines.append(Measure("load, µs a row, largest file", 1e6 * last, "µs", "smallest file", 1e6 * first))
    lines.append(Measure("load of 9 million rows, extrapolated", FULL_ROWS * last, "s", "two minutes", 120.0))
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        _load(Path(sys.argv[2]))
    else:
        chosen = [2_000, 4_000] if sys.argv[1:] == ["small"] else [200_000, 2_000_000]
        with tempfile.TemporaryDirectory() as temporary:
            report("registry", measure(chosen, Path(temporary)))
