"""Writes about mandates: a member's statements, and the monthly count."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from auscult.evidence.canonical import canonical_json
from auscult.members.models import Member
from auscult.organisations.access import load_organisation
from auscult.organisations.models import Organisation
from auscult.publishing import record
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import Conflict, NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.mandates import Stance
from auscult.voice import rules
from auscult.voice.counting import count_topic
from auscult.voice.models import MandateSnapshot, MandateStatement
from auscult.voice.queries.mandates import list_own_statements


class CannotStateMandate(Refused):
    """The statement was not taken."""


def _find_topic(slug: str) -> Topic:
    topic = Topic.objects.filter(slug=slug).first()
    if topic is None:
        raise NotFound("There is no such topic.")
    return topic


def state_mandate(*, standing: Standing, now: datetime, topic: str, organisation: str, stance: Stance) -> None:
    """Say whether an organisation speaks for oneself on a topic.

    Who may: a verified member. What changes: the statement is in force at once, for 12 months; «nobody» is taken back.
    What follows: it counts from the next monthly count on; nobody sees it before, and never alone.

    Args:
        topic: slug.
        organisation: slug.

    Raises:
        NotAllowed: not verified.
        NotFound: no such topic or organisation.
        CannotStateMandate: about the operator of this place, which claims to speak for nobody.
    """
    standing.require(Permission.MANDATE_STATE, "Only members whose verification is valid give a mandate.")
    found, about = _find_topic(topic), load_organisation(organisation)
    if about.kind == Organisation.Kind.OPERATOR:
        raise CannotStateMandate("The operator of this place speaks for nobody, so it takes no mandate.")
    with transaction.atomic():
        _lock(standing)
        own = list_own_statements(standing, now, topic_id=found.pk)
        if None in own:
            _write(standing, now, found, None, rules.REVOKED)
        _write(standing, now, found, about.pk, stance.value)
        # Without topic and stance: the trail must not tell who thinks what.
        audit.record("voice.mandate.state", standing=standing, thing="", now=now)


def state_nobody(*, standing: Standing, now: datetime, topic: str) -> None:
    """Say that nobody speaks for oneself on a topic; what one said of organisations there is taken back.

    Who may: a verified member.

    Raises:
        NotAllowed: not verified.
        NotFound: no such topic.
    """
    standing.require(Permission.MANDATE_STATE, "Only members whose verification is valid give a mandate.")
    found = _find_topic(topic)
    with transaction.atomic():
        _lock(standing)
        for about in list_own_statements(standing, now, topic_id=found.pk):
            if about is not None:
                _write(standing, now, found, about, rules.REVOKED)
        _write(standing, now, found, None, rules.NOBODY)
        audit.record("voice.mandate.state", standing=standing, thing="", now=now)


def revoke_mandate(*, standing: Standing, now: datetime, topic: str, organisation: str) -> None:
    """Take a statement back, at once.

    Who may: whoever made it, verified or lapsed.

    Args:
        organisation: slug, or empty for «nobody».

    Raises:
        NotFound: no such topic or organisation.
        Conflict: there is no such statement in force.
    """
    standing.require_member()
    found = _find_topic(topic)
    about = load_organisation(organisation).pk if organisation else None
    with transaction.atomic():
        _lock(standing)
        if about not in list_own_statements(standing, now, topic_id=found.pk):
            raise Conflict("You have no such statement in force.")
        _write(standing, now, found, about, rules.REVOKED)
        audit.record("voice.mandate.revoke", standing=standing, thing="", now=now)


def _lock(standing: Standing) -> None:
    """Two statements of one member go one after the other, or «nobody» and an organisation could both be in force."""
    Member.objects.select_for_update().only("pk").get(pk=standing.require_member())


def _write(standing: Standing, now: datetime, topic: Topic, organisation_id: int | None, stance: str) -> None:
    MandateStatement.objects.create(
        member_id=standing.require_member(),
        topic=topic,
        organisation_id=organisation_id,
        stance=stance,
        stated_at=now,
        expires_at=now + rules.MANDATE_LASTS,
    )


def count_mandates(*, standing: Standing, now: datetime) -> int:
    """Take the monthly snapshot of every topic about which anything was stated; returns how many.

    Who may: an operator; the worker does it on the first of each month. What changes: the figures on the topics' pages,
    each in the record. Where fewer than ten statements changed since the last snapshot, its figures are repeated.

    Raises:
        NotAllowed: no operator.
    """
    standing.require(Permission.MANDATES_COUNT, "Mandates are counted once a month, by the operator.")
    taken = 0
    with transaction.atomic():
        for topic in Topic.objects.filter(pk__in=MandateStatement.objects.values("topic")):
            before = MandateSnapshot.objects.filter(topic=topic, taken_at__lt=now).first()
            if MandateSnapshot.objects.filter(topic=topic, taken_at=now).exists():
                continue
            counted = count_topic(topic.pk, now, before)
            document = canonical_json(
                {"topic": topic.slug, "eligible": counted.eligible, "organisations": counted.figures}
            )
            entry = record.append(
                "mandates.counted",
                {"thing": f"mandates:{topic.slug}", "topic": topic.slug, "eligible": counted.eligible},
                at=now,
                documents={"figures": document},
            )
            MandateSnapshot.objects.create(
                topic=topic,
                taken_at=now,
                eligible=counted.eligible,
                figures=counted.figures,
                record_index=entry.index,
            )
            taken += 1
        if taken:
            record.sign_checkpoint(at=now)
        audit.record("voice.mandates.count", standing=standing, thing="", now=now, topics=taken)
    return taken
