"""Cases: writing one, its gate, its pictures, what solved it."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access
from auscult.community.actions.cases import (
    CannotAddPicture,
    add_picture,
    answer_finding,
    cover_picture,
    publish_case,
    remove_picture,
    reopen_case,
    replace_findings,
    solve_case,
)
from auscult.community.actions.drafts import save_draft
from auscult.community.models import Draft
from auscult.community.pictures import Box
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
    return _show(request, draft_id)


def _show(request: HttpRequest, draft_id: int, error: str = "", status: int = 200) -> HttpResponse:
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
        show=lambda error, status: _show(request, draft_id, error, status),
    )


@require_POST
def picture_add(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Add a picture to a case."""
    access.load_draft_to_write(standing_of(request), draft_id)
    file = request.FILES.get("picture")

    def act() -> object:
        if file is None:
            raise CannotAddPicture("Choose a picture first.")
        return add_picture(
            standing=standing_of(request),
            now=clock.now(),
            draft_id=draft_id,
            data=file.read(),
            description=request.POST.get("description", ""),
        )

    return attempt(
        request,
        act,
        done="The picture is in; only its bare pixels were kept. Look at what was found in it.",
        to=reverse("community:case-edit", args=[draft_id]) + "#pictures",
        show=lambda error, status: _show(request, draft_id, error, status),
    )


@require_POST
def picture_cover(request: HttpRequest, public_id: str) -> HttpResponse:
    """Burn boxes into a picture, answer with a reason, or take the picture out."""
    standing, now = standing_of(request), clock.now()
    draft_id = access.load_picture_to_read(standing, public_id).draft_id
    if request.POST.get("do") == "remove":
        remove_picture(standing=standing, now=now, public_id=public_id)
        messages.success(request, "The picture is deleted.")
        return redirect(reverse("community:case-edit", args=[draft_id]) + "#pictures")

    def act() -> None:
        boxes, blurred = _boxes(request.POST.get("boxes", ""))
        cover_picture(
            standing=standing,
            now=now,
            public_id=public_id,
            boxes=boxes,
            blurred=blurred,
            reason=request.POST.get("reason", ""),
        )

    return attempt(
        request,
        act,
        done="Done. What was covered is gone from the picture.",
        to=reverse("community:case-edit", args=[draft_id]) + "#pictures",
        show=lambda error, status: _show(request, draft_id or 0, error, status),
    )


def _boxes(text: str) -> tuple[list[Box], list[Box]]:
    try:
        rows = json.loads(text or "[]")
        found = [
            (str(row.get("how", "cover")), Box(*(float(row[side]) for side in ("left", "top", "width", "height"))))
            for row in rows
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CannotAddPicture("The boxes could not be read. Draw them again.") from error
    return [box for how, box in found if how != "blur"], [box for how, box in found if how == "blur"]


@require_safe
def picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """A picture."""
    found = access.load_picture_to_read(standing_of(request), public_id)
    data = found.thumbnail if request.GET.get("small") else found.data
    response = HttpResponse(bytes(data), content_type=found.media_type)
    # Whoever may see it now may not after a flag: browsers ask again.
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


@require_POST
def case_publish(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Publish a case."""
    return attempt(
        request,
        lambda: publish_case(standing=standing_of(request), now=clock.now(), draft_id=draft_id),
        done="Your case is published.",
        to=lambda posting: address(posting.pk),
        show=lambda error, status: _show(request, draft_id, error, status),
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
