"""Pure decisions about verification: evidence, levels, claims, who decides, what lapses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from auscult.registry.taxonomy import group_label
from auscult.shared.standing import Level, MemberClass


class EvidenceKind(StrEnum):
    """Kinds of evidence that are taken."""

    INSTITUTIONAL_EMAIL = "institutional_email"
    CALL_BACK = "call_back"
    POST_CARD = "post_card"
    VOUCHES = "vouches"
    DOCUMENT = "document"
    BOARD_LOOKUP = "board_lookup"
    VIDEO = "video"
    PROOFING = "proofing"


class Via(StrEnum):
    """How a code goes to the registered practice."""

    TELEPHONE = "telephone"
    FAX = "fax"
    POST = "post"


@dataclass(frozen=True)
class EvidenceRule:
    """What a kind of evidence is worth.

    Attributes:
        points: towards a level, at most.
        independent: whether it goes through a channel that the register had before the claim.
        words: for people.
        how: what it takes, for the applicant.
        by_code: whether only a code confirms it.
    """

    points: int
    independent: bool
    words: str
    how: str
    by_code: bool = False


#: registry.md: public facts have weight 0 and so do not stand here.
EVIDENCE: dict[EvidenceKind, EvidenceRule] = {
    EvidenceKind.INSTITUTIONAL_EMAIL: EvidenceRule(
        2, True, "Institutional e-mail", "A code goes to your address at a hospital or school; minutes.", by_code=True
    ),
    EvidenceKind.CALL_BACK: EvidenceRule(
        2, True, "Code to the registered practice", "By telephone or fax, to the number in the register; a day or two.",
        by_code=True,
    ),
    EvidenceKind.POST_CARD: EvidenceRule(
        2, True, "Post card to the registered practice", "A letter with a code, to the address in the register; a week.",
        by_code=True,
    ),
    EvidenceKind.VOUCHES: EvidenceRule(
        2, True, "Two verified colleagues vouch", "They see your name, you do not see their handles.", by_code=True
    ),
    EvidenceKind.DOCUMENT: EvidenceRule(
        1, False, "Licence or badge document", "Seen by a verifier, stored encrypted, deleted 30 days after the decision."
    ),
    EvidenceKind.BOARD_LOOKUP: EvidenceRule(1, False, "Licensing board look-up", "Made by a verifier; nothing to do."),
    EvidenceKind.VIDEO: EvidenceRule(
        3, True, "Live video with photo ID and badge", "With a verifier; nothing is recorded."
    ),
    EvidenceKind.PROOFING: EvidenceRule(
        3, True, "Identity proofing by a third party", "Bound to your registered name; a verifier checks the reference."
    ),
}  # fmt: skip
#: Evidence that a verifier records; the rest is confirmed by codes and colleagues alone.
SETTLED_BY_VERIFIERS = tuple(kind for kind, rule in EVIDENCE.items() if not rule.by_code)

L2_POINTS, L2_CHANNELS, L3_POINTS = 3, 2, 5
#: L2 lasts 24 months, L3 12; then the member verifies again (registry.md).
LASTS = {Level.L2: timedelta(days=730), Level.L3: timedelta(days=365)}
#: Residents and students show every year that they still are.
TRAINEES_LAST = timedelta(days=365)
#: A renewal may begin so long before the end.
RENEWAL_OPENS = timedelta(days=60)
#: Notices before a verification lapses: name → how long before.
LAPSE_NOTICES = (("lapsed", timedelta(0)), ("last", timedelta(days=14)), ("soon", timedelta(days=60)))
#: From the notice that a record is deactivated until the member is suspended (registry.md).
SUSPENSION_NOTICE = timedelta(days=30)
#: Target for a decision, shown to the applicant.
TARGET = timedelta(days=3)
#: A dispute over a record ends within (registry.md).
DISPUTE_LASTS = timedelta(days=14)
#: Documents are deleted so long after the decision; hash and verdict are kept (registry.md).
DOCUMENTS_KEPT = timedelta(days=30)
#: An appeal against a rejection.
APPEAL_WITHIN = timedelta(days=30)
#: How long a code is valid, by the way it goes.
CODE_LASTS = timedelta(minutes=30)
SENT_CODE_LASTS = {Via.TELEPHONE: timedelta(days=7), Via.FAX: timedelta(days=7), Via.POST: timedelta(days=30)}
VOUCH_CODE_LASTS = timedelta(days=30)
MOST_CODE_TRIES = 5
#: Each member vouches at most so often in a year, and two are needed (registry.md).
MOST_VOUCHES, VOUCHES_NEEDED, VOUCH_YEAR = 5, 2, timedelta(days=365)
#: An open claim without a word from its applicant is closed after so long.
ABANDONED_AFTER = timedelta(days=180)
#: A verifier reads a decided case for so long; then the identity of one that failed is deleted.
READ_AFTER_DECISION = timedelta(days=30)
#: A legal order delays the notice of an unmasking at most so long; two custodians may ask anew.
LONGEST_DELAY = timedelta(days=365)
#: The record of who leaves is not verified for another account for so long, or until the last open poll has closed.
REJOIN_AFTER = timedelta(days=30)
#: Two custodians see an identity for so long after the second agreed.
UNMASKING_SHOWN = timedelta(hours=24)
#: Letters and digits that cannot be taken for one another.
VOUCH_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
MOST_DOCUMENT_BYTES = 5 * 1024 * 1024
DOCUMENT_STARTS = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}


class ClaimKind(StrEnum):
    """Why a case is there."""

    RECORD = "record"
    REVIEW = "review"
    TRAINING = "training"
    RETIRED = "retired"
    ASSURANCE = "assurance"
    DEFENCE = "defence"
    RECOVERY = "recovery"


KIND_WORDS = {
    ClaimKind.RECORD: "claim of a record",
    ClaimKind.REVIEW: "claim to be looked at by people",
    ClaimKind.TRAINING: "resident or student",
    ClaimKind.RETIRED: "retired physician",
    ClaimKind.ASSURANCE: "assurance (L3)",
    ClaimKind.DEFENCE: "answer to a dispute",
    ClaimKind.RECOVERY: "recovery of an account",
}


class ClaimState(StrEnum):
    """Where a claim stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    MORE_INFORMATION = "more_information"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN_STATES = (ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.MORE_INFORMATION)


