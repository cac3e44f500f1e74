"""Audit trail, outgoing mail, topics, rate limits; and the column type of what is sealed."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models.functions import Now


def choices_of(kinds: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Choices of a column whose values are those of an enum."""
    return [(kind.value, kind.value) for kind in kinds]


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """A column of sealed values (shared.crypto), with the purpose they are sealed for, so that keys can be rotated."""

    def __init__(self, *args: Any, purpose: str = "", **options: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """The field with its purpose, for migrations."""
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "purpose": self.purpose}


class AuditEvent(models.Model):
    """One thing that happened, written in the transaction of the action that did it. Append-only by trigger.

    ``actor_id`` is a member's number without a foreign key, so that erasing a member leaves the trail. Events about
    ballots name no actor.
    """

    event = models.CharField(max_length=80)
    actor_id = models.BigIntegerField(null=True)
    thing = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["event", "at"]), models.Index(fields=["thing"])]


class MailMessage(models.Model):
    """One outgoing mail. The text is deleted once it was sent; a development instance keeps it readable."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        KEPT = "kept"
        FAILED = "failed"

    to = models.TextField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    headers = models.JSONField(default=dict)
    # Task and arguments of the job that is told when the mail comes back; no address in it.
    if_bounced = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="mail_newest")]


class Topic(models.Model):
    """A subject that postings, mandates and positions are about."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class RateWindow(models.Model):
    """How often something was tried in one window of time; of whom it was is only a keyed hash."""

    key = models.BinaryField(primary_key=True)
    ends_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="rate_windows_end")]
