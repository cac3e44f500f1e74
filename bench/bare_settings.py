"""Settings of a bare Django for ``bench/fieldwork.py``: the same database, no middleware, one view."""

from auscult.config.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
# Nothing of it is used; allauth would want its middleware.
INSTALLED_APPS = ["django.contrib.contenttypes"]
ROOT_URLCONF = "bench.bare_wsgi"
