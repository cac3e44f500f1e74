"""Registers, their loads, the frames they give, and independent benchmarks."""

from django.db import models
from django.db.models.functions import Now

from auscult.registry.rules import LoadKind, RecordStatus
from auscult.shared.models import choices_of


class RegisterLoad(models.Model):
    """One file that was loaded: rows in = kept + deactivated + other + rejected."""

    register = models.CharField(max_length=20, default="nppes")
    kind = models.CharField(max_length=8, choices=choices_of(LoadKind), default=LoadKind.FULL)
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    # First day that a weekly file covers.
    since = models.DateField(null=True)
    as_of = models.DateField()
    rows = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    deactivated = models.PositiveIntegerField()
    other = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    reasons = models.JSONField(default=dict)
    # What changed in the register: added, changed, deactivated, missing, older (skipped); active before and after.
    changes = models.JSONField(default=dict)
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["register", "sha256"], name="one_load_of_a_file")]


class RegisterRecord(models.Model):
    """One physician in a register. Public data about a person: only ``registry`` and ``members`` read it.

    ``…_since`` is the day since which a contact stands as it is: a claim is proved over contacts that the register had
    before the claim.
    """

    pk = models.CompositePrimaryKey("register", "number")
    register = models.CharField(max_length=20)
    number = models.CharField(max_length=20)
    last_name = models.TextField()
    first_name = models.TextField()
    other_last_name = models.TextField(blank=True)
    credential = models.TextField(blank=True)
    sex = models.CharField(max_length=1)
    specialty_code = models.CharField(max_length=20)
    specialty_group = models.CharField(max_length=4)
    state = models.CharField(max_length=6)
    phone = models.TextField(blank=True)
    phone_since = models.DateField(null=True)
    fax = models.TextField(blank=True)
    fax_since = models.DateField(null=True)
    address = models.TextField(blank=True)
    address_since = models.DateField(null=True)
    licences = models.JSONField(default=list)
    enumerated_on = models.DateField(null=True)
    updated_on = models.DateField(null=True)
    certified_on = models.DateField(null=True)
    reactivated_on = models.DateField(null=True)
    deactivated_on = models.DateField(null=True)
    status = models.CharField(max_length=11, choices=choices_of(RecordStatus), default=RecordStatus.ACTIVE)
    # The load that last changed this record.
    load = models.ForeignKey(RegisterLoad, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            # How many physicians share a telephone or a fax; whom a load changed.
            models.Index(fields=["phone"], name="record_phone"),
            models.Index(fields=["fax"], name="record_fax"),
            models.Index(fields=["load"], name="record_load"),
        ]


class RecordVersion(models.Model):
    """What a record said before a load changed it: the history of last known records."""

    register = models.CharField(max_length=20)
    number = models.CharField(max_length=20)
    was = models.JSONField()
    load = models.ForeignKey(RegisterLoad, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["register", "number"], name="versions_of_a_record")]


class Frame(models.Model):
    """A population with a definition and a date, counted by cell. Results name the frame they were weighted to."""

    load = models.ForeignKey(RegisterLoad, on_delete=models.PROTECT, related_name="frames")
    # «all», or «active-N»: updated or certified within N years (registry.rules).
    kind = models.CharField(max_length=12)
    definition = models.CharField(max_length=200)
    as_of = models.DateField()
    total = models.PositiveIntegerField()
    # Variable → level → persons in the coarse strata: what every live result is weighted to.
    margins = models.JSONField(default=dict)

    class Meta:
        ordering = ["-as_of", "-id"]
        constraints = [models.UniqueConstraint(fields=["load", "kind"], name="one_frame_of_a_kind")]


class FrameCell(models.Model):
    """Physicians of one cell of a frame: specialty group × state × sex × career band."""

    frame = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="cells")
    specialty_group = models.CharField(max_length=4)
    state = models.CharField(max_length=6)
    sex = models.CharField(max_length=1)
    career = models.CharField(max_length=5)
    persons = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["frame", "specialty_group", "state", "sex", "career"], name="one_cell")
        ]


class Benchmark(models.Model):
    """An independent denominator: how many people somebody says there are, with source, date and definition."""

    code = models.SlugField(unique=True)
    words = models.CharField(max_length=80, help_text="how these people are called in a sentence")
    persons = models.PositiveIntegerField()
    as_of = models.DateField()
    definition = models.CharField(max_length=300)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["code"]


class FreshnessCheck(models.Model):
    """What the register's own service last said of a record; kept for 24 hours as a cache, and never asked in a request.

    Of which record is only a keyed hash: those that are asked about are those that somebody claims.
    """

    mark = models.BinaryField(primary_key=True)
    outcome = models.CharField(max_length=12)
    checked_at = models.DateTimeField()
