"""Puts account and standing of whoever asks on the request, from what the session's one query read."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject

from auscult.members.actions.accounts import note_visit
from auscult.members.models import Account
from auscult.members.queries.standing import read_visitor, standing_of_row
from auscult.shared import clock
from auscult.shared.standing import READER, Standing

_COLUMNS = ("id", "password", "last_login", "email", "is_active", "joined_at")


class AccountMiddleware:
    """Sets ``request.user`` as Django's own middleware does, from the row that came with the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        request.user = SimpleLazyObject(lambda: _account(request))  # type: ignore[assignment]
        return self.get_response(request)


def _account(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    session = request.session
    number = session.get(SESSION_KEY)
    row = getattr(session, "account_row", None)
    if row is not None and number == str(row[0]) and row[4] and session.get(BACKEND_SESSION_KEY):
        account = Account.from_db("default", _COLUMNS, row)
        if constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash()):
            return account
    # Nobody, an old secret, or a session that is just beginning: Django's own way.
    return auth.get_user(request)


class StandingMiddleware:
    """Sets ``request.standing``, read from the database at most once and only where a view asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Handle one request."""
        request.standing = SimpleLazyObject(lambda: _standing(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _standing(request: HttpRequest) -> Standing:
    user = request.user
    if not user.is_authenticated or user.pk is None:
        return READER
    now = clock.now()
    account, row = getattr(request.session, "account_row", None), getattr(request.session, "standing_row", None)
    if row is not None and account is not None and account[0] == user.pk:
        standing, active_on = standing_of_row(row, now)
    else:
        standing, active_on = read_visitor(user.pk, now)
    if active_on != now.date() and standing.member_id is not None:
        note_visit(member_id=standing.member_id, now=now)
    return standing
