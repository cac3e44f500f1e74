"""The offline verifier: what a bundle claims, checked claim by claim."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auscult.evidence import bundle
from auscult.evidence.ballots import BallotLeaf, is_nonce
from auscult.evidence.canonical import canonical_json, digest
from auscult.evidence.checks import NOT_CHECKED, Check, Falsehood, require, run
from auscult.evidence.extract import EXTRACT
from auscult.evidence.extract_verifier import verify_extract
from auscult.evidence.merkle import is_consistent, leaf_hash, root_from_inclusion_proof, root_of
from auscult.evidence.signatures import is_signed, key_fingerprint
from auscult.statistics.representativeness import Instrument, make_card
from auscult.statistics.results import (
    card_as_json,
    domains_as_json,
    estimate_survey,
    estimates_as_json,
    leading_as_json,
    table_from_rows,
)

#: Figures are recomputed on other machines, whose last binary digits may differ.
RELATIVE_TOLERANCE = 1e-9
#: Leaves that a declared rule left out of the count; in the bundle only where there are any.
LEFT_OUT = "left_out.jsonl"
#: What a ballot was left out for → the rule of the questionnaire that says so.
_DECLARED_AS = {
    "speeder": "speeders",
    "straightliner": "straightliners",
    "attention": "attention",
    "duplicate": "duplicates",
}


@dataclass(frozen=True)
class _Bundle:
    files: Mapping[str, bytes]
    manifest: Any
    freeze: Any
    results: Any


def verify_bundle(
    data: bytes, *, receipt: bytes | None = None, cells: bytes | None = None, expected_key: str | None = None
) -> list[Check]:
    """Check everything a result bundle, or an extract of the record, claims.

    Args:
        data: bytes of the zip.
        receipt: bytes of a voter's receipt, to find that ballot among those counted.
        cells: bytes of the full cell table that an auditor was given, to recompute weights and estimates.
        expected_key: fingerprint of the public key that must have signed, where the reader knows it.

    Returns:
        One check per claim, in order; a bundle is true when none has the verdict ``FALSE``.

    Raises:
        UnreadableBundle: the bytes are neither, or a receipt or cell table is given for an extract.
    """
    if EXTRACT in (files := bundle.read_zip(data)):
        if receipt is not None or cells is not None:
            raise bundle.UnreadableBundle("A receipt or a cell table is checked with a result bundle, not an extract.")
        return verify_extract(files, expected_key=expected_key)
    bundle.require_files(files)
    read = _Bundle(
        files,
        bundle.read_object(files, bundle.MANIFEST),
        bundle.read_object(files, "freeze.json"),
        bundle.read_object(files, "results.json"),
    )
    steps: list[tuple[str, Callable[[], str]]] = [
        ("sums", lambda: _sums(read)),
        ("signature", lambda: _signature(read, expected_key)),
        ("freeze", lambda: _freeze(read)),
    ]
    try:
        codes = [question["code"] for question in read.freeze["questions"]]
    except (KeyError, TypeError) as error:
        raise bundle.UnreadableBundle(f"freeze.json has no questions: {error!r}") from error
    steps += [(f"ballots of {code}", lambda code=code: _ballots(read, code)) for code in codes]  # type: ignore[misc]
    steps += [
        ("counts and raw shares", lambda: _counts(read)),
        ("ballots left out", lambda: _left_out(read)),
        ("representativeness card", lambda: _card(read)),
        ("robustness of each leading answer", lambda: _robustness(read)),
        ("strata tables", lambda: _strata(read)),
        ("population used for weighting", lambda: _population(read)),
        ("record", lambda: _record(read, expected_key)),
        ("replies", lambda: _replies(read, expected_key)),
    ]
    checks = [run(what, step) for what, step in steps]
    if cells is None:
        checks.append(
            Check(
                "weights and weighted shares",
                NOT_CHECKED,
                "they need the full cell table, which is shown only to an auditor (--cells); "
                f"its SHA-256 is fixed as {read.manifest.get('cells_sha256', '?')[:16]}…",
            )
        )
    else:
        checks.append(run("weights and weighted shares", lambda: _weighted(read, cells)))
    if receipt is not None:
        checks.append(run("your ballot", lambda: _receipt(read, receipt)))
    return checks


def _same(path: str, claimed: Any, computed: Any, tolerance: float = RELATIVE_TOLERANCE) -> None:
    """Compare two JSON values, numbers within a tolerance."""
    if isinstance(computed, dict):
        require(isinstance(claimed, dict) and claimed.keys() == computed.keys(), f"{path}: other fields")
        for key in computed:
            _same(f"{path}.{key}", claimed[key], computed[key], tolerance)
    elif isinstance(computed, list):
        require(isinstance(claimed, list) and len(claimed) == len(computed), f"{path}: another length")
        for index, (left, right) in enumerate(zip(claimed, computed, strict=True)):
            _same(f"{path}[{index}]", left, right, tolerance)
    elif isinstance(computed, float) and isinstance(claimed, int | float):
        near = abs(claimed - computed) <= tolerance * max(1.0, abs(computed))
        require(near, f"{path}: published {claimed!r}, recomputed {computed!r}")
    else:
        require(claimed == computed, f"{path}: published {claimed!r}, recomputed {computed!r}")


def _sums(read: _Bundle) -> str:
    listed = {}
    for line in read.files[bundle.SUMS].decode().splitlines():
        value, _, path = line.partition("  ")
        listed[path] = value
    require(
        listed.keys() == read.files.keys() - {bundle.SUMS, bundle.REPLIES}, "SHA256SUMS does not list exactly the files"
    )
    for path, value in listed.items():
        require(bundle.sha256(read.files[path]) == value, f"{path} was changed after the sums were made")
    expected = read.files.keys() - bundle.ABOUT_MANIFEST - {bundle.REPLIES}
    require(read.manifest["files"].keys() == expected, "the manifest does not list exactly the files")
    for path in expected:
        require(bundle.sha256(read.files[path]) == read.manifest["files"][path], f"{path} is not what was signed")
    require(read.manifest["format"] == bundle.FORMAT, f"unknown format {read.manifest['format']!r}")
    return f"{len(listed)} files as signed"


def _signature(read: _Bundle, expected_key: str | None) -> str:
    signed = bundle.read_object(read.files, bundle.SIGNATURE)
    require(
        is_signed(read.manifest, signed["signature"], signed["public_key"]), "the signature is not of this manifest"
    )
    fingerprint = key_fingerprint(signed["public_key"])
    require(expected_key in (None, fingerprint), f"signed by {fingerprint}, not by {expected_key}")
    return f"Ed25519, key {fingerprint}" + ("" if expected_key else " (compare it with the instance's published key)")


def _freeze(read: _Bundle) -> str:
    value = digest(read.freeze)
    require(value == read.manifest["freeze"], "the wording and rules are not those that were frozen before opening")
    require(read.freeze["instrument"] == read.results["instrument"], "the instrument was changed after opening")
    require(
        [(q["code"], q["wording"], q["choices"]) for q in read.freeze["questions"]]
        == [(q["code"], q["wording"], q["choices"]) for q in read.results["questionnaire"]],
        "the wording in the results is not the one that was frozen",
    )
    closed, due = (datetime.fromisoformat(text) for text in (read.manifest["closed_at"], read.freeze["closes_at"]))
    require(closed >= due, "the poll was closed before its frozen closing date")
    return f"wording, choices and rules as frozen, {value[:16]}…"


def _leaves(read: _Bundle, code: str) -> Iterator[BallotLeaf]:
    for line in read.files[f"ballots/{code}.jsonl"].decode().splitlines():
        row = json.loads(line)
        yield BallotLeaf(row["freeze"], row["question"], row["choice"], row["nonce"])


def _is_withheld(read: _Bundle, code: str) -> bool:
    return bool(read.manifest["ballots"][code] == {"withheld": True})


def _ballots(read: _Bundle, code: str) -> str:
    if _is_withheld(read, code):
        require(f"ballots/{code}.jsonl" not in read.files, "ballots are said to be withheld and are here")
        return f"withheld: fewer than {read.freeze['minimum_cell']} answered"
    leaves = list(_leaves(read, code))
    question = next(q for q in read.freeze["questions"] if q["code"] == code)
    choices = {choice["code"] for choice in question["choices"]}
    for leaf in leaves:
        require(leaf.freeze == read.manifest["freeze"] and leaf.question == code, "a ballot of another question")
        require(leaf.choice in choices, f"a ballot for {leaf.choice!r}, which was no choice")
        require(is_nonce(leaf.nonce), "a ballot without a proper nonce")
    hashes = [leaf.hash() for leaf in leaves]
    require(hashes == sorted(hashes), "ballots are not in the order of their hashes")
    require(len(set(hashes)) == len(hashes), "a ballot stands twice")
    turnout = read.manifest["turnout"]
    require(len(hashes) <= turnout, f"{len(hashes):,} ballots, but only {turnout:,} members took part")
    claimed = read.manifest["ballots"][code]
    require(claimed["count"] == len(hashes), "the manifest counts another number of ballots")
    require(claimed["root"] == root_of(hashes).hex(), "the ballots do not give the published root")
    return f"{len(hashes):,} leaves, root {claimed['root'][:16]}…"


def _counts(read: _Bundle) -> str:
    total = 0
    expected = [q["code"] for q in read.freeze["questions"] if not _is_withheld(read, q["code"])]
    # Compared as lists: a question or an answer more, or twice, is not in the ballots.
    require([q["question"] for q in read.results["questions"]] == expected, "results of other questions than frozen")
    frozen = {question["code"]: question for question in read.freeze["questions"]}
    for claimed in read.results["questions"]:
        code = claimed["question"]
        counted = Counter(leaf.choice for leaf in _leaves(read, code))
        total += counted.total()
        require(claimed["base"] == counted.total(), f"{code}: another base")
        choices = [choice["code"] for choice in frozen[code]["choices"]]
        require([answer["answer"] for answer in claimed["answers"]] == choices, f"{code}: other choices")
        for answer in claimed["answers"]:
            choice, count = answer["answer"], counted[answer["answer"]]
            require(answer["count"] == count, f"{code} {choice}: published {answer['count']:,}, counted {count:,}")
            _same(f"{code} {choice} raw share", answer["raw_share"], count / counted.total())
    return f"{total:,} answers recounted"


def _universe(read: _Bundle) -> int:
    """The frozen universe; never smaller than the members, who may have become more since."""
    return max(int(read.freeze["universe"]["size"]), int(read.manifest["eligible"]), int(read.manifest["turnout"]))


def _card(read: _Bundle) -> str:
    card = read.results["card"]
    require(card["respondents"] == read.manifest["turnout"], "respondents and turnout differ")
    require(card["members"] == read.manifest["eligible"], "the card counts other members than the manifest")
    require(card["universe"] == _universe(read), "the universe is not the one that was frozen")
    made = make_card(
        respondents=card["respondents"],
        members=card["members"],
        universe=card["universe"],
        evenness=card["r_indicator"],
    )
    computed = card_as_json(
        made,
        Instrument(read.freeze["instrument"]),
        weighting=read.results["weighting"],
        member_words=read.freeze["member_words"],
        universe_words=read.freeze["universe"]["words"],
    )
    _same("card", card, computed)
    return f"participation {made.participation:.1%}, coverage {made.coverage:.1%}: “{card['subject']} …”"


def _robustness(read: _Bundle) -> str:
    universe = _universe(read)
    for question in read.results["questions"]:
        leading = max(question["answers"], key=lambda answer: answer["count"])
        computed = leading_as_json(leading["answer"], leading["count"], question["base"], universe)
        _same(question["question"], question["leading"], computed)
    return "worst-case bounds, tipping odds, data-defect correlation"


def _csv(read: _Bundle, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read.files[path].decode())))


def _strata(read: _Bundle) -> str:
    minimum = read.freeze["minimum_cell"]
    sums: Counter[tuple[str, str, str]] = Counter()
    rows = _csv(read, "strata.csv")
    for row in rows:
        count = int(row["count"])
        require(count >= minimum, f"{row['variable']} {row['stratum']}: a cell of {count} is below {minimum}")
        sums[row["variable"], row["question"], row["choice"]] += count
    counts = {
        (question["question"], answer["answer"]): answer["count"]
        for question in read.results["questions"]
        for answer in question["answers"]
    }
    for (variable, question, choice), count in sums.items():
        require(counts[question, choice] == count, f"{variable}: strata of {question} {choice} do not add up")
    return f"{len(rows):,} cells, none below {minimum}, adding up to the totals"


def _population(read: _Bundle) -> str:
    totals: Counter[str] = Counter()
    for row in _csv(read, "frame.csv"):
        totals[row["variable"]] += int(row["persons"])
    weighting = read.results["weighting"]
    if weighting is None:
        return "no weighted result was published"
    for variable in weighting["margins"]:
        _same(f"population by {variable}", weighting["population"], float(totals[variable]))
    return f"{len(weighting['margins'])} margins of {int(weighting['population']):,} persons"


def _record(read: _Bundle, expected_key: str | None) -> str:
    record = bundle.read_object(read.files, bundle.RECORD)
    checkpoint, public_key = record["checkpoint"], record["public_key"]
    require(is_signed(checkpoint, record["signature"], public_key), "the checkpoint is not signed by its key")
    signed = bundle.read_object(read.files, bundle.SIGNATURE)
    require(public_key == signed["public_key"], "the checkpoint was signed by another key than the manifest")
    require(expected_key in (None, key_fingerprint(public_key)), "the checkpoint was signed by another key")
    entries = {entry["payload"]["kind"]: entry for entry in record["entries"]}
    for kind in ("survey.frozen", "release.published"):
        entry = entries[kind]
        leaf = leaf_hash(canonical_json(entry["payload"]))
        path = [bytes.fromhex(step) for step in entry["proof"]]
        root = root_from_inclusion_proof(entry["index"], checkpoint["tree_size"], leaf, path)
        require(root is not None and root.hex() == checkpoint["root"], f"{kind} is not in the record")
    frozen, released = entries["survey.frozen"], entries["release.published"]
    require(frozen["payload"]["freeze"] == read.manifest["freeze"], "the record holds another freeze")
    require(released["payload"]["manifest"] == digest(read.manifest), "the record holds another release")
    require(frozen["index"] < released["index"], "the release stands before the freeze")
    return (
        f"freeze is entry {frozen['index']}, release is entry {released['index']} of {checkpoint['tree_size']}, "
        f"root {checkpoint['root'][:16]}…"
    )


def _replies(read: _Bundle, expected_key: str | None) -> str:
    if bundle.REPLIES not in read.files:
        return "none"
    said = bundle.read_object(read.files, bundle.REPLIES)
    record = bundle.read_object(read.files, bundle.RECORD)
    checkpoint, public_key = said["checkpoint"], said["public_key"]
    require(
        is_signed(checkpoint, said["signature"], public_key), "the checkpoint of the replies is not signed by its key"
    )
    require(public_key == record["public_key"], "the replies were put on record by another key than the result")
    require(expected_key in (None, key_fingerprint(public_key)), "the replies were signed by another key")
    older = record["checkpoint"]
    require(
        is_consistent(
            older["tree_size"],
            checkpoint["tree_size"],
            bytes.fromhex(older["root"]),
            bytes.fromhex(checkpoint["root"]),
            [bytes.fromhex(step) for step in said["consistency"]],
        ),
        "the record of the replies does not contain the record of the result",
    )
    for reply in said["replies"]:
        entry, who = reply["entry"], reply["organisation"]
        payload = entry["payload"]
        path = [bytes.fromhex(step) for step in entry["proof"]]
        leaf = leaf_hash(canonical_json(payload))
        root = root_from_inclusion_proof(entry["index"], checkpoint["tree_size"], leaf, path)
        require(root is not None and root.hex() == checkpoint["root"], f"the reply of {who} is not in the record")
        require(payload["thing"] == f"release:{read.manifest['release']}", f"the reply of {who} is to something else")
        require(payload["kind"] == "reply.given", f"what is shown as the reply of {who} is none")
        for field in ("organisation", "public_name", "scope"):
            require(
                payload[field] == reply[field], f"the reply of {payload['organisation']} is shown with another {field}"
            )
        require(
            payload["documents"]["text"] == bundle.sha256(reply["text"].encode()), f"the reply of {who} was changed"
        )
    require(bool(said["replies"]), "a file of replies without a reply")
    names = ", ".join(reply["organisation"] for reply in said["replies"])
    return f"{len(said['replies'])} as they stand in the record: {names}; whether there are more, the record shows"


def _weighted(read: _Bundle, cells: bytes) -> str:
    require(bundle.sha256(cells) == read.manifest["cells_sha256"], "this is not the cell table that was committed to")
    lines = [line for line in cells.decode().splitlines() if not line.startswith("#")]
    header, *rows = csv.reader(lines)
    choices = {
        question["code"]: tuple(choice["code"] for choice in question["choices"])
        for question in read.freeze["questions"]
    }
    table = table_from_rows(header[:-3], choices, rows)
    require(int(table.respondents.sum()) == read.manifest["turnout"], "the cell table counts another turnout")
    for question in read.results["questions"]:
        counts = {a["answer"]: a["count"] for a in question["answers"]}
        sums = dict(zip(choices[question["question"]], table.answers[question["question"]].sum(axis=0), strict=True))
        require(counts == sums, f"the cell table does not add up to the ballots of {question['question']}")
    population: dict[str, dict[str, float]] = {}
    for row in _csv(read, "frame.csv"):
        population.setdefault(row["variable"], {})[row["level"]] = int(row["persons"])
    if read.results["weighting"] is None:
        return "the cells add up to the ballots; no weighted result was published"
    shown = [question["question"] for question in read.results["questions"]]
    table = replace(table, answers={code: table.answers[code] for code in shown})
    computed = estimates_as_json(estimate_survey(table, population), _universe(read))
    # How far an iteration got is no claim about the world, and differs between machines in its last digits.
    for figure in ("iterations", "worst_relative_error"):
        computed["weighting"].pop(figure)
    claimed = {key: value for key, value in read.results["weighting"].items() if key in computed["weighting"]}
    _same("weighting", claimed, computed["weighting"], 1e-7)
    _same("questions", read.results["questions"], computed["questions"], 1e-7)
    if read.results.get("domains"):
        _same("domains", read.results["domains"], domains_as_json(table, population, "affiliation"), 1e-7)
    return f"recomputed from {len(table.cells):,} cells: weights, shares, standard errors, intervals"


def _receipt(read: _Bundle, receipt: bytes) -> str:
    try:
        claimed = json.loads(receipt)
        leaves = [BallotLeaf(claimed["freeze"], a["question"], a["choice"], a["nonce"]) for a in claimed["answers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Falsehood(f"the receipt cannot be read: {error!r}") from error
    require(bool(leaves), "the receipt holds no answer")
    left_out = _left_out_rules(read)
    rules = set()
    for leaf in leaves:
        require(leaf.freeze == read.manifest["freeze"], "the receipt is for another survey")
        if leaf.hash().hex() in left_out:
            rules.add(left_out[leaf.hash().hex()])
            continue
        if _is_withheld(read, leaf.question):
            continue
        require(leaf in set(_leaves(read, leaf.question)), f"your answer to {leaf.question} is not among those counted")
    if rules:
        return f"left out of the count by a rule declared before opening: {', '.join(sorted(rules))}"
    return f"counted in all {len(leaves)} questions"


def _left_out_rules(read: _Bundle) -> dict[str, str]:
    """Leaf hash → the declared rule that left it out; a bundle without such leaves has no file of them."""
    lines = read.files.get(LEFT_OUT, b"").decode().splitlines()
    return {row["leaf"]: row["rule"] for row in map(json.loads, lines)}


def _left_out(read: _Bundle) -> str:
    rules = _left_out_rules(read)
    shown = [code for code in read.manifest["ballots"] if not _is_withheld(read, code)]
    counted = {leaf.hash().hex() for code in shown for leaf in _leaves(read, code)} if rules else set()
    require(not rules.keys() & counted, "a ballot is both counted and left out")
    fieldwork = read.results.get("fieldwork") or {"left_out": 0, "rules": []}
    require(bool(rules) == bool(fieldwork["left_out"]), "the ballots left out are not those that the result speaks of")
    declared = read.freeze.get("questionnaire", {}).get("exclusions", {})
    for rule in set(rules.values()):
        for part in rule.split(", "):
            require(
                bool(declared.get(_DECLARED_AS.get(part, ""))),
                f"ballots were left out for {part!r}, which was not declared before opening",
            )
    if not rules:
        return "no ballot was left out"
    return f"{fieldwork['left_out']:,} ballots ({len(rules):,} leaves), each by a rule declared before opening"
