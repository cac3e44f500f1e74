"""Invitations: who was sampled, asked and reminded; and what members want of them."""

from django.db import models

from auscult.members.models import Member
from auscult.shared.models import choices_of
from auscult.surveys.models.surveys import Survey
from auscult.surveys.rules import InvitationState


class Invitation(models.Model):
    """One sampled member. The day of mails, never of answers."""

    pk = models.CompositePrimaryKey("survey_id", "member_id")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    stratum = models.TextField()
    design_stratum = models.TextField(blank=True)
    state = models.CharField(max_length=13, choices=choices_of(InvitationState), default=InvitationState.WAITING)
    reminders = models.PositiveSmallIntegerField(default=0)
    sent_on = models.DateField(null=True)
    reminded_on = models.DateField(null=True)
    # AAPOR disposition, set at close.
    disposition = models.CharField(max_length=5, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["survey", "state"]),
            models.Index(fields=["member", "sent_on"], name="invitations_of_member"),
        ]


class InvitationWish(models.Model):
    """How many invitations a month a member wants at most; none where the member unsubscribed."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True)
    most_a_month = models.PositiveSmallIntegerField()
