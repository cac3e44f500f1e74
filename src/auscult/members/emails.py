"""Mails to members; no other room knows their addresses."""

from __future__ import annotations

from collections.abc import Sequence

from auscult.members.models import Account
from auscult.shared.mail import queue_mail


def mail_members(
    member_ids: Sequence[int], subject: str, text: str, *, unsubscribe: str = "", if_bounced: str = ""
) -> None:
    """Queue one mail to each of some members, in the present transaction.

    Args:
        unsubscribe: address that stops such mails with one click (RFC 8058); empty for none.
        if_bounced: task that is told the member's number when a mail comes back; empty for none.
    """
    headers = (
        {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        if unsubscribe
        else {}
    )
    rows = Account.objects.filter(member__in=member_ids).values_list("email", "member__pk")
    for email, member_id in rows:
        queue_mail(
            to=email,
            subject=subject,
            text=text,
            headers=headers,
            if_bounced={"task": if_bounced, "arguments": {"member_id": member_id}} if if_bounced else None,
        )


def list_addresses(member_ids: Sequence[int]) -> dict[int, str]:
    """Member → address, for paying what is owed; the action that asks writes an event."""
    return dict(Account.objects.filter(member__in=member_ids).values_list("member__pk", "email"))
