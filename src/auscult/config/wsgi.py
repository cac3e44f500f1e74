"""The WSGI application that Granian serves."""

import gc

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()
# Views are imported now rather than by the first reader. What is there from now on stays, so the collector need not look at it
# again and again: that took a fifth of the time of a page.
get_resolver().url_patterns  # noqa: B018 - reading it imports them
gc.collect()
gc.freeze()
