"""One posting with its thread."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from markupsafe import Markup, escape

from auscult.community import access, markup
from auscult.community.models import Posting
from auscult.community.queries.people import AUTHOR_COLUMNS, AUTHOR_JOINS, Author, author_of
from auscult.community.rules import writing
from auscult.community.rules.moderation import WordsState
from auscult.shared.pages import whole_number
from auscult.shared.refusals import NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys.queries.ballots import PollBox, get_poll_box

_HANDLES = re.compile(r'<a href="/colleagues/[^"]*"[^>]*>[^<]*</a>|(?<=</a> )[\w-]+(?=[^<]*</cite>)')


@dataclass
class CommentLine:
    """One comment with the answers that stand beneath it on this page.

    Attributes:
        number: its number in the thread.
        html: its words; empty where ``gone`` says why they are not shown.
        gone: state of words that are not shown, or ``muted``.
        answers_to: number of the comment it answers, or None.
        by_author: whether the posting's author wrote it.
        answers: the comments beneath, in order.
    """

    number: int
    html: Markup
    author: Author
    commented_at: datetime
    edited: bool
    state: str
    gone: str
    answers_to: int | None
    answers_handle: str
    depth: int
    is_own: bool
    by_author: bool
    is_new: bool
    solves: bool
    answers: list[CommentLine]

    @property
    def below(self) -> int:
        """How many comments stand beneath it on this page."""
        return sum(1 + each.below for each in self.answers)


@dataclass(frozen=True)
class UsefulnessBox:
    """Ratings of a posting and the own one."""

    ratings: int
    mean: float | None
    own: int | None
    may_rate: bool


@dataclass(frozen=True)
class PictureLine:
    """A picture under a posting."""

    public_id: str
    width: int
    height: int
    description: str


@dataclass(frozen=True)
class PreviewLine:
    """What a page that the posting links to says of itself."""

    url: str
    host: str
    title: str
    summary: str


@dataclass(frozen=True)
class PostingPage:
    """Everything on the posting page.

    Attributes:
        gone: state of a posting whose words are not shown.
        is_hidden: whether only its author and moderators see it now.
        threads: comments that answer the posting, with what stands beneath them.
        from_number: number of the comment that the page begins with; 0 where it begins at the first.
        next_from: number of the comment that the next page begins with; 0 at the end.
        speaks_in: the organisation that posted, where the reader may answer in its name.
    """

    posting_id: int
    title: str
    html: Markup
    author: Author
    topic: str
    topic_slug: str
    posted_at: datetime
    edited: bool
    state: str
    gone: str
    case_state: str
    solved_by: int | None
    locked: bool
    slow_seconds: int
    comment_count: int
    threads: list[CommentLine]
    shown: int
    from_number: int
    next_from: int
    usefulness: UsefulnessBox
    poll: PollBox | None
    pictures: list[PictureLine]
    previews: list[PreviewLine]
    read_comments: int | None
    is_followed: bool
    is_muted: bool
    bookmarked: bool
    is_own: bool
    may_comment: bool
    may_flag: bool
    may_moderate: bool
    needs_handle: bool
    speaks_in: int | None


_POSTING = f"""
    SELECT p.title, p.html, p.author_id, {AUTHOR_COLUMNS}, p.connections, t.name, t.slug, p.posted_at,
           p.edited_at IS NOT NULL, p.state, p.case_state, p.solved_by, p.locked_at IS NOT NULL, p.slow_seconds, p.comments,
           p.survey_id, p.ratings, p.rating_total, p.picture_count, d.read_comments, COALESCE(d.is_followed, false),
           COALESCE(d.is_muted, false), d.bookmarked_at IS NOT NULL, p.representative_id,
           (SELECT value FROM community_usefulnessrating AS u WHERE u.posting_id = p.id AND u.member_id = %(member)s)
    FROM community_posting AS p
    JOIN shared_topic AS t ON t.id = p.topic_id
    {AUTHOR_JOINS.format(words="p")}
    LEFT JOIN community_reading AS d ON d.member_id = %(member)s AND d.posting_id = p.id
    WHERE p.id = %(posting)s
"""  # noqa: S608 - constants of ours
_COMMENTS = f"""
    SELECT c.number, c.path, c.html, c.author_id, {AUTHOR_COLUMNS}, c.connections, c.commented_at, c.edited_at IS NOT NULL,
           c.state, c.answers,
           c.representative_id IS NULL AND EXISTS
               (SELECT FROM community_mute AS x WHERE x.member_id = %(member)s AND x.muted_id = c.author_id)
    FROM community_comment AS c
    {AUTHOR_JOINS.format(words="c")}
    WHERE c.posting_id = %(posting)s AND c.path >= %(from)s::integer[]
    ORDER BY c.path LIMIT {writing.COMMENTS_PER_PAGE + 1}
