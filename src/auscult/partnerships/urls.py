"""Addresses of the partnerships."""

from django.urls import path

from auscult.partnerships import views

app_name = "partnerships"
urlpatterns = [
    path("agreements/", views.agreements, name="agreement-list"),
    path("agreements/new", views.create, name="agreement-propose"),
    path("agreements/<int:agreement_id>/", views.agreement, name="agreement-read"),
    path("agreements/<int:agreement_id>/ratify", views.ratify, name="agreement-ratify"),
    path("agreements/<int:agreement_id>/decline", views.decline, name="agreement-decline"),
    path("agreements/<int:agreement_id>/notice", views.notice, name="notice-give"),
    path("agreements/<int:agreement_id>/reply", views.reply, name="agreement-reply"),
    path("agreements/<int:agreement_id>/access/", views.access_page, name="access-read"),
    path("agreements/occurrences/<int:occurrence_id>/step", views.step, name="occurrence-step"),
    path("grants/<int:grant_id>/read", views.grant_read, name="grant-read"),
]
