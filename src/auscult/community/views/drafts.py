"""Drafts: saved while one writes, listed, discarded."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auscult.community.actions.drafts import discard_draft, save_draft
from auscult.community.queries.drafts import list_drafts
from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of, whole_number


@require_safe
def drafts(request: HttpRequest) -> HttpResponse:
    """One's drafts."""
    return render_page(request, "community/draft_list.html", {"drafts": list_drafts(standing_of(request))})


@require_POST
def draft_save(request: HttpRequest) -> HttpResponse:
    """Save what is being written; tells the number of the draft."""
    draft_id = save_draft(
        standing=standing_of(request),
        now=clock.now(),
        draft_id=whole_number(request.POST.get("draft")),
        kind=request.POST.get("kind", ""),
        posting_id=whole_number(request.POST.get("posting")),
        parent=whole_number(request.POST.get("parent")) or 0,
        fields={key: str(value) for key, value in request.POST.items()},
    )
    return JsonResponse({"draft": draft_id})


@require_POST
def draft_discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Discard a draft."""
    discard_draft(standing=standing_of(request), now=clock.now(), draft_id=draft_id)
    return redirect("community:draft-list")
