"""Writes about delivered appeals: delivery, answer, silence, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse

from auscult.community.markup import to_html
from auscult.evidence.bundle import sha256
from auscult.organisations.access import has_representative, load_representative
from auscult.organisations.emails import tell_representatives
from auscult.organisations.rules import Power
from auscult.publishing import record
from auscult.shared import audit
from auscult.shared.refusals import Conflict, NotAllowed, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import CONSOLE, Standing
from auscult.voice import access, rules
from auscult.voice.letter import write_letter
from auscult.voice.models import Appeal, AppealVersion, Delivery
from auscult.voice.queries.appeals import list_signatories, sentence_of
from auscult.voice.rules import AppealState


class CannotDeliverAppeal(Conflict):
    """The appeal was not delivered."""


class CannotAnswerAppeal(Refused):
    """The answer was not taken."""


def deliver_appeal(*, standing: Standing, now: datetime, addressee_id: int, version: int, proof: str) -> Delivery:
    """Note that a version was handed to an addressee, with the file that was handed over.

    Who may: the author or a moderator. What changes: the answer is awaited for 30 days. What follows: an entry in the
    record that names version, file and how many had signed which text.

    Args:
        version: number of the version that is delivered, whoever signed it.
        proof: how one can see that it arrived: a receipt's number, who took it.

    Raises:
        NotFound: no such addressee.
        NotAllowed: neither author nor moderator.
        CannotDeliverAppeal: not closed, delivered already, no such version, no proof.
    """
    with transaction.atomic():
        addressee = access.load_addressee_to_deliver(standing, addressee_id)
        appeal = addressee.appeal
        if appeal.state not in {AppealState.CLOSED, AppealState.DELIVERED}:
            raise CannotDeliverAppeal("An appeal is delivered once its signatures are counted. Close it first.")
        if Delivery.objects.filter(addressee=addressee).exists():
            raise CannotDeliverAppeal(f"This appeal was delivered to {addressee.name} already.")
        found = (
            AppealVersion.objects.select_related("count")
            .filter(appeal=appeal, number=version, state=AppealVersion.State.PUBLISHED)
            .first()
        )
        if found is None:
            raise CannotDeliverAppeal("There is no such version.")
        if not proof.strip():
            raise CannotDeliverAppeal("Say how one can see that it arrived: a receipt, who took it.")
        sentence = sentence_of(appeal, delivered=version)
        letter = make_letter(appeal, found, addressee.name, now, sentence)
        entry = record.append_and_sign(
            "appeal.delivered",
            {
                "thing": f"appeal:{appeal.pk}",
                "addressee": addressee.name,
                "channel": addressee.channel,
                "version": version,
                "text": found.sha256,
                "signatures": found.count.valid,
                "sentence": sentence,
                "file_sha256": sha256(letter),
                "proof": proof.strip()[:300],
            },
            at=now,
        )
        delivery = Delivery.objects.create(
            addressee=addressee,
            version=found,
            sent_at=now,
            file_sha256=sha256(letter),
            letter=letter,
            proof=proof.strip()[:300],
            record_index=entry.index,
        )
        Appeal.objects.filter(pk=appeal.pk).update(state=AppealState.DELIVERED)
        if addressee.organisation_id is not None:
            address = settings.SITE_URL + reverse("voice:appeal-read", args=[appeal.pk])
            tell_representatives(
                addressee.organisation_id,
                Power.ANSWER,
                f"An appeal to {addressee.name}: {appeal.title}",
                f"{sentence}.\n\nAnswer by {now + rules.ANSWER_WITHIN:%-d %B %Y}: {address}\n\n"
                "After that day the record says that there was no answer.",
            )
        audit.record("voice.appeal.deliver", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return delivery


def make_letter(appeal: Appeal, version: AppealVersion, addressee: str, at: datetime, sentence: str) -> bytes:
    """The file that an addressee gets, with the signatories who wish to be seen."""
    signatories = list_signatories(version.pk, limit=None)
    return write_letter(
        {
            "instance": settings.INSTANCE_NAME,
            "title": appeal.title,
            "preamble": version.preamble,
            "clauses": version.clauses,
            "version": version.number,
            "sha256": version.sha256,
            "addressee": addressee,
            "date": f"{at:%-d %B %Y}",
            "sentence": sentence,
            "here": f"{version.count.valid:,}" if version.count.valid else "Nobody",
            "counted": f"{version.count.valid - len(signatories):,}",
            "signatories": [{"name": s.name, "specialty": s.specialty, "state": s.state} for s in signatories],
        }
    )


def answer_appeal(*, standing: Standing, now: datetime, delivery_id: int, refused: bool, text: str) -> Delivery:
    """Answer an appeal, or refuse what it asks.

    Who may: a representative of the addressee with the power; for an addressee without one, a moderator who has the answer
    on paper. Late answers are taken: the page shows both the silence and the answer.

    Raises:
        NotFound: no such delivery.
        NotAllowed: no such representative.
        CannotAnswerAppeal: empty, too long, or answered already.
    """
    with transaction.atomic():
        delivery = access.load_delivery_to_answer(delivery_id)
        addressee, representative = delivery.addressee, None
        if addressee.organisation_id is not None and has_representative(addressee.organisation_id, Power.ANSWER):
            representative = load_representative(standing, addressee.organisation_id, Power.ANSWER)
        elif not standing.can(Permission.APPEAL_MODERATE):
            raise NotAllowed("A moderator notes the answer of an addressee for whom nobody may answer here.")
        if not text.strip() or len(text) > rules.LONGEST_ANSWER:
            raise CannotAnswerAppeal(f"An answer has 1 to {rules.LONGEST_ANSWER:,} characters.")
        if delivery.answered_at is not None:
            raise CannotAnswerAppeal("This appeal was answered already.")
        words, kind = text.strip(), "refused" if refused else "answered"
        entry = record.append_and_sign(
            "appeal.answered",
            {
                "thing": f"appeal:{addressee.appeal_id}",
                "addressee": addressee.name,
                "answer": kind,
                "days": (now - delivery.sent_at).days,
            },
            at=now,
            documents={"text": words.encode()},
        )
        delivery.answer, delivery.answer_text, delivery.answer_html = kind, words, to_html(words)
        delivery.answered_by, delivery.answered_at, delivery.answer_index = representative, now, entry.index
        delivery.save()
        audit.record("voice.appeal.answer", standing=standing, thing=f"appeal:{addressee.appeal_id}", now=now)
    return delivery


def note_silence(*, standing: Standing, now: datetime, delivery_id: int) -> None:
    """Put on record that an addressee has not answered within 30 days. The page says so without it.

    Who may: the worker.

    Raises:
        NotFound: no such delivery.
        NotAllowed: somebody else.
        Conflict: answered, noted already, or the days are not over.
    """
    if standing != CONSOLE:
        raise NotAllowed("Silence is noted by the clock.")
    with transaction.atomic():
        delivery = access.load_delivery_to_answer(delivery_id)
        due = delivery.sent_at + rules.ANSWER_WITHIN
        if delivery.answered_at is not None or delivery.silence_index is not None or now < due:
            raise Conflict("There is no silence to note.")
        _note_silences([delivery], now)
        audit.record("voice.silence.note", standing=standing, thing=f"appeal:{delivery.addressee.appeal_id}", now=now)


def _note_silences(deliveries: Sequence[Delivery], now: datetime) -> None:
    entries = record.append_each(
        "appeal.silent",
        [
            {
                "thing": f"appeal:{delivery.addressee.appeal_id}",
                "addressee": delivery.addressee.name,
                "asked_at": delivery.sent_at.isoformat(),
                "due_at": (delivery.sent_at + rules.ANSWER_WITHIN).isoformat(),
            }
            for delivery in deliveries
        ],
        at=now,
    )
    # The whole record is hashed for a signature: once for all of them, not once for each.
    record.sign_checkpoint(at=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE voice_delivery AS d SET silence_index = v.place "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, place) WHERE d.id = v.id",
            [[delivery.pk for delivery in deliveries], [entry.index for entry in entries]],
        )


def note_due_silences(*, now: datetime) -> int:
    """Note every silence that is due, in one transaction; the worker calls it each hour. Returns how many."""
    with transaction.atomic():
        due = list(
            Delivery.objects.select_for_update(of=("self",))
            .select_related("addressee")
            .filter(answered_at=None, silence_index=None, sent_at__lte=now - rules.ANSWER_WITHIN)
            .order_by("pk")
        )
        if due:
            _note_silences(due, now)
            audit.record_each(
                "voice.silence.note",
                [(f"appeal:{delivery.addressee.appeal_id}", {}) for delivery in due],
                standing=CONSOLE,
                now=now,
            )
    return len(due)


def end_appeal(*, standing: Standing, now: datetime, appeal_id: int, outcome: str) -> Appeal:
    """Say what came of an appeal, in a sentence.

    Who may: the author or a moderator, once it is delivered.

    Raises:
        NotFound: no such appeal.
        NotAllowed: neither author nor moderator.
        CannotDeliverAppeal: not delivered, ended already, or no words.
    """
    with transaction.atomic():
        appeal = access.load_appeal_to_run(standing, appeal_id)
        if appeal.state != AppealState.DELIVERED or appeal.outcome_at is not None:
            raise CannotDeliverAppeal("An outcome is noted once, after delivery.")
        words = rules.tidy(outcome)[:500]
        if not words:
            raise CannotDeliverAppeal("Say in a sentence what came of it.")
        appeal.outcome, appeal.outcome_at = words, now
        appeal.save(update_fields=["outcome", "outcome_at"])
        record.append_and_sign("appeal.ended", {"thing": f"appeal:{appeal.pk}", "outcome": words}, at=now)
        audit.record("voice.appeal.end", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return appeal
