"""The applicant's page and the verifier's desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.members import actions, rules
from auscult.members.queries import get_claim_page, get_document, get_verification_page, list_open_claims
from auscult.members.rules import Decision, EvidenceKind
from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.shared.roles import Permission


@require_safe
@never_cache
def verification(request: HttpRequest) -> HttpResponse:
    """Where am I, what is next, how long."""
    return _verification(request)


def _verification(
    request: HttpRequest, *, at: str = "", error: str = "", entered: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    page = get_verification_page(standing_of(request), clock.now())
    return render_page(
        request,
        "members/verification_read.html",
        {"page": page, "error_at": at, "error": error, "entered": entered or {}},
        status=status,
    )


def _attempt(request: HttpRequest, at: str, done: str, act: Callable[[], Any]) -> HttpResponse:
    """Do one thing of the applicant; a refusal comes back beside its form with what was typed."""
    try:
        act()
    except Refused as refusal:
        if standing_of(request).is_reader:
            raise
        entered = {key: str(value) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
        return _verification(request, at=at, error=str(refusal), entered=entered, status=refusal.status)
    messages.success(request, done)
    return redirect("members:verification-read")


@require_POST
def claim_submit(request: HttpRequest) -> HttpResponse:
    """Claim a register record."""
    fields = ("npi", "last_name", "first_name", "licence", "licence_state")
    values = {field: request.POST.get(field, "")[:100] for field in fields}
    return _attempt(
        request,
        "claim",
        "The record is matched. You may read now; voting needs evidence.",
        lambda: actions.submit_claim(standing=standing_of(request), now=clock.now(), **values),
    )


@require_POST
def claim_withdraw(request: HttpRequest) -> HttpResponse:
    """Withdraw the claim."""
    return _attempt(
        request,
        "claim",
        "Your claim is withdrawn and its documents are deleted.",
        lambda: actions.withdraw_claim(standing=standing_of(request), now=clock.now()),
    )


@require_POST
def email_offer(request: HttpRequest) -> HttpResponse:
    """Send a code to an institutional address."""
    address = request.POST.get("address", "")[:254]
    return _attempt(
        request,
        "email",
        "A code is on its way. It is valid for 30 minutes.",
        lambda: actions.offer_institutional_email(standing=standing_of(request), now=clock.now(), address=address),
    )


@require_POST
def email_confirm(request: HttpRequest) -> HttpResponse:
    """Type in the code."""
    code = request.POST.get("code", "")[:20]
    return _attempt(
        request,
        "code",
        "Your institutional address is confirmed.",
        lambda: actions.confirm_institutional_email(standing=standing_of(request), now=clock.now(), code=code),
    )


@require_POST
def document_offer(request: HttpRequest) -> HttpResponse:
    """Send a document."""
    upload = request.FILES.get("document")
    data = upload.read() if upload and (upload.size or 0) <= rules.MOST_DOCUMENT_BYTES else b""
    return _attempt(
        request,
        "document",
        "Your document is stored encrypted. A verifier will look at it.",
        lambda: actions.offer_document(standing=standing_of(request), now=clock.now(), data=data),
    )


@require_POST
def handle_choose(request: HttpRequest) -> HttpResponse:
    """Choose the handle."""
    handle = request.POST.get("handle", "")[:60]
    return _attempt(
        request,
        "handle",
        "That is how colleagues will know you.",
        lambda: actions.choose_handle(standing=standing_of(request), now=clock.now(), handle=handle),
    )


def _require_verifier(request: HttpRequest) -> None:
    if standing_of(request).is_reader:
        raise NotAllowed("Sign in first.")
    if not standing_of(request).can(Permission.CLAIM_DECIDE):
        raise NotFound


@require_safe
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Open claims, oldest first."""
    _require_verifier(request)
    lines = list_open_claims(standing_of(request), clock.now())
    return render_page(request, "members/queue_read.html", {"lines": lines, "target_days": rules.TARGET.days})


@require_safe
@never_cache
def claim(request: HttpRequest, claim_id: int) -> HttpResponse:
    """One claim."""
    _require_verifier(request)
    return _claim(request, claim_id)


def _claim(request: HttpRequest, claim_id: int, *, error: str = "", status: int = 200) -> HttpResponse:
    page = get_claim_page(standing_of(request), claim_id)
    return render_page(request, "members/claim_read.html", {"page": page, "error": error}, status=status)


@require_safe
@never_cache
def document(request: HttpRequest, claim_id: int) -> HttpResponse:
    """The document of a claim, as a download: it is never shown inside our pages."""
    _require_verifier(request)
    data, media = get_document(standing_of(request), claim_id)
    response = HttpResponse(data, content_type=media)
    response["Content-Disposition"] = f'attachment; filename="document-{claim_id}.{media.rpartition("/")[2]}"'
    return response


@require_POST
def evidence_settle(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Record what was found."""
    _require_verifier(request)
    kind = request.POST.get("kind", "")
    try:
        if kind not in list(EvidenceKind):
            raise Refused("Choose a kind of evidence.")
        actions.settle_evidence(
            standing=standing_of(request),
            now=clock.now(),
            claim_id=claim_id,
            kind=EvidenceKind(kind),
            confirmed=request.POST.get("confirmed") == "yes",
            note=request.POST.get("note", "")[:1000],
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _claim(request, claim_id, error=str(refusal), status=refusal.status)
    return redirect("members:claim-read", claim_id)


@require_POST
def claim_decide(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Decide."""
    _require_verifier(request)
    decision, _, reason = request.POST.get("decision", "").partition(":")
    try:
        if decision not in list(Decision):
            raise Refused("Choose a decision and its reason.")
        actions.decide_claim(
            standing=standing_of(request),
            now=clock.now(),
            claim_id=claim_id,
            decision=Decision(decision),
            reason=reason,
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _claim(request, claim_id, error=str(refusal), status=refusal.status)
    messages.success(request, "Decided. The applicant is told by mail.")
    return redirect("members:queue-read")
