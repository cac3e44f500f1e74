"""App of the community."""

from django.apps import AppConfig


class CommunityConfig(AppConfig):
    """Community."""

    name = "auscult.community"
    label = "community"
