"""Writes of the members' room, split by noun."""
