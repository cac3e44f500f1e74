"""Right of reply: one table and one way for results, membership claims, positions and agreements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from auscult.community import markup
from auscult.organisations.access import load_representative
from auscult.organisations.queries import Badge, list_badges
from auscult.organisations.rules import Power
from auscult.publishing import record, rules
from auscult.publishing.models import Checkpoint, RecordEntry, Reply
from auscult.shared.refusals import Refused
from auscult.shared.standing import Standing


class CannotReply(Refused):
    """The reply was not taken."""


@dataclass(frozen=True)
class ReplyLine:
    """A reply with its badge."""

    organisation: str
    public_name: str
    scope: str
    html: str
    replied_at: datetime
    record_index: int


@dataclass(frozen=True)
class ReplyBox:
    """What stands under a thing: the replies, and for whom a form is shown."""

    thing: str
    replies: list[ReplyLine]
    badges: list[Badge]


def add_reply(*, standing: Standing, now: datetime, thing: str, organisation_id: int, text: str) -> Reply:
    """Write a reply and its entry; a step of the actions that reply to one kind of thing, in their transaction.

    Args:
        thing: what is answered, as ``kind:number``; the caller has looked it up and locked it.

    Raises:
        NotAllowed: no representative of that organisation with the power.
        CannotReply: empty, too long, or the organisation has replied to all that is on record about it.
    """
    representative = load_representative(standing, organisation_id, Power.REPLY)
    problem = rules.reply_problem(text)
    if problem:
        raise CannotReply(problem)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reply {thing}"])
    if not _may_reply_again(thing, organisation_id):
        raise CannotReply("Your organisation has replied to this, and nothing was put on record about it since.")
    words = text.strip()
    entry = record.append_and_sign(
        "reply.given",
        {
            "thing": thing,
            "organisation": representative.organisation.name,
            "public_name": representative.public_name,
            "scope": representative.scope,
        },
        at=now,
        documents={"text": words.encode()},
    )
    return Reply.objects.create(
        thing=thing,
        organisation_id=organisation_id,
        representative=representative,
        text=words,
        html=markup.to_html(words),
        replied_at=now,
        record_index=entry.index,
    )


def _may_reply_again(thing: str, organisation_id: int) -> bool:
    """Once, and again after each new entry about the thing: what was answered may have grown."""
    last = Reply.objects.filter(thing=thing, organisation_id=organisation_id).order_by("-pk").first()
    if last is None:
        return True
    return RecordEntry.objects.filter(thing=thing, index__gt=last.record_index).exclude(kind="reply.given").exists()


def list_replies(thing: str) -> list[ReplyLine]:
    """Replies to one thing, oldest first."""
    rows = Reply.objects.filter(thing=thing).values_list(
        "organisation__name",
        "representative__public_name",
        "representative__scope",
        "html",
        "replied_at",
        "record_index",
    )
    return [ReplyLine(*row) for row in rows]


def get_reply_box(standing: Standing, thing: str, *, organisations: frozenset[int] | None = None) -> ReplyBox:
    """Replies to one thing, and who of the badges of whoever asks may still reply.

    Args:
        organisations: who may reply, or None for every organisation.
    """
    badges = [
        badge
        for badge in list_badges(standing, Power.REPLY)
        if (organisations is None or badge.organisation_id in organisations)
        and _may_reply_again(thing, badge.organisation_id)
    ]
    return ReplyBox(thing, list_replies(thing), badges)


def replies_as_json(thing: str, *, after: Checkpoint | None) -> dict[str, Any] | None:
    """Replies to a thing with their proofs, for a bundle; None where there are none.

    Args:
        after: the checkpoint that the bundle holds already; the newest is proved to contain it.
    """
    rows = list(
        Reply.objects.filter(thing=thing).values_list(
            "organisation__name", "representative__public_name", "representative__scope", "text", "record_index"
        )
    )
    newest = Checkpoint.objects.first()
    if not rows or newest is None:
        return None
    payloads = dict(RecordEntry.objects.filter(thing=thing, kind="reply.given").values_list("index", "payload"))
    return {
        "checkpoint": newest.statement,
        "signature": newest.signature,
        "public_key": newest.public_key,
        "consistency": record.consistency_of(after, newest) if after else [],
        "replies": [
            {
                "organisation": organisation,
                "public_name": name,
                "scope": scope,
                "text": text,
                "entry": {"index": index, "payload": payloads[index], "proof": record.proof_of(index, newest)},
            }
            for organisation, name, scope, text, index in rows
        ],
    }
