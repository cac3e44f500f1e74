"""Addresses of the registry."""

from django.urls import path

from auscult.registry import views

app_name = "registry"
urlpatterns = [path("register/", views.frame, name="frame-read")]
