"""Mandate statements and their snapshots, positions, appeals with versions and signatures, issues."""

from django.db import models

from auscult.community.models import Posting
from auscult.members.models import Member
from auscult.organisations.models import Organisation, Representative
from auscult.publishing.models import Release
from auscult.shared.models import SealedField, Topic, choices_of
from auscult.statistics.mandates import Stance
from auscult.voice.rules import NAME_PURPOSE, NOBODY, REVOKED, AppealState, Display, StepKind


class MandateStatement(models.Model):
    """What one member said of one organisation on one topic. Private. The last row counts; rows are never changed.

    Without an organisation it says «nobody speaks for me on this».
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    stance = models.CharField(max_length=10, choices=[*choices_of(Stance), (NOBODY, NOBODY), (REVOKED, REVOKED)])
    stated_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["topic", "member", "organisation", "-id"], name="last_statement"),
            models.Index(fields=["member"], name="statements_of_a_member"),
        ]
        constraints = [
            models.CheckConstraint(
                name="nobody_or_an_organisation",
                condition=models.Q(organisation__isnull=True, stance__in=[NOBODY, REVOKED])
                | models.Q(organisation__isnull=False) & ~models.Q(stance=NOBODY),
            )
        ]


class MandateSnapshot(models.Model):
    """The published figures of one topic at one time: a list of organisations. Append-only by trigger."""

    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    eligible = models.PositiveIntegerField()
    figures = models.JSONField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["-taken_at"]
        constraints = [models.UniqueConstraint(fields=["topic", "taken_at"], name="one_snapshot")]


class Position(models.Model):
    """What an organisation says officially on a topic; where a poll asked the same, the answer that agrees with it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    text = models.TextField()
    source = models.CharField(max_length=300)
    stated_on = models.DateField()
    # Null where an editor put a published position on record.
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["-stated_on", "-pk"]


class PositionComparison(models.Model):
    """That a published question asks what a position is about, and which answer agrees with it."""

    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="comparisons")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(max_length=20)
    choice = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["position", "release", "question"], name="one_comparison")]


class Appeal(models.Model):
    """An open letter. Its text is in its versions."""

    title = models.CharField(max_length=160)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=choices_of(AppealState), default=AppealState.DRAFT)
    reason = models.CharField(max_length=20, blank=True)
    drafted_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, blank=True)
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]


class AppealVersion(models.Model):
    """One text of an appeal and its SHA-256. Once published it is never changed (trigger): a change is a new version."""

    class State(models.TextChoices):
        # Not signed by anybody, not seen by the public, may be reworded.
        WRITTEN = "written"
        PUBLISHED = "published"
        REFUSED = "refused"

    state = models.CharField(max_length=9, choices=State, default=State.WRITTEN)
    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    preamble = models.TextField()
    clauses = models.JSONField()
    sha256 = models.CharField(max_length=64)
    why = models.CharField(max_length=300, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["appeal", "number"], name="one_version_of_a_number")]


class Signature(models.Model):
    """That a verified member signed one version. ``name_sealed`` is filled where the signer wants the name shown."""

    class State(models.TextChoices):
        VALID = "valid"
        WITHDRAWN = "withdrawn"

    version = models.ForeignKey(AppealVersion, on_delete=models.PROTECT, related_name="signatures")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    display = models.CharField(max_length=9, choices=choices_of(Display))
    name_sealed = SealedField(null=True, purpose=NAME_PURPOSE)
    specialty = models.CharField(max_length=60, blank=True)
    us_state = models.CharField(max_length=6, blank=True)
    nonce = models.CharField(max_length=32)
    # Where it stands in the public list; drawn by lot and unrelated to the nonce, whose leaf is on record.
    place = models.CharField(max_length=16)
    state = models.CharField(max_length=9, choices=State, default=State.VALID)
    signed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "member"], name="one_signature")]
        indexes = [
            models.Index(
                fields=["version", "place"],
                condition=models.Q(state="valid") & ~models.Q(display="counted"),
                name="shown_signatures",
            ),
            models.Index(fields=["member"], name="signatures_of_a_member"),
        ]


class SignatureCount(models.Model):
    """Valid signatures of a version, kept as they come: a page does not count ten thousand rows."""

    version = models.OneToOneField(AppealVersion, on_delete=models.PROTECT, primary_key=True, related_name="count")
    valid = models.PositiveIntegerField(default=0)
    shown = models.PositiveIntegerField(default=0)
    # Of the valid ones, those whose signer had signed an earlier version.
    reaffirmed = models.PositiveIntegerField(default=0)


class Addressee(models.Model):
    """Of whom an appeal asks; an organisation here, or somebody outside."""

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="addressees")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=60)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["appeal", "name"], name="one_addressee")]


class Delivery(models.Model):
    """That a version was handed to an addressee, with the very file, and the answer."""

    addressee = models.OneToOneField(Addressee, on_delete=models.PROTECT, related_name="delivery")
    version = models.ForeignKey(AppealVersion, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField()
    file_sha256 = models.CharField(max_length=64)
    letter = models.BinaryField()
    proof = models.CharField(max_length=300)
    record_index = models.BigIntegerField()
    answer = models.CharField(max_length=8, blank=True)
    answer_text = models.TextField(blank=True)
    answer_html = models.TextField(blank=True)
    answered_by = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer_index = models.BigIntegerField(null=True)
    silence_index = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["sent_at"], condition=models.Q(answered_at=None), name="deliveries_awaiting")]


class Issue(models.Model):
    """One matter from posting to outcome."""

    title = models.CharField(max_length=160)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    summary = models.TextField(blank=True)
    opened_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    outcome = models.CharField(max_length=500, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at"]


class IssueStep(models.Model):
    """That a posting, a result, a position or an appeal belongs to an issue; exactly one of the four."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=9, choices=choices_of(StepKind))
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, null=True, related_name="+")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.ForeignKey(Position, on_delete=models.PROTECT, null=True, related_name="+")
    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, null=True, related_name="+")
    linked_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="a_step_is_one_thing",
                condition=(
                    models.Q(kind="posting", posting__isnull=False, release=None, position=None, appeal=None)
                    | models.Q(kind="result", posting=None, release__isnull=False, position=None, appeal=None)
                    | models.Q(kind="position", posting=None, release=None, position__isnull=False, appeal=None)
                    | models.Q(kind="appeal", posting=None, release=None, position=None, appeal__isnull=False)
                ),
            ),
            models.UniqueConstraint(fields=["issue", "posting"], name="posting_once"),
            models.UniqueConstraint(fields=["issue", "release"], name="release_once"),
            models.UniqueConstraint(fields=["issue", "position"], name="position_once"),
            models.UniqueConstraint(fields=["issue", "appeal"], name="appeal_once"),
        ]
