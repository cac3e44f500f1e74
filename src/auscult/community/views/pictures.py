"""Pictures: of a draft, added; covered and deleted, also of a posting; shown."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.community import access
from auscult.community.access import PicturePlace
from auscult.community.actions.pictures import (
    WITH_PICTURES,
    CannotAddPicture,
    add_picture,
    cover_picture,
    remove_picture,
)
from auscult.community.models import Draft
from auscult.community.pictures import Box
from auscult.community.queries.pictures import get_draft_pictures, get_posting_pictures
from auscult.community.views.cases import show_case_draft
from auscult.shared import clock
from auscult.shared.pages import attempt, render_page, standing_of


def draft_pictures(request: HttpRequest, draft_id: int) -> HttpResponse:
    """The pictures of a draft; add one."""
    standing = standing_of(request)
    kind = access.load_draft_to_write(standing, draft_id, kinds=WITH_PICTURES).kind
    place = PicturePlace(draft_id, kind)
    if request.method != "POST":
        return redirect(_address(place)) if kind == Draft.Kind.CASE else _show(request, place)
    file = request.FILES.get("picture")

    def act() -> object:
        if file is None:
            raise CannotAddPicture("Choose a picture first.")
        return add_picture(
            standing=standing,
            now=clock.now(),
            draft_id=draft_id,
            data=file.read(),
            description=request.POST.get("description", ""),
        )

    return attempt(
        request,
        act,
        done="The picture is in; only its bare pixels were kept. Look at what was found in it.",
        to=_address(place),
        show=lambda error, status: _show(request, place, error, status),
    )


@require_safe
def posting_pictures(request: HttpRequest, posting_id: int) -> HttpResponse:
    """The pictures of one's posting, to cover more of them or take them out."""
    return _show(request, PicturePlace(None, None, posting_id))


def _address(place: PicturePlace) -> str:
    if place.posting_id:
        return reverse("community:posting-pictures", args=[place.posting_id])
    route = "community:case-edit" if place.kind == Draft.Kind.CASE else "community:draft-pictures"
    return reverse(route, args=[place.draft_id]) + "#pictures"


def _show(request: HttpRequest, place: PicturePlace, error: str = "", status: int = 200) -> HttpResponse:
    standing = standing_of(request)
    if place.posting_id:
        page = get_posting_pictures(standing, place.posting_id)
    else:
        assert place.draft_id, "a picture is in a draft or in a posting"
        if place.kind == Draft.Kind.CASE:
            return show_case_draft(request, place.draft_id, error, status)
        page = get_draft_pictures(standing, place.draft_id)
    return render_page(request, "community/own_pictures.html", {"page": page, "error": error}, status=status)


@require_POST
def picture_cover(request: HttpRequest, public_id: str) -> HttpResponse:
    """Burn boxes into a picture, answer with a reason, or take the picture out."""
    standing, now = standing_of(request), clock.now()
    place = access.find_place_of_picture(standing, public_id)
    if request.POST.get("do") == "remove":
        remove_picture(standing=standing, now=now, public_id=public_id)
        messages.success(request, "The picture is deleted.")
        return redirect(_address(place))

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
        to=_address(place),
        show=lambda error, status: _show(request, place, error, status),
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
