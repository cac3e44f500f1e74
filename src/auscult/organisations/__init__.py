"""Organisations and the people who may answer in their name."""
