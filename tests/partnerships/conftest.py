from datetime import UTC, date, datetime

import pytest

from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.rules import Power
from auscult.partnerships.actions.agreements import GrantDraft, propose_agreement, ratify_agreement
from auscult.partnerships.rules import ObligationDraft, Side
from auscult.shared.standing import CONSOLE, Level

BEGINS = datetime(2007, 5, 10, 12, tzinfo=UTC)


def at(*day):
    return datetime(*day, 12, tzinfo=UTC)


@pytest.fixture
def parties(make_member, db):
    """The operator (A), the society (B), and an arbiter."""
    found = {}
    for slug, name, kind in (
        ("operator", "The Operator", "operator of this place"),
        ("society", "The Society", "association"),
    ):
        organisation = add_organisation(standing=CONSOLE, now=BEGINS, slug=slug, name=name, kind=kind)
        found[slug] = make_member(level=Level.L0, email=f"{slug}@example.org")
        appoint_representative(
            standing=CONSOLE, now=BEGINS, organisation=organisation, email=f"{slug}@example.org", public_name=f"R of {name}",
            scope="agreements", powers=list(Power),
        )  # fmt: skip
    found["arbiter"] = make_member(level=Level.L0, roles=("arbiter",))
    return found


def proposal(parties, **changes):
    given = {
        "standing": parties["operator"], "now": BEGINS, "title": "A partnership", "subject": "partnership",
        "party_a": "operator", "party_b": "society", "starts_on": date(2007, 5, 25), "ends_on": date(2009, 5, 25),
        "terms": "In kind.",
        "obligations": [
            ObligationDraft("journals", Side.B, "Journals", "log-ins", (date(2007, 6, 1),)),
            ObligationDraft("digest", Side.A, "A digest", "a file", (date(2007, 8, 25), date(2007, 11, 25))),
        ],
        "grants": [GrantDraft(Side.B, "numbers by topic", "to learn")],
    }  # fmt: skip
    return propose_agreement(**(given | changes))


@pytest.fixture
def agreement(parties):
    """Ratified by both."""
    made = proposal(parties)
    return ratify_agreement(standing=parties["society"], now=at(2007, 5, 20), agreement_id=made.pk)
