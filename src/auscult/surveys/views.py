"""The receipt of one's own ballot."""

import json
import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from auscult.shared.pages import standing_of
from auscult.surveys.access import load_survey_to_read
from auscult.surveys.queries import get_receipt


@require_safe
@never_cache
def receipt(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The own receipt as a file, while the poll is open."""
    standing = standing_of(request)
    found = get_receipt(standing, load_survey_to_read(standing, public_id))
    response = HttpResponse(json.dumps(found.as_json(), indent=1), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.freeze[:12]}.json"'
    return response
