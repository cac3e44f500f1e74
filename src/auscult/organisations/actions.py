"""Writes of the organisations' room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction

from auscult.members.queries.standing import find_member_id
from auscult.organisations import rules
from auscult.organisations.access import load_organisation, load_representative
from auscult.organisations.models import (
    Affiliation,
    MembershipClaim,
    MembershipCount,
    Organisation,
    QuotedShare,
    Representative,
)
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Category, Grade, Power
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


class CannotAddOrganisation(Conflict):
    """The organisation is there already."""


class CannotAppointRepresentative(Refused):
    """The appointment was not made."""


class CannotDeclareAffiliation(Conflict):
    """Nothing was declared."""


class CannotPublishMembershipClaim(Refused):
    """The claim was not published."""


def add_organisation(
    *, standing: Standing, now: datetime, slug: str, name: str, kind: Organisation.Kind, website: str = ""
) -> Organisation:
    """Add an organisation.

    Who may: an operator.

    Raises:
        NotAllowed: no operator.
        CannotAddOrganisation: name or slug is taken.
    """
    standing.require(Permission.ORGANISATION_ADD, "Only an operator adds an organisation.")
    with transaction.atomic():
        if Organisation.objects.filter(slug=slug).exists() or Organisation.objects.filter(name=name).exists():
            raise CannotAddOrganisation(f"{name} is here already.")
        organisation = Organisation.objects.create(slug=slug, name=name, kind=kind, website=website)
        audit.record("organisations.organisation.add", standing=standing, thing=f"organisation:{slug}", now=now)
    return organisation


def appoint_representative(
    *,
    standing: Standing,
    now: datetime,
    organisation: Organisation,
    email: str,
    public_name: str,
    scope: str,
    powers: Collection[Power],
) -> Representative:
    """Let an account speak for an organisation within a scope.

    Who may: an operator.

    Args:
        scope: what the representative speaks on, in words that stand beside everything said.
        powers: what the doors let the representative do.

    Raises:
        NotAllowed: no operator.
        CannotAppointRepresentative: no such account, no scope, or appointed already.
    """
    standing.require(Permission.ORGANISATION_ADD, "Only an operator appoints representatives.")
    if not scope.strip() or not public_name.strip():
        raise CannotAppointRepresentative("A representative has a public name and a stated scope.")
    with transaction.atomic():
        member_id = find_member_id(email)
        if member_id is None:
            raise CannotAppointRepresentative("There is no account with that address. The person signs up first.")
        if Representative.objects.filter(organisation=organisation, member_id=member_id, ended_at=None).exists():
            raise CannotAppointRepresentative("This account represents the organisation already.")
        appointed = Representative.objects.create(
            organisation=organisation,
            member_id=member_id,
            public_name=public_name,
            scope=scope,
            powers=sorted(power.value for power in powers),
        )
        audit.record(
            "organisations.representative.appoint",
            standing=standing,
            thing=f"organisation:{organisation.slug}",
            now=now,
        )
    return appointed


def declare_affiliation(*, standing: Standing, now: datetime, slug: str) -> None:
    """Say that one belongs to an organisation.

    Who may: a verified member. What changes: counts of ten or more tell members of the organisation from others; nobody
    sees the statement itself.

    Raises:
        NotAllowed: not verified.
        NotFound: no such organisation.
        CannotDeclareAffiliation: declared already.
    """
    standing.require(
        Permission.AFFILIATION_DECLARE, "Only members whose verification is valid state where they belong."
    )
    organisation = load_organisation(slug)
    try:
        with transaction.atomic():
            Affiliation.objects.create(member_id=standing.require_member(), organisation=organisation, declared_at=now)
            # Without its organisation: the trail must not tell who belongs where.
            audit.record("organisations.affiliation.declare", standing=standing, thing="", now=now)
    except IntegrityError as error:
        raise CannotDeclareAffiliation("You have said so already.") from error


def end_affiliation(*, standing: Standing, now: datetime, slug: str) -> None:
    """Say that one does not belong to an organisation any more.

    Who may: whoever declared it.

    Raises:
        NotFound: no such organisation.
        CannotDeclareAffiliation: nothing was declared.
    """
    organisation = load_organisation(slug)
    with transaction.atomic():
        ended = Affiliation.objects.filter(
            member_id=standing.require_member(), organisation=organisation, ended_at=None
        ).update(ended_at=now)
        if not ended:
            raise CannotDeclareAffiliation("You have not said that you belong there.")
        audit.record("organisations.affiliation.end", standing=standing, thing="", now=now)


def publish_membership_claim(
    *,
    standing: Standing,
    now: datetime,
    slug: str,
    as_of: date,
    counts: Mapping[Category, tuple[int, str]],
    source: str,
    grade: Grade,
) -> MembershipClaim:
    """Put on record how many members an organisation has.

    Who may: a representative of it with the power, or an editor who quotes a public source. What follows: an entry in the
    record; every share that the claim gives stands on the page at once.

    Args:
        counts: category → members and the definition in words.
        source: where the figures stand.

    Raises:
        NotFound: no such organisation.
        NotAllowed: neither representative nor editor.
        CannotPublishMembershipClaim: counts that contradict each other, no source, a grade that is not for this.
    """
    organisation = load_organisation(slug)
    own = [badge for badge in list_badges(standing, Power.CLAIM) if badge.organisation_id == organisation.pk]
    representative = load_representative(standing, organisation.pk, Power.CLAIM) if own else None
    if representative is None:
        standing.require(
            Permission.MEMBERSHIP_CLAIM_PUBLISH,
            "Membership figures are published by a representative of the organisation, or by an editor with a source.",
        )
    problem = rules.claim_problem({category: persons for category, (persons, _) in counts.items()}, source, grade)
    if problem:
        raise CannotPublishMembershipClaim(problem)
    with transaction.atomic():
        claim = MembershipClaim.objects.create(
            organisation=organisation,
            as_of=as_of,
            source=source.strip(),
            grade=grade,
            representative=representative,
            published_at=now,
        )
        MembershipCount.objects.bulk_create(
            MembershipCount(claim=claim, category=category, persons=persons, definition=definition.strip())
            for category, (persons, definition) in counts.items()
        )
        jobs.queue(
            "publishing.append_record",
            kind="membership.claimed",
            content={
                "thing": f"membership:{slug}",
                "organisation": organisation.name,
                "as_of": as_of.isoformat(),
                "members": {category.value: persons for category, (persons, _) in counts.items()},
                "definitions": {category.value: words.strip() for category, (_, words) in counts.items()},
                "source": claim.source,
                "grade": grade.value,
                "by": "representative" if representative else "editor",
            },
            at=now.isoformat(),
        )
        audit.record("organisations.membership_claim.publish", standing=standing, thing=f"membership:{slug}", now=now)
    return claim


def note_quoted_share(
    *,
    standing: Standing,
    now: datetime,
    slug: str,
    words: str,
    low: float,
    high: float,
    said_by: str,
    said_on: date,
    source: str,
) -> QuotedShare:
    """Note a share that was quoted in public, to be traced to the definitions under which it is true.

    Who may: an editor.

    Args:
        words: as quoted.
        low, high: what the words may mean, 0 ≤ low < high ≤ 1.

    Raises:
        NotAllowed: no editor.
        NotFound: no such organisation.
        CannotPublishMembershipClaim: no words, no source, or bounds that are no shares.
    """
    standing.require(Permission.MEMBERSHIP_CLAIM_PUBLISH, "Only an editor notes what was quoted.")
    organisation = load_organisation(slug)
    if not (words.strip() and said_by.strip() and source.strip() and 0 <= low < high <= 1):
        raise CannotPublishMembershipClaim("A quoted share has words, bounds between 0 and 1, a speaker and a source.")
    with transaction.atomic():
        quote = QuotedShare.objects.create(
            organisation=organisation,
            words=words.strip(),
            low=low,
            high=high,
            said_by=said_by,
            said_on=said_on,
            source=source,
        )
        audit.record("organisations.quoted_share.note", standing=standing, thing=f"organisation:{slug}", now=now)
    return quote


def forget_member(*, standing: Standing, now: datetime) -> None:
    """Forget a member who erases the account; called by ``web.privacy`` in its transaction.

    What changes: affiliations are deleted, appointments end; what was said for an organisation stays under its public name.
    """
    member = standing.require_member()
    with transaction.atomic():
        Affiliation.objects.filter(member_id=member).delete()
        Representative.objects.filter(member_id=member, ended_at=None).update(ended_at=now)
        audit.record("organisations.member.forget", standing=standing, thing=f"member:{member}", now=now)
