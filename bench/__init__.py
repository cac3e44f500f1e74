"""Benchmarks: what, value, reference, ratio; ``make bench B=name`` runs ``bench/name.py``."""
