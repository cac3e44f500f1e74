"""Writes of the organisations' room."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from auscult.members.queries import find_member_id
from auscult.organisations.models import Organisation, Representative
from auscult.shared import audit
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


class CannotAddOrganisation(Conflict):
    """The organisation is there already."""


class CannotAppointRepresentative(Refused):
    """The appointment was not made."""


def add_organisation(
    *, standing: Standing, now: datetime, slug: str, name: str, kind: Organisation.Kind, website: str = ""
) -> Organisation:
    """Add an organisation.

    Who may: an operator.

    Raises:
        NotAllowed: no operator.
        CannotAddOrganisation: name or slug is taken.
    """
    standing.require(Permission.ORGANISATION_ADD, "Only an operator adds an organisation.")
    with transaction.atomic():
        if Organisation.objects.filter(slug=slug).exists() or Organisation.objects.filter(name=name).exists():
            raise CannotAddOrganisation(f"{name} is here already.")
        organisation = Organisation.objects.create(slug=slug, name=name, kind=kind, website=website)
        audit.record("organisations.organisation.add", standing=standing, thing=f"organisation:{slug}", now=now)
    return organisation


def appoint_representative(
    *, standing: Standing, now: datetime, organisation: Organisation, email: str, public_name: str, scope: str
) -> Representative:
    """Let an account speak for an organisation within a scope.

    Who may: an operator.

    Raises:
        NotAllowed: no operator.
        CannotAppointRepresentative: no such account, no scope, or appointed already.
    """
    standing.require(Permission.ORGANISATION_ADD, "Only an operator appoints representatives.")
    if not scope.strip() or not public_name.strip():
        raise CannotAppointRepresentative("A representative has a public name and a stated scope.")
    with transaction.atomic():
        member_id = find_member_id(email)
        if member_id is None:
            raise CannotAppointRepresentative("There is no account with that address. The person signs up first.")
        if Representative.objects.filter(organisation=organisation, member_id=member_id, ended_at=None).exists():
            raise CannotAppointRepresentative("This account represents the organisation already.")
        appointed = Representative.objects.create(
            organisation=organisation, member_id=member_id, public_name=public_name, scope=scope
        )
        audit.record(
            "organisations.representative.appoint",
            standing=standing,
            thing=f"organisation:{organisation.slug}",
            now=now,
        )
    return appointed
