"""The offline verifier of an extract of the record: is it signed, is it in the record, does the story it tells hold?

The rules of appeals and agreements are written here a second time, from the published words; the arithmetic of mandates is
the published method itself (``statistics.mandates``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from auscult.evidence import bundle
from auscult.evidence.appeals import SignatureLeaf
from auscult.evidence.canonical import canonical_json
from auscult.evidence.checks import NOT_CHECKED, Check, Falsehood, require, run
from auscult.evidence.extract import DOCUMENTS, EXTRACT, FORMAT
from auscult.evidence.merkle import leaf_hash, root_from_inclusion_proof, root_of
from auscult.evidence.signatures import is_signed, key_fingerprint
from auscult.statistics.mandates import MANDATE_METHOD, mandate_figures

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
    checks = [run(what, step) for what, step in steps]
    if read.body.get("things") is not None:
        detail = "only the whole record shows whether an entry about it was left out"
        checks.append(Check("completeness", NOT_CHECKED, detail))
    return checks


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
    require(bool(entries), "there is no entry")
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
    before: dict[tuple[str, str], Any] = {}
    for payload in read.entries("mandates.counted"):
        counted = json.loads(read.document(payload["documents"]["figures"]))
        require(counted["eligible"] == payload["eligible"], f"{payload['topic']}: another number of members")
        for row in counted["organisations"]:
            where = f"{row['organisation']} on {payload['topic']}"
            old = before.get((payload["topic"], row["slug"]))
            before[payload["topic"], row["slug"]] = row
            if row["withheld"]:
                require("shares" not in row, f"{where}: withheld figures are shown")
                continue
            if row["repeated"]:
                _repeated(row, old, where)
            else:
                require(row["eligible"] == counted["eligible"], f"{where}: another number of members")
                _figures(row, old, where)
            shown += 1
    return f"{shown} figures recomputed with their intervals and badges"


def _repeated(row: Any, old: Any, where: str) -> None:
    require(old is not None and not old["withheld"], f"{where}: figures are repeated that were never shown")
    changing = {"repeated", "waits", "badge"}
    same = {k: v for k, v in row.items() if k not in changing} == {k: v for k, v in old.items() if k not in changing}
    require(same, f"{where}: repeated figures are not those of the count before")
    require(row["badge"] == row["verdict"] and not row["waits"], f"{where}: another badge")


def _figures(row: Any, old: Any, where: str) -> None:
    if row["method"] != MANDATE_METHOD:
        raise Falsehood(f"{where}: method {row['method']} is not known to this verifier")
    met_before = old is not None and not old["withheld"] and old["verdict"] == "mandated"
    counts = {share["stance"]: share["count"] for share in row["shares"]}
    again = mandate_figures(counts, row["eligible"], met_before=met_before)
    for field in ("respondents", "coverage", "verdict", "badge", "waits"):
        near = row[field] == again[field] or (field == "coverage" and abs(row[field] - again[field]) < 1e-9)
        require(near, f"{where}: another {field}")
    require(len(row["shares"]) == len(again["shares"]), f"{where}: a stance is missing")
    for published, computed in zip(row["shares"], again["shares"], strict=True):
        for field in ("share", "low", "high"):
            require(abs(published[field] - computed[field]) < 1e-9, f"{where}: {field} of {published['stance']}")


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
            _sentence(read, payload, counted[thing], texts)
            sent[thing, payload["addressee"]] = at
        else:
            asked = sent.get((thing, payload["addressee"]))
            require(asked is not None, f"{thing}: {payload['addressee']} was never asked")
            assert asked is not None
            if kind == "appeal.answered":
                require(payload["days"] == (at - asked).days, f"{thing}: {payload['addressee']} took another time")
            else:
                require(at >= asked + ANSWER_WITHIN, f"{thing}: silence was noted before 30 days")
    return f"{len(counted)} closed, {signatures:,} signatures recounted, each of the text it names"


def _sentence(read: _Extract, payload: Any, counted: Mapping[int, int], texts: Mapping[tuple[str, int], str]) -> None:
    """The sentence says how many signed which text, and how much of it was changed; who signed both is the operator's word."""
    thing, delivered = payload["thing"], payload["version"]
    signed = max(counted, key=lambda number: (counted[number], -number))
    said = f"{counted[signed]:,} signed version {signed}; version {delivered} delivered"
    require(
        payload["sentence"].startswith(said), f"{thing}: the sentence of the delivery is another: {payload['sentence']}"
    )
    if delivered != signed:
        old, new = (json.loads(read.document(texts[thing, number]))["clauses"] for number in (signed, delivered))
        changed = f"{sum((Counter(old) - Counter(new)).values())} of {len(old)} clauses changed"
        require(payload["sentence"].endswith(changed), f"{thing}: {changed}, the sentence says something else")


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


