"""Releases, replies and the record: what is on record."""
