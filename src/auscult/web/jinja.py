"""The Jinja2 environment: what every template may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import cache, partial
from typing import Any

import jinja2
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.templatetags.static import static
from django_htmx.jinja import htmx_script

from auscult.community.queries.notifications import MOST_COUNTED
from auscult.community.rules.moderation import GONE_WORDS
from auscult.shared import clock, crypto
from auscult.shared.roles import Permission
from auscult.shared.standing import READER, Standing
from auscult.surveys.questionnaire.conditions import write_condition
from auscult.surveys.questionnaire.document import Choice, Condition, Row, condition_as_json
from auscult.surveys.questionnaire.editing import write_lines
from auscult.web import parts
from auscult.web.tour import strip_of


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


def size(value: int) -> str:
    """Bytes in kB or MB."""
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{max(1, round(value / 1e3))} kB"


def condition(value: Condition | None) -> str:
    """A condition of a questionnaire as one types it; empty for none."""
    return write_condition(condition_as_json(value)) if value is not None else ""


def lines(parts: Sequence[Choice | Row]) -> str:
    """Choices or rows as lines of the designer."""
    return write_lines([asdict(part) for part in parts])


def told(value: Any) -> str:
    """A value of somebody's data in words: days and instants readable, long texts cut, lists counted."""
    if isinstance(value, datetime):
        return parts.moment(value)
    if isinstance(value, date):
        return parts.day(value)
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, str) for each in value):
            return ", ".join(value)
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}, in full in what you take away"
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


class _Macros:
    """The macros of a template, by one name in all templates: an ``import`` in each costs a page a tenth of a millisecond."""

    def __init__(self, env: jinja2.Environment, template: str) -> None:
        self._env, self._template = env, template

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env.get_template(self._template).module, name)


def environment(**options: Any) -> jinja2.Environment:
    """Make the environment: strict about undefined names, autoescaping, our filters."""
    env = jinja2.Environment(  # noqa: S701 - Django passes autoescape=True
        **{**options, "undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    )
    # Both look into the manifest of static files each time, and their answers never change.
    env.globals.update(static=cache(static), htmx_script=cache(htmx_script))
    env.globals.update(url=parts.url, gone=GONE_WORDS.__getitem__)
    env.globals.update(ui=_Macros(env, "web/macros.html"), forms=_Macros(env, "community/forms.html"))
    for piece in (parts.when, parts.who, parts.author, parts.comment, parts.posting_line, parts.case_tag):
        env.globals[piece.__name__] = piece
    env.filters.update(
        percent=percent,
        number=number,
        day=parts.day,
        moment=parts.moment,
        ago=parts.ago,
        size=size,
        opening=parts.opening,
        told=told,
        condition=condition,
        lines=lines,
    )
    return env


def _unseen(request: HttpRequest) -> str:
    """How much whoever asks was told and has not seen: empty, a number, or «99+»."""
    count = getattr(request.session, "beside", {}).get("unseen", 0)
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


def browser_owner(standing: Standing) -> str:
    """Name under which a browser keeps things for this member: it says nothing to whoever reads the browser."""
    if standing.member_id is None:
        return ""
    return crypto.fingerprint(str(standing.member_id), "web.browser").hex()[:16]


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page knows. Nothing here runs a query unless the template asks."""
    standing = getattr(request, "standing", READER)
    return {
        "standing": standing,
        "may": Permission,
        "owner": browser_owner(standing),
        "instance": settings.INSTANCE_NAME,
        "demo": settings.DEMO,
        "keeps_mail": settings.KEEP_MAIL,
        "today": clock.now() if settings.DEMO else None,
        "flashes": messages.get_messages(request),
        "here": request.path,
        "tour": strip_of(request.path),
        "unseen": partial(_unseen, request),
    }
