"""Pieces of pages that stand by the dozen: instants, authors, comments, lines of the feed, addresses.

Templates call them. A comment as a template's macro costs ten times what it costs here, and a page of a hundred of them is
the commonest page there is (bench/pages.py). Everything else is a template. ``_text`` escapes; what is not passed through it
is a number, a constant, or HTML that was cleaned when it was written.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from html import escape as _text
from typing import Any

from django.urls import reverse
from django.utils import timezone
from markupsafe import Markup

from auscult.community.queries.feed import PostingLine
from auscult.community.queries.people import Author
from auscult.community.queries.postings import CommentLine, PostingPage
from auscult.community.rules.cases import CaseState
from auscult.community.rules.moderation import GONE_WORDS, WordsState
from auscult.shared import clock

_MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def day(value: datetime | date | None) -> str:
    """A date, written out, in the instance's time zone."""
    if value is None:
        return "–"
    local = timezone.localtime(value) if isinstance(value, datetime) else value
    return f"{local.day} {_MONTHS[local.month]} {local.year}"


def moment(value: datetime | None) -> str:
    """A date and time with its zone."""
    if value is None:
        return "–"
    local = value.astimezone(timezone.get_default_timezone())
    return f"{local.day} {_MONTHS[local.month]} {local.year}, {local.hour:02}:{local.minute:02} {local.tzname()}"


