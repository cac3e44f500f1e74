"""Jobs of publishing."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from auscult.members.emails import mail_members
from auscult.publishing import record
from auscult.publishing.models import Release
from auscult.surveys.queries.fieldwork import list_respondents


@app.task(name="publishing.append_record", retry=RetryStrategy(max_attempts=20, exponential_wait=3))
def append_record(*, kind: str, content: dict[str, Any], at: str) -> None:
    """Append an entry that a room to the left asked for, and sign a checkpoint."""
    when = datetime.fromisoformat(at)
    record.append_and_sign(kind, content, at=when)


@app.task(name="publishing.tell_respondents", retry=RetryStrategy(max_attempts=10, exponential_wait=4))
def tell_respondents(*, number: int) -> None:
    """Tell everybody who took part that the result is out. Queued in the transaction that publishes it."""
    release = Release.objects.defer("bundle").get(pk=number)
    members = list_respondents(release.survey_id)
    address = settings.SITE_URL + reverse("publishing:release-read", args=[number])
    with transaction.atomic():
        mail_members(
            members,
            f"The result is out: {release.title}",
            f"You took part in “{release.title}”. Its result is published: {address}\n\nYour receipt and `auscult verify` "
            "tell whether your answers were counted.",
        )
