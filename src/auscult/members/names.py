"""Pure decisions about names: which handle gives a name away, which address shows one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auscult.registry.matching import fold_name

SHARED_MAILBOXES = frozenset(
    "admin billing contact desk frontdesk help hr info mail office reception scheduling staff support".split()
)

_HANDLE = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
RESERVED_HANDLES = frozenset(
    "admin auscult moderator operator verifier editor researcher system nobody anonymous".split()
)


def handle_problem(handle: str, last_name: str, first_name: str) -> str | None:
    """Why a handle cannot be taken, or None.

    Args:
        handle: as typed, lower case.
        last_name: the member's own, so that a handle cannot give it away by accident.
        first_name: likewise.
    """
    if not 3 <= len(handle) <= 24 or not _HANDLE.fullmatch(handle):
        return "A handle has 3 to 24 lower-case letters, digits and single hyphens, and begins with a letter."
    if handle in RESERVED_HANDLES:
        return "That handle is kept for the people who run this place."
    squeezed = re.sub(r"[^a-z]", "", handle)
    for name in (last_name, first_name):
        folded = fold_name(name).lower().replace(" ", "")
        if len(folded) >= 4 and folded in squeezed:
            return "That handle contains your name. Colleagues would know you by it; choose another."
    return None


_ADDRESS = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)


def institutional_address_problem(address: str, last_name: str, domains: Iterable[str]) -> str | None:
    """Why an address is no institutional evidence, or None.

    The domain (or a parent of it) must be on the allow-list; the part before the @ must hold the last name, or at
    least its first five letters, and not be a shared mailbox. Names of fewer than five letters must stand alone.
    """
    # One plain address and nothing else: a second one, or a header, would take the code elsewhere.
    if not _ADDRESS.fullmatch(address):
        return "That is not an e-mail address."
    local, _, domain = address.lower().rpartition("@")
    if not any(domain == allowed or domain.endswith("." + allowed) for allowed in domains):
        return "That domain is not on the list of hospitals and schools yet. Use another kind of evidence."
    if re.split(r"[.+_-]", local)[0] in SHARED_MAILBOXES:
        return "That looks like a shared mailbox. The address must be yours alone."
    tokens = set(re.split(r"[.+_-]", local))
    parts = fold_name(last_name).lower().split()
    # A short name stands in many words («Li» in «holiday»), so it must stand alone.
    if not any(part in tokens or (len(part) >= 5 and part[: max(5, len(part) - 3)] in local) for part in parts):
        return "The address must contain your last name, as institutions write it."
    return None