class Decision(StrEnum):
    """What a verifier may decide."""

    VERIFY = "verify"
    REJECT = "reject"
    ASK = "ask"


#: Reason codes of a decision: code → (decisions it fits, words for the applicant).
REASONS: dict[str, tuple[frozenset[Decision], str]] = {
    "evidence_sufficient": (frozenset({Decision.VERIFY}), "The evidence shows that you are who you say."),
    "evidence_missing": (frozenset({Decision.ASK}), "Evidence is still missing. Add a second, independent kind."),
    "document_unreadable": (frozenset({Decision.ASK}), "The document cannot be read. Please send another picture."),
    "name_differs": (
        frozenset({Decision.ASK, Decision.REJECT}),
        "The name in the evidence is not the name in the register.",
    ),
    "licence_not_active": (frozenset({Decision.REJECT}), "The licence is not active."),
    "no_such_record": (frozenset({Decision.REJECT}), "There is no record of a physician with these details."),
    "not_the_holder": (frozenset({Decision.REJECT}), "The evidence does not show that you hold this licence."),
    "not_in_training": (frozenset({Decision.REJECT}), "The evidence does not show that you are in training."),
}
#: Reasons about a record, which those in training have none of; and the one that is theirs alone.
_OF_RECORDS = frozenset({"licence_not_active", "no_such_record", "not_the_holder"})
_OF_TRAINING = frozenset({"not_in_training"})
#: Reasons that no verifier chooses.
RULED_REASONS = {
    "evidence_complete": "Your evidence was complete and nothing about it needed a person.",
    "dispute_lost": "Two verifiers decided that somebody else holds this record.",
    "dispute_over": "The fourteen days of the dispute are over without proof that you hold this record.",
}


def reasons_for(kind: ClaimKind) -> list[tuple[Decision, str, str]]:
    """What a verifier may decide on a case of that kind, and why: decision, reason code, words."""
    unfit = _OF_RECORDS if kind == ClaimKind.TRAINING else _OF_TRAINING
    return [
        (decision, code, words)
        for code, (decisions, words) in REASONS.items()
        for decision in Decision
        # An answer to a dispute ends with the claim that disputes, and is not rejected by itself.
        if decision in decisions and code not in unfit and (kind, decision) != (ClaimKind.DEFENCE, Decision.REJECT)
    ]


def reason_words(code: str) -> str:
    """A reason in words for the applicant; empty for none."""
    return REASONS[code][1] if code in REASONS else RULED_REASONS.get(code, "")


class Flag(StrEnum):
    """What a verifier should look at."""

    RECORD_CHANGED = "record changed"
    INEXACT = "inexact"
    SHARED_CODE = "shared code"
    SHARED_NUMBER = "shared number"
    OTHER_CLAIMS = "other claims"
    VERIFIED_ELSEWHERE = "verified elsewhere"
    NO_RECORD = "no record"
    ANOTHER_NAME = "another name"
    NOT_FRESH = "not fresh"


FLAG_WORDS = {
    Flag.RECORD_CHANGED: "The register record changed less than 60 days before the claim.",
    Flag.INEXACT: "The match is not exact.",
    Flag.SHARED_CODE: "People without a medical degree hold this specialty code too: look at the degree.",
    Flag.SHARED_NUMBER: "More than 20 physicians share the practice's number, or it changed lately.",
    Flag.OTHER_CLAIMS: "Another account claims this record too.",
    Flag.VERIFIED_ELSEWHERE: "Another account is verified for this record.",
    Flag.ANOTHER_NAME: "The name that was typed is not the record's.",
    Flag.NO_RECORD: "There is no active record that fits what was typed.",
    Flag.NOT_FRESH: "The register's own service says otherwise than our file.",
}


