"""Rendering: a whole page, or for htmx one block of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.template.backends.utils import csrf_input_lazy, csrf_token_lazy
from jinja2_fragments import render_block

from auscult.shared.refusals import NotFound, Refused
from auscult.shared.standing import Standing


def whole_number(text: str | None) -> int | None:
    """A number from an address or a form, or None for anything that is none (or longer than any of ours)."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None


class Entered(dict[str, Any]):
    """What was typed, or stored, for a form: an empty text for what is not there, where templates are strict."""

    def __missing__(self, key: str) -> str:
        return ""


def standing_of(request: HttpRequest) -> Standing:
    """Standing of whoever asks, as the middleware found it."""
    return cast(Standing, request.standing)  # type: ignore[attr-defined]


def client_address(request: HttpRequest) -> str:
    """Network address of whoever asks, for rate limits; of IPv6 the /64, which one household or attacker has whole."""
    text = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        # The last is the one that our own proxy saw; those before it are what the client said.
        text = request.META.get("HTTP_X_FORWARDED_FOR", text).rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def attempt(
    request: HttpRequest,
    act: Callable[[], object],
    *,
    done: str,
    to: str | Callable[[Any], str],
    show: Callable[[str, int], HttpResponse],
) -> HttpResponse:
    """Do what a form asks; a refusal comes back on the page of the form, with what was typed.

    Args:
        act: the action.
        done: what is said once it is done.
        to: address to go to then, or a function that makes it of what the action returned.
        show: renders the page of the form with the refusal's text and status.

    Raises:
        NotFound: as the action said.
        Refused: to a reader who is not signed in.
    """
    try:
        result = act()
    except NotFound:
        raise
    except Refused as refusal:
        if standing_of(request).is_reader:
            raise
        return show(str(refusal), refusal.status)
    messages.success(request, done)
    return redirect(to(result) if callable(to) else to)


class _Once:
    """A lazy text that is made once, for the first form of a page: each making masks the token anew, which costs."""

    def __init__(self, lazy: Any) -> None:
        self._lazy, self._text = lazy, ""

    def __html__(self) -> str:
        self._text = self._text or str(self._lazy)
        return self._text

    __str__ = __html__


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, block: str = "", status: int = 200
) -> HttpResponse:
    """Render a template, or for an htmx request only the block it asked for.

    Args:
        template: for example ``"community/posting_read.html"``.
        context: the page's dataclass under ``page``, and little else.
        block: the block that an htmx request gets; the whole page where empty.
        status: HTTP status; htmx is told to swap whatever the status (see the configuration in base.html).
    """
    engine = cast(Jinja2, engines["jinja2"])
    values: dict[str, Any] = {
        "request": request,
        "csrf_input": _Once(csrf_input_lazy(request)),
        "csrf_token": _Once(csrf_token_lazy(request)),
    }
    for processor in engine.template_context_processors:
        values.update(processor(request))
    values.update(context)
    if block and getattr(request, "htmx", False):
        text = render_block(engine.env, template, block, values)
    else:
        text = engine.env.get_template(template).render(values)
    response = HttpResponse(text, status=status)
    response["Vary"] = "HX-Request, Cookie"
    return response
