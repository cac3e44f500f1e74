"""Addresses of the voice. Pages of appeals, positions and issues are permanent."""

from django.urls import path

from auscult.voice.views import appeals, issues, mandates, positions

app_name = "voice"
urlpatterns = [
    path("mandates/", mandates.topics, name="mandate-list"),
    path("mandates/<slug:topic>/", mandates.topic, name="mandate-read"),
    path("mandates/<slug:topic>.json", mandates.topic_json, name="mandate-json"),
    path("mandates/<slug:topic>/state", mandates.state, name="mandate-state"),
    path("mandates/<slug:topic>/revoke", mandates.revoke, name="mandate-revoke"),
    path("positions/", positions.positions, name="position-list"),
    path("positions/new", positions.create, name="position-state"),
    path("positions/<int:position_id>/", positions.position, name="position-read"),
    path("positions/<int:position_id>/compare", positions.compare, name="position-compare"),
    path("positions/<int:position_id>/reply", positions.reply, name="position-reply"),
    path("appeals/", appeals.appeals, name="appeal-list"),
    path("appeals/new", appeals.create, name="appeal-draft"),
    path("appeals/<int:appeal_id>/", appeals.appeal, name="appeal-read"),
    path("appeals/<int:appeal_id>/changes/<int:old>/<int:new>/", appeals.changes, name="appeal-changes"),
    path("appeals/<int:appeal_id>/sign", appeals.sign, name="appeal-sign"),
    path("appeals/<int:appeal_id>/withdraw", appeals.withdraw, name="appeal-withdraw"),
    path("appeals/<int:appeal_id>/amend", appeals.amend, name="appeal-amend"),
    path("appeals/<int:appeal_id>/moderate", appeals.moderate, name="appeal-moderate"),
    path("appeals/<int:appeal_id>/close", appeals.close, name="appeal-close"),
    path("appeals/<int:appeal_id>/end", appeals.end, name="appeal-end"),
    path("appeals/addressees/<int:addressee_id>/deliver", appeals.deliver, name="appeal-deliver"),
    path("appeals/deliveries/<int:delivery_id>/answer", appeals.answer, name="appeal-answer"),
    path("appeals/deliveries/<int:delivery_id>/letter.pdf", appeals.letter, name="letter-read"),
    path("issues/", issues.issues, name="issue-list"),
    path("issues/new", issues.create, name="issue-open"),
    path("issues/<int:issue_id>/", issues.issue, name="issue-read"),
    path("issues/<int:issue_id>/step", issues.step, name="issue-step"),
    path("issues/<int:issue_id>/remove", issues.remove, name="issue-remove"),
    path("issues/<int:issue_id>/close", issues.close, name="issue-close"),
]
