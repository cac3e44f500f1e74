"""What in a text may tell who a patient is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One finding."""

    kind: str
    start: int
    end: int
    text: str
    why: str
    suggestion: str


def find_identifiers(text: str) -> list[Finding]:
    """Find identifiers."""
    return []


def finding_key(finding: Finding) -> str:
    """Key of a finding."""
    return f"{finding.kind}:{finding.text.lower()}"


def remove_findings(text: str, findings: Sequence[Finding]) -> str:
    """Replace findings by their suggestions."""
    return text
