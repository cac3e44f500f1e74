"""Registers as their authorities publish them: one adapter each, all giving a ``RegisterFile``."""
