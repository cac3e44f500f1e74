"""The NPI Registry API of CMS, version 2.1: an optional look whether a record has changed since the last file.

Off by default (AUSCULT_NPI_API). It is asked by a job, never in a request, waits three seconds at most, and its answer is
kept for 24 hours. Nothing is decided by it; a verifier sees what it said.
"""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from auscult.registry.matching import fold_name

TIMEOUT_SECONDS = 3.0
KEPT_FOR = timedelta(hours=24)
_MOST_BYTES = 1 << 20


class Freshness(StrEnum):
    """What the service said of a record."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    ANOTHER_NAME = "another name"
    NOT_FOUND = "not found"
    NO_ANSWER = "no answer"


@dataclass(frozen=True)
class ApiRecord:
    """What is read of a result, whatever its vintage."""

    number: str
    last_name: str
    first_name: str
    sex: str
    status: str


def ask(address: str, number: str, *, fetch: Callable[[str], bytes] | None = None) -> ApiRecord | Freshness:
    """Ask for one NPI.

    Args:
        address: of the service, for example ``https://npiregistry.cms.hhs.gov/api/``.
        number: ten digits.
        fetch: gets the bytes of an address; the network where None.

    Returns:
        The record, or NOT_FOUND, or NO_ANSWER for a time-out, an error of the service (which comes with status 200) and
        anything that is not its format.
    """
    query = urllib.parse.urlencode({"version": "2.1", "number": number})
    try:
        data: Any = json.loads((fetch or _fetch)(f"{address}?{query}"))
    except (OSError, ValueError):
        return Freshness.NO_ANSWER
    if not isinstance(data, dict) or "Errors" in data or not isinstance(data.get("results"), list):
        return Freshness.NO_ANSWER
    # The number was an integer once and is a string now.
    found = [r for r in data["results"] if isinstance(r, dict) and str(r.get("number", "")) == number]
    if not found:
        return Freshness.NOT_FOUND
    basic = found[0].get("basic")
    if not isinstance(basic, dict):
        return Freshness.NO_ANSWER
    return ApiRecord(
        number=number,
        last_name=str(basic.get("last_name", "")),
        first_name=str(basic.get("first_name", "")),
        sex=str(basic.get("sex") or basic.get("gender") or ""),
        status=str(basic.get("status", "")),
    )


def judge(answer: ApiRecord | Freshness, last_name: str) -> Freshness:
    """What an answer means for a record of ours.

    Args:
        answer: of ``ask``.
        last_name: the record's.
    """
    if isinstance(answer, Freshness):
        return answer
    if answer.status != "A":
        return Freshness.DEACTIVATED
    same = fold_name(answer.last_name) == fold_name(last_name)
    return Freshness.ACTIVE if same else Freshness.ANOTHER_NAME


def _fetch(address: str) -> bytes:
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise OSError("AUSCULT_NPI_API must be an https address.")
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - checked above
        data: bytes = response.read(_MOST_BYTES)
    return data
