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
        words = fold_name(name).lower().split()
        # A part of a double name tells as much as the whole.
        if any(len(part) >= 4 and part in squeezed for part in (*words, "".join(words))):
            return "That handle contains your name. Colleagues would know you by it; choose another."
    return None


_ADDRESS = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)


def institutional_address_problem(
    address: str, last_name: str, domains: Iterable[str], first_name: str = ""
) -> str | None:
    """Why an address is no institutional evidence, or None.

    The domain (or a parent of it) must be on the allow-list; the part before the @ must hold the last name as a word of its
    own, alone or behind initials or the first name, and nothing that contradicts the first name; and not be a shared mailbox.
    """
    # One plain address and nothing else: a second one, or a header, would take the code elsewhere.
    if not _ADDRESS.fullmatch(address):
        return "That is not an e-mail address."
    local, _, domain = address.lower().rpartition("@")
    if not any(domain == allowed or domain.endswith("." + allowed) for allowed in domains):
        return "That domain is not on the list of hospitals and schools yet. Use another kind of evidence."
    tokens = [re.sub(r"[0-9]", "", token) for token in re.split(r"[.+_-]", local)]
    if tokens[0] in SHARED_MAILBOXES:
        return "That looks like a shared mailbox. The address must be yours alone."
    parts = fold_name(last_name).lower().split()
    names = {*parts, "".join(parts)}
    given = fold_name(first_name).lower().split()
    before = {"", *given, *(word[0] for word in given)}
    for position, token in enumerate(tokens):
        found = next((name for name in sorted(names, key=len, reverse=True) if token.endswith(name)), None)
        # «a.alderton», «aalderton», «ada.alderton», «alderton»; of a first name that is not known one initial may stand.
        if found is None:
            continue
        front = token.removesuffix(found)
        if front not in before and not (len(front) == 1 and (not given or given[0].startswith(front))):
            continue
        others = [
            each for index, each in enumerate(tokens) if index != position and len(each) > 1 and each not in names
        ]
        if given and any(each[0] != given[0][0] for each in others[:1]):
            continue
        return None
    return "The address must contain your last name, as institutions write it, and not another first name."
