"""The appeal of September 2009: one text signed, another delivered, and the issue around it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from auscult.community.models import Posting
from auscult.demo.members import copy_events, copy_rows
from auscult.demo.people import People
from auscult.demo.size import STORY_NOW, Size
from auscult.demo.story import Progress, gather_cast
from auscult.demo.voices import join_issue
from auscult.members.models import Claim, Member
from auscult.members.queries.standing import get_standing
from auscult.publishing.models import Release
from auscult.shared import crypto
from auscult.shared.standing import Standing
from auscult.voice.actions import appeals, deliveries, issues
from auscult.voice.models import Appeal, AppealVersion, Delivery, Signature, SignatureCount
from auscult.voice.rules import NAME_PURPOSE, Display, StepKind

PREAMBLE = (
    "Every claim we send carries codes that one association owns and sells. A survey of July 2009 among us found that "
    "more than half had not known it. Whoever owns the language in which care is paid for has a say in what is paid."
)
#: Written after the known facts: the text signed asked to create an alternative to CPT codes, the text announced as delivered
#: asked for ending systemic support of the codes that the AMA owns.
SIGNED = (
    "Create an alternative to CPT codes that every practice can use without a licence.",
    "Let practising physicians decide, by open vote, how the alternative is kept up.",
    "Publish what a practice pays for billing codes, directly and through its software.",
    "Hear practising physicians of every specialty before payment rules are changed.",
)
DELIVERED = (
    "End systemic support of the billing codes that the AMA owns.",
    "Require these codes in no federal programme after a transition of two years.",
    "Publish what a practice pays for billing codes, and to whom the money goes.",
    "Hear practising physicians of every specialty before payment rules are changed.",
)


def open_appeal(people: People) -> Appeal:
    """Draft the appeal, co-sign it, open it."""
    drafted = datetime(2009, 8, 25, 16, 0, tzinfo=UTC)
    cast = gather_cast()
    author = cast.pick("General surgery", STORY_NOW)
    appeal = appeals.draft_appeal(
        standing=author,
        now=drafted,
        title="Free the codes we are paid by",
        topic="payment-and-coding",
        preamble=PREAMBLE,
        clauses=SIGNED,
        addressees=[
            appeals.AddresseeDraft("American Medical Association", "registered letter", "ama"),
            appeals.AddresseeDraft("A committee of Congress (invented addressee)", "registered letter"),
        ],
    )
    text = appeal.versions.get().sha256
    cosigners = [get_standing(account, drafted) for account in cast.everyone[40:60] if account != _account_of(author)][
        :5
    ]
    for hours, cosigner in enumerate(cosigners, start=1):
        appeals.sign_appeal(
            standing=cosigner,
            now=drafted + timedelta(hours=hours),
            appeal_id=appeal.pk,
            sha256=text,
            display=Display.SPECIALTY,
        )
    at = datetime(2009, 8, 27, 9, 0, tzinfo=UTC)
    appeals.moderate_appeal(standing=people.standing("moderator", at), now=at, appeal_id=appeal.pk, reason="in_order")
    at += timedelta(days=2)
    appeals.sign_appeal(standing=people.standing("physician", at), now=at, appeal_id=appeal.pk, sha256=text)
    return appeal


def send_appeal(appeal: Appeal, size: Size, people: People, progress: Progress) -> None:
    """Ten thousand sign one text, another is delivered, and the association answers that one."""
    author = _author_of(appeal)
    version = appeal.versions.get()
    signed = set(Signature.objects.filter(version=version).values_list("member_id", flat=True))
    opens, closes = datetime(2009, 8, 27, 9, 0, tzinfo=UTC), datetime(2009, 9, 11, 12, 0, tzinfo=UTC)
    sign_in_bulk(version, size.signatures - len(signed), signed | {appeal.author_id}, opens, closes)
    progress(2, 5)
    at = datetime(2009, 9, 11, 18, 0, tzinfo=UTC)
    appeals.amend_appeal(
        standing=author,
        now=at,
        appeal_id=appeal.pk,
        preamble=PREAMBLE,
        clauses=DELIVERED,
        why="Sharpened for the addressees.",
    )
    at += timedelta(hours=2)
    appeals.moderate_appeal(standing=people.standing("moderator", at), now=at, appeal_id=appeal.pk, reason="in_order")
    at = datetime(2009, 9, 12, 9, 0, tzinfo=UTC)
    appeals.close_appeal(standing=author, now=at, appeal_id=appeal.pk)
    progress(3, 5)
    at = datetime(2009, 9, 14, 14, 0, tzinfo=UTC)
    for addressee in appeal.addressees.all():
        deliveries.deliver_appeal(
            standing=author,
            now=at,
            addressee_id=addressee.pk,
            version=2,
            proof=f"Receipt {2009_000 + addressee.pk} of the post (invented).",
        )
    at = datetime(2009, 9, 29, 15, 0, tzinfo=UTC)
    deliveries.answer_appeal(
        standing=people.standing("representative", at),
        now=at,
        delivery_id=Delivery.objects.values_list("pk", flat=True).get(addressee__organisation__slug="ama"),
        refused=True,
        text=(
            "(Invented for this demonstration.) The codes are kept up by a panel on which every specialty may be heard. We "
            "see that the text before us is not the text that was signed, and answer the one that was delivered: no."
        ),
    )
    progress(5, 5)


def follow_up(appeal: Appeal) -> None:
    """The silence of the other addressee, and the issue around it all."""
    deliveries.note_due_silences(now=datetime(2009, 10, 14, 15, 17, tzinfo=UTC))
    author = _author_of(appeal)
    at = datetime(2009, 10, 15, 9, 0, tzinfo=UTC)
    issue = issues.open_issue(
        standing=author,
        now=at,
        title="Who owns the codes we bill with?",
        topic="payment-and-coding",
        summary=(
            "From a question in a poll to an appeal, to what was delivered, to one answer and one silence.\n\nThe record "
            "shows what nobody could show in 2009: which text was signed and which was delivered."
        ),
    )
    survey = Posting.objects.values_list("pk", flat=True).get(survey_id=Release.objects.get(number=1).survey_id)
    join_issue(author, at, issue.pk, (StepKind.POSTING, survey), (StepKind.RESULT, 1), (StepKind.APPEAL, appeal.pk))


#: A letter that a newcomer can read, sign, and compare with what others signed.
OPEN_PREAMBLE = (
    "A quarter of an hour on the telephone for a scan that is approved nine times in ten is a quarter of an hour without a "
    "patient. Nobody counts these minutes, so nobody pays for them and nobody shortens them."
)
OPEN_CLAUSES = (
    "Answer a request for prior authorization within one business day, or count it as approved.",
    "Publish how many requests were refused, and how many refusals were reversed.",
    "Exempt practices whose requests were approved nine times in ten.",
)


def open_letter_to_sign(people: People, signatures: int) -> Appeal:
    """An open letter that collects signatures when the demonstration starts."""
    drafted = STORY_NOW - timedelta(hours=44)
    cast = gather_cast()
    author = cast.pick("Family medicine", STORY_NOW)
    letter = appeals.draft_appeal(
        standing=author,
        now=drafted,
        title="Count the minutes of prior authorization",
        topic="practice-life",
        preamble=OPEN_PREAMBLE,
        clauses=OPEN_CLAUSES,
        addressees=[appeals.AddresseeDraft("The payers of this state (invented addressee)", "registered letter")],
    )
    version = letter.versions.get()
    accounts = [account for account in cast.everyone[70:90] if account != _account_of(author)][:5]
    for hours, account in enumerate(accounts, start=1):
        appeals.sign_appeal(
            standing=get_standing(account, drafted),
            now=drafted + timedelta(hours=hours),
            appeal_id=letter.pk,
            sha256=version.sha256,
            display=Display.SPECIALTY,
        )
    opened = drafted + timedelta(hours=24)
    appeals.moderate_appeal(
        standing=people.standing("moderator", opened), now=opened, appeal_id=letter.pk, reason="in_order"
    )
    signed = set(Signature.objects.filter(version=version).values_list("member_id", flat=True))
    physician = people.standing("physician", STORY_NOW).require_member()
    sign_in_bulk(
        version,
        signatures - len(signed),
        signed | {letter.author_id, physician},
        opened,
        STORY_NOW - timedelta(hours=1),
    )
    return letter


def _author_of(appeal: Appeal) -> Standing:
    return get_standing(Member.objects.values_list("account_id", flat=True).get(pk=appeal.author_id), STORY_NOW)


def _account_of(standing: Standing) -> int:
    return Member.objects.values_list("account_id", flat=True).get(pk=standing.require_member())


def sign_in_bulk(version: AppealVersion, count: int, signed: set[int], opens: datetime, closes: datetime) -> None:
    """Sign an open letter for members who have not signed, between two instants, by COPY.

    About half are counted only, some show specialty and state, some their name; each leaves the event of ``sign_appeal``.
    """
    rng = np.random.default_rng(10_000)
    members = Member.objects.filter(level=2, account__password="!").exclude(pk__in=signed)
    pool = np.array(members.order_by("pk").values_list("pk", flat=True))
    chosen = sorted(int(pk) for pk in rng.choice(pool, count, replace=False))
    displays = rng.choice([d.value for d in Display], size=count, p=[0.15, 0.3, 0.55])
    shown = [pk for pk, display in zip(chosen, displays, strict=True) if display != Display.COUNTED]
    sealed = dict(
        Claim.objects.filter(member_id__in=shown, state="verified").values_list("member_id", "identity_sealed")
    )

    instants = [opens + (closes - opens) * moment for moment in rng.random(count).tolist()]

    def rows() -> Iterator[tuple[Any, ...]]:
        for pk, display, at in zip(chosen, displays, instants, strict=True):
            who = json.loads(crypto.unseal(sealed[pk], "claim.identity")) if pk in sealed else None
            name = crypto.seal(who["registered_name"], NAME_PURPOSE) if who and display == Display.NAME else None
            yield (
                version.pk, pk, str(display), name, who["specialty"][:60] if who else "",
                who["licence_state"] if who else "", secrets.token_hex(16), secrets.token_hex(8), "valid",
                at,
            )  # fmt: skip

    with transaction.atomic(), connection.cursor() as cursor:
        copy_rows(
            cursor,
            "voice_signature",
            "version_id, member_id, display, name_sealed, specialty, us_state, nonce, place, state, signed_at",
            rows(),
        )
        events = ((pk, f"appeal:{version.appeal_id}", at) for pk, at in zip(chosen, instants, strict=True))
        copy_events(cursor, "voice.appeal.sign", events)
        valid = Signature.objects.filter(version=version, state=Signature.State.VALID)
        SignatureCount.objects.filter(version=version).update(
            valid=valid.count(), shown=valid.exclude(display=Display.COUNTED).count()
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE voice_signature")
