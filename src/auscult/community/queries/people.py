"""Who wrote: what every page shows beside words."""

from __future__ import annotations

from dataclasses import dataclass, field

from auscult.members.rules import shown_specialty

#: Columns and joins of whoever wrote ``{words}``; ``author_of`` reads them in this order.
AUTHOR_COLUMNS = """m.handle, m.specialty_group, m.member_class, r.public_name, o.name, o.kind, r.scope"""
AUTHOR_JOINS = """
    JOIN members_member AS m ON m.id = {words}.author_id
    LEFT JOIN organisations_representative AS r ON r.id = {words}.representative_id
    LEFT JOIN organisations_organisation AS o ON o.id = r.organisation_id
"""


@dataclass(frozen=True)
class Author:
    """Whoever wrote, as readers see it.

    Attributes:
        handle: pseudonym; empty for a member who has gone, and for an organisation.
        specialty: shown beside it.
        organisation: name and kind, where words were written in an organisation's name; then ``public_name`` and ``scope``
            say who speaks for it on what.
        connections: labels of connections that the author stated.
        masked: a member whose handle is not for the reader.
    """

    handle: str
    specialty: str = ""
    organisation: str = ""
    kind: str = ""
    public_name: str = ""
    scope: str = ""
    connections: list[str] = field(default_factory=list)
    masked: bool = False


def author_of(columns: tuple[str | None, ...], connections: list[str]) -> Author:
    """Read ``AUTHOR_COLUMNS``."""
    handle, group, kind, public_name, organisation, organisation_kind, scope = columns
    if organisation:
        return Author("", "", organisation, organisation_kind or "", public_name or "", scope or "", connections)
    return Author(handle or "", shown_specialty(group or "", kind or ""), connections=connections)
