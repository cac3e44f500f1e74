"""Reads of the voice, by noun."""
