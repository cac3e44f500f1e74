"""Addresses of the shell."""

from django.urls import path

from auscult.web import views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("tour/", views.tour, name="tour"),
    path("mine/", views.own, name="own-read"),
    path("organisations/", views.organisations, name="organisation-list"),
    path("organisations/<slug:slug>/", views.organisation, name="organisation-read"),
    path("organisations/<slug:slug>/membership/", views.membership, name="membership-read"),
    path("health", views.health, name="health"),
    path("dev/components", views.components, name="components"),
    path("dev/mail", views.mail, name="mail"),
]
