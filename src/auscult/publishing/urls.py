"""Addresses of publishing. They are permanent: bundles, letters and articles quote them."""

from django.urls import path

from auscult.publishing import views

app_name = "publishing"
urlpatterns = [
    path("results/", views.releases, name="release-list"),
    path("results/publish", views.publish, name="release-publish"),
    path("results/of/<uuid:public_id>", views.release_of, name="release-of-survey"),
    path("results/<int:number>/", views.release, name="release-read"),
    path("results/<int:number>.json", views.release_json, name="release-json"),
    path("results/<int:number>/bundle.zip", views.bundle, name="bundle-read"),
    path("results/<int:number>/reply", views.reply, name="release-reply"),
    path("record/", views.record, name="record-read"),
    path("record/how-to-check/", views.how_to_check, name="check-read"),
    path("record/extract.zip", views.record_extract, name="extract-read"),
    path("record/checkpoint.json", views.checkpoint, name="checkpoint-read"),
    path("record/<int:index>/", views.entry, name="entry-read"),
]
