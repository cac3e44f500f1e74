"""The topics, as pages list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class TopicLine:
    """One topic."""

    id: int
    slug: str
    name: str


#: All topics in their order as one scalar, for queries that read something else besides; ``topics_of`` reads it.
TOPICS = "(SELECT json_agg(json_build_array(id, slug, name) ORDER BY position, name) FROM shared_topic)"


def topics_of(value: list[list[Any]] | None) -> list[TopicLine]:
    """Read ``TOPICS``."""
    return [TopicLine(*each) for each in value or []]


def list_topics() -> list[TopicLine]:
    """All topics in their order."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TOPICS}")
        return topics_of(cursor.fetchone()[0])
