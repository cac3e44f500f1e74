"""Surveys: what is asked, of whom, under which rules."""

import uuid

from django.db import models
from django.db.models.functions import Now

from auscult.members.models import Member
from auscult.organisations.models import Organisation
from auscult.registry.models import Frame
from auscult.shared.models import choices_of
from auscult.statistics.representativeness import Instrument
from auscult.surveys.rules import BallotMode, FieldworkEventKind, SurveyState


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
    # The questionnaire's document while it is drafted; what was frozen of it stands in ``freeze``.
    questionnaire = models.JSONField(default=dict)
    # Counts edits of a draft, so that two who edit at once do not undo each other.
    revision = models.PositiveIntegerField(default=0)
    plan = models.JSONField(default=dict)
    sample_design = models.JSONField(null=True)
    honorarium = models.JSONField(null=True)
    wave_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="later_waves")
    is_template = models.BooleanField(default=False)
    # Ballots of members who say to belong to it are counted beside those of others.
    compared_with = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    frame = models.ForeignKey(Frame, on_delete=models.PROTECT, null=True)
    freeze = models.JSONField(null=True)
    freeze_hash = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    # Persons by level of each weighting variable, of the frame that a sample was drawn from; of others the register's.
    population = models.JSONField(null=True)
    eligible = models.PositiveIntegerField(default=0)
    respondents = models.PositiveIntegerField(default=0)
    # The final figures differ from the live ones by too few members, so nothing is published.
    is_held_back = models.BooleanField(default=False)
    r_indicator = models.FloatField(null=True)
    # What was counted at close: outcomes, exclusions, median times, rates.
    fieldwork = models.JSONField(null=True)
    # Of linked ballots: when the key that links them is destroyed.
    link_kept_until = models.DateTimeField(null=True)
    cells_salt = models.CharField(max_length=32, blank=True)
    drafted_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["state", "closes_at"])]
        constraints = [
            models.CheckConstraint(
                name="frozen_when_opened", condition=models.Q(state="draft") | ~models.Q(freeze_hash="")
            )
        ]


class FieldworkEvent(models.Model):
    """What was done otherwise than planned after opening: listed beside the result for ever."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=choices_of(FieldworkEventKind))
    text = models.CharField(max_length=1000)
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["noted_at", "pk"]


class SurveyRevision(models.Model):
    """A past state of a draft's questionnaire, to go back to."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="revisions")
    revision = models.PositiveIntegerField()
    questionnaire = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["survey", "revision"], name="one_survey_revision")]