def level_from(confirmed: Iterable[tuple[EvidenceKind, int]]) -> Level:
    """Level that confirmed evidence reaches, after the gates (record match, control of the e-mail).

    Args:
        confirmed: kind and points; a kind counts once.

    Returns:
        L3 with at least 5 points, video or proofing among them; L2 with at least 3 points over 2 channels, one of them
        independent; else L1.
    """
    by_kind: dict[EvidenceKind, int] = {}
    for kind, points in confirmed:
        by_kind[kind] = max(points, by_kind.get(kind, 0))
    total = sum(by_kind.values())
    independent = any(EVIDENCE[kind].independent and points for kind, points in by_kind.items())
    channels = sum(1 for points in by_kind.values() if points)
    if total < L2_POINTS or channels < L2_CHANNELS or not independent:
        return Level.L1
    in_person = by_kind.keys() & {EvidenceKind.VIDEO, EvidenceKind.PROOFING}
    return Level.L3 if total >= L3_POINTS and in_person else Level.L2


def verifiers_needed(kind: ClaimKind, wanted: Level, *, contested: bool, appealed: bool, flags: Iterable[Flag]) -> int:
    """How many verifiers must agree: two for L3, for a record that another account holds or claims, and for appeals."""
    two = (
        wanted == Level.L3
        or contested
        or appealed
        or kind in {ClaimKind.DEFENCE, ClaimKind.RECOVERY}
        or Flag.VERIFIED_ELSEWHERE in flags
    )
    return 2 if two else 1


def is_automatic(
    kind: ClaimKind, wanted: Level, confirmed: Iterable[tuple[EvidenceKind, int]], flags: Iterable[Flag]
) -> bool:
    """Whether a claim needs no person: an exact match, no flag, and evidence by codes and colleagues alone that suffices."""
    by_code = [(each, points) for each, points in confirmed if EVIDENCE[each].by_code]
    return kind == ClaimKind.RECORD and wanted == Level.L2 and level_from(by_code) >= Level.L2 and not tuple(flags)


def valid_until(level: Level, member_class: MemberClass, now: datetime) -> datetime:
    """When a verification lapses."""
    trainee = member_class in {MemberClass.RESIDENT, MemberClass.STUDENT}
    return now + (TRAINEES_LAST if trainee else LASTS[level])


def notices_before(notice: str) -> list[str]:
    """What a member was told last who is still to get a notice of a lapse: nothing, or a less urgent notice."""
    names = [name for name, _ in LAPSE_NOTICES]
    return ["", *names[names.index(notice) + 1 :]]


def holder_loses(shown: Iterable[tuple[EvidenceKind, int]], defence: Iterable[tuple[EvidenceKind, int]]) -> bool:
    """Whether the holder of a disputed record is no longer verified when the time is over.

    Args:
        shown: kind and points of the confirmed evidence of the other side.
        defence: those of the holder's answer.
    """
    defended = any(EVIDENCE[kind].independent and points for kind, points in defence)
    return level_from(shown) >= Level.L2 and not defended


class Held(NamedTuple):
    """What a load of the register looks at in the row of a member who holds a verified record.

    Attributes:
        is_announced: whether a suspension by the register is announced.
        is_suspended: whether the register has suspended the member.
        stratum: specialty group, state, sex, and career band.
    """

    level: int
    member_class: str
    is_announced: bool
    is_suspended: bool
    stratum: tuple[str, str, str, str]


class LoadStep(StrEnum):
    """What a load of the register does to a member."""

    ANNOUNCE = "announced"
    RESTORE = "restored"
    MOVE = "moved"


def steps_after_load(held: Held, *, is_active: bool, stratum: tuple[str, str, str, str]) -> tuple[LoadStep, ...]:
    """What follows for a member from what the register says of the member's record now; mostly nothing.

    Args:
        held: the member's row.
        is_active: whether the record is in force.
        stratum: of the record.

    Returns:
        ``ANNOUNCE`` a suspension where a physician's record is no longer in force; ``RESTORE`` a member whose suspension
        is announced or in force and whose record is active again; ``MOVE`` a physician to the stratum of the record.
    """
    counted = held.member_class == MemberClass.PHYSICIAN and held.level >= Level.L2
    if not is_active:
        return (LoadStep.ANNOUNCE,) if counted and not held.is_announced and not held.is_suspended else ()
    if counted and held.stratum != stratum:
        return (LoadStep.RESTORE, LoadStep.MOVE) if held.is_announced or held.is_suspended else (LoadStep.MOVE,)
    return (LoadStep.RESTORE,) if held.is_announced or held.is_suspended else ()


def shown_specialty(group: str, member_class: str) -> str:
    """What stands beside a handle: the specialty, and for those outside the frame what they are."""
    label = group_label(group)
    if member_class == MemberClass.PHYSICIAN:
        return label
    word = MemberClass(member_class).value
    return f"{label}, {word}" if label else f"{word} of medicine" if word == "student" else word


def document_type(data: bytes) -> str | None:
    """Media type of an accepted document by its first bytes, or None."""
    return next((media for start, media in DOCUMENT_STARTS.items() if data.startswith(start)), None)


def normalise_vouch_code(text: str) -> str:
    """A vouching code as typed: capitals, without blanks and hyphens."""
    return "".join(letter for letter in text.upper() if letter in VOUCH_ALPHABET)[:20]
