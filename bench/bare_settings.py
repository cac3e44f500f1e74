"""Settings of a bare Django for benchmarks: the same database, no middleware but what sets a length, two views."""

from auscult.config.settings import *  # noqa: F403

MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
# Nothing of it is used; allauth would want its middleware.
INSTALLED_APPS = ["django.contrib.contenttypes"]
ROOT_URLCONF = "bench.bare_wsgi"
