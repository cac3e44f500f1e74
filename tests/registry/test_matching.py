"""Which record a claim means."""

import pytest

from auscult.registry.matching import first_name_note, last_name_note, licence_note, within_one_edit


@pytest.mark.parametrize(
    ("claimed", "registered", "others", "note"),
    [
        ("garcia-lopez", "GARCIA-LOPEZ", (), ""),
        ("García López", "GARCIA-LOPEZ", (), ""),
        ("O'Brien", "O BRIEN", (), ""),
        ("Mc Donald", "MCDONALD", (), ""),
        ("Saint John", "ST. JOHN", (), ""),
        ("Smith", "SMITH JR", (), ""),
        ("Bjørk", "BJORK", (), ""),
        ("Lopez", "GARCIA-LOPEZ", (), "part"),
        ("Garcia Lopez", "LOPEZ", (), "part"),
        ("Keller", "BRANDT", ("KELLER",), "former"),
        ("La", "DE LA CRUZ", (), None),
        ("Garci", "GARCIA", (), None),
        ("", "GARCIA", (), None),
        ("Do", "DO", (), ""),
    ],
)
def test_last_names(claimed, registered, others, note):
    found = last_name_note(claimed, registered, others)
    assert (found is None) if note is None else (found is not None and note in found and bool(found) == bool(note))


@pytest.mark.parametrize(
    ("claimed", "registered", "note"),
    [
        ("Ana", "ANA", ""),
        ("Ana Maria", "ANA M", ""),
        ("Anne-Marie", "ANNE MARIE", ""),
        ("A", "ANA", "initial"),
        ("Bob", "ROBERT", "short form"),
        ("Liz", "ELIZABETH", "short form"),
        ("Catherine", "KATHERINE", "short form"),
        ("Jonh", "JOHN", "one letter"),
        ("Priyaa", "PRIYA", "one letter"),
        ("Ann", "ANA", None),  # three letters are too few for a slip
        ("Maria", "ANA", None),
        ("", "ANA", None),
    ],
)
def test_first_names(claimed, registered, note):
    found = first_name_note(claimed, registered)
    assert (found is None) if note is None else (found is not None and note in found and bool(found) == bool(note))


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("ABCD", "ABCD", True),
        ("ABCD", "ABD", True),
        ("ABCD", "ABXCD", True),
        ("ABCD", "ABXD", True),
        ("ABCD", "ACBD", True),
        ("ABCD", "ADCB", False),
        ("ABCD", "AB", False),
        ("ABCD", "BADC", False),
    ],
)
def test_one_edit(one, other, near):
    assert within_one_edit(one, other) is near
    assert within_one_edit(other, one) is near


SLOTS = [("", "TX"), ("MD12345", "PA"), ("A98765", "CA"), ("0101234567", "VA")]


@pytest.mark.parametrize(
    ("number", "state", "note"),
    [
        ("md 12345", "PA", ""),
        ("PA-MD12345", "PA", ""),
        ("12345", "PA", ""),
        ("a98765", "CA", ""),
        ("101234567", "VA", ""),
        ("MD012345", "PA", ""),
        ("98765", "CA", None),  # the letter of a Californian licence says what it is
        ("MD12345", "CA", None),
        ("", "PA", None),
        ("anything", "TX", "no licence number"),
        ("anything", "NJ", "no licence number"),
    ],
)
def test_licences_in_any_slot(number, state, note):
    found = licence_note(number, state, SLOTS)
    assert (found is None) if note is None else (found is not None and note in found and bool(found) == bool(note))
