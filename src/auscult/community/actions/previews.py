"""Previews of what postings link to. Off unless the operator switches them on: then this server asks other servers."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from auscult.community import previews
from auscult.community.markup import links_in
from auscult.community.models import LinkPreview
from auscult.shared import audit, jobs
from auscult.shared.standing import Standing

#: Links of a posting that are shown with a preview.
MOST_PREVIEWS = 2


def want_previews(html: str) -> None:
    """Ask for previews of a posting's first links; a step of actions that write their event."""
    if not settings.LINK_PREVIEWS:
        return
    for url in links_in(html)[:MOST_PREVIEWS]:
        if len(url) > 1000:
            continue
        preview, is_new = LinkPreview.objects.get_or_create(url=url)
        if is_new:
            jobs.queue("community.fetch_preview", preview_id=preview.pk)


def store_preview(*, standing: Standing, now: datetime, preview_id: int) -> None:
    """Fetch a preview and keep it; a page that says nothing of itself is not asked again.

    Who may: the instance itself.
    """
    preview = LinkPreview.objects.filter(pk=preview_id, fetched_at=None).first()
    if preview is None:
        return
    try:
        found = previews.fetch_preview(preview.url)
    except previews.NoPreviewError:
        found = previews.Preview("", "")
    with transaction.atomic():
        LinkPreview.objects.filter(pk=preview_id).update(title=found.title, summary=found.summary, fetched_at=now)
        audit.record("community.preview.store", standing=standing, thing=f"preview:{preview_id}", now=now)


def forget_previews(html: str) -> None:
    """Delete what was kept of the pages that words linked to; a step of actions that write their event."""
    LinkPreview.objects.filter(url__in=links_in(html)).delete()
