"""Reads about access: who read what, and whose words were behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from auscult.partnerships import access, rules
from auscult.partnerships.models import AccessReceipt
from auscult.partnerships.queries.agreements import GrantBox, facts_of, list_grants
from auscult.partnerships.rules import AgreementState
from auscult.shared.models import Topic
from auscult.shared.standing import Standing


@dataclass(frozen=True)
class ReceiptLine:
    """One access receipt: which organisation, for what purpose, under which agreement."""

    client: str
    purpose: str
    scope: str
    topic: str
    agreement_id: int
    agreement: str
    authors: int
    refused: str
    read_at: datetime
    record_index: int


@dataclass(frozen=True)
class AccessPage:
    """Grants of an agreement and what was read under them."""

    agreement_id: int
    title: str
    state: AgreementState
    grants: list[GrantBox]
    topics: list[Topic]
    receipts: list[ReceiptLine]


def get_access_page(standing: Standing, agreement_id: int, now: datetime) -> AccessPage:
    """Grants and the newest hundred receipts of an agreement, in at most eight queries.

    Raises:
        NotFound: no such agreement.
    """
    agreement = access.load_agreement(agreement_id)
    facts = facts_of(agreement)
    receipts = AccessReceipt.objects.filter(grant__agreement=agreement)
    return AccessPage(
        agreement.pk,
        agreement.title,
        rules.agreement_state(facts, now, timezone.get_default_timezone()),
        list_grants(standing, agreement, facts, now),
        list(Topic.objects.all()),
        [_line(receipt) for receipt in _with_names(receipts)[:100]],
    )


def _with_names(receipts: QuerySet[AccessReceipt]) -> QuerySet[AccessReceipt]:
    return receipts.select_related("grant__agreement", "grant__beneficiary", "topic")


def _line(receipt: AccessReceipt) -> ReceiptLine:
    grant = receipt.grant
    return ReceiptLine(
        grant.beneficiary.name,
        grant.purpose,
        grant.scope,
        receipt.topic.name,
        grant.agreement_id,
        grant.agreement.title,
        receipt.authors,
        receipt.refused,
        receipt.read_at,
        receipt.record_index,
    )


_ABOUT_ME = """
    SELECT r.id FROM partnerships_accessreceipt AS r WHERE r.refused = '' AND r.authors > 0 AND (
        EXISTS (SELECT 1 FROM community_posting AS p WHERE p.author_id = %(member)s AND p.topic_id = r.topic_id
                AND p.posted_at >= r.since AND p.posted_at < r.until)
        OR EXISTS (SELECT 1 FROM community_comment AS c JOIN community_posting AS p ON p.id = c.posting_id
                   WHERE c.author_id = %(member)s AND p.topic_id = r.topic_id
                   AND c.commented_at >= r.since AND c.commented_at < r.until)
    ) ORDER BY r.id DESC LIMIT %(limit)s
"""


def list_receipts_about(standing: Standing, *, limit: int = 50) -> list[ReceiptLine]:
    """Reads of aggregates behind which words of whoever asks stand, the newest first, in two queries."""
    if standing.member_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT_ME, {"member": standing.member_id, "limit": limit})
        found = [row[0] for row in cursor.fetchall()]
    rows = {receipt.pk: receipt for receipt in _with_names(AccessReceipt.objects.filter(pk__in=found))}
    return [_line(rows[pk]) for pk in found]
