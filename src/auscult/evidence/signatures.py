"""Ed25519 signatures over canonical JSON."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auscult.evidence.canonical import canonical_json


def load_signing_key(seed: bytes) -> Ed25519PrivateKey:
    """Signing key from its 32-byte seed.

    Raises:
        ValueError: the seed has another length.
    """
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_key_text(key: Ed25519PrivateKey) -> str:
    """Public half of a signing key, base64 of 32 bytes."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def key_fingerprint(public_key: str) -> str:
    """Short name of a public key: first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()[:16]


def sign(value: Any, key: Ed25519PrivateKey) -> str:
    """Signature over the canonical form, base64 of 64 bytes."""
    return base64.b64encode(key.sign(canonical_json(value))).decode()


def is_signed(value: Any, signature: str, public_key: str) -> bool:
    """Whether ``signature`` over the canonical form of ``value`` was made by the holder of ``public_key``."""
    try:
        verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        verifier.verify(base64.b64decode(signature, validate=True), canonical_json(value))
    except (InvalidSignature, ValueError):
        return False
    return True
