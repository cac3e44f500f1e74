"""Building the result bundle of a release."""

from __future__ import annotations

import csv
import io
from typing import Any

from auscult import __version__
from auscult.evidence import bundle
from auscult.evidence.ballots import BallotLeaf
from auscult.evidence.canonical import canonical_json
from auscult.evidence.merkle import root_of
from auscult.evidence.verifier import LEFT_OUT
from auscult.statistics.results import METHOD_VERSION
from auscult.surveys.queries.results import ResultSheet, iterate_leaves, list_left_out


def bundle_contents(
    sheet: ResultSheet, *, number: int, instance: str, disclosure: list[dict[str, str]]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files of a bundle and its manifest.

    Returns:
        Path → bytes for everything the manifest lists, and the manifest.
    """
    contents = {
        "freeze.json": canonical_json(sheet.freeze),
        "results.json": canonical_json(sheet.results),
        "disclosure.json": canonical_json(disclosure),
        "strata.csv": strata_csv(sheet).encode(),
        "frame.csv": _frame_csv(sheet).encode(),
        "README.txt": _README.encode(),
    }
    left_out = list_left_out(sheet.survey_id)
    if left_out:
        contents[LEFT_OUT] = b"".join(canonical_json({"leaf": leaf, "rule": rule}) + b"\n" for leaf, rule in left_out)
    ballots: dict[str, dict[str, Any]] = {}
    shown = {question["question"] for question in sheet.results["questions"]}
    for question in sheet.freeze["questions"]:
        code = question["code"]
        if code not in shown:
            # Fewer than the minimum answered it: neither figures nor leaves.
            ballots[code] = {"withheld": True}
            continue
        hashes, lines = [], []
        for leaf_hash, choice, nonce in iterate_leaves(sheet.survey_id, code):
            hashes.append(leaf_hash)
            lines.append(canonical_json(BallotLeaf(sheet.freeze_hash, code, choice, nonce).as_json()) + b"\n")
        contents[f"ballots/{code}.jsonl"] = b"".join(lines)
        ballots[code] = {"count": len(hashes), "root": root_of(hashes).hex()}
    manifest = {
        "format": bundle.FORMAT,
        "instance": instance,
        "release": number,
        "title": sheet.title,
        "survey": sheet.public_id,
        "freeze": sheet.freeze_hash,
        "opened_at": sheet.opened_at.isoformat(),
        "closed_at": sheet.closed_at.isoformat(),
        "eligible": sheet.eligible,
        "turnout": sheet.turnout,
        "ballots": ballots,
        "method": METHOD_VERSION,
        "code": __version__,
        "cells_sha256": bundle.sha256(sheet.cells_csv),
        "files": {path: bundle.sha256(data) for path, data in sorted(contents.items())},
    }
    return contents, manifest


def strata_csv(sheet: ResultSheet) -> str:
    """Suppressed counts by stratum, one row per cell."""
    choices = {q["code"]: [c["code"] for c in q["choices"]] for q in sheet.freeze["questions"]}
    rows = [
        (variable, stratum, question, choice, int(counts[a]))
        for (variable, question), table in sheet.strata.items()
        for stratum, counts in zip(table.strata, table.counts, strict=True)
        for a, choice in enumerate(choices[question])
    ]
    return _csv(("variable", "stratum", "question", "choice", "count"), rows)


def strata_as_json(sheet: ResultSheet) -> list[dict[str, Any]]:
    """Suppressed tables for the page of the release."""
    return [
        {
            "variable": variable,
            "question": question,
            "strata": list(table.strata),
            "counts": table.counts.tolist(),
            "pooled": list(table.pooled),
            "withheld": table.withheld,
        }
        for (variable, question), table in sheet.strata.items()
    ]


def _frame_csv(sheet: ResultSheet) -> str:
    rows = [(v, level, persons) for v, levels in sheet.population.items() for level, persons in levels.items()]
    return _csv(("variable", "level", "persons"), rows)


def _csv(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


_README = """This is a result bundle of Auscult. Check it with

    auscult verify BUNDLE.zip

or by hand: SHA256SUMS with sha256sum -c; ballots/*.jsonl hold one line per counted answer, sorted by the SHA-256 of a
zero byte and the line's canonical JSON (RFC 8785); their Merkle roots (RFC 9162) stand in manifest.json, which is signed
(Ed25519, signature.json); record.json proves that the frozen wording and this release stand in the
public record, the wording first. strata.csv holds counts by group with small cells pooled; frame.csv the population
used for weights. Where rules declared before opening left ballots
out, left_out.jsonl names their leaves and the rule.
"""
