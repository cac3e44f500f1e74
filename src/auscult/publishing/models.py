"""The record, its checkpoints, releases and replies. Record, checkpoints and releases are append-only by trigger."""

from django.db import models

from auscult.organisations.models import Representative
from auscult.surveys.models import Survey


class RecordEntry(models.Model):
    """One leaf of the record: something the instance said or did in public."""

    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    leaf = models.BinaryField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-index"]


class Checkpoint(models.Model):
    """A signed statement of how long the record is and what its root is."""

    tree_size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    statement = models.JSONField()
    signature = models.CharField(max_length=100)
    public_key = models.CharField(max_length=60)

    class Meta:
        ordering = ["-tree_size"]


class Release(models.Model):
    """A published result: immutable, with a permanent number."""

    number = models.PositiveIntegerField(primary_key=True)
    survey = models.OneToOneField(Survey, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    freeze = models.JSONField()
    results = models.JSONField()
    disclosure = models.JSONField()
    strata = models.JSONField()
    manifest = models.JSONField()
    manifest_hash = models.CharField(max_length=64)
    record_index = models.BigIntegerField()
    bundle = models.BinaryField()
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]


class Reply(models.Model):
    """An organisation's answer to a release, with a badge."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="replies")
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    html = models.TextField()
    replied_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
