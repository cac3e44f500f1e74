"""The one canonical form of whatever is hashed or signed: RFC 8785 (JSON Canonicalization Scheme)."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """Serialise plain JSON data to its canonical bytes.

    Args:
        value: dicts with string keys, lists, strings, finite floats, integers within ±(2^53 − 1), booleans, None.

    Raises:
        ValueError: the value has no canonical form (for example NaN, or an integer that JSON readers would round).
    """
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"This value has no canonical JSON form: {error}") from error


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, lower-case hexadecimal, 64 characters."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
