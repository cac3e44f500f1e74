"""Outgoing mail: queued in the transaction, delivered by the worker."""

from __future__ import annotations

import email
import email.policy
import json
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from django.conf import settings
from django.core import mail, signing
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.db import connection, transaction
from django.utils import timezone

from auscult.shared import clock, jobs
from auscult.shared.models import MailMessage

#: Mails that one statement queues.
MAILS_A_STATEMENT = 5000
#: Mails that one job sends over one connection. A worker does one job at a time, so this is also how long a code waits
#: at most: five seconds at 50 ms a mail.
MAILS_A_JOB = 100
#: Mails whose sending is committed together: so many are sent twice if a worker is killed at the worst moment.
MAILS_A_COMMIT = 10


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


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One plain-text mail to queue.

    Attributes:
        headers: more headers of the mail.
        if_bounced: ``{"task": name, "arguments": {...}}`` of the job to queue when the mail comes back.
    """

    to: str
    subject: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    if_bounced: Mapping[str, Any] | None = None


def queue_mail(
    *,
    to: str,
    subject: str,
    text: str,
    headers: Mapping[str, str] | None = None,
    if_bounced: Mapping[str, Any] | None = None,
) -> None:
    """Queue one plain-text mail in the present transaction; it is sent before all batches that wait.

    Args:
        headers: more headers of the mail.
        if_bounced: ``{"task": name, "arguments": {...}}`` of the job that is told when the mail comes back.
    """
    queue_mails([Mail(to=to, subject=subject, text=text, headers=headers or {}, if_bounced=if_bounced)])


_QUEUE = """
    INSERT INTO shared_mailmessage ("to", subject, text, headers, if_bounced, state, created_at)
    SELECT m.receiver, m.subject, m.text, m.headers::jsonb, m.if_bounced::jsonb, 'queued', %s
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS m(receiver, subject, text, headers, if_bounced)
    RETURNING id
"""


def queue_mails(mails: Sequence[Mail]) -> None:
    """Queue mails in the present transaction: two statements for each ``MAILS_A_STATEMENT`` of them.

    A mail by itself goes before batches: it is a code or an answer to something that a person just did.
    """
    now = clock.now()
    for some in batched(mails, MAILS_A_STATEMENT, strict=False):
        with connection.cursor() as cursor:
            cursor.execute(
                _QUEUE,
                [
                    now,
                    [each.to for each in some],
                    [each.subject[:300] for each in some],
                    [each.text for each in some],
                    [json.dumps(dict(each.headers)) for each in some],
                    [None if each.if_bounced is None else json.dumps(dict(each.if_bounced)) for each in some],
                ],
            )
            numbers = [number for (number,) in cursor.fetchall()]
        if len(mails) == 1:
            jobs.queue("shared.deliver_mail", message_id=numbers[0])
        else:
            chunks = batched(numbers, MAILS_A_JOB, strict=False)
            jobs.queue_each("shared.deliver_mails", [{"message_ids": list(chunk)} for chunk in chunks])


def deliver(message_ids: Sequence[int]) -> None:
    """Send queued mails over one connection, or keep them where the instance keeps mail.

    Mails that another worker is sending are left to it, and those that were sent are not sent again. Each few are
    committed, so what was sent stays sent when the connection breaks.

    Raises:
        smtplib.SMTPException, OSError: some mails wait for another try, because of a temporary refusal or a lost
            connection; the last reason.
    """
    if settings.KEEP_MAIL:
        waiting = MailMessage.objects.filter(pk__in=message_ids, state=MailMessage.State.QUEUED)
        waiting.update(state=MailMessage.State.KEPT, sent_at=timezone.now())
        return
    run = _Run(mail.mailers["smtp"])
    try:
        for numbers in batched(message_ids, MAILS_A_COMMIT, strict=False):
            with transaction.atomic():
                run.send(numbers)
            if run.is_broken:
                break
    finally:
        run.close()
    if run.failure:
        raise run.failure


class _Run:
    """One connection to the mail server, and why some mails of it must be tried again."""

    def __init__(self, mailer: BaseEmailBackend) -> None:
        self._mailer = mailer
        self.failure: Exception | None = None
        self.is_broken = False

    def close(self) -> None:
        """End the connection; a server that has ended it already does not matter."""
        try:
            self._mailer.close()
        except (smtplib.SMTPException, OSError):
            return

    def send(self, numbers: Sequence[int]) -> None:
        """Send the mails among these that are queued, and mark what became of them."""
        claimed = (
            MailMessage.objects.select_for_update(skip_locked=True)
            .filter(pk__in=numbers, state=MailMessage.State.QUEUED)
            .order_by("pk")
        )
        sent, refused = [], []
        for message in claimed:
            outcome = self._send_one(message)
            if outcome == MailMessage.State.SENT:
                sent.append(message.pk)
            elif outcome == MailMessage.State.FAILED:
                refused.append(message)
            if self.is_broken:
                break
        # Codes and links are secrets, and an institutional address is a name; what was sent need not be kept.
        gone = {"text": "", "to": "", "sent_at": timezone.now()}
        if sent:
            MailMessage.objects.filter(pk__in=sent).update(state=MailMessage.State.SENT, **gone)
        if refused:
            note_bounces(refused)
            MailMessage.objects.filter(pk__in=[message.pk for message in refused]).update(**gone)

    def _send_one(self, message: MailMessage) -> MailMessage.State:
        """What becomes of a mail: sent, failed for good, or still queued."""
        headers = message.headers | {BOUNCE_HEADER: signing.dumps(message.pk, salt=_SALT)}
        outgoing = mail.EmailMessage(
            message.subject, message.text, settings.DEFAULT_FROM_EMAIL, message.to.split(", "), headers=headers
        )
        try:
            # A connection that is open already is used again; one that ``send_messages`` opens ends with the message.
            self._mailer.open()
            self._mailer.send_messages([outgoing])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            # 5xx is for good; anything else is tried again. 421: the server hangs up.
            if min(codes) >= 500:
                return MailMessage.State.FAILED
            self.failure, self.is_broken = error, 421 in codes
        except smtplib.SMTPDataError as error:
            if error.smtp_code >= 500:
                return MailMessage.State.FAILED
            self.failure, self.is_broken = error, error.smtp_code == 421
        except ValueError:
            # An address or a subject that cannot stand in a mail does not get better.
            return MailMessage.State.FAILED
        except (smtplib.SMTPException, OSError) as error:
            self.failure, self.is_broken = error, True
        else:
            return MailMessage.State.SENT
        return MailMessage.State.QUEUED


def note_bounces(messages: Sequence[MailMessage]) -> None:
    """Mark mails as come back, and queue the jobs of those who want to know."""
    MailMessage.objects.filter(pk__in=[message.pk for message in messages]).update(state=MailMessage.State.FAILED)
    wanted: dict[str, list[Mapping[str, Any]]] = {}
    for message in messages:
        if message.if_bounced:
            wanted.setdefault(message.if_bounced["task"], []).append(message.if_bounced["arguments"])
    for task, arguments in wanted.items():
        jobs.queue_each(task, arguments)


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
            note_bounces([message])
            return True
    return False
