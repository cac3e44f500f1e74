"""Writes a register of invented physicians in the real NPPES format: 330 columns, every value in quotes."""

from __future__ import annotations

import csv
import sys
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.registry.npi import check_digit

AS_OF = date(2009, 6, 30)
SEED = 20090701

# NUCC code, weight (active physicians in thousands), share of women; rounded from the AAMC specialty tables.
_SPECIALTIES = [
    ("207R00000X", 105, 0.33), ("207Q00000X", 104, 0.35), ("208000000X", 56, 0.56), ("207V00000X", 40, 0.48),
    ("2084P0800X", 38, 0.34), ("207P00000X", 34, 0.25), ("207L00000X", 40, 0.23), ("2085R0202X", 27, 0.22),
    ("208600000X", 25, 0.17), ("207RC0000X", 22, 0.11), ("207W00000X", 18, 0.20), ("207X00000X", 20, 0.05),
    ("207RH0003X", 13, 0.27), ("207RG0100X", 13, 0.14), ("207RC0200X", 12, 0.17), ("2084N0400X", 12, 0.25),
    ("207N00000X", 11, 0.42), ("207ZP0102X", 13, 0.36), ("207RN0300X", 8, 0.22), ("208800000X", 10, 0.07),
    ("2084P0804X", 8, 0.48), ("207RI0200X", 7, 0.36), ("208100000X", 9, 0.36), ("207Y00000X", 9, 0.14),
    ("207RE0101X", 6, 0.38), ("208200000X", 7, 0.14), ("2083P0901X", 5, 0.32), ("207RR0500X", 5, 0.34),
    ("207T00000X", 5, 0.06), ("2085R0001X", 4, 0.26), ("207K00000X", 4, 0.30), ("208G00000X", 4, 0.05),
    ("208M00000X", 9, 0.33), ("208D00000X", 9, 0.25), ("207RG0300X", 4, 0.40), ("2080N0001X", 4, 0.50),
]  # fmt: skip
_STATES = {
    "CA": 117, "NY": 97, "TX": 70, "FL": 61, "PA": 55, "IL": 46, "OH": 45, "MI": 42, "MA": 38, "NJ": 32, "NC": 31,
    "GA": 28, "VA": 27, "MD": 26, "WA": 24, "TN": 22, "MO": 22, "AZ": 21, "IN": 20, "WI": 20, "MN": 20, "CO": 18,
    "CT": 15, "LA": 15, "KY": 14, "SC": 14, "OR": 13, "AL": 13, "OK": 11, "IA": 10, "KS": 9, "UT": 9, "AR": 8, "NV": 7,
    "MS": 8, "NM": 7, "NE": 7, "WV": 7, "HI": 5, "NH": 5, "ME": 5, "RI": 5, "ID": 4, "MT": 3, "DE": 4, "SD": 3, "ND": 3,
    "AK": 2, "VT": 3, "WY": 1, "DC": 8, "PR": 10, "GU": 0.4, "VI": 0.2,
}  # fmt: skip
# Years in practice. A real register of 2009 could not tell: NPIs were given out from 2005 on. The invented one has
# enumeration dates as if they had always existed, so that the career margin is worth weighting to.
_CAREERS = [((0, 5), 0.13, 1.5), ((5, 10), 0.15, 1.3), ((10, 18), 0.25, 1.1), ((18, 42), 0.47, 0.65)]
_SYLLABLES = (
    "bar bel cor dan del ens fal far gar hal har hol ker lan lin mar mel mor nor pel ran ros sel tal tar ven ver wal win yar"
).split()
_ENDINGS = (
    "berg dale den ett field ford ham house ley low man mere more ner ridge sen ston ter ton well wick worth "
).split()
_FEMALE = (
    "Ada Alma Clara Edith Elena Flora Greta Hana Ines Iris June Lena Lydia Mara Mina Nadia Nora Olive Petra "
    "Priya Rosa Ruth Selma Tessa Vera Wanda Yumi Zora "
).split()
_MALE = (
    "Abel Amir Anton Boris Carl Cyrus Dario Emil Ezra Felix Goran Hugo Ivan Jonas Kofi Leon Marco Nils Omar "
    "Otto Pavel Ravi Ruben Stefan Tariq Ulrich Viktor Yuki "
).split()


