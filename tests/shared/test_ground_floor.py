"""Encryption, roles, jobs and mail."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import send_mail
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.shared import audit, crypto, mail
from auscult.shared.jobs import run_worker
from auscult.shared.models import AuditEvent, MailMessage
from auscult.shared.refusals import NotAllowed
from auscult.shared.roles import GRANTABLE, PERMISSIONS, Permission, Role
from auscult.shared.standing import CONSOLE, READER


def test_what_is_sealed_opens_for_its_own_column_only():
    sealed = crypto.seal("Ada Alderton", "claim.identity")
    assert b"Ada" not in sealed
    assert crypto.unseal(sealed, "claim.identity") == b"Ada Alderton"
    with pytest.raises(crypto.CannotOpen, match="another column"):
        crypto.unseal(sealed, "evidence.note")
    with pytest.raises(crypto.CannotOpen):
        crypto.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), "claim.identity")


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    old = settings.IDENTITY_KEYS
    sealed = crypto.seal("x", "p")
    settings.IDENTITY_KEYS = "2:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=," + old
    assert crypto.unseal(sealed, "p") == b"x"
    assert crypto.seal("x", "p").startswith(b"2:")
    settings.IDENTITY_KEYS = "2:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    with pytest.raises(crypto.CannotOpen, match="does not hold"):
        crypto.unseal(sealed, "p")
    settings.IDENTITY_KEYS = "nonsense"
    with pytest.raises(ImproperlyConfigured):
        crypto.seal("x", "p")


def test_fingerprints_differ_by_purpose():
    assert crypto.fingerprint("1", "npi") == crypto.fingerprint("1", "npi") != crypto.fingerprint("1", "code")


def test_every_permission_is_given_by_some_role_and_membership_is_never_granted():
    assert frozenset(Permission) == frozenset().union(*PERMISSIONS.values())
    assert Role.MEMBER not in GRANTABLE
    assert Permission.CLAIM_DECIDE not in PERMISSIONS[Role.OPERATOR]
    assert Permission.BALLOT_CAST in PERMISSIONS[Role.MEMBER]
    assert not any(Permission.BALLOT_CAST in PERMISSIONS[role] for role in GRANTABLE)


def test_a_reader_may_nothing():
    assert not any(READER.can(permission) for permission in Permission)
    with pytest.raises(NotAllowed, match="Sign in"):
        READER.require_member()


@pytest.mark.django_db
def test_the_audit_trail_cannot_be_changed(now):
    audit.record("a.b.c", standing=CONSOLE, thing="x:1", now=now)
    for change in (lambda: AuditEvent.objects.update(event="x"), lambda: AuditEvent.objects.all().delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert AuditEvent.objects.get().event == "a.b.c"


@pytest.mark.django_db
def test_mail_and_its_job_vanish_with_the_transaction_that_wanted_them():
    with pytest.raises(RuntimeError), transaction.atomic():
        mail.queue_mail(to="a@example.org", subject="s", text="t")
        raise RuntimeError
    assert not MailMessage.objects.exists()
    assert not ProcrastinateJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_keeps_mail_where_the_instance_keeps_it(queued_mail):
    send_mail("subject", "text", None, ["a@example.org"])
    assert MailMessage.objects.get().state == "queued"
    run_worker(wait=False)
    message = MailMessage.objects.get()
    assert (message.state, message.text) == ("kept", "text")


@pytest.mark.django_db
def test_a_mail_that_was_sent_loses_its_text(settings):
    settings.KEEP_MAIL = False
    settings.MAILERS = {**settings.MAILERS, "smtp": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
    mail.queue_mail(to="a@example.org", subject="s", text="your code is 12345678")
    message = MailMessage.objects.get()
    mail.deliver([message.pk])
    mail.deliver([message.pk])  # a job may run twice
    message.refresh_from_db()
    assert (message.state, message.text) == ("sent", "")


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_was_doing_is_done_again(queued_mail):
    from auscult.shared import jobs

    jobs.queue("surveys.vacuum_ballots")
    mail.queue_mail(to="a@example.org", subject="s", text="t")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
    # Its like waits already: that one must not keep the others from being done again.
    jobs.queue("surveys.vacuum_ballots")
    jobs.queue("shared.retry_stalled_jobs", timestamp=0)
    run_worker(wait=False)
    # A retried job is due at the worker's clock, which may be a moment ahead of the database's.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
    run_worker(wait=False)
    assert MailMessage.objects.get().state == "kept"


@pytest.mark.django_db
def test_a_job_that_waits_already_is_not_queued_twice_and_breaks_nothing():
    from auscult.shared import jobs

    jobs.queue("surveys.vacuum_ballots")
    jobs.queue("surveys.vacuum_ballots")
    assert ProcrastinateJob.objects.filter(task_name="surveys.vacuum_ballots").count() == 1
