"""The accounts of the demonstration that one signs in with, and how they were verified."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password

from auscult.demo.size import STORY_NOW
from auscult.members.actions.accounts import choose_handle, create_member, grant_role
from auscult.members.actions.claims import submit_claim
from auscult.members.actions.decisions import decide_claim
from auscult.members.actions.evidence import ask_code, confirm_code, send_code, settle_evidence
from auscult.members.casework import record_mark
from auscult.members.models import Account, Claim
from auscult.members.queries.standing import get_standing
from auscult.members.queries.verifiers import get_code_sheet
from auscult.members.rules import OPEN_STATES, Decision, EvidenceKind, Via
from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.models import Organisation
from auscult.organisations.rules import Power
from auscult.registry.models import RegisterRecord
from auscult.registry.rules import CONTACT_AGE
from auscult.shared.roles import Role
from auscult.shared.standing import CONSOLE, Standing

_ROLES = {
    "verifier": Role.VERIFIER, "editor": Role.EDITOR, "researcher": Role.RESEARCHER, "operator": Role.OPERATOR,
    "moderator": Role.MODERATOR, "arbiter": Role.ARBITER, "custodian": Role.CUSTODIAN,
}  # fmt: skip
#: When the physician whom one signs in as was verified; in time to have said something that was read under the grant.
PHYSICIAN_JOINS = datetime(2008, 1, 15, 15, 0, tzinfo=UTC)
INVENTED_SOCIETIES = {
    "plain-billing": "Society for Plain Billing (invented)",
    "rural-physicians": "Assembly of Rural Physicians (invented)",
}


@dataclass
class People:
    """Accounts of the demonstration, and the password they share (made for this instance)."""

    password: str
    emails: dict[str, str]
    unclaimed: dict[str, str] = field(default_factory=dict)

    def standing(self, who: str, now: datetime) -> Standing:
        """Standing of one of them."""
        return get_standing(Account.objects.values_list("pk", flat=True).get(email=self.emails[who]), now)


def make_people(now: datetime) -> People:
    """Accounts of each role; the physician goes the whole way of verification, the applicant half of it."""
    password = f"listen-{secrets.token_hex(4)}"
    people = People(password, {})
    hashed = make_password(password)  # slow on purpose, so once for all of them
    for who in ("physician", "applicant", "newcomer", *_ROLES, "representative"):
        people.emails[who] = add_account(who, hashed)
    for who, role in _ROLES.items():
        grant_role(standing=CONSOLE, now=now, email=people.emails[who], role=role)
    claimed = free_records(2, PHYSICIAN_JOINS - timedelta(days=7))
    claim_record(people, "physician", claimed[0], PHYSICIAN_JOINS - timedelta(hours=30))
    verify(people, "physician", PHYSICIAN_JOINS)
    choose_handle(standing=people.standing("physician", PHYSICIAN_JOINS), now=PHYSICIAN_JOINS, handle="morning-rounds")
    claim_record(people, "applicant", claimed[1], STORY_NOW - timedelta(hours=7))
    organisation = add_organisation(
        standing=CONSOLE,
        now=now,
        slug="ama",
        name="American Medical Association",
        kind=Organisation.Kind.ASSOCIATION,
    )
    appoint_representative(
        standing=CONSOLE,
        now=now,
        organisation=organisation,
        email=people.emails["representative"],
        public_name="Office of communications (invented for this demonstration)",
        scope="membership figures, policy positions and agreements",
        powers=list(Power),
    )
    own = add_organisation(
        standing=CONSOLE, now=now, slug="operator", name=settings.INSTANCE_NAME, kind=Organisation.Kind.OPERATOR
    )
    appoint_representative(
        standing=CONSOLE,
        now=now,
        organisation=own,
        email=people.emails["operator"],
        public_name="Partnerships of this place (invented for this demonstration)",
        scope="agreements of the operator",
        powers=[Power.AGREEMENT, Power.REPLY, Power.ANSWER],
    )
    for slug, name in INVENTED_SOCIETIES.items():
        add_organisation(standing=CONSOLE, now=now, slug=slug, name=name, kind=Organisation.Kind.SPECIALTY_SOCIETY)
    return people


def add_account(who: str, hashed: str) -> str:
    """An account with a confirmed address; returns the address."""
    email = f"{who}@demo.example"
    account = Account.objects.create_user(email)
    Account.objects.filter(pk=account.pk).update(password=hashed)
    EmailAddress.objects.create(user=account, email=email, verified=True, primary=True)
    create_member(account_id=account.pk)
    return email


def free_records(count: int, now: datetime) -> list[RegisterRecord]:
    """Active records that nobody has claimed, with an aged telephone: internists, as the fewest eyebrows rise at them."""
    found = []
    records = RegisterRecord.objects.filter(
        status="active", specialty_code="207R00000X", phone_since__lte=now.date() - CONTACT_AGE
    ).exclude(phone="")
    for record in records.order_by("number").iterator():
        if not Claim.objects.filter(record_fingerprint=record_mark(record.number)).exists():
            found.append(record)
            if len(found) == count:
                break
    return found


def describe_unclaimed(record: RegisterRecord) -> dict[str, str]:
    """What a newcomer types in to claim a record: number, name, and license."""
    licence, state = record.licences[0]
    return {
        "number": record.number,
        "first_name": record.first_name.title(),
        "last_name": record.last_name.title(),
        "license": licence,
        "state": state,
    }


def claim_record(people: People, who: str, record: RegisterRecord, now: datetime) -> None:
    """Claim a record with what the register says of it."""
    licence, state = record.licences[0]
    submit_claim(
        standing=people.standing(who, now),
        now=now,
        number=record.number,
        last_name=record.last_name.title(),
        first_name=record.first_name.title(),
        licence=licence,
        licence_state=state,
    )


def confirm_practice(people: People, who: str, now: datetime) -> None:
    """A verifier calls the registered practice and says the code; the applicant types it in."""
    applicant, verifier = people.standing(who, now), people.standing("verifier", now)
    ask_code(standing=applicant, now=now, via=Via.TELEPHONE)
    claim = Claim.objects.filter(member_id=applicant.require_member()).latest("pk")
    send_code(standing=verifier, now=now, claim_id=claim.pk, kind=EvidenceKind.CALL_BACK)
    code = get_code_sheet(verifier, claim.pk, EvidenceKind.CALL_BACK, now).code
    confirm_code(standing=applicant, now=now, kind=EvidenceKind.CALL_BACK, code=code)


def verify(people: People, who: str, now: datetime) -> None:
    """The whole way: a code over the registered practice, a look-up, a decision."""
    confirm_practice(people, who, now)
    verifier = people.standing("verifier", now)
    claim = Claim.objects.filter(member_id=people.standing(who, now).require_member()).latest("pk")
    settle_evidence(
        standing=verifier,
        now=now,
        claim_id=claim.pk,
        kind=EvidenceKind.BOARD_LOOKUP,
        confirmed=True,
        note="Board site shows the licence as active.",
    )
    claim.refresh_from_db()
    if claim.state in OPEN_STATES:
        decide_claim(
            standing=verifier, now=now, claim_id=claim.pk, decision=Decision.VERIFY, reason="evidence_sufficient"
        )
