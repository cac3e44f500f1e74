"""Mails to those who act for an organisation."""

from __future__ import annotations

from django.conf import settings

from auscult.members.emails import mail_members
from auscult.organisations.models import Representative
from auscult.organisations.rules import Power


def tell_representatives(organisation_id: int, power: Power, subject: str, text: str) -> None:
    """Queue a mail to each representative who may act on it, in the present transaction."""
    members = Representative.objects.filter(
        organisation_id=organisation_id, ended_at=None, powers__contains=[power.value]
    ).values_list("member_id", flat=True)
    mail_members(list(members), f"{settings.INSTANCE_NAME}: {subject}", text + "\n")
