"""Reads of the partnerships, by noun; agreements are public."""
