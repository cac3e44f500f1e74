"""What the Python package `svy` needs for the steps of bench/statistics.py. Usage: python statistics_peer.py FOLDER."""

import csv
import json
import sys
import time
from pathlib import Path

import polars
import svy

folder = Path(sys.argv[1])
data = polars.read_csv(folder / "data.csv").with_columns(polars.lit(1.0).alias("one")).with_row_index("person")
questions = [name for name in data.columns if name.startswith("q")]
controls: dict[str, dict[str, float]] = {}
with (folder / "margins.csv").open() as file:
    for row in csv.DictReader(file):
        controls.setdefault(row["variable"], {})[row["level"]] = float(row["total"])


def step(name, call, times=1):
    began = time.perf_counter()
    result = call()
    print(json.dumps({"step": name, "seconds": (time.perf_counter() - began) * times}), flush=True)
    return result


def rake(sample):
    return sample.weighting.rake(controls=controls, wgt_name="raked", tol=1e-8, max_iter=500)


sample = svy.Sample(data, svy.Design(wgt="one"))
rake(sample)
raked = step("a rake", lambda: rake(sample))
# One call with several questions leaves the raking out of the standard errors, so each is asked for by itself.
step("b 20 questions", lambda: [raked.estimation.prop(question) for question in questions])
step("d 200 raked replicates", lambda: rake(sample.weighting.create_bs_wgts(200, psu="person")).estimation.prop(
    questions[0], method="replication"))  # fmt: skip
step("c by 40 specialties (one question times 20)", lambda: raked.estimation.prop(questions[0], by="specialty"), 20)
