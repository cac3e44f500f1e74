"""The audit trail."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection

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
    # Plain SQL: every action writes one, and building it by the ORM cost several times the insert itself.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shared_auditevent (event, actor_id, thing, details, at) VALUES (%s, %s, %s, %s::jsonb, %s)",
            [event, standing.member_id if standing else None, thing, json.dumps(details), now],
        )
