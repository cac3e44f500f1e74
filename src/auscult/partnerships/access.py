"""Doors of the partnerships: who acts for which side."""

from __future__ import annotations

from auscult.organisations.models import Representative
from auscult.organisations.queries import list_badges
from auscult.organisations.rules import Power
from auscult.partnerships.models import Agreement, Grant, Occurrence
from auscult.partnerships.rules import Side
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.roles import Permission
from auscult.shared.standing import Standing


def side_of(standing: Standing, agreement: Agreement) -> Side | None:
    """For which side the one who acts may act: a party's representative with the power, or an arbiter of neither party."""
    parties = {agreement.party_a_id: Side.A, agreement.party_b_id: Side.B}
    represented = {badge.organisation_id: badge for badge in list_badges(standing)} if standing.member_id else {}
    own = [side for party, side in parties.items() if party in represented]
    if own:
        acting = [
            side
            for party, side in parties.items()
            if party in represented and Power.AGREEMENT in represented[party].powers
        ]
        # Who represents both sides can act for neither.
        return acting[0] if len(own) == 1 and acting else None
    return Side.ARBITER if standing.can(Permission.RULING_MAKE) else None


def load_agreement(agreement_id: int, *, lock: bool = False) -> Agreement:
    """An agreement; they are public from their proposal on.

    Raises:
        NotFound: no such agreement.
    """
    agreements = Agreement.objects.select_for_update(of=("self",)) if lock else Agreement.objects
    agreement = agreements.select_related("party_a", "party_b").filter(pk=agreement_id).first()
    if agreement is None:
        raise NotFound("There is no agreement of that number.")
    return agreement


def load_agreement_as_party(standing: Standing, agreement_id: int) -> tuple[Agreement, Side, Representative]:
    """An agreement to act on for one of its parties, locked.

    Raises:
        NotFound: no such agreement.
        NotAllowed: no representative of one party with the power.
    """
    agreement = load_agreement(agreement_id, lock=True)
    side = side_of(standing, agreement)
    if side not in {Side.A, Side.B}:
        raise NotAllowed("Only a representative of one of the parties who may act under agreements does this.")
    organisation = agreement.party_a_id if side == Side.A else agreement.party_b_id
    representative = Representative.objects.get(
        organisation_id=organisation, member_id=standing.require_member(), ended_at=None
    )
    return agreement, Side(side), representative


def load_occurrence_to_step(
    standing: Standing, occurrence_id: int
) -> tuple[Occurrence, Agreement, Side, Representative | None]:
    """An occurrence, locked, and the side for which the one who acts stands.

    Raises:
        NotFound: no such occurrence.
        NotAllowed: neither a party's representative nor an arbiter.
    """
    occurrence = (
        Occurrence.objects.select_for_update(of=("self",))
        .select_related("obligation__agreement__party_a", "obligation__agreement__party_b")
        .filter(pk=occurrence_id)
        .first()
    )
    if occurrence is None:
        raise NotFound
    agreement = occurrence.obligation.agreement
    side = side_of(standing, agreement)
    if side is None:
        raise NotAllowed("Only the parties, or an arbiter who represents neither, act on an obligation.")
    representative = None
    if side != Side.ARBITER:
        organisation = agreement.party_a_id if side == Side.A else agreement.party_b_id
        representative = Representative.objects.get(
            organisation_id=organisation, member_id=standing.require_member(), ended_at=None
        )
    return occurrence, agreement, side, representative


def load_grant_to_read(standing: Standing, grant_id: int) -> tuple[Grant, Representative]:
    """A grant of an organisation for which the one who acts may read. Whether it is in force is another question.

    Raises:
        NotFound: no such grant, or another organisation's.
    """
    grant = Grant.objects.select_related("agreement", "beneficiary").filter(pk=grant_id).first()
    representative = (
        Representative.objects.filter(
            organisation_id=grant.beneficiary_id, member_id=standing.member_id or 0, ended_at=None
        ).first()
        if grant
        else None
    )
    if grant is None or representative is None or Power.ACCESS not in representative.powers:
        raise NotFound
    return grant, representative
