"""The Jinja2 environment: what every template may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any

import jinja2
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django_htmx.jinja import htmx_script
from markupsafe import Markup, escape

from auscult.community.queries.notifications import MOST_COUNTED
from auscult.community.queries.people import Author
from auscult.shared import clock
from auscult.shared.roles import Permission
from auscult.shared.standing import READER
from auscult.surveys.questionnaire.conditions import write_condition
from auscult.surveys.questionnaire.document import Choice, Condition, Row, condition_as_json
from auscult.surveys.questionnaire.editing import write_lines
from auscult.web.tour import strip_of

_MONTHS = ("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def percent(share: float | None, digits: int = 0) -> str:
    """A share as percent; a dash for none. A share that is not zero is never shown as 0."""
    if share is None:
        return "–"
    if 0 < share < 0.5 * 10 ** (-digits - 2):
        return f"<{10**-digits:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


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
    local = timezone.localtime(value)
    return f"{local.day} {_MONTHS[local.month]} {local.year}, {local:%H:%M %Z}"


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


def when(value: datetime) -> Markup:
    """An instant as how long ago, with the instant itself behind it."""
    return Markup(f'<time datetime="{value.isoformat()}" title="{moment(value)}">{ago(value)}</time>')  # noqa: S704 - our own


def who(handle: str | None, specialty: str = "", extra: str = "") -> Markup:
    """A member as others see it: handle and specialty."""
    beside = f' <span class="specialty">{escape(specialty)}</span>' if specialty else ""
    tag = f' <span class="tag">{escape(extra)}</span>' if extra else ""
    return Markup(  # noqa: S704 - parts are escaped
        f'<span class="who"><span class="handle">{escape(handle or "no handle")}</span>{beside}{tag}</span>'
    )


def author(value: Author, extra: str = "") -> Markup:
    """Whoever wrote in the community: handle and specialty, or an organisation's badge; with every connection stated."""
    if value.organisation:
        name = (
            f'<span class="badge">{escape(opening(value.kind))} · {escape(value.organisation)}</span> '
            f"{escape(value.public_name)}, speaks on {escape(value.scope)}"
        )
    elif value.handle:
        name = f'<a class="handle" href="/colleagues/{value.handle}/">{value.handle}</a>'
    else:
        name = '<span class="handle">a member who left</span>'
    if value.specialty:
        name += f' <span class="specialty">{escape(value.specialty)}</span>'
    for label in value.connections:
        name += f' <span class="tag connection">{escape(label)}</span>'
    if extra:
        name += f' <span class="tag">{escape(extra)}</span>'
    return Markup(f'<span class="who">{name}</span>')  # noqa: S704 - parts are escaped; a handle has letters, digits, - and _


def opening(text: str) -> str:
    """Text with a capital first letter; names in it stay as they are."""
    return text[:1].upper() + text[1:]


def size(value: int) -> str:
    """Bytes in kB or MB."""
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{max(1, round(value / 1e3))} kB"


def condition(value: Condition | None) -> str:
    """A condition of a questionnaire as one types it; empty for none."""
    return write_condition(condition_as_json(value)) if value is not None else ""


def lines(parts: Sequence[Choice | Row]) -> str:
    """Choices or rows as lines of the designer."""
    return write_lines([asdict(part) for part in parts])


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


def told(value: Any) -> str:
    """A value of somebody's data in words: days and instants readable, long texts cut, lists counted."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, str) for each in value):
            return ", ".join(value)
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}, in full in what you take away"
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


def environment(**options: Any) -> jinja2.Environment:
    """Make the environment: strict about undefined names, autoescaping, our filters."""
    env = jinja2.Environment(  # noqa: S701 - Django passes autoescape=True
        **{**options, "undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    )
    env.globals.update(static=static, url=url, htmx_script=htmx_script, when=when, who=who, author=author)
    env.filters.update(
        percent=percent,
        number=number,
        day=day,
        moment=moment,
        ago=ago,
        size=size,
        opening=opening,
        told=told,
        condition=condition,
        lines=lines,
    )
    return env


def _unseen(request: HttpRequest) -> str:
    """How much whoever asks was told and has not seen: empty, a number, or «99+»."""
    count = getattr(request.session, "beside", {}).get("unseen", 0)
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page knows. Nothing here runs a query unless the template asks."""
    standing = getattr(request, "standing", READER)
    return {
        "standing": standing,
        "may": Permission,
        "instance": settings.INSTANCE_NAME,
        "demo": settings.DEMO,
        "keeps_mail": settings.KEEP_MAIL,
        "today": clock.now() if settings.DEMO else None,
        "flashes": messages.get_messages(request),
        "here": request.path,
        "tour": strip_of(request.path),
        "unseen": partial(_unseen, request),
    }
