"""Writes about appeals until they are closed: text, co-signers, moderation, signatures."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from auscult.evidence.appeals import SignatureLeaf
from auscult.evidence.canonical import canonical_json
from auscult.evidence.merkle import root_of
from auscult.members.queries.applicants import get_signatory
from auscult.organisations.models import Organisation
from auscult.publishing import record
from auscult.shared import audit, crypto
from auscult.shared.models import Topic
from auscult.shared.refusals import Conflict, Refused
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice import access, rules
from auscult.voice.models import Addressee, Appeal, AppealVersion, Signature, SignatureCount
from auscult.voice.rules import NAME_PURPOSE, AppealState, AppealText, Display


class CannotDraftAppeal(Refused):
    """The appeal was not taken."""


class CannotSignAppeal(Conflict):
    """The signature was not taken."""


class CannotModerateAppeal(Conflict):
    """The decision does not fit the appeal."""


class CannotAmendAppeal(Refused):
    """The new text was not taken."""


class CannotCloseAppeal(Conflict):
    """The appeal was not closed."""


@dataclass(frozen=True)
class AddresseeDraft:
    """Of whom is asked: a name, a channel, and the slug of an organisation that is here, or empty."""

    name: str
    channel: str
    organisation: str = ""


def draft_appeal(
    *,
    standing: Standing,
    now: datetime,
    title: str,
    topic: str,
    preamble: str,
    clauses: Sequence[str],
    addressees: Sequence[AddresseeDraft],
) -> Appeal:
    """Draft an appeal.

    Who may: a verified member with a handle. What follows: with five co-signers it goes to a moderator.

    Args:
        topic: slug.
        clauses: what is asked, one text each.

    Raises:
        NotAllowed: not verified, or no handle.
        CannotDraftAppeal: text, topic or addressees will not do.
    """
    standing.require(Permission.APPEAL_DRAFT, "Only members whose verification is valid draft appeals.")
    if standing.handle is None:
        raise CannotDraftAppeal("Choose your handle first; it stands over the draft.")
    text = AppealText(rules.tidy(title), rules.tidy(preamble), tuple(rules.tidy(clause) for clause in clauses))
    problem = rules.appeal_problem(text)
    if problem:
        raise CannotDraftAppeal(problem)
    if not addressees or not all(a.name.strip() and a.channel.strip() for a in addressees):
        raise CannotDraftAppeal("Name at least one addressee, and how the appeal will reach each.")
    if len({a.name.strip() for a in addressees}) < len(addressees):
        raise CannotDraftAppeal("An addressee is named twice.")
    found = Topic.objects.filter(slug=topic).first()
    if found is None:
        raise CannotDraftAppeal("Choose a topic.")
    with transaction.atomic():
        appeal = Appeal.objects.create(
            title=text.title, topic=found, author_id=standing.require_member(), drafted_at=now
        )
        _add_version(appeal, 1, text, now, why="")
        for addressee in addressees:
            Addressee.objects.create(
                appeal=appeal,
                organisation=_find_organisation(addressee),
                name=addressee.name.strip()[:120],
                channel=addressee.channel.strip()[:60],
            )
        audit.record("voice.appeal.draft", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return appeal


def _find_organisation(addressee: AddresseeDraft) -> Organisation | None:
    if not addressee.organisation:
        return None
    found = Organisation.objects.filter(slug=addressee.organisation).first()
    if found is None:
        raise CannotDraftAppeal(
            f"There is no organisation with the short name “{addressee.organisation}” here. Leave it out, or look it up under "
            "Organisations."
        )
    return found


def _add_version(appeal: Appeal, number: int, text: AppealText, now: datetime, *, why: str) -> AppealVersion:
    version = AppealVersion.objects.create(
        appeal=appeal,
        number=number,
        preamble=text.preamble,
        clauses=list(text.clauses),
        sha256=text.sha256(),
        why=why,
        written_at=now,
    )
    SignatureCount.objects.create(version=version)
    return version


def sign_appeal(
    *, standing: Standing, now: datetime, appeal_id: int, sha256: str, display: Display = Display.COUNTED
) -> Signature:
    """Sign exactly the text of that hash; while the appeal is a draft, co-sign it.

    Who may: a verified member. What changes: one valid signature more. A signature of an earlier version stays with that
    version; signing the new one re-affirms it. What follows: at five co-signers the draft goes to a moderator.

    Args:
        sha256: hash of the newest version, as the signer saw it.
        display: how the signature is shown.

    Raises:
        NotFound: no such appeal.
        NotAllowed: not verified.
        CannotSignAppeal: not open for this, the text has changed meanwhile, or signed already.
    """
    with transaction.atomic():
        # Locked, so that nothing is signed while the appeal is closed, changed or sent to a moderator.
        appeal = access.load_appeal_to_read(standing, appeal_id, lock=True)
        standing.require(Permission.APPEAL_SIGN, "Only members whose verification is valid sign.")
        if appeal.state not in {AppealState.DRAFT, AppealState.OPEN}:
            raise CannotSignAppeal("This appeal is not open for signatures now.")
        version = signable_version(appeal)
        if version.sha256 != sha256:
            raise CannotSignAppeal("The text has changed since you read it. Read the new version, then sign it.")
        cosigns = appeal.state == AppealState.DRAFT
        if cosigns and appeal.author_id == standing.member_id:
            raise CannotSignAppeal("You wrote it; co-signers are others. Sign once it is open.")
        member_id = standing.require_member()
        own = Signature.objects.filter(version=version, member_id=member_id).first()
        if own and own.state == Signature.State.VALID:
            raise CannotSignAppeal("You have signed this version already.")
        earlier = Signature.objects.filter(
            version__appeal=appeal, member_id=member_id, state=Signature.State.VALID
        ).exclude(version=version)
        who = get_signatory(standing) if display != Display.COUNTED else None
        signature, _ = Signature.objects.update_or_create(
            version=version,
            member_id=member_id,
            defaults={
                "display": display,
                "name_sealed": crypto.seal(who.name, NAME_PURPOSE) if who and display == Display.NAME else None,
                "specialty": who.specialty[:60] if who else "",
                "us_state": who.state if who else "",
                # Drawn anew for who comes back: what was seen once tells nothing of what is on record later.
                "nonce": secrets.token_hex(16),
                "place": secrets.token_hex(8),
                "state": Signature.State.VALID,
                "signed_at": now,
                "withdrawn_at": None,
            },
        )
        count = _add_to_count(signature, earlier.exists(), +1)
        if cosigns and count >= rules.COSIGNERS_NEEDED:
            _step(appeal, AppealState.REVIEW)
        audit.record("voice.appeal.sign", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return signature


def signable_version(appeal: Appeal) -> AppealVersion:
    """The text that is signed now: of a draft its only version, then the newest published one."""
    versions = appeal.versions.order_by("-number")
    if appeal.state != AppealState.DRAFT:
        versions = versions.filter(state=AppealVersion.State.PUBLISHED)
    return versions[0]


def _add_to_count(signature: Signature, reaffirms: bool, by: int) -> int:
    count = SignatureCount.objects.select_for_update().get(version_id=signature.version_id)
    count.valid += by
    count.shown += by if signature.display != Display.COUNTED else 0
    count.reaffirmed += by if reaffirms else 0
    count.save()
    return count.valid


def _step(appeal: Appeal, state: AppealState) -> None:
    assert state in rules.APPEAL_STEPS[AppealState(appeal.state)]
    appeal.state = state
    appeal.save(update_fields=["state", "reason", "opened_at", "closed_at"])


def withdraw_signature(*, standing: Standing, now: datetime, appeal_id: int) -> None:
    """Withdraw the own signatures of an appeal that is not closed yet; the name is deleted.

    Who may: who signed, verified or lapsed.

    Raises:
        NotFound: not signed.
        CannotSignAppeal: closed; the signatures are counted and on record.
    """
    with transaction.atomic():
        appeal = access.load_signed_appeal(standing, appeal_id)
        if appeal.state in {AppealState.CLOSED, AppealState.DELIVERED}:
            raise CannotSignAppeal("The signatures of this appeal are counted; they cannot be withdrawn any more.")
        valid = Signature.objects.select_for_update().filter(
            version__appeal=appeal, member_id=standing.require_member(), state=Signature.State.VALID
        )
        for position, signature in enumerate(valid.order_by("version__number")):
            _add_to_count(signature, position > 0, -1)
            signature.state, signature.withdrawn_at, signature.name_sealed = Signature.State.WITHDRAWN, now, None
            signature.specialty = signature.us_state = ""
            signature.save()
        audit.record("voice.signature.withdraw", standing=standing, thing=f"appeal:{appeal.pk}", now=now)


def moderate_appeal(*, standing: Standing, now: datetime, appeal_id: int, reason: str) -> Appeal:
    """Open an appeal for signatures, publish or refuse its new version, or take it down; by a public reason.

    Who may: a moderator who is not its author. What follows: a published text is in the record and stays there; taking
    down ends the page and the signing, and is in the record too.

    Args:
        reason: a code of ``rules.APPEAL_REASONS``; ``in_order`` publishes.

    Raises:
        NotFound: no such appeal.
        NotAllowed: no moderator.
        CannotModerateAppeal: no such reason, the own appeal, or nothing waits for a decision.
    """
    standing.require(Permission.APPEAL_MODERATE, "Only a moderator opens appeals.")
    if reason not in rules.APPEAL_REASONS:
        raise CannotModerateAppeal("Choose one of the public reasons.")
    with transaction.atomic():
        appeal = access.load_appeal_to_read(standing, appeal_id, lock=True)
        if appeal.author_id == standing.member_id:
            raise CannotModerateAppeal("Somebody else decides about your appeal.")
        waiting = appeal.versions.filter(state=AppealVersion.State.WRITTEN).order_by("-number").first()
        if reason == "in_order":
            if waiting is None or appeal.state not in {AppealState.REVIEW, AppealState.OPEN}:
                raise CannotModerateAppeal("This appeal does not wait for a decision.")
            _publish(appeal, waiting, now)
        elif appeal.state == AppealState.OPEN and waiting is not None:
            waiting.state = AppealVersion.State.REFUSED
            waiting.save(update_fields=["state"])
        elif appeal.state in {AppealState.REVIEW, AppealState.OPEN}:
            _refuse(appeal, reason, now)
        else:
            raise CannotModerateAppeal("This appeal does not wait for a decision.")
        audit.record("voice.appeal.moderate", standing=standing, thing=f"appeal:{appeal.pk}", now=now, reason=reason)
    return appeal


def _publish(appeal: Appeal, version: AppealVersion, now: datetime) -> None:
    version.state = AppealVersion.State.PUBLISHED
    version.save(update_fields=["state"])
    if appeal.state == AppealState.REVIEW:
        appeal.reason, appeal.opened_at = "in_order", now
        _step(appeal, AppealState.OPEN)
    record.append_and_sign(
        "appeal.opened" if version.number == 1 else "appeal.amended",
        {"thing": f"appeal:{appeal.pk}", "title": appeal.title, "version": version.number, "text": version.sha256},
        at=now,
        documents={"text": AppealText(appeal.title, version.preamble, tuple(version.clauses)).document()},
    )


def _refuse(appeal: Appeal, reason: str, now: datetime) -> None:
    appeal.reason = reason
    if appeal.state == AppealState.OPEN:
        record.append_and_sign("appeal.taken_down", {"thing": f"appeal:{appeal.pk}", "reason": reason}, at=now)
    _step(appeal, AppealState.REFUSED)


def amend_appeal(
    *, standing: Standing, now: datetime, appeal_id: int, preamble: str, clauses: Sequence[str], why: str
) -> AppealVersion:
    """Write a new version of an open appeal, or reword what nobody has signed yet.

    Who may: the author. What changes: a draft without co-signers, or a version that still waits for a moderator, is
    reworded; else a new version is written, which a moderator publishes. What follows: signatures stay with the version
    that they signed; the differences are shown, and whoever signed is asked on their own page to re-affirm.

    Raises:
        NotFound: no such appeal.
        NotAllowed: not the author, or the verification lapsed.
        CannotAmendAppeal: the text is frozen, no reason given, the text will not do or is the same.
    """
    with transaction.atomic():
        appeal = access.load_own_appeal(standing, appeal_id)
        standing.require(Permission.APPEAL_DRAFT, "Your verification must be valid to change your appeal.")
        if appeal.state not in {AppealState.DRAFT, AppealState.OPEN}:
            raise CannotAmendAppeal("The text of this appeal cannot be changed now.")
        newest = appeal.versions.select_related("count").order_by("-number")[0]
        if appeal.state == AppealState.DRAFT and newest.count.valid:
            raise CannotAmendAppeal("The text froze with its first co-signature. Once it is open, write a new version.")
        text = AppealText(appeal.title, rules.tidy(preamble), tuple(rules.tidy(clause) for clause in clauses))
        problem = rules.appeal_problem(text)
        if problem:
            raise CannotAmendAppeal(problem)
        if text.sha256() == newest.sha256:
            raise CannotAmendAppeal("That is the text of the newest version.")
        if not why.strip() and appeal.state == AppealState.OPEN:
            raise CannotAmendAppeal("Say why the text is changed; those who signed will read it.")
        said = rules.tidy(why)[:300]
        if newest.state == AppealVersion.State.WRITTEN:
            newest.preamble, newest.clauses, newest.sha256 = text.preamble, list(text.clauses), text.sha256()
            newest.why, newest.written_at = said if newest.number > 1 else "", now
            newest.save()
            version = newest
        else:
            version = _add_version(appeal, newest.number + 1, text, now, why=said)
        audit.record("voice.appeal.amend", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return version


def close_appeal(*, standing: Standing, now: datetime, appeal_id: int) -> Appeal:
    """Close an appeal: count the signatures of each version and put their Merkle roots on record.

    Who may: the author or a moderator. What changes: nobody signs or withdraws any more.

    Raises:
        NotFound: no such appeal.
        NotAllowed: neither author nor moderator.
        CannotCloseAppeal: not open, or a new version waits for a moderator.
    """
    with transaction.atomic():
        appeal = access.load_appeal_to_run(standing, appeal_id)
        if appeal.state != AppealState.OPEN:
            raise CannotCloseAppeal("Only an open appeal is closed.")
        if appeal.versions.filter(state=AppealVersion.State.WRITTEN).exists():
            raise CannotCloseAppeal("A new version waits for a moderator. Close the appeal once it is decided.")
        appeal.closed_at = now
        _step(appeal, AppealState.CLOSED)
        versions, documents = [], {}
        for version in appeal.versions.filter(state=AppealVersion.State.PUBLISHED):
            leaves = _leaves(version)
            versions.append(
                {
                    "version": version.number,
                    "text": version.sha256,
                    "signatures": len(leaves),
                    "root": root_of([leaf.hash() for leaf in leaves]).hex(),
                }
            )
            if leaves:
                documents[f"signatures-{version.number}"] = b"".join(
                    canonical_json(leaf.as_json()) + b"\n" for leaf in leaves
                )
        record.append_and_sign(
            "appeal.closed", {"thing": f"appeal:{appeal.pk}", "versions": versions}, at=now, documents=documents
        )
        audit.record("voice.appeal.close", standing=standing, thing=f"appeal:{appeal.pk}", now=now)
    return appeal


def _leaves(version: AppealVersion) -> list[SignatureLeaf]:
    """Leaves of the valid signatures in the order of their hashes. They hold no name: names can be withdrawn, leaves not."""
    nonces = Signature.objects.filter(version=version, state=Signature.State.VALID).values_list("nonce", flat=True)
    return sorted((SignatureLeaf(version.sha256, nonce) for nonce in nonces), key=SignatureLeaf.hash)
