"""Mails to members; no other room knows their addresses."""

from __future__ import annotations

from collections.abc import Sequence

from auscult.members.models import Account
from auscult.shared.mail import queue_mail


def mail_members(member_ids: Sequence[int], subject: str, text: str) -> None:
    """Queue one mail to each of some members, in the present transaction."""
    for email in Account.objects.filter(member__in=member_ids).values_list("email", flat=True):
        queue_mail(to=email, subject=subject, text=text)
