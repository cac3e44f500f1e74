"""App of the ground floor."""

from django.apps import AppConfig


class SharedConfig(AppConfig):
    """Ground floor."""

    name = "auscult.shared"
    label = "shared"
