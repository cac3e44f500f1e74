"""Pages of appeals."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.roles import Permission
from auscult.voice import rules
from auscult.voice.actions import appeals as actions
from auscult.voice.actions import deliveries
from auscult.voice.models import Addressee, Delivery
from auscult.voice.queries.appeals import get_appeal_page, get_changes_page, get_letter_delivery, list_appeals
from auscult.voice.rules import Display


@require_safe
def appeals(request: HttpRequest) -> HttpResponse:
    """Appeals, the newest first."""
    standing = standing_of(request)
    may_draft = standing.can(Permission.APPEAL_DRAFT)
    return render_page(request, "voice/appeal_list.html", {"appeals": list_appeals(standing), "may_draft": may_draft})


@require_safe
@never_cache
def appeal(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """One appeal."""
    return _appeal(request, appeal_id)


def _appeal(
    request: HttpRequest, appeal_id: int, error: str = "", status: int = 200, at: str = "signatures"
) -> HttpResponse:
    after = request.GET.get("after", "")[:32]
    page = get_appeal_page(standing_of(request), appeal_id, clock.now(), after=after)
    return render_page(
        request,
        "voice/appeal_read.html",
        {
            "page": page,
            "displays": rules.DISPLAY_WORDS,
            "reasons": rules.APPEAL_REASONS,
            "now": clock.now(),
            "error": error,
            "error_at": at if error else "",
            "entered": request.POST,
        },
        block="signatories",
        status=status,
    )


@require_safe
def changes(request: HttpRequest, appeal_id: int, old: int, new: int) -> HttpResponse:
    """What changed between two versions."""
    page = get_changes_page(standing_of(request), appeal_id, old, new)
    return render_page(request, "voice/appeal_changes.html", {"page": page})


@require_safe
def letter(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The letter that an addressee got."""
    delivery = get_letter_delivery(standing_of(request), delivery_id)
    response = HttpResponse(bytes(delivery.letter), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="appeal-{delivery.addressee.appeal_id}.pdf"'
    return response


def create(request: HttpRequest) -> HttpResponse:
    """Draft an appeal."""
    standing = standing_of(request)
    standing.require(Permission.APPEAL_DRAFT, "Only members whose verification is valid draft appeals.")
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.draft_appeal(
                standing=standing,
                now=clock.now(),
                title=request.POST.get("title", ""),
                topic=request.POST.get("topic", "")[:50],
                preamble=request.POST.get("preamble", ""),
                clauses=_lines(request.POST.get("clauses", "")),
                addressees=[_addressee(line) for line in _lines(request.POST.get("addressees", ""))],
            ),
            done="The draft stands here. Five colleagues co-sign it, then a moderator opens it.",
            to=lambda made: reverse("voice:appeal-read", args=[made.pk]),
            show=lambda text, status: _draft_form(request, text, status),
        )
    return _draft_form(request)


def _draft_form(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    context = {"topics": list(Topic.objects.all()), "error": error, "entered": request.POST}
    return render_page(request, "voice/appeal_draft.html", context, status=status)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _addressee(line: str) -> actions.AddresseeDraft:
    """«name; channel», and after a second semicolon the short name of an organisation that is here."""
    name, _, rest = line.partition(";")
    channel, _, organisation = rest.partition(";")
    return actions.AddresseeDraft(name.strip(), channel.strip() or "letter", organisation.strip()[:50])


def _act(request: HttpRequest, appeal_id: int, at: str, done: str, act: Callable[[], object]) -> HttpResponse:
    return attempt(
        request,
        act,
        done=done,
        to=reverse("voice:appeal-read", args=[appeal_id]) + f"#{at}",
        show=lambda text, status: _appeal(request, appeal_id, text, status, at),
    )


@require_POST
def sign(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Sign the newest version, as it was read."""
    typed = request.POST.get("display", "")
    display = Display(typed) if typed in list(Display) else Display.COUNTED
    return _act(
        request,
        appeal_id,
        "signatures",
        "You have signed this very text.",
        lambda: actions.sign_appeal(
            standing=standing_of(request),
            now=clock.now(),
            appeal_id=appeal_id,
            sha256=request.POST.get("sha256", ""),
            display=display,
        ),
    )


@require_POST
def withdraw(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Withdraw one's signature."""
    return _act(
        request,
        appeal_id,
        "signatures",
        "Your signature is withdrawn.",
        lambda: actions.withdraw_signature(standing=standing_of(request), now=clock.now(), appeal_id=appeal_id),
    )


@require_POST
def amend(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Write a new version."""
    return _act(
        request,
        appeal_id,
        "versions",
        "The text is written. A moderator publishes it; signatures stay with the version that was signed.",
        lambda: actions.amend_appeal(
            standing=standing_of(request),
            now=clock.now(),
            appeal_id=appeal_id,
            preamble=request.POST.get("preamble", ""),
            clauses=_lines(request.POST.get("clauses", "")),
            why=request.POST.get("why", ""),
        ),
    )


@require_POST
def moderate(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Open or refuse."""
    reason = request.POST.get("reason", "")
    return _act(
        request,
        appeal_id,
        "moderation",
        "Decided, with its public reason.",
        lambda: actions.moderate_appeal(
            standing=standing_of(request), now=clock.now(), appeal_id=appeal_id, reason=reason
        ),
    )


@require_POST
def close(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Close and count."""
    return _act(
        request,
        appeal_id,
        "signatures",
        "Closed. The signatures of each version are counted and on record.",
        lambda: actions.close_appeal(standing=standing_of(request), now=clock.now(), appeal_id=appeal_id),
    )


@require_POST
def end(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Say what came of it."""
    outcome = request.POST.get("outcome", "")
    return _act(
        request,
        appeal_id,
        "outcome",
        "What came of it is on record.",
        lambda: deliveries.end_appeal(
            standing=standing_of(request), now=clock.now(), appeal_id=appeal_id, outcome=outcome
        ),
    )


@require_POST
def deliver(request: HttpRequest, addressee_id: int) -> HttpResponse:
    """Note a delivery."""
    appeal_id = Addressee.objects.filter(pk=addressee_id).values_list("appeal_id", flat=True).first() or 0
    return _act(
        request,
        appeal_id,
        "addressees",
        "Delivered. The answer is awaited for 30 days.",
        lambda: deliveries.deliver_appeal(
            standing=standing_of(request),
            now=clock.now(),
            addressee_id=addressee_id,
            version=whole_number(request.POST.get("version")) or 0,
            proof=request.POST.get("proof", ""),
        ),
    )


@require_POST
def answer(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Answer in the name of an addressee."""
    found = Delivery.objects.filter(pk=delivery_id).values_list("addressee__appeal_id", flat=True).first()
    return _act(
        request,
        found or 0,
        "addressees",
        "The answer stands under the appeal and in the record.",
        lambda: deliveries.answer_appeal(
            standing=standing_of(request),
            now=clock.now(),
            delivery_id=delivery_id,
            refused=request.POST.get("refused") == "yes",
            text=request.POST.get("text", ""),
        ),
    )
