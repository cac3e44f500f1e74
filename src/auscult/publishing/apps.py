"""App of publishing."""

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """Publishing."""

    name = "auscult.publishing"
    label = "publishing"
