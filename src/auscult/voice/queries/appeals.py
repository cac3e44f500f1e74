"""Reads about appeals: a fixed number of queries, whatever the number of signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import F, OuterRef, Subquery, Sum

from auscult.organisations.queries import Badge, list_badges
from auscult.organisations.rules import Power
from auscult.registry.taxonomy import group_label
from auscult.shared import crypto
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice import access, rules
from auscult.voice.models import Addressee, Appeal, AppealVersion, Delivery, Signature, SignatureCount
from auscult.voice.rules import AddresseeState, AppealState, Clock, DiffPart, Display, Scorecard

SIGNATORIES_PER_PAGE = 24
NAME_PURPOSE = "signature.name"


@dataclass(frozen=True)
class SignatoryLine:
    """A signature that its signer wishes to be seen; the name is empty where only specialty and state are."""

    name: str
    specialty: str
    state: str
    nonce: str


def list_signatories(version_id: int, *, after: str = "", limit: int | None) -> list[SignatoryLine]:
    """Shown signatures of a version in the order of their random nonces.

    Args:
        after: nonce where the page before ended.
        limit: most lines, or None for all.
    """
    rows = (
        Signature.objects.filter(version_id=version_id, state=Signature.State.VALID, nonce__gt=after)
        .exclude(display=Display.COUNTED)
        .order_by("nonce")
        .values_list("name_sealed", "specialty", "us_state", "nonce")
    )
    return [
        SignatoryLine(crypto.unseal(sealed, NAME_PURPOSE).decode() if sealed else "", specialty, state, nonce)
        for sealed, specialty, state, nonce in (rows[:limit] if limit else rows)
    ]


def sentence_of(appeal: Appeal, *, delivered: int | None = None) -> str:
    """What happened between signing and delivery, in one sentence.

    Args:
        delivered: number of the delivered version, where it is not in the rows yet.
    """
    versions = list(appeal.versions.select_related("count"))
    if delivered is None:
        delivered = (
            Delivery.objects.filter(addressee__appeal=appeal)
            .order_by("-version__number")
            .values_list("version__number", flat=True)
            .first()
        )
    return _sentence(versions, delivered)


def _delivered(appeal: Appeal) -> int | None:
    """Highest version that was delivered, of an appeal whose addressees are read already."""
    deliveries = [getattr(addressee, "delivery", None) for addressee in appeal.addressees.all()]
    return max((delivery.version.number for delivery in deliveries if delivery), default=None)


def _sentence(versions: list[AppealVersion], delivered: int | None) -> str:
    signed = max(versions, key=lambda version: (version.count.valid, -version.number))
    target = next((version for version in versions if version.number == delivered), signed)
    return rules.appeal_sentence(
        signed=signed.count.valid,
        signed_version=signed.number,
        delivered_version=delivered,
        reaffirmed=target.count.reaffirmed,
        changed=rules.clauses_changed(signed.clauses, target.clauses),
        clauses=len(signed.clauses),
    )


@dataclass(frozen=True)
class AppealLine:
    """One appeal in a list."""

    appeal_id: int
    title: str
    topic: str
    state: AppealState
    signatures: int
    opened_at: datetime | None
    addressees: int


def list_appeals(standing: Standing, *, limit: int = 50) -> list[AppealLine]:
    """Newest appeals that this standing may read."""
    newest = AppealVersion.objects.filter(appeal=OuterRef("pk")).order_by("-number")
    counts = (
        SignatureCount.objects.filter(version__appeal=OuterRef("pk"))
        .values("version__appeal")
        .annotate(most=Sum(F("valid") - F("reaffirmed")))
    )
    rows = (
        Appeal.objects.annotate(
            signatures=Subquery(counts.values("most")[:1]), newest=Subquery(newest.values("number")[:1])
        )
        .select_related("topic")
        .prefetch_related("addressees")
    )
    if not (standing.can(Permission.APPEAL_SIGN) or standing.can(Permission.APPEAL_MODERATE)):
        rows = rows.filter(state__in=access.PUBLIC)
    return [
        AppealLine(
            appeal.pk,
            appeal.title,
            appeal.topic.name,
            AppealState(appeal.state),
            appeal.signatures or 0,
            appeal.opened_at,
            len(appeal.addressees.all()),
        )
        for appeal in rows.order_by("-pk")[:limit]
    ]


@dataclass(frozen=True)
class VersionBox:
    """One version with what happened to its clauses since the one before."""

    number: int
    sha256: str
    preamble: str
    clauses: list[str]
    why: str
    written_at: datetime
    signatures: int
    shown: int
    reaffirmed: int
    changed: int
    clauses_before: int


@dataclass(frozen=True)
class AddresseeBox:
    """One addressee: asked when, with which version, answered how."""

    addressee_id: int
    delivery_id: int | None
    name: str
    organisation_slug: str
    channel: str
    state: AddresseeState
    sent_at: datetime | None
    version: int | None
    signatures: int | None
    file_sha256: str
    proof: str
    record_index: int | None
    clock: Clock | None
    answer_html: str
    answered_at: datetime | None
    answered_by: str
    answer_index: int | None
    answer_days: int | None
    may_answer: bool


@dataclass(frozen=True)
class AppealPage:
    """Everything on the page of an appeal."""

    appeal_id: int
    title: str
    topic: str
    topic_slug: str
    author: str
    specialty: str
    state: AppealState
    reason: str
    drafted_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    outcome: str
    outcome_at: datetime | None
    sentence: str
    versions: list[VersionBox]
    addressees: list[AddresseeBox]
    signatories: list[SignatoryLine]
    next_after: str
    own_version: int | None
    own_nonce: str
    may_sign: bool
    may_reaffirm: bool
    may_withdraw: bool
    may_amend: bool
    may_run: bool
    may_moderate: bool
    is_author: bool
    cosigners_needed: int

    @property
    def signed_version(self) -> int:
        """Number of the version that most signed."""
        return max(self.versions, key=lambda version: (version.signatures, -version.number)).number

    @property
    def newest(self) -> VersionBox:
        """The version that is signed now."""
        return self.versions[-1]


def get_appeal_page(standing: Standing, appeal_id: int, now: datetime, *, after: str = "") -> AppealPage:
    """One appeal, in at most eight queries.

    Args:
        after: nonce where the page of signatories before ended.

    Raises:
        NotFound: no such appeal, or not this standing's to read.
    """
    appeal = access.load_appeal_to_read(standing, appeal_id)
    versions = list(appeal.versions.select_related("count"))
    handle, group = Appeal.objects.filter(pk=appeal_id).values_list("author__handle", "author__specialty_group")[0]
    boxes = []
    for position, version in enumerate(versions):
        before = versions[position - 1].clauses if position else []
        boxes.append(
            VersionBox(
                version.number,
                version.sha256,
                version.preamble,
                version.clauses,
                version.why,
                version.written_at,
                version.count.valid,
                version.count.shown,
                version.count.reaffirmed,
                rules.clauses_changed(before, version.clauses),
                len(before),
            )
        )
    addressees = _addressees(standing, appeal, now)
    delivered = max((a.version for a in addressees if a.version is not None), default=None)
    most_signed = max(versions, key=lambda version: (version.count.shown, -version.number))
    signatories = list_signatories(most_signed.pk, after=after, limit=SIGNATORIES_PER_PAGE + 1)
    more = len(signatories) > SIGNATORIES_PER_PAGE
    signatories = signatories[:SIGNATORIES_PER_PAGE]
    own = (
        Signature.objects.filter(version__appeal=appeal, member_id=standing.member_id, state=Signature.State.VALID)
        .order_by("-version__number")
        .values_list("version__number", "nonce")
        .first()
        if standing.member_id is not None
        else None
    )
    is_author = appeal.author_id == standing.member_id is not None
    open_for = appeal.state == AppealState.OPEN or (appeal.state == AppealState.DRAFT and not is_author)
    newest = versions[-1].number
    signs = standing.can(Permission.APPEAL_SIGN) and open_for
    return AppealPage(
        appeal.pk,
        appeal.title,
        appeal.topic.name,
        appeal.topic.slug,
        handle or "",
        group_label(group),
        AppealState(appeal.state),
        rules.APPEAL_REASONS.get(appeal.reason, ""),
        appeal.drafted_at,
        appeal.opened_at,
        appeal.closed_at,
        appeal.outcome,
        appeal.outcome_at,
        _sentence(versions, delivered),
        boxes,
        addressees,
        signatories,
        signatories[-1].nonce if more else "",
        own[0] if own else None,
        own[1] if own else "",
        signs and own is None,
        signs and own is not None and own[0] < newest,
        own is not None and appeal.state in {AppealState.DRAFT, AppealState.OPEN},
        is_author and appeal.state in {AppealState.DRAFT, AppealState.OPEN, AppealState.CLOSED},
        access.can_run_appeal(standing, appeal),
        standing.can(Permission.APPEAL_MODERATE) and not is_author and appeal.state == AppealState.REVIEW,
        is_author,
        rules.COSIGNERS_NEEDED,
    )


def _addressees(standing: Standing, appeal: Appeal, now: datetime) -> list[AddresseeBox]:
    badges = {badge.organisation_id: badge for badge in list_badges(standing, Power.ANSWER)}
    rows = Addressee.objects.filter(appeal=appeal).select_related(
        "organisation", "delivery__version__count", "delivery__answered_by"
    )
    return [_addressee(standing, addressee, badges, now) for addressee in rows]


def _addressee(standing: Standing, addressee: Addressee, badges: dict[int, Badge], now: datetime) -> AddresseeBox:
    delivery: Delivery | None = getattr(addressee, "delivery", None)
    organisation = addressee.organisation
    may = (
        addressee.organisation_id in badges
        if addressee.organisation_id is not None
        else standing.can(Permission.APPEAL_MODERATE)
    )
    state = rules.addressee_state(
        sent_at=delivery.sent_at if delivery else None,
        answer=delivery.answer if delivery else "",
        answered_at=delivery.answered_at if delivery else None,
        now=now,
    )
    return AddresseeBox(
        addressee.pk,
        delivery.pk if delivery else None,
        addressee.name,
        organisation.slug if organisation else "",
        addressee.channel,
        state,
        delivery.sent_at if delivery else None,
        delivery.version.number if delivery else None,
        delivery.version.count.valid if delivery else None,
        delivery.file_sha256 if delivery else "",
        delivery.proof if delivery else "",
        delivery.record_index if delivery else None,
        Clock("answer", delivery.sent_at + rules.ANSWER_WITHIN, delivery.answered_at) if delivery else None,
        delivery.answer_html if delivery else "",
        delivery.answered_at if delivery else None,
        delivery.answered_by.public_name if delivery and delivery.answered_by else "",
        delivery.answer_index if delivery else None,
        (delivery.answered_at - delivery.sent_at).days if delivery and delivery.answered_at else None,
        bool(delivery and delivery.answered_at is None and may),
    )


@dataclass(frozen=True)
class ChangesPage:
    """Two versions beside each other, word by word."""

    appeal_id: int
    title: str
    old: AppealVersion
    new: AppealVersion
    preamble: list[DiffPart]
    clauses: list[tuple[bool, list[DiffPart]]]
    changed: int
    sentence: str


def get_changes_page(standing: Standing, appeal_id: int, old: int, new: int) -> ChangesPage:
    """What changed between two versions of an appeal.

    Raises:
        NotFound: no such appeal or version, or not this standing's to read.
    """
    appeal = access.load_appeal_to_read(standing, appeal_id)
    versions = {version.number: version for version in appeal.versions.select_related("count")}
    if old not in versions or new not in versions or old >= new:
        raise NotFound("There are no such two versions.")
    before, after = versions[old], versions[new]
    return ChangesPage(
        appeal.pk,
        appeal.title,
        before,
        after,
        rules.word_diff(before.preamble, after.preamble),
        [(a != b, rules.word_diff(a, b)) for a, b in rules.pair_clauses(before.clauses, after.clauses)],
        rules.clauses_changed(before.clauses, after.clauses),
        sentence_of(appeal),
    )


def get_letter_delivery(standing: Standing, delivery_id: int) -> Delivery:
    """A delivery whose letter may be read.

    Raises:
        NotFound: no such delivery, or its appeal is not this standing's to read.
    """
    delivery = Delivery.objects.select_related("addressee__appeal").filter(pk=delivery_id).first()
    if delivery is None or not access.can_read_appeal(standing, delivery.addressee.appeal):
        raise NotFound
    return delivery


def get_scorecard(organisation_id: int, now: datetime) -> Scorecard | None:
    """How an organisation answers appeals, or None below five that were due."""
    rows = Delivery.objects.filter(addressee__organisation_id=organisation_id).values_list("sent_at", "answered_at")
    due = [(sent, answered) for sent, answered in rows if answered or now >= sent + rules.ANSWER_WITHIN]
    if len(due) < rules.FEWEST_FOR_SCORECARD:
        return None
    days = [(answered - sent).days for sent, answered in due if answered]
    return Scorecard(len(due), len(days), float(median(days)) if days else None)


@dataclass(frozen=True)
class OwnSignatureLine:
    """One's own signature, and whether the text has changed since."""

    appeal_id: int
    title: str
    version: int
    newest: int
    state: AppealState
    sentence: str
    nonce: str


def list_own_signatures(standing: Standing) -> list[OwnSignatureLine]:
    """Appeals that one signed, the newest first."""
    if standing.member_id is None:
        return []
    newest = AppealVersion.objects.filter(appeal=OuterRef("version__appeal")).order_by("-number")
    rows = (
        Signature.objects.filter(member_id=standing.member_id, state=Signature.State.VALID)
        .annotate(newest=Subquery(newest.values("number")[:1]))
        .select_related("version__appeal")
        .prefetch_related("version__appeal__versions__count", "version__appeal__addressees__delivery__version")
        .order_by("version__appeal_id", "-version__number")
        .distinct("version__appeal_id")
    )
    return [
        OwnSignatureLine(
            row.version.appeal_id,
            row.version.appeal.title,
            row.version.number,
            row.newest,
            AppealState(row.version.appeal.state),
            _sentence(list(row.version.appeal.versions.all()), _delivered(row.version.appeal)),
            row.nonce,
        )
        for row in reversed(rows[:20])
    ]
