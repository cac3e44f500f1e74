"""The tour of a demonstration: the questions of fact of 2009, each with the page that settles it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse


@dataclass(frozen=True)
class Stop:
    """One page of the tour: what was disputed, what the page shows, its address."""

    question: str
    answer: str
    address: str


def stops() -> list[Stop]:
    """Ten pages, in the order of the quarrel. The numbers are those of the seeded demonstration."""
    return [
        Stop(
            "How many members does the association have? 15%, under 20%, 23% and 26% were all quoted.",
            "Every share under every numerator and denominator, none without its definition.",
            reverse("web:membership-read", args=["ama"]),
        ),
        Stop(
            "Is the poll of July 2009 representative?",
            "The result says of whom it may speak, and the association answers under it, in the bundle too.",
            reverse("publishing:release-read", args=[1]),
        ),
        Stop(
            "Who speaks for us, and on what?",
            "Mandates topic by topic, with intervals, coverage and a badge by a published rule.",
            reverse("voice:mandate-read", args=["organised-medicine"]),
        ),
        Stop(
            "Does the association's position match what its own members think?",
            "Its position beside the weighted answers of its members and of others.",
            reverse("voice:position-read", args=[1]),
        ),
        Stop(
            "What did the signatories sign?",
            "An appeal whose signatures are bound to one exact text.",
            reverse("voice:appeal-read", args=[1]),
        ),
        Stop(
            "Was that the text that was delivered?",
            "Both versions, word by word.",
            reverse("voice:appeal-changes", args=[1, 1, 2]),
        ),
        Stop(
            "Who turns voice into action?",
            "One chain from posting to result to appeal to answer, or to silence, with its clocks.",
            reverse("voice:issue-read", args=[2]),
        ),
        Stop(
            "Who ended the partnership, when, citing what? Was it delivered?",
            "The agreement as a two-column ledger: what each side owed, gave, alleged and answered.",
            reverse("partnerships:agreement-read", args=[1]),
        ),
        Stop(
            "Who read what physicians wrote, by what right?",
            "Every read under the grant with its receipt; after the term the same request is refused.",
            reverse("partnerships:access-read", args=[1]),
        ),
        Stop(
            "And who says that this record is true?",
            "Nobody needs to: download it and check it without us.",
            reverse("publishing:record-read"),
        ),
    ]


@dataclass(frozen=True)
class Strip:
    """Where a page stands on the tour."""

    number: int
    total: int
    question: str
    before: str
    after: str


def strip_of(path: str) -> Strip | None:
    """The strip of a page of the tour, or None elsewhere and outside a demonstration."""
    if not settings.DEMO:
        return None
    found = stops()
    addresses = [stop.address for stop in found]
    if path not in addresses:
        return None
    here = addresses.index(path)
    return Strip(
        here + 1,
        len(found),
        found[here].question,
        addresses[here - 1] if here else "",
        addresses[here + 1] if here + 1 < len(found) else "",
    )