def invented_npi(index: int) -> str:
    """The NPI of invented physician ``index``: unique for 0 ≤ index < 10⁸, with a right check digit."""
    nine = str(100_000_000 + (index * 61_803_399 + 7) % 100_000_000)
    return nine + check_digit(nine)


def write_register(
    path: Path, physicians: int, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> None:
    """Write the zip of a full file: ``physicians`` of them, and others among them as in a real one.

    Args:
        path: the zip to write.
        physicians: how many invented physicians, > 0.
        progress: told rows written and rows in all.
    """
    text = files("auscult.registry").joinpath("data/nppes_header_v2.csv").read_text(encoding="utf-8")
    header = next(csv.reader([text.splitlines()[0]]))
    at = {name: position for position, name in enumerate(header)}
    rng = np.random.default_rng(SEED)
    others = physicians // 20
    total = physicians + others
    weights = np.array([w for _, w, _ in _SPECIALTIES], dtype=float)
    specialty = rng.choice(len(_SPECIALTIES), physicians, p=weights / weights.sum())
    state_weights = np.array(list(_STATES.values()), dtype=float)
    states = rng.choice(list(_STATES), total, p=state_weights / state_weights.sum())
    career = rng.choice(len(_CAREERS), physicians, p=[share for _, share, _ in _CAREERS])
    women = np.array([w for _, _, w in _SPECIALTIES])[specialty] * np.array([f for _, _, f in _CAREERS])[career]
    female = rng.random(physicians) < np.minimum(women, 0.85)
    unstated = rng.random(physicians) < 0.006
    low = np.array([years[0] for years, _, _ in _CAREERS])[career]
    high = np.array([years[1] for years, _, _ in _CAREERS])[career]
    days = ((low + rng.random(physicians) * (high - low)) * 365.25).astype(int)
    # How long ago a record was last touched: two years at the median, a tail of those who never look.
    quiet = np.minimum(rng.exponential(1_050.0, physicians) + 90, 5_000).astype(int)
    numbers = rng.integers(10_000, 999_999, (total, 3))
    picks = rng.integers(0, 1 << 30, (total, 4))
    is_physician = np.ones(total, dtype=bool)
    is_physician[rng.permutation(total)[:others]] = False
    columns = _columns(at)
    width = len(header)
    member = "npidata_pfile_20050523-20090630.csv"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(zipfile.ZipInfo(member, (2009, 7, 1, 0, 0, 0)), "w", force_zip64=True) as out,
    ):
        out.write(('"' + '","'.join(header) + '"\n').encode())
        lines: list[str] = []
        person = 0
        for index in range(total):
            row = [""] * width
            row[0] = invented_npi(index)
            pick, state = picks[index], str(states[index])
            if is_physician[index]:
                code = _SPECIALTIES[specialty[person]][0]
                enumerated = AS_OF - timedelta(days=int(days[person]) + 1)
                first = (_FEMALE if female[person] else _MALE)[pick[0] % 28]
                sex = "" if unstated[person] else ("F" if female[person] else "M")
                _fill_person(row, columns, first, surname(pick), state, sex, numbers[index])
                row[columns["code"]], row[columns["switch"]] = code, "Y"
                row[columns["licence"]], row[columns["licence_state"]] = f"{state}{numbers[index][1]}", state
                row[columns["credential"]] = "M.D." if pick[3] % 10 else "D.O."
                row[columns["enumerated"]] = enumerated.strftime("%m/%d/%Y")
                row[columns["updated"]] = max(enumerated, AS_OF - timedelta(days=int(quiet[person]))).strftime(
                    "%m/%d/%Y"
                )
                row[columns["fax"]] = (
                    f"{200 + numbers[index][1] % 700}55501{numbers[index][2] % 100:02d}" if pick[3] % 2 else ""
                )
                person += 1
            else:
                _fill_other(row, columns, pick, state, numbers[index])
            lines.append('"' + '","'.join(row) + '"\n')
            if len(lines) == 2000:
                out.write("".join(lines).encode())
                lines.clear()
                progress(index + 1, total)
        out.write("".join(lines).encode())
    progress(total, total)