"""  # noqa: S608 - constants of ours
_QUOTED = f"""
    SELECT c.number, {AUTHOR_COLUMNS}, c.connections FROM community_comment AS c {AUTHOR_JOINS.format(words="c")}
    WHERE c.posting_id = %(posting)s AND c.number = ANY(%(numbers)s)
"""  # noqa: S608 - constants of ours


def get_posting_page(
    standing: Standing,
    posting_id: int,
    now: datetime,
    *,
    begin: str = "",
    at: str = "",
    only: int | None = None,
) -> PostingPage:
    """A posting with its poll, ratings and a page of its thread, in at most seven queries.

    Args:
        begin: number of the comment from which on the thread is shown; empty for the first.
        at: number of a comment that is to stand on the page, with the start of its thread where that is near.
        only: where set, just this comment is read of the thread (for the answer to a form).

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting.
    """
    values: dict[str, Any] = {"member": standing.member_id or 0, "posting": posting_id}
    with connection.cursor() as cursor:
        cursor.execute(_POSTING, values)
        row = cursor.fetchone()
    reads = access.can_read_postings(standing)
    speaks_in = access.speaks_in(standing, row[-2]) if row else None
    if not reads and speaks_in is None:
        access.require_reading(standing)
    if row is None:
        raise NotFound
    (
        title, html, author_id, *author, connections, topic, slug, posted_at, edited, state, case_state, solved_by, locked,
        slow, count, survey_id, ratings, rating_total, pictures, read, followed, muted, bookmarked, _, own_rating,
    ) = row  # fmt: skip
    seen = access.can_see_words(standing, state, author_id)
    first = _begin(posting_id, begin, at)
    lines = _comments(standing, values, author_id, read, solved_by, first, only) if count else []
    if not reads:
        _mask(lines)
    threads, shown, next_from = _nest(lines, count)
    may_comment = standing.can(Permission.COMMENT_CREATE) and state == WordsState.PUBLISHED and not locked
    return PostingPage(
        posting_id=posting_id,
        title=title if seen else "A posting that was taken down",
        html=_fill(html, values) if seen else Markup(),
        author=author_of(tuple(author), _labels(connections)),
        topic=topic,
        topic_slug=slug,
        posted_at=posted_at,
        edited=edited,
        state=state,
        gone="" if seen else state,
        case_state=case_state,
        solved_by=solved_by,
        locked=locked,
        slow_seconds=slow,
        comment_count=count,
        threads=threads,
        shown=shown,
        from_number=first[-1] if first and first != [1] else 0,
        next_from=next_from,
        usefulness=UsefulnessBox(
            ratings,
            rating_total / ratings if ratings else None,
            own_rating,
            standing.can(Permission.USEFULNESS_RATE)
            and standing.member_id != author_id
            and state == WordsState.PUBLISHED,
        ),
        poll=get_poll_box(standing, survey_id, now) if survey_id and seen and only is None else None,
        pictures=_pictures(posting_id) if pictures and seen and only is None else [],
        previews=_previews(html) if seen and only is None else [],
        read_comments=read,
        is_followed=followed,
        is_muted=muted,
        bookmarked=bookmarked,
        is_own=author_id == standing.member_id,
        may_comment=(may_comment and standing.handle is not None)
        or (speaks_in is not None and state == WordsState.PUBLISHED and not locked),
        may_flag=standing.can(Permission.WORDS_FLAG),
        may_moderate=standing.can(Permission.WORDS_MODERATE),
        needs_handle=may_comment and standing.handle is None,
        speaks_in=speaks_in,
    )


def _mask(lines: list[CommentLine]) -> None:
    """A representative who is no member reads what members say to the organisation, not under which handles."""
    for line in lines:
        line.answers_handle = ""
        if line.author.handle:
            line.author = replace(line.author, handle="", masked=True)
        line.html = Markup(_HANDLES.sub("a member", line.html))  # noqa: S704 - a part is taken out of safe HTML


def _begin(posting_id: int, begin: str, at: str) -> list[int]:
    """Path from which on a thread is shown: exactly ``begin``; or for ``at`` the start of its thread, if that is near."""
    number = whole_number(begin) or whole_number(at)
    if not number or number > 2**31 - 1:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT path FROM community_comment WHERE posting_id = %s AND number = %s", [posting_id, number])
        row: tuple[list[int]] | None = cursor.fetchone()
        if row is None or begin:
            return row[0] if row else []
        cursor.execute(
            "SELECT count(*) FROM community_comment WHERE posting_id = %s AND path >= %s::integer[] AND path <= %s::integer[]",
            [posting_id, row[0][:1], row[0]],
        )
        before = cursor.fetchone()[0]
    return row[0][:1] if before < writing.COMMENTS_PER_PAGE else row[0]


def _labels(connections: Any) -> list[str]:
    return list(json.loads(connections) if isinstance(connections, str) else connections)


def _comments(
    standing: Standing,
    values: dict[str, Any],
    posting_author: int,
    read: int | None,
    solved_by: int | None,
    first: list[int],
    only: int | None,
) -> list[CommentLine]:
    with connection.cursor() as cursor:
        if only is None:
            cursor.execute(_COMMENTS, values | {"from": first})
        else:
            one = _COMMENTS.replace("c.path >= %(from)s::integer[]", "c.number = %(from)s")
            cursor.execute(one, values | {"from": only})
        rows = cursor.fetchall()
    lines = []
    handles: dict[int, str] = {}
    for number, path, html, author_id, *author, connections, at, edited, state, answers, muted in rows:
        who = author_of(tuple(author), _labels(connections))
        handles[number] = who.handle or who.organisation
        seen = access.can_see_words(standing, state, author_id)
        gone = "" if seen and not muted else (state if not seen else "muted")
        lines.append(
            CommentLine(
                number,
                Markup(html) if not gone else Markup(),  # noqa: S704 - rendered and cleaned when written
                who if gone != "muted" else Author(""),
                at,
                edited,
                state,
                gone,
                answers,
                handles.get(answers, "") if answers else "",
                len(path) - 1,
                author_id == standing.member_id,
                author_id == posting_author,
                read is not None and number > read,
                number == solved_by,
                [],
            )
        )
    wanted = {number for line in lines if "<cite" in line.html for number in markup.quoted_in(line.html)}
    if wanted:
        who_wrote = _who(values, wanted)
        for line in lines:
            line.html = Markup(markup.fill_citations(line.html, who_wrote))  # noqa: S704 - parts are safe
    return lines


def _who(values: dict[str, Any], numbers: Sequence[int] | set[int]) -> dict[int, str]:
    """Who wrote quoted comments, with their labels as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(_QUOTED, values | {"numbers": list(numbers)})
        rows = cursor.fetchall()
    found = {}
    for number, *author, connections in rows:
        who = author_of(tuple(author), _labels(connections))
        words = [who.organisation or who.handle or "no handle", *who.connections]
        found[number] = str(escape(" · ".join(words)))
    return found


