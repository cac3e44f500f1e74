"""The French register (RPPS): the open extract ``PS_LibreAcces_Personne_activite``, separated by ``|``.

One row is one activity of one person, so a physician may stand in several; the first counts. The extract has no date of
enumeration and no licence number other than the RPPS number itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from auscult.registry.matching import fold_name
from auscult.registry.sources.files import Progress, RegisterFile, no_progress
from auscult.registry.sources.tables import Mapping, open_table
from auscult.registry.taxonomy import UNMAPPED_GROUP

REGISTER = "rpps"
#: Code of the profession «Médecin».
PHYSICIAN = "10"
#: Kind of identifier: 8 is RPPS, 0 was ADELI.
RPPS_KIND = "8"
_DATED = re.compile(r"(20\d{2})(\d{2})(\d{2})")

#: Specialties («savoir-faire») by words of their folded label → weight group; the first that fits.
_GROUPS: tuple[tuple[str, str], ...] = (
    ("PEDIATR", "WG03"), ("CHIRURGIE INFANTILE", "WG03"), ("PEDIATRIQUE", "WG03"),
    ("GYNECO", "WG04"), ("OBSTETR", "WG04"),
    ("THORACIQUE", "WG17"), ("CHIRURGIE VASCULAIRE", "WG17"), ("VISCERALE", "WG17"), ("CHIRURGIE GENERALE", "WG17"),
    ("CARDIO", "WG05"), ("MEDECINE VASCULAIRE", "WG05"),
    ("GASTRO", "WG06"), ("HEPATO", "WG06"),
    ("HEMATO", "WG07"), ("ONCO", "WG07"), ("RADIOTHERAPIE", "WG07"), ("RADIO THERAPIE", "WG07"),
    ("PNEUMO", "WG08"), ("INTENSIVE", "WG08"), ("REANIMATION MEDICALE", "WG08"),
    ("ALLERGO", "WG09"), ("ENDOCRINO", "WG09"), ("NEPHRO", "WG09"), ("RHUMATO", "WG09"), ("INFECTIEUSES", "WG09"),
    ("DERMATO", "WG10"),
    ("NEURO CHIRURGIE", "WG19"), ("NEUROCHIRURGIE", "WG19"), ("PSYCHIATR", "WG12"), ("NEURO", "WG11"),
    ("URGENCE", "WG13"), ("ANESTHESI", "WG14"),
    ("RADIO DIAGNOSTIC", "WG15"), ("RADIODIAGNOSTIC", "WG15"), ("RADIOLOGIE", "WG15"), ("NUCLEAIRE", "WG15"),
    ("ANATOMIE", "WG16"), ("BIOLOGIE", "WG16"),
    ("ORTHOPED", "WG18"), ("OPHTALMO", "WG20"),
    ("UROLOG", "WG19"), ("PLASTIQUE", "WG19"), ("MAXILLO", "WG19"), ("STOMATO", "WG19"), ("ORALE", "WG19"),
    ("O R L", "WG19"), ("OTO RHINO", "WG19"), ("CHIRURGIE", "WG19"),
    ("READAPTATION", "WG21"),
    ("GERIATR", "WG01"), ("INTERNE", "WG01"),
    ("MEDECINE GENERALE", "WG02"),
    ("SANTE PUBLIQUE", "WG22"), ("TRAVAIL", "WG22"), ("GENETIQUE", "WG22"), ("LEGALE", "WG22"), ("RECHERCHE", "WG22"),
)  # fmt: skip

_REGION_OF_DEPARTMENT: dict[str, str] = {
    department: region
    for region, departments in {
        "FR-ARA": "01 03 07 15 26 38 42 43 63 69 73 74",
        "FR-BFC": "21 25 39 58 70 71 89 90",
        "FR-BRE": "22 29 35 56",
        "FR-CVL": "18 28 36 37 41 45",
        "FR-20R": "20 2A 2B",
        "FR-GES": "08 10 51 52 54 55 57 67 68 88",
        "FR-HDF": "02 59 60 62 80",
        "FR-IDF": "75 77 78 91 92 93 94 95",
        "FR-NOR": "14 27 50 61 76",
        "FR-NAQ": "16 17 19 23 24 33 40 47 64 79 86 87",
        "FR-OCC": "09 11 12 30 31 32 34 46 48 65 66 81 82",
        "FR-PDL": "44 49 53 72 85",
        "FR-PAC": "04 05 06 13 83 84",
        "FR-OM": "97 98",
    }.items()
    for department in departments.split()
}


def group_of_label(label: str) -> str:
    """Weight group of a «savoir-faire», by its words; unknown ones are kept as not mapped."""
    folded = fold_name(label)
    return next((group for words, group in _GROUPS if words in folded), UNMAPPED_GROUP)


def is_rpps_number(number: str) -> bool:
    """Whether eleven digits are a possible RPPS number: the last is Luhn's check digit over the ten before."""
    if not re.fullmatch(r"[0-9]{11}", number):
        return False
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    return sum(doubled[int(d)] if i % 2 else int(d) for i, d in enumerate(reversed(number))) % 10 == 0


def _region(column: Callable[[str], str]) -> str:
    department = column("Code Département (structure)") or column("Code postal (coord. structure)")
    return _REGION_OF_DEPARTMENT.get(department[:2].upper(), "ZZ")


RPPS = Mapping(
    register=REGISTER,
    title="Répertoire partagé des professionnels de santé",
    columns={
        "number": "Identifiant PP",
        "last_name": "Nom d'exercice",
        "first_name": "Prénom d'exercice",
        "sex": "Code civilité",
        "specialty": "Libellé savoir-faire",
        "state": "Code postal (coord. structure)",
        "phone": "Téléphone (coord. structure)",
        "fax": "Télécopie (coord. structure)",
        "street": "Libellé Voie (coord. structure)",
        "postcode": "Code postal (coord. structure)",
        "city": "Libellé commune (coord. structure)",
        "licence": "Identifiant PP",
    },
    values={"sex": {"M": "M", "MME": "F", "MLLE": "F"}},
    delimiter="|",
    number_check=is_rpps_number,
    group_of=group_of_label,
    is_physician=lambda column: (
        column("Code profession") == PHYSICIAN
        and column("Type d'identifiant PP") == RPPS_KIND
        # Students and interns («E») stand in the same extract.
        and column("Code catégorie professionnelle") != "E"
    ),
    state_of=_region,
    several_rows=True,
)


def open_rpps(path: Path, *, as_of: date | None = None, progress: Progress = no_progress) -> RegisterFile:
    """Open the open extract of the RPPS, text or the zip that contains it.

    Args:
        path: ``PS_LibreAcces_Personne_activite_YYYYMMDDHHMM.txt`` or its zip.
        as_of: its date, where the name does not tell.
        progress: told bytes read and bytes in all.

    Raises:
        UnusableRegisterFile: unreadable, damaged, or without the columns that are needed.
    """
    dated = _DATED.search(path.name)
    if as_of is None and dated:
        as_of = date(int(dated[1]), int(dated[2]), int(dated[3]))
    return open_table(path, RPPS, as_of=as_of, progress=progress)
