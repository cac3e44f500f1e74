"""A Django view that inserts one row, for ``bench/fieldwork.py`` alone: what a submission costs at least."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare_settings"

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path


def insert(request: HttpRequest) -> HttpResponse:
    """Insert one row, in a transaction."""
    if request.method == "POST":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (text) VALUES (%s)", [request.POST.get("text", "")])
    return HttpResponse("ok")


urlpatterns = [path("health", insert), path("insert", insert)]
application = get_wsgi_application()
