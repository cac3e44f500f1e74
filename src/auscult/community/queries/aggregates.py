"""How much is said about a topic, in numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from auscult.community.models import Comment, Posting
from auscult.registry.taxonomy import group_label
from auscult.shared.models import Topic
from auscult.statistics.suppression import MINIMUM_CELL


@dataclass(frozen=True)
class TopicAggregate:
    """How much is said about a topic, in numbers alone; empty where fewer than ten people spoke.

    All numbers are cut to full tens, so that two reads cannot be subtracted to find a single author.

    Attributes:
        groups: specialty → authors; groups of fewer than ten stand together as «others», or not at all.
    """

    topic: str
    since: datetime
    until: datetime
    postings: int
    comments: int
    authors: int
    groups: list[tuple[str, int]]


def get_topic_aggregate(topic: Topic, since: datetime, until: datetime) -> TopicAggregate:
    """Count postings, comments and their authors between two instants, in two queries."""
    posted = Posting.objects.filter(topic=topic, posted_at__gte=since, posted_at__lt=until)
    commented = Comment.objects.filter(posting__topic=topic, commented_at__gte=since, commented_at__lt=until)
    rows = list(posted.values_list("author_id", "author__specialty_group").annotate(n=Count("pk")))
    more = list(commented.values_list("author_id", "author__specialty_group").annotate(n=Count("pk")))
    people = dict.fromkeys((author, group_label(group)) for author, group, _ in rows + more)
    counts: dict[str, int] = {}
    for _, group in people:
        counts[group] = counts.get(group, 0) + 1
    if len(people) < MINIMUM_CELL:
        return TopicAggregate(topic.name, since, until, 0, 0, 0, [])
    large = {group: n for group, n in counts.items() if n >= MINIMUM_CELL}
    rest = len(people) - sum(large.values())
    if 0 < rest < MINIMUM_CELL and large:
        # The smallest shown group joins the others, or they could be had by subtraction.
        smallest = min(large, key=lambda group: large[group])
        rest += large.pop(smallest)
    groups = sorted(large.items(), key=lambda row: -row[1])
    return TopicAggregate(
        topic.name,
        since,
        until,
        _full_tens(sum(n for _, _, n in rows)),
        _full_tens(sum(n for _, _, n in more)),
        _full_tens(len(people)),
        [(group, _full_tens(n)) for group, n in [*groups, *([("others", rest)] if rest else [])]],
    )


def _full_tens(count: int) -> int:
    return count - count % 10
