"""Doors of the voice: appeals before they are open, and who may act on them."""

from __future__ import annotations

from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing
from auscult.voice.models import Addressee, Appeal, Delivery, Issue, Signature
from auscult.voice.rules import AppealState

PUBLIC = frozenset({AppealState.OPEN, AppealState.CLOSED, AppealState.DELIVERED})


def can_read_appeal(standing: Standing, appeal: Appeal) -> bool:
    """Open ones are public; before that verified members and moderators read, who may co-sign or decide."""
    if appeal.state in PUBLIC:
        return True
    return standing.can(Permission.APPEAL_SIGN) or standing.can(Permission.APPEAL_MODERATE)


def can_run_appeal(standing: Standing, appeal: Appeal) -> bool:
    """The author or a moderator closes and delivers."""
    return appeal.author_id == standing.member_id is not None or standing.can(Permission.APPEAL_MODERATE)


def load_appeal_to_read(standing: Standing, appeal_id: int, *, lock: bool = False) -> Appeal:
    """An appeal.

    Raises:
        NotFound: no such appeal, or not this standing's to read.
    """
    appeals = Appeal.objects.select_for_update(of=("self",)) if lock else Appeal.objects
    appeal = appeals.select_related("topic").filter(pk=appeal_id).first()
    if appeal is None or not can_read_appeal(standing, appeal):
        raise NotFound
    return appeal


def load_signed_appeal(standing: Standing, appeal_id: int) -> Appeal:
    """An appeal that whoever acts has signed, locked; who signed may take it back, verified or lapsed.

    Raises:
        NotFound: no such appeal, or not signed.
    """
    signed = Signature.objects.filter(
        version__appeal=appeal_id, member_id=standing.require_member(), state=Signature.State.VALID
    )
    appeal = Appeal.objects.select_for_update(of=("self",)).filter(pk=appeal_id).first()
    if appeal is None or not signed.exists():
        raise NotFound("You have not signed this appeal.")
    return appeal


def load_own_appeal(standing: Standing, appeal_id: int) -> Appeal:
    """The own appeal, locked.

    Raises:
        NotFound: no such appeal, or not this standing's to read.
        NotAllowed: somebody else's.
    """
    appeal = load_appeal_to_read(standing, appeal_id, lock=True)
    if appeal.author_id != standing.member_id:
        raise NotAllowed("Only who wrote the appeal changes its text.")
    return appeal


def load_appeal_to_run(standing: Standing, appeal_id: int) -> Appeal:
    """An appeal to close or deliver, locked.

    Raises:
        NotFound: no such appeal, or not this standing's to read.
        NotAllowed: neither author nor moderator.
    """
    appeal = load_appeal_to_read(standing, appeal_id, lock=True)
    if not can_run_appeal(standing, appeal):
        raise NotAllowed("Only its author or a moderator closes and delivers an appeal.")
    return appeal


def load_addressee_to_deliver(standing: Standing, addressee_id: int) -> Addressee:
    """An addressee whose appeal this standing may deliver; the appeal is locked.

    Raises:
        NotFound: no such addressee, or the appeal is not this standing's to read.
        NotAllowed: neither author nor moderator.
    """
    addressee = Addressee.objects.filter(pk=addressee_id).first()
    if addressee is None:
        raise NotFound
    addressee.appeal = load_appeal_to_run(standing, addressee.appeal_id)
    return addressee


def load_delivery_to_answer(delivery_id: int) -> Delivery:
    """A delivery, locked; the action asks by what right it is answered.

    Raises:
        NotFound: no such delivery.
    """
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("addressee__appeal", "addressee__organisation", "version")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None:
        raise NotFound
    return delivery


def load_issue_to_keep(standing: Standing, issue_id: int) -> Issue:
    """An issue to add to or to end, locked.

    Raises:
        NotFound: no such issue.
        NotAllowed: neither who opened it nor an editor or moderator.
    """
    issue = Issue.objects.select_for_update().filter(pk=issue_id).first()
    if issue is None:
        raise NotFound
    if issue.opened_by_id != standing.member_id and not standing.can(Permission.ISSUE_KEEP):
        raise NotAllowed("Who opened the issue, an editor or a moderator adds to it.")
    return issue
