"""What a load of the register writes and locks: the rows of members whose record changed, and no other."""

from datetime import date

import pytest
from django.db import connection

from auscult.members import casework
from auscult.members.actions.loads import apply_load
from auscult.members.models import Claim, Member
from auscult.members.rules import Held, LoadStep, steps_after_load
from auscult.registry.models import RegisterLoad, RegisterRecord
from auscult.registry.queries import find_record, list_changed_records
from auscult.shared.models import AuditEvent, MailMessage
from auscult.shared.standing import CONSOLE, Level, MemberClass

ANNOUNCE, RESTORE, MOVE = LoadStep.ANNOUNCE, LoadStep.RESTORE, LoadStep.MOVE
HERE, ELSEWHERE = ("WG01", "NY", "F", "5-9"), ("WG01", "CA", "F", "5-9")


@pytest.fixture
def holders(register, make_member, now):
    """Six members who hold the first six records, with the strata of those."""
    found = []
    for record in RegisterRecord.objects.filter(status="active").order_by("number")[:6]:
        match, _ = find_record(record.number, now.date())
        standing = make_member(group=match.specialty_group, state=match.state, sex=match.sex, career=match.career)
        Claim.objects.create(
            member_id=standing.member_id, state="verified", record_fingerprint=casework.record_mark(record.number),
            identity_sealed=casework.seal_identity({}), submitted_at=now, specialty_group=match.specialty_group,
            practice_state=match.state, sex=match.sex, career=match.career,
        )  # fmt: skip
        found.append((record.number, standing.member_id))
    return found


def weekly(now, numbers=None, **changes):
    """A load that changed some records, or all."""
    load = RegisterLoad.objects.create(
        kind="weekly", filename="w", sha256=f"{RegisterLoad.objects.count():064}", as_of=now.date(), rows=1, kept=1,
        deactivated=0, other=0, rejected=0,
    )  # fmt: skip
    records = RegisterRecord.objects.all() if numbers is None else RegisterRecord.objects.filter(number__in=numbers)
    records.update(load=load, **changes)
    return load.pk


def versions():
    """Member → (writer, locker, place) of the row's version, and the same of claims."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'member', id, xmin::text, xmax::text, ctid::text FROM members_member "
            "UNION ALL SELECT 'claim', member_id, xmin::text, xmax::text, ctid::text FROM members_claim"
        )
        return {(table, member): version for table, member, *version in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
def test_a_file_that_changes_nobody_writes_and_locks_no_row(holders, now):
    before = versions()
    done = apply_load(standing=CONSOLE, now=now, load_id=weekly(now))
    assert done == {"announced": 0, "restored": 0, "moved": 0}
    assert versions() == before
    assert not AuditEvent.objects.filter(event="members.load.apply").exists()


@pytest.mark.django_db(transaction=True)
def test_only_the_rows_of_members_whose_record_changed_are_touched(holders, now):
    before = versions()
    (gone, first), (moved, second), *others = holders
    load = weekly(now, [gone], status="deactivated")
    weekly(now, [moved], state="AK")
    RegisterRecord.objects.update(load_id=load)
    done = apply_load(standing=CONSOLE, now=now, load_id=load)
    assert done == {"announced": 1, "restored": 0, "moved": 1}
    after = versions()
    touched = {key for key in before if before[key] != after[key]}
    assert touched == {("member", first), ("member", second), ("claim", second)}
    assert MailMessage.objects.count() == 1
    assert AuditEvent.objects.get(event="members.load.apply").details == done
    assert Member.objects.get(pk=second).state == Claim.objects.get(member=second).practice_state == "AK"
    assert len(others) == 4
    # A job may run twice.
    assert apply_load(standing=CONSOLE, now=now, load_id=load) == {"announced": 0, "restored": 0, "moved": 0}
    assert versions() == after


@pytest.mark.django_db
def test_batches_say_of_each_record_what_a_look_at_one_says(register, now):
    load_id = RegisterLoad.objects.get().pk
    batches = list(list_changed_records(load_id, now.date(), batch_size=150))
    assert [len(batch) for batch in batches[:-1]] == [150] * (len(batches) - 1)
    records = {record.number: record for batch in batches for record in batch}
    assert set(records) == set(RegisterRecord.objects.values_list("number", flat=True))
    for number, record in records.items():
        match, status = find_record(number, now.date())
        assert record.stratum == (match.specialty_group, match.state, match.sex, match.career)
        assert (record.is_active, record.is_deactivated) == (status == "active", status == "deactivated")
    # The band is that of the day that is asked for.
    later = next(list_changed_records(load_id, date(2060, 1, 1), batch_size=500))
    assert {record.stratum[3] for record in later} == {"18+"}


@pytest.mark.parametrize(
    ("changes", "is_active", "stratum", "steps"),
    [
        ({}, True, HERE, ()),
        ({}, True, ELSEWHERE, (MOVE,)),
        ({}, False, ELSEWHERE, (ANNOUNCE,)),
        ({"is_announced": True}, False, HERE, ()),
        ({"is_suspended": True}, False, HERE, ()),
        ({"is_announced": True}, True, HERE, (RESTORE,)),
        ({"is_suspended": True}, True, ELSEWHERE, (RESTORE, MOVE)),
        ({"level": Level.L1}, False, HERE, ()),
        ({"level": Level.L1}, True, ELSEWHERE, ()),
        ({"member_class": MemberClass.RETIRED}, False, HERE, ()),
        ({"member_class": MemberClass.RETIRED}, True, ELSEWHERE, ()),
        ({"member_class": MemberClass.RETIRED, "is_announced": True}, True, ELSEWHERE, (RESTORE,)),
    ],
)
def test_what_follows_from_a_record_as_it_is_now(changes, is_active, stratum, steps):
    held = Held(Level.L2, MemberClass.PHYSICIAN, False, False, HERE)._replace(**changes)
    assert steps_after_load(held, is_active=is_active, stratum=stratum) == steps
