"""Pure decisions about whether a claimed name and licence are those of a record.

A match says which record is meant. Everything it compares is public, so it proves nothing about who claims.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

#: Letters that Unicode does not take apart.
_UNDECOMPOSED = (("ø", "o"), ("Ø", "O"), ("ł", "l"), ("Ł", "L"), ("ß", "ss"), ("æ", "ae"), ("Æ", "AE"))
_SUFFIXES = frozenset({"JR", "SR", "II", "III", "IV", "MD", "DO"})
#: Letters that many licensing boards put before the number: of the degree, not of the state.
_DEGREES = ("MD", "DO", "ME", "OS")


def fold_name(text: str) -> str:
    """A name for comparison: case, accents, punctuation and suffixes removed."""
    for letter, plain_letters in _UNDECOMPOSED:
        text = text.replace(letter, plain_letters)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    plain = re.sub(r"\(.*?\)", " ", plain)
    plain = re.sub(r"[^A-Z ]", " ", plain.replace("'", "").replace("`", ""))
    words = plain.split()
    # A suffix comes after a name; «Do» and «Ii» alone are names.
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return " ".join("SAINT" if word == "ST" else word for word in words)


@lru_cache(maxsize=1)
def _nicknames() -> dict[str, frozenset[int]]:
    text = files("auscult.registry").joinpath("data/nicknames.txt").read_text(encoding="utf-8")
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(text.splitlines()):
        for name in line.partition("#")[0].split():
            groups.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in groups.items()}


def same_person_names(one: str, other: str) -> bool:
    """Whether one folded given name is a usual short form of the other: BOB and ROBERT."""
    known = _nicknames()
    return bool(known.get(one, frozenset()) & known.get(other, frozenset()))


def within_one_edit(one: str, other: str) -> bool:
    """Whether two words differ by at most one letter put in, left out, changed, or swapped with its neighbour."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and len(b) > 1 and a[2:] == b[2:])


def last_name_note(claimed: str, last: str, others: tuple[str, ...]) -> str | None:
    """How a claimed last name agrees with a record's.

    Args:
        claimed: as typed.
        last: the record's.
        others: other and former last names of the record.

    Returns:
        Empty where it is the record's name, words for a verifier where it agrees less than fully, None where it does not.
    """
    folded = fold_name(claimed)
    name = folded.replace(" ", "")
    if not name:
        return None
    registered = fold_name(last)
    if name == registered.replace(" ", ""):
        return ""
    if name in {fold_name(other).replace(" ", "") for other in others if other}:
        return "the last name is another or a former one of the record"
    # Part of a double name; particles («de», «la») are no name of their own.
    parts, claimed_parts = registered.split(), folded.split()
    if len(name) >= 3 and (name in parts or (len(claimed_parts) > 1 and registered in claimed_parts)):
        return "the last name is a part of the registered one"
    return None


def first_name_note(claimed: str, first: str) -> str | None:
    """How a claimed first name agrees with a record's: empty, words for a verifier, or None."""
    given, registered = fold_name(claimed).split(), fold_name(first).split()
    if not given or not registered:
        return None
    one, other = given[0], registered[0]
    if one == other or "".join(given) == "".join(registered):
        return ""
    if 1 in {len(one), len(other)}:
        return "only the initial of the first name agrees" if one[0] == other[0] else None
    if same_person_names(one, other):
        return "the first name is a short form of the registered one"
    if min(len(one), len(other)) >= 4 and within_one_edit(one, other):
        return "the first name differs by one letter"
    return None


def plain_licence(number: str, state: str) -> str:
    """A licence number for comparison: without punctuation, state prefix, letters of the degree and leading zeros."""
    text = re.sub(r"[^A-Z0-9]", "", number.upper()).removeprefix(state.upper())
    for letters in _DEGREES:
        if text.startswith(letters) and text[len(letters) :].isdigit():
            text = text.removeprefix(letters)
    return text.lstrip("0")


def licence_note(number: str, state: str, licences: list[tuple[str, str]]) -> str | None:
    """How a claimed licence agrees with those of a record.

    Args:
        number: as typed.
        state: two letters, as typed.
        licences: pairs of number and state in the record's slots; an empty number is neutral.

    Returns:
        Empty where it stands in a slot, words where the record has no number of that state to compare, None where the
        record has another.
    """
    filled = [known for known, known_state in licences if known and known_state.upper() == state.upper()]
    if not filled:
        return "the register has no licence number of that state to compare"
    wanted = plain_licence(number, state)
    return "" if wanted and any(plain_licence(known, state) == wanted for known in filled) else None
