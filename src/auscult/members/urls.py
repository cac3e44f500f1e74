"""Addresses of the members' room."""

from django.urls import path

from auscult.members.views import applicant, verifier

app_name = "members"
urlpatterns = [
    path("verification/", applicant.figures, name="figures-read"),
    path("verify/", applicant.verification, name="verification-read"),
    path("verify/claim", applicant.claim_submit, name="claim-submit"),
    path("verify/training", applicant.training_claim, name="training-claim"),
    path("verify/assurance", applicant.assurance_ask, name="assurance-ask"),
    path("verify/claim/withdraw", applicant.claim_withdraw, name="claim-withdraw"),
    path("verify/claim/appeal", applicant.decision_appeal, name="decision-appeal"),
    path("verify/email", applicant.email_offer, name="email-offer"),
    path("verify/practice", applicant.code_ask, name="code-ask"),
    path("verify/code", applicant.code_confirm, name="code-confirm"),
    path("verify/document", applicant.document_offer, name="document-offer"),
    path("verify/meeting", applicant.meeting_ask, name="meeting-ask"),
    path("verify/vouchers", applicant.vouchers_invite, name="vouchers-invite"),
    path("verify/handle", applicant.handle_choose, name="handle-choose"),
    path("verify/retire", applicant.retire, name="retire"),
    path("vouch/", applicant.vouch, name="vouch"),
    path("recover/", applicant.recover, name="recover"),
    path("verifier/", verifier.queue, name="queue-read"),
    path("verifier/<int:claim_id>/", verifier.claim, name="claim-read"),
    path("verifier/<int:claim_id>/document", verifier.document, name="document-read"),
    path("verifier/<int:claim_id>/sheet/<slug:kind>", verifier.code_sheet, name="sheet-read"),
    path("verifier/<int:claim_id>/sent", verifier.code_send, name="code-send"),
    path("verifier/<int:claim_id>/evidence", verifier.evidence_settle, name="evidence-settle"),
    path("verifier/<int:claim_id>/decision", verifier.claim_decide, name="claim-decide"),
    path("custodian/", verifier.unmaskings, name="unmaskings-read"),
    path("custodian/ask", verifier.unmasking_ask, name="unmasking-ask"),
    path("custodian/<int:unmasking_id>/decision", verifier.unmasking_decide, name="unmasking-decide"),
    path("custodian/<int:unmasking_id>/identity", verifier.identity_reveal, name="identity-reveal"),
]