def _fill(html: str, values: dict[str, Any]) -> Markup:
    quoted = markup.quoted_in(html)
    return Markup(markup.fill_citations(html, _who(values, quoted)) if quoted else html)  # noqa: S704 - as above


def _nest(lines: list[CommentLine], count: int) -> tuple[list[CommentLine], int, int]:
    """Put answers beneath what they answer; cut a page at the beginning of a thread where that is possible."""
    next_from = 0
    if len(lines) > writing.COMMENTS_PER_PAGE:
        cut = max((index for index, line in enumerate(lines) if index and line.depth == 0), default=0)
        # A thread longer than a page is cut within; its rest is reached by its numbers.
        cut = cut or len(lines) - 1
        next_from = lines[cut].number
        lines = lines[:cut]
    threads: list[CommentLine] = []
    above: list[CommentLine] = []
    for line in lines:
        while above and above[-1].depth >= line.depth:
            above.pop()
        (above[-1].answers if above else threads).append(line)
        above.append(line)
    return threads, len(lines), next_from


def _previews(html: str) -> list[PreviewLine]:
    links = markup.links_in(html) if settings.LINK_PREVIEWS else []
    if not links:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT url, title, summary FROM community_linkpreview WHERE url = ANY(%s) AND title <> ''", [links]
        )
        found = {
            url: PreviewLine(url, urlsplit(url).hostname or "", title, text) for url, title, text in cursor.fetchall()
        }
    return [found[url] for url in links if url in found]


def _pictures(posting_id: int) -> list[PictureLine]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public_id, width, height, description FROM community_picture WHERE posting_id = %s ORDER BY id",
            [posting_id],
        )
        return [PictureLine(str(row[0]), *row[1:]) for row in cursor.fetchall()]


def get_posting_poll(standing: Standing, posting_id: int, now: datetime) -> PollBox:
    """Only the poll of a posting, for the live fragment.

    Raises:
        NotAllowed: not registered.
        NotFound: no such posting, or none with a poll.
    """
    posting = access.load_posting_to_read(standing, posting_id)
    box = get_poll_box(standing, posting.survey_id, now) if posting.survey_id else None
    if box is None or not access.can_see_words(standing, posting.state, posting.author_id):
        raise NotFound
    return box


def get_posting_of_survey(survey_id: int) -> int | None:
    """The posting that a survey is attached to, or None."""
    return Posting.objects.filter(survey_id=survey_id).values_list("pk", flat=True).first()
