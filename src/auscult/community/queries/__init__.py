"""Reads of the community: plain rows into dataclasses, a fixed number of queries whatever the size."""
