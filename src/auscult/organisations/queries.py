"""Reads of the organisations' room."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.organisations.models import Representative
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class Badge:
    """By what right somebody answers: organisation, public name, scope."""

    organisation_id: int
    organisation: str
    public_name: str
    scope: str


def list_badges(standing: Standing) -> list[Badge]:
    """Appointments in force of whoever asks."""
    if standing.member_id is None:
        return []
    rows = Representative.objects.filter(member_id=standing.member_id, ended_at=None).values_list(
        "organisation_id", "organisation__name", "public_name", "scope"
    )
    return [Badge(*row) for row in rows]
