"""The audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.shared.standing import Standing


def record_each(
    event: str, things: Sequence[tuple[str, Mapping[str, Any]]], *, standing: Standing | None, now: datetime
) -> None:
    """Write one event for each of several things, in one statement.

    Args:
        event: as in ``record``.
        things: ``kind:id`` and details of each.
        standing: who acted.
        now: when.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shared_auditevent (event, actor_id, thing, details, at) "
            "SELECT %s, %s, thing, details::jsonb, %s FROM unnest(%s::text[], %s::text[]) AS t(thing, details)",
            [
                event,
                standing.member_id if standing else None,
                now,
                [thing for thing, _ in things],
                [json.dumps(dict(details)) for _, details in things],
            ],
        )


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