def ago(value: datetime | None) -> str:
    """How long ago, or how long until, in one unit; the date after a month."""
    if value is None:
        return "–"
    seconds = (clock.now() - value).total_seconds()
    ahead, seconds = seconds < 0, abs(seconds)
    if seconds >= 30 * 86400:
        return day(value)
    for size, one, many in ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")):
        if seconds >= size:
            count = int(seconds // size)
            words = f"{count} {one if count == 1 else many}"
            return f"in {words}" if ahead else f"{words} ago"
    return "in less than a minute" if ahead else "just now"


def _when(value: datetime) -> str:
    return f'<time datetime="{value.isoformat()}" title="{moment(value)}">{ago(value)}</time>'


def when(value: datetime) -> Markup:
    """An instant as how long ago, with the instant itself behind it."""
    return Markup(_when(value))  # noqa: S704 - our own


def who(handle: str | None, specialty: str = "", extra: str = "") -> Markup:
    """A member as others see it: handle and specialty."""
    beside = f' <span class="specialty">{_text(specialty)}</span>' if specialty else ""
    tag = f' <span class="tag">{_text(extra)}</span>' if extra else ""
    return Markup(  # noqa: S704 - parts are escaped
        f'<span class="who"><span class="handle">{_text(handle or "no handle")}</span>{beside}{tag}</span>'
    )


def _author(value: Author, extra: str = "") -> str:
    if value.organisation:
        name = (
            f'<span class="badge">{_text(opening(value.kind))} · {_text(value.organisation)}</span> '
            f"{_text(value.public_name)}, speaks on {_text(value.scope)}"
        )
    elif value.handle:
        # a handle has letters, digits, - and _
        name = f'<a class="handle" href="/colleagues/{value.handle}/">{value.handle}</a>'
    else:
        name = f'<span class="handle">{"a member" if value.masked else "a member who left"}</span>'
    if value.specialty:
        name += f' <span class="specialty">{_text(value.specialty)}</span>'
    for label in value.connections:
        name += f' <span class="tag connection">{_text(label)}</span>'
    if extra:
        name += f' <span class="tag">{_text(extra)}</span>'
    return f'<span class="who">{name}</span>'


def author(value: Author, extra: str = "") -> Markup:
    """Whoever wrote in the community: handle and specialty, or an organisation's badge; with every connection stated."""
    return Markup(_author(value, extra))  # noqa: S704 - parts are escaped


def opening(text: str) -> str:
    """Text with a capital first letter; names in it stay as they are."""
    return text[:1].upper() + text[1:]


def case_tag(state: str) -> Markup:
    """The tag of a case: unsolved case, solved case, case study."""
    return Markup(f'<span class="tag tag-strong">{state if state == CaseState.CASE_STUDY else f"{state} case"}</span>')  # noqa: S704 - a state of ours


def plural(count: int, one: str) -> str:
    """A count with its noun."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def comment(line: CommentLine, page: PostingPage, base: str) -> Markup:
    """The beginning of a comment's list item, up to where its answers stand.

    Args:
        line: the comment.
        page: the posting and what the reader may do there.
        base: address of the posting.
    """
    n = line.number
    marks = f"{' is-new' if line.is_new else ''}{' is-solution' if line.solves else ''}"
    begin = f'<li id="comment-{n}" class="comment{marks}"><article aria-label="Comment {n}">'
    end = f'<div id="answer-{n}"></div></article>'
    if line.gone:
        words = "by a colleague whom you muted" if line.gone == "muted" else GONE_WORDS[WordsState(line.gone)]
        return Markup(f'{begin}<p class="meta tombstone">#{n} · {words}</p>{end}')  # noqa: S704 - ours
    head = f"{_author(line.author, 'author' if line.by_author else '')} · {_when(line.commented_at)}"
    if line.edited:
        head += f' · <a href="{base}history?comment={n}">edited</a>'
    if line.answers_to:
        there = "" if line.answers_handle else f"{base}?at={line.answers_to}"
        name = f" {_text(line.answers_handle)}" if line.answers_handle else ""
        head += f' · answers <a href="{there}#comment-{line.answers_to}">#{line.answers_to}{name}</a>'
    if line.is_new:
        head += ' · <b class="new">new</b>'
    state = ""
    if line.solves:
        state = '<p class="tag tag-strong">Solved the case</p>'
    if line.state != WordsState.PUBLISHED:
        own = line.is_own and line.state == WordsState.RETRACTED
        only = " Only you and moderators see the words." if own else ""
        state += f'<p class="notice notice-info">{GONE_WORDS[WordsState(line.state)]}{only}</p>'
    return Markup(  # noqa: S704 - parts are escaped; html was cleaned when it was written
        f'{begin}<p class="meta">{head}</p>{state}<div class="prose">{line.html}</div>{_tools(line, page, base)}{end}'
    )


def _tools(line: CommentLine, page: PostingPage, base: str) -> str:
    n = line.number
    tools = [f'<a class="number" href="{base}?at={n}#comment-{n}" aria-label="Link to comment {n}">#{n}</a>']
    if page.may_comment:
        # Whoever is not shown the handles is not given the words as they were typed either.
        for verb, words in (("answers", "Answer"), ("quote", "Quote"))[: 1 if line.author.masked else 2]:
            there = f"{base}comments?{verb}={n}"
            tools.append(f'<a href="{there}" hx-get="{there}" hx-target="#answer-{n}">{words}</a>')
    if line.is_own:
        tools.append(f'<a href="{base}comments/{n}/edit">Edit</a>')
    elif page.may_flag:
        tools.append(f'<a href="{base}flag?comment={n}">Report</a>')
    if page.is_own and page.case_state == CaseState.UNSOLVED and not line.is_own:
        tools.append(f'<a href="{base}solve?comment={n}">This solved it</a>')
    return f'<p class="comment-tools">{" ".join(tools)}</p>'


def posting_line(line: PostingLine) -> Markup:
    """One posting in a list: who, what, how it began, and why it stands here."""
    tags = [f'<a class="tag" href="{url("community:topic-read", line.topic_slug)}">{_text(line.topic)}</a>']
    if line.has_poll:
        tags.append('<span class="tag tag-strong">Poll</span>')
    if line.case_state:
        tags.append(case_tag(line.case_state))
    if line.is_followed:
        tags.append('<span class="tag">followed</span>')
    if line.bookmarked:
        tags.append('<span class="tag">bookmarked</span>')
    tags.append(plural(line.comments, "comment"))
    if line.unread is None:
        tags.append('· <b class="new">unread</b>')
    elif line.unread:
        tags.append(f'· <b class="new">{line.unread:,} new</b>')
    why = ""
    if line.why:
        why = f'<details class="why"><summary>Why is this here?</summary><p>{_text(line.why.sentence)}</p></details>'
    return Markup(  # noqa: S704 - parts are escaped
        f'<article class="posting-line{" is-unread" if line.unread is None else ""}">'
        f'<p class="meta">{_author(line.author)} · {_when(line.posted_at)}</p>'
        f'<h2><a href="{url("community:posting-read", line.posting_id)}">{_text(line.title)}</a></h2>'
        f'<p class="opening">{_text(line.opening)}</p><p class="meta">{" ".join(tags)}</p>{why}</article>'
    )


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """Address of a named route. Django's own search for it costs more than rendering a comment, so patterns are kept."""
    if kwargs:
        return reverse(name, kwargs=kwargs)
    if all(type(each) is int for each in args):
        return _pattern(name, len(args)) % args
    return _address(name, args)


@lru_cache(maxsize=512)
def _pattern(name: str, count: int) -> str:
    """Address of a route of so many numbers, with ``%d`` in their places."""
    marks = [90_000_001 + index for index in range(count)]
    address = reverse(name, args=marks).replace("%", "%%")
    for mark in marks:
        address = address.replace(str(mark), "%d", 1)
    return address


@lru_cache(maxsize=4096)
def _address(name: str, args: tuple[Any, ...]) -> str:
    return reverse(name, args=args)
