"""Registers of physicians kept by authorities, and the frames they give: who exists."""
