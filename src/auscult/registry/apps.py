"""App of the registry."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registry."""

    name = "auscult.registry"
    label = "registry"
