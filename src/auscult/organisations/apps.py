"""App of the organisations."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """Organisations."""

    name = "auscult.organisations"
    label = "organisations"
