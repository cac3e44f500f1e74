"""What tests stand on: the template, setting it back, and copies of what was built."""

import pytest
from django.db import connection

from auscult.members.models import Account
from auscult.shared.migrations._database import TOPICS
from auscult.shared.models import Topic
from tests.database import _is_superuser, remember, reset_database, template_name


def topics():
    return list(Topic.objects.order_by("position").values_list("slug", flat=True))


@pytest.mark.django_db(transaction=True)
def test_reset_takes_out_what_was_added_and_brings_back_what_was_taken(make_account):
    make_account("somebody@example.org")
    Topic.objects.all().delete()
    reset_database()
    assert not Account.objects.exists()
    assert topics() == [slug for slug, _, _ in TOPICS]
    # Triggers work again: the trail is append-only.
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_what_is_remembered_is_there_in_each_test(time, make_account):
    built = remember("for test_database", lambda: make_account("remembered@example.org"))
    assert Account.objects.get(email="remembered@example.org").pk == built.pk
    assert make_account("another@example.org").pk != built.pk


@pytest.mark.django_db
def test_what_is_remembered_changes_nothing_that_was_there(make_account):
    if not _is_superuser():
        pytest.skip("without a superuser nothing is remembered: each test builds its own")
    account = make_account("before@example.org")
    with pytest.raises(AssertionError, match="changes rows"):
        remember("wrong", lambda: Account.objects.filter(pk=account.pk).update(is_active=False))


def test_the_template_follows_the_migrations(monkeypatch):
    name = template_name()
    assert name == template_name()
    monkeypatch.setattr("tests.database.metadata.version", lambda _: "another")
    assert template_name() != name
