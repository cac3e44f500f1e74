"""Writes of the partnerships, by noun."""
