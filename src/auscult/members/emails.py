"""Mails to members; no other room knows their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from auscult.shared.mail import Mail, queue_mails


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One mail to one member.

    Attributes:
        unsubscribe: address that stops such mails with one click (RFC 8058); empty for none.
        if_bounced: task that gets the member's number when the mail comes back; empty for none.
    """

    member_id: int
    subject: str
    text: str
    unsubscribe: str = ""
    if_bounced: str = ""


def mail_members(member_ids: Sequence[int], subject: str, text: str) -> None:
    """Queue the same mail to each of some members, in the present transaction."""
    mail_each([Letter(member_id=member_id, subject=subject, text=text) for member_id in dict.fromkeys(member_ids)])


def mail_each(letters: Sequence[Letter]) -> None:
    """Queue a mail to each of some members, in the present transaction.

    Members without an account get none, and an address that its owner never confirmed may be somebody else's. One query for
    the addresses and two statements for each ``MAILS_A_STATEMENT`` mails.
    """
    addresses = list_addresses([letter.member_id for letter in letters], confirmed=True)
    queue_mails(
        [_mail(letter, addresses[letter.member_id]) for letter in letters if letter.member_id in addresses],
    )


def _mail(letter: Letter, address: str) -> Mail:
    headers = (
        {"List-Unsubscribe": f"<{letter.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        if letter.unsubscribe
        else {}
    )
    bounced = {"task": letter.if_bounced, "arguments": {"member_id": letter.member_id}} if letter.if_bounced else None
    return Mail(to=address, subject=letter.subject, text=letter.text, headers=headers, if_bounced=bounced)


def list_addresses(member_ids: Sequence[int], *, confirmed: bool = False) -> dict[int, str]:
    """Member → address, of those who have an account; for paying what is owed the action that asks writes an event.

    Args:
        confirmed: only addresses that their owners confirmed.
    """
    if not member_ids:
        return {}
    with connection.cursor() as cursor:
        # An array is one parameter, whatever its length; a list of parameters ends at 65,535.
        cursor.execute(
            "SELECT m.id, a.email FROM members_member AS m JOIN members_account AS a ON a.id = m.account_id "
            "WHERE m.id = ANY(%s) AND (NOT %s OR EXISTS (SELECT FROM account_emailaddress AS e "
            "WHERE e.user_id = a.id AND e.verified AND lower(e.email) = lower(a.email)))",
            [list(member_ids), confirmed],
        )
        return dict(cursor.fetchall())
