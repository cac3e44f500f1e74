"""Physician specialties: NUCC codes folded to specialties, weight groups and broad groups; states to regions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

UNMAPPED_GROUP = "WG00"
OTHER_STATE = "ZZ"

#: U.S. Census Bureau regions. Territories and military addresses are a region of their own.
REGIONS: dict[str, str] = {
    **dict.fromkeys("CT ME MA NH RI VT NJ NY PA".split(), "Northeast"),
    **dict.fromkeys("IL IN MI OH WI IA KS MN MO NE ND SD".split(), "Midwest"),
    **dict.fromkeys("DE FL GA MD NC SC VA DC WV AL KY MS TN AR LA OK TX".split(), "South"),
    **dict.fromkeys("AZ CO ID MT NV NM UT WY AK CA HI OR WA".split(), "West"),
}
OTHER_REGION = "Territories and other"

#: Years since enumeration. NPPES began in 2005–2008, so in a real file the longest bands are censored there.
CAREER_BANDS: tuple[tuple[str, int], ...] = (("0-4", 0), ("5-9", 5), ("10-17", 10), ("18+", 18))


@dataclass(frozen=True)
class Specialty:
    """One NUCC physician code and what it folds to.

    Attributes:
        code: NUCC code, for example ``207RC0000X``.
        name: specialty, one of 52.
        group: code of the weight group, ``WG01`` … ``WG22``.
        broad: broad group, one of 6, the commonest among the codes of its weight group.
        shared_with: people without a medical degree who hold this code too; mostly empty.
    """

    code: str
    name: str
    group: str
    broad: str
    shared_with: str


@lru_cache(maxsize=1)
def _rows() -> tuple[dict[str, str], ...]:
    text = files("auscult.registry").joinpath("data/physician_taxonomy.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def group_names() -> dict[str, str]:
    """Weight group → name, for example ``WG05`` → ``Cardiology``."""
    names = {row["weight_group"].split(" ", 1)[0]: row["weight_group"].split(" ", 1)[1] for row in _rows()}
    return {**dict(sorted(names.items())), UNMAPPED_GROUP: "Not mapped to a specialty"}


def group_label(group: str) -> str:
    """A weight group as shown beside a handle: its name without what stands in parentheses."""
    return group_names()[group].split(" (")[0] if group else ""


@lru_cache(maxsize=1)
def broad_of_group() -> dict[str, str]:
    """Weight group → broad group."""
    tally: dict[str, dict[str, int]] = {}
    for row in _rows():
        counts = tally.setdefault(row["weight_group"].split(" ", 1)[0], {})
        counts[row["broad_group"]] = counts.get(row["broad_group"], 0) + 1
    return {group: max(counts, key=lambda b: counts[b]) for group, counts in tally.items()} | {UNMAPPED_GROUP: "Other"}


@lru_cache(maxsize=1)
def specialties() -> dict[str, Specialty]:
    """NUCC code → specialty, for the 238 physician codes."""
    broad = broad_of_group()
    found = {}
    for row in _rows():
        group = row["weight_group"].split(" ", 1)[0]
        found[row["code"]] = Specialty(row["code"], row["aamc_specialty"], group, broad[group], row["eligibility_flag"])
    return found


def is_physician_code(code: str) -> bool:
    """Whether a NUCC code is of *Allopathic & Osteopathic Physicians*: all begin with ``20`` and no others do."""
    return len(code) == 10 and code.startswith("20") and code.endswith("X")


#: Regions of France by ISO 3166-2, for its register.
FRENCH_REGIONS: dict[str, str] = {
    "FR-ARA": "Auvergne-Rhône-Alpes", "FR-BFC": "Bourgogne-Franche-Comté", "FR-BRE": "Bretagne",
    "FR-CVL": "Centre-Val de Loire", "FR-20R": "Corse", "FR-GES": "Grand Est", "FR-HDF": "Hauts-de-France",
    "FR-IDF": "Île-de-France", "FR-NOR": "Normandie", "FR-NAQ": "Nouvelle-Aquitaine", "FR-OCC": "Occitanie",
    "FR-PDL": "Pays de la Loire", "FR-PAC": "Provence-Alpes-Côte d'Azur", "FR-OM": "Outre-mer",
}  # fmt: skip


def region_of(state: str) -> str:
    """Region of a state: the census region in the U.S.; elsewhere the ISO 3166-2 subdivision is its own region."""
    if "-" in state:
        return FRENCH_REGIONS.get(state, state)
    return REGIONS.get(state, OTHER_REGION)


def known_state(state: str) -> str:
    """The two letters of a state or territory, or ``ZZ`` for anything else."""
    return state if state in REGIONS or state in {"PR", "GU", "VI", "AS", "MP"} else OTHER_STATE
