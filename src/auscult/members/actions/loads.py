"""A load of the register, carried to the members whose records it changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from auscult.members import casework, rules
from auscult.members.models import Member
from auscult.members.rules import Held, LoadStep
from auscult.registry.queries import ChangedRecord, list_changed_records
from auscult.shared import audit
from auscult.shared.standing import Standing

#: Records of a load that one transaction looks at; only the rows of members that it changes are locked.
RECORDS_A_BATCH = 5000

# Most holders fit what the register says; only those for whom something may follow come back, and the rules judge them.
# Hashes and flags come as bytes of fixed width, strata as one text: psycopg writes an array ten times as slowly.
_HOLDERS = """
    SELECT v.n, m.id, c.id, m.level, m.member_class, m.suspends_at IS NOT NULL, m.suspended_for = 'register',
           m.specialty_group, m.state, m.sex, m.career
    FROM unnest(string_to_array(%(strata)s, chr(30))) WITH ORDINALITY AS v(stratum, n)
    JOIN members_claim AS c ON c.record_fingerprint = substring(%(marks)s::bytea FROM 32 * v.n::integer - 31 FOR 32)
        AND c.state = 'verified'
    JOIN members_member AS m ON m.id = c.member_id
    WHERE get_byte(%(active)s::bytea, v.n::integer - 1) = 0 OR m.suspends_at IS NOT NULL OR m.suspended_for = 'register'
        OR concat_ws('|', m.specialty_group, m.state, m.sex, m.career) <> v.stratum
"""
_MOVE = """
    WITH moved AS (
        SELECT * FROM unnest(%(members)s::bigint[], %(claims)s::bigint[], %(groups)s::text[], %(states)s::text[],
                             %(sexes)s::text[], %(careers)s::text[]) AS v(member, claim, specialty, place, sex, career)),
    of_claims AS (
        UPDATE members_claim AS c SET specialty_group = v.specialty, practice_state = v.place, sex = v.sex, career = v.career
        FROM moved AS v WHERE c.id = v.claim)
    UPDATE members_member AS m SET specialty_group = v.specialty, state = v.place, sex = v.sex, career = v.career
    FROM moved AS v WHERE m.id = v.member
"""


class _Holder(NamedTuple):
    """A verified member whose record a load changed."""

    member_id: int
    claim_id: int
    record: ChangedRecord
    steps: tuple[LoadStep, ...]


def apply_load(*, standing: Standing, now: datetime, load_id: int) -> dict[str, int]:
    """Carry a load of the register to the members whose records it changed.

    What changes: who was deactivated, or is no physician in the register any more, is told and suspended 30 days later;
    who is active again is restored; strata follow the record. Votes cast stay as they are. Called by a job after each load;
    twice does the same as once. Each batch of records is a transaction with its own event.

    Returns:
        How many were announced, restored, and moved to another stratum.
    """
    done = dict.fromkeys((step.value for step in LoadStep), 0)
    for records in list_changed_records(load_id, now.date(), batch_size=RECORDS_A_BATCH):
        found = _list_holders(records)
        if not found:
            continue
        with transaction.atomic():
            members = [holder.member_id for holder in found]
            list(Member.objects.select_for_update().filter(pk__in=members).order_by("pk").values_list("pk"))
            # Looked at again now that their rows are locked: somebody may have retired in between.
            changed = _list_holders([holder.record for holder in found])
            counts = _change_holders(changed, now)
            if any(counts.values()):
                audit.record("members.load.apply", standing=standing, thing=f"load:{load_id}", now=now, **counts)
        done = {step: count + counts[step] for step, count in done.items()}
    return done


def _list_holders(records: Sequence[ChangedRecord]) -> list[_Holder]:
    """Members for whom something follows from what the register says now of their records."""
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLDERS,
            {
                "marks": b"".join(casework.record_marks([record.number for record in records])),
                "active": bytes(record.is_active for record in records),
                "strata": "\x1e".join(["|".join(record.stratum) for record in records]),
            },
        )
        rows = cursor.fetchall()
    found = []
    for place, member_id, claim_id, level, member_class, announced, suspended, *stratum in rows:
        record = records[place - 1]
        held = Held(level, member_class, announced, suspended, tuple(stratum))
        steps = rules.steps_after_load(held, is_active=record.is_active, stratum=record.stratum)
        if steps:
            found.append(_Holder(member_id, claim_id, record, steps))
    return found


def _change_holders(holders: Sequence[_Holder], now: datetime) -> dict[str, int]:
    by_step = {step: [holder for holder in holders if step in holder.steps] for step in LoadStep}
    _announce(by_step[LoadStep.ANNOUNCE], now)
    _restore([holder.member_id for holder in by_step[LoadStep.RESTORE]])
    _move(by_step[LoadStep.MOVE])
    return {step.value: len(chosen) for step, chosen in by_step.items()}


def _announce(holders: Sequence[_Holder], now: datetime) -> None:
    if not holders:
        return
    suspends_at = now + rules.SUSPENSION_NOTICE
    Member.objects.filter(pk__in=[holder.member_id for holder in holders]).update(suspends_at=suspends_at)
    text = (
        "The register lists your record {what}. If that stands, you cannot speak or vote here from "
        f"{suspends_at:%-d %B %Y}; what you wrote and voted stays. If it is a mistake, have the register mend it: the "
        "next load restores you. If you have left practice, say so under “Your standing” and stay as a retired member.\n"
    )
    casework.tell_each(
        [
            (
                holder.member_id,
                "your register record",
                text.format(what="as deactivated" if holder.record.is_deactivated else "no longer as a physician's"),
            )
            for holder in holders
        ]
    )


def _restore(members: Sequence[int]) -> None:
    if not members:
        return
    chosen = Member.objects.filter(pk__in=members)
    chosen.filter(suspended_for=Member.Suspension.REGISTER).update(suspended_at=None, suspended_for="")
    chosen.update(suspends_at=None)
    words = "The register lists your record as active again. You speak and vote as before.\n"
    casework.tell_each([(member, "you are restored", words) for member in members])


def _move(holders: Sequence[_Holder]) -> None:
    """Take the stratum from the record as it is now, for weights that are true."""
    if not holders:
        return
    groups, states, sexes, careers = zip(*(holder.record.stratum for holder in holders), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "members": [holder.member_id for holder in holders],
                "claims": [holder.claim_id for holder in holders],
                "groups": list(groups),
                "states": list(states),
                "sexes": list(sexes),
                "careers": list(careers),
            },
        )
