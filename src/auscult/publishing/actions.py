"""Writes of publishing."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from auscult.evidence import bundle
from auscult.evidence.canonical import digest
from auscult.evidence.signatures import load_signing_key, public_key_text, sign
from auscult.organisations.access import load_organisation
from auscult.publishing import bundles, record, rules
from auscult.publishing.models import RecordEntry, Release, Reply
from auscult.publishing.replies import add_reply
from auscult.shared import audit, jobs
from auscult.shared.refusals import Conflict, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.surveys.queries.results import get_result_sheet
from auscult.surveys.rules import INVITED


class CannotPublishRelease(Conflict):
    """The release was not published."""


def publish_release(
    *, standing: Standing, now: datetime, survey_id: int, sponsor: str = "No sponsor; asked by a member."
) -> Release:
    """Publish the result of a closed survey.

    Who may: an editor. What changes: a release with a permanent number, its entry in the record, a signed checkpoint,
    its bundle. Nothing of it can be changed afterwards; corrections are entries of their own.

    Args:
        sponsor: who asked and paid, in words, for the disclosure sheet.

    Raises:
        NotAllowed: no editor.
        NotFound: no such survey.
        Conflict: not closed, or fewer than ten took part.
        CannotPublishRelease: published already, or its freeze is not in the record yet.
    """
    standing.require(Permission.RELEASE_PUBLISH, "Only an editor publishes results.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('publishing.release'))")
        sheet = get_result_sheet(survey_id)
        if Release.objects.filter(survey_id=survey_id).exists():
            raise CannotPublishRelease("This result is published already.")
        frozen = RecordEntry.objects.filter(kind="survey.frozen", payload__freeze=sheet.freeze_hash).first()
        if frozen is None:
            raise CannotPublishRelease(
                "The frozen wording is not in the record yet. The worker writes it within seconds; see that it runs."
            )
        number = (Release.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        disclosure = rules.disclosure_items(
            freeze=sheet.freeze,
            results=sheet.results,
            opened_at=sheet.opened_at,
            closed_at=sheet.closed_at,
            instance=settings.INSTANCE_NAME,
            sponsor=sponsor,
        )
        contents, manifest = bundles.bundle_contents(
            sheet, number=number, instance=settings.INSTANCE_NAME, disclosure=disclosure
        )
        key = load_signing_key(settings.SIGNING_SEED)
        manifest_hash = digest(manifest)
        entry = record.append(
            "release.published",
            {
                "thing": f"release:{number}",
                "release": number,
                "title": sheet.title,
                "freeze": sheet.freeze_hash,
                "manifest": manifest_hash,
            },
            at=now,
        )
        checkpoint = record.sign_checkpoint(at=now)
        packed = bundle.pack(
            contents,
            manifest,
            {"algorithm": "Ed25519", "public_key": public_key_text(key), "signature": sign(manifest, key)},
            {
                "checkpoint": checkpoint.statement,
                "signature": checkpoint.signature,
                "public_key": checkpoint.public_key,
                "entries": [
                    {"index": e.index, "payload": e.payload, "proof": record.proof_of(e.index, checkpoint)}
                    for e in (frozen, entry)
                ],
            },
        )
        release = Release.objects.create(
            number=number,
            survey_id=survey_id,
            title=sheet.title,
            freeze=sheet.freeze,
            results=sheet.results,
            disclosure=disclosure,
            strata=bundles.strata_as_json(sheet),
            manifest=manifest,
            manifest_hash=manifest_hash,
            record_index=entry.index,
            bundle=packed,
            published_at=now,
        )
        if sheet.freeze["instrument"] in INVITED:
            jobs.queue("publishing.tell_respondents", number=number)
        audit.record("publishing.release.publish", standing=standing, thing=f"release:{number}", now=now)
    return release


def reply_to_release(*, standing: Standing, now: datetime, number: int, organisation_id: int, text: str) -> Reply:
    """Answer a release in the name of an organisation.

    Who may: a representative of it. What changes: the reply stands under the result and in the record; it cannot be
    changed.

    Raises:
        NotFound: no such release.
        NotAllowed: no representative of that organisation.
        CannotReply: empty, too long, or the organisation has replied.
    """
    with transaction.atomic():
        if not Release.objects.select_for_update().filter(pk=number).only("number").exists():
            raise NotFound
        reply = add_reply(
            standing=standing, now=now, thing=f"release:{number}", organisation_id=organisation_id, text=text
        )
        audit.record("publishing.release.reply", standing=standing, thing=f"release:{number}", now=now)
    return reply


def reply_to_membership(*, standing: Standing, now: datetime, slug: str, text: str) -> Reply:
    """Answer what stands on the page of an organisation's membership figures, in its name.

    Who may: a representative of that organisation with the power.

    Raises:
        NotFound: no such organisation.
        NotAllowed: no representative of it.
        CannotReply: empty, too long, or the organisation has replied.
    """
    organisation = load_organisation(slug)
    with transaction.atomic():
        reply = add_reply(
            standing=standing, now=now, thing=f"membership:{slug}", organisation_id=organisation.pk, text=text
        )
        audit.record("publishing.membership.reply", standing=standing, thing=f"organisation:{slug}", now=now)
    return reply


def export_cells(*, standing: Standing, now: datetime, number: int) -> bytes:
    """The full cell table behind a release, for an auditor; the export is on the audit trail.

    Who may: an operator.

    Raises:
        NotAllowed: no operator.
        NotFound: no such release.
    """
    standing.require(Permission.CELLS_EXPORT, "Only an operator hands out the full cell table.")
    survey_id = Release.objects.filter(pk=number).values_list("survey_id", flat=True).first()
    if survey_id is None:
        raise NotFound
    with transaction.atomic():
        audit.record("publishing.cells.export", standing=standing, thing=f"release:{number}", now=now)
        return get_result_sheet(survey_id).cells_csv
