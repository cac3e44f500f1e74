"""Reads of the community: plain rows into dataclasses, a fixed number of queries whatever the size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce

from auscult.community import access, rules
from auscult.community.models import Comment, Posting, UsefulnessRating
from auscult.members.rules import shown_specialty
from auscult.registry.taxonomy import group_label
from auscult.shared.models import Topic
from auscult.shared.pages import whole_number
from auscult.shared.personal import rows_of
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.statistics.suppression import MINIMUM_CELL
from auscult.surveys.queries.ballots import PollBox, get_poll_box


@dataclass(frozen=True)
class PostingLine:
    """One posting in the feed."""

    posting_id: int
    title: str
    opening: str
    handle: str
    specialty: str
    topic: str
    topic_slug: str
    posted_at: datetime
    comments: int
    has_poll: bool


@dataclass(frozen=True)
class FeedPage:
    """The feed: newest first, 20 at a time."""

    postings: list[PostingLine]
    topics: list[Topic]
    topic: Topic | None
    next_before: str
    may_post: bool
    needs_handle: bool


def get_feed(standing: Standing, *, topic: str = "", before: str = "") -> FeedPage:
    """The feed, newest first, in two queries.

    Args:
        topic: slug, or empty for all.
        before: where the page before ended, ``<posting id>``.

    Raises:
        NotAllowed: not registered.
        NotFound: no such topic.
    """
    access.require_reading(standing)
    topics = list(Topic.objects.all())
    chosen = next((each for each in topics if each.slug == topic), None)
    if topic and chosen is None:
        raise NotFound("There is no such topic.")
    postings = Posting.objects.order_by("-posted_at", "-pk")
    if chosen:
        postings = postings.filter(topic=chosen)
    number = whole_number(before)
    if number is not None:
        edge = Posting.objects.filter(pk=number).values_list("posted_at", flat=True).first()
        if edge:
            postings = postings.filter(Q(posted_at__lt=edge) | Q(posted_at=edge, pk__lt=number))
    rows = postings.values_list(
        "pk", "title", "body", "author__handle", "author__specialty_group", "author__member_class", "topic__name",
        "topic__slug", "posted_at", "comments", "survey_id",
    )[: rules.POSTINGS_PER_PAGE + 1]  # fmt: skip
    lines = [
        PostingLine(
            pk,
            title,
            _opening(body),
            handle or "",
            shown_specialty(group, kind),
            name,
            slug,
            at,
            comments,
            bool(survey),
        )
        for pk, title, body, handle, group, kind, name, slug, at, comments, survey in rows
    ]
    more = len(lines) > rules.POSTINGS_PER_PAGE
    lines = lines[: rules.POSTINGS_PER_PAGE]
    return FeedPage(
        lines,
        topics,
        chosen,
        str(lines[-1].posting_id) if more else "",
        standing.can(Permission.POSTING_CREATE) and standing.handle is not None,
        standing.can(Permission.POSTING_CREATE) and standing.handle is None,
    )


def _opening(body: str) -> str:
    text = " ".join(body.replace("*", "").replace("#", "").replace("> ", "").split())
    return text if len(text) <= 220 else text[:220].rsplit(" ", 1)[0] + " …"


@dataclass(frozen=True)
class CommentLine:
    """One comment; ``depth`` is how far it is indented."""

    comment_id: int
    html: str
    handle: str
    specialty: str
    commented_at: datetime
    reply_to: str
    depth: int
    is_own: bool
    by_author: bool


@dataclass(frozen=True)
class UsefulnessBox:
    """Ratings of a posting and the own one."""

    ratings: int
    mean: float | None
    own: int | None
    may_rate: bool


@dataclass(frozen=True)
class PostingPage:
    """Everything on the posting page."""

    posting_id: int
    title: str
    html: str
    handle: str
    specialty: str
    topic: str
    topic_slug: str
    posted_at: datetime
    comment_count: int
    comments: list[CommentLine]
    next_after: str
    usefulness: UsefulnessBox
    poll: PollBox | None
    may_comment: bool
    needs_handle: bool


def get_posting_page(standing: Standing, posting_id: int, now: datetime, *, after: str = "") -> PostingPage:
    """A posting with its poll, ratings and a page of comments, in at most seven queries.

    Args:
        after: where the page before ended, ``<thread>-<comment>``; empty for the first page.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting.
    """
    access.require_reading(standing)
    row = (
        Posting.objects.filter(pk=posting_id)
        .values_list(
            "title", "html", "author_id", "author__handle", "author__specialty_group", "author__member_class",
            "topic__name", "topic__slug", "posted_at", "comments", "survey_id",
        )
        .first()
    )  # fmt: skip
    if row is None:
        raise NotFound
    title, html, author_id, handle, group, kind, topic, slug, posted_at, count, survey_id = row
    comments, next_after = _comments(standing, posting_id, author_id, after)
    may_comment = standing.can(Permission.COMMENT_CREATE)
    return PostingPage(
        posting_id,
        title,
        html,
        handle or "",
        shown_specialty(group, kind),
        topic,
        slug,
        posted_at,
        count,
        comments,
        next_after,
        _usefulness(standing, posting_id, author_id),
        get_poll_box(standing, survey_id, now) if survey_id else None,
        may_comment and standing.handle is not None,
        may_comment and standing.handle is None,
    )


def get_posting_poll(standing: Standing, posting_id: int, now: datetime) -> PollBox:
    """Only the poll of a posting, for the live fragment.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting, or none with a poll.
    """
    posting = access.load_posting_to_read(standing, posting_id)
    box = get_poll_box(standing, posting.survey_id, now) if posting.survey_id else None
    if box is None:
        raise NotFound
    return box


def get_posting_of_survey(survey_id: int) -> int | None:
    """The posting that a survey is attached to, or None."""
    return Posting.objects.filter(survey_id=survey_id).values_list("pk", flat=True).first()


def _comments(standing: Standing, posting_id: int, author_id: int, after: str) -> tuple[list[CommentLine], str]:
    comments = Comment.objects.filter(posting_id=posting_id).annotate(root=Coalesce("thread", "pk"))
    thread, last = (whole_number(part) for part in (after + "-").split("-")[:2])
    if thread is not None and last is not None:
        comments = comments.filter(Q(root__gt=thread) | Q(root=thread, pk__gt=last))
    rows = list(
        comments.order_by("root", "pk").values_list(
            "root", "pk", "html", "author_id", "author__handle", "author__specialty_group", "author__member_class",
            "commented_at", "parent_id",
            "parent__author__handle",
        )[: rules.COMMENTS_PER_PAGE + 1]
    )  # fmt: skip
    more = len(rows) > rules.COMMENTS_PER_PAGE
    rows = rows[: rules.COMMENTS_PER_PAGE]
    lines = [
        CommentLine(
            pk,
            html,
            handle or "",
            shown_specialty(group, kind),
            at,
            parent_handle or "",
            1 if parent else 0,
            author == standing.member_id,
            author == author_id,
        )
        for _, pk, html, author, handle, group, kind, at, parent, parent_handle in rows
    ]
    return lines, f"{rows[-1][0]}-{rows[-1][1]}" if more else ""


def _usefulness(standing: Standing, posting_id: int, author_id: int) -> UsefulnessBox:
    summary = UsefulnessRating.objects.filter(posting_id=posting_id).aggregate(
        ratings=Count("pk"),
        total=Sum("value"),
        own=Max("value", filter=Q(member_id=standing.member_id or 0)),
    )
    ratings = summary["ratings"]
    return UsefulnessBox(
        ratings,
        summary["total"] / ratings if ratings else None,
        summary["own"],
        standing.can(Permission.USEFULNESS_RATE) and standing.member_id != author_id,
    )


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


def export_member(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """What a member wrote and rated, to take away."""
    member = standing.require_member()
    return {
        "Postings": rows_of(
            Posting.objects.filter(author_id=member), title="title", text="body", topic="topic__name", at="posted_at"
        ),
        "Comments": rows_of(
            Comment.objects.filter(author_id=member), on="posting__title", text="body", at="commented_at"
        ),
        "Usefulness ratings": rows_of(
            UsefulnessRating.objects.filter(member_id=member), posting="posting__title", value="value"
        ),
    }
