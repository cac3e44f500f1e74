"""Honoraria as double-entry postings: every transaction sums to zero."""

from django.db import models

from auscult.members.models import Member
from auscult.shared.models import choices_of
from auscult.surveys.models.surveys import Survey
from auscult.surveys.rules import HonorariumAccount, HonorariumStep


class HonorariumTransaction(models.Model):
    """One thing that happened to the honorarium of one member."""

    survey = models.ForeignKey(Survey, on_delete=models.PROTECT, related_name="honorarium_transactions")
    member = models.ForeignKey(Member, on_delete=models.PROTECT)
    step = models.CharField(max_length=9, choices=choices_of(HonorariumStep))
    booked_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    # Why it was refused or corrected; the number of the payment.
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["member", "survey"])]


class HonorariumLine(models.Model):
    """One line of a transaction; the lines of each sum to zero, which a trigger holds."""

    transaction = models.ForeignKey(HonorariumTransaction, on_delete=models.PROTECT, related_name="lines")
    account = models.CharField(max_length=10, choices=choices_of(HonorariumAccount))
    cents = models.BigIntegerField()
