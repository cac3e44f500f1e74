"""Pure decisions of the registry: what a register row means, when a file is refused."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from auscult.registry.taxonomy import (
    CAREER_BANDS,
    UNMAPPED_GROUP,
    broad_of_group,
    group_names,
    is_physician_code,
    region_of,
    specialties,
)
from auscult.shared.standing import Stratum

#: Largest share of unreadable lines in a file that is still loaded (registry.md).
MOST_BAD_LINES = 0.0001
#: A full file may not have fewer active physicians than this share of the last one (registry.md).
LEAST_OF_LAST_LOAD = 0.99

STUDENT_CODE, GENERAL_PRACTICE_CODE = "390200000X", "208D00000X"
_MASKED = re.compile(r"[$*_]{4,}")


@dataclass(frozen=True)
class RegisterRecord:
    """One physician as a register has it.

    Attributes:
        licences: pairs of number and state, at most 15.
        status: ``active`` or ``deactivated``.
    """

    npi: str
    last_name: str
    first_name: str
    other_last_name: str
    credential: str
    sex: str
    taxonomy_code: str
    specialty_group: str
    state: str
    phone: str
    licences: tuple[tuple[str, str], ...]
    enumerated_on: date | None
    updated_on: date | None


@dataclass(frozen=True)
class RecordMatch:
    """What ``members`` learns of a claimed record: its strata and where its holder can be reached; no proof."""

    npi: str
    full_name: str
    specialty: str
    specialty_group: str
    state: str
    sex: str
    career: str
    phone: str


def primary_code(codes: list[tuple[str, str]]) -> str:
    """Specialty code of a row.

    Args:
        codes: (NUCC code, primary switch) of the filled slots, in order.

    Returns:
        The physician code with switch Y, else the first physician code; where that is *student* or *general
        practice* and another physician code exists, the other. Empty where no slot is a physician's.
    """
    physician = [(code, switch) for code, switch in codes if is_physician_code(code)]
    if not physician:
        return ""
    chosen = next((code for code, switch in physician if switch == "Y"), physician[0][0])
    if chosen == GENERAL_PRACTICE_CODE:
        chosen = next((code for code, _ in physician if code != GENERAL_PRACTICE_CODE), chosen)
    return chosen


def group_of(code: str) -> str:
    """Weight group of a NUCC code; unknown physician codes are kept as not mapped."""
    found = specialties().get(code)
    return found.group if found else UNMAPPED_GROUP


def clean_licence(number: str) -> str:
    """A licence number without masks: ``$$$$$$$$$`` and the like mean that none is shown."""
    return "" if _MASKED.search(number) else number.strip()


def career_band(enumerated_on: date | None, as_of: date) -> str:
    """Career band: whole years since enumeration at the date of the register."""
    if enumerated_on is None:
        return CAREER_BANDS[-1][0]
    years = (as_of - enumerated_on).days / 365.25
    return next(name for name, least in reversed(CAREER_BANDS) if years >= least or least == 0)


def coarsen(specialty_group: str, state: str, sex: str, career: str) -> Stratum:
    """Coarse stratum of a physician: broad specialty × census region × sex × career band."""
    return Stratum(broad_of_group()[specialty_group], region_of(state), sex, career)


def fold_name(text: str) -> str:
    """A name for comparison: case, accents, punctuation and suffixes removed."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    plain = re.sub(r"\(.*?\)", " ", plain)
    plain = re.sub(r"[^A-Z ]", "" if "'" in plain else " ", plain.replace("'", "").replace("-", " "))
    words = [word for word in plain.split() if word not in {"JR", "SR", "II", "III", "IV", "MD", "DO"}]
    return " ".join(words)


def names_agree(claimed_last: str, claimed_first: str, last: str, first: str, other_last: str) -> bool:
    """Whether a claimed name is the record's.

    Last name: equal after folding, or a part of it, or the other last name. First name: equal, or one the initial of
    the other.
    """
    claimed = fold_name(claimed_last)
    known = {fold_name(last), fold_name(other_last)} | set(fold_name(last).split())
    joined = {name.replace(" ", "") for name in known if name}
    if not claimed or claimed.replace(" ", "") not in joined:
        return False
    given, registered = fold_name(claimed_first), fold_name(first)
    if not given or not registered:
        return False
    return (
        given == registered
        or given.split()[0] == registered.split()[0]
        or (1 in {len(given), len(registered)} and given[0] == registered[0])
    )


def licence_agrees(number: str, state: str, licences: list[tuple[str, str]]) -> bool:
    """Whether a claimed licence stands in any slot, after removing punctuation, state prefix and leading zeros.

    A record without any licence number is neutral and agrees.
    """

    def plain(value: str, of_state: str) -> str:
        text = re.sub(r"[^A-Z0-9]", "", value.upper())
        return text.removeprefix(of_state.upper()).lstrip("0")

    filled = [(n, s) for n, s in licences if n]
    if not filled:
        return True
    return any(plain(number, state) == plain(n, s) and state.upper() == s.upper() for n, s in filled)


def specialty_name(code: str) -> str:
    """Specialty of a NUCC code, in words."""
    found = specialties().get(code)
    return found.name if found else group_names()[UNMAPPED_GROUP]
