"""The verifier's desk, and the custodians' door."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.members.actions import decisions, evidence, privacy
from auscult.members.letters import typeset_code_sheet
from auscult.members.queries.verifiers import (
    get_claim_page,
    get_code_sheet,
    get_document,
    get_queue_page,
    list_unmaskings,
)
from auscult.members.rules import Decision, EvidenceKind
from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.shared.roles import Permission


def _require(request: HttpRequest, permission: Permission) -> None:
    if standing_of(request).is_reader:
        raise NotAllowed("Sign in first.")
    if not standing_of(request).can(permission):
        raise NotFound


@require_safe
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Cases to decide, codes to send."""
    _require(request, Permission.CLAIM_DECIDE)
    return render_page(request, "members/queue_read.html", {"page": get_queue_page(standing_of(request), clock.now())})


@require_safe
@never_cache
def claim(request: HttpRequest, claim_id: int) -> HttpResponse:
    """One case."""
    _require(request, Permission.CLAIM_DECIDE)
    evidence.note_claim_read(standing=standing_of(request), now=clock.now(), claim_id=claim_id)
    return _claim(request, claim_id)


def _claim(request: HttpRequest, claim_id: int, *, error: str = "", status: int = 200) -> HttpResponse:
    page = get_claim_page(standing_of(request), claim_id, clock.now())
    entered = {"note": request.POST.get("note", "")} if error else {}
    return render_page(
        request, "members/claim_read.html", {"page": page, "error": error, "entered": entered}, status=status
    )


@require_safe
@never_cache
def document(request: HttpRequest, claim_id: int) -> HttpResponse:
    """The document of a claim, as a download: it is never shown inside our pages."""
    _require(request, Permission.CLAIM_DECIDE)
    data, media = get_document(standing_of(request), claim_id, clock.now())
    evidence.note_claim_read(standing=standing_of(request), now=clock.now(), claim_id=claim_id)
    response = HttpResponse(data, content_type=media)
    response["Content-Disposition"] = f'attachment; filename="document-{claim_id}.{media.rpartition("/")[2]}"'
    return response


@require_safe
@never_cache
def code_sheet(request: HttpRequest, claim_id: int, kind: str) -> HttpResponse:
    """The letter or fax sheet with the code, or what to say on the telephone, as PDF."""
    _require(request, Permission.CLAIM_DECIDE)
    if kind not in list(EvidenceKind):
        raise NotFound
    now = clock.now()
    sheet = get_code_sheet(standing_of(request), claim_id, EvidenceKind(kind), now)
    evidence.note_claim_read(standing=standing_of(request), now=now, claim_id=claim_id)
    response = HttpResponse(typeset_code_sheet(sheet, now), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{sheet.via}-{claim_id}.pdf"'
    return response


@require_POST
def code_send(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Note that a code was sent."""
    _require(request, Permission.CLAIM_DECIDE)
    kind = request.POST.get("kind", "")
    try:
        if kind not in list(EvidenceKind):
            raise Refused("Choose which code it is.")
        evidence.send_code(standing=standing_of(request), now=clock.now(), claim_id=claim_id, kind=EvidenceKind(kind))
    except NotFound:
        raise
    except Refused as refusal:
        return _claim(request, claim_id, error=str(refusal), status=refusal.status)
    messages.success(request, "Noted. The applicant is told by mail that the code is on its way.")
    return redirect("members:queue-read")


@require_POST
def evidence_settle(request: HttpRequest, claim_id: int) -> HttpResponse:
    """Record what was found."""
    _require(request, Permission.CLAIM_DECIDE)
    kind = request.POST.get("kind", "")
    try:
        if kind not in list(EvidenceKind):
            raise Refused("Choose a kind of evidence.")
        evidence.settle_evidence(
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
    _require(request, Permission.CLAIM_DECIDE)
    decision, _, reason = request.POST.get("decision", "").partition(":")
    try:
        if decision not in list(Decision):
            raise Refused("Choose a decision and its reason.")
        settled = decisions.decide_claim(
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
    messages.success(
        request,
        "Decided. The applicant is told by mail."
        if settled
        else "Your opinion is noted. A second verifier must agree before anything happens.",
    )
    return redirect("members:queue-read")


@require_safe
@never_cache
def unmaskings(request: HttpRequest) -> HttpResponse:
    """Unmaskings asked and decided."""
    _require(request, Permission.UNMASKING_ASK)
    return _unmaskings(request)


def _unmaskings(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    lines = list_unmaskings(standing_of(request), clock.now())
    entered = {key: str(value) for key, value in request.POST.items()} if error else {}
    values = {"lines": lines, "error": error, "entered": entered}
    return render_page(request, "members/unmaskings_read.html", values, status=status)


@require_POST
def unmasking_ask(request: HttpRequest) -> HttpResponse:
    """Ask for an unmasking."""
    _require(request, Permission.UNMASKING_ASK)
    try:
        privacy.ask_unmasking(
            standing=standing_of(request),
            now=clock.now(),
            handle=request.POST.get("handle", "")[:60],
            reason=request.POST.get("reason", "")[:4000],
            legal_order=request.POST.get("legal_order", "")[:200],
            notice_at=_day(request.POST.get("notice_on", "")),
        )
    except Refused as refusal:
        return _unmaskings(request, error=str(refusal), status=refusal.status)
    messages.success(request, "Asked. Another custodian decides.")
    return redirect("members:unmaskings-read")


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise Refused("The day of the notice is not a day (YYYY-MM-DD).") from error


@require_POST
def unmasking_decide(request: HttpRequest, unmasking_id: int) -> HttpResponse:
    """Agree to an unmasking, or not."""
    _require(request, Permission.UNMASKING_DECIDE)
    approved = request.POST.get("approved") == "yes"
    try:
        privacy.decide_unmasking(
            standing=standing_of(request), now=clock.now(), unmasking_id=unmasking_id, approved=approved
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _unmaskings(request, error=str(refusal), status=refusal.status)
    messages.success(
        request, "Agreed. Both custodians may look for 24 hours." if approved else "Declined. Nothing was shown."
    )
    return redirect("members:unmaskings-read")


@require_POST
@never_cache
def identity_reveal(request: HttpRequest, unmasking_id: int) -> HttpResponse:
    """Show the name, to one of the two, within 24 hours; a POST, for each look is an event."""
    _require(request, Permission.UNMASKING_ASK)
    try:
        identity = privacy.reveal_identity(standing=standing_of(request), now=clock.now(), unmasking_id=unmasking_id)
    except NotFound:
        raise
    except Refused as refusal:
        return _unmaskings(request, error=str(refusal), status=refusal.status)
    return render_page(request, "members/identity_reveal.html", {"identity": identity})