def surname(pick: NDArray[np.int64]) -> str:
    """An invented surname from random integers: about 20,000 of them."""
    middle = _SYLLABLES[pick[2] % 30] if pick[1] % 3 else ""
    return f"{_SYLLABLES[pick[1] % 30]}{middle}{_ENDINGS[pick[2] % 22]}".capitalize()


def _columns(at: dict[str, int]) -> dict[str, int]:
    practice = "Provider Business Practice Location Address"
    return {
        "kind": at["Entity Type Code"],
        "last": at["Provider Last Name (Legal Name)"],
        "first": at["Provider First Name"],
        "credential": at["Provider Credential Text"],
        "organisation": at["Provider Organization Name (Legal Business Name)"],
        "sex": at["Provider Sex Code"],
        "street": at["Provider First Line Business Practice Location Address"],
        "state": at[f"{practice} State Name"],
        "zip": at[f"{practice} Postal Code"],
        "phone": at[f"{practice} Telephone Number"],
        "fax": at[f"{practice} Fax Number"],
        "city": at[f"{practice} City Name"],
        "enumerated": at["Provider Enumeration Date"],
        "updated": at["Last Update Date"],
        "deactivated": at["NPI Deactivation Date"],
        "code": at["Healthcare Provider Taxonomy Code_1"],
        "switch": at["Healthcare Provider Primary Taxonomy Switch_1"],
        "licence": at["Provider License Number_1"],
        "licence_state": at["Provider License Number State Code_1"],
    }


def _fill_person(
    row: list[str], columns: dict[str, int], first: str, last: str, state: str, sex: str, numbers: NDArray[np.int64]
) -> None:
    row[columns["kind"]] = "1"
    row[columns["last"]], row[columns["first"]], row[columns["sex"]] = last.upper(), first.upper(), sex
    row[columns["street"]] = f"{numbers[0] % 9000 + 1} INVENTED ST"
    row[columns["city"]] = f"{last.upper()[:3]}VILLE"
    row[columns["state"]], row[columns["zip"]] = state, f"{numbers[2] % 90000 + 10000}"
    # 555-01xx are the telephone numbers reserved for fiction.
    row[columns["phone"]] = f"{200 + numbers[0] % 700}55501{numbers[1] % 100:02d}"


def _fill_other(
    row: list[str], columns: dict[str, int], pick: NDArray[np.int64], state: str, numbers: NDArray[np.int64]
) -> None:
    kind = pick[3] % 10
    if kind == 0:
        row[columns["deactivated"]] = "05/14/2008"
    elif kind < 5:
        row[columns["kind"]], row[columns["state"]] = "2", state
        row[columns["organisation"]] = f"{surname(pick).upper()} CLINIC, INC."
        row[columns["code"]], row[columns["switch"]] = "261QM1300X", "Y"
        row[columns["enumerated"]] = row[columns["updated"]] = "03/01/2007"
    else:
        names = _FEMALE if pick[0] % 5 else _MALE
        _fill_person(row, columns, names[pick[0] % 28], surname(pick), state, "F" if pick[0] % 5 else "M", numbers)
        row[columns["code"]], row[columns["switch"]] = "163W00000X", "Y"
        row[columns["enumerated"]] = row[columns["updated"]] = "03/01/2007"


if __name__ == "__main__":
    # In a process of its own, while the tables are created: python -m auscult.demo.register PATH PHYSICIANS
    write_register(Path(sys.argv[1]), int(sys.argv[2]))
