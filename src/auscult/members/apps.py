"""App of the members' room."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Members."""

    name = "auscult.members"
    label = "members"
