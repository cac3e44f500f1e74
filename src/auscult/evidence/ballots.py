"""Leaves of counted ballots: one leaf per question and ballot, unlinked across questions."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.evidence.canonical import canonical_json
from auscult.evidence.merkle import leaf_hash

#: A nonce is 16 random bytes in hexadecimal.
NONCE_LENGTH = 32


@dataclass(frozen=True)
class BallotLeaf:
    """One answer to one question, as published.

    Attributes:
        freeze: freeze hash of the survey, which ties the leaf to its wording.
        question: code of the question.
        choice: code of the choice.
        nonce: 32 hexadecimal digits that only the voter knew before publication.
    """

    freeze: str
    question: str
    choice: str
    nonce: str

    def as_json(self) -> dict[str, str]:
        """What is hashed and published."""
        return {"choice": self.choice, "freeze": self.freeze, "nonce": self.nonce, "question": self.question}

    def hash(self) -> bytes:
        """Leaf hash, 32 bytes."""
        return leaf_hash(canonical_json(self.as_json()))


def is_nonce(text: str) -> bool:
    """Whether the text is a nonce: 32 lower-case hexadecimal digits."""
    return len(text) == NONCE_LENGTH and all(character in "0123456789abcdef" for character in text)
