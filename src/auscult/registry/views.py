"""The public page of the frame."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from auscult.registry.queries import get_frame_page
from auscult.shared.pages import render_page


@require_safe
def frame(request: HttpRequest) -> HttpResponse:
    """Who exists: the newest frame, and the denominators beside it."""
    return render_page(request, "registry/frame_read.html", {"page": get_frame_page()})
