"""The gate of clinical cases: what in a text may tell who the patient is, and has not been answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from auscult.community.deidentification import Finding, IdentifierClass, find_identifiers, finding_key


def find_open(text: str, reasons: Mapping[str, str]) -> list[Finding]:
    """Findings that are neither removed nor answered with a reason.

    Args:
        text: title and text of a case.
        reasons: key of a finding → why it stays; empty where it was found once and not answered.
    """
    return [each for each in find_identifiers(text, reasons) if not reasons.get(finding_key(each))]


def keep_in_mind(text: str, reasons: Mapping[str, str]) -> dict[str, str]:
    """Reasons, and every finding of now without one: so that none is lost when words beside it are replaced."""
    return {finding_key(each): "" for each in find_identifiers(text, reasons)} | dict(reasons)


def problem_of(text: str, reasons: Mapping[str, str], *, but: Collection[IdentifierClass] = ()) -> str:
    """What is wrong with words that have no gate of their own: changes of a case, and what its author adds beneath it.

    Args:
        text: what is to stand.
        reasons: as for ``find_open``.
        but: classes that are not looked for.

    Returns:
        A sentence that names up to five findings; empty where there are none.
    """
    found = [each for each in find_open(text, reasons) if each.kind not in but]
    named = "; ".join(f"“{each.text}” ({each.why.rstrip('.')})" for each in found[:5])
    return f"This could tell who the patient is: {named}. Leave it out." if found else ""


def text_of(fields: Mapping[str, str]) -> str:
    """Title and text of a case, as the gate reads them: as one."""
    return f"{fields.get('title', '')}\n\n{fields.get('body', '')}"
