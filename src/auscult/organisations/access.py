"""Doors of the organisations' room."""

from __future__ import annotations

from auscult.organisations.models import Organisation, Representative
from auscult.organisations.rules import POWER_WORDS, Power
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import Standing


def load_representative(standing: Standing, organisation_id: int, power: Power) -> Representative:
    """The appointment by which the one who acts may do something in the name of an organisation.

    Raises:
        NotAllowed: no appointment in force, or one whose scope does not hold the power.
    """
    found = (
        Representative.objects.select_related("organisation")
        .filter(organisation_id=organisation_id, member_id=standing.member_id or 0, ended_at=None)
        .first()
    )
    if found is None:
        raise NotAllowed("Only a representative of the organisation acts in its name.")
    if power not in found.powers:
        raise NotAllowed(
            f"You represent {found.organisation.name} on {found.scope}. To {POWER_WORDS[power]} needs another appointment."
        )
    return found


def has_representative(organisation_id: int, power: Power) -> bool:
    """Whether anybody may do something in the name of an organisation."""
    return Representative.objects.filter(
        organisation_id=organisation_id, ended_at=None, powers__contains=[power.value]
    ).exists()


def load_organisation(slug: str) -> Organisation:
    """An organisation; they are public.

    Raises:
        NotFound: there is none of that name.
    """
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no organisation of that name here.")
    return found
