"""The record log: appending, checkpoints, proofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from auscult.evidence import merkle
from auscult.evidence.bundle import sha256
from auscult.evidence.canonical import canonical_json
from auscult.evidence.signatures import load_signing_key, public_key_text, sign
from auscult.publishing.models import Checkpoint, RecordDocument, RecordEntry
from auscult.shared.refusals import NotFound

#: Entries that one statement writes.
ENTRIES_A_STATEMENT = 1000


def append(
    kind: str, content: dict[str, Any], *, at: datetime, documents: Mapping[str, bytes] | None = None
) -> RecordEntry:
    """Append one entry; the same kind and content a second time gives the first entry (jobs may run twice).

    Args:
        kind: for example ``"survey.frozen"``.
        content: JSON data without personal data; ``thing`` says what it is about, as ``kind:number``.
        at: when it happened.
        documents: name → public bytes that belong to it; the entry holds their SHA-256 under ``documents``.
    """
    if documents:
        content = content | {"documents": {name: sha256(body) for name, body in documents.items()}}
    with transaction.atomic():
        for body in (documents or {}).values():
            RecordDocument.objects.get_or_create(sha256=sha256(body), defaults={"body": body})
        return append_each(kind, [content], at=at)[0]


def append_each(kind: str, contents: Sequence[Mapping[str, Any]], *, at: datetime) -> list[RecordEntry]:
    """Append one entry for each content, in their order; those that are there already are given as they are.

    Four queries, and one for each ``ENTRIES_A_STATEMENT`` entries.
    """
    payloads = [{"kind": kind, "at": at.isoformat(), **content} for content in contents]
    hashes = [merkle.leaf_hash(canonical_json(payload)) for payload in payloads]
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Indexes have no gaps, so appending goes one at a time.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('publishing.record'))")
        found = {bytes(entry.leaf): entry for entry in RecordEntry.objects.filter(leaf__in=hashes)}
        size = RecordEntry.objects.count()
        new = {leaf: payload for leaf, payload in zip(hashes, payloads, strict=True) if leaf not in found}
        entries = [
            RecordEntry(
                index=size + place, kind=kind, thing=payload.get("thing", ""), payload=payload, leaf=leaf, written_at=at
            )
            for place, (leaf, payload) in enumerate(new.items())
        ]
        made = RecordEntry.objects.bulk_create(entries, batch_size=ENTRIES_A_STATEMENT)
    found |= {bytes(entry.leaf): entry for entry in made}
    return [found[leaf] for leaf in hashes]


def append_and_sign(
    kind: str, content: dict[str, Any], *, at: datetime, documents: Mapping[str, bytes] | None = None
) -> RecordEntry:
    """Append one entry and sign the record as it stands then."""
    entry = append(kind, content, at=at, documents=documents)
    sign_checkpoint(at=at)
    return entry


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
    return steps_of(index, leaves(checkpoint.tree_size))


def steps_of(index: int, hashes: list[bytes]) -> list[str]:
    """Inclusion proof of one of the given leaves, hexadecimal."""
    return [step.hex() for step in merkle.inclusion_proof(index, hashes)]


def consistency_of(older: Checkpoint, newer: Checkpoint) -> list[str]:
    """Proof that the record of one checkpoint is the beginning of that of another, hexadecimal."""
    return [step.hex() for step in merkle.consistency_proof(older.tree_size, leaves(newer.tree_size))]
