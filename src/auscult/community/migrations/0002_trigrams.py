"""Trigrams, for suggestions where a search finds nothing; and the place of a comment in the order of its thread."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("community", "0001_initial")]
    operations = [TrigramExtension()]
