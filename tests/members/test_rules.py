import pytest

from auscult.members.names import handle_problem, institutional_address_problem
from auscult.members.rules import EVIDENCE, EvidenceKind, document_type, level_from
from auscult.shared.standing import Level

E = EvidenceKind


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        ([], Level.L1),
        ([E.INSTITUTIONAL_EMAIL], Level.L1),
        ([E.DOCUMENT, E.BOARD_LOOKUP], Level.L1),  # two points, none independent
        ([E.CALL_BACK, E.BOARD_LOOKUP], Level.L2),
        ([E.INSTITUTIONAL_EMAIL, E.DOCUMENT], Level.L2),
        ([E.INSTITUTIONAL_EMAIL, E.INSTITUTIONAL_EMAIL], Level.L1),  # a kind counts once
        ([E.INSTITUTIONAL_EMAIL, E.CALL_BACK, E.POST_CARD], Level.L2),  # six points, nobody seen
        ([E.VIDEO, E.INSTITUTIONAL_EMAIL], Level.L3),
        ([E.PROOFING, E.VOUCHES], Level.L3),
        ([E.VIDEO, E.DOCUMENT], Level.L2),
    ],
)
def test_level_from_evidence(kinds, level):
    assert level_from([(kind, EVIDENCE[kind].points) for kind in kinds]) == level


def test_nothing_verifies_alone():
    assert all(level_from([(kind, rule.points)]) == Level.L1 for kind, rule in EVIDENCE.items())


def test_a_shared_or_new_number_is_worth_one_point():
    assert level_from([(E.CALL_BACK, 1), (E.DOCUMENT, 1)]) == Level.L1
    assert level_from([(E.CALL_BACK, 1), (E.DOCUMENT, 1), (E.BOARD_LOOKUP, 1)]) == Level.L2
    assert level_from([(E.CALL_BACK, 0), (E.DOCUMENT, 1), (E.BOARD_LOOKUP, 1), (E.INSTITUTIONAL_EMAIL, 2)]) == Level.L2


@pytest.mark.parametrize("handle", ["ab", "x" * 25, "Upper", "1st", "two--hyphens", "ends-", "ümlaut", "admin", "a b"])
def test_handles_that_are_not_well_formed(handle):
    assert handle_problem(handle, "Alderton", "Ada")


def test_a_handle_must_not_give_the_name_away():
    assert "your name" in (handle_problem("dr-alderton", "Alderton", "Ada") or "")
    assert "your name" in (handle_problem("al-der-ton", "Alderton", "Ada") or "")
    assert "your name" in (handle_problem("garcia-md", "Garcia Lopez", "Ana") or "")
    assert handle_problem("quiet-otter", "Alderton", "Ada") is None


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("a.alderton@hospital.example", True),
        ("alderton@cardio.hospital.example", True),
        ("a.alderton@nothospital.example", False),
        ("a.alderton@evilhospital.example", False),
        ("office@hospital.example", False),
        ("b.someone@hospital.example", False),
        ("no address", False),
        # The code would go to a second address, or somewhere else altogether.
        ("me@evil.example, alderton@hospital.example", False),
        ("alderton@hospital.example\nBcc: me@evil.example", False),
        ("alderton@hospital.example\0", False),
        ('"alderton"@hospital.example', False),
    ],
)
def test_institutional_addresses(address, accepted):
    assert (institutional_address_problem(address, "Alderton", ["hospital.example"]) is None) is accepted


@pytest.mark.parametrize(
    ("local", "last", "first", "accepted"),
    [
        ("a.alderton", "Alderton", "Ada", True),
        ("aalderton2", "Alderton", "Ada", True),
        ("ada.alderton", "Alderton", "Ada", True),
        ("alderton.ada", "Alderton", "Ada", True),
        ("adaalderton", "Alderton", "Ada", True),
        ("bob.alderton", "Alderton", "Ada", False),
        ("balderton", "Alderton", "Ada", False),
        # Other people's mailboxes at the same place.
        ("martin.lee", "Martinez", "Ana", False),
        ("alexander.jones", "Andersen", "Al", False),
        ("robert.x", "Roberts", "Xenia", False),
        ("ana.garcia", "Garcia-Lopez", "Ana", True),
        ("garcialopez", "Garcia-Lopez", "Ana", True),
    ],
)
def test_an_address_is_the_applicants_own(local, last, first, accepted):
    problem = institutional_address_problem(f"{local}@hospital.example", last, ["hospital.example"], first)
    assert (problem is None) is accepted


def test_a_short_name_must_stand_alone():
    def accepted(address):
        return institutional_address_problem(address, "Li", ["hospital.example"]) is None

    assert accepted("wei.li@hospital.example")
    assert not accepted("holiday@hospital.example")


def test_documents_are_known_by_their_first_bytes():
    assert document_type(b"%PDF-1.7 ...") == "application/pdf"
    assert document_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert document_type(b"<html>") is None
