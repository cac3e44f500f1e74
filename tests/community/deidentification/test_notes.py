"""What the gate finds in invented notes. Those kept apart say how good it is; the others are what it was tuned with."""

import pytest

from auscult.community.deidentification import IdentifierClass
from bench.deidentification import read_note, read_notes, score


@pytest.fixture(scope="module")
def halves():
    return [score(notes) for notes in read_notes()]


def test_there_are_enough_notes_of_every_class(halves):
    assert all(half.notes >= 150 for half in halves)
    assert set(halves[0].there + halves[1].there) == set(IdentifierClass)
    texts = [read_note(note)[0] for notes in read_notes() for note in notes]
    assert len(set(texts)) == len(texts)
    # Notes without any identifier show what is said for nothing.
    assert sum(not read_note(note)[1] for notes in read_notes() for note in notes) > 90


def test_marks_are_read():
    text, spans = read_note("Saw [N Ada Lark] on [D 3/4].")
    assert text == "Saw Ada Lark on 3/4."
    assert [(kind, text[start:end]) for kind, start, end in spans] == [
        (IdentifierClass.NAME, "Ada Lark"), (IdentifierClass.DATE, "3/4"),
    ]  # fmt: skip


def test_recall_and_precision_do_not_fall(halves):
    """The floors stand a little under what was measured (docs/method/deidentification.md)."""
    tuning, apart = halves
    assert tuning.found.total() / tuning.there.total() >= 0.94
    assert apart.found.total() / apart.there.total() >= 0.83
    assert tuning.right.total() / tuning.said.total() >= 0.98
    assert apart.right.total() / apart.said.total() >= 0.97
