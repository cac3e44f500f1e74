"""Doors of the organisations' room."""

from __future__ import annotations

from auscult.organisations.models import Representative
from auscult.shared.refusals import NotAllowed
from auscult.shared.standing import Standing


def load_representative(standing: Standing, organisation_id: int) -> Representative:
    """The appointment by which the one who acts speaks for an organisation.

    Raises:
        NotAllowed: no appointment in force.
    """
    found = (
        Representative.objects.select_related("organisation")
        .filter(organisation_id=organisation_id, member_id=standing.member_id or 0, ended_at=None)
        .first()
    )
    if found is None:
        raise NotAllowed("Only a representative of the organisation answers in its name.")
    return found
