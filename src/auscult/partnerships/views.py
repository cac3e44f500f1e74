"""Pages of agreements and grants."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.organisations.models import Organisation
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.partnerships import rules
from auscult.partnerships.actions import agreements as actions
from auscult.partnerships.actions.grants import read_topic_aggregate
from auscult.partnerships.models import Grant, Occurrence
from auscult.partnerships.queries.agreements import get_agreement_page, list_agreements
from auscult.partnerships.queries.receipts import get_access_page
from auscult.partnerships.rules import NoticeKind, ObligationDraft, Side, StepKind
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotAllowed, NotFound, Refused
from auscult.shared.standing import Standing


@require_safe
def agreements(request: HttpRequest) -> HttpResponse:
    """All agreements."""
    may_propose = bool(list_badges(standing_of(request), Power.AGREEMENT))
    context = {"agreements": list_agreements(clock.now()), "may_propose": may_propose}
    return render_page(request, "partnerships/agreement_list.html", context)


@require_safe
@never_cache
def agreement(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """One agreement as a two-column ledger."""
    return _agreement(request, agreement_id)


def _agreement(
    request: HttpRequest, agreement_id: int, error: str = "", status: int = 200, at: str = ""
) -> HttpResponse:
    page = get_agreement_page(standing_of(request), agreement_id, clock.now())
    return render_page(
        request,
        "partnerships/agreement_read.html",
        {
            "page": page,
            "notice_words": rules.NOTICE_WORDS,
            "error": error,
            "error_at": at,
            "text": request.POST.get("text", ""),
            "entered": request.POST,
        },
        status=status,
    )


def create(request: HttpRequest) -> HttpResponse:
    """Propose an agreement."""
    badges = list_badges(standing_of(request), Power.AGREEMENT)
    if not badges:
        raise NotAllowed("Agreements are proposed by a representative who may act under them.")
    if request.method == "POST":
        return attempt(
            request,
            lambda: _propose(request),
            done="Proposed, and on record. The other side ratifies it.",
            to=lambda made: reverse("partnerships:agreement-read", args=[made.pk]),
            show=lambda text, status: _form(request, text, status),
        )
    return _form(request)


def _form(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        "badges": list_badges(standing_of(request), Power.AGREEMENT),
        "organisations": list(Organisation.objects.values_list("slug", "name")),
        "error": error,
        "entered": request.POST,
    }
    return render_page(request, "partnerships/agreement_propose.html", context, status=status)


def _propose(request: HttpRequest) -> object:
    return actions.propose_agreement(
        standing=standing_of(request),
        now=clock.now(),
        title=request.POST.get("title", ""),
        subject=request.POST.get("subject", ""),
        party_a=request.POST.get("party_a", "")[:50],
        party_b=request.POST.get("party_b", "")[:50],
        starts_on=_day(request.POST.get("starts_on", ""), "first day of the term"),
        ends_on=_day(request.POST.get("ends_on", ""), "first day after the term"),
        terms=request.POST.get("terms", ""),
        obligations=[
            _obligation(number, line)
            for number, line in enumerate(request.POST.get("obligations", "").splitlines(), start=1)
            if line.strip()
        ],
        grants=_grants(request),
    )


def _grants(request: HttpRequest) -> list[actions.GrantDraft]:
    """Whether «we» or «they» may read numbers by topic, and for which purpose."""
    purpose = request.POST.get("purpose", "").strip()
    found = [side for name, side in (("grant_a", Side.A), ("grant_b", Side.B)) if request.POST.get(name) == "yes"]
    if found and not purpose:
        raise actions.CannotProposeAgreement("Say for which purpose the numbers are read.")
    scope = "numbers by topic: postings, comments, authors by specialty, in groups of ten or more"
    return [actions.GrantDraft(side, scope, purpose[:200]) for side in found]


def _day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise actions.CannotProposeAgreement(f"The {what} must be a date like 2026-05-25.") from error


def _obligation(number: int, line: str) -> ObligationDraft:
    """«we or they | what | how it is measured | due dates»."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 4 or parts[0] not in {"we", "they"}:
        raise actions.CannotProposeAgreement(
            f"Obligation {number} must read: we or they | what | how it is measured | due dates."
        )
    due = tuple(_day(text, f"due date of obligation {number}") for text in parts[3].split(","))
    return ObligationDraft(f"o{number}", Side.A if parts[0] == "we" else Side.B, parts[1], parts[2], due)


