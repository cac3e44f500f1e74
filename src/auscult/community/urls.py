"""Addresses of the community."""

from django.urls import path, re_path

from auscult.community.views import cases, comments, drafts, feed, moderation, notifications, people, pictures, postings

app_name = "community"
urlpatterns = [
    path("feed/", feed.feed, name="feed-read"),
    path("feed/ranking", feed.ranking_explained, name="ranking-read"),
    path("feed/<slug:topic>/", feed.feed, name="topic-read"),
    path("feed/<slug:topic>/follow", feed.topic_follow, name="topic-follow"),
    path("postings/new", postings.posting_create, name="posting-create"),
    path("postings/preview", postings.preview, name="words-preview"),
    path("postings/drafts/", drafts.drafts, name="draft-list"),
    path("postings/drafts/save", drafts.draft_save, name="draft-save"),
    path("postings/drafts/<int:draft_id>/pictures", pictures.draft_pictures, name="draft-pictures"),
    path("postings/drafts/<int:draft_id>/discard", drafts.draft_discard, name="draft-discard"),
    path("postings/<int:posting_id>/", postings.posting, name="posting-read"),
    path("postings/<int:posting_id>/edit", postings.posting_edit, name="posting-edit"),
    path("postings/<int:posting_id>/retract", postings.posting_retract, name="posting-retract"),
    path("postings/<int:posting_id>/pictures", pictures.posting_pictures, name="posting-pictures"),
    path("postings/<int:posting_id>/history", postings.posting_history, name="posting-history"),
    re_path(
        r"^postings/(?P<posting_id>[0-9]{1,18})/(?P<verb>follow|mute|bookmark)$",
        postings.posting_tie,
        name="posting-tie",
    ),
    path("postings/<int:posting_id>/poll", postings.poll, name="poll-read"),
    path("postings/<int:posting_id>/ballot", postings.ballot_cast, name="ballot-cast"),
    path("postings/<int:posting_id>/usefulness", postings.usefulness_rate, name="usefulness-rate"),
    path("postings/<int:posting_id>/comments", comments.comment_create, name="comment-create"),
    path("postings/<int:posting_id>/comments/<int:number>/edit", comments.comment_edit, name="comment-edit"),
    path("postings/<int:posting_id>/comments/<int:number>/retract", comments.comment_retract, name="comment-retract"),
    # Search, members' pages and connections.
    path("search/", people.search, name="search-read"),
    path("colleagues/<slug:handle>/", people.colleague, name="colleague-read"),
    path("colleagues/<slug:handle>/mute", people.member_mute, name="member-mute"),
    path("mine/connections/", people.connections, name="connection-list"),
    path("mine/connections/<int:connection_id>/end", people.connection_end, name="connection-end"),
    # Notifications.
    path("notifications/", notifications.notifications, name="notification-list"),
    path("notifications/seen", notifications.notifications_see, name="notifications-see"),
    path("notifications/settings", notifications.wishes_set, name="wishes-set"),
    path("notifications/<int:notification_id>/", notifications.notification_open, name="notification-open"),
    path("notifications/stop/<str:token>/", notifications.unsubscribed, name="unsubscribe"),
    # Moderation.
    path("postings/<int:posting_id>/flag", moderation.words_flag, name="words-flag"),
    path("postings/<int:posting_id>/measure", moderation.measure_take, name="measure-take"),
    path("moderation/", moderation.queue, name="moderation-queue"),
    path("moderation/decisions/<int:decision_id>/", moderation.decision, name="decision-read"),
    path("moderation/decisions/<int:decision_id>/appeal", moderation.appeal_decide, name="appeal-decide"),
    path("moderation/log/", moderation.log, name="moderation-log"),
    path("moderation/figures/", moderation.figures, name="moderation-figures"),
    path("rules/", moderation.place_rules, name="rules-read"),
    # Cases and pictures.
    path("cases/new", cases.case_create, name="case-create"),
    path("cases/drafts/<int:draft_id>/", cases.case_edit, name="case-edit"),
    path("cases/drafts/<int:draft_id>/findings", cases.finding_answer, name="finding-answer"),
    path("cases/drafts/<int:draft_id>/publish", cases.case_publish, name="case-publish"),
    path("pictures/<uuid:public_id>/", pictures.picture, name="picture-read"),
    path("pictures/<uuid:public_id>/cover", pictures.picture_cover, name="picture-cover"),
    path("postings/<int:posting_id>/solve", cases.case_solve, name="case-solve"),
]
