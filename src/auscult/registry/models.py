"""Registers, their loads, the frames they give, and independent benchmarks."""

from django.db import models
from django.db.models.functions import Now


class RegisterLoad(models.Model):
    """One file that was loaded: rows in = kept + deactivated + other + rejected."""

    register = models.CharField(max_length=20, default="nppes")
    filename = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, unique=True)
    as_of = models.DateField()
    rows = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    deactivated = models.PositiveIntegerField()
    other = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    reasons = models.JSONField(default=dict)
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]


class RegisterRecord(models.Model):
    """One physician in the register. Public data about a person: only ``registry`` and ``members`` read it."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        DEACTIVATED = "deactivated"
        MISSING = "missing"

    npi = models.CharField(max_length=10, primary_key=True)
    last_name = models.TextField()
    first_name = models.TextField()
    other_last_name = models.TextField(blank=True)
    credential = models.TextField(blank=True)
    sex = models.CharField(max_length=1)
    taxonomy_code = models.CharField(max_length=10)
    specialty_group = models.CharField(max_length=4)
    state = models.CharField(max_length=2)
    phone = models.TextField(blank=True)
    licences = models.JSONField(default=list)
    enumerated_on = models.DateField(null=True)
    updated_on = models.DateField(null=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.ACTIVE)
    load = models.ForeignKey(RegisterLoad, on_delete=models.PROTECT, related_name="+")


class Frame(models.Model):
    """A population with a definition and a date, counted by cell. Results name the frame they were weighted to."""

    load = models.OneToOneField(RegisterLoad, on_delete=models.PROTECT)
    definition = models.CharField(max_length=200)
    as_of = models.DateField()
    total = models.PositiveIntegerField()
    # Variable → level → persons in the coarse strata: what every live result is weighted to.
    margins = models.JSONField(default=dict)

    class Meta:
        ordering = ["-as_of", "-id"]


class FrameCell(models.Model):
    """Physicians of one cell of a frame: specialty group × state × sex × career band."""

    frame = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="cells")
    specialty_group = models.CharField(max_length=4)
    state = models.CharField(max_length=2)
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
