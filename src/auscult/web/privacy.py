"""Your data: see, correct, take away, leave, erase; composed of what every room holds."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from auscult.community.actions.privacy import forget_member as forget_words
from auscult.community.queries import personal as community
from auscult.members.actions.life import withdraw_membership
from auscult.members.actions.privacy import correct_identity, erase_account
from auscult.members.limits import PASSWORDS_BY_ACCOUNT
from auscult.members.queries.privacy import export_member, get_data_page
from auscult.members.rules import REJOIN_AFTER
from auscult.organisations import actions as organisation_actions
from auscult.organisations import queries as organisations
from auscult.shared import clock
from auscult.shared.limits import take
from auscult.shared.pages import attempt, render_page, standing_of
from auscult.shared.personal import plain
from auscult.shared.refusals import NotAllowed, Refused
from auscult.shared.standing import Standing
from auscult.surveys.actions import answering as survey_actions
from auscult.surveys.queries import personal as surveys
from auscult.surveys.queries.results import find_last_close
from auscult.voice.actions import members as voice_actions
from auscult.voice.queries import signatures as voice


def export_everything(standing: Standing) -> dict[str, list[dict[str, Any]]]:
    """Everything that any room holds of whoever asks: title → rows.

    Raises:
        NotAllowed: nobody is signed in.
    """
    return {
        **export_member(standing),
        **organisations.export_member(standing),
        **surveys.export_member(standing),
        **community.export_member(standing),
        **voice.export_member(standing),
    }


def rejoin_at(now: datetime) -> datetime:
    """From when the record of who leaves may be verified for another account: no poll is open that may hold its ballot."""
    return max(now + REJOIN_AFTER, find_last_close(now) or now)


def erase_everything(*, standing: Standing, now: datetime, remove_words: bool) -> None:
    """Erase an account from every room, in one transaction: all of it, or nothing.

    What stays: published aggregates, ballots, which hang on nobody, and words without an author unless they go too.

    Raises:
        NotAllowed: nobody is signed in.
        CannotEraseAccount: the record is disputed.
    """
    with transaction.atomic():
        voice_actions.forget_member(standing=standing, now=now)
        forget_words(standing=standing, now=now, remove_words=remove_words)
        survey_actions.forget_member(standing=standing, now=now)
        organisation_actions.forget_member(standing=standing, now=now)
        erase_account(standing=standing, now=now, rejoin_at=rejoin_at(now))


def _require_account(request: HttpRequest) -> Standing:
    standing = standing_of(request)
    if standing.is_reader:
        raise NotAllowed("Sign in first.")
    return standing


@require_safe
@never_cache
def data(request: HttpRequest) -> HttpResponse:
    """Everything that is held, to read."""
    return _data(request)


def _data(request: HttpRequest, *, at: str = "", error: str = "", status: int = 200) -> HttpResponse:
    standing = _require_account(request)
    values = {
        "page": get_data_page(standing),
        "sections": export_everything(standing),
        "error_at": at,
        "error": error,
        "entered": {key: str(value) for key, value in request.POST.items() if key != "password"} if error else {},
    }
    return render_page(request, "web/data_read.html", values, status=status)


@require_safe
@never_cache
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """Everything that is held, to take away: JSON, or a page that needs nothing else."""
    standing = _require_account(request)
    now = clock.now()
    found = {
        "instance": settings.INSTANCE_NAME,
        "made_at": now.isoformat(),
        "data": plain(export_everything(standing)),
    }
    if kind == "json":
        response = HttpResponse(json.dumps(found, indent=1, ensure_ascii=False), content_type="application/json")
    else:
        response = render_page(request, "web/data_export.html", {"export": found})
    response["Content-Disposition"] = f'attachment; filename="my-data-{now:%Y-%m-%d}.{kind}"'
    return response


@sensitive_post_parameters()
@require_POST
def identity_correct(request: HttpRequest) -> HttpResponse:
    """Correct name or licence."""
    standing = _require_account(request)
    fields = ("last_name", "first_name", "licence", "licence_state")
    values = {field: request.POST.get(field, "")[:100] for field in fields}
    return attempt(
        request,
        lambda: correct_identity(standing=standing, now=clock.now(), **values),
        done="Corrected. Your specialty, state and weights follow the register.",
        to=reverse("web:data-read"),
        show=lambda error, status: _data(request, at="correct", error=error, status=status),
    )


def _check_password(request: HttpRequest) -> None:
    account = request.user
    take(PASSWORDS_BY_ACCOUNT, account.pk or 0, clock.now())
    if not check_password(request.POST.get("password", ""), getattr(account, "password", "!")):
        raise Refused("That is not your password. Nothing was changed.")


@sensitive_post_parameters()
@require_POST
def membership_withdraw(request: HttpRequest) -> HttpResponse:
    """Give the verification back."""
    standing = _require_account(request)

    def act() -> None:
        _check_password(request)
        now = clock.now()
        withdraw_membership(standing=standing, now=now, rejoin_at=rejoin_at(now))

    return attempt(
        request,
        act,
        done="You are not verified any more. Your name and licence are deleted; your account stays.",
        to=reverse("web:data-read"),
        show=lambda error, status: _data(request, at="withdraw", error=error, status=status),
    )


@sensitive_post_parameters()
@require_POST
def account_erase(request: HttpRequest) -> HttpResponse:
    """Erase the account."""
    standing = _require_account(request)
    try:
        if request.POST.get("sure") != "yes":
            raise Refused("Tick that you have understood that this cannot be undone. Nothing was changed.")
        _check_password(request)
        erase_everything(standing=standing, now=clock.now(), remove_words=request.POST.get("words") == "remove")
    except Refused as refusal:
        return _data(request, at="erase", error=str(refusal), status=refusal.status)
    logout(request)
    messages.success(request, "Your account is erased. Nothing here leads back to you.")
    return redirect("web:home")
