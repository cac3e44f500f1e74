"""What the page of a case that is being written shows."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.community import access
from auscult.community.deidentification import Finding, find_identifiers, finding_key
from auscult.community.gate import text_of
from auscult.community.queries.pictures import OwnPicture, pictures_of
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class FindingLine:
    """One finding of the gate.

    Attributes:
        before: the words before it, for the eye.
        after: the words behind it.
        reason: why the author keeps it; empty while it waits for an answer.
    """

    finding: Finding
    key: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class CaseDraftPage:
    """A case that is being written."""

    draft_id: int
    fields: dict[str, str]
    findings: list[FindingLine]
    waiting: int
    pictures: list[OwnPicture]


def get_case_draft(standing: Standing, draft_id: int) -> CaseDraftPage:
    """One's case, with what the gate finds in it now.

    Raises:
        NotFound: none, or somebody else's.
    """
    draft = access.load_draft_to_write(standing, draft_id)
    text = text_of(draft.fields)
    lines, seen = [], set()
    for each in find_identifiers(text, draft.reasons):
        key = finding_key(each)
        if key in seen:
            continue
        seen.add(key)
        before = text[max(0, each.start - 50) : each.start].replace("\n", " ")
        after = text[each.end : each.end + 50].replace("\n", " ")
        lines.append(FindingLine(each, key, before, after, draft.reasons.get(key, "")))
    return CaseDraftPage(draft_id, draft.fields, lines, sum(1 for line in lines if not line.reason), pictures_of(draft))
