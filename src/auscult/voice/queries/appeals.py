"""Reads about appeals: a fixed number of queries, whatever the number of signatures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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
from auscult.voice.rules import NAME_PURPOSE, AddresseeState, AppealState, Clock, DiffPart, Display

SIGNATORIES_PER_PAGE = 24


@dataclass(frozen=True)
class SignatoryLine:
    """A signature that its signer wishes to be seen; the name is empty where only specialty and state are."""

    name: str
    specialty: str
    state: str
    place: str


def list_signatories(version_id: int, *, after: str = "", limit: int | None) -> list[SignatoryLine]:
    """Shown signatures of a version, in an order drawn by lot.

    Args:
        after: place where the page before ended.
        limit: most lines, or None for all.
    """
    rows = (
        Signature.objects.filter(version_id=version_id, state=Signature.State.VALID, place__gt=after)
        .exclude(display=Display.COUNTED)
        .order_by("place")
        .values_list("name_sealed", "specialty", "us_state", "place")
    )
    return [
        SignatoryLine(crypto.unseal(sealed, NAME_PURPOSE).decode() if sealed else "", specialty, state, place)
        for sealed, specialty, state, place in (rows[:limit] if limit else rows)
    ]


def sentence_of(appeal: Appeal, *, delivered: int | None = None) -> str:
    """What happened between signing and delivery, in one sentence.

    Args:
        delivered: number of the delivered version, where it is not in the rows yet.
    """
    versions = shown_versions(list(appeal.versions.select_related("count")))
    if delivered is None:
        delivered = (
            Delivery.objects.filter(addressee__appeal=appeal)
            .order_by("-version__number")
            .values_list("version__number", flat=True)
            .first()
        )
    return sentence_from(versions, delivered)


def shown_versions(versions: Iterable[AppealVersion]) -> list[AppealVersion]:
    """Published versions; of an appeal that is not open yet, its text."""
    found = list(versions)
    return [version for version in found if version.state == AppealVersion.State.PUBLISHED] or found[:1]


def delivered_version(appeal: Appeal) -> int | None:
    """Highest version that was delivered, of an appeal whose addressees are read already."""
    deliveries = [getattr(addressee, "delivery", None) for addressee in appeal.addressees.all()]
    return max((delivery.version.number for delivery in deliveries if delivery), default=None)


def sentence_from(versions: list[AppealVersion], delivered: int | None) -> str:
    """The sentence, of versions that are read already with their counts."""
    signed = max(versions, key=lambda version: (version.count.valid, -version.number))
    target = next((version for version in versions if version.number == delivered), signed)
    return rules.appeal_sentence(
        signed=signed.count.valid,
        signed_version=signed.number,
        delivered_version=delivered,
        reaffirmed=_signed_both(signed, target) if target != signed else 0,
        changed=rules.clauses_changed(signed.clauses, target.clauses),
        clauses=len(signed.clauses),
    )


def _signed_both(first: AppealVersion, second: AppealVersion) -> int:
    """How many valid signers of one version signed another too."""
    if not second.count.valid:
        return 0
    valid = Signature.objects.filter(state=Signature.State.VALID)
    return valid.filter(version=second, member__in=valid.filter(version=first).values("member")).count()


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
    # Whoever signed several versions is counted once.
    counts = (
        SignatureCount.objects.filter(version__appeal=OuterRef("pk"))
        .values("version__appeal")
        .annotate(most=Sum(F("valid") - F("reaffirmed")))
    )
    rows = (
        Appeal.objects.annotate(signatures=Subquery(counts.values("most")[:1]))
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
    waiting: VersionBox | None
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
    def delivered(self) -> set[int]:
        """Numbers of the versions that were handed over."""
        return {addressee.version for addressee in self.addressees if addressee.version is not None}

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
        after: place where the page of signatories before ended.

    Raises:
        NotFound: no such appeal, or not this standing's to read.
    """
    appeal = access.load_appeal_to_read(standing, appeal_id)
    every = list(appeal.versions.select_related("count"))
    versions = shown_versions(every)
    is_author = appeal.author_id == standing.member_id is not None
    moderates = standing.can(Permission.APPEAL_MODERATE) and not is_author
    unpublished = [v for v in every if v.state == AppealVersion.State.WRITTEN and v not in versions]
    handle, group = Appeal.objects.filter(pk=appeal_id).values_list("author__handle", "author__specialty_group")[0]
    boxes = [_box(version, versions[i - 1].clauses if i else []) for i, version in enumerate(versions)]
    waiting = _box(unpublished[0], versions[-1].clauses) if unpublished and (is_author or moderates) else None
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
        sentence_from(versions, delivered),
        boxes,
        waiting,
        addressees,
        signatories,
        signatories[-1].place if more else "",
        own[0] if own else None,
        own[1] if own else "",
        signs and own is None,
        signs and own is not None and own[0] < newest,
        own is not None and appeal.state not in {AppealState.CLOSED, AppealState.DELIVERED},
        is_author
        and (appeal.state == AppealState.OPEN or (appeal.state == AppealState.DRAFT and not versions[-1].count.valid)),
        access.can_run_appeal(standing, appeal),
        moderates and appeal.state in {AppealState.REVIEW, AppealState.OPEN},
        is_author,
        rules.COSIGNERS_NEEDED,
    )


def _box(version: AppealVersion, before: list[str]) -> VersionBox:
    return VersionBox(
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
    sees_all = appeal.author_id == standing.member_id is not None or standing.can(Permission.APPEAL_MODERATE)
    every = list(appeal.versions.select_related("count"))
    versions = {version.number: version for version in (every if sees_all else shown_versions(every))}
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
