"""The applicant's page, vouching, recovery, and the public page on verification."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auscult.members import rules
from auscult.members.actions import accounts, claims, evidence, life, vouching
from auscult.members.actions.recovery import begin_recovery
from auscult.members.limits import LEAST_ANSWER_TIME
from auscult.members.queries.applicants import (
    find_recovery_standing,
    get_applicant_to_vouch,
    get_verification_figures,
    get_verification_page,
)
from auscult.members.rules import EVIDENCE, EvidenceKind, Via
from auscult.shared import clock
from auscult.shared.limits import TooMany
from auscult.shared.pages import client_address, render_page, standing_of
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import MemberClass, Standing

_RECOVERY = "recovery_claim"
_FACTS = ("number", "last_name", "first_name", "licence", "licence_state")


def _applicant(request: HttpRequest) -> Standing:
    """Whoever is signed in; else whoever recovers an account, who may do nothing but add evidence to the own case."""
    standing = standing_of(request)
    if standing.is_reader and isinstance(request.session.get(_RECOVERY), int):
        return find_recovery_standing(request.session[_RECOVERY]) or standing
    return standing


@require_safe
@never_cache
def verification(request: HttpRequest) -> HttpResponse:
    """Where am I, what is next, how long."""
    return _verification(request)


def _verification(
    request: HttpRequest, *, at: str = "", error: str = "", entered: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    standing = _applicant(request)
    recovering = standing_of(request).is_reader
    values = {
        "page": get_verification_page(standing, clock.now(), recovering=recovering),
        "error_at": at,
        "error": error,
        "entered": entered or {},
        "recovering": recovering,
    }
    return render_page(request, "members/verification_read.html", values, status=status)


def _attempt(request: HttpRequest, at: str, done: str, act: Callable[[Standing], Any]) -> HttpResponse:
    """Do one thing of the applicant; a refusal comes back beside its form with what was typed."""
    standing = _applicant(request)
    try:
        act(standing)
    except Refused as refusal:
        if standing.is_reader:
            raise
        entered = {key: str(value) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"}
        return _verification(request, at=at, error=str(refusal), entered=entered, status=refusal.status)
    messages.success(request, done)
    return redirect("members:verification-read")


def _signed_in(request: HttpRequest) -> None:
    """Refuse whoever only recovers an account."""
    if standing_of(request).is_reader:
        raise NotAllowed("Sign in first.")


def _no_sooner(began: float) -> None:
    """Wait until the least time of an answer is over: match, mismatch and «claimed already» come alike."""
    time.sleep(max(0.0, LEAST_ANSWER_TIME.total_seconds() - (time.monotonic() - began)))


def _facts(request: HttpRequest) -> dict[str, str]:
    return {field: request.POST.get(field, "")[:100] for field in _FACTS}


@sensitive_post_parameters()
@require_POST
def claim_submit(request: HttpRequest) -> HttpResponse:
    """Claim a register record, or ask people to look at one that does not match."""
    began = time.monotonic()
    _signed_in(request)
    review = request.POST.get("review") == "yes"
    retired = request.POST.get("retired") == "yes"
    values, origin = _facts(request), client_address(request)

    def act(standing: Standing) -> None:
        if review:
            claims.ask_review(standing=standing, now=clock.now(), origin=origin, **values)
        else:
            claims.submit_claim(standing=standing, now=clock.now(), retired=retired, origin=origin, **values)

    done = (
        "People will look at it. Add evidence now; the more independent, the sooner."
        if review
        else "The record is matched. You may read now; voting needs evidence."
    )
    answer = _attempt(request, "claim", done, act)
    if answer.status_code != TooMany.status:
        # A try over the limit looked at nothing; to let it wait would only hold a worker.
        _no_sooner(began)
    return answer


@sensitive_post_parameters()
@require_POST
def training_claim(request: HttpRequest) -> HttpResponse:
    """Claim to be in training."""
    _signed_in(request)
    values = {field: request.POST.get(field, "")[:100] for field in ("last_name", "first_name", "programme")}
    wanted = request.POST.get("member_class", "")
    return _attempt(
        request,
        "training",
        "You may read now; speaking needs evidence.",
        lambda standing: claims.claim_training(
            standing=standing,
            now=clock.now(),
            member_class=MemberClass(wanted) if wanted in list(MemberClass) else MemberClass.PHYSICIAN,
            **values,
        ),
    )


@require_POST
def assurance_ask(request: HttpRequest) -> HttpResponse:
    """Ask for level L3."""
    _signed_in(request)
    return _attempt(
        request,
        "assurance",
        "Your case is open. A verifier arranges a video call, or checks your reference.",
        lambda standing: claims.ask_assurance(standing=standing, now=clock.now()),
    )


@require_POST
def claim_withdraw(request: HttpRequest) -> HttpResponse:
    """Withdraw the claim."""
    _signed_in(request)
    return _attempt(
        request,
        "claim",
        "Your claim is withdrawn and its documents are deleted.",
        lambda standing: claims.withdraw_claim(standing=standing, now=clock.now()),
    )


@require_POST
def decision_appeal(request: HttpRequest) -> HttpResponse:
    """Appeal against a rejection."""
    _signed_in(request)
    text = request.POST.get("text", "")[:4000]
    return _attempt(
        request,
        "appeal",
        "Two verifiers who did not decide before will look at it.",
        lambda standing: claims.appeal_decision(standing=standing, now=clock.now(), text=text),
    )


@require_POST
def email_offer(request: HttpRequest) -> HttpResponse:
    """Send a code to an institutional address."""
    address = request.POST.get("address", "")[:254]
    return _attempt(
        request,
        "institutional_email",
        "A code is on its way. It is valid for 30 minutes.",
        lambda standing: evidence.offer_institutional_email(standing=standing, now=clock.now(), address=address),
    )


@require_POST
def code_ask(request: HttpRequest) -> HttpResponse:
    """Ask for a code to the registered practice."""
    via = request.POST.get("via", "")

    def act(standing: Standing) -> None:
        if via not in list(Via):
            raise Refused("Choose telephone, fax or post.")
        evidence.ask_code(standing=standing, now=clock.now(), via=Via(via))

    at = EvidenceKind.POST_CARD if via == Via.POST else EvidenceKind.CALL_BACK
    return _attempt(request, at, "A verifier will send the code. You get a mail when it is on its way.", act)


@require_POST
def code_confirm(request: HttpRequest) -> HttpResponse:
    """Type in a code."""
    kind, code = request.POST.get("kind", ""), request.POST.get("code", "")[:20]

    def act(standing: Standing) -> None:
        if kind not in list(EvidenceKind) or not EVIDENCE[EvidenceKind(kind)].by_code:
            raise Refused("Choose which code it is.")
        evidence.confirm_code(standing=standing, now=clock.now(), kind=EvidenceKind(kind), code=code)

    return _attempt(request, f"code-{kind}", "The code is right. That is confirmed.", act)


@require_POST
def document_offer(request: HttpRequest) -> HttpResponse:
    """Send a document."""
    upload = request.FILES.get("document")
    data = upload.read() if upload and (upload.size or 0) <= rules.MOST_DOCUMENT_BYTES else b""
    return _attempt(
        request,
        "document",
        "Your document is stored encrypted. A verifier will look at it.",
        lambda standing: evidence.offer_document(standing=standing, now=clock.now(), data=data),
    )


@require_POST
def meeting_ask(request: HttpRequest) -> HttpResponse:
    """Ask for a video call, or name a third party's proof of identity."""
    kind, note = request.POST.get("kind", ""), request.POST.get("note", "")[:500]

    def act(standing: Standing) -> None:
        if kind not in list(EvidenceKind):
            raise Refused("Choose video or proofing.")
        evidence.ask_meeting(standing=standing, now=clock.now(), kind=EvidenceKind(kind), note=note)

    return _attempt(request, kind, "A verifier will see to it. You get a mail when it is settled.", act)


