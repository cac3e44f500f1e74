"""Jobs at full size: a load of the register carried to its members, and a burst of comments told to followers.

Processor seconds of this process and of its database connection. The reference of a load is reading the same rows and
hashing their numbers; that of a comment is the bare limit, one prepared query. Usage: make bench B=jobs, or
``python -m bench.jobs small``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from auscult.demo import command

from .load import cpu_seconds
from .report import Measure, prepared_query_ms, report

THREADS, FOLLOWERS = 10, 100
#: Seconds from one comment of the burst to the next: 2,000 in four minutes.
APART = 0.12


def spent(call: Callable[[], object]) -> tuple[float, object]:
    """Processor seconds of a call, in this process and in its database connection; and what it returned."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    before = time.process_time() + cpu_seconds(backend)
    found = call()
    return time.process_time() + cpu_seconds(backend) - before, found


def one(sql: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def load_of(where: str, change: str) -> int:
    """A weekly load that changed some records."""
    from django.db import connection

    from auscult.registry.models import RegisterLoad

    load = RegisterLoad.objects.create(
        kind="weekly", filename="w", sha256=f"{RegisterLoad.objects.count():064}", as_of="2009-07-01", rows=1, kept=1,
        deactivated=0, other=0, rejected=0,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE registry_registerrecord SET load_id = {load.pk}{change} WHERE {where}")
    return load.pk


def measure_loads(records: int, members: int) -> list[Measure]:
    from django.db import connection

    from auscult.demo.members import fill_members
    from auscult.demo.register import write_register
    from auscult.demo.size import STORY_NOW
    from auscult.members import casework
    from auscult.members.actions.loads import apply_load
    from auscult.registry.actions import load_register
    from auscult.shared.standing import CONSOLE

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "NPPES_Data_Dissemination_June_2009_V2.zip"
        write_register(file, records)
        load_register(file, standing=CONSOLE, now=STORY_NOW)
    fill_members(members, now=STORY_NOW)
    # What the story's members say of their career is of its own day; the first load brings all of them up to date.
    apply_load(standing=CONSOLE, now=STORY_NOW, load_id=one("SELECT max(id) FROM registry_registerload"))

    def read_and_hash() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT number, status, specialty_group, state, sex, enumerated_on FROM registry_registerrecord"
            )
            for number, *_ in cursor.fetchall():
                casework.record_mark(number)

    limit, _ = spent(read_and_hash)
    lines = []
    for words, where, change in (
        ("every record is new, no member changes", "true", ""),
        ("1 in 100 moves", "number ~ '[05]7$'", ", state = CASE state WHEN 'TX' THEN 'NY' ELSE 'TX' END"),
        ("1 in 100 is deactivated", "number ~ '[16]8$'", ", status = 'deactivated'"),
        ("every member moves", "true", ", state = CASE state WHEN 'TX' THEN 'NY' ELSE 'TX' END"),
    ):
        load = load_of(where, change)
        began = time.perf_counter()
        seconds, done = spent(lambda load=load: apply_load(standing=CONSOLE, now=STORY_NOW, load_id=load))
        print(words, done, f"{time.perf_counter() - began:.2f} s by the clock", file=sys.stderr)
        what = f"carry a load of {records:,} records to {members:,} members, {words}"
        lines.append(Measure(what, seconds, "s", "read all records and hash their numbers", limit))
    return lines


def measure_burst(comments: int) -> list[Measure]:
    from django.db import connection

    from auscult.community.actions import notifying
    from auscult.community.actions.comments import add_comment
    from auscult.community.actions.postings import create_posting
    from auscult.demo.size import STORY_NOW
    from auscult.members.models import Member
    from auscult.members.queries.standing import get_standing
    from auscult.shared.models import Topic

    accounts = Member.objects.filter(level=2, handle__isnull=False, suspended_at=None, suspends_at=None)
    people = [get_standing(n, STORY_NOW) for n in accounts.order_by("pk").values_list("account_id", flat=True)[:1010]]
    topic = Topic.objects.order_by("pk")[0].slug
    threads = []
    for number in range(THREADS):
        posting = create_posting(standing=people[1000 + number], now=STORY_NOW, title="A thread", body="b", topic=topic)
        own = people[number * FOLLOWERS : (number + 1) * FOLLOWERS]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO community_reading (member_id, posting_id, read_comments, is_followed, is_muted) "
                "VALUES (%s, %s, 0, true, false)",
                [(each.member_id, posting.pk) for each in own],
            )
        threads.append((posting.pk, own))

    def tell() -> None:
        # What the worker does a minute after the first comment of a thread.
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'community.tell_followers' RETURNING args")
            waiting = cursor.fetchall()
        for (arguments,) in waiting:
            notifying.tell_followers(**json.loads(arguments))

    def burst() -> None:
        for number in range(comments):
            posting, own = threads[number % THREADS]
            at = STORY_NOW + timedelta(seconds=APART * number)
            add_comment(
                standing=own[number // THREADS % FOLLOWERS], now=at, posting_id=posting, body=f"Words {number}."
            )
            if (number + 1) % (60 / APART) == 0:
                tell()
        tell()

    before = one("SELECT count(*) FROM community_notification")
    limit = prepared_query_ms(1, 200)
    seconds, _ = spent(burst)
    rows = one("SELECT count(*) FROM community_notification") - before
    size = one("SELECT pg_total_relation_size('community_notification')") / 1e6
    what = f"{comments:,} comments in {THREADS} threads with {FOLLOWERS} followers each"
    return [
        Measure(f"{what}: rows of notifications", rows, "", "comments", comments),
        Measure(f"{what}: size of their table", size, "MB", "comments, thousand", comments / 1000),
        Measure(
            f"{what}: CPU of a comment, telling included", 1000 * seconds / comments, "ms", "one prepared query", limit
        ),
    ]


def measure(*, small: bool) -> list[Measure]:
    import django

    django.setup()
    loads = measure_loads(3_000, 2_000) if small else measure_loads(120_000, 100_000)
    return loads + measure_burst(100 if small else 2_000)


if __name__ == "__main__":
    with command.scratch_database():
        report("jobs", measure(small=sys.argv[1:] == ["small"]))
