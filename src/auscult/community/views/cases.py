"""Cases: writing one, its gate, what solved it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from auscult.community import access
from auscult.community.actions.cases import (
    answer_finding,
    publish_case,
    reopen_case,
    replace_findings,
    solve_case,
)
from auscult.community.actions.drafts import save_draft
from auscult.community.models import Draft
from auscult.community.queries.cases import get_case_draft
from auscult.community.queries.history import words_of
from auscult.community.rules.cases import CASE_WORDS
from auscult.community.views.postings import address, show_posting
from auscult.shared import clock
from auscult.shared.models import Topic
from auscult.shared.pages import Entered, attempt, render_page, standing_of, whole_number

#: A topic to begin with; the author may choose another.
FIRST_TOPIC = "clinical-questions"


def case_create(request: HttpRequest) -> HttpResponse:
    """Begin a case: a draft that nobody else sees."""
    standing = standing_of(request)
    access.require_posting(standing)
    if request.method != "POST":
        values = {"case_words": CASE_WORDS, "topics": list(Topic.objects.all()), "entered": Entered(topic=FIRST_TOPIC)}
        return render_page(request, "community/case_create.html", values)
    draft_id = save_draft(
        standing=standing,
        now=clock.now(),
        draft_id=None,
        kind=Draft.Kind.CASE,
        posting_id=None,
        parent=0,
        fields={key: str(value) for key, value in request.POST.items()},
    )
    return redirect("community:case-edit", draft_id)


def case_edit(request: HttpRequest, draft_id: int) -> HttpResponse:
    """A case that is being written, with what the gate found."""
    if request.method == "POST":
        save_draft(
            standing=standing_of(request),
            now=clock.now(),
            draft_id=draft_id,
            kind=Draft.Kind.CASE,
            posting_id=None,
            parent=0,
            fields={key: str(value) for key, value in request.POST.items()},
        )
        return redirect(reverse("community:case-edit", args=[draft_id]) + "#findings")
    return show_case_draft(request, draft_id)


def show_case_draft(request: HttpRequest, draft_id: int, error: str = "", status: int = 200) -> HttpResponse:
    """Show a case that is being written, with why something was refused."""
    page = get_case_draft(standing_of(request), draft_id)
    values = {
        "page": page,
        "entered": Entered(page.fields),
        "case_words": CASE_WORDS,
        "topics": list(Topic.objects.all()),
        "error": error,
    }
    return render_page(request, "community/case_edit.html", values, status=status)


@require_POST
def finding_answer(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Replace what the gate found, or keep it with a reason."""
    standing, now, key = standing_of(request), clock.now(), request.POST.get("key", "")
    if request.POST.get("do") == "keep":
        done = "Kept, with your reason."

        def act() -> object:
            answer_finding(
                standing=standing, now=now, draft_id=draft_id, key=key, reason=request.POST.get("reason", "")
            )
            return None
    else:
        done = "Replaced."

        def act() -> object:
            return replace_findings(standing=standing, now=now, draft_id=draft_id, keys=[key] if key else [])

    return attempt(
        request,
        act,
        done=done,
        to=reverse("community:case-edit", args=[draft_id]) + "#findings",
        show=lambda error, status: show_case_draft(request, draft_id, error, status),
    )


@require_POST
def case_publish(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Publish a case."""
    return attempt(
        request,
        lambda: publish_case(standing=standing_of(request), now=clock.now(), draft_id=draft_id),
        done="Your case is published.",
        to=lambda posting: address(posting.pk),
        show=lambda error, status: show_case_draft(request, draft_id, error, status),
    )


def case_solve(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Say which comment solved one's case, or that it is not solved after all."""
    standing = standing_of(request)
    number = whole_number(request.POST.get("comment", request.GET.get("comment")))
    if request.method != "POST":
        found = access.load_posting_to_change(standing, posting_id)
        words = words_of(standing, posting_id, number) if number else ""
        return render_page(request, "community/case_solve.html", {"posting": found, "number": number, "words": words})
    undo = request.POST.get("undo") == "yes"

    def act() -> None:
        if undo:
            reopen_case(standing=standing, now=clock.now(), posting_id=posting_id)
        else:
            solve_case(standing=standing, now=clock.now(), posting_id=posting_id, number=number or 0)

    return attempt(
        request,
        act,
        done="The case is open again." if undo else "The case is marked as solved.",
        to=address(posting_id),
        show=lambda error, status: show_posting(
            request, posting_id, block="posting", error=("posting", error), status=status
        ),
    )
