"""Addresses of the shell."""

from django.urls import path

from auscult.web import views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("health", views.health, name="health"),
    path("dev/components", views.components, name="components"),
    path("dev/mail", views.mail, name="mail"),
]
