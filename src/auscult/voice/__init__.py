"""Mandates, positions, appeals and issues: what is asked, and in whose name."""
