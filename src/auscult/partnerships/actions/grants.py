"""Reading under a grant: every read leaves a receipt, every refusal too."""

from __future__ import annotations

from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from auscult.community.queries.aggregates import TopicAggregate, get_topic_aggregate
from auscult.partnerships import access, rules
from auscult.partnerships.models import AccessReceipt
from auscult.partnerships.queries.agreements import facts_of
from auscult.partnerships.rules import GrantFacts
from auscult.publishing import record
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import Standing


class GrantNotInForce(NotAllowed):
    """Nothing is read: the grant is not in force. The refusal is on record."""


def read_topic_aggregate(*, standing: Standing, now: datetime, grant_id: int, topic: str) -> TopicAggregate:
    """Read how much was said about a topic until the end of last month, by groups of ten authors or more, under a grant.

    Who may: a representative of the beneficiary with the power. What changes: a receipt, in the record, that every author
    behind the figures sees; a refusal leaves one too.

    Args:
        topic: slug.

    Raises:
        NotFound: no such grant for this standing, or no such topic.
        GrantNotInForce: outside the term, suspended, or ended.
    """
    grant, representative = access.load_grant_to_read(standing, grant_id)
    found = Topic.objects.filter(slug=topic).first()
    if found is None:
        raise NotFound("There is no such topic.")
    zone = timezone.get_default_timezone()
    facts = facts_of(grant.agreement)
    problem = rules.grant_problem(GrantFacts(grant.starts_on, grant.ends_on), facts, now, zone)
    in_force = rules.days_in_force(facts, now, zone)
    # Nothing that was said before both sides had agreed to it.
    since = datetime.combine(max(grant.starts_on, in_force[0]) if in_force else grant.starts_on, time(), tzinfo=zone)
    # Up to the end of last month: what is read today and tomorrow is the same.
    until = max(since, datetime.combine(rules.day_of(now, zone).replace(day=1), time(), tzinfo=zone))
    with transaction.atomic():
        aggregate = None if problem else get_topic_aggregate(found, since, until)
        entry = record.append_and_sign(
            "access.refused" if problem else "access.read",
            {
                "thing": f"agreement:{grant.agreement_id}",
                "client": grant.beneficiary.name,
                "scope": grant.scope,
                "purpose": grant.purpose,
                "topic": found.slug,
                **({"because": problem} if problem else {}),
            },
            at=now,
        )
        AccessReceipt.objects.create(
            grant=grant,
            representative=representative,
            topic=found,
            since=since,
            until=until,
            authors=aggregate.authors if aggregate else 0,
            refused=problem or "",
            read_at=now,
            record_index=entry.index,
        )
        audit.record(
            "partnerships.grant.read",
            standing=standing,
            thing=f"grant:{grant.pk}",
            now=now,
            topic=found.slug,
            refused=bool(problem),
        )
    # The refusal itself is kept, so it is raised only after the transaction.
    if aggregate is None:
        raise GrantNotInForce(problem or "")
    return aggregate
