"""Addresses of the community."""

from django.urls import path

from auscult.community import views

app_name = "community"
urlpatterns = [
    path("feed/", views.feed, name="feed-read"),
    path("feed/<slug:topic>/", views.feed, name="topic-read"),
    path("postings/new", views.posting_create, name="posting-create"),
    path("postings/<int:posting_id>/", views.posting, name="posting-read"),
    path("postings/<int:posting_id>/poll", views.poll, name="poll-read"),
    path("postings/<int:posting_id>/ballot", views.ballot_cast, name="ballot-cast"),
    path("postings/<int:posting_id>/comments", views.comment_create, name="comment-create"),
    path("postings/<int:posting_id>/usefulness", views.usefulness_rate, name="usefulness-rate"),
]
