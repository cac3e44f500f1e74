"""Writes about positions of organisations."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction

from auscult.organisations.access import load_organisation, load_representative
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.publishing import record
from auscult.publishing.models import Release, Reply
from auscult.publishing.replies import add_reply
from auscult.shared import audit
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice import rules
from auscult.voice.models import Position, PositionComparison


class CannotStatePosition(Refused):
    """The position was not taken."""


class CannotComparePosition(Refused):
    """The comparison was not made."""


def state_position(
    *,
    standing: Standing,
    now: datetime,
    organisation: str,
    topic: str,
    title: str,
    text: str,
    source: str,
    stated_on: date,
) -> Position:
    """Put an organisation's position on a topic on record.

    Who may: a representative of it with the power, or an editor who quotes a public source.

    Args:
        organisation, topic: slugs.
        source: where it stands, where an editor quotes it.

    Raises:
        NotFound: no such organisation or topic.
        NotAllowed: neither representative nor editor.
        CannotStatePosition: no title, text or source.
    """
    about = load_organisation(organisation)
    found = Topic.objects.filter(slug=topic).first()
    if found is None:
        raise NotFound("There is no such topic.")
    own = [badge for badge in list_badges(standing, Power.POSITION) if badge.organisation_id == about.pk]
    representative = load_representative(standing, about.pk, Power.POSITION) if own else None
    if representative is None:
        standing.require(
            Permission.POSITION_STATE,
            "A position is stated by a representative of the organisation, or by an editor who quotes it.",
        )
    if not title.strip() or not text.strip() or not source.strip():
        raise CannotStatePosition("A position has a title, a text and a source.")
    if len(title) > rules.LONGEST_TITLE or len(text) > rules.LONGEST_ANSWER:
        raise CannotStatePosition("The title or the text is too long.")
    with transaction.atomic():
        position = Position(
            organisation=about,
            topic=found,
            title=title.strip(),
            text=rules.tidy(text),
            source=source.strip()[:300],
            stated_on=stated_on,
            representative=representative,
            published_at=now,
            record_index=0,
        )
        position.save()
        entry = record.append_and_sign(
            "position.stated",
            {
                "thing": f"position:{position.pk}",
                "organisation": about.name,
                "topic": topic,
                "title": position.title,
                "stated_on": stated_on.isoformat(),
                "source": position.source,
                "by": "representative" if representative else "editor",
            },
            at=now,
            documents={"text": position.text.encode()},
        )
        Position.objects.filter(pk=position.pk).update(record_index=entry.index)
        position.record_index = entry.index
        audit.record("voice.position.state", standing=standing, thing=f"position:{position.pk}", now=now)
    return position


def compare_position(
    *, standing: Standing, now: datetime, position_id: int, release: int, question: str, choice: str
) -> PositionComparison:
    """Set the answers to a published question beside a position.

    Who may: an editor. What follows: an entry in the record; the organisation may reply under the position.

    Args:
        choice: the answer that agrees with the position.

    Raises:
        NotAllowed: no editor.
        NotFound: no such position or release.
        CannotComparePosition: the release does not compare members of this organisation with others, has no such question
            or answer, or is compared already.
    """
    standing.require(Permission.POSITION_STATE, "Only an editor compares a position with a result.")
    position = Position.objects.select_related("organisation").filter(pk=position_id).first()
    published = Release.objects.defer("bundle").filter(pk=release).first()
    if position is None or published is None:
        raise NotFound
    if published.freeze["compared_with"] != position.organisation.name:
        raise CannotComparePosition(
            f"That poll was not frozen to compare members of {position.organisation.name} with others."
        )
    asked = next((q for q in published.freeze["questions"] if q["code"] == question), None)
    shown = {q["question"] for q in published.results["questions"]}
    if asked is None or question not in shown or choice not in {c["code"] for c in asked["choices"]}:
        raise CannotComparePosition("That result has no such question or answer, or fewer than ten answered it.")
    try:
        with transaction.atomic():
            comparison = PositionComparison.objects.create(
                position=position, release=published, question=question, choice=choice
            )
            record.append_and_sign(
                "position.compared",
                {
                    "thing": f"position:{position.pk}", "release": release, "question": question, "agrees": choice,
                    "manifest": published.manifest_hash,
                },
                at=now,
            )  # fmt: skip
            audit.record("voice.position.compare", standing=standing, thing=f"position:{position.pk}", now=now)
    except IntegrityError as error:
        raise CannotComparePosition("That question is compared with this position already.") from error
    return comparison


def reply_to_position(*, standing: Standing, now: datetime, position_id: int, text: str) -> Reply:
    """Answer the comparison of a position with opinion, in the name of its organisation.

    Who may: a representative of that organisation.

    Raises:
        NotFound: no such position.
        NotAllowed: no representative of it.
        CannotReply: empty, too long, or replied already.
    """
    with transaction.atomic():
        position = Position.objects.select_for_update().filter(pk=position_id).first()
        if position is None:
            raise NotFound
        reply = add_reply(
            standing=standing,
            now=now,
            thing=f"position:{position_id}",
            organisation_id=position.organisation_id,
            text=text,
        )
        audit.record("voice.position.reply", standing=standing, thing=f"position:{position_id}", now=now)
    return reply
