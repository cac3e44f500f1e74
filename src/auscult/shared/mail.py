"""Outgoing mail: queued in the transaction, delivered by the worker."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core import mail
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


def queue_mail(*, to: str, subject: str, text: str) -> None:
    """Queue one plain-text mail in the present transaction."""
    message = MailMessage.objects.create(to=to, subject=subject[:300], text=text)
    jobs.queue("shared.deliver_mail", message_id=message.pk)


def deliver(message_id: int) -> None:
    """Send one queued mail, or keep it where the instance keeps mail; a second call does nothing."""
    message = MailMessage.objects.filter(pk=message_id, state=MailMessage.State.QUEUED).first()
    if message is None:
        return
    if settings.KEEP_MAIL:
        message.state = MailMessage.State.KEPT
    else:
        mail.EmailMessage(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, message.to.split(", ")).send(
            using="smtp"
        )
        # Codes and links are secrets, and an institutional address is a name; what was sent need not be kept.
        message.state, message.text, message.to = MailMessage.State.SENT, "", ""
    message.sent_at = timezone.now()
    message.save(update_fields=["state", "text", "to", "sent_at"])
