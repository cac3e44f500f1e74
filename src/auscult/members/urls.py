"""Addresses of the members' room."""

from django.urls import path

from auscult.members import views

app_name = "members"
urlpatterns = [
    path("verify/", views.verification, name="verification-read"),
    path("verify/claim", views.claim_submit, name="claim-submit"),
    path("verify/claim/withdraw", views.claim_withdraw, name="claim-withdraw"),
    path("verify/email", views.email_offer, name="email-offer"),
    path("verify/code", views.email_confirm, name="email-confirm"),
    path("verify/document", views.document_offer, name="document-offer"),
    path("verify/handle", views.handle_choose, name="handle-choose"),
    path("verifier/", views.queue, name="queue-read"),
    path("verifier/<int:claim_id>/", views.claim, name="claim-read"),
    path("verifier/<int:claim_id>/document", views.document, name="document-read"),
    path("verifier/<int:claim_id>/evidence", views.evidence_settle, name="evidence-settle"),
    path("verifier/<int:claim_id>/decision", views.claim_decide, name="claim-decide"),
]
