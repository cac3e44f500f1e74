"""Bare Django views, for ``bench/fieldwork.py`` and ``bench/pages.py``: what a submission and a page cost at least."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare_settings"

from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from jinja2 import Environment

_PAGE = Environment(autoescape=True).from_string(
    "<!doctype html><title>Thread</title><ol>{% for number, html, at in rows %}"
    "<li><a href='#{{ number }}'>{{ number }}</a> {{ at }}<div>{{ html }}</div>{% endfor %}</ol>"
)


def insert(request: HttpRequest) -> HttpResponse:
    """Insert one row, in a transaction."""
    if request.method == "POST":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_bare (text) VALUES (%s)", [request.POST.get("text", "")])
    return HttpResponse("ok")


def page(request: HttpRequest, posting: int) -> HttpResponse:
    """The first comments of a thread: one indexed query, one template, nobody signed in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, html, commented_at FROM community_comment WHERE posting_id = %s ORDER BY path LIMIT 20",
            [posting],
        )
        return HttpResponse(_PAGE.render(rows=cursor.fetchall()))


urlpatterns = [path("health", insert), path("insert", insert), path("page/<int:posting>", page)]
application = get_wsgi_application()
