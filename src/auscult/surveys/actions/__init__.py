"""Writes of the surveys' room, by noun."""
