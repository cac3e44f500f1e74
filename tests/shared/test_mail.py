"""Batches of mail: one connection, each mail once, refusals one by one, codes first."""

import smtplib
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from auscult.shared import mail
from auscult.shared.jobs import run_worker
from auscult.shared.mail import Mail, queue_mail, queue_mails
from auscult.shared.models import MailMessage


def addresses(count):
    return [f"m{number:04d}@example.org" for number in range(count)]


def queue(count, **fields):
    queue_mails([Mail(to=to, subject="s", text="a secret", **fields) for to in addresses(count)])


def states():
    return dict(MailMessage.objects.exclude(to="").values_list("to", "state"))


@pytest.mark.django_db(transaction=True)
def test_a_batch_goes_over_one_connection_for_each_job(queued_mail, smtp_sink):
    queue(250)  # 100 + 100 + 50
    run_worker(wait=False)
    assert smtp_sink.connections == 3
    assert sorted(smtp_sink.receivers) == addresses(250)
    assert set(MailMessage.objects.values_list("state", "to", "text")) == {("sent", "", "")}


@pytest.mark.django_db(transaction=True)
def test_a_code_is_sent_before_the_batches_that_wait(queued_mail, smtp_sink):
    queue(250)
    queue_mail(to="code@example.org", subject="s", text="12345678")
    run_worker(wait=False)
    assert smtp_sink.receivers[0] == "code@example.org"
    assert len(smtp_sink.received) == 251


@pytest.mark.django_db
def test_queueing_ten_thousand_mails_takes_two_statements_for_each_five_thousand():
    with CaptureQueriesContext(connection) as queries:
        queue(10_000)
    assert len(queries) == 4
    assert MailMessage.objects.filter(state="queued").count() == 10_000
    jobs = ProcrastinateJob.objects.filter(task_name="shared.deliver_mails")
    numbers = [number for job in jobs for number in job.args["message_ids"]]
    assert len(jobs) == 100
    assert sorted(numbers) == sorted(MailMessage.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_each_refusal_is_its_own(smtp_sink):
    queue(5, if_bounced={"task": "surveys.note_bounce", "arguments": {"member_id": 7}})
    numbers = list(MailMessage.objects.order_by("pk").values_list("pk", flat=True))
    gone, later, *_ = addresses(5)
    smtp_sink.refuse = {gone: 550, later: 451}
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mail.deliver(numbers)
    assert smtp_sink.connections == 1
    assert smtp_sink.receivers == addresses(5)[2:]
    assert states() == {later: "queued"}
    assert MailMessage.objects.filter(state="failed").count() == 1
    assert [job.args for job in ProcrastinateJob.objects.filter(task_name="surveys.note_bounce")] == [{"member_id": 7}]
    smtp_sink.refuse = {}
    mail.deliver(numbers)
    assert smtp_sink.receivers == [*addresses(5)[2:], later]


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["cut", "421"])
def test_what_was_sent_before_the_connection_broke_is_not_sent_again(smtp_sink, how):
    queue(30)
    numbers = list(MailMessage.objects.order_by("pk").values_list("pk", flat=True))
    if how == "cut":
        smtp_sink.hang_up_after = 13
    else:
        smtp_sink.refuse = {addresses(30)[13]: 421}
    with pytest.raises(smtplib.SMTPException):
        mail.deliver(numbers)
    assert smtp_sink.receivers == addresses(13)
    assert sorted(states()) == addresses(30)[13:]
    smtp_sink.refuse = {}
    mail.deliver(numbers)
    assert smtp_sink.receivers == addresses(30)
    assert not states()


@pytest.mark.django_db
def test_a_server_that_is_not_there_leaves_the_mails_queued(smtp_sink, settings):
    queue(3)
    settings.MAILERS["smtp"]["OPTIONS"]["port"] = 1  # nobody listens there
    with pytest.raises(OSError, match="refused"):
        mail.deliver(list(MailMessage.objects.values_list("pk", flat=True)))
    assert set(states().values()) == {"queued"}


@pytest.mark.django_db
def test_an_address_that_is_none_does_not_stop_the_others(smtp_sink):
    queue_mails([Mail(to=to, subject="s", text="t") for to in ("a@example.org", "b\r\n@example.org", "c@example.org")])
    mail.deliver(list(MailMessage.objects.values_list("pk", flat=True)))
    assert smtp_sink.receivers == ["a@example.org", "c@example.org"]
    assert MailMessage.objects.filter(state="failed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_mail(smtp_sink):
    queue(10)
    numbers = list(MailMessage.objects.values_list("pk", flat=True))
    smtp_sink.hold = threading.Event()

    def first():
        mail.deliver(numbers)
        connection.close()

    worker = threading.Thread(target=first)
    worker.start()
    assert smtp_sink.asked.wait(10)
    # The first one is in the middle of its first mail; this one must find nothing to do, and not wait.
    mail.deliver(numbers)
    assert smtp_sink.connections == 1
    smtp_sink.hold.set()
    worker.join(10)
    assert sorted(smtp_sink.receivers) == addresses(10)


@pytest.mark.django_db
def test_an_instance_that_keeps_mail_keeps_a_batch_in_one_statement(django_assert_num_queries):
    queue(100)
    numbers = list(MailMessage.objects.values_list("pk", flat=True))
    with django_assert_num_queries(1):
        mail.deliver(numbers)
    assert set(states().values()) == {"kept"}
