"""Agreements, obligations and their occurrences, notices, grants, access receipts."""

from django.db import models
from django.db.models.functions import Now

from auscult.organisations.models import Organisation, Representative
from auscult.partnerships.rules import NoticeKind, Side, StepKind
from auscult.shared.models import Topic, choices_of


class Agreement(models.Model):
    """What two organisations promised each other, for a term. Its state is computed from dates and notices.

    Terms of the same parties and subject cannot overlap once both have ratified (exclusion constraint, migration 2).
    """

    title = models.CharField(max_length=160)
    subject = models.CharField(max_length=80)
    party_a = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    party_b = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField()
    terms = models.TextField()
    terms_sha256 = models.CharField(max_length=64)
    proposed_at = models.DateTimeField()
    ratified_a_at = models.DateTimeField(null=True)
    ratified_b_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(name="two_parties", condition=~models.Q(party_a=models.F("party_b"))),
            models.CheckConstraint(name="term_has_days", condition=models.Q(ends_on__gt=models.F("starts_on"))),
        ]


class Obligation(models.Model):
    """One promise of one side."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="obligations")
    code = models.SlugField(max_length=20)
    debtor = models.CharField(max_length=1, choices=[(Side.A.value, "a"), (Side.B.value, "b")])
    words = models.CharField(max_length=300)
    measure = models.CharField(max_length=300)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["agreement", "code"], name="one_obligation_of_a_code")]


class Occurrence(models.Model):
    """One due instance of an obligation."""

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="occurrences")
    number = models.PositiveSmallIntegerField()
    due_on = models.DateField()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["obligation", "number"], name="one_occurrence_of_a_number")]


class OccurrenceStep(models.Model):
    """What a side, or the arbiter, said about an occurrence. Append-only by trigger."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=8, choices=choices_of(StepKind))
    side = models.CharField(max_length=7, choices=choices_of(Side))
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    evidence = models.CharField(max_length=300, blank=True)
    taken_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]


class Notice(models.Model):
    """What one party told the other, signed and dated in the record. Append-only by trigger."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=16, choices=choices_of(NoticeKind))
    side = models.CharField(max_length=1, choices=[(Side.A.value, "a"), (Side.B.value, "b")])
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    cites = models.CharField(max_length=300, blank=True)
    effective_on = models.DateField(null=True)
    given_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]


class Grant(models.Model):
    """What one party may read, for a purpose, while the agreement lasts. Never handles, never raw words."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="grants")
    beneficiary = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=120)
    purpose = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    made_at = models.DateTimeField(db_default=Now())


class AccessReceipt(models.Model):
    """That an aggregate was read under a grant, or that reading it was refused. Append-only by trigger.

    Whose words are behind it follows from topic and time; nobody's name is kept here.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="receipts")
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, related_name="+")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    authors = models.PositiveIntegerField()
    refused = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["topic", "since", "until"], name="receipts_about_words")]
