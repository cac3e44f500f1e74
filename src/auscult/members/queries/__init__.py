"""Reads of the members' room, split by who reads."""
