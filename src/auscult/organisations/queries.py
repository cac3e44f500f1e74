"""Reads of the organisations' room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q

from auscult.members.queries.standing import count_registered, count_verified, list_active_counts
from auscult.organisations import rules
from auscult.organisations.models import Affiliation, MembershipClaim, Organisation, QuotedShare, Representative
from auscult.organisations.rules import Category, Denominator, Grade, MembershipShare, Numerator, Power, Quote
from auscult.registry.models import Benchmark
from auscult.registry.queries import find_frame
from auscult.shared.personal import rows_of
from auscult.shared.standing import Standing

_IN_FORCE = Q(representatives__ended_at=None)


@dataclass(frozen=True)
class Badge:
    """By what right somebody answers: organisation, public name, scope."""

    organisation_id: int
    organisation: str
    slug: str
    public_name: str
    scope: str
    powers: frozenset[str]


def list_badges(standing: Standing, power: Power | None = None) -> list[Badge]:
    """Appointments in force of whoever asks, or those that hold a power."""
    if standing.member_id is None:
        return []
    rows = Representative.objects.filter(member_id=standing.member_id, ended_at=None).values_list(
        "organisation_id", "organisation__name", "organisation__slug", "public_name", "scope", "powers"
    )
    badges = [Badge(*row[:5], frozenset(row[5])) for row in rows]
    return [badge for badge in badges if power is None or power in badge.powers]


def list_affiliations(standing: Standing) -> dict[int, datetime]:
    """Organisations to which whoever asks says to belong, and since when it is stated."""
    if standing.member_id is None:
        return {}
    rows = Affiliation.objects.filter(member_id=standing.member_id, ended_at=None)
    return dict(rows.values_list("organisation_id", "declared_at"))


#: Organisations of which one may say that they speak for physicians.
SPEAKING_KINDS = (Organisation.Kind.ASSOCIATION, Organisation.Kind.SPECIALTY_SOCIETY)


def list_speaking() -> list[tuple[str, str]]:
    """Slug and name of every organisation that may speak for physicians."""
    return list(Organisation.objects.filter(kind__in=SPEAKING_KINDS).values_list("slug", "name"))


def is_affiliated(member_id: int, organisation_id: int) -> bool:
    """Whether a member says to belong to an organisation."""
    return Affiliation.objects.filter(member_id=member_id, organisation_id=organisation_id, ended_at=None).exists()


@dataclass(frozen=True)
class OrganisationLine:
    """One organisation in a list."""

    slug: str
    name: str
    kind: str
    representatives: int


def list_organisations() -> list[OrganisationLine]:
    """All organisations, the operator of this place first."""
    rows = (
        Organisation.objects.annotate(present=Count("representatives", filter=_IN_FORCE))
        .order_by("name")
        .values_list("slug", "name", "kind", "present")
    )
    lines = [OrganisationLine(*row) for row in rows]
    return sorted(lines, key=lambda line: line.kind != Organisation.Kind.OPERATOR)


@dataclass(frozen=True)
class OwnFigure:
    """One figure of this place about itself, with its definition."""

    words: str
    definition: str
    persons: int


@dataclass(frozen=True)
class ClaimBox:
    """One membership claim with its counts."""

    claim_id: int
    as_of: date
    source: str
    grade: Grade
    grade_words: str
    published_by: str
    counts: list[tuple[str, int, str]]


@dataclass(frozen=True)
class TracedQuote:
    """A quoted share and the definitions under which it is true, closest in time first."""

    quote: Quote
    shares: list[MembershipShare]


@dataclass(frozen=True)
class MembershipFigures:
    """Everything that the page of membership claims computes.

    Attributes:
        own: figures of this place itself, which head the list.
        own_shares: verified members over every denominator.
        rows: each numerator with its share under each denominator, in the order of ``denominators``.
    """

    own: list[OwnFigure]
    own_shares: list[tuple[OwnFigure, list[float]]]
    claims: list[ClaimBox]
    denominators: list[Denominator]
    rows: list[tuple[Numerator, list[MembershipShare]]]
    quotes: list[TracedQuote]


def own_figures(now: datetime) -> list[OwnFigure]:
    """Registered, verified and active members of this place, each with its definition."""
    in_30, in_90 = list_active_counts(now, (30, 90))
    return [
        OwnFigure("registered", "accounts, verified or not", count_registered()),
        OwnFigure("verified", "members at level L2 or higher whose verification is valid", count_verified(now)),
        OwnFigure("active in 90 days", "verified members who signed in on one of the last 90 days", in_90),
        OwnFigure("active in 30 days", "verified members who signed in on one of the last 30 days", in_30),
    ]


def list_denominators() -> list[Denominator]:
    """Independent counts of physicians, and the frame of the register that is loaded."""
    found = [
        Denominator(row.code, row.persons, row.words, row.definition, row.as_of, row.source)
        for row in Benchmark.objects.order_by("as_of", "code")
    ]
    frame = find_frame()
    if frame:
        found.append(
            Denominator(
                "frame", frame.total, "physicians of the register", frame.definition, frame.as_of, frame.load.filename
            )
        )
    return found


def get_membership_figures(organisation_id: int, now: datetime) -> MembershipFigures:
    """The membership claims of an organisation and every share they give, in a fixed number of queries."""
    denominators = list_denominators()
    own = own_figures(now)
    claims, numerators = [], []
    rows = MembershipClaim.objects.filter(organisation_id=organisation_id).select_related("representative")
    for claim in rows.prefetch_related("counts"):
        counts = {Category(count.category): count for count in claim.counts.all()}
        numerators += rules.read_numerators(
            {category: count.persons for category, count in counts.items()},
            as_of=claim.as_of,
            source=claim.source,
            grade=Grade(claim.grade),
            claim_id=claim.pk,
        )
        claims.append(
            ClaimBox(
                claim.pk,
                claim.as_of,
                claim.source,
                Grade(claim.grade),
                rules.GRADE_WORDS[Grade(claim.grade)],
                claim.representative.public_name if claim.representative else "",
                [
                    (rules.CATEGORY_WORDS[category], counts[category].persons, counts[category].definition)
                    for category in Category
                    if category in counts
                ],
            )
        )
    shares = rules.every_share(numerators, denominators)
    quotes = [
        Quote(*row)
        for row in QuotedShare.objects.filter(organisation_id=organisation_id).values_list(
            "words", "low", "high", "said_by", "said_on", "source"
        )
    ]
    return MembershipFigures(
        own,
        [(figure, [figure.persons / each.persons for each in denominators]) for figure in own],
        claims,
        denominators,
        [(numerator, [s for s in shares if s.numerator is numerator]) for numerator in numerators],
        [TracedQuote(quote, rules.trace_quote(quote, shares)) for quote in quotes],
    )


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """A member's affiliations and appointments, to take away."""
    member = standing.require_member()
    return {
        "Affiliations": rows_of(
            Affiliation.objects.filter(member_id=member),
            organisation="organisation__name", declared_at="declared_at", ended_at="ended_at",
        ),
        "Appointments": rows_of(
            Representative.objects.filter(member_id=member),
            organisation="organisation__name", public_name="public_name", scope="scope", powers="powers",
            appointed_at="appointed_at", ended_at="ended_at",
        ),
    }  # fmt: skip
