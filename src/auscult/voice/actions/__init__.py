"""Writes of the voice, by noun."""
