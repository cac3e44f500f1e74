"""Auscult: verified physicians, measured opinion, and a record anyone can check."""

__version__ = "0.1.0"
