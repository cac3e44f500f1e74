"""Reads of the surveys' room."""
