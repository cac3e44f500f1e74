"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from auscult.shared.models import AuditEvent
from auscult.shared.standing import Standing


def record(event: str, *, standing: Standing | None, thing: str, now: datetime, **details: Any) -> None:
    """Write one event; call it inside the transaction of the action.

    Args:
        event: ``room.thing.verb``, named like the action.
        standing: who acted; None where the event must not name anybody (ballots).
        thing: what it happened to, as ``kind:id``.
        now: when.
        details: JSON data without personal data.
    """
    AuditEvent.objects.create(
        event=event, actor_id=standing.member_id if standing else None, thing=thing, details=details, at=now
    )
