"""What in a text may tell who a patient is: the identifiers of 45 CFR 164.514(b)(2), by pattern and context.

It offers findings; the author decides, with a reason for whatever stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from auscult.community.deidentification.capitals import find_capitals
from auscult.community.deidentification.classes import Finding, IdentifierClass
from auscult.community.deidentification.patterns import find_all


def find_identifiers(text: str) -> list[Finding]:
    """What may tell who a patient is, in the order of the text and without overlap.

    Args:
        text: Markdown, as its author typed it.

    Returns:
        Findings whose ``start`` and ``end`` index ``text``; of two that overlap, the longer.
    """
    found: list[Finding] = []
    every = [*find_all(text), *find_capitals(text)]
    for each in sorted(every, key=lambda finding: (finding.start - finding.end, finding.start)):
        if all(each.end <= other.start or each.start >= other.end for other in found):
            found.append(each)
    return sorted(found, key=lambda finding: finding.start)


def finding_key(finding: Finding) -> str:
    """A key that stays the same while the text around a finding changes: its class and its words."""
    return f"{finding.kind.name}:{' '.join(finding.text.lower().split())}"


def remove_findings(text: str, findings: Sequence[Finding]) -> str:
    """Put each finding's suggestion in its place."""
    for each in sorted(findings, key=lambda finding: -finding.start):
        text = text[: each.start] + each.suggestion + text[each.end :]
    return text


__all__ = ["Finding", "IdentifierClass", "find_identifiers", "finding_key", "remove_findings"]
