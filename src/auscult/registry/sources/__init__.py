"""Adapters to registers of the world, one module each."""