@require_POST
def ratify(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Ratify."""
    return attempt(
        request,
        lambda: actions.ratify_agreement(standing=standing_of(request), now=clock.now(), agreement_id=agreement_id),
        done="Ratified, and on record.",
        to=reverse("partnerships:agreement-read", args=[agreement_id]),
        show=lambda text, status: _agreement(request, agreement_id, text, status, "top"),
    )


@require_POST
def decline(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Decline a proposal, or withdraw it."""
    return attempt(
        request,
        lambda: actions.decline_agreement(standing=standing_of(request), now=clock.now(), agreement_id=agreement_id),
        done="The proposal has ended, and that is on record.",
        to=reverse("partnerships:agreement-read", args=[agreement_id]),
        show=lambda text, status: _agreement(request, agreement_id, text, status, "top"),
    )


@require_POST
def notice(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Give notice."""
    return attempt(
        request,
        lambda: _notice(request, standing_of(request), agreement_id),
        done="The notice is given and on record.",
        to=reverse("partnerships:agreement-read", args=[agreement_id]) + "#notices",
        show=lambda text, status: _agreement(request, agreement_id, text, status, "notices"),
    )


def _notice(request: HttpRequest, standing: Standing, agreement_id: int) -> object:
    kind, effective = request.POST.get("kind", ""), request.POST.get("effective_on", "")
    if kind not in list(NoticeKind):
        raise actions.CannotGiveNotice("Choose what the notice says.")
    return actions.give_notice(
        standing=standing,
        now=clock.now(),
        agreement_id=agreement_id,
        kind=NoticeKind(kind),
        text=request.POST.get("text", ""),
        cites=request.POST.get("cites", ""),
        effective_on=_day(effective, "day from which it holds") if effective.strip() else None,
    )


@require_POST
def reply(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """State one's own view."""
    return attempt(
        request,
        lambda: actions.reply_to_agreement(
            standing=standing_of(request),
            now=clock.now(),
            agreement_id=agreement_id,
            organisation_id=whole_number(request.POST.get("organisation")) or 0,
            text=request.POST.get("text", ""),
        ),
        done="Your view stands beside that of the other side, and in the record.",
        to=reverse("partnerships:agreement-read", args=[agreement_id]) + "#replies",
        show=lambda text, status: _agreement(request, agreement_id, text, status, "replies"),
    )


@require_POST
def step(request: HttpRequest, occurrence_id: int) -> HttpResponse:
    """Act on one occurrence of an obligation."""
    agreement_id = (
        Occurrence.objects.filter(pk=occurrence_id).values_list("obligation__agreement_id", flat=True).first()
    )
    if agreement_id is None:
        raise NotFound
    return attempt(
        request,
        lambda: _step(request, standing_of(request), occurrence_id),
        done="Noted, and on record.",
        to=reverse("partnerships:agreement-read", args=[agreement_id]) + f"#occurrence-{occurrence_id}",
        show=lambda text, status: _agreement(request, agreement_id, text, status, f"occurrence-{occurrence_id}"),
    )


def _step(request: HttpRequest, standing: Standing, occurrence_id: int) -> object:
    kind = request.POST.get("kind", "")
    if kind not in list(StepKind):
        raise actions.CannotTakeStep("Choose a step.")
    return actions.take_step(
        standing=standing,
        now=clock.now(),
        occurrence_id=occurrence_id,
        kind=StepKind(kind),
        text=request.POST.get("text", ""),
        evidence=request.POST.get("evidence", ""),
    )


@require_safe
@never_cache
def access_page(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Grants under an agreement, and what was read."""
    page = get_access_page(standing_of(request), agreement_id, clock.now())
    return render_page(request, "partnerships/access_read.html", {"page": page, "error": "", "aggregate": None})


@require_POST
def grant_read(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Read an aggregate under a grant: a form, because every read leaves a receipt."""
    agreement_id = Grant.objects.filter(pk=grant_id).values_list("agreement_id", flat=True).first() or 0
    aggregate, error, status = None, "", 200
    try:
        aggregate = read_topic_aggregate(
            standing=standing_of(request), now=clock.now(), grant_id=grant_id, topic=request.POST.get("topic", "")
        )
    except NotFound:
        raise
    except Refused as refusal:
        error, status = str(refusal), refusal.status
    page = get_access_page(standing_of(request), agreement_id, clock.now())
    return render_page(
        request,
        "partnerships/access_read.html",
        {"page": page, "error": error, "aggregate": aggregate},
        status=status,
    )
