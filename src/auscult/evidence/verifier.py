"""The offline verifier: what a bundle claims, checked claim by claim."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auscult.evidence import bundle
from auscult.evidence.ballots import BallotLeaf, is_nonce
from auscult.evidence.canonical import canonical_json, digest
from auscult.evidence.merkle import leaf_hash, root_from_inclusion_proof, root_of
from auscult.evidence.signatures import is_signed, key_fingerprint
from auscult.statistics.errors import CannotEstimate
from auscult.statistics.representativeness import Instrument, make_card
from auscult.statistics.results import (
    card_as_json,
    estimate_survey,
    estimates_as_json,
    leading_as_json,
    table_from_rows,
)

#: Figures are recomputed on other machines, whose last binary digits may differ.
RELATIVE_TOLERANCE = 1e-9

TRUE, FALSE, NOT_CHECKED = "ok", "FALSE", "not checked"


@dataclass(frozen=True)
class Check:
    """One line of the verdict: what was checked, how it went, and the figure or the reason."""

    what: str
    verdict: str
    detail: str


class Falsehood(Exception):
    """A claim of the bundle is not true; the text says which."""


@dataclass(frozen=True)
class _Bundle:
    files: Mapping[str, bytes]
    manifest: Any
    freeze: Any
    results: Any


def verify_bundle(
    data: bytes, *, receipt: bytes | None = None, cells: bytes | None = None, expected_key: str | None = None
) -> list[Check]:
    """Check everything a bundle claims.

    Args:
        data: bytes of the zip.
        receipt: bytes of a voter's receipt, to find that ballot among those counted.
        cells: bytes of the full cell table that an auditor was given, to recompute weights and estimates.
        expected_key: fingerprint of the public key that must have signed, where the reader knows it.

    Returns:
        One check per claim, in order; a bundle is true when none has the verdict ``FALSE``.

    Raises:
        UnreadableBundle: the bytes are not a bundle.
    """
    files = bundle.unpack(data)
    read = _Bundle(
        files,
        bundle.read_json(files, bundle.MANIFEST),
        bundle.read_json(files, "freeze.json"),
        bundle.read_json(files, "results.json"),
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
        ("representativeness card", lambda: _card(read)),
        ("robustness of each leading answer", lambda: _robustness(read)),
        ("strata tables", lambda: _strata(read)),
        ("population used for weighting", lambda: _population(read)),
        ("record", lambda: _record(read, expected_key)),
    ]
    checks = [_run(what, step) for what, step in steps]
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
        checks.append(_run("weights and weighted shares", lambda: _weighted(read, cells)))
    if receipt is not None:
        checks.append(_run("your ballot", lambda: _receipt(read, receipt)))
    return checks


def _run(what: str, step: Callable[[], str]) -> Check:
    try:
        return Check(what, TRUE, step())
    except Falsehood as error:
        return Check(what, FALSE, str(error))
    except (KeyError, TypeError, ValueError, IndexError, StopIteration, CannotEstimate) as error:
        return Check(what, FALSE, f"the bundle contradicts its format: {error!r}")


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Falsehood(otherwise)


def _same(path: str, claimed: Any, computed: Any) -> None:
    """Compare two JSON values, numbers within the tolerance."""
    if isinstance(computed, dict):
        _require(isinstance(claimed, dict) and claimed.keys() == computed.keys(), f"{path}: other fields")
        for key in computed:
            _same(f"{path}.{key}", claimed[key], computed[key])
    elif isinstance(computed, list):
        _require(isinstance(claimed, list) and len(claimed) == len(computed), f"{path}: another length")
        for index, (left, right) in enumerate(zip(claimed, computed, strict=True)):
            _same(f"{path}[{index}]", left, right)
    elif isinstance(computed, float) and isinstance(claimed, int | float):
        near = abs(claimed - computed) <= RELATIVE_TOLERANCE * max(1.0, abs(claimed), abs(computed))
        _require(near, f"{path}: published {claimed!r}, recomputed {computed!r}")
    else:
        _require(claimed == computed, f"{path}: published {claimed!r}, recomputed {computed!r}")


def _sums(read: _Bundle) -> str:
    listed = {}
    for line in read.files[bundle.SUMS].decode().splitlines():
        value, _, path = line.partition("  ")
        listed[path] = value
    _require(listed.keys() == read.files.keys() - {bundle.SUMS}, "SHA256SUMS does not list exactly the files")
    for path, value in listed.items():
        _require(bundle.sha256(read.files[path]) == value, f"{path} was changed after the sums were made")
    expected = read.files.keys() - bundle.ABOUT_MANIFEST
    _require(read.manifest["files"].keys() == expected, "the manifest does not list exactly the files")
    for path in expected:
        _require(bundle.sha256(read.files[path]) == read.manifest["files"][path], f"{path} is not what was signed")
    _require(read.manifest["format"] == bundle.FORMAT, f"unknown format {read.manifest['format']!r}")
    return f"{len(listed)} files as signed"


def _signature(read: _Bundle, expected_key: str | None) -> str:
    signed = bundle.read_json(read.files, bundle.SIGNATURE)
    _require(
        is_signed(read.manifest, signed["signature"], signed["public_key"]), "the signature is not of this manifest"
    )
    fingerprint = key_fingerprint(signed["public_key"])
    _require(expected_key in (None, fingerprint), f"signed by {fingerprint}, not by {expected_key}")
    return f"Ed25519, key {fingerprint}" + ("" if expected_key else " (compare it with the instance's published key)")


def _freeze(read: _Bundle) -> str:
    value = digest(read.freeze)
    _require(value == read.manifest["freeze"], "the wording and rules are not those that were frozen before opening")
    _require(read.freeze["instrument"] == read.results["instrument"], "the instrument was changed after opening")
    _require(
        [(q["code"], q["wording"], q["choices"]) for q in read.freeze["questions"]]
        == [(q["code"], q["wording"], q["choices"]) for q in read.results["questionnaire"]],
        "the wording in the results is not the one that was frozen",
    )
    return f"wording, choices and rules as frozen, {value[:16]}…"


def _leaves(read: _Bundle, code: str) -> Iterator[BallotLeaf]:
    for line in read.files[f"ballots/{code}.jsonl"].decode().splitlines():
        row = json.loads(line)
        yield BallotLeaf(row["freeze"], row["question"], row["choice"], row["nonce"])


def _ballots(read: _Bundle, code: str) -> str:
    leaves = list(_leaves(read, code))
    question = next(q for q in read.freeze["questions"] if q["code"] == code)
    choices = {choice["code"] for choice in question["choices"]}
    for leaf in leaves:
        _require(leaf.freeze == read.manifest["freeze"] and leaf.question == code, "a ballot of another question")
        _require(leaf.choice in choices, f"a ballot for {leaf.choice!r}, which was no choice")
        _require(is_nonce(leaf.nonce), "a ballot without a proper nonce")
    hashes = [leaf.hash() for leaf in leaves]
    _require(hashes == sorted(hashes), "ballots are not in the order of their hashes")
    _require(len(set(hashes)) == len(hashes), "a ballot stands twice")
    turnout = read.manifest["turnout"]
    _require(len(hashes) <= turnout, f"{len(hashes):,} ballots, but only {turnout:,} members took part")
    claimed = read.manifest["ballots"][code]
    _require(claimed["count"] == len(hashes), "the manifest counts another number of ballots")
    _require(claimed["root"] == root_of(hashes).hex(), "the ballots do not give the published root")
    return f"{len(hashes):,} leaves, root {claimed['root'][:16]}…"


def _counts(read: _Bundle) -> str:
    total = 0
    published = {question["question"]: question for question in read.results["questions"]}
    for question in read.freeze["questions"]:
        counted = Counter(leaf.choice for leaf in _leaves(read, question["code"]))
        total += counted.total()
        if not counted:
            _require(question["code"] not in published, f"{question['code']} has a result but no ballots")
            continue
        claimed = published[question["code"]]
        _require(claimed["base"] == counted.total(), f"{question['code']}: another base")
        answers = {answer["answer"]: answer for answer in claimed["answers"]}
        _require(answers.keys() == {c["code"] for c in question["choices"]}, f"{question['code']}: other choices")
        for code, answer in answers.items():
            _require(
                answer["count"] == counted[code],
                f"{question['code']} {code}: published {answer['count']:,}, counted {counted[code]:,}",
            )
            _same(f"{question['code']} {code} raw share", answer["raw_share"], counted[code] / counted.total())
    return f"{total:,} answers recounted"


def _card(read: _Bundle) -> str:
    card = read.results["card"]
    _require(card["respondents"] == read.manifest["turnout"], "respondents and turnout differ")
    _require(card["members"] == read.manifest["eligible"], "the card counts other members than the manifest")
    _require(card["universe"] == read.freeze["universe"]["size"], "the universe is not the one that was frozen")
    made = make_card(
        respondents=card["respondents"],
        members=card["members"],
        universe=card["universe"],
        evenness=card["r_indicator"],
    )
    computed = card_as_json(
        made,
        Instrument(read.freeze["instrument"]),
        member_words=read.freeze["member_words"],
        universe_words=read.freeze["universe"]["words"],
    )
    _same("card", card, computed)
    return f"participation {made.participation:.1%}, coverage {made.coverage:.1%}: “{card['subject']} …”"


def _robustness(read: _Bundle) -> str:
    universe = read.freeze["universe"]["size"]
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
        _require(count >= minimum, f"{row['variable']} {row['stratum']}: a cell of {count} is below {minimum}")
        sums[row["variable"], row["question"], row["choice"]] += count
    counts = {
        (question["question"], answer["answer"]): answer["count"]
        for question in read.results["questions"]
        for answer in question["answers"]
    }
    for (variable, question, choice), count in sums.items():
        _require(counts[question, choice] == count, f"{variable}: strata of {question} {choice} do not add up")
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
    record = bundle.read_json(read.files, bundle.RECORD)
    checkpoint, public_key = record["checkpoint"], record["public_key"]
    _require(is_signed(checkpoint, record["signature"], public_key), "the checkpoint is not signed by its key")
    _require(expected_key in (None, key_fingerprint(public_key)), "the checkpoint was signed by another key")
    entries = {entry["payload"]["kind"]: entry for entry in record["entries"]}
    for kind in ("survey.frozen", "release.published"):
        entry = entries[kind]
        leaf = leaf_hash(canonical_json(entry["payload"]))
        path = [bytes.fromhex(step) for step in entry["proof"]]
        root = root_from_inclusion_proof(entry["index"], checkpoint["tree_size"], leaf, path)
        _require(root is not None and root.hex() == checkpoint["root"], f"{kind} is not in the record")
    frozen, released = entries["survey.frozen"], entries["release.published"]
    _require(frozen["payload"]["freeze"] == read.manifest["freeze"], "the record holds another freeze")
    _require(released["payload"]["manifest"] == digest(read.manifest), "the record holds another release")
    _require(frozen["index"] < released["index"], "the release stands before the freeze")
    return (
        f"freeze is entry {frozen['index']}, release is entry {released['index']} of {checkpoint['tree_size']}, "
        f"root {checkpoint['root'][:16]}…"
    )


def _weighted(read: _Bundle, cells: bytes) -> str:
    _require(bundle.sha256(cells) == read.manifest["cells_sha256"], "this is not the cell table that was committed to")
    lines = [line for line in cells.decode().splitlines() if not line.startswith("#")]
    header, *rows = csv.reader(lines)
    choices = {
        question["code"]: tuple(choice["code"] for choice in question["choices"])
        for question in read.freeze["questions"]
    }
    table = table_from_rows(header[:-3], choices, rows)
    population: dict[str, dict[str, float]] = {}
    for row in _csv(read, "frame.csv"):
        population.setdefault(row["variable"], {})[row["level"]] = int(row["persons"])
    computed = estimates_as_json(estimate_survey(table, population), read.freeze["universe"]["size"])
    # Weights solve an iteration, so they agree only to its tolerance; shares are compared at six digits.
    for claimed, ours in zip(read.results["questions"], computed["questions"], strict=True):
        for left, right in zip(claimed["answers"], ours["answers"], strict=True):
            for figure in ("share", "standard_error", "low", "high"):
                where = f"{claimed['question']} {left['answer']} {figure}"
                _require(abs(left[figure] - right[figure]) < 1e-6, f"{where}: {left[figure]} ≠ {right[figure]}")
    return f"recomputed from {len(table.cells):,} cells: weights, shares, standard errors, intervals"


def _receipt(read: _Bundle, receipt: bytes) -> str:
    try:
        claimed = json.loads(receipt)
        leaves = [BallotLeaf(claimed["freeze"], a["question"], a["choice"], a["nonce"]) for a in claimed["answers"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Falsehood(f"the receipt cannot be read: {error!r}") from error
    _require(bool(leaves), "the receipt holds no answer")
    for leaf in leaves:
        _require(leaf.freeze == read.manifest["freeze"], "the receipt is for another survey")
        _require(
            leaf in set(_leaves(read, leaf.question)), f"your answer to {leaf.question} is not among those counted"
        )
    return f"counted in all {len(leaves)} questions"
