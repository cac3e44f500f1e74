"""Pure decisions about verification: evidence, levels, claims, handles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from auscult.registry.rules import fold_name
from auscult.shared.standing import Level


class EvidenceKind(StrEnum):
    """Kinds of evidence that are taken."""

    INSTITUTIONAL_EMAIL = "institutional_email"
    DOCUMENT = "document"
    CALL_BACK = "call_back"
    BOARD_LOOKUP = "board_lookup"


@dataclass(frozen=True)
class EvidenceRule:
    """What a kind of evidence is worth.

    Attributes:
        points: towards a level.
        independent: whether it goes through a channel that the register had before the claim.
        words: for people.
    """

    points: int
    independent: bool
    words: str


#: registry.md: public facts have weight 0 and so do not stand here.
EVIDENCE: dict[EvidenceKind, EvidenceRule] = {
    EvidenceKind.INSTITUTIONAL_EMAIL: EvidenceRule(2, True, "Institutional e-mail, confirmed by a code"),
    EvidenceKind.CALL_BACK: EvidenceRule(2, True, "Call-back to the registered practice"),
    EvidenceKind.DOCUMENT: EvidenceRule(1, False, "Licence or badge document, seen by a verifier"),
    EvidenceKind.BOARD_LOOKUP: EvidenceRule(1, False, "Board look-up by a verifier"),
}
L2_POINTS, L2_CHANNELS = 3, 2
#: L2 lasts 24 months, then the member verifies again (registry.md).
L2_LASTS = timedelta(days=730)
#: Target for a decision, shown to the applicant.
TARGET = timedelta(days=3)
CODE_LASTS = timedelta(minutes=30)
MOST_CODE_TRIES = 5
MOST_DOCUMENT_BYTES = 5 * 1024 * 1024
DOCUMENT_STARTS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}
SHARED_MAILBOXES = frozenset(
    "admin billing contact desk frontdesk help hr info mail office reception scheduling staff support".split()
)


class ClaimState(StrEnum):
    """Where a claim stands."""

    SUBMITTED = "submitted"
    MORE_INFORMATION = "more_information"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN_STATES = (ClaimState.SUBMITTED, ClaimState.MORE_INFORMATION)


class Decision(StrEnum):
    """What a verifier may decide."""

    VERIFY = "verify"
    REJECT = "reject"
    ASK = "ask"


#: Reason codes of a decision: code → (decisions it fits, words for the applicant).
REASONS: dict[str, tuple[frozenset[Decision], str]] = {
    "evidence_sufficient": (frozenset({Decision.VERIFY}), "The evidence shows that you hold this licence."),
    "evidence_missing": (frozenset({Decision.ASK}), "Evidence is still missing. Add a second, independent kind."),
    "document_unreadable": (frozenset({Decision.ASK}), "The document cannot be read. Please send another picture."),
    "name_differs": (
        frozenset({Decision.ASK, Decision.REJECT}),
        "The name in the evidence is not the name in the register.",
    ),
    "licence_not_active": (frozenset({Decision.REJECT}), "The licence is not active."),
    "not_the_holder": (frozenset({Decision.REJECT}), "The evidence does not show that you hold this licence."),
}


def level_from(kinds: Iterable[EvidenceKind]) -> Level:
    """Level that confirmed evidence reaches, after the gates (record match, control of the e-mail).

    Args:
        kinds: confirmed kinds; a kind counts once.

    Returns:
        L2 with at least 3 points over 2 channels, one of them independent; else L1.
    """
    distinct = set(kinds)
    points = sum(EVIDENCE[kind].points for kind in distinct)
    independent = any(EVIDENCE[kind].independent for kind in distinct)
    return Level.L2 if points >= L2_POINTS and len(distinct) >= L2_CHANNELS and independent else Level.L1


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


def document_type(data: bytes) -> str | None:
    """Media type of an accepted document by its first bytes, or None."""
    return next((media for start, media in DOCUMENT_STARTS.items() if data.startswith(start)), None)
