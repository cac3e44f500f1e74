"""Addresses of the shell."""

from django.urls import path

from auscult.web import organisations, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("tour/", views.tour, name="tour"),
    path("mine/", views.own, name="own-read"),
    path("organisations/", organisations.organisations, name="organisation-list"),
    path("organisations/<slug:slug>/", organisations.organisation, name="organisation-read"),
    path("organisations/<slug:slug>/affiliation", organisations.affiliation, name="affiliation-declare"),
    path("organisations/<slug:slug>/membership/", organisations.membership, name="membership-read"),
    path("organisations/<slug:slug>/membership/reply", organisations.membership_reply, name="membership-reply"),
    path("organisations/<slug:slug>/membership/quote", organisations.quote_note, name="quoted-share-note"),
    path("organisations/<slug:slug>/membership/claim", organisations.claim_publish, name="membership-claim-publish"),
    path("health", views.health, name="health"),
    path("dev/components", views.components, name="components"),
    path("dev/mail", views.mail, name="mail"),
]
