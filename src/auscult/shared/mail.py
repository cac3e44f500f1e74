"""Outgoing mail: queued in the transaction, delivered by the worker."""

from __future__ import annotations

import email
import email.policy
import smtplib
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core import mail, signing
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.utils import timezone

from auscult.shared import jobs
from auscult.shared.models import MailMessage


class QueueBackend(BaseEmailBackend):
    """Django's door to the queue: everything that sends mail through Django ends here."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages; returns how many."""
        for message in email_messages:
            queue_mail(to=", ".join(message.to), subject=str(message.subject), text=str(message.body))
        return len(email_messages)


#: Header by which a mail that came back names the row it was sent from: signed, and without an address.
BOUNCE_HEADER = "X-Auscult-Mail"
_SALT = "shared.bounce"


def queue_mail(
    *,
    to: str,
    subject: str,
    text: str,
    headers: Mapping[str, str] | None = None,
    if_bounced: Mapping[str, Any] | None = None,
) -> None:
    """Queue one plain-text mail in the present transaction.

    Args:
        headers: more headers of the mail.
        if_bounced: ``{"task": name, "arguments": {...}}`` of the job that is told when the mail comes back.
    """
    message = MailMessage.objects.create(
        to=to,
        subject=subject[:300],
        text=text,
        headers=dict(headers or {}),
        if_bounced=dict(if_bounced) if if_bounced else None,
    )
    jobs.queue("shared.deliver_mail", message_id=message.pk)


def deliver(message_id: int) -> None:
    """Send one queued mail, or keep it where the instance keeps mail; a second call does nothing."""
    message = MailMessage.objects.filter(pk=message_id, state=MailMessage.State.QUEUED).first()
    if message is None:
        return
    if settings.KEEP_MAIL:
        message.state = MailMessage.State.KEPT
    else:
        headers = message.headers | {BOUNCE_HEADER: signing.dumps(message.pk, salt=_SALT)}
        outgoing = mail.EmailMessage(
            message.subject, message.text, settings.DEFAULT_FROM_EMAIL, message.to.split(", "), headers=headers
        )
        message.state = MailMessage.State.SENT
        try:
            outgoing.send(using="smtp")
        except smtplib.SMTPRecipientsRefused as error:
            # 5xx is for good; anything else is tried again.
            if any(code < 500 for code, _ in error.recipients.values()):
                raise
            note_bounce(message)
        # Codes and links are secrets, and an institutional address is a name; what was sent need not be kept.
        message.text = message.to = ""
    message.sent_at = timezone.now()
    message.save(update_fields=["state", "text", "to", "sent_at"])


def note_bounce(message: MailMessage) -> None:
    """Mark a mail as come back, and tell whoever wanted to know."""
    message.state = MailMessage.State.FAILED
    if message.if_bounced:
        jobs.queue(message.if_bounced["task"], **message.if_bounced["arguments"])


def read_bounce(data: bytes) -> bool:
    """Read a delivery status notification (RFC 3464) as a mail server hands it over.

    Returns:
        Whether it said for good that one of our mails cannot be delivered.
    """
    notice = email.message_from_bytes(data, policy=email.policy.default)
    failed = any(
        str(block.get("Status", "")).strip().startswith("5")
        for part in notice.walk()
        if part.get_content_type() == "message/delivery-status"
        for block in part.walk()
    )
    # The returned mail, or its headers, carry the number of the row; some servers return them as text.
    for part in notice.walk():
        token = part.get(BOUNCE_HEADER)
        if token is None and part.get_content_type() == "text/rfc822-headers":
            token = email.message_from_string(part.get_content(), policy=email.policy.default).get(BOUNCE_HEADER)
        if token is None:
            continue
        try:
            number = int(signing.loads(str(token).strip(), salt=_SALT))
        except (signing.BadSignature, ValueError, TypeError):
            continue
        message = MailMessage.objects.filter(pk=number, state=MailMessage.State.SENT).first()
        if failed and message:
            note_bounce(message)
            message.save(update_fields=["state"])
            return True
    return False
