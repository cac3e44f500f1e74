"""Mails about appeals."""

import pytest

from auscult.shared.models import MailMessage
from auscult.voice.actions.appeals import close_appeal
from auscult.voice.actions.deliveries import deliver_appeal

pytestmark = pytest.mark.django_db


def test_representatives_are_told_where_and_until_when_to_answer(opened, representative, author, now):
    close_appeal(standing=author, now=now, appeal_id=opened.pk)
    for addressee in opened.addressees.all():
        deliver_appeal(standing=author, now=now, addressee_id=addressee.pk, version=1, proof="Receipt")
    (mail,) = MailMessage.objects.all()  # the committee outside has no representative here
    assert (mail.to, mail.subject) == ("rep@example.org", "Auscult: An appeal to Example Society: An appeal")
    assert f"Answer by 1 August 2009: http://127.0.0.1:8000/appeals/{opened.pk}/\n" in mail.text