@require_POST
def vouchers_invite(request: HttpRequest) -> HttpResponse:
    """Make a code for two colleagues."""
    return _attempt(
        request,
        "vouches",
        "Hand the code to two verified colleagues who know you.",
        lambda standing: vouching.invite_vouchers(standing=standing, now=clock.now()),
    )


@require_POST
def handle_choose(request: HttpRequest) -> HttpResponse:
    """Choose the handle."""
    _signed_in(request)
    handle = request.POST.get("handle", "")[:60]
    return _attempt(
        request,
        "handle",
        "That is how colleagues will know you.",
        lambda standing: accounts.choose_handle(standing=standing, now=clock.now(), handle=handle),
    )


@require_POST
def retire(request: HttpRequest) -> HttpResponse:
    """Stay as a retired member."""
    _signed_in(request)
    return _attempt(
        request,
        "life",
        "You stay as a retired member: you speak, and are in no weight and no count of physicians.",
        lambda standing: life.retire(standing=standing, now=clock.now()),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def vouch(request: HttpRequest) -> HttpResponse:
    """Vouch for a colleague: type in the code, see the name, say so."""
    standing = standing_of(request)
    standing.require(Permission.APPLICANT_VOUCH, "Only verified physicians vouch.")
    if request.method != "POST":
        return render_page(request, "members/vouch.html", {"applicant": None, "code": "", "error": ""})
    code = request.POST.get("code", "")[:40]
    try:
        if request.POST.get("knows") == "yes":
            vouching.vouch_for(standing=standing, now=clock.now(), code=code)
            messages.success(request, "Thank you. Your word counts; nobody is told whose it was.")
            return redirect("members:vouch")
        vouching.note_look_up(standing=standing, now=clock.now())
        applicant = get_applicant_to_vouch(standing, rules.normalise_vouch_code(code))
    except Refused as refusal:
        values = {"applicant": None, "code": code, "error": str(refusal)}
        return render_page(request, "members/vouch.html", values, status=refusal.status)
    return render_page(request, "members/vouch.html", {"applicant": applicant, "code": code, "error": ""})


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def recover(request: HttpRequest) -> HttpResponse:
    """Begin to recover an account whose second factor is lost."""
    if not standing_of(request).is_reader:
        return redirect("members:verification-read")
    if request.method != "POST":
        return render_page(request, "members/recover.html", {"error": "", "email": ""})
    email = request.POST.get("email", "")[:254]
    try:
        claim = begin_recovery(
            standing=standing_of(request),
            now=clock.now(),
            email=email,
            password=request.POST.get("password", "")[:200],
            origin=client_address(request),
        )
    except NotFound:
        raise
    except Refused as refusal:
        values = {"error": str(refusal), "email": email}
        return render_page(request, "members/recover.html", values, status=refusal.status)
    request.session.cycle_key()
    request.session[_RECOVERY] = claim.pk
    return redirect("members:verification-read")


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """How members are verified here, for anybody."""
    values = {
        "figures": get_verification_figures(clock.now()),
        "evidence": list(EVIDENCE.values()),
        "lasts": {level.name: span.days // 30 for level, span in rules.LASTS.items()},
    }
    return render_page(request, "members/verification_figures.html", values)
