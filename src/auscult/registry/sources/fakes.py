"""Invented files and answers in the formats of other registers, for tests, samples and trying an adapter out."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

_LAST = ("Alderton", "Belmore", "Corwick", "Dansey", "Elmridge", "Fernhouse", "Garwell", "Halston")
_FIRST = ("Ada", "Boris", "Clara", "Emil", "Greta", "Hugo", "Ines", "Jonas")
_RPPS_COLUMNS = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|Libellé civilité d'exercice|"
    "Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|"
    "Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|Libellé type savoir-faire|"
    "Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|Numéro SIRET site|Numéro SIREN site|"
    "Numéro FINESS site|Numéro FINESS établissement juridique|Identifiant technique de la structure|Raison sociale site|"
    "Enseigne commerciale site|Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)"
).split("|")
_SPECIALTIES = (
    "Cardiologie et maladies vasculaires",
    "Médecine générale",
    "Psychiatrie",
    "Pédiatrie",
    "Radio-diagnostic",
)
_PLACES = (
    ("75011", "PARIS"),
    ("69003", "LYON"),
    ("13005", "MARSEILLE"),
    ("97110", "POINTE-A-PITRE"),
    ("67000", "STRASBOURG"),
)


def rpps_number(index: int) -> str:
    """An invented RPPS number: eleven digits, the last of them Luhn's."""
    ten = f"10{index:08d}"
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    total = sum(doubled[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(reversed(ten)))
    return ten + str(-total % 10)


def write_rpps(path: Path, physicians: int, *, encoding: str = "utf-8") -> None:
    """An invented open extract of the RPPS: physicians, some in two rows, interns, and others.

    Args:
        path: the text to write.
        physicians: how many different physicians.
    """
    draw = random.Random(10)  # noqa: S311 - invented people
    rows = []

    def row(index: int, **values: str) -> dict[str, str]:
        postcode, town = draw.choice(_PLACES)
        return (
            dict.fromkeys(_RPPS_COLUMNS, "")
            | {
                "Type d'identifiant PP": "8",
                "Identifiant PP": rpps_number(index),
                "Identification nationale PP": f"8{rpps_number(index)}",
                "Code civilité": draw.choice(("M", "MME")),
                "Nom d'exercice": draw.choice(_LAST).upper(),
                "Prénom d'exercice": draw.choice(_FIRST),
                "Code profession": "10",
                "Libellé profession": "Médecin",
                "Code catégorie professionnelle": "C",
                "Libellé savoir-faire": draw.choice(_SPECIALTIES),
                "Libellé Voie (coord. structure)": "DE L'INVENTION",
                "Code postal (coord. structure)": postcode,
                "Libellé commune (coord. structure)": town,
                "Téléphone (coord. structure)": f"01999{index % 100000:05d}",
            }
            | values
        )

    for index in range(physicians):
        first = row(index)
        rows.append(first)
        if index % 4 == 0:
            rows.append(first | {"Libellé Voie (coord. structure)": "DU SECOND SITE"})
        if index % 5 == 0:
            rows.append(row(physicians + index, **{"Code profession": "60", "Libellé profession": "Infirmier"}))
        if index % 10 == 0:
            rows.append(row(2 * physicians + index, **{"Code catégorie professionnelle": "E"}))
    text = "\n".join("|".join(each.values()) for each in [dict(zip(_RPPS_COLUMNS, _RPPS_COLUMNS, strict=True)), *rows])
    path.write_bytes((text + "\n").encode(encoding))


#: A mapping as a chamber would write it, for the list of ``write_chamber``.
CHAMBER_MAPPING = """# How the list of an invented chamber becomes a register.
register = "chamber"
title = "Invented Chamber of Physicians"
delimiter = ";"
encoding = "utf-8-sig"
date_format = "%d.%m.%Y"
pattern = "[0-9]{6}"

[columns]
number = "Mitgliedsnummer"
last_name = "Name"
first_name = "Vorname"
sex = "Geschlecht"
specialty = "Gebiet"
state = "Land"
street = "Straße"
postcode = "PLZ"
city = "Ort"
phone = "Telefon"
enumerated_on = "Approbation"
updated_on = "Stand"
status = "Status"

[values.sex]
w = "F"
m = "M"
d = "U"

[values.specialty]
"Innere Medizin" = "WG01"
"Allgemeinmedizin" = "WG02"
"Kinder- und Jugendmedizin" = "WG03"
"Psychiatrie" = "WG12"

[values.state]
"Bayern" = "DE-BY"
"Hessen" = "DE-HE"

[values.status]
"aktiv" = "active"
"erloschen" = "deactivated"
"""


def write_chamber(path: Path, physicians: int) -> None:
    """An invented list of a chamber, for ``CHAMBER_MAPPING``; every tenth is not active any more."""
    draw = random.Random(11)  # noqa: S311 - invented people
    specialties = ("Innere Medizin", "Allgemeinmedizin", "Kinder- und Jugendmedizin", "Psychiatrie")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(
            ["Mitgliedsnummer", "Name", "Vorname", "Geschlecht", "Gebiet", "Land", "Straße", "PLZ", "Ort", "Telefon",
             "Approbation", "Stand", "Status"]
        )  # fmt: skip
        for index in range(physicians):
            writer.writerow(
                [f"{100_000 + index}", draw.choice(_LAST), draw.choice(_FIRST), draw.choice("wmd"), draw.choice(specialties),
                 draw.choice(("Bayern", "Hessen")), "Erfundene Straße 1", "80331", "Erfurtingen", "", "01.04.1999",
                 "02.05.2025", "erloschen" if index % 10 == 9 else "aktiv"]
            )  # fmt: skip


def npi_api(
    number: str, *, last_name: str = "ALDERTON", status: str = "A", old: bool = False
) -> Callable[[str], bytes]:
    """What the NPI Registry API answers for one number, in the shape of today or of some years ago.

    Returns:
        A function like the one that fetches an address.
    """
    basic = {"first_name": "ADA", "last_name": last_name, "status": status, "gender" if old else "sex": "F"}
    record = {
        "number": int(number) if old else number,
        "enumeration_type": "NPI-1",
        "basic": basic,
        "created_epoch": 1183680000 if old else "1183680000000",
    }
    text = json.dumps({"result_count": 1, "results": [record]}).encode()

    def fetch(_address: str) -> bytes:
        return text

    return fetch
