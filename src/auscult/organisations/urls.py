"""Addresses of the organisations' room; its pages are composed in ``web``."""

from django.urls import path

from auscult.organisations import views

app_name = "organisations"
urlpatterns = [
    path("organisations/<slug:slug>/membership/claim", views.claim_publish, name="membership-claim-publish"),
    path("organisations/<slug:slug>/affiliation", views.affiliation, name="affiliation-declare"),
]
