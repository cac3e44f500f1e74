"""Encryption of identity columns, and keyed fingerprints for uniqueness without readability."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterable
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class CannotOpen(ValueError):
    """A sealed value was damaged, moved to another column, or its key is missing."""


@lru_cache(maxsize=4)
def _keys(text: str) -> dict[str, AESGCM]:
    keys = {}
    for part in text.split(","):
        name, _, key = part.strip().partition(":")
        try:
            keys[name] = AESGCM(base64.b64decode(key, validate=True))
        except ValueError as error:
            raise ImproperlyConfigured(
                "AUSCULT_IDENTITY_KEYS must look like `2:<base64 of 32 bytes>,1:<older key>`, the current key first."
            ) from error
    return keys


def seal(text: str | bytes, purpose: str) -> bytes:
    """Encrypt with the current key (AES-256-GCM).

    Args:
        text: what to hide.
        purpose: the column it is for; bound in, so a value cannot be moved to another column.

    Returns:
        ``key name : nonce + ciphertext + tag``.
    """
    keys = _keys(settings.IDENTITY_KEYS)
    name = next(iter(keys))
    nonce = os.urandom(12)
    data = text.encode() if isinstance(text, str) else text
    return name.encode() + b":" + nonce + keys[name].encrypt(nonce, data, purpose.encode())


def unseal(sealed: bytes | memoryview, purpose: str) -> bytes:
    """Decrypt what ``seal`` made.

    Raises:
        CannotOpen: damaged, for another purpose, or sealed with a key that is not in AUSCULT_IDENTITY_KEYS.
    """
    name, _, rest = bytes(sealed).partition(b":")
    key = _keys(settings.IDENTITY_KEYS).get(name.decode(errors="replace"))
    if key is None:
        raise CannotOpen("A sealed value needs a key that AUSCULT_IDENTITY_KEYS does not hold.")
    try:
        return key.decrypt(rest[:12], rest[12:], purpose.encode())
    except InvalidTag as error:
        raise CannotOpen("A sealed value was damaged or belongs to another column.") from error


def fingerprint(text: str, purpose: str) -> bytes:
    """Keyed hash (HMAC-SHA-256) by which equal values are found without being readable, 32 bytes."""
    return fingerprints([text], purpose)[0]


def fingerprints(texts: Iterable[str], purpose: str) -> list[bytes]:
    """Keyed hashes of several values for the same purpose."""
    # A setting is looked up by name each time; once is enough for a hundred thousand.
    pepper, before = settings.IDENTITY_PEPPER, f"{purpose}\0"
    return [hmac.digest(pepper, f"{before}{text}".encode(), "sha256") for text in texts]
