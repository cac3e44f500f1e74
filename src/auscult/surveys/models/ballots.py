"""Turnout and ballots, in two tables that share nothing but the survey; tallies; leaves; live results."""

from django.db import models

from auscult.members.models import Member
from auscult.shared.models import SealedField, choices_of
from auscult.surveys.models.surveys import Survey
from auscult.surveys.rules import Outcome


class Turnout(models.Model):
    """That a member has answered, or was screened out. No time, no order, no ballot: the pair is the key."""

    pk = models.CompositePrimaryKey("survey_id", "member_id")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    outcome = models.CharField(max_length=12, choices=choices_of(Outcome), default=Outcome.COMPLETE)


class BallotKey(models.Model):
    """The key that finds a ballot again. Detached: deleted at close. Linked: it is the link, deleted when that ends.

    Sealed with the operator's secret, which is not in the database: copies of the row in WAL, statistics, and backups
    cannot be used without it.
    """

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, primary_key=True)
    sealed = SealedField(purpose="surveys.ballot_key")


class Ballot(models.Model):
    """What was answered, during fieldwork. No member, no time, no sequence. Of a detached survey emptied at close."""

    locator = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    stratum = models.TextField()
    answers = models.JSONField()
    nonces = models.JSONField()
    # How long answering took, in tens of seconds: coarse, and no time of day.
    seconds = models.PositiveIntegerField(default=0)
    # State of the record, kept with linked ballots only.
    state = models.CharField(max_length=8, blank=True)


class BallotDraft(models.Model):
    """Answers that were saved and not submitted yet. Found like a ballot; counts nothing; gone when submitted or closed."""

    locator = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    answers = models.JSONField()
    seconds = models.PositiveIntegerField(default=0)


class BallotTally(models.Model):
    """Counts by stratum, question and choice; question and choice are empty for the respondents themselves."""

    pk = models.CompositePrimaryKey("survey_id", "stratum", "question", "choice")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    stratum = models.TextField()
    question = models.CharField(max_length=44)
    choice = models.CharField(max_length=20)
    count = models.IntegerField()


class CountedBallot(models.Model):
    """One published leaf: one answer to one item after close, unlinked across items.

    ``left_out`` names the declared rule that left it out of the count, or is empty. Of such a leaf only the hash is kept.
    """

    leaf = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    question = models.CharField(max_length=44)
    choice = models.CharField(max_length=20)
    nonce = models.CharField(max_length=32)
    left_out = models.CharField(max_length=60, blank=True)


class LiveResult(models.Model):
    """The figures shown while a survey is open, and those shown at the next step.

    ``result`` is what members see; ``progress`` is what researchers see of the fieldwork.
    """

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, primary_key=True)
    shown_ballots = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    progress = models.JSONField(null=True)
    pending_ballots = models.PositiveIntegerField(default=0)
    pending = models.JSONField(null=True)
    pending_progress = models.JSONField(null=True)


class BallotChange(models.Model):
    """One member's ballot that differs between the figures shown, the figures shown next, and now. Deleted at close.

    Each column is a digest (``rules.ballot_digest``), or empty where there was no ballot.
    """

    locator = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    shown = models.BinaryField()
    pending = models.BinaryField()
    current = models.BinaryField()


class QuotaCount(models.Model):
    """How many ballots of a quota are in."""

    pk = models.CompositePrimaryKey("survey_id", "code")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    code = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)


class OpenText(models.Model):
    """One answer in words after close, unlinked from everything else its author answered."""

    # Keyed hash of the text: an order that says nothing about the order of answering.
    place = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="texts")
    question = models.CharField(max_length=20)
    text = models.TextField()
    codes = models.JSONField(default=list)
    is_hidden = models.BooleanField(default=False)


class CodeFrame(models.Model):
    """Codes into which the open answers to one question are sorted."""

    pk = models.CompositePrimaryKey("survey_id", "question")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    question = models.CharField(max_length=20)
    codes = models.JSONField(default=list)
