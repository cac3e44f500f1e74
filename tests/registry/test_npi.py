import csv
from pathlib import Path

import pytest

from auscult.registry.npi import check_digit, is_npi, normalise_npi

with (Path(__file__).parent / "npi_vectors.csv").open(encoding="utf-8", newline="") as file:
    VECTORS = [(row["value"], row["expected"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("value", "expected"), VECTORS)
def test_vector(value, expected):
    assert is_npi(value) == (expected == "valid")


def test_what_people_type_around_the_digits_is_removed():
    assert normalise_npi(" 1234-567 893\n") == "1234567893"
    assert is_npi(normalise_npi(" 1234-567 893\n"))
    assert check_digit("123456789") == "3"
