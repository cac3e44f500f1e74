"""App of voice."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """Voice."""

    name = "auscult.voice"
    label = "voice"
