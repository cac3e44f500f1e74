"""Rows that tests need and are not about, each by one plain call.

What is made here without actions (members) is what the actions would have left; everything else goes through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection

from auscult.community.actions.postings import PollDraft, create_posting
from auscult.community.models import Posting
from auscult.members.models import Account, Member, RoleGrant
from auscult.members.queries.standing import STANDING_COLUMNS, get_standing, standing_of_row
from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Power
from auscult.partnerships.actions.agreements import GrantDraft, propose_agreement, ratify_agreement
from auscult.partnerships.models import Agreement
from auscult.partnerships.rules import ObligationDraft, Side
from auscult.publishing.actions import publish_release
from auscult.publishing.models import Release
from auscult.publishing.tasks import append_record
from auscult.shared.standing import CONSOLE, Level, Standing
from auscult.statistics.representativeness import Instrument
from auscult.surveys.actions.answering import cast_ballot
from auscult.surveys.actions.closing import close_survey
from auscult.surveys.actions.drafting import draft_survey
from auscult.surveys.actions.opening import open_survey
from auscult.surveys.models import Survey
from auscult.surveys.questionnaire.document import Choice
from auscult.surveys.rules import poll, single_choice
from auscult.voice.actions.appeals import AddresseeDraft, draft_appeal, moderate_appeal, sign_appeal
from auscult.voice.models import Appeal
from auscult.voice.rules import COSIGNERS_NEEDED

YEAR = timedelta(days=365)
QUESTION = single_choice("q1", "Which first?", (Choice("a", "A"), Choice("b", "B")))
#: Never the same number twice in a session: rows that were built for one test are copied into others.
_NUMBERS = count(1)


def make_account(email: str = "", password: str | None = None) -> Account:
    """An account with its member row at L0."""
    account = Account.objects.create_user(email or f"p{next(_NUMBERS)}@example.org", password)
    Member.objects.create(account=account)
    return account


def make_member(
    now: datetime,
    *,
    email: str = "",
    level: Level = Level.L2,
    roles: Sequence[str] = (),
    until: datetime | None = None,
    **fields: Any,
) -> Standing:
    """A member, verified unless ``level`` says otherwise, with the roles given; ``fields`` are those of ``Member``."""
    account = make_account(email)
    Member.objects.filter(account=account).update(
        level=level, **(_verified(now, until) if level >= Level.L2 else {}) | fields
    )
    RoleGrant.objects.bulk_create(RoleGrant(member=account.member, role=role) for role in roles)
    return get_standing(account.pk, now)


def make_members(number: int, now: datetime, *, spread: Sequence[dict[str, str]] = ({},)) -> list[Standing]:
    """Many verified members in four statements; each takes the next of ``spread`` as its stratum."""
    unusable = make_password(None)
    accounts = Account.objects.bulk_create(
        Account(email=f"p{next(_NUMBERS)}@example.org", password=unusable) for _ in range(number)
    )
    Member.objects.bulk_create(
        Member(account=account, level=Level.L2, **_verified(now) | spread[index % len(spread)])
        for index, account in enumerate(accounts)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {STANDING_COLUMNS} FROM members_member AS m WHERE account_id = ANY(%s) ORDER BY account_id",
            [[account.pk for account in accounts]],
        )
        return [standing_of_row(row, now)[0] for row in cursor.fetchall()]


def _verified(now: datetime, until: datetime | None = None) -> dict[str, Any]:
    return {
        "handle": f"quiet-otter-{next(_NUMBERS)}", "specialty_group": "WG01", "state": "NY", "sex": "F", "career": "18+",
        "verified_at": now, "verified_until": until or now + YEAR,
    }  # fmt: skip


def make_posting(author: Standing, now: datetime, *, polled: bool = False, **changes: Any) -> Posting:
    """A posting, with an open poll under it if ``polled``."""
    given = {"title": "Title", "body": "Words of the posting.", "topic": "health-reform"}
    if polled:
        given["poll"] = PollDraft((QUESTION,), now + timedelta(days=7))
    return create_posting(standing=author, now=now, **given | changes)


def make_poll(author: Standing, now: datetime, voters: Sequence[Standing] = (), **changes: Any) -> Survey:
    """An open poll in which each voter has answered, alternately "a" and "b"."""
    given = {
        "questionnaire": poll("A poll", [QUESTION]), "instrument": Instrument.COMMUNITY_POLL,
        "closes_at": now + timedelta(days=3),
    }  # fmt: skip
    survey = draft_survey(standing=author, now=now, **given | changes)
    open_survey(standing=author, now=now, survey_id=survey.pk)
    for index, voter in enumerate(voters):
        cast_ballot(standing=voter, now=now, survey_id=survey.pk, answers={"q1": "ab"[index % 2]})
    survey.refresh_from_db()
    return survey


def make_release(author: Standing, editor: Standing, now: datetime, voters: Sequence[Standing]) -> Release:
    """The published result of a poll that has closed."""
    survey = make_poll(author, now, voters)
    close_survey(standing=author, now=survey.closes_at, survey_id=survey.pk)
    append_record(
        kind="survey.frozen", content={"freeze": survey.freeze_hash, "title": survey.title}, at=now.isoformat()
    )
    return publish_release(standing=editor, now=survey.closes_at, survey_id=survey.pk)


def make_organisation(
    slug: str, name: str, now: datetime, *, kind: str = "association", powers: Sequence[Power] = tuple(Power)
) -> tuple[Organisation, Standing]:
    """An organisation, and its representative with all powers."""
    organisation = add_organisation(standing=CONSOLE, now=now, slug=slug, name=name, kind=kind)
    email = f"{slug}@example.org"
    standing = make_member(now, email=email, level=Level.L0)
    appoint_representative(
        standing=CONSOLE, now=now, organisation=organisation, email=email, public_name=f"Office of {name}",
        scope="everything", powers=powers,
    )  # fmt: skip
    return organisation, standing


def draft_letter(
    author: Standing, now: datetime, *, addressees: Sequence[AddresseeDraft] = (), **changes: Any
) -> Appeal:
    """An open letter that nobody has signed yet."""
    given = {
        "title": "A letter",
        "topic": "health-reform",
        "preamble": "Because.",
        "clauses": ["One.", "Two.", "Three.", "Four."],
    }
    chosen = addressees or [AddresseeDraft("A committee", "letter")]
    return draft_appeal(standing=author, now=now, addressees=chosen, **given | changes)


def open_letter(
    author: Standing, moderator: Standing, now: datetime, signers: Sequence[Standing], **changes: Any
) -> Appeal:
    """An open letter: the first co-signers sign, the moderator opens it, the rest sign."""
    letter = draft_letter(author, now, **changes)
    text = letter.versions.get().sha256
    for signer in signers[:COSIGNERS_NEEDED]:
        sign_appeal(standing=signer, now=now, appeal_id=letter.pk, sha256=text)
    moderate_appeal(standing=moderator, now=now, appeal_id=letter.pk, reason="in_order")
    for signer in signers[COSIGNERS_NEEDED:]:
        sign_appeal(standing=signer, now=now, appeal_id=letter.pk, sha256=text)
    letter.refresh_from_db()
    return letter


def make_agreement(
    proposer: Standing, now: datetime, parties: tuple[str, str], ratifier: Standing | None = None
) -> Agreement:
    """An agreement with an obligation of each side and a grant to the second, in force from ``now`` if ratified."""
    today: date = now.date()
    agreement = propose_agreement(
        standing=proposer, now=now, title="A partnership", subject="partnership", party_a=parties[0], party_b=parties[1],
        starts_on=today + timedelta(days=1), ends_on=today + timedelta(days=700), terms="In kind.",
        obligations=[
            ObligationDraft("o1", Side.B, "Journals", "log-ins", (today + timedelta(days=30),)),
            ObligationDraft("o2", Side.A, "A digest", "a file", (today + timedelta(days=90),)),
        ],
        grants=[GrantDraft(Side.B, "numbers by topic", "to learn")],
    )  # fmt: skip
    return ratify_agreement(standing=ratifier, now=now, agreement_id=agreement.pk) if ratifier else agreement
