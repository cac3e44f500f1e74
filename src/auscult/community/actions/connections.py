"""Connections that members state."""

from __future__ import annotations

from datetime import datetime


def labels_of(member: int, now: datetime, topic_id: int) -> list[str]:
    """Labels that words of a member on a topic carry now."""
    return []
