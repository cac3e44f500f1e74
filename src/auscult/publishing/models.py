"""The record, its checkpoints, releases and replies. Record, checkpoints and releases are append-only by trigger."""

from django.db import models

from auscult.organisations.models import Organisation, Representative
from auscult.surveys.models import Survey


class RecordEntry(models.Model):
    """One leaf of the record: something the instance said or did in public."""

    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=40)
    # What it is about, as ``kind:number``: all entries of one thing are found by it.
    thing = models.CharField(max_length=60, blank=True)
    payload = models.JSONField()
    leaf = models.BinaryField()
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-index"]
        indexes = [models.Index(fields=["thing", "index"], name="record_of_a_thing"), models.Index(fields=["leaf"])]


class RecordDocument(models.Model):
    """A public text that entries of the record name by its SHA-256: an appeal's version, a reply, terms."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    body = models.BinaryField()


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
    """An organisation's answer to something published about it, with a badge. ``thing`` is as in the record."""

    thing = models.CharField(max_length=60)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    html = models.TextField()
    replied_at = models.DateTimeField()
    record_index = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["thing", "organisation"], name="replies_to_a_thing")]
