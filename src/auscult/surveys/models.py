"""Surveys; turnout and ballots in two tables that share nothing but the survey; tallies; live results."""

import uuid

from django.db import models
from django.db.models.functions import Now

from auscult.members.models import Member
from auscult.organisations.models import Organisation
from auscult.registry.models import Frame
from auscult.shared.models import choices_of
from auscult.statistics.representativeness import Instrument
from auscult.surveys.rules import BallotMode, SurveyState


class Survey(models.Model):
    """One measurement. Frozen when opened: a trigger refuses changes of wording, instrument and rules."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True)
    title = models.CharField(max_length=200)
    author = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    instrument = models.CharField(max_length=20, choices=choices_of(Instrument))
    ballot_mode = models.CharField(max_length=12, choices=choices_of(BallotMode), default=BallotMode.DETACHED)
    state = models.CharField(max_length=6, choices=choices_of(SurveyState), default=SurveyState.DRAFT)
    closes_at = models.DateTimeField()
    universe = models.SlugField(blank=True)
    # Ballots of members who say to belong to it are counted beside those of others.
    compared_with = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    frame = models.ForeignKey(Frame, on_delete=models.PROTECT, null=True)
    freeze = models.JSONField(null=True)
    freeze_hash = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    eligible = models.PositiveIntegerField(default=0)
    respondents = models.PositiveIntegerField(default=0)
    r_indicator = models.FloatField(null=True)
    cells_salt = models.CharField(max_length=32, blank=True)
    drafted_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["state", "closes_at"])]
        constraints = [
            models.CheckConstraint(
                name="frozen_when_opened", condition=models.Q(state="draft") | ~models.Q(freeze_hash="")
            )
        ]


class Question(models.Model):
    """One single-choice question; ``choices`` is a list of {code, label}."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=20)
    wording = models.CharField(max_length=500)
    choices = models.JSONField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["survey", "code"], name="one_question_code")]


class Turnout(models.Model):
    """That a member has answered. No time, no order, no ballot: the pair is the key."""

    pk = models.CompositePrimaryKey("survey_id", "member_id")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)


class BallotKey(models.Model):
    """The key that finds a ballot again during fieldwork; the row is deleted at close."""

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, primary_key=True)
    key = models.BinaryField()


class Ballot(models.Model):
    """What was answered, during fieldwork. No member, no time, no sequence. Emptied at close."""

    locator = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    stratum = models.TextField()
    answers = models.JSONField()
    nonces = models.JSONField()


class BallotTally(models.Model):
    """Counts by stratum, question and choice; question and choice are empty for the respondents themselves."""

    pk = models.CompositePrimaryKey("survey_id", "stratum", "question", "choice")
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    stratum = models.TextField()
    question = models.CharField(max_length=20)
    choice = models.CharField(max_length=20)
    count = models.IntegerField()


class CountedBallot(models.Model):
    """One published leaf: one answer to one question after close, unlinked across questions."""

    leaf = models.BinaryField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE)
    question = models.CharField(max_length=20)
    choice = models.CharField(max_length=20)
    nonce = models.CharField(max_length=32)


class LiveResult(models.Model):
    """The result as shown, and the one that is shown at the next step of ten ballots."""

    survey = models.OneToOneField(Survey, on_delete=models.CASCADE, primary_key=True)
    ballots = models.PositiveIntegerField(default=0)
    shown_ballots = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    pending_ballots = models.PositiveIntegerField(default=0)
    pending = models.JSONField(null=True)
