"""Extract of the record: entries with proofs and the public documents that they name, in one zip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auscult.evidence import bundle
from auscult.evidence.canonical import canonical_json

FORMAT = "auscult-extract/1"
EXTRACT = "extract.json"
DOCUMENTS = "documents/"

_README = """This is an extract of the record of an instance of Auscult. Check it with

    auscult verify EXTRACT.zip

or by hand: SHA256SUMS with sha256sum -c. extract.json holds a signed checkpoint (Ed25519) and entries. The leaf of an entry
is the SHA-256 of a zero byte and the canonical JSON (RFC 8785) of its payload; with its proof, or together with all other
entries, it leads to the root of the checkpoint (RFC 9162). A payload names documents by their SHA-256; they lie
under documents/.
"""


def pack(
    *,
    instance: str,
    things: Sequence[str] | None,
    checkpoint: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    documents: Mapping[str, bytes],
) -> bytes:
    """Write an extract; the same input gives the same bytes.

    Args:
        instance: name of the instance.
        things: what the entries are about; None for the whole record.
        checkpoint: statement, signature and public key.
        entries: index, payload and, for a selection, proof.
        documents: SHA-256 → bytes.
    """
    body = {
        "format": FORMAT,
        "instance": instance,
        "things": list(things) if things is not None else None,
        **checkpoint,
        "entries": list(entries),
    }
    files = {EXTRACT: canonical_json(body), "README.txt": _README.encode()}
    files |= {DOCUMENTS + sha: data for sha, data in documents.items()}
    return bundle.write_zip(files)
