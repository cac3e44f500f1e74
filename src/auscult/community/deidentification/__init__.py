"""What in a text may tell who a patient is: the identifiers of 45 CFR 164.514(b)(2), by pattern and context.

It offers findings; the author decides, with a reason for whatever stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from auscult.community.deidentification.capitals import find_capitals
from auscult.community.deidentification.classes import Finding, IdentifierClass
from auscult.community.deidentification.patterns import find_all


def find_identifiers(text: str, known: Iterable[str] = ()) -> list[Finding]:
    """What may tell who a patient is, in the order of the text and without overlap.

    Args:
        text: Markdown, as its author typed it.
        known: keys of what was found before: it is found again wherever its words stand, whatever has become of the words
            around it. A name that is replaced must not take along the finding of the age behind it.

    Returns:
        Findings whose ``start`` and ``end`` index ``text``; of two that overlap, the longer.
    """
    found: list[Finding] = []
    every = [*find_all(text), *find_capitals(text), *_find_known(text, known)]
    for each in sorted(every, key=lambda finding: (finding.start - finding.end, finding.start)):
        if all(each.end <= other.start or each.start >= other.end for other in found):
            found.append(each)
    return sorted(found, key=lambda finding: finding.start)


def _find_known(text: str, known: Iterable[str]) -> Iterator[Finding]:
    for key in known:
        kind, _, words = key.partition(":")
        if not words or kind not in IdentifierClass.__members__:
            continue
        expression = r"(?<!\w)" + r"\s+".join(re.escape(word) for word in words.split()) + r"(?!\w)"
        for match in re.finditer(expression, text, re.IGNORECASE):
            if kind in {"NAME", "PLACE"} and match[0].islower():
                continue  # «may» is no May
            why = "This was found before; what stood around it has changed."
            yield Finding(IdentifierClass[kind], match.start(), match.end(), match[0], why, "[removed]")


def finding_key(finding: Finding) -> str:
    """A key that stays the same while the text around a finding changes: its class and its words."""
    return f"{finding.kind.name}:{' '.join(finding.text.lower().split())}"


def remove_findings(text: str, findings: Sequence[Finding]) -> str:
    """Put each finding's suggestion in its place."""
    for each in sorted(findings, key=lambda finding: -finding.start):
        before, put = text[: each.start], each.suggestion
        if not before.rstrip(" ") or before.rstrip(" ")[-1] in ".!?\n":
            put = put[:1].upper() + put[1:]
        if before.endswith(" a ") and put[:1] in "aeio":
            before = before[:-1] + "n "
        text = before + put + text[each.end :]
    return text


__all__ = ["Finding", "IdentifierClass", "find_identifiers", "finding_key", "remove_findings"]
