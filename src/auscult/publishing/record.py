"""The record log: appending, checkpoints, proofs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from auscult.evidence import merkle
from auscult.evidence.canonical import canonical_json
from auscult.evidence.signatures import load_signing_key, public_key_text, sign
from auscult.publishing.models import Checkpoint, RecordEntry
from auscult.shared.refusals import NotFound


def append(kind: str, content: dict[str, Any], *, at: datetime) -> RecordEntry:
    """Append one entry; the same kind and content a second time gives the first entry (jobs may run twice).

    Args:
        kind: for example ``"survey.frozen"``.
        content: JSON data without personal data.
        at: when it happened.
    """
    payload = {"kind": kind, "at": at.isoformat(), **content}
    leaf = merkle.leaf_hash(canonical_json(payload))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Indexes have no gaps, so appending goes one at a time.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('publishing.record'))")
        known = RecordEntry.objects.filter(leaf=leaf).first()
        if known:
            return known
        size = RecordEntry.objects.count()
        return RecordEntry.objects.create(index=size, kind=kind, payload=payload, leaf=leaf, written_at=at)


def leaves(size: int | None = None) -> list[bytes]:
    """Leaf hashes of the first ``size`` entries, or of all."""
    rows = RecordEntry.objects.order_by("index").values_list("leaf", flat=True)
    return [bytes(leaf) for leaf in (rows if size is None else rows[:size])]


def sign_checkpoint(*, at: datetime) -> Checkpoint:
    """Sign the present length and root of the record; the same length a second time gives the first checkpoint."""
    hashes = leaves()
    known = Checkpoint.objects.filter(tree_size=len(hashes)).first()
    if known:
        return known
    key = load_signing_key(settings.SIGNING_SEED)
    root = merkle.root_of(hashes).hex()
    statement = {
        "origin": settings.INSTANCE_NAME,
        "tree_size": len(hashes),
        "root": root,
        "at": at.isoformat(),
    }
    return Checkpoint.objects.create(
        tree_size=len(hashes),
        root=root,
        statement=statement,
        signature=sign(statement, key),
        public_key=public_key_text(key),
    )


def proof_of(index: int, checkpoint: Checkpoint) -> list[str]:
    """Inclusion proof of an entry in a checkpoint, hexadecimal.

    Raises:
        NotFound: the checkpoint does not reach that entry.
    """
    if not 0 <= index < checkpoint.tree_size:
        raise NotFound("The record has no such entry.")
    return [step.hex() for step in merkle.inclusion_proof(index, leaves(checkpoint.tree_size))]
