"""What the pages of the shell show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auscult.members.queries import count_registered, count_verified
from auscult.publishing.models import Checkpoint
from auscult.publishing.queries import ReleaseLine, list_releases
from auscult.registry.models import Benchmark, Frame
from auscult.registry.queries import find_frame
from auscult.shared.models import MailMessage


@dataclass(frozen=True)
class Home:
    """The front page: who exists, who is here, what is on record."""

    frame: Frame | None
    benchmark: Benchmark | None
    registered: int
    verified: int
    releases: list[ReleaseLine]
    checkpoint: Checkpoint | None


def get_home(now: datetime) -> Home:
    """The front page, in six queries."""
    return Home(
        find_frame(),
        Benchmark.objects.order_by("-persons").first(),
        count_registered(),
        count_verified(now),
        list_releases(limit=5),
        Checkpoint.objects.first(),
    )


def list_mails(limit: int = 100) -> list[MailMessage]:
    """Newest mails of a development instance."""
    return list(MailMessage.objects.order_by("-pk")[:limit])