class _Agreement:
    """What an agreement allows, as its entries tell it one after the other."""

    def __init__(self, terms: Any) -> None:
        self.terms = terms
        self.zone = ZoneInfo(terms["zone"])
        self.starts, self.ends = (date.fromisoformat(terms["term"][key]) for key in ("starts_on", "ends_on"))
        self.ratified_at: datetime | None = None
        self.suspensions: list[tuple[date, bool]] = []
        self.owed = {o["code"]: o for o in terms["obligations"]}
        self.clients = {(terms["parties"][grant["to"]], grant["scope"]) for grant in terms["grants"]}
        self.occurrences: dict[tuple[str, int], _Occurrence] = {}

    def notice(self, payload: Any, at: datetime, where: str) -> None:
        """Take in a notice."""
        if payload["effective_on"] is None:
            return
        effective = date.fromisoformat(payload["effective_on"])
        require(effective >= at.astimezone(self.zone).date(), f"{where}: a notice with effect before it was given")
        if payload["notice"] == "termination":
            self.ends = min(self.ends, effective)
        else:
            self.suspensions.append((effective, payload["notice"] == "suspension"))

    def read(self, payload: Any, at: datetime, where: str) -> None:
        """Take in a read of numbers."""
        day = at.astimezone(self.zone).date()
        require(
            self.ratified_at is not None and at >= self.ratified_at, f"{where}: read before both sides had ratified"
        )
        require(self.starts <= day < self.ends, f"{where}: read outside the term, on {day}")
        holds = [suspends for since, suspends in sorted(self.suspensions, key=lambda row: row[0]) if since <= day]
        require(not (holds and holds[-1]), f"{where}: read while the agreement was suspended, on {day}")
        require(
            (payload["client"], payload["scope"]) in self.clients, f"{where}: {payload['client']} was granted nothing"
        )

    def step(self, payload: Any, at: datetime, where: str) -> None:
        """Take in a step about an obligation."""
        kind, code, number = payload["kind"], payload["obligation"], payload["occurrence"]
        require(code in self.owed, f"{where}: {code} was not promised")
        promised = self.owed[code]
        due_on = promised["due_on"]
        known = 1 <= number <= len(due_on) and due_on[number - 1] == payload["due_on"]
        require(known, f"{where}: {code} {number} was not promised for {payload['due_on']}")
        occurrence = self.occurrences.setdefault((code, number), _Occurrence())
        side, debtor = payload["side"], promised["debtor"]
        if kind in {"obligation.submitted", "obligation.answered"}:
            require(side == debtor, f"{where}: the other side spoke for who owes {code}")
        elif kind in {"obligation.breached", "obligation.excused"}:
            require(side == "arbiter", f"{where}: a party ruled in its own matter")
        else:
            require(side in {"a", "b"} and side != debtor, f"{where}: who owes {code} settled it")
        if kind == "obligation.alleged":
            day = at.astimezone(self.zone).date()
            require(day > date.fromisoformat(payload["due_on"]), f"{where}: alleged before it was due")
            occurrence.alleged_at, occurrence.answered = at, False
        elif kind == "obligation.answered":
            require(occurrence.alleged_at is not None, f"{where}: answered without an allegation")
            occurrence.answered = True
        elif kind in {"obligation.breached", "obligation.excused"}:
            alleged = occurrence.alleged_at
            require(alleged is not None, f"{where}: ruled without an allegation")
            assert alleged is not None
            in_time = occurrence.answered or at >= alleged + REPLY_WINDOW
            require(in_time, f"{where}: ruled before the reply window was over")


def _agreements(read: _Extract) -> str:
    found: dict[str, _Agreement] = {}
    reads = 0
    for payload in read.entries():
        thing, kind = payload.get("thing", ""), payload["kind"]
        if not thing.startswith("agreement:") or kind == "reply.given":
            continue
        at = datetime.fromisoformat(payload["at"])
        if kind == "agreement.proposed":
            require(thing not in found, f"{thing}: proposed twice")
            found[thing] = _Agreement(json.loads(read.document(payload["documents"]["terms"])))
            continue
        require(thing in found, f"{thing}: something happened before it was proposed")
        agreement = found[thing]
        if kind == "agreement.ratified":
            require(payload["by"] == agreement.terms["parties"]["b"], f"{thing}: ratified by somebody else")
            agreement.ratified_at = at
        elif kind == "agreement.noticed":
            agreement.notice(payload, at, thing)
        elif kind.startswith("obligation."):
            require(agreement.ratified_at is not None, f"{thing}: an obligation before both sides had ratified")
            agreement.step(payload, at, thing)
        elif kind == "access.read":
            agreement.read(payload, at, thing)
            reads += 1
    acted = f"{len(found)} with {sum(len(a.occurrences) for a in found.values())} occurrences acted on"
    return f"{acted}; no ruling without a reply window; {reads} reads, all in term"
