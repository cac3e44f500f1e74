"""Writes of the community."""
