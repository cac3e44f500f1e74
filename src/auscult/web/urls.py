"""Addresses of the shell."""

from django.urls import path, re_path

from auscult.web import organisations, privacy, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("tour/", views.tour, name="tour"),
    path("mine/", views.own, name="own-read"),
    path("mine/data/", privacy.data, name="data-read"),
    re_path(r"^mine/data/export\.(?P<kind>json|html)$", privacy.export, name="data-export"),
    path("mine/data/correct", privacy.identity_correct, name="identity-correct"),
    path("mine/data/withdraw", privacy.membership_withdraw, name="membership-withdraw"),
    path("mine/data/erase", privacy.account_erase, name="account-erase"),
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
