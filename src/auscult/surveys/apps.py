"""App of the surveys' room."""

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    """Surveys."""

    name = "auscult.surveys"
    label = "surveys"
