from datetime import date

import pytest

from auscult.registry.matching import fold_name
from auscult.registry.rules import (
    career_band,
    clean_licence,
    coarsen,
    group_of,
    primary_code,
)
from auscult.registry.taxonomy import broad_of_group, group_label, group_names, region_of, specialties


def test_the_physician_codes_are_complete():
    assert len(specialties()) == 238
    assert len(group_names()) == 23  # 22 and «not mapped»
    assert set(broad_of_group().values()) == {
        "Primary care", "Medical specialty", "Surgical", "Hospital based", "Psychiatry", "Other",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([("207R00000X", "N"), ("207RC0000X", "Y")], "207RC0000X"),
        ([("390200000X", "Y"), ("207R00000X", "N")], "207R00000X"),
        ([("208D00000X", "Y"), ("207Q00000X", "N")], "207Q00000X"),
        ([("208D00000X", "Y")], "208D00000X"),
        # A nurse who also picked a physician code is a nurse.
        ([("163W00000X", "Y"), ("207Q00000X", "N")], ""),
        ([("207Q00000X", "N"), ("207R00000X", "N")], "207Q00000X"),
        ([("390200000X", "N"), ("207R00000X", "Y")], "207R00000X"),
        ([("390200000X", "Y")], ""),
        ([("163W00000X", "Y")], ""),
        ([], ""),
    ],
)
def test_primary_code(slots, expected):
    assert primary_code(slots) == expected


def test_an_unknown_physician_code_is_kept_as_not_mapped():
    assert group_of("209X00000X") == "WG00"


@pytest.mark.parametrize("text", ["$$$$$$$$$", "********", "_________"])
def test_masks_are_no_licence(text):
    assert clean_licence(text) == ""


@pytest.mark.parametrize(
    ("enumerated", "band"),
    [
        (date(2009, 1, 1), "0-4"),
        (date(2004, 6, 1), "5-9"),
        (date(1995, 1, 1), "10-17"),
        (date(1980, 1, 1), "18+"),
        (None, "18+"),
    ],
)
def test_career_band(enumerated, band):
    assert career_band(enumerated, date(2009, 6, 30)) == band


def test_coarsening_keeps_nothing_finer_than_region_and_broad_group():
    stratum = coarsen("WG05", "CA", "F", "5-9")
    assert (stratum.specialty, stratum.region) == ("Medical specialty", "West")
    assert region_of("PR") == "Territories and other"
    assert group_label("WG01") == "Internal medicine"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("O'Brien", "OBRIEN"),
        ("Muñoz", "MUNOZ"),
        ("Smith Jr.", "SMITH"),
        ("De la Cruz", "DE LA CRUZ"),
        ("Brandt (formerly Keller)", "BRANDT"),
    ],
)
def test_names_fold_together(a, b):
    assert fold_name(a) == fold_name(b)
