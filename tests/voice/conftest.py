from datetime import timedelta

import pytest

from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.rules import Power
from auscult.shared.standing import CONSOLE, Level
from auscult.voice.actions.appeals import AddresseeDraft, draft_appeal, moderate_appeal, sign_appeal
from tests.database import remember

CLAUSES = ("Do one thing.", "Do another thing.", "Publish the third.", "Hear us.")


@pytest.fixture
def society(db, now):
    fields = {"slug": "society", "name": "Example Society", "kind": "association"}
    return remember("society", lambda: add_organisation(standing=CONSOLE, now=now, **fields))


@pytest.fixture
def representative(society, make_member, now):
    standing = make_member(level=Level.L0, email="rep@example.org")
    appoint_representative(
        standing=CONSOLE, now=now, organisation=society, email="rep@example.org", public_name="R. Example",
        scope="everything", powers=list(Power),
    )  # fmt: skip
    return standing


@pytest.fixture
def moderator(make_member):
    return make_member(level=Level.L0, roles=("moderator",))


@pytest.fixture
def author(make_member):
    return make_member()


@pytest.fixture
def draft(author, society, topics, now):
    return draft_appeal(
        standing=author, now=now, title="An appeal", topic="health-reform", preamble="Because.", clauses=CLAUSES,
        addressees=[AddresseeDraft("Example Society", "letter", "society"), AddresseeDraft("A committee", "letter")],
    )  # fmt: skip


@pytest.fixture
def opened(draft, make_member, moderator, now):
    """An open appeal with five co-signers."""
    for _ in range(5):
        sign_appeal(standing=make_member(), now=now, appeal_id=draft.pk, sha256=draft.versions.get().sha256)
    moderate_appeal(standing=moderator, now=now + timedelta(hours=1), appeal_id=draft.pk, reason="in_order")
    draft.refresh_from_db()
    return draft
