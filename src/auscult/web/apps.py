"""App of the web shell."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Shell."""

    name = "auscult.web"
    label = "web"
