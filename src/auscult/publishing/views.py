"""Public pages of results and of the record; the editor's desk."""

from __future__ import annotations

import json
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auscult.publishing.actions import publish_release, reply_to_release
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import Checkpoint
from auscult.publishing.queries import (
    find_release_of,
    get_bundle,
    get_entry_page,
    get_record_page,
    get_release_page,
    list_publishable,
    list_releases,
)
from auscult.publishing.rules import ENTRY_WORDS
from auscult.shared import clock
from auscult.shared.pages import render_page, standing_of, whole_number
from auscult.shared.refusals import NotFound, Refused
from auscult.shared.roles import Permission


@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """All results on record."""
    may_publish = standing_of(request).can(Permission.RELEASE_PUBLISH)
    return render_page(
        request, "publishing/release_list.html", {"releases": list_releases(), "may_publish": may_publish}
    )


@require_safe
def release(request: HttpRequest, number: int) -> HttpResponse:
    """One result."""
    return _release(request, number)


def _release(request: HttpRequest, number: int, *, error: str = "", text: str = "", status: int = 200) -> HttpResponse:
    page = get_release_page(standing_of(request), number)
    return render_page(
        request, "publishing/release_read.html", {"page": page, "error": error, "text": text}, status=status
    )


@require_safe
def release_json(request: HttpRequest, number: int) -> HttpResponse:
    """One result as data."""
    page = get_release_page(standing_of(request), number)
    response = JsonResponse(
        {
            "release": page.number,
            "title": page.title,
            "published_at": page.published_at.isoformat(),
            "results": page.results,
            "disclosure": page.disclosure,
            "manifest": page.manifest,
            "manifest_sha256": page.manifest_hash,
            "record_index": page.record_index,
        }
    )
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def bundle(request: HttpRequest, number: int) -> HttpResponse:
    """The bundle, for ``auscult verify``."""
    response = HttpResponse(get_bundle(number), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="auscult-result-{number}.zip"'
    # Replies may join it, so it is asked for anew.
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def release_of(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The release of a poll, once there is one."""
    number = find_release_of(str(public_id))
    if number is None:
        raise NotFound("This result is not on record yet. An editor publishes it after the poll has closed.")
    return redirect("publishing:release-read", number)


@require_POST
def reply(request: HttpRequest, number: int) -> HttpResponse:
    """Answer a result in the name of an organisation."""
    text, organisation = request.POST.get("text", ""), request.POST.get("organisation", "")
    try:
        reply_to_release(
            standing=standing_of(request),
            now=clock.now(),
            number=number,
            organisation_id=whole_number(organisation) or 0,
            text=text,
        )
    except NotFound:
        raise
    except Refused as refusal:
        return _release(request, number, error=str(refusal), text=text, status=refusal.status)
    messages.success(request, "Your reply stands under the result and in the record.")
    return redirect(reverse("publishing:release-read", args=[number]) + "#replies")


@require_safe
def how_to_check(request: HttpRequest) -> HttpResponse:
    """How a stranger checks the record and the bundles."""
    return render_page(request, "publishing/check_read.html", {"key": get_record_page(limit=1).key})


@require_safe
def record_extract(request: HttpRequest) -> HttpResponse:
    """The whole record with its documents, or the entries about one thing."""
    thing = request.GET.get("thing", "")[:60]
    return extract_response(make_extract([thing] if thing else None), thing or "record")


def extract_response(data: bytes, name: str) -> HttpResponse:
    """A zip for ``auscult verify``."""
    response = HttpResponse(data, content_type="application/zip")
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)
    response["Content-Disposition"] = f'attachment; filename="auscult-{safe}.zip"'
    return response


def publish(request: HttpRequest) -> HttpResponse:
    """The editor's desk: closed polls that wait, and the act of publishing."""
    standing = standing_of(request)
    if standing.is_reader:
        standing.require(Permission.RELEASE_PUBLISH, "Only an editor publishes results.")
    lines, error, status = list_publishable(standing), "", 200
    if request.method == "POST":
        survey = request.POST.get("survey", "")
        try:
            created = publish_release(standing=standing, now=clock.now(), survey_id=whole_number(survey) or 0)
        except NotFound:
            raise
        except Refused as refusal:
            error, status = str(refusal), refusal.status
        else:
            messages.success(request, f"Result {created.number} is on record.")
            return redirect("publishing:release-read", created.number)
    return render_page(request, "publishing/release_publish.html", {"lines": lines, "error": error}, status=status)


@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """The record, newest first."""
    page = get_record_page(before=whole_number(request.GET.get("before")))
    return render_page(request, "publishing/record_read.html", {"page": page, "words": ENTRY_WORDS})


@require_safe
def entry(request: HttpRequest, index: int) -> HttpResponse:
    """One entry with its inclusion proof."""
    page = get_entry_page(index)
    return render_page(
        request,
        "publishing/entry_read.html",
        {"page": page, "words": ENTRY_WORDS, "payload": json.dumps(page.entry.payload, indent=2, ensure_ascii=False)},
    )


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint as data."""
    newest = Checkpoint.objects.first()
    if newest is None:
        raise NotFound("The record is empty.")
    return JsonResponse(
        {"checkpoint": newest.statement, "signature": newest.signature, "public_key": newest.public_key}
    )
