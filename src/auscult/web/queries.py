"""What the pages of the shell show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, When

from auscult.community.queries.organisations import Posted, list_posted
from auscult.members.queries.standing import count_registered, count_verified
from auscult.organisations.access import load_organisation
from auscult.organisations.models import Organisation, Representative
from auscult.organisations.queries import (
    MembershipFigures,
    OwnFigure,
    get_membership_figures,
    list_affiliations,
    list_badges,
    own_figures,
)
from auscult.organisations.rules import POWER_WORDS, Power
from auscult.partnerships.queries.agreements import AgreementLine, list_agreements
from auscult.partnerships.queries.receipts import ReceiptLine, list_receipts_about
from auscult.publishing.models import Checkpoint
from auscult.publishing.queries import ReleaseLine, list_releases
from auscult.publishing.replies import ReplyBox, get_reply_box
from auscult.registry.models import Benchmark, Frame
from auscult.registry.queries import find_frame
from auscult.shared.models import MailMessage
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys.models import Survey
from auscult.voice.queries.issues import OwnIssueLine, list_own_issues
from auscult.voice.queries.mandates import OwnMandateLine, list_own_mandates, list_topics
from auscult.voice.queries.positions import PositionLine, list_positions
from auscult.voice.queries.signatures import OwnSignatureLine, get_scorecard, list_own_signatures
from auscult.voice.rules import Scorecard
from auscult.web.waiting import Task, list_tasks


@dataclass(frozen=True)
class Home:
    """The front page: who exists, who is here, what is on record."""

    frame: Frame | None
    benchmark: Benchmark | None
    registered: int
    verified: int
    releases: list[ReleaseLine]
    checkpoint: Checkpoint | None


def get_home(now: datetime) -> Home:
    """The front page, in six queries."""
    return Home(
        find_frame(),
        _universe_in_use(),
        count_registered(),
        count_verified(now),
        list_releases(limit=5),
        Checkpoint.objects.first(),
    )


def _universe_in_use() -> Benchmark | None:
    """The benchmark of which the newest poll would like to speak, else the newest benchmark."""
    code = Survey.objects.exclude(universe="").order_by("-pk").values_list("universe", flat=True)[:1]
    return (
        Benchmark.objects.annotate(used=Case(When(code__in=code, then=1), default=0))
        .order_by("-used", "-as_of")
        .first()
    )


def list_mails(limit: int = 100) -> list[MailMessage]:
    """Newest mails of a development instance."""
    return list(MailMessage.objects.order_by("-pk")[:limit])


@dataclass(frozen=True)
class RepresentativeLine:
    """One representative, with what the doors let them do."""

    public_name: str
    scope: str
    powers: list[str]


@dataclass(frozen=True)
class OrganisationPage:
    """Everything here about one organisation."""

    slug: str
    name: str
    kind: str
    is_operator: bool
    representatives: list[RepresentativeLine]
    own: list[OwnFigure]
    positions: list[PositionLine]
    agreements: list[AgreementLine]
    mandates: list[tuple[str, str, str, float]]
    scorecard: Scorecard | None
    affiliated_since: datetime | None
    posted: Posted | None


def get_organisation_page(standing: Standing, slug: str, now: datetime, before: str = "") -> OrganisationPage:
    """One organisation, in at most twelve queries.

    Args:
        before: number of a posting; of its postings, those before it are listed.

    Raises:
        NotFound: no such organisation.
    """
    organisation = load_organisation(slug)
    rows = Representative.objects.filter(organisation=organisation, ended_at=None).order_by("pk")
    is_operator = organisation.kind == Organisation.Kind.OPERATOR
    return OrganisationPage(
        organisation.slug,
        organisation.name,
        organisation.kind,
        is_operator,
        [
            RepresentativeLine(name, scope, [POWER_WORDS[Power(power)] for power in powers])
            for name, scope, powers in rows.values_list("public_name", "scope", "powers")
        ],
        own_figures(now) if is_operator else [],
        list_positions(organisation_id=organisation.pk),
        list_agreements(now, organisation_id=organisation.pk),
        [
            (topic.name, topic.slug, badge, share)
            for topic in list_topics()
            for name, badge, share in topic.badges
            if name == organisation.name
        ],
        get_scorecard(organisation.pk, now),
        list_affiliations(standing).get(organisation.pk),
        list_posted(standing, organisation.pk, before),
    )


@dataclass(frozen=True)
class MembershipPage:
    """An organisation's membership claims, every share they give, and its reply."""

    slug: str
    name: str
    figures: MembershipFigures
    reply_box: ReplyBox
    may_claim: bool
    has_later: bool
    today: str


def get_membership_page(standing: Standing, slug: str, now: datetime) -> MembershipPage:
    """Membership figures, in at most twelve queries.

    Raises:
        NotFound: no such organisation.
    """
    organisation = load_organisation(slug)
    own = [badge for badge in list_badges(standing, Power.CLAIM) if badge.organisation_id == organisation.pk]
    figures = get_membership_figures(organisation.pk, now)
    dates = [claim.as_of for claim in figures.claims] + [each.as_of for each in figures.denominators]
    return MembershipPage(
        organisation.slug,
        organisation.name,
        figures,
        get_reply_box(standing, f"membership:{slug}", organisations=frozenset({organisation.pk})),
        bool(own) or standing.can(Permission.MEMBERSHIP_CLAIM_PUBLISH),
        any(as_of > now.date() for as_of in dates),
        f"{now:%-d %B %Y}",
    )


@dataclass(frozen=True)
class OwnPage:
    """What is one's own: parts taken, signatures, mandates, affiliations, receipts."""

    issues: list[OwnIssueLine]
    signatures: list[OwnSignatureLine]
    mandates: list[OwnMandateLine]
    affiliations: list[tuple[str, str, datetime]]
    receipts: list[ReceiptLine]
    tasks: list[Task]


def get_own_page(standing: Standing, now: datetime) -> OwnPage:
    """What is one's own.

    Raises:
        NotAllowed: nobody is signed in.
    """
    standing.require_member()
    stated = list_affiliations(standing)
    names = Organisation.objects.in_bulk(list(stated))
    return OwnPage(
        list_own_issues(standing, now),
        list_own_signatures(standing),
        list_own_mandates(standing, now),
        [(names[pk].slug, names[pk].name, since) for pk, since in stated.items()],
        list_receipts_about(standing),
        list_tasks(standing, now),
    )
