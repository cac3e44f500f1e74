"""The leaf of one signature: the text that was signed and the signer's nonce, and nothing of the signer."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.evidence.canonical import canonical_json
from auscult.evidence.merkle import leaf_hash


@dataclass(frozen=True)
class SignatureLeaf:
    """One signature of an appeal.

    Attributes:
        text: SHA-256 of the canonical text, 64 hexadecimal digits.
        nonce: 32 hexadecimal digits, known to the signer.
    """

    text: str
    nonce: str

    def as_json(self) -> dict[str, str]:
        """What is published of it."""
        return {"text": self.text, "nonce": self.nonce}

    def hash(self) -> bytes:
        """Leaf hash, 32 bytes."""
        return leaf_hash(canonical_json(self.as_json()))
