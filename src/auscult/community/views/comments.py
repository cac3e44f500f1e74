"""Comments: the answer to a form is the new comment alone, whatever the length of the thread."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from auscult.community import access
from auscult.community.actions.comments import add_comment, edit_comment, restore_comment, retract_comment
from auscult.community.queries.drafts import find_comment_draft
from auscult.community.queries.history import quote_of
from auscult.community.views.postings import address, show_posting
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of, whole_number
from auscult.shared.refusals import NotFound, Refused


def comment_create(request: HttpRequest, posting_id: int) -> HttpResponse:
    """Comment; the form stands alone where somebody answers one comment."""
    if request.method == "POST":
        return _add(request, posting_id)
    standing = standing_of(request)
    found = access.load_posting_to_read(standing, posting_id)
    parent = whole_number(request.GET.get("answers"))
    quoted = whole_number(request.GET.get("quote"))
    body = find_comment_draft(standing, posting_id, parent or quoted or 0)
    if quoted and not body:
        body = quote_of(standing, posting_id, quoted)
    values = {
        "posting_id": posting_id,
        "title": found.title,
        "parent": parent or quoted or "",
        "entered": {"body": body},
        "error": "",
        "may_comment": True,
        "in_thread": bool(getattr(request, "htmx", False)),
        "organisation": ""
        if access.can_read_postings(standing)
        else access.speaks_in(standing, found.representative_id),
    }
    return render_page(request, "community/comment_create.html", values, block="form")


def _add(request: HttpRequest, posting_id: int) -> HttpResponse:
    body, parent = request.POST.get("body", ""), request.POST.get("parent", "")
    htmx = getattr(request, "htmx", False)
    try:
        comment = add_comment(
            standing=standing_of(request),
            now=clock.now(),
            posting_id=posting_id,
            body=body,
            parent=whole_number(parent),
            organisation_id=whole_number(request.POST.get("organisation")),
        )
    except NotFound:
        raise
    except Refused as refusal:
        if standing_of(request).is_reader:
            raise
        values = {
            "posting_id": posting_id,
            "title": "",
            "parent": parent if whole_number(parent) else "",
            "entered": {"body": body},
            "error": str(refusal),
            "may_comment": True,
            "in_thread": bool(htmx),
            "organisation": whole_number(request.POST.get("organisation")) or "",
        }
        response = render_page(request, "community/comment_create.html", values, block="form", status=refusal.status)
        if htmx:
            # The form comes back with what was typed; the thread stays as it is.
            response["HX-Retarget"] = f"#form-{values['parent'] or 0}"
            response["HX-Reswap"] = "outerHTML"
        return response
    if not htmx:
        return redirect(address(posting_id, comment.number))
    return show_posting(
        request, posting_id, template="community/comment_added.html", block="added", only=comment.number
    )


def comment_edit(request: HttpRequest, posting_id: int, number: int) -> HttpResponse:
    """Change the words of one's comment."""
    found = access.load_comment_to_change(standing_of(request), posting_id, number)
    body = request.POST.get("body", found.body)

    def show(error: str, status: int) -> HttpResponse:
        values = {"comment": found, "entered": {"body": body}, "error": error}
        return render_page(request, "community/comment_edit.html", values, status=status)

    if request.method != "POST":
        return show("", 200)
    return attempt(
        request,
        lambda: edit_comment(
            standing=standing_of(request), now=clock.now(), posting_id=posting_id, number=number, body=body
        ),
        done="Changed. What it said before stays readable.",
        to=address(posting_id, number),
        show=show,
    )


@require_POST
def comment_retract(request: HttpRequest, posting_id: int, number: int) -> HttpResponse:
    """Take one's comment back, or undo that."""
    undo = request.POST.get("undo") == "yes"
    act = restore_comment if undo else retract_comment
    return attempt(
        request,
        lambda: act(standing=standing_of(request), now=clock.now(), posting_id=posting_id, number=number),
        done="It is back." if undo else "Taken back. You can undo this where it stood.",
        to=address(posting_id, number),
        show=lambda error, status: show_posting(
            request, posting_id, block="posting", error=("posting", error), status=status
        ),
    )
