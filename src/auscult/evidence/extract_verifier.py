"""The offline verifier of an extract of the record: is it signed, is it in the record, does the story it tells hold?

The rules of each kind are written here a second time, from the published words, not from the code that made the entries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from auscult.evidence import bundle
from auscult.evidence.appeals import SignatureLeaf
from auscult.evidence.canonical import canonical_json
from auscult.evidence.checks import Check, Falsehood, require, run
from auscult.evidence.extract import DOCUMENTS, EXTRACT, FORMAT
from auscult.evidence.merkle import leaf_hash, root_from_inclusion_proof, root_of
from auscult.evidence.signatures import is_signed, key_fingerprint
from auscult.statistics.mandates import MANDATE_METHOD, badge_of, mandate_figures

REPLY_WINDOW, ANSWER_WITHIN = timedelta(days=14), timedelta(days=30)


@dataclass(frozen=True)
class _Extract:
    files: Mapping[str, bytes]
    body: Any

    def entries(self, *kinds: str) -> Iterator[Any]:
        """Payloads of some kinds, in the order of the record; of all where none is named."""
        for entry in self.body["entries"]:
            if not kinds or entry["payload"]["kind"] in kinds:
                yield entry["payload"]

    def document(self, sha: str) -> bytes:
        """One document."""
        require(DOCUMENTS + sha in self.files, f"document {sha[:16]}… is missing")
        return self.files[DOCUMENTS + sha]


def verify_extract(files: Mapping[str, bytes], *, expected_key: str | None = None) -> list[Check]:
    """Check an extract of the record.

    Args:
        files: path → bytes of the zip.
        expected_key: fingerprint that the signing key must have, or None.

    Returns:
        One line for each thing checked.

    Raises:
        UnreadableBundle: extract.json is absent, not JSON or no object.
    """
    read = _Extract(files, bundle.read_object(files, EXTRACT))
    steps: list[tuple[str, Callable[[], str]]] = [
        ("files", lambda: _sums(read)),
        ("checkpoint", lambda: _checkpoint(read, expected_key)),
        ("entries in the record", lambda: _entries(read)),
        ("documents", lambda: _documents(read)),
        ("membership claims", lambda: _memberships(read)),
        ("mandates", lambda: _mandates(read)),
        ("appeals", lambda: _appeals(read)),
        ("agreements", lambda: _agreements(read)),
    ]
    return [run(what, step) for what, step in steps]


def _sums(read: _Extract) -> str:
    require(read.body["format"] == FORMAT, f"unknown format {read.body['format']!r}")
    listed = {}
    for line in read.files[bundle.SUMS].decode().splitlines():
        value, _, path = line.partition("  ")
        listed[path] = value
    require(listed.keys() == read.files.keys() - {bundle.SUMS}, "SHA256SUMS does not list exactly the files")
    for path, value in listed.items():
        require(bundle.sha256(read.files[path]) == value, f"{path} was changed after the sums were made")
    return f"{len(listed)} files"


def _checkpoint(read: _Extract, expected_key: str | None) -> str:
    statement, key = read.body["checkpoint"], read.body["public_key"]
    require(is_signed(statement, read.body["signature"], key), "the checkpoint is not signed by its key")
    fingerprint = key_fingerprint(key)
    require(expected_key in (None, fingerprint), f"signed by {fingerprint}, not by {expected_key}")
    require(statement["origin"] == read.body["instance"], "the checkpoint is of another instance")
    return f"{statement['tree_size']} entries, root {statement['root'][:16]}…, key {fingerprint}"


def _entries(read: _Extract) -> str:
    size, root = read.body["checkpoint"]["tree_size"], read.body["checkpoint"]["root"]
    entries = read.body["entries"]
    indexes = [entry["index"] for entry in entries]
    require(indexes == sorted(set(indexes)), "the entries are not in the order of the record")
    leaves = [leaf_hash(canonical_json(entry["payload"])) for entry in entries]
    if read.body["things"] is None:
        require(indexes == list(range(size)), "the whole record is claimed, and entries are missing")
        require(root_of(leaves).hex() == root, "the entries do not give the root of the checkpoint")
        return f"all {size}, leading to the root"
    things = set(read.body["things"])
    for entry, leaf in zip(entries, leaves, strict=True):
        path = [bytes.fromhex(step) for step in entry["proof"]]
        found = root_from_inclusion_proof(entry["index"], size, leaf, path)
        require(found is not None and found.hex() == root, f"entry {entry['index']} is not in the record")
        require(entry["payload"].get("thing") in things, f"entry {entry['index']} is about something else")
    return f"{len(entries)} about {', '.join(sorted(things))}, each with its proof"


def _documents(read: _Extract) -> str:
    named = {sha for payload in read.entries() for sha in payload.get("documents", {}).values()}
    held = {path.removeprefix(DOCUMENTS) for path in read.files if path.startswith(DOCUMENTS)}
    require(named == held, "the documents are not exactly those that the entries name")
    for sha in named:
        require(bundle.sha256(read.document(sha)) == sha, f"document {sha[:16]}… is not what the record names")
    return f"{len(named)} texts as named"


def _memberships(read: _Extract) -> str:
    count = 0
    for payload in read.entries("membership.claimed"):
        members = payload["members"]
        parts = [persons for category, persons in members.items() if category != "all"]
        require(min([0, *members.values()]) == 0, f"{payload['organisation']}: negative members")
        require(all(part <= members["all"] for part in parts), f"{payload['organisation']}: a part exceeds the whole")
        require(bool(payload["source"] and payload["grade"]), f"{payload['organisation']}: a figure without its source")
        count += 1
    return f"{count} claims, each with source and grade"


def _mandates(read: _Extract) -> str:
    shown = 0
    for payload in read.entries("mandates.counted"):
        counted = json.loads(read.document(payload["documents"]["figures"]))
        require(counted["eligible"] == payload["eligible"], f"{payload['topic']}: another number of members")
        for row in counted["organisations"]:
            if row["withheld"]:
                require("shares" not in row, f"{payload['topic']}: withheld figures are shown")
                continue
            if row["method"] != MANDATE_METHOD:
                raise Falsehood(f"{payload['topic']}: method {row['method']} is not known to this verifier")
            counts = {share["stance"]: share["count"] for share in row["shares"]}
            again = mandate_figures(counts, row["eligible"], met_before=not row["waits"])
            where = f"{row['organisation']} on {payload['topic']}"
            for published, computed in zip(row["shares"], again["shares"], strict=True):
                for field in ("share", "low", "high"):
                    near = abs(published[field] - computed[field]) < 1e-9
                    require(near, f"{where}: {field} of {published['stance']}")
            require(row["verdict"] == badge_of(counts, row["eligible"]).value, f"{where}: the rule gives another badge")
            require(row["badge"] == ("insufficient" if row["waits"] else row["verdict"]), f"{where}: another badge")
            require(abs(row["coverage"] - again["coverage"]) < 1e-9, f"{where}: coverage")
            shown += 1
    return f"{shown} figures recomputed with their intervals and badges"


def _appeals(read: _Extract) -> str:
    texts: dict[tuple[str, int], str] = {}
    counted: dict[str, dict[int, int]] = {}
    sent: dict[tuple[str, str], datetime] = {}
    signatures = 0
    for payload in read.entries(
        "appeal.opened", "appeal.amended", "appeal.closed", "appeal.delivered", "appeal.answered", "appeal.silent"
    ):
        thing, kind = payload["thing"], payload["kind"]
        at = datetime.fromisoformat(payload["at"])
        if kind in {"appeal.opened", "appeal.amended"}:
            require(payload["documents"]["text"] == payload["text"], f"{thing}: the hash is not that of the text")
            require((thing, payload["version"]) not in texts, f"{thing}: version {payload['version']} has two texts")
            texts[thing, payload["version"]] = payload["text"]
        elif kind == "appeal.closed":
            require(thing not in counted, f"{thing}: closed twice")
            counted[thing] = {}
            for row in payload["versions"]:
                require(texts.get((thing, row["version"])) == row["text"], f"{thing}: signatures of another text")
                counted[thing][row["version"]] = row["signatures"]
                signatures += _signatures(read, payload, row)
        elif kind == "appeal.delivered":
            require(texts.get((thing, payload["version"])) == payload["text"], f"{thing}: another text was delivered")
            require(
                counted.get(thing, {}).get(payload["version"]) == payload["signatures"],
                f"{thing}: delivered with another number of signatures",
            )
            sent[thing, payload["addressee"]] = at
        else:
            asked = sent.get((thing, payload["addressee"]))
            require(asked is not None, f"{thing}: {payload['addressee']} was never asked")
            assert asked is not None
            if kind == "appeal.silent":
                require(at >= asked + ANSWER_WITHIN, f"{thing}: silence was noted before 30 days")
    return f"{len(counted)} closed, {signatures:,} signatures recounted, each of the text it names"


def _signatures(read: _Extract, payload: Any, row: Any) -> int:
    if row["signatures"] == 0:
        return 0
    lines = read.document(payload["documents"][f"signatures-{row['version']}"]).decode().splitlines()
    leaves = [SignatureLeaf(value["text"], value["nonce"]) for value in map(json.loads, lines)]
    hashes = [leaf.hash() for leaf in leaves]
    require(all(leaf.text == row["text"] for leaf in leaves), f"{payload['thing']}: a signature of another text")
    require(hashes == sorted(set(hashes)), f"{payload['thing']}: a signature stands twice")
    require(
        len(hashes) == row["signatures"], f"{payload['thing']}: {row['signatures']:,} claimed, {len(hashes):,} here"
    )
    require(root_of(hashes).hex() == row["root"], f"{payload['thing']}: the signatures do not give the root")
    return len(hashes)


@dataclass
class _Occurrence:
    alleged_at: datetime | None = None
    answered: bool = False


def _agreements(read: _Extract) -> str:
    terms: dict[str, Any] = {}
    ratified: set[str] = set()
    ends: dict[str, date] = {}
    occurrences: dict[tuple[str, str, int], _Occurrence] = {}
    reads = 0
    for payload in read.entries():
        thing, kind = payload.get("thing", ""), payload["kind"]
        if not thing.startswith("agreement:") or kind == "reply.given":
            continue
        at = datetime.fromisoformat(payload["at"])
        if kind == "agreement.proposed":
            terms[thing] = json.loads(read.document(payload["documents"]["terms"]))
            ends[thing] = date.fromisoformat(terms[thing]["term"]["ends_on"])
            continue
        require(thing in terms, f"{thing}: something happened before it was proposed")
        if kind == "agreement.ratified":
            ratified.add(thing)
        elif kind == "agreement.noticed":
            if payload["notice"] == "termination":
                effective = date.fromisoformat(payload["effective_on"])
                require(effective >= at.date() - timedelta(days=1), f"{thing}: terminated from a day before the notice")
                ends[thing] = min(ends[thing], date.fromisoformat(payload["effective_on"]))
        elif kind.startswith("obligation."):
            require(thing in ratified, f"{thing}: an obligation before both sides had ratified")
            known = {o["code"] for o in terms[thing]["obligations"]}
            require(payload["obligation"] in known, f"{thing}: {payload['obligation']} was not promised")
            place = (thing, payload["obligation"], payload["occurrence"])
            _obligation(occurrences.setdefault(place, _Occurrence()), payload, at)
        elif kind == "access.read":
            starts = date.fromisoformat(terms[thing]["term"]["starts_on"])
            # A day of the instance may begin up to 14 hours before or after that of UTC.
            day, slack = at.date(), timedelta(days=1)
            require(starts - slack <= day < ends[thing] + slack, f"{thing}: read outside the term, on {day}")
            reads += 1
    acted = f"{len(terms)} with {len(occurrences)} occurrences acted on"
    return f"{acted}; no ruling without a reply window; {reads} reads, all in term"


def _obligation(occurrence: _Occurrence, payload: Any, at: datetime) -> None:
    kind, where = payload["kind"], f"{payload['thing']} {payload['obligation']} {payload['occurrence']}"
    if kind == "obligation.alleged":
        require(at.date() >= date.fromisoformat(payload["due_on"]), f"{where}: alleged before it was due")
        occurrence.alleged_at, occurrence.answered = at, False
    elif kind == "obligation.answered":
        require(occurrence.alleged_at is not None, f"{where}: answered without an allegation")
        occurrence.answered = True
    elif kind in {"obligation.breached", "obligation.excused"}:
        alleged = occurrence.alleged_at
        require(alleged is not None, f"{where}: ruled without an allegation")
        assert alleged is not None
        require(occurrence.answered or at >= alleged + REPLY_WINDOW, f"{where}: ruled before the reply window was over")
        require(payload["side"] == "arbiter", f"{where}: a party ruled in its own matter")
