"""App of partnerships."""

from django.apps import AppConfig


class PartnershipsConfig(AppConfig):
    """Partnerships."""

    name = "auscult.partnerships"
    label = "partnerships"
