"""Extracts of the record: entries with their proofs and documents, to be checked offline by ``auscult verify``."""

from __future__ import annotations

from django.conf import settings

from auscult.evidence import extract
from auscult.publishing import record
from auscult.publishing.models import Checkpoint, RecordDocument, RecordEntry
from auscult.shared.refusals import NotFound


def make_extract(things: list[str] | None = None) -> bytes:
    """The whole record, or all entries about some things, as a zip.

    Args:
        things: as in the entries, for example ``["agreement:1"]``; None for everything.

    Raises:
        NotFound: the record holds nothing about them.
    """
    checkpoint = Checkpoint.objects.first()
    entries = RecordEntry.objects.order_by("index")
    if things is not None:
        entries = entries.filter(thing__in=things)
    rows = list(entries.values_list("index", "payload"))
    if checkpoint is None or not rows:
        raise NotFound("The record holds nothing about this yet.")
    # An entry may have been written since the newest checkpoint was signed.
    rows = [(index, payload) for index, payload in rows if index < checkpoint.tree_size]
    hashes = record.leaves(checkpoint.tree_size)
    named = {sha for _, payload in rows for sha in payload.get("documents", {}).values()}
    documents = RecordDocument.objects.filter(pk__in=named).values_list("sha256", "body")
    return extract.pack(
        instance=settings.INSTANCE_NAME,
        things=things,
        checkpoint={
            "checkpoint": checkpoint.statement,
            "signature": checkpoint.signature,
            "public_key": checkpoint.public_key,
        },
        # Without gaps the entries prove each other; a selection needs a proof for each.
        entries=[
            {"index": index, "payload": payload} | ({} if things is None else {"proof": record.steps_of(index, hashes)})
            for index, payload in rows
        ],
        documents={sha: bytes(body) for sha, body in documents},
    )
