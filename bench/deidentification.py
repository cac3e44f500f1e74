"""What the gate of cases finds in invented notes: recall and precision by class, of the notes for tuning and those kept apart.

An identifier counts as found where findings of any class cover all its letters and digits. A finding counts as right where it
touches an identifier. The 95 % intervals are Wilson's. Usage: make bench B=deidentification.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from auscult.community.deidentification import IdentifierClass, find_identifiers
from auscult.statistics.intervals import wilson_interval

NOTES = Path(__file__).parents[1] / "tests" / "community" / "deidentification" / "notes.txt"
CLASSES = {
    "N": "NAME", "P": "PLACE", "D": "DATE", "T": "TELEPHONE", "F": "FAX", "E": "EMAIL", "S": "SOCIAL_SECURITY",
    "M": "MEDICAL_RECORD", "H": "HEALTH_PLAN", "A": "ACCOUNT", "L": "LICENCE", "V": "VEHICLE", "I": "DEVICE", "U": "URL",
    "X": "IP_ADDRESS", "B": "BIOMETRIC", "G": "PHOTOGRAPH", "O": "OTHER",
}  # fmt: skip
_MARKED = re.compile(r"\[([A-Z]) ([^\]]+)\]")


@dataclass
class Score:
    """Counts of one half of the notes.

    Attributes:
        there, found: identifiers by class, and of them those that are covered.
        said, right: findings by class, and of them those that touch an identifier.
        missed, wrong: what to read while tuning.
    """

    notes: int = 0
    there: Counter[IdentifierClass] = field(default_factory=Counter)
    found: Counter[IdentifierClass] = field(default_factory=Counter)
    said: Counter[IdentifierClass] = field(default_factory=Counter)
    right: Counter[IdentifierClass] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def read_note(line: str) -> tuple[str, list[tuple[IdentifierClass, int, int]]]:
    """The text of a marked note, and its identifiers."""
    text, spans, last = "", [], 0
    for match in _MARKED.finditer(line):
        text += line[last : match.start()]
        spans.append((IdentifierClass[CLASSES[match[1]]], len(text), len(text) + len(match[2])))
        text += match[2]
        last = match.end()
    return text + line[last:], spans


def read_notes() -> tuple[list[str], list[str]]:
    """Notes for tuning, and notes kept apart."""
    notes = [line for line in NOTES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return notes[0::2], notes[1::2]


def score(notes: list[str]) -> Score:
    """Look for identifiers in notes, and count."""
    counted = Score(len(notes))
    for note in notes:
        text, spans = read_note(note)
        findings = find_identifiers(text)
        covered = {at for each in findings for at in range(each.start, each.end)}
        for kind, start, end in spans:
            counted.there[kind] += 1
            if all(at in covered for at in _telling(text, start, end)):
                counted.found[kind] += 1
            else:
                counted.missed.append(f"{kind.name}: [{text[start:end]}] in {text}")
        for each in findings:
            counted.said[each.kind] += 1
            if any(each.start < end and start < each.end for _, start, end in spans):
                counted.right[each.kind] += 1
            else:
                counted.wrong.append(f"{each.kind.name}: [{each.text}] in {text}")
    return counted


#: Titles and small words within what is marked; they tell nothing.
_SMALL = re.compile(
    r"\b(?:Mrs?|Ms|Miss|Dr|Prof|Rev|Sister|Aunt|Old|Officer|the|a|an|in|on|of|at|since|this|last|from|now|no|x)\b\.?",
    re.IGNORECASE,
)


def _telling(text: str, start: int, end: int) -> list[int]:
    small = {at for match in _SMALL.finditer(text, start, end) for at in range(*match.span())}
    return [at for at in range(start, end) if text[at].isalnum() and at not in small]


def table(counted: Score) -> str:
    """Recall and precision by class, as Markdown."""
    lines = ["| class | identifiers | found | recall | findings | precision |", "|---|--:|--:|--:|--:|--:|"]
    for kind in IdentifierClass:
        four = (counted.there[kind], counted.found[kind], counted.said[kind], counted.right[kind])
        lines += [_row(kind.value, *four)]
    totals = (counted.there.total(), counted.found.total(), counted.said.total(), counted.right.total())
    return "\n".join([*lines, _row("**all**", *totals)])


def _row(name: str, there: int, found: int, said: int, right: int) -> str:
    return f"| {name} | {there} | {found} | {_share(found, there)} | {said} | {_share(right, said)} |"


def _share(part: int, whole: int) -> str:
    if not whole:
        return "–"
    interval = wilson_interval(part / whole, whole)
    return f"{100 * part / whole:.0f} % ({100 * interval.low:.0f}–{100 * interval.high:.0f})"


if __name__ == "__main__":
    tuning, apart = (score(notes) for notes in read_notes())
    for name, counted in (("for tuning", tuning), ("kept apart", apart)):
        print(f"\n{counted.notes} notes {name}\n{table(counted)}")
    if "read" in sys.argv:
        print("\n".join(["", "MISSED", *tuning.missed, "", "WRONG", *tuning.wrong]))
