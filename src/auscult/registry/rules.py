"""Pure decisions of the registry: what a register row means, when a file is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

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
#: A load may not leave fewer active physicians than this share of those before it (registry.md).
LEAST_OF_LAST_LOAD = 0.99
#: A contact that has stood for so long was in the register before anybody planned a claim (registry.md).
CONTACT_AGE = timedelta(days=60)
#: More physicians than this on one number, and it is a switchboard (registry.md).
MOST_SHARING_A_NUMBER = 20

STUDENT_CODE, GENERAL_PRACTICE_CODE = "390200000X", "208D00000X"
_MASKED = re.compile(r"[$*_]{4,}")


class LoadKind(StrEnum):
    """What a file says: everybody, what changed in some days, or who is deactivated."""

    FULL = "full"
    WEEKLY = "weekly"
    REPORT = "report"


class RecordStatus(StrEnum):
    """Whether a record is in force."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    MISSING = "missing"


class RegisterRecord(NamedTuple):
    """One physician as a register has it; the fields stand in the order of the columns that they are copied to.

    Attributes:
        licences: pairs of number and state, at most 15.
    """

    number: str
    last_name: str
    first_name: str
    other_last_name: str
    credential: str
    sex: str
    specialty_code: str
    specialty_group: str
    state: str
    phone: str
    fax: str
    address: str
    licences: tuple[tuple[str, str], ...]
    enumerated_on: date | None
    updated_on: date | None
    certified_on: date | None
    reactivated_on: date | None


@dataclass(frozen=True)
class RecordMatch:
    """What ``members`` learns of a claimed record: its strata, and how well it fits; no proof.

    Attributes:
        number: number of the record.
        notes: in what the claim and the record agree less than fully, in words for a verifier.
        updated_on: when the record last changed.
        shared_code: whether people who are no physicians hold this specialty code too.
    """

    register: str
    number: str
    full_name: str
    specialty: str
    specialty_group: str
    state: str
    sex: str
    career: str
    notes: tuple[str, ...]
    updated_on: date | None
    shared_code: bool


@dataclass(frozen=True)
class Contact:
    """One way to reach the holder of a record.

    Attributes:
        value: telephone or fax number, or address; empty where the register has none.
        since: day since which it stands so.
        shared_by: active records with the same value, this one included.
    """

    value: str
    since: date | None
    shared_by: int

    def points(self, on: date) -> int:
        """Worth as a channel of proof: 2 where aged and the holder's own, 1 where shared or changed lately, 0 where absent."""
        if not self.value:
            return 0
        aged = self.since is not None and on - self.since >= CONTACT_AGE
        return 2 if aged and self.shared_by <= MOST_SHARING_A_NUMBER else 1


@dataclass(frozen=True)
class Contacts:
    """How a register says that the holder of a record is reached."""

    phone: Contact
    fax: Contact
    address: Contact


def primary_code(codes: list[tuple[str, str]]) -> str:
    """Specialty code of a row.

    Args:
        codes: (NUCC code, primary switch) of the filled slots, in order.

    Returns:
        The code of the slot with switch Y, else the first physician code; where it is *student* or *general practice*
        and another physician code stands in the row, the other. Empty where that is no physician's.
    """
    if len(codes) == 1:
        return codes[0][0] if is_physician_code(codes[0][0]) else ""
    physician = [code for code, _ in codes if is_physician_code(code)]
    if not physician:
        return ""
    chosen = next((code for code, switch in codes if switch == "Y"), physician[0])
    if chosen in {STUDENT_CODE, GENERAL_PRACTICE_CODE}:
        chosen = next((code for code in physician if code != GENERAL_PRACTICE_CODE), physician[0])
    return chosen if is_physician_code(chosen) else ""


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
    """Coarse stratum of a physician: broad specialty × region × sex × career band."""
    return Stratum(broad_of_group()[specialty_group], region_of(state), sex, career)


def specialty_name(code: str, group: str = UNMAPPED_GROUP) -> str:
    """Specialty of a NUCC code in words, or the name of the weight group where the code is another register's."""
    found = specialties().get(code)
    return found.name if found else group_names()[group]


def frame_definition(kind: str) -> tuple[str, int | None]:
    """What a kind of frame counts.

    Args:
        kind: ``all`` or ``active-N``.

    Returns:
        The definition in words, and the years N within which a record was updated or certified (None: all).

    Raises:
        ValueError: another kind.
    """
    if kind == "all":
        return "all enumerated physicians of the register", None
    matched = re.fullmatch(r"active-([1-9][0-9]?)", kind)
    if not matched:
        raise ValueError(f"{kind!r} is no frame: use `all`, or `active-N` with N years, for example `active-5`.")
    years = int(matched[1])
    return f"physicians of the register whose record was updated or certified within {years} years", years


def order_problem(kind: LoadKind, since: date | None, as_of: date, last: date | None) -> str | None:
    """Why a file cannot follow what is loaded, or None.

    Args:
        kind: of the file.
        since: first day that a weekly file covers.
        as_of: its last day.
        last: date of the register as loaded, None before the first load.
    """
    if kind == LoadKind.FULL:
        if last is not None and as_of < last:
            return f"The register stands at {last}; this full file is of {as_of}. Load a newer one."
        return None
    if last is None:
        return "No full file is loaded yet. Load a monthly file first."
    if kind == LoadKind.REPORT:
        return None
    if as_of < last:
        return f"The register stands at {last}; this weekly file ends on {as_of} and would take it back."
    if since is not None and since > last + timedelta(days=1):
        return (
            f"The register stands at {last}; this weekly file begins on {since}. The days between are missing: load the "
            f"weekly file that begins on {last + timedelta(days=1)}, or a newer monthly file."
        )
    return None
