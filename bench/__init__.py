"""Benchmarks: what, value, reference, ratio; ``make bench B=name`` runs ``bench/name.py``."""

import os

# As the command line sets it for the site, before NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
