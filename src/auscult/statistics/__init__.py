"""Estimation from counts: weights, shares, intervals, representativeness, suppression. Pure NumPy and SciPy."""
