"""Agreements, obligations, grants and access receipts: what was promised."""
